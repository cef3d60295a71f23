"""The chart for a terminal: one line for each row, as wide as the terminal."""

from __future__ import annotations

from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from webhook.predict import Verdict
from webhook.report.chart.rows import LEGEND, MARKS, Row, horizon, rows, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.predict import Timeline

_BARS = {
    "traffic": ("━", "blue"),
    "lost": ("╍", "bold red"),
    "hook": ("░", "cyan"),
    "running": ("─", "dim"),
    "drain": ("█", "green"),
    "no-drain": ("▒", "red"),
}
_MARKS = {
    "signal": ("▼", "bold yellow"),
    "exited": ("✔", "bold green"),
    "killed": ("✘", "bold red"),
    "withdrawn": ("┤", "blue"),
    "limit": ("┊", "dim"),
}
_STYLES = {Verdict.LOSES: "bold red", Verdict.SAFE: "bold green", Verdict.UNKNOWN: "bold yellow"}
_NAMES = (8, 20)
"""The narrowest and the widest column of names, in characters."""
_WIDEST = 110
"""Columns."""


def chart(timelines: Sequence[tuple[str, Timeline]], width: int) -> Group:
    """Draw timelines below each other, each with its heading, on one scale; ``width`` in columns."""
    seconds = horizon([timeline for _, timeline in timelines])
    drawn = [(heading, timeline, rows(timeline)) for heading, timeline in timelines]
    names = max((len(row.name) for _, _, lines in drawn for row in lines), default=0)
    names = min(max(names, _NAMES[0]), _NAMES[1])
    columns = max(min(width, _WIDEST) - names - 4, 20)
    parts: list[Text] = []
    for heading, timeline, lines in drawn:
        parts += _heading(f"{timeline.verdict.symbol} {heading}", _STYLES[timeline.verdict], timeline.sentence, width)
        if lines:
            parts.append(_axis(seconds, columns, names))
        for row in lines:
            parts += _row(row, seconds, columns, names)
        parts.append(Text())
    return Group(*parts[:-1])


def _heading(title: str, style: str, verdict: str, width: int) -> list[Text]:
    line = Text.assemble("  ", (title, style), (": ", "dim"), verdict)
    if len(line) <= width:
        return [line]
    return [line[: len(title) + 3], *(Text(f"    {part}") for part in wrap(verdict, max(width - 4, 20)))]


def legend(width: int) -> Text:
    """Explain bars and marks, in as many lines as the width needs."""
    words = [(f"{_BARS[kind][0] * 2} {text}", _BARS[kind]) for kind, text in LEGEND.items()]
    words += [(f"{_MARKS[kind][0]} {text}", _MARKS[kind]) for kind, text in MARKS.items()]
    result, used = Text("  "), 2
    for text, (sign, style) in words:
        if used + len(text) > min(width, _WIDEST):
            result.rstrip()
            result, used = result.append("\n  "), 2
        size = len(text) - len(text.lstrip(sign))
        result.append(text[:size], style).append(text[size:] + "   ", "dim")
        used += len(text) + 3
    result.rstrip()
    return result


def _axis(seconds: float, columns: int, names: int) -> Text:
    cells = [" "] * columns
    for tick in ticks(seconds, columns // 8):
        at = int(tick / seconds * columns)
        text = str(tick)
        if at + len(text) <= columns:
            cells[at : at + len(text)] = text
    return Text.assemble(" " * (names + 3), ("".join(cells).rstrip() + " s", "dim"))


def _row(row: Row, seconds: float, columns: int, names: int) -> list[Text]:
    cells: list[tuple[str, str]] = [(" ", "")] * columns
    for bar in row.bars:
        first, last = (round(at / seconds * columns) for at in (bar.start, bar.end))
        cells[first : max(last, first + 1)] = [_BARS[bar.kind]] * (max(last, first + 1) - first)
    free = 0
    for mark in sorted(row.marks, key=lambda mark: mark.at):
        at = max(round(mark.at / seconds * columns), free)
        if at < columns:
            cells[at] = _MARKS[mark.kind]
            free = at + 1
    name = row.name if len(row.name) <= names else row.name[: names - 1] + "…"
    line = Text.assemble("  ", (f"{name:<{names}} ", "blue" if row.name == "requests" else "bold"))
    for (sign, style), run in groupby(cells[:columns]):
        line.append(sign * len(list(run)), style)
    line.rstrip()
    note = f"{row.role}: {row.note}" if row.role else row.note
    indent = " " * (names + 3)
    wrapped = _wrap(note, columns)
    return [line, *(Text.assemble(indent, (part, "dim")) for part in wrapped)]


def _wrap(note: str, columns: int) -> list[str]:
    """Break a note at its dots where it is wider than the bars, and between words where a part is."""
    lines = [""]
    for part in note.split(" · "):
        joined = f"{lines[-1]} · {part}" if lines[-1] else part
        if len(joined) <= columns or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(part)
    return [piece for line in lines for piece in wrap(line, columns)]
