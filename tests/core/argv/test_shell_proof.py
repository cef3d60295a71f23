"""Where the launcher's shell is proven to start, and by which word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.core.argv.shells import NOT_PROVEN, PROVEN
from tests.core.argv.test_argv import cases, split
from tests.core.argv.test_argv_properties import ARGV
from webhook.core.argv import Start, find_start
from webhook.core.shell_proof import shell_word
from webhook.launcher import SHELLS


def word(argv: list[str], image_shell: str = "unknown") -> str | None:
    start = find_start(argv)
    assert isinstance(start, Start), "control: without the proof it would be rewritten"
    return shell_word(argv, start, image_shell)


def pairs(table: dict[str, tuple[str, str]]) -> list[Any]:
    return [pytest.param(line, expected, id=sentence) for sentence, (line, expected) in table.items()]


@pytest.mark.parametrize(("line", "expected"), pairs(PROVEN))
def test_a_command_proves_a_shell(line: str, expected: str) -> None:
    """The shell that the command starts, or that a package manager needs, starts the launcher."""
    assert word(split(line)) == expected


@pytest.mark.parametrize("line", cases(NOT_PROVEN))
def test_a_command_proves_no_shell(line: str) -> None:
    """What may start without a shell, or elsewhere, proves none."""
    assert word(split(line)) is None


NEVER = ("eval", "exec", "docker-entrypoint.sh .yarn")


@pytest.mark.parametrize("line", cases(NOT_PROVEN))
def test_a_declared_shell_is_believed_where_the_position_is_certain(line: str) -> None:
    """With image-shell: yes the launcher is started by /bin/sh wherever something is executed."""
    assert word(split(line), "yes") == (None if line.startswith(NEVER) else "/bin/sh")


@given(ARGV)
def test_the_word_is_a_shells(argv: list[str]) -> None:
    """Whatever the argv: None, or a shell by name or absolute path."""
    start = find_start(argv)
    if isinstance(start, Start):
        found = shell_word(argv, start)
        assert found is None or (found.rpartition("/")[2] in SHELLS and not found.startswith("."))
