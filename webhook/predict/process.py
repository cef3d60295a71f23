"""Whether a container's real process hears the stop signal, as far as its command tells.

Package managers: npm signals the shell that it started, which ends without telling node; yarn 1 and pnpm end at once
(https://github.com/npm/cli/issues/6547, https://github.com/yarnpkg/yarn/issues/4667). Shells: dash, Debian's ``sh``,
starts even a lone command as a child, and as PID 1 the kernel keeps SIGTERM from it (signal(7), pid_namespaces(7)).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from webhook.core import shell_words
from webhook.core.argv import Start, find_start
from webhook.core.command import command_of
from webhook.core.package_managers import tool_of
from webhook.core.wrappers import program_behind, wrapper_of

if TYPE_CHECKING:
    from webhook.core.pod import Container
    from webhook.core.settings import Resolved


class Fate(StrEnum):
    """What becomes of a stop signal."""

    HEARD = "heard"
    """The process that serves gets it, or nothing says that it does not."""
    DROPPED = "dropped"
    """A package manager gets it, ends, and takes the process with it in the midst of its requests."""
    KEPT = "kept"
    """A shell keeps it to itself: the process goes on until it is killed."""


class Hearing(NamedTuple):
    """What becomes of a container's stop signal, and which program is in the way."""

    fate: Fate = Fate.HEARD
    program: str = ""


def hearing(container: Container, resolved: Resolved) -> Hearing:
    """Say what a stop signal to PID 1 of the container comes to, on a Debian image."""
    argv = command_of(container, resolved.image_commands).argv
    start = find_start(argv)
    if isinstance(start, Start):
        return Hearing(Fate.DROPPED if tool_of(start.tool) else Fate.KEPT, start.tool)
    shell = _shell_that_stays(argv)
    return Hearing(Fate.KEPT, shell) if shell else Hearing()


def _shell_that_stays(argv: list[str]) -> str:
    """Return the shell that starts its command as a child, if PID 1 is one and says no ``exec`` and no ``trap``."""
    at: int | None = 0
    while at is not None and at < len(argv) and (wrapper := wrapper_of(argv[at])):
        at = program_behind(wrapper, argv, at)
    words = [] if at is None else argv[at:]
    match words:
        case [program, "-c", text, *_] if (shell := program.rpartition("/")[2]) in ("sh", "dash"):
            commands = shell_words.commands(text) or [["exec"]]
            return "" if {words[0] for words in commands} & {"exec", "trap", "lastcall"} else shell
    return ""
