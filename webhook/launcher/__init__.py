"""The launcher and the signal hook: the two shell texts that bring SIGTERM to a container's real process.

The launcher starts the real process in place of npm, npx, yarn or pnpm; the signal hook finds it when the container is
stopped.

A container's argv becomes ``sh -c TEXT lastcall <the original argv>``; the original stays as separate,
untouched elements, so that ``$(VAR)`` in it means what it meant. The sources are real files in ``src/``, with
the reasons for every line; ``texts.py`` is made of them by ``make launcher``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, get_args

from webhook.launcher import texts

if TYPE_CHECKING:
    from collections.abc import Sequence

MARK: Final = "lastcall"
"""``$0`` of both texts, by which a rewritten command and a signal hook are recognised."""

Mode = Literal["init", "exec", "supervise"]
"""``init``: a small shell stays PID 1, the real process is its direct child; ``exec``: the real process becomes
PID 1; ``supervise``: the package manager stays, signals go to the real processes below it."""

MODES: Final[tuple[Mode, ...]] = get_args(Mode)

SHELLS: Final = frozenset(("sh", "ash", "dash", "bash"))
"""The shells that the launcher is right with, by the names that start them."""

MAX_SECONDS: Final = 9_999_999
"""The longest sleep of a signal hook."""

_SECONDS: Final = re.compile(r"[0-9]{1,7}")
_TEXTS: Final[dict[Mode, str]] = {
    "init": texts.INIT.replace("$", "$$"),
    "exec": texts.EXEC.replace("$", "$$"),
    "supervise": texts.SUPERVISE.replace("$", "$$"),
}


def text(mode: Mode) -> str:
    """Return the launcher's text for a container's ``command`` or ``args``.

    Every ``$`` is doubled, because the kubelet expands ``$(VAR)`` and turns ``$$`` into ``$``
    (https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/).
    """
    return _TEXTS[mode]


def wrap(mode: Mode, argv: list[str], shell: str = "/bin/sh") -> list[str]:
    """Return the argv, as a Pod spells it, that starts ``argv`` under the launcher, run by ``shell``."""
    return [shell, "-c", text(mode), MARK, *argv]


def signal_hook(seconds: int, shell: str = "/bin/sh") -> list[str]:
    """Return the command of the preStop hook that sleeps and then signals the real process.

    The kubelet expands nothing in a hook's command, so no ``$`` is doubled in it.
    """
    return [shell, "-c", texts.HOOK, MARK, str(seconds)]


def signal_hook_seconds(command: Sequence[str]) -> int | None:
    """Return how long the signal hook in ``command`` sleeps, whatever its shell and version; None if it is none."""
    match command:
        case [shell, "-c", _, mark, seconds] if mark == MARK and shell.rpartition("/")[2] in SHELLS:
            return int(seconds) if _SECONDS.fullmatch(seconds) else None
    return None


def is_wrapped(argv: list[str]) -> bool:
    """Say whether ``argv`` begins with a launcher of any mode, shell or version."""
    match argv:
        case [shell, "-c", _, mark, *_]:
            return mark == MARK and shell.rpartition("/")[2] in SHELLS
    return False
