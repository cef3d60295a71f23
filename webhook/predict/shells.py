"""What becomes of SIGTERM to a shell that starts the server.

As measured with dash, busybox ash, bash and mksh as PID 1: a shell without a handler does not receive it (signal(7),
pid_namespaces(7)); what decides is whether the shell has been replaced by the server. dash, Debian's ``sh``, starts
even a single command as a child; of all shells that ``sh`` may be, it is what is assumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook.core import shell_words
from webhook.core.programs import QUICK
from webhook.predict.delivery import SignalDelivery, SignalPath, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

CLOSING = frozenset(("fi", "done", "esac", "}"))
_EXECS_THE_LAST = frozenset(("bash", "ash", "ksh"))
"""Shells that a single command replaces without ``exec``."""


def shell_path(words: Sequence[str]) -> SignalPath | list[str]:
    """Return what becomes of the signal, or the command that replaces the shell and receives it."""
    shell = words[0].rpartition("/")[2]
    text, script = string_of(words)
    commands = shell_words.commands(text) if text else None
    if not commands or text is None:
        return unknown(script or shell)
    ends = shell_words.separators(text)
    apart = bool(ends & {"|", "&"})
    if any(command[0] == "trap" for command in commands):
        return _trapped(shell, commands)
    last = next((command for command in reversed(commands) if command[0] not in CLOSING), commands[-1])
    if any(command[0] == "exec" and len(command) > 1 for command in commands):
        return last[1:] if last[0] == "exec" and len(last) > 1 and not apart else unknown(shell)
    if shell in ("sh", "dash") or apart or last[0] in QUICK:
        return SignalPath(SignalDelivery.KEPT, shell)
    alone = len(commands) == 1 or (ends <= {"&&"} and shell != "ksh")
    return last if alone and shell in _EXECS_THE_LAST else unknown(shell)


def _trapped(shell: str, commands: Sequence[Sequence[str]]) -> SignalPath:
    """Return whether a trap forwards the signal: it kills the child, and a second wait lets the child end."""
    traps = [command for command in commands if command[0] == "trap"]
    kills = any("kill" in " ".join(trap[1:2]) and {"TERM", "SIGTERM", "15"} & {*trap[2:]} for trap in traps)
    waits = sum(command[0] == "wait" for command in commands)
    return SignalPath() if kills and waits > 1 else unknown(shell)


def string_of(words: Sequence[str]) -> tuple[str | None, str]:
    """Return the string of a shell's ``-c``, and the name of the script that it runs instead."""
    at, has_string = 1, False
    while at < len(words) and words[at][:1] in {"-", "+"} and words[at] != "-":
        option = words[at]
        at += 1
        if option == "--":
            break
        if not option.startswith("--"):
            has_string |= option[0] == "-" and "c" in option
            at += option.count("o") + option.count("O")
    if at >= len(words):
        return None, ""
    return (words[at], "") if has_string else (None, words[at].rpartition("/")[2])
