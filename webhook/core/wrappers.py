"""Programs that end in an exec of the program in their arguments, and where in their arguments that stands."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from webhook.core.package_managers import table


@dataclass(frozen=True)
class Wrapper:
    """A wrapper's command line: its options, its operands, then the program and the program's arguments."""

    values: AbstractSet[str] = frozenset()
    """Options whose value is the next word, or the rest of theirs."""
    operands: int = 0
    """Words between the options and the program."""
    opaque: AbstractSet[str] = frozenset()
    """Options that hide the program, or with which there is none."""
    permutes: bool = False
    """Without ``--`` it takes options from behind the program, too: glibc's getopt(3), with no ``+`` in its string."""


_TINI = Wrapper(table("-p -e"), permutes=True)  # https://github.com/krallin/tini: getopt "hvwgle:p:s"
_AS_USER = Wrapper(operands=1)
_ENV = Wrapper(table("-C -a -u --argv0 --chdir --unset"), opaque=table("-S --split-string"))
_WRAPPERS = {
    "tini": _TINI,
    "tini-static": _TINI,
    "docker-init": _TINI,  # the same program, as Docker installs it
    "dumb-init": Wrapper(table("-r --rewrite")),  # https://github.com/Yelp/dumb-init: getopt "+hvVcr:"
    "catatonit": Wrapper(permutes=True),  # https://github.com/openSUSE/catatonit: getopt "ghLPV"
    "docker-entrypoint.sh": Wrapper(),
    "su-exec": _AS_USER,
    "gosu": _AS_USER,
    "setuidgid": _AS_USER,
    "s6-setuidgid": _AS_USER,
    "setpriv": Wrapper(
        table(
            """
            --ambient-caps --apparmor-profile --bounding-set --egid --euid --groups --inh-caps --landlock-access
            --landlock-rule --pdeathsig --ptracer --regid --reuid --rgid --ruid --seccomp-filter --securebits
            --selinux-label
            """
        )
    ),
    "env": _ENV,
    "nice": Wrapper(table("-n --adjustment")),
    "ionice": Wrapper(table("-c -n --class --classdata")),
    "stdbuf": Wrapper(table("-e -i -o --error --input --output")),
    "nohup": Wrapper(),
    # Builtins, in a shell's string:
    "exec": Wrapper(table("-a")),
    "command": Wrapper(opaque=table("-V -v")),
}
# Of the official image: runs node if its first argument is an option or no command, and ends in exec "$@"
# (https://github.com/nodejs/docker-node). One elsewhere is the application's own and may look at what it is given.
_OFFICIAL = table("docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh")


def wrapper_of(word: str) -> Wrapper | None:
    """Return the wrapper that ``word`` starts, if it is one."""
    name = word.rpartition("/")[2]
    if name == "docker-entrypoint.sh" and word not in _OFFICIAL:
        return None
    return _WRAPPERS.get(name)


def behind_wrappers(argv: list[str]) -> tuple[list[str], list[str]]:
    """Return the wrappers in front of an argv, and the argv behind them: empty if one of them hides its program."""
    wrappers: list[str] = []
    at: int | None = 0
    while at is not None and at < len(argv) and (wrapper := wrapper_of(argv[at])):
        wrappers.append(argv[at])
        at = program_behind(wrapper, argv, at)
    return wrappers, ([] if at is None else argv[at:])


def program_behind(wrapper: Wrapper, words: list[str], at: int) -> int | None:
    """Return the index of the program behind the wrapper at ``at``; ``len(words)`` if there is none, None if hidden.

    An option that takes a value and is not known to do so makes a program of its value: an unknown one.
    """
    at += 1
    while at < len(words) and words[at].startswith("-"):
        option = words[at]
        at += 1
        if option == "--":
            break
        if _lacks_value(option, wrapper.opaque) is not None:
            return None
        at += _lacks_value(option, wrapper.values) is True
    at += wrapper.operands
    while wrapper is _ENV and at < len(words) and "=" in words[at]:
        at += 1
    return min(at, len(words))


def _lacks_value(option: str, known: AbstractSet[str]) -> bool | None:
    """Return whether the known option in ``option`` is without a value there; None if no known one is in it.

    As getopt has it: --long, --long=value, and -abX is -a -b -X, or -a -b with the value X.
    """
    if option.startswith("--"):
        name, equals, _ = option.partition("=")
        return not equals if name in known else None
    for index, letter in enumerate(option[1:], start=2):
        if f"-{letter}" in known:
            return index == len(option)
    return None
