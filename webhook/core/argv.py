"""Find where in a container's argv the launcher goes: in front of npm, npx, yarn, pnpm, or of their shell.

The argv is the Pod's ``command`` and ``args``. The kubelet expands ``$(VAR)`` within an element and never splits
one, so a position found here is the position at run time; only a program whose name is expanded is unknown.
https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from webhook.core import shell_words
from webhook.core.package_managers import Use, tool_of, use_of
from webhook.core.programs import MANAGERS, NODE_VALUES, NODE_WITHOUT_FILE, QUICK, SHELLS, SU
from webhook.core.wrappers import program_behind, wrapper_of
from webhook.launcher import is_wrapped


@dataclass(frozen=True)
class Start:
    """A package manager is started, and what it starts may be the application."""

    at: int
    """Index of the element in front of which the launcher is put."""
    tool: str
    """npm, npx, yarn, pnpm, pnpx, corepack, or the shell in whose -c string they are."""
    supervise: bool = False
    """What lies in front, or what is started, is not known: only supervise the whole argv; ``at`` is 0."""
    behind_options: bool = False
    """The launcher needs ``--`` in front; otherwise the wrapper takes the shell's ``-c`` as its own option."""
    program_at: int = field(default=0, compare=False)
    """Index of the program that was recognised: a package manager, node, a shell or su."""


class NoStart(Enum):
    """Why there is nothing to launch."""

    NO_PACKAGE_MANAGER = auto()
    ONE_SHOT = auto()  # installs, tests, prints: ends soon
    NOT_NODE = auto()  # Hadoop's yarn
    ALREADY_LAUNCHED = auto()
    UNCERTAIN = auto()  # the program is known at run time only, or a shell script has a trap of its own
    BUN = auto()


_OWN_ARGUMENTS = re.compile(r"\$[@*0-9]")  # exec "$@": what stands behind the shell's string
_MENTION = re.compile(r"(?<![\w.-])(?:npm|npx|yarn|yarnpkg|pnpm|pnpx|corepack)(?![\w./-])", re.ASCII)
_TRAP = re.compile(r"\btrap\b")
_REACH = 64  # words behind an unknown program that are looked at
_DEPTH = 4  # shells within strings of shells that are looked into


def find_start(argv: Sequence[str]) -> Start | NoStart:
    """Return where a package manager starts what may be the application, or why there is nothing to launch."""
    words = list(argv)
    if any(is_wrapped(words[at : at + 4]) for at in range(len(words))):
        return NoStart.ALREADY_LAUNCHED
    return _start(words, _DEPTH)


def _start(words: list[str], depth: int) -> Start | NoStart:
    """Answer for one command."""
    answer = _known(words, 0, depth)
    if answer is not None:
        return answer
    # An unknown program may start what stands in its arguments: ./entrypoint.sh npm start
    for at in range(1, min(len(words), _REACH)):
        name = _name(words[at])
        if name in SHELLS | SU or tool_of(name):
            answer = _known(words, at, depth)
            if isinstance(answer, Start):
                # In front of an option nothing can be put: it is for the image's ENTRYPOINT, which is not seen here.
                return NoStart.UNCERTAIN if words[0].startswith("-") else _supervised(answer)
            if answer is NoStart.ONE_SHOT and at + 1 < len(words):  # alone it may be any word
                return answer
    return NoStart.NO_PACKAGE_MANAGER


def _known(words: list[str], at: int, depth: int) -> Start | NoStart | None:
    """Answer for the program at ``at``, or behind the wrappers there; None if it is unknown."""
    open_end = len(words)  # behind a wrapper that goes on looking for options there
    while at < len(words):
        wrapper = wrapper_of(words[at])
        if wrapper is None:
            return _parted(_program(words, at, depth), words, open_end)
        behind = program_behind(wrapper, words, at)
        if behind is None:
            return NoStart.UNCERTAIN
        if wrapper.permutes and "--" not in words[at:behind]:
            open_end = min(open_end, behind)
        at = behind
    return NoStart.NO_PACKAGE_MANAGER


def _supervised(start: Start) -> Start:
    return replace(start, at=0, supervise=True, behind_options=False)


def _parted(answer: Start | NoStart | None, words: list[str], open_end: int) -> Start | NoStart | None:
    """Put ``--`` where the launcher goes, if the words from ``open_end`` on are searched for options, and have none."""
    if not isinstance(answer, Start) or answer.supervise or open_end == len(words):
        return answer
    if answer.at != open_end or any(word.startswith("-") for word in words[open_end:]):
        return NoStart.UNCERTAIN
    return replace(answer, behind_options=True)


def _program(words: list[str], at: int, depth: int) -> Start | NoStart | None:
    name = _name(words[at])
    if _OWN_ARGUMENTS.match(name):
        return None
    if "$" in name or "`" in name:
        return NoStart.UNCERTAIN
    if name in {"bun", "bunx"}:
        return NoStart.BUN
    if name in SHELLS:
        return _shell(words, at, depth)
    if name in SU:
        return _su(words, at, depth)
    if name == "eval":
        return _string(" ".join(words[at + 1 :]), Start(at, "sh", program_at=at), depth - 1)
    file = _node_file(words, at) if name in {"node", "nodejs"} else at
    tool = tool_of(_name(words[file])) if file < len(words) else None
    if tool:
        return _package_manager(words, at, file, tool)
    return NoStart.NO_PACKAGE_MANAGER if name in MANAGERS | QUICK else None


def _package_manager(words: list[str], at: int, file: int, tool: str) -> Start | NoStart:
    use = Use.HADOOP if "hadoop" in words[file] else use_of(tool, words[file + 1 :])
    if use is Use.RUN:
        return Start(at, tool, program_at=at)
    if use is Use.UNSURE:
        return Start(0, tool, supervise=True, program_at=at)
    return NoStart.ONE_SHOT if use is Use.ONCE else NoStart.NOT_NODE


def _node_file(words: list[str], at: int) -> int:
    """Return the index of the file that node runs, or ``len(words)``."""
    at += 1
    while at < len(words) and words[at].startswith("-"):
        if words[at] in NODE_WITHOUT_FILE:
            return len(words)
        at += 2 if words[at] in NODE_VALUES else 1
    return at


def _shell(words: list[str], at: int, depth: int) -> Start | NoStart | None:
    """Answer for a shell's -c string; None where there is none, or nothing in it."""
    has_string = False
    text = at + 1
    while text < len(words) and words[text][:1] in {"-", "+"}:
        option = words[text]
        text += 1
        if option in {"-", "--"}:
            break
        if option.startswith("--"):
            text += option in {"--init-file", "--rcfile"}
        else:
            has_string = has_string or (option[0] == "-" and "c" in option)
            text += option.count("o") + option.count("O")  # -o pipefail, -euxo pipefail, -O extglob
    if not has_string or text >= len(words):
        return None
    answer = _string(words[text], Start(at, _name(words[at]), program_at=at), depth - 1)
    return None if answer is NoStart.NO_PACKAGE_MANAGER else answer


def _su(words: list[str], at: int, depth: int) -> Start | NoStart | None:
    """Answer for the string of su -c, which stays in front of what it starts."""
    for index in range(at, len(words) - 1):
        if words[index] in {"-c", "--command"}:
            return _string(words[index + 1], Start(0, "sh", supervise=True, program_at=at), depth - 1)
    return None


def _string(text: str, start: Start, depth: int) -> Start | NoStart:
    """Answer for a shell's string: ``start``, if a package manager and anything that may last is in it."""
    commands = shell_words.commands(text) if depth > 0 else None
    if commands is None:  # unknown here: the launcher finds out, or supervises
        mentioned = start if _MENTION.search(text) else NoStart.NO_PACKAGE_MANAGER
        return NoStart.UNCERTAIN if _TRAP.search(text) else mentioned
    if any(words[0] == "trap" for words in commands):
        return NoStart.UNCERTAIN
    answers = [_start(words, depth) for words in commands]
    starts = [answer for answer in answers if isinstance(answer, Start)]
    if starts and all(inner.supervise for inner in starts):
        return _supervised(start)
    lasts = (a is not NoStart.ONE_SHOT and w[0] not in QUICK for a, w in zip(answers, commands, strict=True))
    if starts or (NoStart.ONE_SHOT in answers and any(lasts)):
        return start
    found = (NoStart.ONE_SHOT, NoStart.NOT_NODE, NoStart.BUN, NoStart.UNCERTAIN)
    return next((answer for answer in found if answer in answers), NoStart.NO_PACKAGE_MANAGER)


def _name(word: str) -> str:
    return word.rpartition("/")[2]
