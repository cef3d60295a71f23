"""What becomes of the signal that lastcall's signal hook sends: whether it reaches the process that serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook.core import shell_words
from webhook.core.argv import Start, find_start
from webhook.core.command import command_of
from webhook.core.programs import QUICK, SHELLS
from webhook.core.wrappers import behind_wrappers
from webhook.launcher import texts
from webhook.predict.delivery import RECEIVED, SignalPath, unknown
from webhook.predict.launchers import DRAINS_ON, launcher_path, program_name, started
from webhook.predict.process import DEPTH
from webhook.predict.shells import CLOSING, string_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.core.pod import Container, Pod
    from webhook.core.settings import Resolved

_SOURCING = frozenset((".", "source"))
_TOOLS = (CLOSING | QUICK) - _SOURCING


def hook_path(container: Container, pod: Pod, resolved: Resolved, path: SignalPath) -> SignalPath:
    """Return what becomes of the hook's signal; ``path`` is what becomes of the kubelet's.

    The hook finds the server below known shells, package managers and inits, and signals it unless that would cut its
    requests. A command that only the image has counts as such a server. What a script starts is not known, nor what a
    shell with a trap does, nor what a hook with another text than this version's does.
    """
    command = command_of(container, resolved.image_commands)
    if pod.document["spec"].get("hostPID"):  # the hook sees no first process of its container
        return path
    if not container.pre_stop or container.pre_stop.command[2] != texts.HOOK:
        return unknown("a signal hook of another version")
    if path == RECEIVED or not command.command_length or isinstance(find_start(command.argv), Start):
        return RECEIVED
    return _behind(command.argv, DEPTH)


def _behind(argv: Sequence[str], depth: int) -> SignalPath:
    _, words = behind_wrappers(list(argv))
    if not words or not depth or "$" in words[0] or "`" in words[0]:
        return unknown(program_name(argv[0]))
    if words[0].rpartition("/")[2] in SHELLS:
        return _behind_shell(words, depth)
    name = program_name(words[0])
    if name in DRAINS_ON:  # the hook sends that signal
        return RECEIVED
    path = launcher_path(words)
    behind = started(words) if path == RECEIVED else ()
    return _behind(behind, depth - 1) if behind else RECEIVED if path == RECEIVED else unknown(name)


def _behind_shell(words: Sequence[str], depth: int) -> SignalPath:
    text, script = string_of(words)
    commands = (shell_words.commands(text) if text else None) or [["trap"]]
    if any(command[0] == "trap" for command in commands):
        return unknown(script or program_name(words[0]))
    lasting = [command for command in commands if command[0] not in _TOOLS] or commands
    paths = (unknown(command[0]) if command[0] in _SOURCING else _behind(command, depth - 1) for command in lasting)
    return next((path for path in paths if path != RECEIVED), RECEIVED)
