"""The page as a report: one file with its data inside, opened without any server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.support.browser import Browser, browser
from webhook.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser() as found:
        yield found


def test_report_works_offline(window: Browser, tmp_path: Path) -> None:
    """A report is one file that requests nothing and logs no error."""
    made = CliRunner().invoke(main, ["timeline", "-f", "examples", "-o", "html"], catch_exceptions=False)
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", made.stdout)
    (tmp_path / "report.html").write_text(made.stdout)
    window.log()
    window.open(f"file://{tmp_path}/report.html")
    assert window.run("return document.querySelectorAll('.card').length") >= 5
    assert window.log() == []


def test_fleet(window: Browser, tmp_path: Path) -> None:
    """The report of an audit shows its numbers and its rows, the worst first, and can be filtered."""
    made = CliRunner().invoke(main, ["audit", "examples", "-o", "html"], catch_exceptions=False)
    (tmp_path / "fleet.html").write_text(made.stdout)
    window.log()
    window.open(f"file://{tmp_path}/fleet.html")
    assert "lose requests" in window.text(".tiles")
    assert window.text("tbody tr").startswith("✘✘ both")
    window.type("input[type=search]", "nginx")
    rows = "[...document.querySelectorAll('tbody tr')].filter((row) => !row.hidden).length"
    window.until(f"{rows} === 1")
    assert window.log() == []
