"""Where in a container's argv the launcher goes, and where it does not."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.core.argv.rows import LAUNCHED, NOT_LAUNCHED, SUPERVISED
from tests.core.argv.strings import SHELLS, STRINGS_LAUNCHED, STRINGS_NOT_LAUNCHED, STRINGS_SUPERVISED
from webhook.core.argv import NoStart, Start, find_start


def cases(table: dict[str, str]) -> Iterable[Any]:
    """One parameter set for each sentence."""
    return [pytest.param(value, id=sentence) for sentence, value in table.items()]


def flat(table: dict[NoStart, dict[str, str]]) -> Iterable[Any]:
    """One parameter set for each sentence of each reason."""
    return [
        pytest.param(value, reason, id=sentence) for reason, rows in table.items() for sentence, value in rows.items()
    ]


def split(line: str) -> list[str]:
    """Return the words of a row; a tab stands for a blank in a word."""
    return [word.replace("\t", " ") for word in line.split(" ") if word]


@pytest.mark.parametrize("line", cases(LAUNCHED))
def test_the_launcher_goes_in_front_of_the_package_manager(line: str) -> None:
    """Behind the wrappers, in front of npm, yarn, pnpm or their shell."""
    at = next(index for index, word in enumerate(split(line)) if word.startswith("^"))
    start = find_start(split(line.replace("^", "")))
    assert isinstance(start, Start)
    assert (start.at, start.supervise) == (at, False)


@pytest.mark.parametrize(
    ("line", "tool"),
    [
        ("node /x/npm-cli.js start", "npm"),
        ("yarnpkg start", "yarn"),
        ("corepack pnpm start", "corepack"),
        ("./entrypoint.sh pnpm start", "pnpm"),
        ("/bin/bash -c npx\tserve", "bash"),
    ],
)
def test_the_tool_is_named(line: str, tool: str) -> None:
    """A start names the package manager, or the shell that starts it."""
    start = find_start(split(line))
    assert isinstance(start, Start)
    assert start.tool == tool


@pytest.mark.parametrize("line", cases(SUPERVISED))
def test_what_is_not_known_is_supervised_as_a_whole(line: str) -> None:
    """In doubt about what lies in front, or what is started, the whole argv stays as it is."""
    start = find_start(split(line))
    assert isinstance(start, Start)
    assert (start.at, start.supervise) == (0, True)


@pytest.mark.parametrize(("line", "reason"), flat(NOT_LAUNCHED))
def test_nothing_is_launched(line: str, reason: NoStart) -> None:
    """No start, and the reason for it."""
    assert find_start(split(line)) is reason


@pytest.mark.parametrize("text", cases(STRINGS_LAUNCHED))
def test_the_launcher_goes_in_front_of_the_shell(text: str) -> None:
    """A package manager in command position in a shell's string is a start."""
    assert find_start(["tini", "--", "sh", "-c", text]) == Start(2, "sh")


@pytest.mark.parametrize("text", cases(STRINGS_SUPERVISED))
def test_what_a_string_starts_is_supervised_in_doubt(text: str) -> None:
    """Where every start in a string is in doubt, so is the string."""
    assert find_start(["tini", "--", "sh", "-c", text]) == Start(0, "sh", supervise=True)


@pytest.mark.parametrize(("text", "reason"), flat(STRINGS_NOT_LAUNCHED))
def test_nothing_is_launched_in_front_of_the_shell(text: str, reason: NoStart) -> None:
    """A package manager elsewhere than in command position, or one that is over soon, is no start."""
    assert find_start(["sh", "-c", text]) is reason


@pytest.mark.parametrize("line", cases(SHELLS))
def test_a_shells_string_is_found(line: str) -> None:
    """The string is the first operand if there is a -c among the options."""
    start = find_start(["npm start" if word == "NPM" else word for word in split(line)])
    assert isinstance(start, Start)
    assert not start.supervise


def test_a_string_may_start_its_own_arguments() -> None:
    """What stands behind sh -c 'exec "$@"' is started by something unknown: the string."""
    argv = ["sh", "-c", '. /env && exec "$@"', "--", "npm", "start"]
    assert find_start(argv) == Start(0, "npm", supervise=True)
