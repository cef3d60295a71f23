"""Containers that only help: loops of ``sleep`` and ``date``, ``tail -f`` of a log. They serve nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook.core import shell_words
from webhook.core.programs import QUICK, SHELLS
from webhook.predict.causes import document_of

if TYPE_CHECKING:
    from webhook.core.pod import Container, Pod

_TOOLS = QUICK - {".", "source", "git"} | {"break", "continue", "exec", "head", "inotifywait", "sleep", "tail", "trap"}


def is_helper(container: Container, pod: Pod) -> bool:
    """Return whether a container runs nothing but tools that serve no requests, and declares no port and no probe."""
    document = document_of(pod, container.name)
    if any(document.get(field) for field in ("ports", "readinessProbe", "livenessProbe", "startupProbe")):
        return False
    match [*(container.command or ()), *(container.args or ())] if container.command else []:
        case [shell, "-c" | "-ec", text, *_] if shell.rpartition("/")[2] in SHELLS:
            commands = shell_words.commands(text) or []
        case words:
            commands = [words] if words else []
    names = [word.rpartition("/")[2] for word in (words[0] for words in commands)]
    behind_exec = [words[1].rpartition("/")[2] for words in commands if words[0] == "exec" and len(words) > 1]
    return bool(names) and set(names) | set(behind_exec) <= _TOOLS
