"""The launcher: the shell text that starts the real process in place of npm, npx, yarn or pnpm.

A container's argv becomes ``/bin/sh -c TEXT lastcall <the original argv>``; the original stays as separate,
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

_SHELL: Final = ("/bin/sh", "-c")
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


def wrap(mode: Mode, argv: list[str]) -> list[str]:
    """Return the argv, as a Pod spells it, that starts ``argv`` under the launcher."""
    return [*_SHELL, text(mode), MARK, *argv]


def is_wrapped(argv: list[str]) -> bool:
    """Say whether ``argv`` begins with a launcher of any mode or version."""
    return len(argv) > len(_SHELL) + 1 and (*argv[:2], argv[3]) == (*_SHELL, MARK)
