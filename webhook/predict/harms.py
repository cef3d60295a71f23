"""What goes wrong in a timeline, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from webhook.core.decision import Reason
from webhook.predict.causes import SOURCES
from webhook.predict.container_timeline import ContainerTimeline, End, HookOutcome, Role
from webhook.predict.kubelet import MIN_GRACE_SECONDS
from webhook.predict.process import SignalDelivery

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from webhook.core.pod import Pod
    from webhook.predict.scenario import Scenario


class Harm(Reason):
    """Why requests are lost when the Pod ends, and what else goes wrong.

    ``warns`` marks harms that lose requests; the others explain or cost time.
    """

    SIGNAL_DROPPED = (
        "{program} does not forward {signal}: it exits in {seconds} s, and the server is killed in mid-request",
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
        "its preStop hook needs {seconds} s and is cut at {at} s; {minimum} s are left for the drain",
        "Raise terminationGracePeriodSeconds to the hook plus the drain.",
    )
    HOOK_EATS_GRACE = (
        "its preStop hook takes all of the {seconds} s; {minimum} s are left for the drain",
        "Raise terminationGracePeriodSeconds to the hook plus the drain.",
    )
    HOOK_FAILED = (
        "its preStop hook fails, so the stop signal comes at once",
        "Use a native sleep (lifecycle.preStop.sleep): it needs no program in the image.",
    )
    SIGNAL_HOOK_FAILED = (
        "lastcall's signal hook fails, so the stop signal comes at once: the image has no shell, or not that one",
        'Set the annotation lastcall.webhook/image-shell.{container}: "no": the native sleep needs no program.',
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
        "exited at {at} s, but its sleep continues: the Pod stays until {until} s",
        "Nothing to do: the kubelet does not cut a native sleep short (kubernetes#134338).",
    )


class Finding(msgspec.Struct, frozen=True):
    """A harm to one container, or to the Pod."""

    code: str
    """The code of the ``Harm``."""
    target: str
    """``pod`` or ``container/<name>``."""
    message: str
    advice: str
    loses: bool
    """Whether requests are lost."""
    seconds: float = 0
    """How long new connections are lost."""


def find(
    pod: Pod, containers: Sequence[ContainerTimeline], scenario: Scenario, withdrawn: float | None
) -> tuple[Finding, ...]:
    """Return what goes wrong, container by container; ``withdrawn`` is None where no requests are sent."""
    findings = [finding for container in containers for finding in (*_hook(pod, container), *_signal(container))]
    if withdrawn is None:
        findings = [msgspec.structs.replace(finding, loses=False) for finding in (*findings, *_order(containers))]
    else:
        # A container that ends by itself in a Pod that serves (KEP-5307) gets no requests, and none waits for it.
        ending = {c.name for _, c in pod.containers() if pod.restart_policy(c) != "Always"}
        targets = {f"container/{name}" for name in ending}
        serving = [container for container in containers if container.name not in ending]
        findings = [msgspec.structs.replace(f, loses=f.loses and f.target not in targets) for f in findings]
        findings += [
            *_order(serving),
            *(finding for container in serving for finding in _traffic(container, withdrawn)),
        ]
    shortest = min((container.grace for container in containers), default=pod.grace_seconds)
    if shortest < pod.grace_seconds:
        source = SOURCES[scenario.cause].called
        findings.append(_finding(Harm.CAUSE_TOO_SHORT, "", source=source, seconds=shortest, own=pod.grace_seconds))
    return tuple(findings)


def _finding(harm: Harm, container: str, *, lost: float = 0, **values: object) -> Finding:
    shown = {key: f"{value:g}" if isinstance(value, float) else value for key, value in values.items()}
    target = f"container/{container}" if container else "pod"
    advice = harm.advice.format(**shown, container=container) if "{" in harm.advice else harm.advice
    return Finding(harm.code, target, harm.sentence.format(**shown), advice, harm.warns, lost)


def _hook(pod: Pod, container: ContainerTimeline) -> Iterator[Finding]:
    hook = container.hook
    if hook is None:
        return
    spec = next(c for _, c in (*pod.containers(), *pod.sidecars()) if c.name == container.name)
    if hook.outcome is HookOutcome.CUT:
        yield _finding(Harm.HOOK_CUT, container.name, seconds=hook.seconds, at=hook.end, minimum=MIN_GRACE_SECONDS)
    elif hook.outcome is HookOutcome.NOT_RUN:
        yield _finding(Harm.HOOK_NOT_RUN, container.name)
    elif hook.outcome is HookOutcome.FAILED and container.ended_by is not End.BY_ITSELF:
        yield _finding(Harm.SIGNAL_HOOK_FAILED if hook.kind == "signal" else Harm.HOOK_FAILED, container.name)
    elif hook.outcome is HookOutcome.RAN:
        if hook.seconds == container.grace:
            yield _finding(Harm.HOOK_EATS_GRACE, container.name, seconds=hook.seconds, minimum=MIN_GRACE_SECONDS)
        if spec.pre_stop_seconds is None:
            yield _finding(Harm.HOOK_LENGTH_ASSUMED, container.name, kind=hook.kind, seconds=hook.seconds)


def _signal(container: ContainerTimeline) -> Iterator[Finding]:
    """Find what goes wrong between the stop signal and the container's end."""
    if container.signal_at is None:
        if container.released > container.end:
            yield _finding(Harm.HELD_BY_SLEEP, container.name, at=container.end, until=container.released)
        return
    after = container.end - container.signal_at
    if container.signal_delivery is not SignalDelivery.RECEIVED:
        harm = Harm.SIGNAL_DROPPED if container.signal_delivery is SignalDelivery.DROPPED else Harm.SIGNAL_KEPT
        yield _finding(harm, container.name, program=container.program, signal=container.signal, seconds=after)
    elif container.ended_by in {End.KILLED, End.DROPPED} and container.drain is None:
        yield _finding(Harm.IGNORES_SIGNAL, container.name, signal=container.signal, at=container.end)
    elif container.ended_by in {End.KILLED, End.DROPPED} and container.drain is not None:
        yield _finding(Harm.KILLED_IN_DRAIN, container.name, at=container.end, seconds=container.drain - after)


def _traffic(container: ContainerTimeline, withdrawn: float) -> Iterator[Finding]:
    """Find an app container that stops accepting before the last request is sent to it."""
    at = container.stops_accepting
    if container.role is Role.APP and at < withdrawn:
        seconds = withdrawn - at
        yield _finding(
            Harm.ENDS_BEFORE_TRAFFIC, container.name, lost=seconds, at=at, until=withdrawn, seconds=round(seconds, 3)
        )


def _order(containers: Sequence[ContainerTimeline]) -> Iterator[Finding]:
    """Find containers that have ended while another, that may need them, still works."""
    apps = [container for container in containers if container.role is Role.APP]
    if not apps:
        return
    last = max(apps, key=lambda container: container.end)
    for container in containers:
        # Apps that drain in parallel end one after the other: no harm. A container that has ended before the other
        # is signalled is a sidecar that stopped too early.
        until = last.end if container.role is Role.NATIVE_SIDECAR else last.stops_accepting
        if container is not last and container.ended_by is not End.BY_ITSELF and container.end < until:
            yield _finding(Harm.SIDECAR_ENDS_FIRST, container.name, at=container.end, other=last.name, until=last.end)
