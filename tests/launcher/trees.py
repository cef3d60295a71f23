"""Random trees of processes for the hook: shells, inits, package managers, applications and unknown programs."""

import random
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.launcher import hook, tools

# Who shows a handler, and so may be nothing but what started the server.
LANGUAGES: Final = ("node", "java", "ruby", "php")
NAMES: Final = (*LANGUAGES, "npm", "perl", "we ird) S 1", "python3", "nginx", "uwsgi", "shellfish")
SIGNALS: Final = {"nginx": "QUIT"}
_LEAVES: Final = ("handler", "handler", "handler", "deaf", "ignores")
_WRAPPERS: Final = ("shell", "shell", "shell", "pipe", "trap", "init", "npm", "handler", "deaf")


@dataclass
class Tree:
    """A container's command, and what the hook is to make of it."""

    argv: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    """The stand-ins, each of which says when it is ready."""
    signals: dict[str, str] = field(default_factory=dict)
    """The signal for each stand-in that the hook has to tell."""
    drops: bool = False
    """PID 1 has no handler for SIGTERM."""


class Grower:
    """Grow one tree from a seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        """Take the names' links from the folder."""
        self.random = random.Random(seed)
        self.folder = folder
        self.tree = Tree()

    def grow(self) -> Tree:
        """Return the tree."""
        kind = self.random.choice(_WRAPPERS)
        self.tree.drops = kind in ("shell", "pipe", "deaf")
        self.tree.argv = self._wrapper(kind, 3, told=True, kept=False)
        return self.tree

    def _any(self, depth: int, *, told: bool, kept: bool) -> list[str]:
        if depth == 0 or self.random.random() < 0.3:
            return self._program(self.random.choice(_LEAVES), [], told=told and kept)
        return self._wrapper(self.random.choice(_WRAPPERS), depth, told=told, kept=kept)

    def _wrapper(self, kind: str, depth: int, *, told: bool, kept: bool) -> list[str]:
        """Return the argv of what starts others; ``told``: the hook gets here, ``kept``: SIGTERM does not."""
        below = depth - 1
        if kind == "init":
            return [*self._init(), *self._any(below, told=told, kept=kept)]
        if kind == "npm":
            child = self._any(below, told=told, kept=True)
            return self._program("busy", child, told=False, name="npm")
        if kind in ("handler", "deaf"):
            child = self._any(below, told=False, kept=False)
            return self._program(kind, child, told=told and kept)
        shell = self.random.choice(("/bin/sh", "/bin/sh", "/bin/bash"))
        if kind == "pipe":
            first = self._any(below, told=told, kept=True)
            text = f"{shlex.join(first)} | {shlex.join(self._any(below, told=False, kept=False))}; true"
            return [shell, "-c", text]
        if kind == "trap":
            # a shell with a handler is told, and nobody below it
            label = self._label("trap", "TERM" if told and kept else "")
            inner = shlex.join(self._any(below, told=False, kept=False))
            events = '>>"$PROBE_EVENTS"'
            script = f"trap 'echo told SIGTERM {label} {events}' TERM; {inner} & echo ready {label} $$ {events}"
            return [shell, "-c", f"{script}; wait; wait"]
        children = [self._any(below, told=told, kept=True) for _ in range(self.random.randint(1, 2))]
        text = " & ".join(map(shlex.join, children))
        return [shell, "-c", f"{text} & wait" if self.random.random() < 0.5 else f"{text}; true"]

    def _init(self) -> list[str]:
        return self.random.choice(
            ([tools.program("tini"), "--"], [tools.program("dumb-init"), "-c"], [tools.program("catatonit"), "--"])
        )

    def _program(self, mode: str, child: Sequence[str], *, told: bool, name: str = "") -> list[str]:
        """Return the argv of a stand-in, and note what is expected of it."""
        # npm and shells with children are wrappers; `node FILE .../bin/npm` cannot be told from `node .../bin/npm`
        hidden = {"npm", "shellfish", *(["node"] if "npm" in " ".join(child) else [])} if child else set[str]()
        name = name or self.random.choice([each for each in NAMES if each not in hidden])
        cuts = name == "uwsgi" or (child and self.tree.drops and name in LANGUAGES)
        heard = told and mode == "handler" and not cuts
        label = self._label(mode, SIGNALS.get(name, "TERM") if heard else "")
        return hook.stand_in(mode, label, *child, name=str(self.folder / name))

    def _label(self, kind: str, signal: str) -> str:
        label = f"{len(self.tree.labels)}-{kind}"
        self.tree.labels.append(label)
        if signal:
            self.tree.signals[label] = signal
        return label
