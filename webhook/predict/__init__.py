"""What the kubelet will do to a Pod, second by second, when something ends it.

``predict`` is pure: a Pod, its settings and a ``Scenario`` (what is assumed) give a ``Timeline``. Second 0 is when
the kubelet is notified, a few tenths after the API server. The rules are the kubelet's own (``kubelet.py``,
``causes.py``). A second delete with a shorter grace period is no cause here: it does not interrupt a kill under way
(kubernetes#113717).
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
"""

from __future__ import annotations

import msgspec

from webhook.core.mutate import MIRROR
from webhook.core.pod import Pod  # noqa: TC001 - read by people as part of the signature
from webhook.core.settings import Resolved  # noqa: TC001 - the same
from webhook.predict.causes import (
    SOURCES,
    Cause,
    Unpredictable,
    document_of,
    ends_at_once,
    grace_seconds,
    probe_grace_seconds,
)
from webhook.predict.container_timeline import ContainerTimeline, End, Hook, HookOutcome, Role
from webhook.predict.delivery import SignalDelivery
from webhook.predict.harm import Harm
from webhook.predict.harms import UNKNOWN, Finding, find
from webhook.predict.kubelet import container_timelines
from webhook.predict.scenario import FAILS, IGNORES, PROPAGATION, Scenario
from webhook.predict.verdict import Verdict

__all__ = [
    "FAILS",
    "IGNORES",
    "PROPAGATION",
    "SOURCES",
    "UNKNOWN",
    "Cause",
    "ContainerTimeline",
    "End",
    "Event",
    "Finding",
    "Harm",
    "Hook",
    "HookOutcome",
    "Role",
    "Scenario",
    "SignalDelivery",
    "Timeline",
    "Unpredictable",
    "Verdict",
    "predict",
]


class Event(msgspec.Struct, frozen=True):
    """One thing that happens."""

    at: float
    """Seconds from the start."""
    what: str
    """``endpoint withdrawn``, ``hook starts``, ``hook <outcome>``, the signal's name, an ``End``, ``gone``."""
    container: str = ""
    """The container's name; an empty string for the Pod."""


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to a Pod. Times are seconds from the start."""

    cause: Cause
    grace: int
    """The shortest grace period, in seconds, that the kubelet starts with."""
    containers: tuple[ContainerTimeline, ...]
    withdrawn: float
    """When the last client stops using the endpoint."""
    lost_seconds: float
    """How long new connections still arrive at an app container that accepts none."""
    first: str
    """The container that ends first, or an empty string."""
    gone: float
    """When every container has ended and the Pod is removed."""
    findings: tuple[Finding, ...]
    serves: bool = True
    """Whether requests may arrive; a Job's Pod gets none."""

    @property
    def loses(self) -> bool:
        """Whether requests are lost."""
        return any(finding.loses for finding in self.findings)

    @property
    def verdict(self) -> Verdict:
        """Whether requests are lost; what is lost for certain comes before what is unknown."""
        if self.loses:
            return Verdict.LOSES
        return Verdict.UNKNOWN if any(finding.unknown for finding in self.findings) else Verdict.SAFE

    @property
    def sentence(self) -> str:
        """Return the verdict in one sentence."""
        if not self.containers:
            return "the Pod is removed at once: none of its containers runs"
        if not self.serves:
            return "serves no requests"
        if self.lost_seconds:
            return f"loses new connections for {self.lost_seconds:g} s" + self._and_cut(", and in-flight requests")
        if lost := self._and_cut("loses in-flight requests"):
            return lost
        if self.verdict is Verdict.UNKNOWN:
            return "unknown: " + "; ".join(dict.fromkeys(f.message for f in self.findings if f.unknown))
        return "loses nothing"

    def _and_cut(self, words: str) -> str:
        cut = {
            Harm.SIGNAL_DROPPED,
            Harm.SIGNAL_KEPT,
            Harm.SIGNAL_CUT,
            Harm.KILLED_IN_DRAIN,
            Harm.IGNORES_SIGNAL,
            Harm.SIDECAR_ENDS_FIRST,
        }
        return words if {harm.code for harm in cut} & {finding.code for finding in self.findings} else ""

    @property
    def events(self) -> tuple[Event, ...]:
        """Return what happens, in order; at the same moment in the order of the containers."""
        events = [Event(self.withdrawn, "endpoint withdrawn")] if self.containers and self.serves else []
        for container in self.containers:
            if container.hook and container.hook.outcome is not HookOutcome.NOT_RUN:
                events.append(Event(container.started, "hook starts", container.name))
                events.append(Event(container.hook.end, f"hook {container.hook.outcome}", container.name))
            if container.signal_at is not None:
                events.append(Event(container.signal_at, container.signal, container.name))
            events.append(Event(container.end, str(container.ended_by), container.name))
        events.append(Event(self.gone, "gone"))
        return tuple(sorted(events, key=lambda event: event.at))


def predict(pod: Pod, scenario: Scenario, resolved: Resolved) -> Timeline:
    """Return what happens to the Pod; raise ``Unpredictable`` where the cause does not apply to it."""
    if MIRROR in pod.annotations:
        raise Unpredictable(
            "a static Pod: the kubelet runs the file on its node, and deleting the mirror stops nothing"
        )
    seconds = {} if ends_at_once(scenario.cause, pod) else _seconds(pod, scenario)
    containers = container_timelines(pod, scenario, resolved, seconds)
    if scenario.kubelet_restart is not None:
        again = container_timelines(pod, scenario, resolved, seconds, scenario.kubelet_restart)
        containers = _restarted(containers, again, scenario.kubelet_restart)
    first = min(containers, key=lambda container: container.end, default=None)
    # A liveness kill withdraws nothing by itself: the container is not ready once it has ended.
    starts = first.end if first and scenario.cause is Cause.LIVENESS else 0
    withdrawn = starts + scenario.propagation
    serves = pod.controller != "Job" and pod.serves
    findings = find(pod, containers, scenario, withdrawn if serves else None) if containers else ()
    return Timeline(
        cause=scenario.cause,
        grace=min(seconds.values(), default=0),
        containers=tuple(containers),
        withdrawn=withdrawn,
        lost_seconds=round(max((finding.seconds for finding in findings), default=0), 3),
        first=first.name if first else "",
        gone=max((container.released for container in containers), default=0),
        findings=findings,
        serves=serves,
    )


def _seconds(pod: Pod, scenario: Scenario) -> dict[str, int]:
    """Return the grace of every container that is stopped."""
    apps, natives = [c.name for _, c in pod.containers()], [c.name for _, c in pod.native_sidecars()]
    if scenario.cause is Cause.LIVENESS:
        probed = {name: document_of(pod, name) for name in apps + natives}
        graces = {name: probe_grace_seconds(c, pod) for name, c in probed.items() if c.get("livenessProbe")}
        if not graces:
            raise Unpredictable("no container has a liveness probe")
        return graces
    if scenario.cause is Cause.COMPLETION:
        if not natives:
            raise Unpredictable("no native sidecar is left to stop when its app containers have ended")
        return dict.fromkeys(natives, max(pod.grace_seconds, 1))
    return dict.fromkeys(apps + natives, grace_seconds(scenario.cause, scenario.cause_seconds, pod))


def _restarted(before: list[ContainerTimeline], after: list[ContainerTimeline], at: float) -> list[ContainerTimeline]:
    """Start again, with the whole grace period, for containers that are not signalled when the kubelet restarts."""
    return [
        old if old.signal_at is None or old.signal_at <= at else new for old, new in zip(before, after, strict=True)
    ]
