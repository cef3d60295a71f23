"""Fixtures of the signal tests: projects to run, and a loud word where this machine cannot run them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launcher import lab, shapes

NEEDS = "root and unshare(1) are needed to run processes as PID 1: the launcher is NOT tested with real signals here"


@pytest.fixture(scope="session", autouse=True)
def _namespaces() -> None:
    """Skip where no namespace can be made; in CI that is a failure."""
    if os.geteuid() == 0 and lab.can_unshare():
        return
    if os.environ.get("CI") == "true":
        pytest.fail(NEEDS)
    pytest.skip(NEEDS)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder of the project with all shapes for a package manager, made once."""
    root = tmp_path_factory.mktemp("projects")
    made: dict[str, Path] = {}

    def folder(manager: str) -> Path:
        if manager not in made:
            made[manager] = shapes.project(root, manager)
        return made[manager]

    return folder
