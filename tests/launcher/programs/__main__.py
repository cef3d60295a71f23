"""Measure every row of webhook/predict/programs.tsv again: ``python -m tests.launcher.programs``.

Print what differs, and exit with 1 if anything does. ``--update`` writes the results into the table instead.
"""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.launcher.programs import measure, places
from tests.support.paths import ROOT
from webhook.predict.programs import Program, Stop, parse, render

TABLE: Final = ROOT / "webhook/predict/programs.tsv"
RUNS: Final = 3
OPEN_GRACE: Final = 8.0
"""Seconds until SIGKILL where no row says whether it comes."""


def options_of(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; those of the command line for None."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--update", action="store_true", help="write the results into the table")
    parser.add_argument("--only", default="", help="measure the rows whose program matches this regular expression")
    parser.add_argument("--runs", type=int, default=RUNS, help="measurements of a row")
    parser.add_argument("--parallel", type=int, default=8, help="containers at a time")
    parser.add_argument("--machine", action="store_true", help="measure on this machine, not in a Debian of its own")
    parser.add_argument("--table", type=Path, default=TABLE, help="the table to check")
    return parser.parse_args(argv)


def begin(row: Program, options: argparse.Namespace, pool: ThreadPoolExecutor) -> Callable[[], Program]:
    """Begin to measure a row with all its versions, several times each; the result is a function that waits for it."""
    place = places.MACHINE if options.machine else places.DEBIAN

    def stops(expected: Stop, *, init: bool) -> Callable[[], Stop]:
        grace = OPEN_GRACE if options.update else measure.grace_for(expected)
        runs = [
            pool.submit(measure.stop, row, version, place, grace, init=init)
            for version in row.versions
            for _ in range(options.runs)
        ]
        return lambda: measure.agreed(run.result() for run in runs)

    pid1, init = stops(row.pid1, init=False), stops(row.init, init=True)
    return lambda: replace(row, pid1=pid1(), init=init())


def line(row: Program) -> str:
    """Return a row as it stands in the table."""
    return render((row,)).splitlines()[1]


def compared(row: Program, result: Callable[[], Program]) -> tuple[Program, str]:
    """Return the measured row and what differs; the row itself if its program did not start."""
    try:
        found = result()
    except measure.NotStartedError as error:
        return row, f"not started: {line(row)}\n{str(error)[-2000:]}\n"
    return found, "" if measure.same(row, found) else f"in the table: {line(row)}\nmeasured:     {line(found)}\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; return the exit code."""
    options = options_of(argv)
    table = list(parse(options.table.read_text()))
    chosen = [at for at, row in enumerate(table) if re.search(options.only, row.program)]
    differences = not_started = 0
    with ThreadPoolExecutor(options.parallel) as pool:
        rows = {at: table[at] if options.machine else places.with_versions(table[at]) for at in chosen}
        waiting = {at: begin(row, options, pool) for at, row in rows.items()}
        for at, result in waiting.items():
            table[at], difference = compared(table[at], result)
            differences += bool(difference)
            not_started += difference.startswith("not started")
            sys.stdout.write(difference)
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen)} rows measured, {differences} differ\n")
    if options.update:
        options.table.write_text(render(tuple(table)))
    return int(bool(not_started if options.update else differences))


if __name__ == "__main__":
    sys.exit(main())
