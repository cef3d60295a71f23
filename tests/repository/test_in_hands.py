"""Integrations: a kubectl plugin, completion, a pre-commit hook, a GitHub action."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from ruamel.yaml import YAML

from tests.support.paths import ROOT
from webhook.cli import COMMANDS, main

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]


def yaml(name: str) -> Any:
    return YAML(typ="safe", pure=True).load(ROOT / name)


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """Put the project's programs on a separate PATH, as an installation does."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, target in SCRIPTS.items():
        module, _, function = target.partition(":")
        lines = [f"#!{sys.executable}", f"import sys; sys.path.insert(0, {str(ROOT)!r})"]
        lines.append(f"from {module} import {function} as run; run()")
        (folder / name).write_text("\n".join(lines))
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def test_kubectl_plugin(programs: dict[str, str]) -> None:
    """`kubectl lastcall` runs kubectl-lastcall, and completes by kubectl_complete-lastcall."""

    def output(*argv: str) -> str:
        return subprocess.run(argv, env=programs, capture_output=True, text=True, check=True).stdout

    assert output("kubectl-lastcall", "--version").startswith("lastcall ")
    assert output("kubectl_complete-lastcall", "au").split() == ["audit", ":4"]
    values = output("kubectl_complete-lastcall", "audit", "--fail-on", "").split()
    assert values == ["never", "loses", "not-fixed", "unknown", "refused", ":4"]
    assert output("kubectl_complete-lastcall", "audit", "").split() == [":0"]  # files


@pytest.mark.parametrize("name", ["audit", "inspect"])
def test_kubectl_options(name: str) -> None:
    """Commands that read a cluster have kubectl's options."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"-n", "--namespace", "--context", "--kubeconfig"} <= options


def test_bash_completion(programs: dict[str, str]) -> None:
    """A real bash completes commands with the printed script."""
    script = """source <(lastcall completion bash); COMP_WORDS=(lastcall tim) COMP_CWORD=1
    _lastcall_completion lastcall; printf '%s\\n' "${COMPREPLY[@]}" """
    done = subprocess.run(["bash", "-c", script], env=programs, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["timeline"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(shell: str) -> None:
    """There is a script for each shell."""
    result = CliRunner().invoke(main, ["completion", shell], catch_exceptions=False)
    assert (result.exit_code, "_LASTCALL_COMPLETE" in result.stdout) == (0, True)


COMPLETIONS = [
    pytest.param(["explain", "killed"], ["KilledInDrain"], id="a harm"),
    pytest.param(["explain", "GraceR"], ["GraceRaised"], id="a mutation's reason"),
    pytest.param(["preview", "--profile", "a"], ["alb"], id="a profile"),
    pytest.param(
        ["audit", "--profiles", "profiles.yaml", "--profile", "s"], ["shell", "slow"], id="a profile of a file"
    ),
    pytest.param(["timeline", "--set", "drain"], ["drain-seconds="], id="a setting"),
    pytest.param(["timeline", "--cause", "s"], ["spot", "soft-eviction"], id="a cause"),
]


@pytest.mark.parametrize(("words", "values"), COMPLETIONS)
def test_completion_of_values(words: list[str], values: list[str], tmp_path: Path, monkeypatch: Any) -> None:
    """Reasons, profiles, settings and causes are completed."""
    (tmp_path / "profiles.yaml").write_text("slow: {}")
    monkeypatch.chdir(tmp_path)
    *typed, incomplete = words
    found = ShellComplete(main, {}, "lastcall", "").get_completions(typed, incomplete)
    assert [item.value for item in found] == values


def test_no_color() -> None:
    """NO_COLOR removes colours, even if they are forced."""
    inputs = {"args": ["explain", "SleepAdded"], "color": True, "catch_exceptions": False}
    assert "\x1b[" in CliRunner().invoke(main, **inputs, env={"NO_COLOR": ""}).stdout  # type: ignore[arg-type]
    assert "\x1b[" not in CliRunner().invoke(main, **inputs, env={"NO_COLOR": "1"}).stdout  # type: ignore[arg-type]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help(name: str) -> None:
    """Every command has a help text; those with special exit codes list them."""
    result = CliRunner().invoke(main, [name, "--help"], catch_exceptions=False)
    assert result.exit_code == 0
    if name in ("audit", "inspect", "preview", "timeline", "ui"):
        assert "Examples:" in result.stdout
        assert "Exit codes:" in result.stdout


def test_pre_commit_hook(programs: dict[str, str]) -> None:
    """The hook gets file names; it fails for those that lose requests, and passes those without Pods."""
    (hook,) = yaml(".pre-commit-hooks.yaml")
    entry = shlex.split(hook["entry"])
    bad = subprocess.run(
        [*entry, "examples/npm-deployment.yaml"], cwd=ROOT, env=programs, capture_output=True, check=False
    )
    good = subprocess.run([*entry, "action.yml"], cwd=ROOT, env=programs, capture_output=True, check=False)
    assert (bad.returncode, good.returncode) == (1, 0)


ACTION = yaml("action.yml")


def audit(programs: dict[str, str], cwd: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the action's own step as a runner does, with inputs and defaults filled in."""
    step = ACTION["runs"]["steps"][1]
    values = {name: inputs.get(name, field["default"]) for name, field in ACTION["inputs"].items()}
    env = {key: values[text.removeprefix("${{ inputs.").removesuffix(" }}")] for key, text in step["env"].items()}
    argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(argv, cwd=cwd, env=programs | env, capture_output=True, text=True, check=False)


def test_action(programs: dict[str, str], tmp_path: Path) -> None:
    """The action annotates the offending line, writes SARIF where asked, and fails the job as configured."""
    shutil.copy(ROOT / "examples/npm-deployment.yaml", tmp_path / "web.yaml")
    done = audit(programs, tmp_path, path="web.yaml", sarif="out.sarif")
    assert done.returncode == 1
    lines = (tmp_path / "web.yaml").read_text().splitlines()
    number = next(n for n, line in enumerate(lines, start=1) if "- name: web" in line)
    assert f"::warning file=web.yaml,line={number},title=SignalDropped" in done.stdout
    assert (tmp_path / "out.sarif").stat().st_size > 1000
    assert audit(programs, tmp_path, path="web.yaml", **{"fail-on": "not-fixed"}).returncode == 0


def test_action_takes_no_code(programs: dict[str, str], tmp_path: Path) -> None:
    """An input is a value, never a part of the script."""
    done = audit(programs, tmp_path, path="$(touch owned) ;touch owned; --help")
    assert (done.returncode, (tmp_path / "owned").exists()) == (2, False)
    assert not [step for step in ACTION["runs"]["steps"] if "${{" in step["run"]]
