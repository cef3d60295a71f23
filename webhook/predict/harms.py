"""What goes wrong in a timeline, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from webhook.predict.causes import SOURCES
from webhook.predict.container_timeline import ContainerTimeline, End, HookOutcome, Role
from webhook.predict.delivery import Missing, SignalDelivery
from webhook.predict.harm import Harm
from webhook.predict.helpers import is_helper
from webhook.predict.kubelet import MIN_GRACE_SECONDS
from webhook.predict.shutdown_hooks import shutdown_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from webhook.core.pod import Container, Pod
    from webhook.predict.scenario import Scenario


_DELIVERY = {
    Missing.COMMAND: Harm.COMMAND_UNKNOWN,
    Missing.PROGRAM: Harm.PROGRAM_UNKNOWN,
    Missing.STOP_SIGNAL: Harm.STOP_SIGNAL_UNKNOWN,
}
UNKNOWN = frozenset((*_DELIVERY.values(), Harm.HOOK_LENGTH_ASSUMED))
"""Harms on which the verdict depends and that the manifest does not decide."""
_LOST = {
    SignalDelivery.DROPPED: Harm.SIGNAL_DROPPED,
    SignalDelivery.KEPT: Harm.SIGNAL_KEPT,
    SignalDelivery.CUT: Harm.SIGNAL_CUT,
}


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
    unknown: bool = False
    """Whether the verdict depends on what the finding names."""


def find(
    pod: Pod, containers: Sequence[ContainerTimeline], scenario: Scenario, withdrawn: float | None
) -> tuple[Finding, ...]:
    """Return what goes wrong, container by container; ``withdrawn`` is None where no requests are sent."""
    findings = [f for container in containers for f in (*_hook(pod, container, scenario), *_signal(container))]
    if withdrawn is None:
        findings = [_harmless(finding) for finding in (*findings, *_order(containers))]
    else:
        # A container that ends by itself in a Pod that serves (KEP-5307) gets no requests, and none waits for it.
        ending = {c.name for _, c in pod.containers() if pod.restart_policy(c) != "Always" or is_helper(c, pod)}
        targets = {f"container/{name}" for name in ending}
        serving = [container for container in containers if container.name not in ending]
        findings = [_harmless(f) if f.target in targets else f for f in findings]
        findings += [
            *_order(serving),
            *(finding for container in serving for finding in _traffic(container, withdrawn)),
        ]
    shortest = min((container.grace for container in containers), default=pod.grace_seconds)
    if shortest < pod.grace_seconds:
        source = SOURCES[scenario.cause].called
        findings.append(_finding(Harm.CAUSE_TOO_SHORT, "", source=source, seconds=shortest, own=pod.grace_seconds))
    return tuple(findings)


def _harmless(finding: Finding) -> Finding:
    """Return the finding of a container to which no requests are sent."""
    return msgspec.structs.replace(finding, loses=False, unknown=False)


def _finding(harm: Harm, container: str, *, lost: float = 0, **values: object) -> Finding:
    shown = {key: f"{value:g}" if isinstance(value, float) else value for key, value in values.items()}
    target = f"container/{container}" if container else "pod"
    advice = harm.advice.format(**shown, container=container) if "{" in harm.advice else harm.advice
    unknown = harm in UNKNOWN
    return Finding(harm.code, target, harm.sentence.format(**shown), advice, harm.warns, lost, unknown)


def _hook(pod: Pod, container: ContainerTimeline, scenario: Scenario) -> Iterator[Finding]:
    hook = container.hook
    if hook is None:
        return
    spec = next(c for _, c in (*pod.containers(), *pod.native_sidecars()) if c.name == container.name)
    if hook.outcome is HookOutcome.CUT:
        yield _finding(Harm.HOOK_CUT, container.name, seconds=hook.seconds, at=hook.end, minimum=MIN_GRACE_SECONDS)
    elif hook.outcome is HookOutcome.NOT_RUN:
        yield _finding(Harm.HOOK_NOT_RUN, container.name)
    elif hook.outcome is HookOutcome.FAILED and container.ended_by is not End.BY_ITSELF:
        yield _finding(Harm.SIGNAL_HOOK_FAILED if hook.kind == "signal" else Harm.HOOK_FAILED, container.name)
    elif hook.outcome is HookOutcome.RAN:
        if hook.seconds == container.grace:
            yield _finding(Harm.HOOK_EATS_GRACE, container.name, seconds=hook.seconds, minimum=MIN_GRACE_SECONDS)
        if _is_assumed(spec, scenario):
            yield _finding(Harm.HOOK_LENGTH_ASSUMED, container.name, kind=hook.kind, seconds=hook.seconds)


def _is_assumed(container: Container, scenario: Scenario) -> bool:
    """Tell whether the length of a container's hook is neither in the manifest nor in the scenario."""
    if container.pre_stop is None or container.pre_stop_seconds is not None or container.name in scenario.hooks:
        return False
    shutdown = shutdown_of(container.pre_stop.command) if container.pre_stop.command else None
    return not (shutdown and shutdown.returns)


def _signal(container: ContainerTimeline) -> Iterator[Finding]:
    """Find what goes wrong between the stop signal and the container's end."""
    if container.signal_at is None:
        if container.released > container.end:
            yield _finding(Harm.HELD_BY_SLEEP, container.name, at=container.end, until=container.released)
        return
    after = container.end - container.signal_at
    said: dict[str, Any] = {"program": container.program, "signal": container.signal}
    if container.missing:
        yield _finding(_DELIVERY[container.missing], container.name, **said)
    if harm := _LOST.get(container.signal_delivery):
        yield _finding(harm, container.name, seconds=after, **said)
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
