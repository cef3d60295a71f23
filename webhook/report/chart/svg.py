"""The chart as SVG: one figure for a Pod, its timelines below each other on one scale.

Built as a tree, so that everything from a manifest stays text. Colours are classes of ``chart.css``, which has a light
and a dark scheme.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from webhook.report.chart.rows import LEGEND, horizon, number, rows, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.predict import Timeline
    from webhook.report.chart.rows import Bar, Mark, Row

STYLE = files("webhook.report.chart").joinpath("chart.css").read_text(encoding="utf-8")
WIDTH = 860
_LEFT = 150
_RIGHT = 24
_ROW_HEIGHT = 46
_BAR = 14
_SIGNS = {"exited": "M-4 0l3 3 6-7", "killed": "M-4-4l8 8m0-8l-8 8"}

Figure = tuple[str, "Sequence[tuple[str, Timeline]]"]
"""A Pod's title and its timelines, each with a heading."""


def figure(timelines: Sequence[tuple[str, Timeline]]) -> str:
    """Return the SVG of one Pod without a style, for a page that has ``STYLE``."""
    root, _ = _figure(timelines)
    return ET.tostring(root, encoding="unicode")


def standalone(figures: Sequence[Figure], note: str) -> str:
    """Return one self-contained SVG of all figures, each below its title."""
    root = _svg(0)
    ET.SubElement(root, "style").text = STYLE
    top = 16.0
    for title, timelines in figures:
        _text(root, 16, top + 16, title, "title")
        _text(root, 16, top + 34, note, "note")
        inner, height = _figure(timelines)
        inner.set("y", str(top + 48))
        root.append(inner)
        top += height + 72
    _legend(root, top)
    _size(root, top + 40)
    return ET.tostring(root, encoding="unicode")


def _figure(timelines: Sequence[tuple[str, Timeline]]) -> tuple[ET.Element, float]:
    scale = _Scale(horizon([timeline for _, timeline in timelines]))
    root, top = _svg(0), 0.0
    for heading, timeline in timelines:
        top = _panel(root, top, heading, timeline, scale)
    _size(root, top)
    spoken = "; ".join(f"{heading}: {timeline.sentence}" for heading, timeline in timelines)
    root.set("aria-label", spoken)
    return root, top


class _Scale:
    """Seconds to pixels."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self, at: float) -> float:
        return round(_LEFT + at / self.seconds * (WIDTH - _LEFT - _RIGHT), 1)


def _panel(root: ET.Element, top: float, heading: str, timeline: Timeline, scale: _Scale) -> float:
    """Draw one timeline; return where the next one begins."""
    lines = rows(timeline)
    bottom = top + 58 + len(lines) * _ROW_HEIGHT
    verdict = _text(root, 16, top + 20, "", "verdict")
    _span(verdict, f"{timeline.verdict.symbol} {heading}", timeline.verdict.tone)
    _span(verdict, f"  {timeline.sentence}", "")
    for tick in ticks(scale.seconds, 14) if lines else ():
        x = str(scale(tick))
        ET.SubElement(root, "line", {"class": "grid", "x1": x, "x2": x, "y1": f"{top + 44}", "y2": f"{bottom - 14}"})
        _text(root, scale(tick), top + 40, f"{tick} s" if tick == 0 else str(tick), "tick")
    for index, row in enumerate(lines):
        _row(root, top + 54 + index * _ROW_HEIGHT, row, scale)
    return bottom


def _row(root: ET.Element, y: float, row: Row, scale: _Scale) -> None:
    group = ET.SubElement(root, "g")
    _title(group, f"{row.name}: {row.note}")
    name = _text(group, _LEFT - 14, y + 11, _shorten(row.name), "name")
    name.set("text-anchor", "end")
    if row.role:
        _text(group, _LEFT - 14, y + 26, row.role, "note").set("text-anchor", "end")
    for bar in row.bars:
        _bar(group, y, bar, scale)
    taken = 0.0
    for mark in sorted(row.marks, key=lambda mark: mark.at):
        taken = _mark(group, y, mark, max(scale(mark.at), taken))
    _text(group, _LEFT, y + 29, row.note, "note")


def _bar(group: ET.Element, y: float, bar: Bar, scale: _Scale) -> None:
    x, width = scale(bar.start), max(scale(bar.end) - scale(bar.start), 2)
    thin = 4 if bar.kind in ("traffic", "lost", "running") else _BAR
    shape = {"class": f"bar {bar.kind}", "x": f"{x}", "y": f"{y + (_BAR - thin) / 2}", "rx": "2"}
    rect = ET.SubElement(group, "rect", shape | {"width": f"{width:.1f}", "height": f"{thin}"})
    _title(rect, f"{LEGEND[bar.kind]}: {number(bar.start)} to {number(bar.end)} s")


def _mark(group: ET.Element, y: float, mark: Mark, x: float) -> float:
    """Draw a mark; return the first pixel at which the next one does not cover it."""
    middle = y + _BAR / 2
    holder = ET.SubElement(group, "g", {"class": f"mark {mark.kind}", "transform": f"translate({x} {middle})"})
    _title(holder, f"{mark.label} at {number(mark.at)} s")
    if mark.kind in _SIGNS:
        ET.SubElement(holder, "circle", {"r": "8"})
        ET.SubElement(holder, "path", {"d": _SIGNS[mark.kind]})
        return x + 10
    shape = "M-5-11h10l-5 7zM0-9V9" if mark.kind == "signal" else "M0-9V9"
    ET.SubElement(holder, "path", {"d": shape})
    return x + 12


def _legend(root: ET.Element, top: float) -> None:
    x = 16.0
    for kind, words in LEGEND.items():
        thin = 4 if kind in ("traffic", "lost", "running") else 10
        shape = {"class": f"bar {kind}", "x": f"{x}", "y": f"{top + 10 - thin / 2}", "rx": "2"}
        ET.SubElement(root, "rect", shape | {"width": "18", "height": f"{thin}"})
        _text(root, x + 24, top + 14, words, "note")
        x += 44 + 6.6 * len(words)


def _svg(height: float) -> ET.Element:
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "lastcall", "role": "img"})
    _size(root, height)
    return root


def _size(root: ET.Element, height: float) -> None:
    root.set("width", str(WIDTH))
    root.set("height", f"{height:g}")
    root.set("viewBox", f"0 0 {WIDTH} {height:g}")


def _text(parent: ET.Element, x: float, y: float, words: str, kind: str) -> ET.Element:
    element = ET.SubElement(parent, "text", {"class": kind, "x": f"{x:g}", "y": f"{y:g}"})
    element.text = _printable(words)
    return element


def _title(parent: ET.Element, words: str) -> None:
    ET.SubElement(parent, "title").text = _printable(words)


def _span(parent: ET.Element, words: str, kind: str) -> None:
    ET.SubElement(parent, "tspan", {"class": kind} if kind else {}).text = _printable(words)


def _printable(words: str) -> str:
    """Drop what XML cannot hold."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)


def _shorten(name: str) -> str:
    return name if len(name) <= 18 else name[:17] + "…"  # noqa: PLR2004 - what fits left of the bars
