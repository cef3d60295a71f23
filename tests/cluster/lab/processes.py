"""Starting, watching and ending processes by recorded pid and start time, never by name."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen
from typing import TYPE_CHECKING

from tests.support import waiting

from .common import DIR, ENVIRONMENT, INSIDE, LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PIDS = DIR / "pids.json"
CHILDREN: list[Popen[bytes]] = []
"""What this very process has started: only a parent can collect an ended process."""


def started_at(pid: int) -> str:
    """Return a living process's start time (field 22 of its stat), to distinguish it from a later one with that pid."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def recorded() -> dict[str, tuple[int, str]]:
    """Return the components that were started: name -> (pid, start time)."""
    with suppress(FileNotFoundError, ValueError):
        return {name: (pid, since) for name, (pid, since) in json.loads(PIDS.read_text()).items()}
    return {}


def start(name: str, *argv: str | Path) -> None:
    """Start a component in the network namespace, in a session of its own, and record its pid."""
    with (DIR / "log" / f"{name}.log").open("wb") as log:
        child = Popen(
            [*INSIDE, *map(str, argv)],
            stdin=DEVNULL,
            stdout=log,
            stderr=STDOUT,
            start_new_session=True,
            env=ENVIRONMENT,
            cwd="/",
        )
    CHILDREN.append(child)
    part = PIDS.with_suffix(".part")
    part.write_text(json.dumps({**recorded(), name: (child.pid, started_at(child.pid))}))
    part.rename(PIDS)


def alive(name: str) -> int:
    """Return the pid of a component that runs, else 0."""
    pid, since = recorded().get(name, (0, ""))
    return pid if pid and since == started_at(pid) else 0


def stop(name: str, patience: float = 1) -> None:
    """End a component: SIGTERM, then SIGKILL (the API server waits for watches; its data is deleted anyway)."""
    for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5)):
        if not (pid := alive(name)):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + wait
        while alive(name) and time.monotonic() < deadline:
            reap()
            time.sleep(0.02)


def reap() -> None:
    """Collect ended components."""
    CHILDREN[:] = [child for child in CHILDREN if child.poll() is None]


def until(what: str, ready: Callable[[], bool], patience: float = waiting.PATIENCE) -> None:
    """Wait for a condition; LabError quotes the log of a component that has exited meanwhile."""

    def ready_or_gone() -> bool:
        for name in recorded():
            if not alive(name):
                raise LabError(f"waiting for {what}: {name} ended: {last_line(name)}")
        return ready()

    try:
        waiting.until(what, ready_or_gone, patience)
    except AssertionError as error:
        raise LabError(f"waiting for {error}") from None


def last_line(name: str) -> str:
    """Return the last line that a component logged."""
    lines = (DIR / "log" / f"{name}.log").read_text(errors="replace").strip().splitlines()
    return lines[-1][:1000] if lines else "without a word"


def sweep(namespaces: Iterable[str]) -> None:
    """Kill every process whose network namespace is one of these: shims and containers of a crashed lab."""
    wanted = {path.stat().st_ino for name in namespaces if (path := Path("/run/netns", name)).exists()}
    spared = set(ancestors(os.getpid()))
    for _ in range(50):
        left = [pid for pid in processes() if pid not in spared and netns_of(pid) in wanted]
        if not left:
            return
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        reap()
        time.sleep(0.1)


def processes() -> Iterator[int]:
    """Return the pid of every process."""
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def ancestors(pid: int) -> Iterator[int]:
    """Return a process, its parent, and so on."""
    while pid:
        yield pid
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def netns_of(pid: int) -> int:
    """Return the inode of the network namespace a process is in; 0 for one that is gone (or a zombie)."""
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except OSError:
        return 0
