"""The page, in a real Chromium and over real HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.support.browser import Browser, Keys, browser, page_served
from webhook.cli import main
from webhook.report.page.server import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE = """\
apiVersion: v1
kind: Pod
metadata:
  name: "<img src=x onerror=document.title='owned'>"
  namespace: "</script><script>document.title='owned'</script>"
spec:
  containers:
    - name: "<svg onload=document.title='owned'>"
      command: ["sh", "-c", "</style><script>document.title='owned'</script>"]
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with page_served() as found:
        yield found


@pytest.fixture(scope="module")
def window(port: int) -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture
def opened(window: Browser, port: int) -> Browser:
    window.open(f"http://127.0.0.1:{port}/")
    window.log()
    return window


def paste(window: Browser, manifest: str) -> None:
    """Put a text into the field as a paste does: all at once, with one input event."""
    window.run(
        """const field = document.getElementById('manifest'); field.value = arguments[0];
        field.dispatchEvent(new Event('input', {bubbles: true}))""",
        manifest,
    )


def test_paste(opened: Browser) -> None:
    """A manifest that is pasted shows, without a further step, its charts, the reasons and the diff."""
    paste(opened, SAMPLE)
    opened.until("document.querySelectorAll('.card').length === 1")
    assert "with lastcall 0 lose requests, 1 safe, 0 unknown" in opened.until(
        "document.getElementById('status').innerText"
    )
    assert "loses new connections for 2.5 s" in opened.text(".chart")
    assert opened.run("return document.querySelectorAll('.at-wide svg rect.drain').length") == 1
    assert "terminationGracePeriodSeconds: 35" in opened.text("pre.diff")
    assert "npm does not forward SIGTERM" in opened.text(".card")


def test_keyboard(opened: Browser) -> None:
    """The field has the focus at once, Ctrl-Enter asks, and Tab reaches every control."""
    assert opened.run("return document.activeElement.id") == "manifest"
    opened.type("#manifest", "kind: Pod")
    opened.type("#manifest", Keys.CONTROL + Keys.ENTER)
    opened.until("document.getElementById('status').innerText === 'No document creates a Pod.'")
    reached = []
    for _ in range(9):
        opened.press(Keys.TAB)
        reached.append(opened.run("return document.activeElement.id || document.activeElement.type"))
    assert reached == ["profile", "cause", "seconds", "propagation", "drain", "kubelet", "submit", "sample", "choose"]


def test_choices(opened: Browser) -> None:
    """Another profile, cause or length changes the answer."""
    opened.click("#sample")
    opened.until("document.querySelectorAll('.card').length === 1")
    opened.run("document.getElementById('profile').value = 'ingress'; document.getElementById('drain').value = ''")
    opened.type("#drain", "7")
    opened.until("document.querySelector('.chart')?.innerText.includes('hook 10 s · SIGTERM at 10 s · exits at 17 s')")


def test_bad_yaml(opened: Browser) -> None:
    """A document that cannot be read is named with its line and column, and the others are shown."""
    paste(opened, f"{SAMPLE}---\nkind: [\n")
    opened.until("document.querySelectorAll('.card').length === 1")
    assert re.search(r"document 2: line \d+, column \d+: ", opened.until("document.getElementById('errors').innerText"))


def test_bad_number(opened: Browser) -> None:
    """A value that cannot be read is answered with an error message."""
    opened.run("document.getElementById('kubelet').value = 'x.y'")
    paste(opened, SAMPLE)
    assert "x.y is not a version: write it as in 1.34" in opened.until("document.getElementById('errors').innerText")


def test_drop(opened: Browser) -> None:
    """A file that is dropped is read."""
    opened.run(
        """const files = new DataTransfer(); files.items.add(new File([arguments[0]], 'web.yaml'));
        document.dispatchEvent(new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true}))""",
        SAMPLE,
    )
    opened.until("document.querySelectorAll('.card').length === 1")


def test_two_megabytes(opened: Browser) -> None:
    """A text of 2 MB shows its first workloads at once, stays a short page, and is replaced by the next text."""
    many = "---\n".join(SAMPLE.replace("name: web", f"name: web-{n}") for n in range(2 * 1024 * 1024 // len(SAMPLE)))
    opened.run(
        """const clipboardData = new DataTransfer(); clipboardData.setData('text', arguments[0]);
        const event = new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true});
        document.getElementById('manifest').dispatchEvent(event)""",
        many,
    )
    opened.until("document.getElementById('status').innerText.startsWith('… ')")
    opened.until("!document.getElementById('more').hidden")
    assert opened.run("return document.querySelectorAll('.card').length") == 25
    assert "MB; only the beginning is shown" in opened.text("#held")
    opened.click("#more")
    opened.until("document.querySelectorAll('.card').length > 25")
    opened.click("#clear")
    opened.until("document.querySelectorAll('.card').length === 0")
    paste(opened, SAMPLE)
    opened.until("document.getElementById('status').innerText.startsWith('1 workload:')")


def test_nothing_is_interpreted(opened: Browser, tmp_path: Path) -> None:
    """Everything in a manifest stays text, on the live page and in a report."""
    paste(opened, HOSTILE)
    opened.until("document.querySelectorAll('.card').length === 1")
    assert "<img src=x" in opened.text(".card h2")
    (tmp_path / "pod.yaml").write_text(HOSTILE)
    made = CliRunner().invoke(
        main, ["timeline", "-f", str(tmp_path / "pod.yaml"), "-o", "html"], catch_exceptions=False
    )
    (tmp_path / "report.html").write_text(made.stdout)
    assert opened.run("return document.title") == "lastcall"
    opened.open(f"file://{tmp_path}/report.html")
    assert "<img src=x" in opened.text(".card h2")
    assert opened.run("return [document.title, document.querySelectorAll('img, .card script').length]") == [
        "lastcall",
        0,
    ]


def test_the_policy_blocks_injected_content(opened: Browser) -> None:
    """The control of the test above: a script and an image that do get into the page are not run and not loaded."""
    opened.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">')")
    opened.run(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title=2'}))"
    )
    opened.until("document.images[0].complete")
    assert opened.run("return document.title") == "lastcall"
    assert any("Content Security Policy" in line["message"] for line in opened.log())


def test_labels(opened: Browser) -> None:
    """Every control has a label, and the chart says in words what it shows."""
    opened.click("#sample")
    opened.until("document.querySelectorAll('.card').length === 1")
    unlabelled = (
        "[...document.querySelectorAll('textarea, input:not([hidden]), select')].filter((e) => !e.labels.length)"
    )
    assert opened.run(f"return {unlabelled}.length") == 0
    assert "loses nothing" in opened.run("return document.querySelector('.chart svg').getAttribute('aria-label')")


@pytest.mark.parametrize("dark", [False, True])
def test_colour_schemes(port: int, dark: bool) -> None:
    """The page and its chart are light or dark, as the browser prefers."""
    with browser(dark=dark) as window:
        window.open(f"http://127.0.0.1:{port}/")
        window.click("#sample")
        window.until("document.querySelectorAll('.card').length === 1")
        card = window.run("return getComputedStyle(document.querySelector('.card')).backgroundColor")
        ink = window.run("return getComputedStyle(document.querySelector('.chart svg text')).fill")
    expected = ("rgb(18, 23, 31)", "rgb(230, 234, 240)") if dark else ("rgb(255, 255, 255)", "rgb(28, 36, 48)")
    assert (card, ink) == expected
