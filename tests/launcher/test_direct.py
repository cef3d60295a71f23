"""Ways to start a package manager other than its name: npx, node with its file, corepack, a release in the project."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.launcher import cases, lab, shapes, tools
from tests.launcher.cases import Form

Project = Callable[[str], Path]
REWRITTEN: tuple[Form, ...] = ("init", "exec", "supervise")


@dataclass(frozen=True)
class Way:
    """A way to start: the project that it is started in, the words, and what else that needs."""

    manager: str
    words: str
    settings: Mapping[str, str] = field(default_factory=dict)
    """File in the project: its text."""
    corepack: bool = False
    direct: bool = True
    """Nothing stays between PID 1 and the application."""


# A release of yarn 4 on any shell, and others on dash, lose the request natively.
WAYS = {
    "node with npm's own file": Way("npm11", "node NPM/bin/npm-cli.js run plain"),
    "a release of yarn 1": Way("yarn1", "node .yarn/releases/yarn-1.22.22.cjs run plain"),
    "yarn-path": Way("yarn1", "yarn run plain", {".yarnrc": 'yarn-path ".yarn/releases/yarn-1.22.22.cjs"\n'}),
    "a release of yarn 4": Way("yarn4", "node .yarn/releases/yarn-4.18.1.cjs run file", direct=False),
    "yarnPath": Way(
        "yarn4",
        "yarn run file",
        {".yarnrc.yml": "yarnPath: .yarn/releases/yarn-4.18.1.cjs\nenableTelemetry: false\nnodeLinker: node-modules\n"},
        direct=False,
    ),
    "corepack with a version": Way("npm10", "corepack npm@10 run plain", corepack=True),
    "corepack's yarn": Way("yarn1", "yarn run plain", corepack=True),
    "corepack's pnpm": Way("pnpm9", "pnpm run plain", corepack=True),
    "npx with a program": Way("npm11", "npx node probe.js --x"),
    "npx with a program of the project": Way("npm11", "npx cross-env X=1 node probe.js", direct=False),
    "npm exec": Way("npm10", "npm exec -- node probe.js"),
    "yarn with a program": Way("yarn1", "yarn cross-env X=1 node probe.js"),
}


def prepare(way: Way, root: Path) -> dict[str, Any]:
    """Make the project and return how a container of it is started."""
    folder = shapes.project(root, way.manager)
    releases = folder / ".yarn/releases"
    releases.mkdir(parents=True, exist_ok=True)
    installed = Path(tools.manager("yarn1").split(":")[0]).parent
    shutil.copy(installed / "yarn/lib/cli.js", releases / "yarn-1.22.22.cjs")
    installed = Path(tools.manager("yarn4").split(":")[0]).parent / "node_modules/@yarnpkg/cli-dist"
    shutil.copy(installed / "bin/yarn.js", releases / "yarn-4.18.1.cjs")
    for name, text in way.settings.items():
        (folder / name).write_text(text)
    path = shapes.path(way.manager)
    if way.corepack:
        path = f"{tools.node(shapes.NODE)}:{tools.manager('corepack')}"
    return {"cwd": folder, "path": path, "env": tools.corepack() if way.corepack else {}}


@pytest.mark.matrix
@pytest.mark.parametrize("name", WAYS)
def test_every_way_to_start_is_launched(name: str, tmp_path: Path) -> None:
    """Started in another way the application takes the same place and answers; natively the request is lost."""
    way = WAYS[name]
    options = prepare(way, tmp_path)
    npm = Path(tools.manager(way.manager).split(":")[0]).parent / "npm"
    argv = way.words.replace("NPM", str(npm)).split()
    lost = lab.stop_in_flight(argv, grace=4, **options)
    assert "ready" in lost.events, lost
    assert not lost.answered
    for form in REWRITTEN:
        seen = lab.stop_in_flight(cases.wrapped(form, argv), **options)
        assert (seen.told, seen.answered, seen.code) == (1, True, 0), (form, seen)
        if way.direct and form != "supervise":
            assert seen.record["ppid" if form == "init" else "pid"] == 1, form


@pytest.mark.parametrize(("form", "place"), [("init", "ppid"), ("exec", "pid")])
def test_what_npx_starts_takes_the_place_of_npx(form: Form, place: str, project: Project) -> None:
    """A program started by npx, which quotes it, is a direct process."""
    argv = cases.wrapped(form, ["npx", "node", "probe.js"])
    seen = lab.stop_in_flight(argv, cwd=project("npm"), path=shapes.path("npm"))
    assert (seen.told, seen.answered, seen.code, seen.record[place]) == (1, True, 0, 1)
