"""Charts and kustomizations are rendered, or named."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from webhook.cli import main

if TYPE_CHECKING:
    from pathlib import Path

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: web, command: [npm, start]}]}\n"


def audit(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments], catch_exceptions=False)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a directory with a chart, a kustomization and a manifest, and no program on PATH that renders."""
    root = tmp_path / "tree"
    (root / "chart/templates").mkdir(parents=True)
    (root / "chart/Chart.yaml").write_text("name: chart\n")
    (root / "chart/templates/pod.yaml").write_text("a: {{ .Values.a }}\n")
    (root / "kust").mkdir()
    (root / "kust/kustomization.yaml").write_text("resources: [pod.yaml]\n")
    (root / "kust/pod.yaml").write_text(POD % "raw")
    (root / "pod.yaml").write_text(POD % "plain")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return root


def program(tree: Path, name: str, script: str) -> None:
    path = tree.parent / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)


def test_without_the_programs_they_are_named(tree: Path) -> None:
    """The command to pipe is printed; the manifest beside them is read; nothing inside them is."""
    result = audit(str(tree))
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1)
    chart, kust = tree / "chart", tree / "kust"
    assert result.stderr.splitlines()[:2] == [
        f"note: {chart}: not looked at: install helm, or pipe: helm template chart {chart} | lastcall audit -",
        f"note: {kust}: not looked at: install kustomize or kubectl, or pipe: "
        f"kustomize build {kust} | lastcall audit -",
    ]


def test_with_the_programs_they_are_rendered(tree: Path) -> None:
    """Helm and kubectl stand in for themselves: a program of their name that prints its arguments as a Pod's name."""
    program(tree, "helm", f'echo "{POD % "$1-$2"}"\n')
    program(tree, "kubectl", f"echo '{POD % 'kubectl-kustomize'}'\n")
    result = audit(str(tree))
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 3)
    assert "kubectl-kustomize" in result.stdout
    assert "Pod template-chart\t" in result.stdout
    assert "Pod raw" not in result.stdout
    assert len(audit(str(tree), "--render", "off").stdout.splitlines()) == 1


def test_a_failure_is_an_error(tree: Path) -> None:
    """Exit 2, with the program's words."""
    program(tree, "helm", "echo 'a dependency is missing' >&2; exit 1\n")
    program(tree, "kustomize", "exit 3\n")
    result = audit(str(tree))
    assert result.exit_code == 2
    assert "helm template chart" in result.stderr
    assert "a dependency is missing" in result.stderr
    assert "exit code 3" in result.stderr


def test_a_program_that_does_not_start_is_an_error(tree: Path) -> None:
    """Exit 2."""
    program(tree, "helm", "")
    (tree.parent / "bin/helm").write_text("#!/nowhere\n")
    assert shutil.which("helm")
    result = audit(str(tree / "chart"))
    assert result.exit_code == 2
    assert "No such file" in result.stderr
