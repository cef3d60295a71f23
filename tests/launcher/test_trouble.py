"""Bad input: what fails natively fails under the launcher in the same way."""

from pathlib import Path

import pytest

from tests.launcher import cases, lab, oracle, shapes
from tests.launcher.cases import Form

OTHERS = ("yarn1", "pnpm10")
REWRITTEN: tuple[Form, ...] = ("init", "exec", "supervise")
BROKEN = {
    "no package.json": None,
    "not JSON": "{",
    "no scripts": '{"name": "app"}',
    "no such script": '{"name": "app", "scripts": {"other": "true"}}',
    "failing prestart": '{"name": "app", "scripts": {"prestart": "exit 5", "start": "node probe.js"}}',
    "failing start": '{"name": "app", "scripts": {"start": "node probe.js exit 6"}}',
    "failing first": '{"name": "app", "scripts": {"start": "node probe.js exit 6 && node probe.js"}}',
    "command not found": '{"name": "app", "scripts": {"start": "no-such-command --x"}}',
    "syntax error": '{"name": "app", "scripts": {"start": "node probe.js && && true"}}',
}


# pnpm turns the shell's 127 into 1; without pnpm it stays 127.
PNPM_HAS_ITS_OWN = ("pnpm10", "command not found")


def broken(root: Path, text: str | None) -> Path:
    root.mkdir()
    (root / "probe.js").write_bytes((shapes.HERE / "probe.js").read_bytes())
    if text is not None:
        (root / "package.json").write_text(text)
    return root


@pytest.mark.parametrize("manager", ["npm", *(pytest.param(name, marks=pytest.mark.matrix) for name in OTHERS)])
@pytest.mark.parametrize("case", BROKEN)
def test_failures_are_the_package_managers_own(case: str, manager: str, tmp_path: Path) -> None:
    """What fails natively fails with the same exit code, and what is said up to there is the same."""
    folder = broken(tmp_path / "app", BROKEN[case])
    line = f"{shapes.tool(manager)} start"
    native = oracle.observe("native", line, manager, "dash", folder)
    assert native["code"] != 0
    for form in REWRITTEN:
        seen = oracle.observe(form, line, manager, "dash", folder)
        assert seen["events"] == native["events"], form
        assert seen["code"] == native["code"] or (manager, case) == PNPM_HAS_ITS_OWN, form
        if case in ("no package.json", "not JSON", "no scripts", "no such script"):
            assert seen["output"] == native["output"]


@pytest.mark.parametrize("form", REWRITTEN)
def test_without_node_the_original_is_run(form: Form, tmp_path: Path) -> None:
    """Where PATH has no node the package manager's own complaint and exit code are seen."""
    (tmp_path / "npm").write_text("#!/usr/bin/env node\n")
    (tmp_path / "npm").chmod(0o755)
    for name in ("env", "sleep", "readlink", "mount"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    seen = [
        lab.run(cases.wrapped(each, ["npm", "start"]), cwd=tmp_path, path=str(tmp_path)) for each in ("native", form)
    ]
    assert (seen[1].code, seen[1].output) == (seen[0].code, seen[0].output)
    assert seen[0].code == 127


@pytest.mark.parametrize("form", REWRITTEN)
@pytest.mark.parametrize("argv", [["yarn", "resourcemanager"], ["./entrypoint.sh", "npm", "run", "plain"]])
def test_unknown_programs_are_supervised(argv: list[str], form: Form, tmp_path: Path) -> None:
    """A `yarn` that is no Node program and unknown wrappers run as they are, and what they start is told."""
    folder = shapes.project(tmp_path, "npm")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/yarn").write_text("#!/bin/bash\n# Apache Hadoop YARN\nnode probe.js\n")
    (folder / "entrypoint.sh").write_text('#!/bin/sh\nset -e\n"$@"\n')
    for script in (tmp_path / "bin/yarn", folder / "entrypoint.sh"):
        script.chmod(0o755)
    path = f"{tmp_path}/bin:{shapes.path('npm')}"
    outcome = lab.stop_in_flight(cases.wrapped(form, argv), cwd=folder, path=path)
    assert (outcome.told, outcome.answered, outcome.code) == (1, True, 0), outcome
