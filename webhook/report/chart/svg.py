"""The chart as SVG: one figure for a Pod, its timelines below each other on one scale.

Built as a tree, so that everything from a manifest stays text. Colours are classes of ``chart.css``, which has a light
and a dark scheme.
"""

from __future__ import annotations

from importlib.resources import files
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from webhook.report.chart.elements import WIDTH, resize, root_of, span, tooltip, words_at
from webhook.report.chart.rows import LEGEND, MARKS, Bar, Mark, horizon, number, rows, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.predict import Timeline
    from webhook.report.chart.rows import Row

STYLE = files("webhook.report.chart").joinpath("chart.css").read_text(encoding="utf-8")
NARROW = 350
"""For a phone: names and verdicts have lines of their own, above the bars."""
_LEFT = 150
_RIGHT = 24
_ROW_HEIGHT = 46
_NAME = 18
"""The height of a name above its bars."""
_NOTE, _LINE = 54, 13
"""Characters of a note that a phone shows on a line, and the height of another line."""
_SENTENCE = 110
"""Characters of a verdict that a wide screen shows on a line."""
_BAR = 14
_SIGNS = {"exited": "M-4 0l3 3 6-7", "killed": "M-4-4l8 8m0-8l-8 8"}

Figure = tuple[str, "Sequence[tuple[str, Timeline]]"]
"""A Pod's title and its timelines, each with a heading."""


def figure(timelines: Sequence[tuple[str, Timeline]], *, narrow: bool = False) -> str:
    """Return the SVG of one Pod without a style, for a page that has ``STYLE``."""
    root, _ = _figure(timelines, narrow=narrow)
    return ET.tostring(root, encoding="unicode")


def legend() -> list[tuple[str, str]]:
    """Return what every bar and mark means: a small SVG without a style, and the words."""
    drawn = []
    for kind, words in LEGEND.items():
        root = root_of(14, 26)
        _bar(root, 0, Bar(0, 1, kind), _Scale(1, 0, 26))
        drawn.append((ET.tostring(root, encoding="unicode"), words))
    for kind, words in MARKS.items():
        root = root_of(22, 26)
        _mark(root, 4, Mark(0, kind, words), 13)
        drawn.append((ET.tostring(root, encoding="unicode"), words))
    return drawn


def standalone(figures: Sequence[Figure], note: str) -> str:
    """Return one self-contained SVG of all figures, each below its title."""
    root = root_of(0)
    ET.SubElement(root, "style").text = STYLE
    top = 16.0
    for title, timelines in figures:
        words_at(root, 16, top + 16, title, "title")
        words_at(root, 16, top + 34, note, "note")
        inner, height = _figure(timelines)
        inner.set("y", str(top + 48))
        root.append(inner)
        top += height + 72
    _draw_legend(root, top)
    resize(root, top + 40)
    return ET.tostring(root, encoding="unicode")


def _figure(timelines: Sequence[tuple[str, Timeline]], *, narrow: bool = False) -> tuple[ET.Element, float]:
    width = NARROW if narrow else WIDTH
    last = horizon([timeline for _, timeline in timelines])
    scale = _Scale(last, 4, width - 8) if narrow else _Scale(last, _LEFT, width - _RIGHT)
    root, top = root_of(0, width), 0.0
    for heading, timeline in timelines:
        top = _panel(root, top, heading, timeline, scale)
    resize(root, top, width)
    spoken = "; ".join(f"{heading}: {timeline.sentence}" for heading, timeline in timelines)
    root.set("aria-label", spoken)
    return root, top


class _Scale(NamedTuple):
    """Seconds to pixels: from 0 s at ``left`` to ``seconds`` at ``right``."""

    seconds: float
    left: float
    right: float

    def __call__(self, at: float) -> float:
        return round(self.left + at / self.seconds * (self.right - self.left), 1)

    @property
    def narrow(self) -> bool:
        return self.left < _LEFT


def _panel(root: ET.Element, top: float, heading: str, timeline: Timeline, scale: _Scale) -> float:
    """Draw one timeline; return where the next one begins."""
    lines = rows(timeline)
    left, height = (4, _ROW_HEIGHT + _NAME + _LINE) if scale.narrow else (16, _ROW_HEIGHT)
    verdict = words_at(root, left, top + 20, "", "verdict")
    span(verdict, f"{timeline.verdict.symbol} {heading}", timeline.verdict.tone)
    first, *others = wrap(timeline.sentence, _NOTE if scale.narrow else _SENTENCE)
    if scale.narrow:
        top += _NAME
        words_at(root, left, top + 20, first, "note")
    else:
        span(verdict, f"  {first}", "")
    for line in others:
        top += _LINE
        words_at(root, left, top + 20, line, "note")
    bottom = top + 58 + len(lines) * height
    for tick in ticks(scale.seconds, 7 if scale.narrow else 14) if lines else ():
        x = str(scale(tick))
        ET.SubElement(root, "line", {"class": "grid", "x1": x, "x2": x, "y1": f"{top + 44}", "y2": f"{bottom - 14}"})
        label = words_at(root, scale(tick), top + 40, f"{tick} s" if tick == 0 else str(tick), "tick")
        if scale.narrow and tick == 0:
            label.set("class", "tick first")
    for index, row in enumerate(lines):
        _row(root, top + 54 + index * height, row, scale)
    return bottom


def _row(root: ET.Element, y: float, row: Row, scale: _Scale) -> None:
    group = ET.SubElement(root, "g")
    tooltip(group, f"{row.name}: {row.note}")
    if scale.narrow:
        name = words_at(group, scale.left, y + 11, _shorten(row.name, 22 if row.role else 36), "name")
        span(name, f"  {row.role}", "note")
        y += _NAME
    else:
        words_at(group, _LEFT - 14, y + 11, _shorten(row.name), "name").set("text-anchor", "end")
        words_at(group, _LEFT - 14, y + 26, row.role, "note").set("text-anchor", "end")
    for bar in row.bars:
        _bar(group, y, bar, scale)
    taken = 0.0
    for mark in sorted(row.marks, key=lambda mark: mark.at):
        taken = _mark(group, y, mark, max(scale(mark.at), taken))
    for index, line in enumerate(wrap(row.note, _NOTE) if scale.narrow else [row.note]):
        words_at(group, scale.left, y + 29 + index * _LINE, line, "note")


def _bar(group: ET.Element, y: float, bar: Bar, scale: _Scale) -> None:
    x, width = scale(bar.start), max(scale(bar.end) - scale(bar.start), 2)
    thin = 4 if bar.kind in ("traffic", "lost", "running") else _BAR
    shape = {"class": f"bar {bar.kind}", "x": f"{x}", "y": f"{y + (_BAR - thin) / 2}", "rx": "2"}
    rect = ET.SubElement(group, "rect", shape | {"width": f"{width:.1f}", "height": f"{thin}"})
    tooltip(rect, f"{LEGEND[bar.kind]}: {number(bar.start)} to {number(bar.end)} s")


def _mark(group: ET.Element, y: float, mark: Mark, x: float) -> float:
    """Draw a mark; return the first pixel at which the next one does not cover it."""
    middle = y + _BAR / 2
    holder = ET.SubElement(group, "g", {"class": f"mark {mark.kind}", "transform": f"translate({x} {middle})"})
    tooltip(holder, f"{mark.label} at {number(mark.at)} s")
    if mark.kind in _SIGNS:
        ET.SubElement(holder, "circle", {"r": "8"})
        ET.SubElement(holder, "path", {"d": _SIGNS[mark.kind]})
        return x + 10
    shape = "M-5-11h10l-5 7zM0-9V9" if mark.kind == "signal" else "M0-9V9"
    ET.SubElement(holder, "path", {"d": shape})
    return x + 12


def _draw_legend(root: ET.Element, top: float) -> None:
    x = 16.0
    for kind, words in LEGEND.items():
        thin = 4 if kind in ("traffic", "lost", "running") else 10
        shape = {"class": f"bar {kind}", "x": f"{x}", "y": f"{top + 10 - thin / 2}", "rx": "2"}
        ET.SubElement(root, "rect", shape | {"width": "18", "height": f"{thin}"})
        words_at(root, x + 24, top + 14, words, "note")
        x += 44 + 6.6 * len(words)


def _shorten(name: str, most: int = 18) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
