"""Run a command as a container runtime does, as PID 1 of its own namespaces, and watch what becomes of a request.

The namespaces come from unshare(1); the shell under test is bound over ``/bin/sh``; signals are sent from outside,
for which PID 1 with a default disposition is deaf, exactly as in a container.
"""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.launcher import tools

SHELLS: Final = ("dash", "ash", "bash")
PATIENCE: Final = 60.0
"""Seconds within which a condition must come true on a busy machine."""
INSIDE: Final = Path("/probe")
"""Where an image has the folder in which the probe says what happens."""

_SETUP: Final = 'if [ -n "$0" ]; then mount --bind "$0" "$(readlink -f /bin/sh)"; fi; exec "$@"'
_NAMESPACES: Final = (
    shutil.which("unshare") or "unshare",
    "--pid",
    "--fork",
    "--mount",
    "--mount-proc",
    "/bin/bash",
    "-c",
    _SETUP,
)


def shell_binary(shell: str) -> str:
    """Return what to bind over /bin/sh for it to be this shell; the empty string if it is already."""
    name = tools.program("busybox" if shell == "ash" else shell)
    return "" if os.path.realpath(name) == os.path.realpath("/bin/sh") else os.path.realpath(name)


def can_unshare() -> bool:
    """Say whether this machine lets us make the namespaces."""
    done = subprocess.run([*_NAMESPACES, "", "/bin/true"], capture_output=True, check=False)
    return done.returncode == 0


def _furnish(folder: Path, stdin: str) -> None:
    """Make what a container and its probe need in the folder, for whatever user."""
    folder.chmod(0o777)
    os.mkfifo(folder / "events", 0o666)
    (folder / "events").chmod(0o666)
    (folder / "home").mkdir()
    (folder / "home").chmod(0o777)
    (folder / "in").write_text(stdin)


def _environment(folder: Path) -> dict[str, str]:
    """Return the variables of a container that sees its folder there."""
    return {
        "HOME": str(folder / "home"),
        "HOSTNAME": "pod-0",
        "npm_config_update_notifier": "false",
        "PROBE_EVENTS": str(folder / "events"),
        "PROBE_RECORD": str(folder / "record"),
        "PROBE_SOCKET": str(folder / "socket"),
    }


@dataclass
class Outcome:
    """What became of a container: events of the probe, exit code (137 if it had to be killed), output."""

    events: list[str] = field(default_factory=list)
    code: int = -1
    killed: bool = False
    answered: bool = False
    output: str = ""
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def told(self) -> int:
        """How many times the application was told to stop."""
        return sum(event.startswith("told") for event in self.events)


class Container:
    """A command as PID 1 with a probe below it."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        path: str,
        shell: str = "dash",
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        enter: Callable[[Path], list[str]] | None = None,
    ) -> None:
        """Start it; ``env`` is added to the few variables that a container has.

        ``enter`` returns the command that leads into an image, with the given folder at INSIDE; see `images`.
        """
        self.folder = tempfile.TemporaryDirectory(prefix="lc")
        here = Path(self.folder.name)
        _furnish(here, stdin)
        self.fifo = os.open(here / "events", os.O_RDWR | os.O_NONBLOCK)
        self.out = (here / "out").open("w+b")
        self.outcome = Outcome()
        given = _environment(INSIDE if enter else here) | {"PATH": path, **(env or {})}
        with (here / "in").open() as source:
            self.process = subprocess.Popen(
                [*(enter(here) if enter else (*_NAMESPACES, shell_binary(shell))), *argv],
                cwd=cwd,
                env=given,
                stdin=source if stdin else subprocess.DEVNULL,
                stdout=self.out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pidfd = os.pidfd_open(self.process.pid)
        self._rest = b""

    def _read_events(self, seconds: float) -> bool:
        """Wait for something to happen and note it; say whether the container is still there."""
        ready, _, _ = select.select([self.fifo, self.pidfd], [], [], seconds)
        if self.fifo in ready:
            *lines, self._rest = (self._rest + os.read(self.fifo, 65536)).split(b"\n")
            self.outcome.events += [line.decode() for line in lines]
        return self.pidfd not in ready

    def wait_for(self, event: str, seconds: float = PATIENCE) -> bool:
        """Say whether an event that begins like this came before the container ended and within the time."""
        deadline = time.monotonic() + seconds
        while not any(seen.startswith(event) for seen in self.outcome.events):
            left = deadline - time.monotonic()
            if left < 0 or not self._read_events(left):
                return any(seen.startswith(event) for seen in self.outcome.events)
        return True

    @property
    def pid(self) -> int | None:
        """PID 1 as seen from outside."""
        try:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        except OSError:
            return None
        return int(children[0]) if children else None

    def send(self, number: int) -> None:
        """Send a signal to PID 1."""
        if (pid := self.pid) is not None:
            os.kill(pid, number)

    def end(self, grace: float) -> Outcome:
        """Wait for the end, and kill it after ``grace`` seconds as the kubelet does."""
        deadline = time.monotonic() + grace
        while self._read_events(max(0.0, deadline - time.monotonic())):
            if time.monotonic() >= deadline:
                self.outcome.killed = True
                self.send(signal.SIGKILL)
                break
        code = self.process.wait(PATIENCE)
        while select.select([self.fifo], [], [], 0)[0]:
            self._read_events(0)
        self.outcome.code = 128 - code if code < 0 else code
        self.out.seek(0)
        self.outcome.output = self.out.read().decode(errors="replace")
        record = Path(self.folder.name) / "record"
        if record.exists() and (text := record.read_text()):  # empty: the application ended while it wrote
            self.outcome.record = json.loads(text)
        return self.outcome

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.send(signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        os.close(self.fifo)
        os.close(self.pidfd)
        self.out.close()
        self.folder.cleanup()

    def request(self) -> socket.socket:
        """Begin a request and wait until the application has it."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(PATIENCE)
        client.connect(f"{self.folder.name}/socket")
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        self.wait_for("request")
        return client
