"""Behind another PID 1: tini, dumb-init, the entrypoint of the official image."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.launcher import cases, lab, shapes, tools
from tests.launcher.cases import Form
from webhook.core.argv import Start, find_start

Project = Callable[[str], Path]
REWRITTEN: tuple[Form, ...] = ("init", "exec", "supervise")
INITS = {
    "docker-entrypoint.sh": "docker-entrypoint.sh",
    "tini": "tini --",
    "tini, to the group": "tini -g --",
    "dumb-init, to the group": "dumb-init",
    "dumb-init, to the child": "dumb-init -c --",
    "docker-entrypoint.sh and dumb-init": "docker-entrypoint.sh dumb-init --",
}
SHAPES = ("plain", "pipe")
MORE = ("lifecycle", "file", "then", "or", "nested", "background-wait", "file-trap")
# https://github.com/nodejs/docker-node/blob/main/docker-entrypoint.sh
ENTRYPOINT = """#!/bin/sh
set -e
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ] || { [ -f "${1}" ] && ! [ -x "${1}" ]; }; then
  set -- node "$@"
fi
exec "$@"
"""


def in_front(form: Form, argv: list[str]) -> list[str]:
    """Return the argv with the launcher where the webhook puts it."""
    start = find_start(argv)
    assert isinstance(start, Start)
    return argv[: start.at] + cases.wrapped(form, argv[start.at :])


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the PATH with the inits."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "docker-entrypoint.sh").write_text(ENTRYPOINT)
    (folder / "docker-entrypoint.sh").chmod(0o755)
    for name in ("tini", "dumb-init"):
        (folder / name).symlink_to(tools.program(name))
    return str(folder)


def check(init: str, manager: str, shell: str, chosen: tuple[str, ...], project: Project, programs: str) -> None:
    folder = project(manager)

    def stop(job: tuple[Form, str]) -> lab.Outcome:
        form, shape = job
        argv = INITS[init].split() + shapes.command(manager, shape)
        argv = argv if form == "native" else in_front(form, argv)
        path = f"{programs}:{shapes.path(manager)}"
        grace = 4 if form == "native" else lab.PATIENCE
        return lab.stop_in_flight(argv, cwd=folder, path=path, shell=shell, grace=grace)

    jobs: list[tuple[Form, str]] = [(form, shape) for form in REWRITTEN for shape in chosen]
    with ThreadPoolExecutor(8) as pool:
        lost, *rewritten = pool.map(stop, [("native", "pipe"), *jobs])
    assert not lost.answered, "control: natively the request is lost"
    outcomes = zip(jobs, rewritten, strict=True)
    assert [(job, seen) for job, seen in outcomes if (seen.told, seen.answered, seen.code) != (1, True, 0)] == []


@pytest.mark.parametrize("init", INITS)
def test_an_application_behind_an_init_is_told_once(init: str, project: Project, programs: str) -> None:
    """Also where the init signals its whole process group the application is told once, and answers."""
    check(init, "npm", "dash", SHAPES, project, programs)


@pytest.mark.matrix
@pytest.mark.parametrize(("manager", "shell"), [("npm11", "bash"), ("yarn1", "ash"), ("pnpm10", "dash")])
@pytest.mark.parametrize("init", ["tini, to the group", "dumb-init, to the group"])
def test_every_shape_behind_an_init_is_told_once(
    init: str, manager: str, shell: str, project: Project, programs: str
) -> None:
    """The same, where shells in between would hear of the signal, for other scripts, package managers and shells."""
    check(init, manager, shell, SHAPES + MORE, project, programs)
