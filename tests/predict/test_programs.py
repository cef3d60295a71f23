"""The table of programs in front of a server, as it is read."""

from __future__ import annotations

import shlex

import pytest

from tests.support.paths import ROOT
from webhook.predict.delivery import SignalDelivery
from webhook.predict.programs import COLUMNS, PROGRAMS, SERVER, Program, Stop, parse, render

ROW = Program(
    *("npm", "npm start", "true && SERVER", "dash", "npm:npm", ("10.9.9", "11.21.2")),
    pid1=Stop(SignalDelivery.CUT, 143),
    init=Stop(SignalDelivery.UNKNOWN, None, ("SIGTERM", "SIGINT")),
)
LINE = "npm|npm start|true && SERVER|dash|npm:npm|10.9.9 11.21.2|cut|143|-|unknown|-|SIGTERM SIGINT"


def table(*lines: str) -> str:
    return "".join(line.replace("|", "\t") + "\n" for line in ("|".join(COLUMNS), *lines))


def test_a_row_is_read_and_written() -> None:
    """A dash stands for what is empty; versions and signals are words."""
    assert parse(table(LINE)) == (ROW,)
    assert render((ROW,)) == table(LINE)


@pytest.mark.parametrize(
    "text", [table(LINE + "|more"), table(LINE.replace("cut", "deaf")), table("npm"), "program\targv\n", ""]
)
def test_a_malformed_table_is_an_error(text: str) -> None:
    """A missing or further column, and a verdict that there is not, are errors."""
    with pytest.raises(ValueError, match=r"column|SignalDelivery|empty"):
        parse(text)


def test_the_table_is_as_it_would_be_written() -> None:
    """The file in the repository is in the one form, with no row twice."""
    assert render(PROGRAMS) == (ROOT / "webhook/predict/programs.tsv").read_text()
    keys = [(row.argv, row.script, row.shell, row.package, version) for row in PROGRAMS for version in row.versions]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("row", PROGRAMS, ids=lambda row: f"{row.argv} {row.script} {row.shell} {row.versions[0]}")
def test_every_row_is_consistent(row: Program) -> None:
    """A server that received SIGTERM received it once; what is kept ends with SIGKILL; what is read is a command."""
    assert shlex.split(row.argv)
    assert row.versions
    asked = any(word in row.argv + row.script for word in (SERVER, "server.js"))
    for stop in (row.pid1, row.init):
        match stop.delivery:
            case SignalDelivery.RECEIVED:
                assert stop.signals == (("SIGTERM",) if asked else ())
            case SignalDelivery.KEPT:
                assert stop == Stop(SignalDelivery.KEPT, 137)
            case SignalDelivery.CUT:
                assert stop.signals in ((), ("SIGTERM",))
            case SignalDelivery.UNKNOWN:
                assert stop.signals != ("SIGTERM",)


def test_received_kept_and_cut_have_rows() -> None:
    """The table tells programs apart."""
    assert {row.pid1.delivery for row in PROGRAMS} >= {SignalDelivery.RECEIVED, SignalDelivery.KEPT, SignalDelivery.CUT}
