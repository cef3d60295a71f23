"""What ends a Pod, and how many seconds each cause leaves it.

Sources: kubernetes/kubernetes pkg/registry/core/pod/strategy.go (CheckGracefulDelete), pkg/kubelet/pod_workers.go
(calculateEffectiveGracePeriod), pkg/kubelet/nodeshutdown, pkg/kubelet/eviction, and the page "Pod Lifecycle".
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook.core.pod import Pod


class Cause(StrEnum):
    """Why a Pod, or a container of it, is stopped."""

    DELETE = "delete"
    """``kubectl delete``, a rollout, a scale-down. Seconds: ``--grace-period``."""
    DRAIN = "drain"
    """``kubectl drain``, the eviction API, preemption: an ordinary delete. Seconds: what the drainer allows at most
    (``kubectl drain --grace-period``, Karpenter's terminationGracePeriod of the node)."""
    LIVENESS = "liveness"
    """A liveness or startup probe fails: one container is stopped and started again (KEP-2238)."""
    NODE_SHUTDOWN = "node-shutdown"
    """Graceful node shutdown (KEP-2000). Seconds: shutdownGracePeriod less shutdownGracePeriodCriticalPods."""
    SPOT = "spot"
    """A spot instance is reclaimed. Seconds: the notice that is left for Pods (GKE 15, Azure 30, AWS 120)."""
    SOFT_EVICTION = "soft-eviction"
    """Node pressure, soft threshold. Seconds: evictionMaxPodGracePeriod."""
    HARD_EVICTION = "hard-eviction"
    """Node pressure, hard threshold: one second for every Pod."""
    COMPLETION = "completion"
    """The app containers have ended by themselves, as in a Job: native sidecars are stopped."""


class Source(NamedTuple):
    """What a cause's seconds are by default, what they are called, and where the cause comes from."""

    seconds: int | None
    called: str
    comes_from: str


SOURCES: Mapping[Cause, Source] = {
    Cause.DELETE: Source(None, "--grace-period", "kubectl delete, a rollout, a scale-down"),
    Cause.DRAIN: Source(None, "the drain's own limit", "kubectl drain, the eviction API, preemption"),
    Cause.LIVENESS: Source(None, "the probe's terminationGracePeriodSeconds", "a liveness probe fails"),
    # The page "Node Shutdowns" has 30 s, 10 of them for critical Pods, as its example.
    Cause.NODE_SHUTDOWN: Source(20, "the node's shutdownGracePeriod for ordinary Pods", "graceful node shutdown"),
    Cause.SPOT: Source(15, "the notice of a spot instance", "a spot instance is reclaimed"),
    Cause.SOFT_EVICTION: Source(None, "evictionMaxPodGracePeriod", "node pressure, soft threshold"),
    Cause.HARD_EVICTION: Source(1, "a hard eviction", "node pressure, hard threshold"),
    Cause.COMPLETION: Source(None, "the Pod's completion", "a Job's app has ended, its sidecars follow"),
}


class Unpredictable(ValueError):
    """The cause does not apply to this Pod; the message says why."""


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object of the Pod's JSON that no view has checked; an empty one if it is not an object."""
    return value if isinstance(value, dict) else {}


def document_of(pod: Pod, name: str) -> dict[str, Any]:
    """Return a container's JSON."""
    spec = pod.document["spec"]
    return next(c for c in [*spec["containers"], *(spec.get("initContainers") or [])] if c["name"] == name)


def grace_seconds(cause: Cause, seconds: int | None, pod: Pod) -> int:
    """Return the seconds that the kubelet starts with: at least 1.

    A delete counts down from its own grace period, which may exceed the Pod's; every other cause can only shorten it.
    """
    own = pod.grace_seconds
    limit = SOURCES[cause].seconds if seconds is None else seconds
    if limit is None:
        seconds = own
    elif cause is Cause.DELETE:
        seconds = limit
    elif cause is Cause.DRAIN and limit < 0:  # kubectl drain: negative means the Pod's own
        seconds = own
    else:
        seconds = min(limit, own)
    # The kubelet reads 0 as "not set" and uses the Pod's own.
    return max(own if seconds == 0 else seconds, 1)


def probe_grace_seconds(container: Mapping[str, Any], pod: Pod) -> int:
    """Return the seconds that a liveness kill starts with: the probe's own if set, otherwise the Pod's."""
    seconds = mapping(container.get("livenessProbe")).get("terminationGracePeriodSeconds")
    return max(seconds if isinstance(seconds, int) else pod.grace_seconds, 1)


def ends_at_once(cause: Cause, pod: Pod) -> bool:
    """Return whether a delete removes the Pod without stopping a container: it is unscheduled, or has finished."""
    status = mapping(pod.document.get("status"))
    unscheduled = status.get("phase") == "Pending" and not pod.document["spec"].get("nodeName")
    finished = status.get("phase") in ("Succeeded", "Failed")
    return cause in (Cause.DELETE, Cause.DRAIN) and (unscheduled or finished)
