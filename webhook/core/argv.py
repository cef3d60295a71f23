"""Find where in a container's argv the launcher goes: in front of npm, yarn, pnpm or their shell.

The argv is ``command`` + ``args`` as the Pod has them. The kubelet expands ``$(VAR)`` within an element and never
splits one, so positions found here are positions at run time.
https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from webhook.core import shell_words
from webhook.core.package_managers import Use, table, tool_of, use_of
from webhook.core.wrappers import program_behind, wrapper_of


@dataclass(frozen=True)
class Start:
    """A package manager is started here."""

    at: int  # index of the element in front of which the launcher is put
    tool: str  # npm, npx, yarn, pnpm, pnpx, corepack, or the shell whose -c string mentions one
    supervise: bool = False  # only the supervisor, in front of the whole argv: `at` is 0


class NoStart(Enum):
    """Why the launcher goes nowhere."""

    NO_PACKAGE_MANAGER = auto()
    ONE_SHOT = auto()  # installs, tests, prints: over soon
    NOT_NODE = auto()  # Hadoop's yarn
    ALREADY_LAUNCHED = auto()
    UNCERTAIN = (
        auto()
    )  # which program runs is not known before it does, or a shell's own trap waits for signals
    BUN = auto()


_SHELLS = table("sh bash ash dash zsh ksh")
# Programs that run no program in their arguments, or look after it themselves, as process managers do.
_NO_WRAPPERS = table(
    "node nodejs deno pm2 pm2-runtime pm2-docker pm2-dev forever nodemon supervisord concurrently"
)
# The same, and over soon.
_QUICK = table(
    """
    : . [ [[ alias apk apt apt-get cat cd chmod chown cp curl declare echo exit export false fi for case done esac
    function grep hash kill ln local ls mkdir mv printf pwd read readonly return rm sed select set shift source test
    touch true type ulimit umask unset wait wget which }
    """
)
_NODE_VALUES = table(
    "-r --require --import --loader --experimental-loader -C --conditions --env-file --title --icu-data-dir"
)
_NODE_NO_FILE = table("-e --eval -p --print -pe -i --interactive --test --run -v --version -h --help")
_MENTION = re.compile(r"(?<![\w.-])(?:npm|npx|yarn|yarnpkg|pnpm|pnpx|corepack)(?![\w./-])", re.ASCII)
_REACH = 64  # words of an unknown wrapper that are looked at
_DEPTH = 4  # shells in strings of shells


def find_start(argv: Sequence[str]) -> Start | NoStart:
    """Return where a package manager that runs an application is started, or why there is nothing to launch."""
    for at in range(len(argv) - 3):
        if (argv[at], argv[at + 1], argv[at + 3]) == ("/bin/sh", "-c", "lastcall"):
            return NoStart.ALREADY_LAUNCHED
    return _start(argv, _DEPTH)


def _start(words: Sequence[str], depth: int) -> Start | NoStart:
    """Answer for one command; ``depth`` shells in strings of shells are still looked into."""
    at = 0
    while at < len(words):
        answer = _known(words, at, depth)
        if answer is not None:
            return answer
        wrapper = wrapper_of(words[at])
        if wrapper is None:
            return _behind_unknown(words, at, depth)
        behind = program_behind(wrapper, words, at)
        if behind is None:
            return NoStart.UNCERTAIN
        at = behind
    return NoStart.NO_PACKAGE_MANAGER


def _known(words: Sequence[str], at: int, depth: int) -> Start | NoStart | None:
    """Answer if the program at ``at`` is one that we know and no wrapper."""
    name = _name(words[at])
    if "$" in name or "`" in name:
        return NoStart.UNCERTAIN
    if name in {"bun", "bunx"}:
        return NoStart.BUN
    if name in _SHELLS:
        return _shell(words, at, depth)
    if name == "eval":
        return _text(" ".join(words[at + 1 :]), "sh", at, depth - 1)
    script = _node_script(words, at) if name in {"node", "nodejs"} else at
    tool = tool_of(_name(words[script])) if script < len(words) else None
    if tool:
        return _package_manager(words, at, script, tool)
    return NoStart.NO_PACKAGE_MANAGER if name in _NO_WRAPPERS | _QUICK else None


def _package_manager(words: Sequence[str], at: int, script: int, tool: str) -> Start | NoStart:
    use = Use.HADOOP if "hadoop" in words[script] else use_of(tool, words[script + 1 :])
    match use:
        case Use.RUN:
            return Start(at, tool)
        case Use.UNSURE:
            return Start(0, tool, supervise=True)
        case Use.ONCE:
            return NoStart.ONE_SHOT
        case Use.HADOOP:
            return NoStart.NOT_NODE


def _node_script(words: Sequence[str], at: int) -> int:
    """Return the index of the file that node runs, ``len(words)`` if there is none."""
    at += 1
    while at < len(words) and words[at].startswith("-"):
        if words[at] in _NODE_NO_FILE:
            return len(words)
        at += 2 if words[at] in _NODE_VALUES else 1
    return min(at, len(words))


def _shell(words: Sequence[str], at: int, depth: int) -> Start | NoStart:
    """Answer for a shell: its -c string, else (a file, or "$@" in the string) what stands behind."""
    text = at + 1
    is_string = False
    while text < len(words) and words[text][:1] in {"-", "+"}:
        option = words[text]
        text += 1
        if option in {"-", "--"}:
            break
        if option.startswith("--"):
            text += option in {"--rcfile", "--init-file"}
        else:
            is_string |= option[0] == "-" and "c" in option
            text += option.count("o") + option.count("O")
    if text >= len(words):
        return NoStart.NO_PACKAGE_MANAGER
    answer = _text(words[text], _name(words[at]), at, depth - 1) if is_string else NoStart.NO_PACKAGE_MANAGER
    behind = _behind_unknown(words, text, depth)
    return behind if isinstance(behind, Start) and not isinstance(answer, Start) else answer


def _text(text: str, shell: str, at: int, depth: int) -> Start | NoStart:
    """Answer for a shell's string: a start if a package manager and anything that may last is in it."""
    start = Start(at, shell)
    commands = shell_words.commands(text) if depth else None
    if commands is None:
        # What the scanner cannot tell, the launcher finds out or supervises.
        return start if _MENTION.search(text) else NoStart.NO_PACKAGE_MANAGER
    if any(words[0] == "trap" for words in commands):
        return NoStart.UNCERTAIN
    answers = [_start(words, depth) for words in commands]
    starts = [answer for answer in answers if isinstance(answer, Start)]
    if starts:
        return Start(0, shell, supervise=True) if all(s.supervise for s in starts) else start
    if NoStart.ONE_SHOT in answers:
        lasting = (a for a, words in zip(answers, commands, strict=True) if words[0] not in _QUICK)
        return NoStart.ONE_SHOT if all(a is NoStart.ONE_SHOT for a in lasting) else start
    for answer in (NoStart.NOT_NODE, NoStart.BUN, NoStart.UNCERTAIN):
        if answer in answers:
            return answer
    return NoStart.NO_PACKAGE_MANAGER


def _behind_unknown(words: Sequence[str], at: int, depth: int) -> Start | NoStart:
    """Answer for a program that may start what stands in its arguments: ./entrypoint.sh npm start."""
    once = NoStart.NO_PACKAGE_MANAGER
    for index in range(at + 1, min(len(words), at + _REACH)):
        name = _name(words[index])
        answer: Start | NoStart | None = None
        if name in _SHELLS or tool_of(name):
            answer = _known(words, index, depth - 1) if depth else None
        if isinstance(answer, Start):
            return Start(0, answer.tool, supervise=True)
        if answer is NoStart.ONE_SHOT:
            once = answer
    return once


def _name(word: str) -> str:
    return word.rpartition("/")[2]
