"""The chart in the terminal and as SVG: its contents and its width."""

from __future__ import annotations

import io
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from tests.predict.pods import container, make, run, sidecar, sleep
from webhook.predict import IGNORES, Scenario
from webhook.predict.forecast import forecast
from webhook.report.chart import svg, terminal
from webhook.report.chart.rows import horizon, rows, ticks

NPM = make(30, {"name": "web", "command": ["npm", "start"]})
SVG = "{http://www.w3.org/2000/svg}"


def draw(width: int, *, color: bool = False, of: object = NPM) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=color, no_color=not color, soft_wrap=True)
    console.print(terminal.chart(forecast(NPM.document, Scenario()).timelines, width))
    return stream.getvalue().splitlines()


def test_terminal_chart() -> None:
    """The chart has a row for the requests and for each container, before and after, on one scale, with numbers."""
    assert draw(70) == [
        "  ✘ as written:",
        "    loses new connections for 2.5 s, and in-flight requests",
        "           0         2          4          6          8          10 s",
        "  requests ━━━╍╍╍╍╍╍╍╍╍╍╍╍╍┤",
        "           arrive until 3 s; new connections fail from 0.5 s on",
        "  web      ▼▒▒✘",
        "           SIGTERM at 0 s · ends with npm at 0.5 s · limit 30 s",
        "",
        "  ✔ with lastcall: loses nothing",
        "           0         2          4          6          8          10 s",
        "  requests ━━━━━━━━━━━━━━━━┤",
        "           arrive until 3 s",
        "  web      ░░░░░░░░░░░░░░░░░░░░░░░░░░░▼███████████████████████████✔",
        "           hook 5 s · SIGTERM at 5 s · exits at 10 s · limit 35 s",
    ]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_terminal_chart_is_as_wide_as_there_is_room(width: int) -> None:
    """Rows are never wider than the terminal, however narrow it is, down to 32 columns."""
    lines = [line for line in draw(width) if "━" in line or "█" in line]
    assert len(lines) == 3
    assert all(len(line) <= max(width, 32) for line in lines)


def test_colours_only_where_wanted() -> None:
    """Without colours there is no escape sequence; with colours there are."""
    assert "\x1b" not in "".join(draw(80))
    assert "\x1b[" in "".join(draw(80, color=True))


def test_legend_names_every_bar_and_mark() -> None:
    """The legend explains all that a chart can hold, and breaks where the terminal ends."""
    for width in (50, 120):
        text = terminal.legend(width).plain
        assert max(len(line.rstrip()) for line in text.splitlines()) <= width
        for word in (
            "requests arrive",
            "preStop hook",
            "drains",
            "does not drain",
            "stop signal",
            "killed",
            "at the latest",
        ):
            assert word in text


WORDS = [
    pytest.param(make(30, container(**run("sleep", "60"))), {}, "hook 30 s cut · SIGTERM at 30 s · SIGKILL at 32 s"),
    pytest.param(
        make(30, container(**sleep(5))),
        {"kubelet": (1, 29)},
        "hook not run · SIGTERM at 0 s · exits at 5 s · limit 30 s",
    ),
    pytest.param(make(30, container(**sleep(20))), {"exits": {"app": 3}}, "hook 20 s · exits by itself at 3 s"),
    pytest.param(make(30), {"drain": IGNORES}, "SIGTERM at 0 s · SIGKILL at 30 s"),
    pytest.param(make(30, init=(sidecar(),)), {"exits": {"sidecar": 1}}, "exits by itself at 1 s"),
]


@pytest.mark.parametrize(("pod", "assumed", "words"), WORDS)
def test_rows_in_words(pod: object, assumed: dict[str, object], words: str) -> None:
    """Every row is also described in words and numbers."""
    found = forecast(pod.document, Scenario(**assumed)).before  # type: ignore[attr-defined,arg-type]
    assert rows(found)[-1].note == words


def test_scale() -> None:
    """The scale ends a little behind the last event; a limit far behind it does not stretch it."""
    near, far = forecast(make(12).document, Scenario(drain=10)).before, forecast(make(900).document, Scenario()).before
    assert horizon([near]) == pytest.approx(12.72)
    assert horizon([far]) == pytest.approx(5.3)
    assert (ticks(12.72, 14), ticks(12.72, 4), ticks(100_000, 10)[1]) == (list(range(13)), [0, 5, 10], 7200)


def test_svg_is_one_file() -> None:
    """The SVG is well-formed, draws every container, has colours for light and dark, and refers to nothing."""
    text = svg.standalone([("Deployment web", forecast(NPM.document, Scenario()).timelines)], "a note")
    root = ET.fromstring(text)
    assert len(root.findall(f".//{SVG}rect[@class='bar drain']")) == 2  # the container, and the legend
    assert "prefers-color-scheme: dark" in (root.findtext(f"{SVG}style") or "")
    assert "href" not in text


def test_svg_keeps_names_as_text() -> None:
    """A name with markup or control characters stays a text of a well-formed file."""
    pod = make(30, {"name": "<script>&\x01\x1b]", "command": ["node"]})
    root = ET.fromstring(svg.figure(forecast(pod.document, Scenario()).timelines))
    assert not root.findall(f".//{SVG}script")
    assert "<script>&\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}]" in {element.text for element in root.iter()}
