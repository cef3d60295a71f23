"""Running processes, and the effect of SIGTERM to the first of them.

What a process does with SIGTERM is in ``/proc/<pid>/status`` (proc_pid_status(5): SigCgt, SigIgn), whatever its
language. What a handler then does is unknown, except for a few programs.
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
    """What a process does with SIGTERM (signal(7))."""

    HANDLES = auto()
    """It has a handler."""
    IGNORES = auto()
    TERMINATES = auto()
    """It has no handler: the signal terminates it."""
    NO_EFFECT = auto()
    """It has no handler and is PID 1 of its namespace: the kernel does not deliver the signal (pid_namespaces(7))."""


@dataclass(frozen=True)
class Process:
    """One process. Its id is the one within its innermost PID namespace, as the container sees it."""

    pid: int
    parent: int
    """In the same namespace as ``key``."""
    key: int
    """The id in the namespace of the reader; the same as ``pid`` within the container."""
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
        """Return program and pid."""
        return f"{'the launcher' if self.launches else self.program} (pid {self.pid})"


@dataclass(frozen=True)
class Explanation:
    """The effect of SIGTERM to the root."""

    steps: tuple[str, ...]
    handlers: frozenset[int]
    """Keys of the processes that receive the signal and handle it themselves."""
    unsignalled: tuple[Process, ...]
    """Processes that have a handler and never receive SIGTERM."""
    ends: bool
    """Whether the root exits after the signal; otherwise only SIGKILL ends it."""
    unsure: bool = False
    """Whether a handler with an unknown effect is in between: a shell's trap."""

    @property
    def good(self) -> bool:
        """Whether every process with a handler receives the signal and the root exits, as far as is known."""
        return self.ends and (bool(self.handlers) or self.unsure) and not self.unsignalled


def explain(tree: Sequence[Process]) -> Explanation:
    """Follow SIGTERM from the first process through the tree."""
    walk = _Walk(tree)
    ends = walk.signal(tree[0])
    unsignalled = tuple(p for p in tree if p.key not in walk.met and p.disposition is Disposition.HANDLES)
    for process in unsignalled:
        walk.steps.append(f"{process} has a handler for SIGTERM and never receives it")
    if not ends:
        walk.steps.append("nothing exits before the grace period ends: then SIGKILL, exit code 137")
    elif unsignalled:
        walk.steps.append("it is killed, with its work unfinished, when the container ends")
    return Explanation(tuple(walk.steps), frozenset(walk.handlers), unsignalled, ends, walk.unsure)


class _Walk:
    """One walk of the signal through a tree."""

    def __init__(self, tree: Sequence[Process]) -> None:
        self.tree = tree
        self.steps: list[str] = []
        self.met: set[int] = set()
        self.handlers: set[int] = set()
        self.unsure = False

    def signal(self, process: Process) -> bool:
        """Send SIGTERM to a process; return whether it exits."""
        self.met.add(process.key)
        children = [p for p in self.tree if p.parent == process.key]
        match process.disposition:
            case Disposition.IGNORES:
                self.steps.append(f"{process} ignores SIGTERM")
                return False
            case Disposition.NO_EFFECT:
                self.steps.append(f"{process} has no handler for SIGTERM, and the kernel does not deliver it to PID 1")
                return False
            case Disposition.TERMINATES:
                self.steps.append(f"{process} has no handler for SIGTERM and is terminated by it")
                return True
            case Disposition.HANDLES:
                return self._handler(process, children)

    def _handler(self, process: Process, children: list[Process]) -> bool:
        """Follow what a handler does, if the program is known; return whether the process exits."""
        program = process.program
        if tool_of(program) and not children:
            self.steps.append(f"{process} has no child yet")
            return True
        if program in ("npm", "npx", "pnpm", "pnpx"):
            return self._on(process, children, "signals its child")
        if (process.launches or program in _FORWARDS) and children:
            return self._on(process, children, "forwards SIGTERM")
        if tool_of(program):
            self.steps.append(f"{process} exits at once (yarn 1) or waits for its child (yarn 4)")
            return True
        if program in _SHELLS and children:
            self.met.update(child.key for child in children)
            self.unsure = True
            self.steps.append(f"{process} has a trap for SIGTERM; its effect is unknown")
            return True
        self.handlers.add(process.key)
        self.steps.append(f"{process} handles SIGTERM itself")
        return True

    def _on(self, process: Process, children: list[Process], what: str) -> bool:
        self.steps.append(f"{process} {what}: {', '.join(map(str, children))}")
        ended = [self.signal(child) for child in children]
        return all(ended)
