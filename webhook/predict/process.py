"""Whether a container's real process receives the stop signal, as far as its command shows.

Package managers: npm signals the shell that it started, which exits without forwarding the signal to node; yarn 1 and
pnpm exit at once (https://github.com/npm/cli/issues/6547, https://github.com/yarnpkg/yarn/issues/4667). On Alpine,
whose shell a single command replaces, some releases forward it: the worst case is what is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook.core.argv import NoStart, Start, find_start
from webhook.core.command import command_of
from webhook.core.package_managers import tool_of
from webhook.core.programs import SHELLS
from webhook.core.wrappers import behind_wrappers
from webhook.predict.delivery import RECEIVED, Missing, SignalDelivery, SignalPath, unknown
from webhook.predict.launchers import DRAINS_ON, launcher_path, program_name, started
from webhook.predict.shells import shell_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.core.pod import Container
    from webhook.core.settings import Resolved

__all__ = ["Missing", "SignalDelivery", "SignalPath", "signal_path"]

_INITS = frozenset(("tini", "tini-static", "docker-init", "dumb-init", "catatonit"))
DEPTH = 4  # programs behind programs that are looked at


def signal_path(container: Container, resolved: Resolved, signal: str | None = None) -> SignalPath:
    """Return what becomes of the stop signal that is sent to PID 1 of the container.

    ``signal``: the stop signal's name, where the Pod or the user says it; None where the image may set another.
    """
    command = command_of(container, resolved.image_commands)
    start = find_start(command.argv)
    if isinstance(start, Start):
        return SignalPath(SignalDelivery.DROPPED if tool_of(start.tool) else SignalDelivery.KEPT, start.tool)
    if start is NoStart.ALREADY_LAUNCHED:
        return RECEIVED
    if not command.command_length:
        return unknown("", Missing.COMMAND)
    return _path(command.argv, signal, DEPTH)


def _path(argv: Sequence[str], signal: str | None, depth: int) -> SignalPath:
    wrappers, words = behind_wrappers(list(argv))
    if not words or depth == 0 or "$" in words[0] or "`" in words[0]:
        return unknown(program_name(words[0] if words else argv[0]))
    if words[0].rpartition("/")[2] in SHELLS:
        path = shell_path(words)
        if not isinstance(path, SignalPath):
            return _path(path, signal, depth - 1)
        # Behind an init the shell is not PID 1: SIGTERM ends it, the init after it, and the server with them.
        has_init = any(program_name(wrapper) in _INITS for wrapper in wrappers)
        cut = has_init and path.delivery is SignalDelivery.KEPT
        return path._replace(delivery=SignalDelivery.CUT) if cut else path
    if drains_on := DRAINS_ON.get(program_name(words[0])):
        return _drains_on(program_name(words[0]), drains_on, signal)
    path = launcher_path(words)
    behind = started(words) if path == RECEIVED else ()
    if any(" " in word for word in behind[:1]):  # a string for a shell of the launcher's own
        return unknown(program_name(words[0]))
    return _path(behind, signal, depth - 1) if behind else path


def _drains_on(program: str, drains_on: str, signal: str | None) -> SignalPath:
    if signal is None:
        return unknown(program, Missing.STOP_SIGNAL)
    return RECEIVED if signal == drains_on else SignalPath(SignalDelivery.CUT, program)
