"""The hook's matrix: package managers x shells x script shapes, unchanged, every cell a real container's end."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.launcher import hook, lab, shapes, tools
from tests.launcher.test_matrix import LOST_BY_ALL, MANAGERS, WORKERS

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(1800)]
Project = Callable[[str], Path]
INITS = {
    "tini": ["tini", "--"],
    "tini -g": ["tini", "-g", "--"],
    "dumb-init": ["dumb-init"],
    "catatonit": ["catatonit", "--"],
}
INNER = ("plain", "pipe", "file", "then", "nested")
NPX = ("npx node probe.js", "npx cross-env X=1 node probe.js", "npm exec -- node ./probe.js")


def complaint(started: str, shape: str, ended: hook.Ended) -> str | None:
    """Say what is wrong, unless the application is told once and answers.

    Package managers end after the application, and with a code of their own if SIGTERM comes between the two.
    """
    told = ended.container.told >= 1 if shape in shapes.OWN_CODE else ended.container.told == 1
    fine = told and ended.container.answered and not ended.container.killed
    return None if fine else f"{started} {shape}: {ended}"


def complaints(jobs: Sequence[tuple[str, str, list[str]]], path: str, **options: object) -> list[str]:
    """Stop a container of each job (how it is started, the shape, argv), several at a time."""

    def stop(job: tuple[str, str, list[str]]) -> str | None:
        started, shape, argv = job
        return complaint(started, shape, hook.stop(argv, path=path, **options))  # type: ignore[arg-type]

    with ThreadPoolExecutor(WORKERS) as pool:
        return [text for text in pool.map(stop, jobs) if text is not None]


@pytest.mark.parametrize("shell", lab.SHELLS)
@pytest.mark.parametrize("manager", MANAGERS)
def test_every_shape_answers_its_request(manager: str, shell: str, project: Project) -> None:
    """Every shape is told once and answers; without the hook the shapes that no package manager tells lose theirs."""
    folder, path = project(manager), shapes.path(manager)
    jobs = [("", shape, shapes.command(manager, shape)) for shape in shapes.shapes_of(manager)]
    assert complaints(jobs, path, cwd=folder, shell=shell) == []
    lost = [] if manager == "yarn4" else [job for job in jobs if job[1] in LOST_BY_ALL[shell]]
    assert len(complaints(lost, path, cwd=folder, shell=shell, hook=(), grace=4)) == len(lost), "control"


@pytest.mark.parametrize("manager", ["npm", "npm6", "npm11", "yarn1", "yarn4", "pnpm10"])
@pytest.mark.parametrize("shell", lab.SHELLS)
def test_package_managers_in_shells_and_behind_inits(
    manager: str, shell: str, project: Project, tmp_path: Path
) -> None:
    """Behind an init, or a shell, or both, the script's application is told once and answers."""
    for name in ("tini", "dumb-init", "catatonit"):
        (tmp_path / name).symlink_to(tools.program(name))
    fronts = INITS | {
        "sh -c": ["/bin/sh", "-c", '"$@"; exit $?', "-"],
        "tini sh -c": ["tini", "--", "/bin/sh", "-c", '"$@"; exit $?', "-"],
    }
    jobs = [
        (name, shape, [*front, *shapes.command(manager, shape)]) for name, front in fronts.items() for shape in INNER
    ]
    path = f"{tmp_path}:{shapes.path(manager)}"
    assert complaints(jobs, path, cwd=project(manager), shell=shell) == []


@pytest.mark.parametrize("shell", lab.SHELLS)
@pytest.mark.parametrize("manager", ["npm", "npm8", "npm11"])
def test_npx_answers_its_request(manager: str, shell: str, project: Project) -> None:
    """What npx and `npm exec` start is told once and answers."""
    jobs = [("", words, words.split()) for words in NPX if manager != "npm6"]
    assert complaints(jobs, shapes.path(manager), cwd=project(manager), shell=shell) == []
