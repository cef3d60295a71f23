"""What the tests do with a container: run a command in it to its end, or stop it with a request in flight."""

import contextlib
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.launcher.container import PATIENCE, SHELLS, Container, Outcome, can_unshare, shell_binary

__all__ = [
    "PATIENCE",
    "SHELLS",
    "Container",
    "Outcome",
    "armed",
    "can_unshare",
    "container",
    "programs",
    "run",
    "shell_binary",
    "stop_in_flight",
]


@contextmanager
def container(argv: Sequence[str], **options: Any) -> Iterator[Container]:
    """Run a command as PID 1; see `Container`."""
    box = Container(argv, **options)
    try:
        yield box
    finally:
        box.close()


def armed(box: Container) -> None:
    """Wait until the launcher's shell is PID 1 and has set its first trap."""
    while box.process.poll() is None:
        with contextlib.suppress(OSError, TypeError, IndexError):
            status = Path(f"/proc/{box.pid}/status").read_text()
            caught = int(status.partition("SigCgt:")[2].split()[0], 16)
            if caught >> signal.SIGTERM - 1 & 1 and b"lastcall" in Path(f"/proc/{box.pid}/cmdline").read_bytes():
                return
        time.sleep(0.0005)


def programs(box: Container) -> set[str]:
    """Return the names of the programs that run in the container."""
    names, left = set[str](), [box.pid]
    while left:
        if (pid := left.pop()) is None:
            continue
        try:
            names.add(Path(f"/proc/{pid}/comm").read_text().strip())
            left += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            continue
    return names


def is_answered(client: socket.socket) -> bool:
    """Read what the application sends until the connection ends; tell whether that is the whole answer."""
    answer = b""
    try:
        while chunk := client.recv(4096):
            answer += chunk
    except OSError:
        pass
    return answer.endswith(b"answered\n")


def stop_in_flight(
    argv: Sequence[str], *, grace: float = PATIENCE, number: int = signal.SIGTERM, **options: Any
) -> Outcome:
    """Start the command, and when its server has begun a request, tell PID 1 to stop."""
    with container(argv, **options) as box:
        if not box.wait_for("ready"):
            return box.end(0)
        with box.request() as client:
            box.send(number)
            outcome = box.end(grace)
            outcome.answered = is_answered(client)
        return outcome


def run(argv: Sequence[str], **options: Any) -> Outcome:
    """Run a command to its end; a server among its children is stopped as soon as it is ready."""
    with container(argv, **options) as box:
        if box.wait_for("ready"):
            box.send(signal.SIGKILL)
        return box.end(PATIENCE)
