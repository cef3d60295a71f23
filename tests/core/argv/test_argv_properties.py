"""What holds for every argv."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.core.argv.rows import LAUNCHED, NOT_LAUNCHED, SUPERVISED
from tests.core.argv.strings import STRINGS_LAUNCHED
from webhook.core.argv import NoStart, Start, find_start
from webhook.launcher import MODES, wrap

ROWS = (*LAUNCHED.values(), *SUPERVISED.values(), *(line for rows in NOT_LAUNCHED.values() for line in rows.values()))
TRAPS = ("", "-", "--", "-c", "+x", "=", "eval", "exec", "command", "/bin/sh", "lastcall", "npm", "m", "workspace")
WORDS = st.sampled_from(
    sorted({word.lstrip("^") for row in ROWS for word in row.split()} | {*TRAPS, *STRINGS_LAUNCHED.values()})
)
ARGV = st.lists(WORDS | st.text(), max_size=12)


@given(ARGV)
def test_any_argv_has_an_answer(argv: list[str]) -> None:
    """Never an exception; a start is in range, and a program that can be launched stands there."""
    start = find_start(argv)
    if isinstance(start, Start):
        assert 0 <= start.at < len(argv)
        assert not (start.supervise and start.at)
        assert start.tool in {"npm", "npx", "yarn", "pnpm", "pnpx", "corepack"} | {
            "sh", "ash", "bash", "dash", "ksh", "zsh",
        }  # fmt: skip


@given(ARGV, st.sampled_from(MODES))
def test_what_was_launched_is_not_launched_again(argv: list[str], mode: Any) -> None:
    """With the launcher in front of the start, the answer is that it is there."""
    start = find_start(argv)
    if isinstance(start, Start):
        launched = [*argv[: start.at], *wrap(mode, argv[start.at :])]
        assert find_start(launched) is NoStart.ALREADY_LAUNCHED


@given(ARGV)
def test_a_wrapper_in_front_moves_the_start(argv: list[str]) -> None:
    """Behind an exec-style wrapper the answer is the same, one wrapper later."""
    start = find_start(argv)
    behind = find_start(["env", "A=b", "tini", "--", *argv])
    if isinstance(start, Start) and not start.supervise and "=" not in argv[0]:
        assert behind == Start(start.at + 4, start.tool)


@given(ARGV)
def test_arguments_of_a_script_do_not_matter(arguments: list[str]) -> None:
    """Whatever stands behind npm run x, it is npm's."""
    expected = {Start(0, "npm"), NoStart.ALREADY_LAUNCHED}
    assert find_start(["npm", "run", "x", *arguments]) in expected
