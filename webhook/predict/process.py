"""Whether a container's real process receives the stop signal, as far as its command shows.

Package managers: npm signals the shell that it started, which exits without forwarding the signal to node; yarn 1 and
pnpm exit at once (https://github.com/npm/cli/issues/6547, https://github.com/yarnpkg/yarn/issues/4667). Shells: dash,
Debian's ``sh``, starts even a single command as a child; as PID 1 without a handler it does not receive SIGTERM
(signal(7), pid_namespaces(7)).
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


class SignalDelivery(StrEnum):
    """Whether a stop signal reaches the process that serves."""

    RECEIVED = "received"
    """The process receives it, or nothing shows that it does not."""
    DROPPED = "dropped"
    """A package manager receives it and exits; the kernel then kills the process, with requests in flight."""
    KEPT = "kept"
    """A shell does not forward it: the process runs until it is killed."""


class SignalPath(NamedTuple):
    """Whether a container's process receives its stop signal, and which program does not forward it."""

    delivery: SignalDelivery = SignalDelivery.RECEIVED
    program: str = ""
    """An empty string where nothing is in between."""


def signal_path(container: Container, resolved: Resolved) -> SignalPath:
    """Return what happens to a stop signal that is sent to PID 1 of the container, on a Debian image."""
    argv = command_of(container, resolved.image_commands).argv
    start = find_start(argv)
    if isinstance(start, Start):
        return SignalPath(SignalDelivery.DROPPED if tool_of(start.tool) else SignalDelivery.KEPT, start.tool)
    shell = _shell_that_stays(argv)
    return SignalPath(SignalDelivery.KEPT, shell) if shell else SignalPath()


def _shell_that_stays(argv: list[str]) -> str:
    """Return the name of a shell as PID 1 that starts its command as a child (no ``exec``, no ``trap``), or ""."""
    at: int | None = 0
    while at is not None and at < len(argv) and (wrapper := wrapper_of(argv[at])):
        at = program_behind(wrapper, argv, at)
    words = [] if at is None else argv[at:]
    match words:
        case [program, "-c", text, *_] if (shell := program.rpartition("/")[2]) in ("sh", "dash"):
            commands = shell_words.commands(text) or [["exec"]]
            return "" if {words[0] for words in commands} & {"exec", "trap", "lastcall"} else shell
    return ""
