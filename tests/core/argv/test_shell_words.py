"""The commands that are found in a shell's string, against those that a shell runs."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook.core.shell_words import commands

PROGRAMS = ("npm", "a", "b")
# Every program of these strings writes down its words, in a file of its own, and succeeds.
STUB = """#!/bin/sh
printf '%s\\0' "${0##*/}" "$@" >"$RAN/$$"
"""
Ran = Callable[[str], list[list[str]] | None]


def run_sh(flag: str, text: str, folder: Path, environment: dict[str, str], kept: Sequence[int] = ()) -> int:
    """Run sh with ``text`` and return its exit code."""
    null = subprocess.DEVNULL
    argv = ["/bin/sh", flag, text]
    return subprocess.run(
        argv, cwd=folder, env=environment, pass_fds=kept, check=False, timeout=60, stdin=null, stderr=null
    ).returncode


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Return a function that gives the commands that sh runs for a string, None if sh does not accept it."""
    programs = tmp_path_factory.mktemp("programs")
    elsewhere = tmp_path_factory.mktemp("elsewhere")  # scripts may write over any file
    for name in PROGRAMS:
        (programs / name).write_text(STUB)
        (programs / name).chmod(0o755)

    def run(text: str) -> list[list[str]] | None:
        folder = tmp_path_factory.mktemp("ran")
        environment = {"PATH": str(programs), "RAN": str(folder)}
        if run_sh("-nc", text, elsewhere, environment):
            return None
        end, kept = os.pipe()  # every descendant keeps it open, in the background too
        run_sh("-c", text, elsewhere, environment, [kept])
        os.close(kept)
        os.read(end, 1)
        os.close(end)
        return sorted(file.read_text().split("\0")[:-1] for file in folder.iterdir())

    return run


def found(text: str) -> list[list[str]] | None:
    """Return the commands that are found in the string, without those that are no programs of the test's."""
    words = commands(text)
    return words if words is None else sorted(command for command in words if command[0] in PROGRAMS)


WORD = st.sampled_from(
    ["npm", "start", "x=1", "if", "'a b'", '"c && npm"', "d\\ e", '"f\\"g"', "h#i", "''", "'j'\"k\"\\l", "m\\\nn"]
)
REDIRECTION = st.sampled_from(["", " >out", " 2>&1", " >>out 2>/dev/null", " </dev/null", ">|out", "\\\n "])
SIMPLE = st.builds(
    lambda before, program, arguments, after: before + program + "".join(f" {word}" for word in arguments) + after,
    st.sampled_from(["", "", "A=1 ", "B='x y' C= ", ">out ", "\t"]),
    st.sampled_from([*PROGRAMS, '"npm"', "'a'", "\\b", "n\\\npm"]),
    st.lists(WORD, max_size=3),
    REDIRECTION,
)


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return scripts made of other scripts, all of whose commands are run once."""
    frames = ["( {})", "{{ {}; }}", "if a; then {}; fi", "if ! a; then :; else {}\nfi", "for x in npm; do {}; done"]
    frames += ["case npm in npm) {};; esac", "# npm 'x\n{}", "{} # npm b\n:", "{} &", "while a; do {}; break; done"]
    framed = st.builds(str.format, st.sampled_from(frames), inner)
    joined = st.builds(
        lambda a, end, b: a + end + b, inner, st.sampled_from([" && ", "&&\n", "; ", "\n", " | "]), inner
    )
    return framed | joined


@settings(max_examples=60, deadline=None)
@given(st.recursive(SIMPLE, compound, max_leaves=6))
def test_the_commands_of_a_script_are_found(ran: Ran, text: str) -> None:
    """In scripts all of whose commands run, found is what sh runs, word for word."""
    expected = ran(text)
    if expected is not None:
        assert found(text) == expected


PIECES = st.lists(st.sampled_from(["npm ", *"ab", *" ;&|<>'\"\\\n{}=!#"]), max_size=12).map("".join)


@settings(max_examples=60, deadline=None)
@given(PIECES)
def test_no_command_of_any_text_is_missed(ran: Ran, text: str) -> None:
    """In any text, all that sh runs is found, or it is said that it cannot be told."""
    expected = ran(text)
    words = found(text)
    if expected is not None and words is not None:
        assert all(command in words for command in expected)


@settings(max_examples=500)
@given(st.text() | st.text(st.sampled_from(list("a $`(){}'\"\\\n;&|<>#!="))))
def test_any_text_has_an_answer(text: str) -> None:
    """Never an exception, and no command without a word."""
    words = commands(text)
    assert words is None or all(words)


def test_the_shell_would_notice_a_scanner_that_is_naive(ran: Ran) -> None:
    """The comparison tells a scanner that knows neither quotes nor comments from one that does."""
    text = "a 'x; npm' # && npm"
    naive = sorted(part.split() for part in text.replace("&&", ";").split(";"))
    assert ran(text) == found(text) == [["a", "x; npm"]]
    assert ran(text) != naive


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a <<END\nEND", id="a here-document"),
        pytest.param("a 'x", id="an open quote"),
        pytest.param("a $(echo $(echo))", id="a substitution in a substitution"),
        pytest.param('a "${x:-"$y"}"', id="quotes in an expansion in quotes"),
        pytest.param("a $'x'", id="a quote that only bash knows"),
        pytest.param("a &>b", id="a redirection that only bash knows"),
        pytest.param("a \\", id="a backslash at the end"),
    ],
)
def test_what_cannot_be_told_is_not(text: str) -> None:
    """Where a word or a command ends depends on more than the scanner knows."""
    assert commands(text) is None


def test_expansions_are_kept() -> None:
    """A word that is expanded keeps its dollar or backtick, with or without quotes."""
    text = 'a $x "$y" ${z:-1}/q $(b c) `d` $((1+2)) "e$"'
    assert commands(text) == [["a", "$x", "$y", "${z:-1}/q", "$(b c)", "`d`", "$((1+2))", "e$"]]
