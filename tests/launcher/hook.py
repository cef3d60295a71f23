"""A container's end as the kubelet makes it: the preStop hook inside the container, then SIGTERM, then SIGKILL."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.launcher import lab
from webhook.launcher import texts

SLEEP: Final = "0.2"
"""Seconds; each shell under test has a sleep that knows fractions."""
_NSENTER: Final = shutil.which("nsenter") or "nsenter"


@dataclass
class Ended:
    """What became of the container, and of its hook."""

    container: lab.Outcome
    hook_code: int = 0
    """137 where the hook was killed with the container's processes: the kubelet reports FailedPreStopHook."""
    signalled_early: list[str] = field(default_factory=list)
    """The events of the application before the kubelet's SIGTERM."""


def stop(
    argv: Sequence[str],
    *,
    grace: float = lab.PATIENCE,
    hook: Sequence[str] = ("/bin/sh", "-c", texts.HOOK, "lastcall", SLEEP),
    **options: Any,
) -> Ended:
    """Start a container, and end it with a request in flight; without a hook SIGTERM comes at once."""
    with lab.container(argv, **options) as box:
        if not box.wait_for("ready"):
            return Ended(box.end(0))
        with box.request() as client:
            ended = Ended(box.outcome)
            if hook:
                ended.hook_code = _run(box, hook, grace)
                ended.signalled_early = [event for event in box.outcome.events if event.startswith("told")]
            box.send(signal.SIGTERM)
            box.end(grace)
            answer = b""
            try:
                while chunk := client.recv(4096):
                    answer += chunk
            except OSError:
                pass
            box.outcome.answered = answer.endswith(b"answered\n")
        return ended


def _run(box: lab.Container, hook: Sequence[str], seconds: float) -> int:
    """Run a hook in the container's namespaces, as `exec` of a container runtime does; return its exit code."""
    command = [_NSENTER, f"--target={box.pid}", "--pid", "--mount", *hook]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]}) as process:
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            code = -signal.SIGKILL
    return 128 - code if code < 0 else code
