"""A container's end as the kubelet makes it: the preStop hook inside the container, then SIGTERM, then SIGKILL."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.launcher import lab
from webhook.launcher import texts

SLEEP: Final = "0.2"
"""Seconds; each shell under test has a sleep that knows fractions."""
HOOK: Final = ("/bin/sh", "-c", texts.HOOK, "lastcall", SLEEP)
# The same hook, which notes each signal that it sends.
WATCHED: Final = (
    *HOOK[:2],
    'kill() { echo "$*" >>"$KILLS" && command kill "$@"; }\n' + texts.HOOK,
    *HOOK[3:],
)
STAND_IN: Final = Path(__file__).with_name("stand_in.pl")
_NSENTER: Final = shutil.which("nsenter") or "nsenter"
_SETSID: Final = shutil.which("setsid") or "setsid"


@dataclass
class Ended:
    """What became of the container, and of its hook."""

    container: lab.Outcome
    hook_code: int = 0
    """137 where the hook was killed with the container's processes: the kubelet reports FailedPreStopHook."""
    signalled_early: list[str] = field(default_factory=list)
    """The events of the application before the kubelet's SIGTERM."""
    kills: list[str] = field(default_factory=list)
    """The signals that a WATCHED hook sent, as `-TERM 7`."""

    @property
    def verdict(self) -> tuple[int, bool, int]:
        """How many times the application was told, whether it answered, and the container's exit code."""
        return self.container.told, self.container.answered, self.container.code


def stop(
    argv: Sequence[str],
    *,
    grace: float = lab.PATIENCE,
    hook: Sequence[str] = HOOK,
    environ: Mapping[str, str] | None = None,
    waits_for: str = "ready",
    **options: Any,
) -> Ended:
    """Start a container, and end it with a request in flight.

    Without a hook SIGTERM comes after a native sleep: at once, since nobody sends requests here. ``environ`` is the
    hook's environment; the default has PATH alone. ``waits_for`` is the event that says that the server listens.
    """
    with lab.container(argv, **options) as box:
        if not box.wait_for(waits_for):
            return Ended(box.end(0))
        with box.request() as client:
            ended = run(box, hook, grace, environ) if hook else Ended(box.outcome)
            box.send(signal.SIGTERM)
            box.end(grace)
            box.outcome.answered = lab.is_answered(client)
        return ended


def inside(box: lab.Container, command: Sequence[str], environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the command that runs ``command`` in the container as a runtime's `exec` does, in its own session."""
    given = {"PATH": os.environ["PATH"], **(environ or {})}
    return [
        *(_NSENTER, f"--target={box.pid}", "--pid", "--mount", _SETSID, "env", "-i"),
        *(f"{name}={value}" for name, value in given.items()),
        *command,
    ]


@contextmanager
def session(box: lab.Container, command: Sequence[str]) -> Iterator[None]:
    """Run a probe, or what a `kubectl exec` starts, beside the application; it ends with the container."""
    environ = {"PROBE_EVENTS": f"{box.folder.name}/events", "PROBE_SOCKET": f"{box.folder.name}/other"}
    with subprocess.Popen(inside(box, command, environ), stdin=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            box.send(signal.SIGKILL)
            box.process.wait(lab.PATIENCE)
            process.wait(lab.PATIENCE)


def run(
    box: lab.Container, hook: Sequence[str], seconds: float = lab.PATIENCE, environ: Mapping[str, str] | None = None
) -> Ended:
    """Run a hook in the container; it is killed after ``seconds``, as the kubelet does."""
    kills = Path(box.folder.name, "kills")
    command = inside(box, hook, {"KILLS": str(kills), **(environ or {})})
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            code = -signal.SIGKILL
    box.wait_for("never", 0.01)  # take notice of what has happened
    return Ended(
        box.outcome,
        128 - code if code < 0 else code,
        [event for event in box.outcome.events if event.startswith("told")],
        kills.read_text().splitlines() if kills.exists() else [],
    )


def stand_in(
    mode: str, label: str = "app", *command: str, name: str = "perl", options: Sequence[str] = ()
) -> list[str]:
    """Return the argv of a program that behaves so (stand_in.pl says how); ``name`` is a link to perl."""
    return [name, *options, str(STAND_IN), mode, label, *command]


def links(folder: Path, *names: str) -> Path:
    """Make links to perl, so that a stand-in has any name."""
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(shutil.which("perl") or "perl")
    return folder
