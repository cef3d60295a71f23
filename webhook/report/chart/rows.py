"""A timeline as rows of bars and marks: what every drawing of it has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from webhook.predict import End, Fate, HookEnd, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from webhook.predict import Lane, Timeline

LEGEND = {
    "traffic": "requests arrive",
    "lost": "... and are lost",
    "hook": "preStop hook",
    "turn": "runs on",
    "drain": "drains",
    "deaf": "does not drain",
}
"""Kind of a bar -> what it means."""
_HEADROOM = 1.06


class Bar(NamedTuple):
    """Something that lasts, in seconds."""

    start: float
    end: float
    kind: str
    """A key of ``LEGEND``."""


class Mark(NamedTuple):
    """Something that happens."""

    at: float
    kind: str
    """signal, exited, killed, withdrawn or limit."""
    label: str


class Row(NamedTuple):
    """A line of the chart: the requests, or a container."""

    name: str
    role: str
    note: str
    """What the row shows, in words and numbers."""
    bars: Sequence[Bar]
    marks: Sequence[Mark]


def rows(timeline: Timeline) -> list[Row]:
    """Return the chart of one timeline: the requests first, then a row for each container."""
    lanes = [_lane(lane) for lane in timeline.lanes]
    return [_traffic(timeline), *lanes] if timeline.lanes and timeline.serves else lanes


def horizon(timelines: Sequence[Timeline]) -> float:
    """Return the seconds that a chart of all of them shows; a limit far behind every end is left out."""
    ends = [max(t.gone, t.withdrawn) for t in timelines]
    last = max(ends, default=0)
    limits = [lane.kill_at for t in timelines for lane in t.lanes if lane.kill_at and lane.kill_at <= last * 1.5]
    return max(last, *limits, 1) * _HEADROOM


def ticks(seconds: float, most: int) -> list[int]:
    """Return round seconds for an axis, ``most`` at most."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
    step = next((step for step in steps if seconds / step <= most), 7200)
    return list(range(0, int(seconds) + 1, step))


def number(seconds: float) -> str:
    """Write seconds without needless digits."""
    return f"{round(seconds, 1):g}"


def _traffic(timeline: Timeline) -> Row:
    until = timeline.withdrawn
    stop = min([lane.stops_accepting for lane in timeline.lanes if lane.role is Role.APP], default=until)
    bars = [Bar(0, min(stop, until), "traffic")] if stop > 0 else []
    note = f"arrive until {number(until)} s"
    if stop < until:
        bars.append(Bar(stop, until, "lost"))
        note += f", and meet a dead address from {number(stop)} s on"
    return Row("requests", "", note, bars, [Mark(until, "withdrawn", "endpoint withdrawn")])


def _lane(lane: Lane) -> Row:
    bars, marks = list(_bars(lane)), list(_marks(lane))
    role = "" if lane.role is Role.APP else str(lane.role)
    return Row(lane.container, role, " · ".join(_words(lane)), bars, marks)


def _bars(lane: Lane) -> Iterator[Bar]:
    at = lane.started
    if lane.hook and lane.hook.end > at:
        yield Bar(at, lane.hook.end, "hook")
        at = lane.hook.end
    if lane.signal_at is None:
        if lane.end > at:
            yield Bar(at, lane.end, "turn")
        return
    if lane.signal_at > at:
        yield Bar(at, lane.signal_at, "turn")
    if lane.end > lane.signal_at:
        drains = lane.fate is Fate.HEARD and lane.drain is not None
        yield Bar(lane.signal_at, lane.end, "drain" if drains else "deaf")


def _marks(lane: Lane) -> Iterator[Mark]:
    if lane.signal_at is not None:
        yield Mark(lane.signal_at, "signal", lane.signal)
    killed = lane.how in (End.KILLED, End.DROPPED)
    yield Mark(lane.end, "killed" if killed else "exited", str(lane.how))
    if lane.kill_at is not None and lane.kill_at > lane.end:
        yield Mark(lane.kill_at, "limit", "SIGKILL at the latest")


def _words(lane: Lane) -> Iterator[str]:
    """Tell the lane in words and numbers."""
    hook = lane.hook
    if hook:
        length = f"{number(hook.end - lane.started)} s" if hook.how in (HookEnd.RAN, HookEnd.CUT) else ""
        yield f"hook {length} {'' if hook.how is HookEnd.RAN else hook.how}".replace("  ", " ").strip()
    if lane.signal_at is not None:
        yield f"{lane.signal} at {number(lane.signal_at)} s"
    yield {
        End.EXITED: f"exits at {number(lane.end)} s",
        End.KILLED: f"SIGKILL at {number(lane.end)} s",
        End.DROPPED: f"ends with {lane.program} at {number(lane.end)} s",
        End.BY_ITSELF: f"exits by itself at {number(lane.end)} s",
    }[lane.how]
    if lane.kill_at is not None and lane.kill_at > lane.end:
        yield f"limit {number(lane.kill_at)} s"
