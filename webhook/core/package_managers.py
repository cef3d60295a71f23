"""What a package manager's command line is for: running the application, or something that is over soon.

The tables are the command tables of the releases themselves: npm 6 to 11 (``lib/utils/cmd-list.js``), yarn 1
(``yarn help``), yarn 4 (``yarn --help``), pnpm 8 to 11 (``commandNames``). A command that only installs must not be
launched: the launcher would run the project's own install scripts after the installation instead of during it.
"""

import re
from collections.abc import Sequence
from enum import Enum, auto


class Use(Enum):
    """What a command line makes the package manager do."""

    RUN = auto()  # a script or a program, which may be the application
    ONCE = auto()  # install, test, print, ...: over soon
    UNSURE = auto()  # one or the other
    HADOOP = auto()  # another program of the same name


def table(text: str) -> frozenset[str]:
    """Return the words of ``text``."""
    return frozenset(text.split())


# As a program on PATH, as the file that `node` is given, or as a release in .yarn/releases.
_PROGRAM = re.compile(
    r"(npm|npx|yarn|pnpm|pnpx|corepack)(?:pkg|-cli)?(?:-\d[\w.+-]*)?(?:\.[cm]?js)?", re.ASCII
)

_NPM_RUN = table("start restart run run-script rum urn exec x")
# stop is a script too, but one that ends something.
_NPM_ONCE = table(
    """
    access add add-user adduser apihelp approve-scripts audit author bin bugs build c cache ci cit clean-install
    clean-install-test completion config create ddp dedupe deny-scripts deprecate diff dist-tag dist-tags docs doctor
    edit explain explore find find-dupes fund get help help-search hlep home hook i ic in info init innit ins inst insta
    instal install install-ci-test install-clean install-scripts install-test isnt isnta isntal isntall isntall-clean
    issues it la link list ll ln login logout ls ogr org outdated owner pack ping pkg prefix profile prune publish query
    r rb rebuild remove repo rm root s sbom se search set shrinkwrap show sit stage star stars stop t team test token
    trust tst u udpate un unbuild undeprecate uninstall unlink unpublish unstar up update upgrade v verison version view
    whoami why
    """
)
# nopt: an unknown flag has no separate value. A flag with a value that is missing here leads to UNSURE, since the
# value is then taken for a command that npm does not know.
_NPM_VALUES = table(
    """
    -C --prefix -w --workspace --loglevel --userconfig --globalconfig --cache --registry --script-shell
    --node-options --omit --include --only --scope -c --call --package --location -L --logs-dir --user-agent
    """
)

# Names that only one of yarn 1 and 4 knows are here if they would be absurd as the name of a long-running script.
_YARN_ONCE = table(
    """
    access add audit autoclean bin cache check config constraints create dedupe explain generate-lock-entry
    generateLockEntry global help import info init install licenses link list lockfile login logout npm outdated owner
    pack patch patch-commit plugin policies prune publish rebuild remove set tag team test unlink unplug up upgrade
    upgrade-interactive upgradeInteractive version versions why
    """
)
# yarn 1: commander's <value> and [value] alike take the next word, so `yarn --production start` is an installation.
_YARN_VALUES = table(
    """
    --cwd --production --prod --emoji --scripts-prepend-node-path --use-yarnrc --link-folder --global-folder
    --modules-folder --preferred-cache-folder --cache-folder --mutex --proxy --https-proxy --registry
    --network-concurrency --network-timeout --otp
    """
)
# https://hadoop.apache.org/docs/stable/hadoop-yarn/hadoop-yarn-site/YarnCommands.html, without the names that a
# script may well have (app, node, queue, router, ...): there the launcher finds out.
_HADOOP = table(
    """
    applicationattempt classpath daemonlog historyserver jar nodeattributes nodemanager proxyserver registrydns
    resourcemanager rmadmin schedulerconf scmadmin sharedcachemanager timelinereader timelineserver
    """
)

# Commands of all of pnpm 8 to 11, and those that install in any of them.
_PNPM_ONCE = table(
    """
    add approve-builds audit bin c cache cat-file cat-index ci clean-install completion config create dedupe deploy
    dislink doctor env fetch find-hash get help i ic ignored-builds import init install install-clean install-test it la
    licenses link list ll ln ls outdated pack patch patch-commit patch-remove prune publish rb rebuild remove rm root
    self-update set setup store t test tst un uni uninstall unlink up update upgrade version why
    """
)
_PNPM_VALUES = table(
    """
    -C --dir --prefix -F --filter --filter-prod --loglevel --reporter --test-pattern --changed-files-ignore-pattern
    --workspace-concurrency --store-dir --virtual-store-dir --modules-dir --lockfile-dir --registry --script-shell
    """
)


def tool_of(program: str) -> str | None:
    """Return the package manager that a program's or a JavaScript file's base name stands for."""
    match = _PROGRAM.fullmatch(program)
    return match[1] if match else None


def use_of(tool: str, arguments: Sequence[str]) -> Use:
    """Tell what ``tool`` does with these arguments."""
    if tool in {"npx", "pnpx"}:
        return Use.RUN
    values = {"npm": _NPM_VALUES, "yarn": _YARN_VALUES, "pnpm": _PNPM_VALUES}.get(tool, frozenset[str]())
    at = _first_operand(arguments, values)
    if at == len(arguments):
        return Use.HADOOP if tool == "yarn" and "--daemon" in arguments else Use.ONCE
    if "$(" in arguments[at]:
        return Use.UNSURE
    return {"npm": _npm, "yarn": _yarn, "pnpm": _pnpm, "corepack": _corepack}[tool](arguments[at:])


def _first_operand(arguments: Sequence[str], values: frozenset[str]) -> int:
    """Return the index of the first argument that is neither a flag nor a flag's value."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        if arguments[at] == "--":
            return at + 1
        at += 2 if arguments[at] in values else 1
    return min(at, len(arguments))


def _npm(words: Sequence[str]) -> Use:
    if words[0] in _NPM_RUN:
        return Use.RUN
    # npm also takes unique abbreviations (`npm rest`) and camel case.
    return Use.ONCE if words[0] in _NPM_ONCE else Use.UNSURE


def _yarn(words: Sequence[str]) -> Use:
    match words:
        case ["workspace", _, *command]:
            return use_of("yarn", command)
        case ["workspaces", command, *_]:
            return Use.RUN if command in {"run", "foreach"} else Use.ONCE
    if words[0] in _HADOOP:
        return Use.HADOOP
    return Use.ONCE if words[0] in _YARN_ONCE else Use.RUN


def _pnpm(words: Sequence[str]) -> Use:
    if words[0] in {"recursive", "multi", "m"}:
        return use_of("pnpm", words[1:])
    return Use.ONCE if words[0] in _PNPM_ONCE else Use.RUN


def _corepack(words: Sequence[str]) -> Use:
    tool = tool_of(words[0].partition("@")[0])  # corepack npm@10 start
    return use_of(tool, words[1:]) if tool else Use.ONCE  # enable, prepare, ...
