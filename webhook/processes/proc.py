"""Read processes from /proc: of this machine, or as a shell in a container prints them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from webhook.processes import Disposition, Process

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SIGTERM = 1 << 14  # signal 15, in masks whose lowest bit is signal 1


def parse(status: str, argv: Sequence[str]) -> Process | None:
    """Read ``/proc/<pid>/status``; return None if the process has exited, or the text is not a status."""
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    try:
        key, parent = int(fields["Pid"]), int(fields["PPid"])
        pid = int(fields.get("NSpid", fields["Pid"]).split()[-1])
        caught, ignored = (bool(int(fields[name], 16) & _SIGTERM) for name in ("SigCgt", "SigIgn"))
    except (KeyError, ValueError, IndexError):
        return None
    if fields.get("State", "").strip().startswith(("Z", "X")):
        return None
    disposition = (
        Disposition.HANDLES
        if caught
        else Disposition.IGNORES
        if ignored
        else Disposition.NO_EFFECT
        if pid == 1
        else Disposition.TERMINATES
    )
    return Process(pid, parent, key, tuple(argv) or (fields.get("Name", "?").strip(),), disposition)


def local(root: int, proc: Path = Path("/proc")) -> list[Process]:
    """Return a process of this machine and its descendants, the root first, without those that exit meanwhile."""
    found: dict[int, Process] = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
                process = parse((folder / "status").read_text(errors="replace"), [w for w in words if w])
            except OSError:
                continue
            if process:
                found[process.key] = process
    return below(found.values(), root)


def below(processes: Iterable[Process], root: int) -> list[Process]:
    """Return the process whose key is ``root`` and all its descendants, parents before children."""
    listed = sorted(processes, key=lambda process: process.key)
    tree = [process for process in listed if process.key == root]
    for process in tree:
        tree.extend(child for child in listed if child.parent == process.key and child not in tree)
    return tree


READER = r"""
for p in /proc/[0-9]*; do
  [ -r "$p/status" ] || continue
  echo "@process"
  while read -r line; do echo "$line"; done 2>/dev/null <"$p/status"
  echo "@argv"
  tr '\000' '\n' 2>/dev/null <"$p/cmdline"
done
"""
"""Prints every process of a container; needs a shell, and ``tr`` for the arguments."""


def printed(text: str) -> list[Process]:
    """Read what ``READER`` prints: PID 1 and its descendants, so not the reader itself."""
    found = []
    for part in text.split("@process\n")[1:]:
        status, _, argv = part.partition("@argv\n")
        process = parse(status, [word for word in argv.split("\n") if word])
        if process:
            found.append(process)
    return below(found, 1)
