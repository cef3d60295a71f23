"""What a package manager's command line is for: running something that may last, or something that ends soon.

The tables follow the releases themselves: npm 6 to 11 (``lib/utils/cmd-list.js``), yarn 1 (``yarn help``) and 4
(``yarn --help``), pnpm 8 to 11 (``commandNames`` in ``dist/pnpm.cjs``). A command that installs is recognised because
it must not be launched: the project's own install scripts would run after the installation, not within it.
Any other mistake is harmless, because the launcher lets the package manager run its own command line.
"""

import re
from collections.abc import Sequence
from enum import Enum, auto


class Use(Enum):
    """What a command line makes the package manager do."""

    RUN = auto()  # a script or a program, which may be the application
    ONCE = auto()  # installs, tests, prints: ends soon
    UNSURE = auto()  # one or the other
    HADOOP = auto()  # nothing: it is Hadoop's yarn


def table(text: str) -> frozenset[str]:
    """Return the words of ``text``."""
    return frozenset(text.split())


# The program on PATH, the file that `node` is given, or a release in .yarn/releases.
_TOOL = re.compile(r"(npm|npx|yarn|pnpm|pnpx|corepack)(?:pkg|-cli)?(?:-\d[\w.+-]*)?(?:\.[cm]?js)?", re.ASCII)

_NPM_RUN = table("start restart run run-script rum urn exec x")
# `stop` runs a script too, but one that ends something; `explore` opens a shell.
_NPM_ONCE = table(
    """
    access add add-user adduser apihelp approve-scripts audit author bin birthday bugs build c cache ci
    cit clean-install clean-install-test completion config create ddp dedupe deny-scripts deprecate diff
    dist-tag dist-tags docs doctor edit explain explore find find-dupes fund get help help-search hlep
    home hook i ic in info init innit ins inst insta instal install install-ci-test install-clean
    install-scripts install-test isnt isnta isntal isntall isntall-clean issues it la link list ll ln
    login logout ls ogr org outdated owner pack ping pkg prefix profile prune publish query r rb rebuild
    remove repo rm root s sbom se search set set-script show shrinkwrap sit stage star stars stop substack
    t team test token trust tst u udpate un unbuild undeprecate uninstall unlink unpublish unstar up
    update upgrade v verison version view visnup whoami why xmas
    """
)
# Flags with a value in the next word. nopt takes unknown flags for booleans, and so is done here: the value of a
# flag that is missing here is then no command of npm's, which is UNSURE.
_NPM_VALUES = table(
    """
    -C -L -c -w --cache --call --globalconfig --include --location --loglevel --logs-dir --node-options --omit
    --only --package --prefix --registry --scope --script-shell --user-agent --userconfig --workspace
    """
)

# A name that only yarn 1 or only yarn 4 has is here where it installs, or is no likely name of a script.
_YARN_ONCE = table(
    """
    access add audit autoclean bin cache check config constraints create dedupe explain
    generate-lock-entry generateLockEntry global help import info init install licenses link list lockfile
    login logout npm outdated owner pack patch patch-commit plugin policies prune publish rebuild remove
    set tag team test unlink unplug up upgrade upgrade-interactive upgradeInteractive version versions why
    """
)
# Commander takes the next word for [value] as for <value>: `yarn --production start` installs.
_YARN_VALUES = table(
    """
    --cache-folder --cwd --emoji --global-folder --https-proxy --link-folder --modules-folder --mutex
    --network-concurrency --network-timeout --otp --preferred-cache-folder --prod --production --proxy --registry
    --scripts-prepend-node-path --use-yarnrc
    """
)
# https://hadoop.apache.org/docs/stable/hadoop-yarn/hadoop-yarn-site/YarnCommands.html, less the names that a script
# may well have (app, node, queue, router, ...): what those are is found out by the launcher.
_HADOOP = table(
    """
    applicationattempt classpath daemonlog historyserver jar nodeattributes nodemanager proxyserver registrydns
    resourcemanager rmadmin schedulerconf scmadmin sharedcachemanager timelinereader timelineserver
    """
)
_HADOOP_FLAGS = table("--config --daemon --buildpaths --workers")

# What all of pnpm 8 to 11 have, and what installs in any of them. A new name may be a script under an old pnpm.
_PNPM_ONCE = table(
    """
    access add adduser approve-builds audit bin bugs c cache cat-file cat-index ci clean-install
    completion config create dedupe deploy deprecate dislink dist-tag docs doctor env fetch find-hash get
    help i ic ignored-builds import info init install install-clean install-test it la licenses link list
    ll ln login logout ls outdated owner pack patch patch-commit patch-remove ping pkg prefix prune
    publish rb rebuild remove repo rm root s se search self-update set set-script setup show star stars
    store t team test tst un uni uninstall unlink unpublish unstar up update upgrade v version view whoami
    why
    """
)
# pnpm looks for its command with the options of `add` and `install`.
_PNPM_VALUES = table(
    """
    -C -F --allow-build --cache-dir --changed-files-ignore-pattern --child-concurrency --cpu --dir
    --fetch-retries --fetch-retry-factor --fetch-retry-maxtimeout --fetch-retry-mintimeout --fetch-timeout
    --filter --filter-prod --global-bin-dir --global-dir --global-pnpmfile --hoist-pattern --https-proxy
    --libc --lockfile-dir --lockfile-directory --loglevel --merge-git-branch-lockfiles-branch-pattern
    --modules-dir --network-concurrency --node-linker --noproxy --npm-path --only --os
    --package-import-method --pnpmfile --prefix --proxy --public-hoist-pattern --registry --reporter
    --save-catalog-name --save-prefix --script-shell --scripts-prepend-node-path --store-dir
    --test-pattern --trust-policy --trust-policy-exclude --trust-policy-ignore-after --virtual-store-dir
    --workspace-concurrency --workspace-packages
    """
)

_VALUES = {"npm": _NPM_VALUES, "yarn": _YARN_VALUES, "pnpm": _PNPM_VALUES}
_ONCE = {"npm": _NPM_ONCE, "yarn": _YARN_ONCE, "pnpm": _PNPM_ONCE}


def tool_of(name: str) -> str | None:
    """Return the package manager that a file of this name is."""
    match = _TOOL.fullmatch(name)
    return match[1] if match else None


def use_of(tool: str, arguments: Sequence[str]) -> Use:
    """Return what ``tool`` does with these arguments."""
    for _ in range(3):  # corepack yarn ..., yarn workspace a ...: deeper nesting is UNSURE
        words = arguments[_first_operand(arguments, _VALUES.get(tool, frozenset())) :]
        match tool, words[:2]:
            case "corepack", [name, *_] if inner := tool_of(name.partition("@")[0]):  # corepack npm@10 start
                tool, arguments = inner, words[1:]
            case "yarn", ["workspace", _]:
                arguments = words[2:]
            case "pnpm", ["recursive" | "multi" | "m", *_]:
                arguments = words[1:]
            case _:
                return _use_of_command(tool, arguments, words)
    return Use.UNSURE


def _use_of_command(tool: str, arguments: Sequence[str], words: Sequence[str]) -> Use:
    """Answer for a command, ``words``, behind the tool's own flags."""
    if tool in {"npx", "pnpx"}:
        return Use.RUN
    if tool == "yarn" and not (_HADOOP_FLAGS.isdisjoint(arguments[:1]) and _HADOOP.isdisjoint(words[:1])):
        return Use.HADOOP
    if not words:
        return Use.ONCE
    command = words[0]
    if "$" in command or "`" in command:  # the kubelet or a shell expands it
        return Use.UNSURE
    if tool == "npm" and command not in _NPM_RUN | _NPM_ONCE:  # npm knows abbreviations: npm rest
        return Use.UNSURE
    if tool == "yarn" and command == "workspaces":
        return Use.ONCE if {"run", "foreach"}.isdisjoint(words[1:2]) else Use.RUN
    return Use.ONCE if tool == "corepack" or command in _ONCE[tool] else Use.RUN


def _first_operand(arguments: Sequence[str], values: frozenset[str]) -> int:
    """Return the index of the first argument that is neither a flag nor a flag's value."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        if arguments[at] == "--":
            return at + 1
        at += 2 if arguments[at] in values else 1
    return at
