"""A timeline as rows of bars and marks, for every kind of chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from webhook.predict import End, HookOutcome, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from webhook.predict import ContainerTimeline, Timeline

LEGEND = {
    "traffic": "requests arrive",
    "lost": "requests are lost",
    "hook": "preStop hook",
    "running": "keeps running",
    "drain": "drains",
    "no-drain": "does not drain",
}
"""Kind of a bar -> what it means."""
MARKS = {
    "withdrawn": "endpoint withdrawn",
    "signal": "stop signal",
    "exited": "exits",
    "killed": "killed",
    "limit": "SIGKILL at the latest",
}
"""Kind of a mark -> what it means."""
_HEADROOM = 1.06


class Bar(NamedTuple):
    """A period; times are seconds from the start."""

    start: float
    end: float
    kind: str
    """A key of ``LEGEND``."""


class Mark(NamedTuple):
    """A moment, in seconds from the start."""

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
    containers = [_container(container) for container in timeline.containers]
    return [_traffic(timeline), *containers] if timeline.containers and timeline.serves else containers


def horizon(timelines: Sequence[Timeline]) -> float:
    """Return the seconds that a chart of all timelines shows; a limit far after every end is left out."""
    ends = [max(t.gone, t.withdrawn) for t in timelines]
    last = max(ends, default=0)
    limits = [
        container.kill_at
        for t in timelines
        for container in t.containers
        if container.kill_at and container.kill_at <= last * 1.5
    ]
    return max(last, *limits, 1) * _HEADROOM


def ticks(seconds: float, most: int) -> list[int]:
    """Return at most ``most`` round numbers of seconds for an axis."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
    step = next((step for step in steps if seconds / step <= most), 7200)
    return list(range(0, int(seconds) + 1, step))


def number(seconds: float) -> str:
    """Write seconds without needless digits."""
    return f"{round(seconds, 1):g}"


def _traffic(timeline: Timeline) -> Row:
    until = timeline.withdrawn
    stop = min(
        [container.stops_accepting for container in timeline.containers if container.role is Role.APP], default=until
    )
    bars = [Bar(0, min(stop, until), "traffic")] if stop > 0 else []
    note = f"arrive until {number(until)} s"
    if stop < until:
        bars.append(Bar(stop, until, "lost"))
        note += f"; new connections fail from {number(stop)} s on"
    return Row("requests", "", note, bars, [Mark(until, "withdrawn", MARKS["withdrawn"])])


def _container(container: ContainerTimeline) -> Row:
    bars, marks = list(_bars(container)), list(_marks(container))
    role = "" if container.role is Role.APP else str(container.role)
    return Row(container.name, role, " · ".join(_words(container)), bars, marks)


def _bars(container: ContainerTimeline) -> Iterator[Bar]:
    at = container.started
    if container.hook and container.hook.end > at:
        yield Bar(at, container.hook.end, "hook")
        at = container.hook.end
    if container.signal_at is None:
        if container.end > at:
            yield Bar(at, container.end, "running")
        return
    if container.signal_at > at:
        yield Bar(at, container.signal_at, "running")
    if container.end > container.signal_at:
        drains = container.may_receive and container.drain is not None
        yield Bar(container.signal_at, container.end, "drain" if drains else "no-drain")


def _marks(container: ContainerTimeline) -> Iterator[Mark]:
    if container.signal_at is not None:
        yield Mark(container.signal_at, "signal", container.signal)
    killed = container.ended_by in (End.KILLED, End.DROPPED)
    yield Mark(container.end, "killed" if killed else "exited", str(container.ended_by))
    if container.kill_at is not None and container.kill_at > container.end:
        yield Mark(container.kill_at, "limit", MARKS["limit"])


def _words(container: ContainerTimeline) -> Iterator[str]:
    """Describe the container in words and numbers."""
    hook = container.hook
    if hook:
        length = (
            f"{number(hook.end - container.started)} s" if hook.outcome in (HookOutcome.RAN, HookOutcome.CUT) else ""
        )
        yield f"hook {length} {'' if hook.outcome is HookOutcome.RAN else hook.outcome}".replace("  ", " ").strip()
    if container.signal_at is not None:
        yield f"{container.signal} at {number(container.signal_at)} s"
    yield {
        End.EXITED: f"exits at {number(container.end)} s",
        End.KILLED: f"SIGKILL at {number(container.end)} s",
        End.DROPPED: f"ends with {container.program} at {number(container.end)} s",
        End.BY_ITSELF: f"exits by itself at {number(container.end)} s",
    }[container.ended_by]
    if container.kill_at is not None and container.kill_at > container.end:
        yield f"limit {number(container.kill_at)} s"
