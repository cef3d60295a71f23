"""Running processes, and what SIGTERM to the first of them comes to.

What a process does with SIGTERM stands in ``/proc/<pid>/status`` (proc_pid_status(5): SigCgt, SigIgn), whatever its
language. What a handler then does cannot be seen, except for programs that are known for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from webhook.core.package_managers import tool_of
from webhook.launcher import MARK

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHELLS = ("sh", "dash", "ash", "bash", "busybox", "zsh", "ksh")
_FORWARDS = ("tini", "tini-static", "docker-init", "dumb-init", "catatonit")


class Disposition(Enum):
    """What a process does with SIGTERM."""

    HANDLES = auto()
    IGNORES = auto()
    DIES = auto()
    SHIELDED = auto()
    """It has no handler and is PID 1 of its namespace: the kernel keeps the signal from it (pid_namespaces(7))."""


@dataclass(frozen=True)
class Process:
    """One process. Its id is the one within its innermost PID namespace, as the container sees it."""

    pid: int
    parent: int
    """In the same namespace as ``key``."""
    key: int
    """The id by which it is read here; the same as ``pid`` within the container."""
    argv: tuple[str, ...]
    disposition: Disposition

    @property
    def program(self) -> str:
        """Return a short name: npm's own title is ``npm start``, node's argv is ``node /usr/bin/yarn start``."""
        words = [word.rpartition("/")[2] for word in " ".join(self.argv[:1]).split(" ") if word][:1] or ["?"]
        if words[0] in ("node", "nodejs") and len(self.argv) > 1:
            return tool_of(self.argv[1].rpartition("/")[2]) or words[0]
        return tool_of(words[0]) or words[0].lstrip("-")

    @property
    def launches(self) -> bool:
        """Whether it is lastcall's launcher."""
        return len(self.argv) > 3 and self.argv[1] == "-c" and self.argv[3] == MARK  # noqa: PLR2004 - sh -c TEXT lastcall

    def __str__(self) -> str:
        """Name it for people."""
        return f"{'the launcher' if self.launches else self.program} (pid {self.pid})"


@dataclass(frozen=True)
class Explanation:
    """What SIGTERM to the root comes to."""

    steps: tuple[str, ...]
    handlers: frozenset[int]
    """Keys of the processes that get the signal and handle it themselves."""
    unsignalled: tuple[Process, ...]
    """Processes that would handle SIGTERM, and never get it."""
    ends: bool
    """Whether the signal ends the root at all; else only SIGKILL does."""
    unsure: bool = False
    """Whether a handler is in the way whose doing cannot be seen: a shell's trap."""

    @property
    def good(self) -> bool:
        """Whether the container ends in order: who handles the signal hears it; nothing speaks against it, at least."""
        return self.ends and (bool(self.handlers) or self.unsure) and not self.unsignalled


def explain(tree: Sequence[Process]) -> Explanation:
    """Follow SIGTERM from the first process through the tree."""
    walk = _Walk(tree)
    ends = walk.signal(tree[0])
    left = tuple(p for p in tree if p.key not in walk.met and p.disposition is Disposition.HANDLES)
    for process in left:
        walk.steps.append(f"{process}, which handles SIGTERM, never hears of it")
    if not ends:
        walk.steps.append("nothing ends before the grace period does: then SIGKILL, exit code 137")
    elif left:
        walk.steps.append("it is killed in the midst of its work when the container ends")
    return Explanation(tuple(walk.steps), frozenset(walk.handlers), left, ends, walk.unsure)


class _Walk:
    """One walk of the signal through a tree."""

    def __init__(self, tree: Sequence[Process]) -> None:
        self.tree = tree
        self.steps: list[str] = []
        self.met: set[int] = set()
        self.handlers: set[int] = set()
        self.unsure = False

    def signal(self, process: Process) -> bool:
        """Let a process have SIGTERM; tell whether it ends by it."""
        self.met.add(process.key)
        children = [p for p in self.tree if p.parent == process.key]
        match process.disposition:
            case Disposition.IGNORES:
                self.steps.append(f"{process} ignores SIGTERM")
                return False
            case Disposition.SHIELDED:
                self.steps.append(f"{process} has no handler for SIGTERM, and the kernel keeps it from PID 1")
                return False
            case Disposition.DIES:
                self.steps.append(f"{process} has no handler for SIGTERM and dies of it")
                return True
            case Disposition.HANDLES:
                return self._handler(process, children)

    def _handler(self, process: Process, children: list[Process]) -> bool:
        """Tell what a handler does, where the program is known for it."""
        program = process.program
        if tool_of(program) and not children:
            self.steps.append(f"{process} has started nothing yet")
            return True
        if program in ("npm", "npx", "pnpm", "pnpx"):
            return self._on(process, children, "signals its child")
        if (process.launches or program in _FORWARDS) and children:
            return self._on(process, children, "passes SIGTERM on")
        if tool_of(program):
            self.steps.append(f"{process} ends at once (yarn 1) or waits for its child (yarn 4)")
            return True
        if program in _SHELLS and children:
            self.met.update(child.key for child in children)
            self.unsure = True
            self.steps.append(f"{process} has a trap for SIGTERM; what it does cannot be seen")
            return True
        self.handlers.add(process.key)
        self.steps.append(f"{process} handles SIGTERM itself")
        return True

    def _on(self, process: Process, children: list[Process], what: str) -> bool:
        self.steps.append(f"{process} {what}: {', '.join(map(str, children))}")
        ended = [self.signal(child) for child in children]
        return all(ended)
