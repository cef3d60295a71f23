"""The launcher: the shell text that starts the real process in place of npm, npx, yarn or pnpm.

A container's argv becomes ``sh -c TEXT lastcall <the original argv>``; the original stays as separate,
untouched elements, so that ``$(VAR)`` in it means what it meant. The sources are real files in ``src/``, with
the reasons for every line; ``texts.py`` is made of them by ``make launcher``.
"""

from typing import Final, Literal, get_args

from webhook.launcher import texts

MARK: Final = "lastcall"
"""``$0`` of the launcher, by which a rewritten command is recognised."""

Mode = Literal["init", "exec", "supervise"]
"""``init``: a small shell stays PID 1, the real process is its direct child; ``exec``: the real process becomes
PID 1; ``supervise``: the package manager stays, signals go to the real processes below it."""

MODES: Final[tuple[Mode, ...]] = get_args(Mode)

SHELLS: Final = frozenset(("sh", "ash", "dash", "bash"))
"""The shells that the launcher is right with, by the names that start them."""

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


def is_wrapped(argv: list[str]) -> bool:
    """Say whether ``argv`` begins with a launcher of any mode, shell or version."""
    match argv:
        case [shell, "-c", _, mark, *_]:
            return mark == MARK and shell.rpartition("/")[2] in SHELLS
    return False
