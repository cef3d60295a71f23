"""The signal matrix: package managers x shells x script shapes x ways to start, every cell a real container's end.

Eight containers run at a time in each test process: much of a run is waiting. The negative controls run in
the same test.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launcher import cases, lab, shapes, tools
from tests.launcher.cases import Case, Form

MANAGERS = ("npm6", "npm8", "npm9", "npm10.2", "npm10", "npm11", "yarn1", "yarn4", "pnpm9", "pnpm10")
FORMS: tuple[Form, ...] = ("init", "exec", "supervise")
WORKERS = 8
# What every package manager but yarn 4 loses natively in this shell, measured: docs/entrypoints.md.
LOST_BY_ALL = {"dash": ("plain", "and", "pipe"), "ash": ("pipe", "file"), "bash": ("pipe", "file")}


@pytest.mark.matrix
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shell", lab.SHELLS)
@pytest.mark.parametrize("manager", MANAGERS)
def test_every_shape_answers_its_request(manager: str, shell: str, project: Callable[[str], Path]) -> None:
    """Every shape is told once, answers, and ends with its own code; the originals lose theirs in the same run."""
    chosen = [Case(manager, shell, form, shape) for form in FORMS for shape in shapes.shapes_of(manager)]
    folders = {manager: project(manager)}
    wrong = cases.complaints(chosen, folders, WORKERS)
    controls = [] if manager == "yarn4" else LOST_BY_ALL[shell]
    natives = [Case(manager, shell, "native", shape) for shape in controls]
    wrong += [
        f"answered natively: {case}"
        for case, outcome in cases.run_all(natives, folders, WORKERS, 4)
        if outcome.answered
    ]
    assert wrong == []


@pytest.mark.matrix
@pytest.mark.parametrize("major", tools.NODES)
def test_every_node_can_record(major: int, project: Callable[[str], Path]) -> None:
    """From Node 8 to 24 the recorder takes the place of a package manager that runs there, and the server answers."""
    for manager in ("npm6" if major < 18 else "npm10", "yarn1"):
        started: tuple[tuple[Form, str], ...] = (("init", "lifecycle"), ("exec", "build-serve"))
        for form, shape in started:
            argv = cases.wrapped(form, shapes.command(manager, shape))
            path = f"{tools.node(major)}:{shapes.path(manager)}"
            outcome = lab.stop_in_flight(argv, cwd=project(manager), path=path)
            assert (outcome.told, outcome.answered, outcome.code) == (1, True, 0), (manager, form, outcome)
            assert outcome.record["ppid" if form == "init" else "pid"] == 1 or shape == "lifecycle"
