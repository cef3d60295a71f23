"""What SIGTERM does behind a program is what webhook/predict/programs.tsv says; `make programs` measures every row."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.launcher.programs import measure, places
from tests.launcher.programs.__main__ import line, main
from webhook.predict.delivery import SignalDelivery
from webhook.predict.programs import PROGRAMS, Program, Stop, render

PARALLEL = 12
"""Containers at a time in one test: they mostly wait."""
ROWS = [row for row in PROGRAMS if places.everyday(row)]
PARTS = 8
WRONG = {
    "received": ("tini -- sh -c 'SERVER; true'", Stop(SignalDelivery.RECEIVED, 0, ("SIGTERM",))),
    "kept": ("sh -c 'exec SERVER'", Stop(SignalDelivery.KEPT, 137)),
    "cut": ("sh -c 'exec SERVER'", Stop(SignalDelivery.CUT, 0)),
    "another code": ("sh -c 'exec SERVER'", Stop(SignalDelivery.RECEIVED, 1, ("SIGTERM",))),
    "twice": ("sh -c 'exec SERVER'", Stop(SignalDelivery.UNKNOWN, 0, ("SIGTERM", "SIGTERM"))),
}


def complaints(rows: Iterable[Program]) -> Iterator[str]:
    """Measure rows on this machine, with the newest version of each, and yield those that do not hold."""
    jobs = [(row, init) for row in rows for init in (False, True)]

    def run(job: tuple[Program, bool]) -> tuple[Stop, Stop]:
        row, init = job
        expected = row.init if init else row.pid1
        grace = measure.grace_for(expected)
        return expected, measure.stop(row, row.versions[-1], places.MACHINE, grace, init=init)

    with ThreadPoolExecutor(PARALLEL) as pool:
        for (row, init), (expected, seen) in zip(jobs, pool.map(run, jobs), strict=True):
            if not measure.holds(expected, seen):
                yield f"{row.argv} {row.script} {row.shell} init={init}: {expected} in the table, {seen} measured"


@pytest.mark.parametrize("part", range(PARTS))
def test_a_row_of_the_table_holds(part: int) -> None:
    """Shells, package managers, inits and gunicorn do on this machine what the table says."""
    rows = ROWS[part::PARTS]
    assert rows
    assert list(complaints(rows)) == []


@pytest.mark.parametrize("claim", WRONG)
def test_a_wrong_row_is_found(claim: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The control: with a wrong result for PID 1 or behind tini the program fails and prints the row."""
    argv, wrong = WRONG[claim]
    row = next(row for row in ROWS if row.argv == argv)
    tables = {"right": row, "pid1": replace(row, pid1=wrong), "init": replace(row, init=wrong)}
    for name, claimed in tables.items():
        (tmp_path / name).write_text(render((claimed,)))
        code = main(["--machine", "--runs=1", "--table", str(tmp_path / name)])
        printed = f"measured:     {line(row)}\n" in capsys.readouterr().out
        assert (code, printed) == (int(name != "right"), name != "right")
