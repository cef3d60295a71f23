"""Write the pictures of docs/ anew: ``python -m tests.support.pictures``. Needs Chromium, as the page's tests do."""

from click.testing import CliRunner

from tests.support.browser import browser, page_served
from tests.support.paths import ROOT
from webhook.cli import main

DOCS = ROOT / "docs"
SIZE = (1440, 1180)


def write() -> None:
    """Write the timeline as SVG, and the page in light and dark."""
    drawn = CliRunner().invoke(main, ["timeline", "-f", "examples/npm-deployment.yaml", "-o", "svg"])
    (DOCS / "timeline.svg").write_text(drawn.stdout, encoding="utf-8")
    for scheme in ("light", "dark"):
        with page_served() as port, browser(dark=scheme == "dark", size=SIZE) as window:
            window.open(f"http://127.0.0.1:{port}/")
            window.click("#sample")
            window.until("document.querySelectorAll('.card').length === 1")
            window.run("document.activeElement.blur()")
            window.picture(DOCS / f"ui-{scheme}.png")


if __name__ == "__main__":
    write()
