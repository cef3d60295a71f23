"""The documentation lists everything that exists."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import ROOT
from tools.docs import PAGES
from webhook import __version__
from webhook.cli import COMMANDS
from webhook.core.decision import Reason
from webhook.core.mutate import REASONS, TABLES
from webhook.core.settings import NAMES
from webhook.report.setting_docs import setting_docs


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    """`make docs` does not change the page."""
    assert (ROOT / name).read_text() == PAGES[name]()


def test_every_setting_is_documented_beside_its_field() -> None:
    """Each field of Settings is followed by a text."""
    assert set(setting_docs()) == set(NAMES)


def test_no_two_reasons_share_a_code_or_a_sentence() -> None:
    """Equal members of an Enum would be aliases, and missing from every list."""
    members = [member for table in TABLES for member in table.__members__.values()]
    assert len({member.code for member in members}) == len(members)
    assert len({(type(member), member.sentence) for member in members}) == len(members)
    assert {type(reason) for reason in REASONS.values()} == set(Reason.__subclasses__()) & set(TABLES)


def test_the_readme_names_every_command() -> None:
    """Users find commands in the README."""
    readme = (ROOT / "README.md").read_text()
    assert [name for name in COMMANDS if f"lastcall {name}" not in readme] == []


def test_links_between_files_are_valid() -> None:
    """The file of every relative link in the documentation exists."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())]
    assert links
    assert [(str(page), link) for page, link in links if not (page.parent / link).exists()] == []


def test_the_changelog_begins_with_this_version() -> None:
    """CHANGELOG.md has the version of the package."""
    versions = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert __version__ in versions[:2]


def test_the_repository_names_no_machine_and_no_registry() -> None:
    """Lock files have names, versions and hashes, but no host."""
    locks = [*(ROOT / "requirements").glob("*.txt"), *ROOT.rglob("package-lock.json")]
    locks = [lock for lock in locks if "node_modules" not in lock.parts]
    assert locks
    assert [str(lock) for lock in locks if re.search(r'index-url|"resolved"', lock.read_text())] == []
