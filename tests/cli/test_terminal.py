"""What a person sees on a terminal of 60, 80 and 120 columns."""

from __future__ import annotations

import re

import pytest

from tests.support.terminal import on_terminal


def screen(text: str) -> list[str]:
    """Return the lines that stay on the screen: a progress bar clears its line before they are written."""
    return text.rpartition("\x1b[2K")[2].splitlines()


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_on_a_terminal_every_target_is_a_block(columns: int) -> None:
    """At any width each target stands once, each reason whole on a line, and no line is wider than the terminal."""
    code, text = on_terminal("preview", "-f", "examples/sidecars-pod.yaml", columns=columns)
    assert code == 0
    lines = text.splitlines()
    assert max(map(len, lines)) <= columns
    assert [line.strip() for line in lines if line.startswith("  ") and line[2] != " "] == [
        "container/app",
        "container/proxy",
        "container/log-shipper",
        "pod",
    ]
    named = [line.split() for line in lines if re.match(r" {4}\S", line)]
    assert [words[2] for words in named].count("ImageCommandUnknown") == 2
    assert ["patched", "grace-period", "GraceRaised"] in named
    assert all(len(words) == 3 for words in named)


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("command", ["audit", "timeline"])
def test_on_a_terminal_no_reason_is_broken(command: str, columns: int) -> None:
    """At any width every reason stands whole on a line, with what lastcall does about it, for `explain` to follow."""
    code, text = on_terminal(command, "examples", columns=columns)
    assert code == 0
    lines = screen(text)
    assert max(map(len, lines)) <= columns
    for reason, count in (("SignalDropped", 3), ("EndsBeforeTraffic", 4), ("KilledInDrain", 1), ("HookCut", 1)):
        assert sum(reason in line.split() for line in lines) >= count
    if command == "audit":
        assert sum(line.strip().startswith("with lastcall: ") for line in lines) == 6
