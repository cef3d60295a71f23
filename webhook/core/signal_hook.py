"""Which containers get the signal hook instead of a native sleep, and by which shell.

    what the Pod says of the command         a shell is                       hook
    =======================================  ===============================  ===========
    nothing, or args alone                   proven or declared               signal hook
    ..                                       not known                        sleep
    it goes through a shell or a package     proven or declared               signal hook
    manager, and the launcher is not used
    another program, or the launcher         (it receives SIGTERM itself)     sleep

A shell is proven by what the Pod itself runs in the container: its command, an exec probe, a postStart hook. It is
declared by ``image-shell``; ``no`` denies it. An image without a shell ends a wrong signal hook at once, and SIGTERM
comes without a sleep: as without lastcall, but worse than with a native sleep, which is why nothing is guessed here.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from webhook.core import shell_words
from webhook.core.argv import NoStart, Start, find_start
from webhook.core.command import command_of
from webhook.core.shell_proof import DEFAULT_SHELL, is_shell, shell_word
from webhook.core.wrappers import behind_wrappers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.core.pod import Container
    from webhook.core.settings import Resolved


class NoHook(Enum):
    """Why a native sleep is the better hook, or the only one that is safe."""

    NOT_NEEDED = auto()
    SHELL_NOT_KNOWN = auto()


def shell_for_hook(container: Container, resolved: Resolved) -> str | NoHook:
    """Return the word that starts the signal hook's shell in the container, or why it gets none."""
    if resolved.settings.signal_hook == "off" or _other_signal(container):
        return NoHook.NOT_NEEDED
    command = command_of(container, resolved.image_commands)
    start = find_start(command.argv)
    _, program = behind_wrappers(command.argv) if command.command_length else ([], [])
    if command.command_length and not _may_keep_signal(start, program):
        return NoHook.NOT_NEEDED
    image_shell, _ = resolved.image_shell(container.name)
    if image_shell == "no":
        return NoHook.NOT_NEEDED
    if image_shell == "yes":
        return DEFAULT_SHELL
    if command.command_length and isinstance(start, Start) and (word := shell_word(command.argv, start)):
        return word
    commands = [program, *container.commands_run_inside]
    return next((word for words in commands if (word := _proven(words))), NoHook.SHELL_NOT_KNOWN)


def shell_may_stay(argv: list[str]) -> bool:
    """Tell whether a command that starts no package manager goes through a shell that may keep SIGTERM."""
    _, program = behind_wrappers(argv)
    return _may_keep_signal(NoStart.NO_PACKAGE_MANAGER, program)


def _other_signal(container: Container) -> bool:
    """Tell whether the Pod asks for another stop signal: the hook knows what SIGTERM does, and no other."""
    lifecycle = container.lifecycle
    return bool(lifecycle and lifecycle.stop_signal not in (None, "SIGTERM"))


def _may_keep_signal(start: Start | NoStart, program: Sequence[str]) -> bool:
    """Tell whether what the Pod names may keep SIGTERM from the real process.

    ``program``: the command from the first word on that is no wrapper.
    """
    if isinstance(start, Start) or start is NoStart.UNCERTAIN:
        return True
    if start is not NoStart.NO_PACKAGE_MANAGER or not _proven(program):
        return False
    match program:
        case [_, "-c", text, *_]:
            commands = shell_words.commands(text)
            return not (commands and len(commands) == 1 and commands[0][0] == "exec")
    return True


def _proven(words: Sequence[str]) -> str | None:
    """Return the shell that a command starts, by itself or as a script's interpreter."""
    if not words:
        return None
    return words[0] if is_shell(words[0]) else "sh" if words[0].endswith(".sh") else None
