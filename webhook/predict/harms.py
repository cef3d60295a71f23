"""What goes wrong in a timeline, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from webhook.core.decision import Reason
from webhook.predict.causes import SOURCES
from webhook.predict.kubelet import FLOOR, End, HookEnd, Lane, Role
from webhook.predict.process import Fate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from webhook.core.pod import Pod
    from webhook.predict.scenario import Scenario


class Harm(Reason):
    """Why requests are lost when the Pod ends, and what else goes wrong.

    ``warns`` marks what loses requests; the rest explains, or costs time.
    """

    SIGNAL_DROPPED = (
        "{program} does not forward {signal}: it ends within {seconds} s and takes the server with it, in mid-request",
        "Start the server itself (`node server.js`), or let lastcall start it through its launcher.",
        True,
    )
    SIGNAL_KEPT = (
        "{program} does not forward {signal}: the server never receives it and is killed {seconds} s later",
        "Put `exec` in front of the command in the shell's string, or name the program without a shell.",
        True,
    )
    ENDS_BEFORE_TRAFFIC = (
        "stops accepting at {at} s, but requests arrive until {until} s: {seconds} s of new connections are lost",
        "Delay the stop signal with a preStop sleep that is longer than the endpoint's withdrawal takes.",
        True,
    )
    KILLED_IN_DRAIN = (
        "is killed at {at} s, with {seconds} s of its drain left",
        "Raise terminationGracePeriodSeconds to the hook plus the drain; requests that run longer are cut.",
        True,
    )
    IGNORES_SIGNAL = (
        "ignores {signal} and is killed at {at} s",
        "Handle the signal: stop listening, finish the in-flight requests, exit.",
        True,
    )
    SIDECAR_ENDS_FIRST = (
        "ends at {at} s, while {other} works until {until} s",
        "Give it the same preStop sleep, or make it a native sidecar (an init container with restartPolicy Always).",
        True,
    )
    HOOK_CUT = (
        "its preStop hook wants {seconds} s and is cut at {at} s; {floor} s are left for the drain",
        "Raise terminationGracePeriodSeconds to the hook plus the drain.",
    )
    HOOK_EATS_GRACE = (
        "its preStop hook takes all of the {seconds} s; {floor} s are left for the drain",
        "Raise terminationGracePeriodSeconds to the hook plus the drain.",
    )
    HOOK_FAILED = (
        "its preStop hook fails, so the stop signal comes at once",
        "Use a native sleep (lifecycle.preStop.sleep): it needs no program in the image.",
    )
    HOOK_NOT_RUN = (
        "its preStop sleep is not run before Kubernetes 1.30, so the stop signal comes at once",
        "Use an exec hook with the image's own sleep, or a newer Kubernetes.",
    )
    CAUSE_TOO_SHORT = (
        "{source} leaves {seconds} s of the {own} s that the Pod asks for",
        "Raise the limit where it is set, or keep hook plus drain within it.",
    )
    HOOK_LENGTH_ASSUMED = (
        "the length of its {kind} hook is unknown: {seconds} s are assumed",
        "Set it with --hook {container}=SECONDS.",
    )
    HELD_BY_SLEEP = (
        "has ended at {at} s, but its sleep goes on: the Pod stays until {until} s",
        "Nothing to do: the kubelet does not cut a native sleep short (kubernetes#134338).",
    )


class Finding(msgspec.Struct, frozen=True):
    """A harm that one container (or the Pod) meets; it sorts and counts by ``code``."""

    code: str
    target: str
    """``pod`` or ``container/<name>``."""
    message: str
    advice: str
    loses: bool
    """Whether requests are lost by it."""
    seconds: float = 0


def find(pod: Pod, lanes: Sequence[Lane], scenario: Scenario, withdrawn: float | None) -> tuple[Finding, ...]:
    """Return what goes wrong, container by container; ``withdrawn`` is None where nobody sends requests."""
    found = [finding for lane in lanes for finding in (*_hook(pod, lane), *_signal(lane))]
    if withdrawn is None:
        found = [msgspec.structs.replace(finding, loses=False) for finding in (*found, *_order(lanes))]
    else:
        # A container that ends by itself in a Pod that serves (KEP-5307) gets no requests, and nobody waits for it.
        ending = {c.name for _, c in pod.containers() if pod.restart_policy(c) != "Always"}
        targets = {f"container/{name}" for name in ending}
        serving = [lane for lane in lanes if lane.container not in ending]
        found = [msgspec.structs.replace(f, loses=f.loses and f.target not in targets) for f in found]
        found += [*_order(serving), *(finding for lane in serving for finding in _traffic(lane, withdrawn))]
    shortest = min((lane.grace for lane in lanes), default=pod.grace_seconds)
    if shortest < pod.grace_seconds:
        source = SOURCES[scenario.cause].called
        found.append(_finding(Harm.CAUSE_TOO_SHORT, "", source=source, seconds=shortest, own=pod.grace_seconds))
    return tuple(found)


def _finding(harm: Harm, container: str, *, lost: float = 0, **values: object) -> Finding:
    shown = {key: f"{value:g}" if isinstance(value, float) else value for key, value in values.items()}
    target = f"container/{container}" if container else "pod"
    advice = harm.advice.format(**shown, container=container) if "{" in harm.advice else harm.advice
    return Finding(harm.code, target, harm.sentence.format(**shown), advice, harm.warns, lost)


def _hook(pod: Pod, lane: Lane) -> Iterator[Finding]:
    hook = lane.hook
    if hook is None:
        return
    container = next(c for _, c in (*pod.containers(), *pod.sidecars()) if c.name == lane.container)
    if hook.how is HookEnd.CUT:
        yield _finding(Harm.HOOK_CUT, lane.container, seconds=hook.seconds, at=hook.end, floor=FLOOR)
    elif hook.how is HookEnd.NOT_RUN:
        yield _finding(Harm.HOOK_NOT_RUN, lane.container)
    elif hook.how is HookEnd.FAILED and lane.how is not End.BY_ITSELF:
        yield _finding(Harm.HOOK_FAILED, lane.container)
    elif hook.how is HookEnd.RAN:
        if hook.seconds == lane.grace:
            yield _finding(Harm.HOOK_EATS_GRACE, lane.container, seconds=hook.seconds, floor=FLOOR)
        if container.pre_stop_seconds is None:
            yield _finding(Harm.HOOK_LENGTH_ASSUMED, lane.container, kind=hook.kind, seconds=hook.seconds)


def _signal(lane: Lane) -> Iterator[Finding]:
    """Judge what happens between the stop signal and the container's end."""
    if lane.signal_at is None:
        if lane.released > lane.end:
            yield _finding(Harm.HELD_BY_SLEEP, lane.container, at=lane.end, until=lane.released)
        return
    after = lane.end - lane.signal_at
    if lane.fate is not Fate.HEARD:
        harm = Harm.SIGNAL_DROPPED if lane.fate is Fate.DROPPED else Harm.SIGNAL_KEPT
        yield _finding(harm, lane.container, program=lane.program, signal=lane.signal, seconds=after)
    elif lane.how in {End.KILLED, End.DROPPED} and lane.drain is None:
        yield _finding(Harm.IGNORES_SIGNAL, lane.container, signal=lane.signal, at=lane.end)
    elif lane.how in {End.KILLED, End.DROPPED} and lane.drain is not None:
        yield _finding(Harm.KILLED_IN_DRAIN, lane.container, at=lane.end, seconds=lane.drain - after)


def _traffic(lane: Lane, withdrawn: float) -> Iterator[Finding]:
    """Judge whether an app container outlives the last request that is sent to it."""
    at = lane.stops_accepting
    if lane.role is Role.APP and at < withdrawn:
        seconds = withdrawn - at
        yield _finding(
            Harm.ENDS_BEFORE_TRAFFIC, lane.container, lost=seconds, at=at, until=withdrawn, seconds=round(seconds, 3)
        )


def _order(lanes: Sequence[Lane]) -> Iterator[Finding]:
    """Judge whether a container is gone while another, that may need it, still works."""
    apps = [lane for lane in lanes if lane.role is Role.APP]
    if not apps:
        return
    last = max(apps, key=lambda lane: lane.end)
    for lane in lanes:
        # Two apps that drain side by side end one after the other: no harm. One that is gone before the other is
        # even asked to end is a sidecar that stopped too early.
        until = last.end if lane.role is Role.NATIVE_SIDECAR else last.stops_accepting
        if lane is not last and lane.how is not End.BY_ITSELF and lane.end < until:
            yield _finding(Harm.SIDECAR_ENDS_FIRST, lane.container, at=lane.end, other=last.container, until=last.end)
