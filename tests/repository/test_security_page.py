"""docs/security.md names tests that exist, and its statements about packages are true."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import ROOT

PAGE = (ROOT / "docs/security.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/]*test_\w+\.py(?:::test_\w+)?)`", PAGE)))
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
RECIPES = [ROOT / "Dockerfile", ROOT / "Makefile", *ROOT.glob("tests/*/targets.mk"), *ROOT.glob("bench/*.mk")]


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_the_page_names_exists(name: str) -> None:
    """Each file and each function in it exists."""
    file, _, function = name.partition("::")
    source = (ROOT / file if "/" in file else ROOT / "tests/serving" / file).read_text()
    assert f"\ndef {function}(" in source or not function


def test_every_row_has_its_test() -> None:
    """Every threat in the table has the name of a test."""
    table = PAGE[PAGE.index("|---|---|---|") :].split("\n\n", 1)[0].splitlines()[1:]
    assert len(table) > 20
    assert [row for row in table if not re.search(r"`[\w/]*test_\w+\.py", row.rsplit("|", 2)[1])] == []


def test_every_package_is_installed_by_its_hash() -> None:
    """Each entry of each lock has a hash, and pip requires it wherever a recipe installs from a lock."""
    entries = [entry for lock in LOCKS for entry in re.split(r"\n(?=\S)", lock.read_text()) if "==" in entry]
    assert len(entries) > 100
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    installs = [line for recipe in RECIPES for line in recipe.read_text().splitlines() if "pip install" in line]
    assert len([line for line in installs if " -r " in line]) >= 5
    assert [line for line in installs if " -r " in line and "--require-hashes" not in line] == []
