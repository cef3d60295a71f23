"""Measure the tables of docs/entrypoints.md: ``python -m tests.launcher.table docs/entrypoints.md``.

What stands between ``<!-- measured -->`` and ``<!-- /measured -->`` is replaced; without a file it is printed.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.launcher import cases, lab, shapes
from tests.launcher.cases import Case, Form
from webhook import launcher

MANAGERS = ("npm6", "npm8", "npm9", "npm10.2", "npm10", "npm11", "yarn1", "yarn4", "pnpm9", "pnpm10")
SAMPLE = ("plain", "env", "and", "nested", "build-serve", "lifecycle", "pipe", "then", "subshell", "file")
FORMS: tuple[Form, ...] = ("native", "init", "exec", "supervise")
REPEATS = 5
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def answered(folders: dict[str, Path]) -> str:
    """Of ten shapes, how many answered the request in flight and ended with the application's code."""
    rows = []
    for manager in MANAGERS:
        chosen = [shape for shape in SAMPLE if shape in shapes.shapes_of(manager)]
        row: list[object] = [manager]
        for shell in lab.SHELLS:
            for form in ("native", "init"):
                ran = cases.run_all([Case(manager, shell, form, shape) for shape in chosen], folders, 6, grace=8)
                row.append(f"{sum(case.complaint(outcome) is None for case, outcome in ran)}/{len(chosen)}")
        rows.append(row)
    header = [f"{shell}, {word}" for shell in lab.SHELLS for word in ("today", "lastcall")]
    return markdown(["", *header], rows)


def _pss(pid: int) -> float:
    """Return the megabytes of a process and all below it, shared pages divided among those that share them."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    own = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(_pss(int(child)) for child in children)


def _start(manager: str, form: Form, folder: Path) -> tuple[float, float]:
    """Return milliseconds until the server listens, and the megabytes of the container then."""
    began = time.monotonic()
    argv = cases.wrapped(form, shapes.command(manager, "plain"))
    with lab.container(argv, cwd=folder, path=shapes.path(manager)) as box:
        box.wait_for("ready")
        return (time.monotonic() - began) * 1000, _pss(box.pid or 0)


def cost(folders: dict[str, Path]) -> str:
    """Fastest start and median memory, form beside form in every round, so that a busy machine is busy for all."""
    rows = []
    for manager in MANAGERS:
        rounds = [[_start(manager, form, folders[manager]) for form in FORMS] for _ in range(REPEATS)]
        row: list[object] = [manager]
        for runs in zip(*rounds, strict=True):
            row.append(f"{min(milliseconds for milliseconds, _ in runs):.0f}")
            row.append(f"{statistics.median(megabytes for _, megabytes in runs):.1f}")
        rows.append(row)
    return markdown(["", *(f"{form}, {unit}" for form in FORMS for unit in ("ms", "MB"))], rows)


def measured() -> str:
    """Return all tables."""
    with tempfile.TemporaryDirectory() as name:
        folders = {manager: shapes.project(Path(name), manager) for manager in MANAGERS}
        sizes = markdown(["mode", "bytes in the Pod"], [[mode, len(launcher.text(mode))] for mode in launcher.MODES])
        parts = (
            f"Requests answered, of the shapes {', '.join(f'`{shape}`' for shape in SAMPLE)}:",
            answered(folders),
            f"Fastest start and median memory (PSS) of {REPEATS}, on dash, with the server itself:",
            cost(folders),
            "Size of the text:",
            sizes,
        )
        return "\n\n".join(parts)


def main() -> None:
    """Measure, and write or print."""
    text = measured()
    for name in sys.argv[1:]:
        head, _, rest = Path(name).read_text().partition(BEGIN)
        Path(name).write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}")
    if not sys.argv[1:]:
        sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
