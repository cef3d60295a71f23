"""Whether a Pod proves that the launcher can start at its position, and which word starts its shell.

Two things must hold, or a container that starts today would not start any more:

- **The position is executed.** In ``command`` it is, and behind an ENTRYPOINT that the Pod declares. ``args`` alone are
  not changed: the ENTRYPOINT that they go to is unknown. It may be ``node``, may inspect them, or be ``tini`` without
  ``--``, which takes the launcher's ``-c`` as its own option.
- **The image has a shell.** A Pod that starts one says so. npm, npx, pnpm and yarn 1 run scripts by ``sh``, and all of
  them, with corepack, are started by ``#!/usr/bin/env node`` or ``#!/bin/sh``: images without a shell have neither.
  ``node FILE`` needs no such line, and yarn 2 and newer has a shell of its own, so it may run in a distroless image.

Sources: https://github.com/GoogleContainerTools/distroless, @npmcli/promise-spawn, @yarnpkg/shell, yarn 1's
``src/util/execute-lifecycle-script.js``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webhook.core.package_managers import table, tool_of
from webhook.core.wrappers import program_behind, wrapper_of
from webhook.launcher import SHELLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.core.argv import Start

DEFAULT_SHELL = "/bin/sh"
_PACKAGE_MANAGERS = table("npm npx pnpm pnpx yarn yarnpkg corepack")
# No programs: where they are started, something evaluates the argv as text, and would evaluate the launcher, too.
_BUILTINS = table("command eval exec")
_ENTRYPOINT = "docker-entrypoint.sh"  # of the official image, a /bin/sh script; others are no wrappers
_JAVASCRIPT = re.compile(r"\.[cm]?js$")
# .yarn/releases/yarn-1.22.22.cjs, /opt/yarn-v1.22.22/bin/yarn.js: child_process with `shell: true`, which is /bin/sh
_YARN_1 = re.compile(r"(?:^|/)yarn-v?1\.")
_NEEDS_SHELL = table("su runuser")  # su starts the user's shell; runuser comes with it in util-linux
# They start the program in their arguments here: in this container, with its root folder and PATH.
_STARTS_HERE = table(
    """
    aws-vault chamber chrt cross-env dockerize doppler dotenv dotenvx env-cmd flock infisical op runuser setsid su sudo
    taskset time timeout wait-for wait-for-it xvfb-run
    """
)


def shell_word(words: Sequence[str], start: Start, image_shell: str = "unknown") -> str | None:
    """Return the word that starts the launcher's shell at ``start``, or None where it might not start.

    ``image_shell`` is the setting: with ``yes`` the image has /bin/sh.
    """
    argv = list(words)
    wrappers, first = _front(argv, start)
    if not _is_executed(start, wrappers, argv[first]):
        return None
    shell = _proof(argv, start, first)
    if not shell and (image_shell == "yes" or any(_name(word) == _ENTRYPOINT for word in wrappers)):
        return DEFAULT_SHELL
    return shell


def _front(words: list[str], start: Start) -> tuple[list[str], int]:
    """Return the wrappers in front, and the index of the first program that is none."""
    wrappers, at = [], 0
    while at < start.program_at and (wrapper := wrapper_of(words[at])):
        wrappers.append(words[at])
        at = program_behind(wrapper, words, at) or start.program_at  # find_start has seen through all of them
    return wrappers, at


def _is_executed(start: Start, wrappers: Sequence[str], program: str) -> bool:
    """Return whether the word at the launcher's position, in front of ``program``, is executed."""
    if not _BUILTINS.isdisjoint((*wrappers, program)):
        return False
    # The official entrypoint gives a file that is not executable to node.
    by_node = _JAVASCRIPT.search(program) and any(_name(word) == _ENTRYPOINT for word in wrappers)
    return start.supervise or not by_node


def _proof(words: list[str], start: Start, first: int) -> str | None:
    """Return the shell that the programs need: the one at ``first``, and the one that was recognised behind it."""
    if start.supervise and any(word.startswith("PATH=") for word in words[: start.program_at]):
        return None  # the launcher goes in front of `env PATH=...`, where another PATH is in force
    if first != start.program_at:
        unknown = words[first]
        if is_shell(unknown):
            return unknown
        if unknown.endswith(".sh"):
            return "sh"
        if _name(unknown) not in _STARTS_HERE:
            return None  # kubectl exec, docker run, ssh, chroot, nsenter, ... start it elsewhere
    word = words[start.program_at]
    if is_shell(word):
        return word
    if _name(word) in _PACKAGE_MANAGERS | _NEEDS_SHELL:
        return "sh"
    file = next((each for each in words[start.program_at :] if tool_of(_name(each))), "")
    return DEFAULT_SHELL if _YARN_1.search(file) else None


def is_shell(word: str) -> bool:
    """Return whether the word starts a shell that can run the launcher, in any working directory."""
    return _name(word) in SHELLS and ("/" not in word or word.startswith("/"))


def _name(word: str) -> str:
    return word.rpartition("/")[2]
