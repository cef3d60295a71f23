"""preStop hooks that begin the shutdown: the server stops accepting connections in the hook, not at the stop signal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from webhook.core import shell_words
from webhook.core.programs import SHELLS

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SLEEP = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd]?)")
_AT_ONCE = re.compile(
    r"(?:nginx|openresty) .*-s quit|(?:apachectl|apache2ctl|httpd|apache2) .*graceful-stop"
    r"|(?:kill|pkill|killall|killall5)"
    r"(?! .*-(?:s ?|-signal[ =])?(?:SIG)?(?:HUP|KILL|USR[12]|CONT|STOP|0|1|9|10|12)\b)(?: .*)?"
)
"""Commands that ask the server to end in its own time, and return; other signals of kill mean something else."""
_WAITING = re.compile(r"nodetool (?:.* )?drain|rabbitmq(?:ctl|-upgrade) .*|wait-shutdown(?: .*)?|supervisorctl stop.*")
"""Commands that ask the server to end, and return when it has, or has drained: how long that takes is unknown.

``/wait-shutdown`` is ingress-nginx's own hook.
"""


class Shutdown(NamedTuple):
    """When a hook asks the server to end."""

    begins: float
    """Seconds from the hook's start."""
    returns: bool
    """Whether the hook ends there; otherwise its length is unknown."""


def shutdown_of(command: Sequence[str]) -> Shutdown | None:
    """Return when an exec hook begins the shutdown; None if nothing in it is known to do so."""
    match command:
        case [shell, "-c", text, *_] if shell.rpartition("/")[2] in SHELLS:
            commands = shell_words.commands(text) or []
        case _:
            commands = [list(command)]
    seconds = 0.0
    for number, words in enumerate(commands, start=1):
        text = " ".join([words[0].rpartition("/")[2], *words[1:]])
        if words[0].endswith("sleep") and len(words) > 1 and (found := _SLEEP.fullmatch(words[1])):
            seconds += float(found[1]) * _UNITS[found[2]]
        elif _AT_ONCE.fullmatch(text):
            return Shutdown(seconds, returns=number == len(commands))
        elif _WAITING.fullmatch(text):
            return Shutdown(seconds, returns=False)
    return None
