"""Programs that end in an exec of the program in their arguments, and where in their arguments it stands."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Wrapper:
    """The command line of a wrapper: options, operands, the program and its arguments."""

    values: str = ""  # options whose value is the next word
    operands: int = 0  # words between the options and the program
    opaque: str = ""  # options that hide the program, or with which there is none


_TINI = Wrapper("-p -e")  # https://github.com/krallin/tini: getopt "+hvwgle:p:s"
_AS_USER = Wrapper(operands=1)
WRAPPERS = {
    "tini": _TINI,
    "tini-static": _TINI,
    "docker-init": _TINI,  # the same program, as Docker installs it
    "dumb-init": Wrapper("-r --rewrite"),  # https://github.com/Yelp/dumb-init: getopt "+hvVcr:"
    "catatonit": Wrapper(),
    # Of the official node image: runs `node` if $1 is an option or no command, then exec "$@".
    # https://github.com/nodejs/docker-node/blob/main/docker-entrypoint.sh
    "docker-entrypoint.sh": Wrapper(),
    "su-exec": _AS_USER,
    "gosu": _AS_USER,
    "s6-setuidgid": _AS_USER,
    "setuidgid": _AS_USER,
    "setpriv": Wrapper(
        "--ambient-caps --apparmor-profile --bounding-set --egid --euid --groups --inh-caps --pdeathsig --regid"
        " --reuid --rgid --ruid --securebits --selinux-label"
    ),
    "env": Wrapper("-u --unset -C --chdir -a --argv0", opaque="-S --split-string"),
    "nice": Wrapper("-n --adjustment"),
    "ionice": Wrapper("-c --class -n --classdata"),
    "stdbuf": Wrapper("-i --input -o --output -e --error"),
    "nohup": Wrapper(),
    # Builtins, in the string of a shell:
    "exec": Wrapper("-a"),
    "command": Wrapper(opaque="-v -V"),
}
# A docker-entrypoint.sh elsewhere is the application's own and may look at what it is given.
_OFFICIAL = frozenset(("docker-entrypoint.sh", "/usr/local/bin/docker-entrypoint.sh"))


def wrapper_of(word: str) -> Wrapper | None:
    """Return the wrapper that ``word`` starts, if it is one."""
    name = word.rpartition("/")[2]
    if name == "docker-entrypoint.sh" and word not in _OFFICIAL:
        return None
    return WRAPPERS.get(name)


def program_behind(wrapper: Wrapper, words: Sequence[str], at: int) -> int | None:
    """Return the index of the program behind the wrapper at ``at``, perhaps ``len(words)``; None if it is hidden."""
    values, opaque = wrapper.values.split(), wrapper.opaque.split()
    at += 1
    while at < len(words) and words[at].startswith("-"):
        option = words[at]
        at += 1
        if option == "--":
            break
        if takes_next(option, opaque) is not None:
            return None
        at += takes_next(option, values) is True
    at += wrapper.operands
    if wrapper is WRAPPERS["env"]:
        while at < len(words) and "=" in words[at]:
            at += 1
    return min(at, len(words))


def takes_next(option: str, known: Sequence[str]) -> bool | None:
    """Tell whether a known option in ``option`` is without its value (True) or with it; None if there is none.

    As getopt does: ``--long``, ``--long=value``, and ``-abX`` as ``-a -b -X``, or ``-a`` with the value ``bX``.
    """
    if option.startswith("--"):
        name, equals, _ = option.partition("=")
        return not equals if name in known else None
    for index, letter in enumerate(option[1:], start=2):
        if f"-{letter}" in known:
            return index == len(option)
    return None
