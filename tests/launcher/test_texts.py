"""The launcher's texts and the functions that put them around an argv."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from webhook import launcher
from webhook.launcher import texts

SOURCES = Path(launcher.__file__).parent / "src"
LIMIT = 6 * 1024
HOOK_LIMIT = 2048


@pytest.fixture(name="build", scope="module")
def _build() -> dict[str, Any]:
    return runpy.run_path(str(SOURCES / "build.py"))


def expand(text: str) -> str:
    """Do what the kubelet does to a string (k8s.io/kubernetes expansion.Expand), every variable being known as X."""
    return re.sub(r"\$(\$|\([^)]*\))", lambda match: "$" if match[1] == "$" else "X", text)


@pytest.mark.parametrize("mode", launcher.MODES)
def test_text_is_small_and_plain(mode: launcher.Mode) -> None:
    """Every text stays below 6 KiB as a Pod spells it, and is printable ASCII."""
    text = launcher.text(mode)
    assert len(text.encode()) < LIMIT
    assert all(character.isprintable() or character == "\n" for character in text)
    assert text.isascii()


def test_hook_is_small_and_plain() -> None:
    """The hook's text stays below 2 KiB as a Pod spells it, which is as it stands: the kubelet expands no hook."""
    assert len(texts.HOOK) < HOOK_LIMIT
    assert texts.HOOK.isascii()
    assert all(character.isprintable() or character == "\n" for character in texts.HOOK)
    assert "$$$" not in texts.HOOK, "not doubled"


def test_hook_sleeps_between_two_looks() -> None:
    """It looks ten times a second at most, once where sleep knows no fractions, and ends where there is none."""
    (wait,) = re.findall(r"(?s)while .*;do(.*)\ndone\ndone", texts.HOOK.partition("\nsleep ")[2])
    assert wait.endswith("sleep .1||sleep 1||exit 0")


@pytest.mark.parametrize("mode", launcher.MODES)
def test_text_survives_the_kubelet(mode: launcher.Mode) -> None:
    """The kubelet's expansion of variables gives back the text as it was written."""
    written = getattr(texts, mode.upper())
    assert expand(launcher.text(mode)) == written
    assert expand(written) != written, "control: undoubled, the text would be damaged"


@pytest.mark.parametrize("mode", launcher.MODES)
def test_wrapped_argv_keeps_the_original(mode: launcher.Mode) -> None:
    """The original argv follows the launcher element by element, untouched."""
    argv = ["npm", "start", "--", "$(PORT)", "a b", ""]
    wrapped = launcher.wrap(mode, argv)
    assert wrapped[-len(argv) :] == argv
    assert launcher.is_wrapped(wrapped)


@pytest.mark.parametrize("shell", ["sh", "/bin/sh", "/bin/ash", "bash", "/usr/bin/dash", "/busybox/sh"])
def test_any_of_its_shells_starts_the_launcher(shell: str) -> None:
    """A command is recognised as rewritten by whatever shell it is, with the text of whatever version."""
    assert launcher.wrap("init", ["npm"], shell)[:2] == [shell, "-c"]
    assert launcher.is_wrapped(launcher.wrap("init", ["npm"], shell))
    assert launcher.is_wrapped([shell, "-c", "the text of 0.1.0", "lastcall", "npm", "start"])


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["npm", "start"],
        ["/bin/sh", "-c", "npm start"],
        ["/bin/sh", "-c", "x", "y", "lastcall"],
        ["node", "-c", "x", "lastcall"],
    ],
)
def test_other_commands_are_not_taken_for_wrapped(argv: list[str]) -> None:
    """An argv that the launcher does not begin is not taken for a rewritten one."""
    assert not launcher.is_wrapped(argv)


def test_texts_are_those_of_the_sources(build: dict[str, Any]) -> None:
    """texts.py names the hash of the sources that it was made from; `make launcher` makes it anew."""
    assert build["sources_sha256"]() == texts.SOURCES_SHA256


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm to run terser with")
def test_texts_are_reproducible(build: dict[str, Any]) -> None:
    """Building again from the sources, with the pinned terser, gives the committed file."""
    assert build["build"]() == build["TARGET"].read_text()


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm to install eslint with")
def test_javascript_passes_eslint(build: dict[str, Any]) -> None:
    """The JavaScript is ES2015 without mistakes that eslint knows."""
    build["javascript"]()  # installs the pinned tools where they are missing
    done = subprocess.run(["node_modules/.bin/eslint", "."], cwd=SOURCES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    return subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)


def test_shell_passes_shellcheck(build: dict[str, Any]) -> None:
    """Every part is POSIX sh to shellcheck, but for what its first line excepts by name, and laid out by shfmt."""
    assert sorted(build["SHELL"]) == sorted(path.name for path in SOURCES.glob("*.sh"))
    checked = _tool("shellcheck", "--shell=sh", *build["SHELL"])
    assert checked.returncode == 0, checked.stdout
    laid_out = _tool("shfmt", "-i", "2", "-ci", "-d", *build["SHELL"])
    assert laid_out.returncode == 0, laid_out.stdout


def _names(source: str) -> tuple[set[str], set[str]]:
    """Return the functions and the variables of shell source."""
    code = re.sub(r"(^|\s)# .*", "", source)
    functions = re.findall(r"^(_\w+)\(\)", code, re.MULTILINE)
    return set(functions), set(re.findall(r"(?<=[ (])([a-z]\w*)=", code) + re.findall(r"\b(?:read -r|for) (\w+)", code))


def test_every_long_name_has_a_short_one(build: dict[str, Any]) -> None:
    """The two tables name all functions and variables of the shell sources, and nothing else."""
    functions, variables = _names("".join((SOURCES / name).read_text() for name in build["SHELL"]))
    assert functions == set(build["FUNCTIONS"])
    assert variables == set(build["VARIABLES"])


@pytest.mark.parametrize("name", ["INIT", "EXEC", "SUPERVISE", "HOOK"])
def test_no_long_name_survives(name: str, build: dict[str, Any]) -> None:
    """Every function and variable of the shell sources has its short name in the text."""
    parts = build["TEXTS"][name]
    functions, variables = _names("".join((SOURCES / part).read_text() for part in parts))
    assert {"_gone", "_catches"} < functions, "control"
    assert not [each for each in functions if re.search(rf"\b{each}\b", getattr(texts, name))]
    assert not [each for each in variables if re.search(rf"\b{each}\b", build["shell"](parts))]


def test_short_names_mean_one_thing(build: dict[str, Any]) -> None:
    """No two names get the same short one, and one that is a word of the text already is refused."""
    for names in (build["FUNCTIONS"], build["VARIABLES"]):
        assert len(set(names.values())) == len(names)
    assert build["renamed"]("_tell $! && _gone", build["FUNCTIONS"]) == "_t $! && _g"
    assert build["renamed"]("_tell_all my_tell", build["FUNCTIONS"]) == "_tell_all my_tell"
    with pytest.raises(ValueError, match="_t"):
        build["renamed"]("_tell $!; _t", build["FUNCTIONS"])


def test_lock_file_names_no_registry() -> None:
    """The lock file installs from whatever registry npm is configured for."""
    packages = json.loads((SOURCES / "package-lock.json").read_text())["packages"]
    assert packages
    assert not any("resolved" in package for package in packages.values())
