"""The page on a phone: nothing is clipped, and nothing needs a wide screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.support.browser import Browser, browser, page_served
from webhook.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIDTH = 390
BEYOND = """[...document.querySelectorAll('main *')].filter((e) => {
  const box = e.getBoundingClientRect();
  if (e instanceof SVGElement && !['svg', 'text'].includes(e.tagName)) return false; // marks outside are clipped
  return box.width && !e.closest('pre, textarea') && box.right > innerWidth + 0.5;
}).map((e) => e.textContent.slice(0, 60))"""


@pytest.fixture(scope="module")
def phone() -> Iterator[Browser]:
    with browser() as window:
        window.resize(WIDTH, 2400)
        yield window


def report(directory: Path, *arguments: str) -> str:
    """Write a report; return its address."""
    made = CliRunner().invoke(main, [*arguments, "-o", "html"], catch_exceptions=False)
    (directory / "report.html").write_text(made.stdout)
    return f"file://{directory}/report.html"


@pytest.mark.parametrize("command", ["timeline", "audit"])
def test_reports_fit(phone: Browser, tmp_path: Path, command: str) -> None:
    """No element of a report is wider than the screen; a phone has charts of its own."""
    phone.open(report(tmp_path, command, "examples"))
    assert phone.run("return document.documentElement.scrollWidth") == WIDTH
    assert phone.run(f"return {BEYOND}") == []
    if command == "timeline":
        shown = "[...document.querySelectorAll('.chart svg')].filter((e) => e.getBoundingClientRect().width)"
        assert phone.run(f"return {shown}.every((e) => e.viewBox.baseVal.width === 350)")
    else:
        assert phone.text("tbody tr").splitlines()[:2] == ["✘✘ both", "Deployment web"]


def test_the_live_page_fits(phone: Browser) -> None:
    """A manifest can be predicted on a phone; the assumptions and the legend are on the page."""
    with page_served() as port:
        phone.open(f"http://127.0.0.1:{port}/")
        assert phone.run("return document.getElementById('legend').hidden")
        phone.click("#sample")
        phone.until("document.getElementById('assumed').innerText.includes('endpoint withdrawn after 3 s, drain 5 s')")
        assert phone.run(f"return {BEYOND}") == []
        for words in (
            "requests are lost",
            "preStop hook",
            "stop signal",
            "endpoint withdrawn",
            "SIGKILL at the latest",
        ):
            assert words in phone.text("#legend")


def test_long_names_fit(phone: Browser, tmp_path: Path) -> None:
    """Names of 63 characters, hooks that are cut, sidecars: the longest texts that a chart has."""
    name = "a" * 63
    (tmp_path / "pod.yaml").write_text(
        f"""apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  terminationGracePeriodSeconds: 1000
  containers:
    - {{name: {name}, command: [npm, start], lifecycle: {{preStop: {{sleep: {{seconds: 1100}}}}}}}}
  initContainers:
    - name: b{name[1:]}
      restartPolicy: Always
      lifecycle: {{preStop: {{exec: {{command: [x]}}}}}}
"""
    )
    phone.open(report(tmp_path, "timeline", str(tmp_path / "pod.yaml"), "--drain", "12.5", "--propagation", "130.5"))
    assert phone.run(f"return {BEYOND}") == []


def test_reasons_and_verdicts(phone: Browser, tmp_path: Path) -> None:
    """A card has both verdicts, and the reason of everything, for `lastcall explain`; what is unknown says so."""
    phone.open(report(tmp_path, "timeline", "examples/npm-deployment.yaml"))
    assert "✘ today: loses requests" in phone.text(".card h2")
    assert "✔ with lastcall: safe" in phone.text(".card h2")
    found = phone.run("return [...document.querySelectorAll('code.reason')].map((e) => e.textContent)")
    assert found == ["SignalDropped", "EndsBeforeTraffic", "LauncherAdded", "SleepAdded", "GraceRaised"]
    with page_served() as port:
        phone.open(f"http://127.0.0.1:{port}/")
        phone.run("document.getElementById('cause').value = 'liveness'")
        phone.click("#sample")
        phone.until("document.querySelectorAll('.card').length === 1")
        assert "? today: unknown" in phone.text(".card h2")
        phone.until("document.getElementById('status').innerText.endsWith('1 unknown')")
