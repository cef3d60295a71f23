"""What a live Pod that terminates waits for now: its containers, then its finalizers. All times are UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from webhook.predict import ContainerTimeline

_LATE_SECONDS = 10
"""After the limit: the kubelet leaves at least 2 s after a hook, and reports a few seconds later."""


class Ending(msgspec.Struct, frozen=True):
    """A Pod's end under way."""

    since: datetime
    limit: datetime
    """When the grace period ends."""
    containers: tuple[str, ...]
    """What each container does, in words."""
    waits_for: str
    """What has to happen next, in words."""
    finalizers: tuple[str, ...]


def ending(pod: Mapping[str, Any], predicted: Sequence[ContainerTimeline], now: datetime) -> Ending | None:
    """Return what a Pod as the API server shows it waits for; None if it does not terminate.

    ``deletionTimestamp`` is when the grace period ends: the moment of the delete plus ``deletionGracePeriodSeconds``.
    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
    """
    metadata = pod.get("metadata") or {}
    if not metadata.get("deletionTimestamp"):
        return None
    limit = datetime.fromisoformat(metadata["deletionTimestamp"])
    since = limit - timedelta(seconds=metadata.get("deletionGracePeriodSeconds") or 0)
    timelines = {container.name: container for container in predicted}
    statuses = list(_statuses(pod))
    running = [status["name"] for status in statuses if "running" in status.get("state", {})]
    words = [f"container/{s['name']} {_container(s, timelines.get(s['name']), since, now)}" for s in statuses]
    finalizers = tuple(metadata.get("finalizers") or ())
    node = str((pod.get("spec") or {}).get("nodeName") or "")
    return Ending(
        since, limit, tuple(words), _waits(running, finalizers, node, (now - limit).total_seconds()), finalizers
    )


def _statuses(pod: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the status of each app container, then of each sidecar that still matters."""
    status = pod.get("status") or {}
    yield from status.get("containerStatuses") or ()
    sidecars = {c["name"] for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"}
    yield from (s for s in status.get("initContainerStatuses") or () if s["name"] in sidecars)


def _container(status: Mapping[str, Any], predicted: ContainerTimeline | None, since: datetime, now: datetime) -> str:
    state = status.get("state") or {}
    if ended := state.get("terminated"):
        at = ended.get("finishedAt")
        when = f" at {clock(datetime.fromisoformat(at))}" if at else ""
        return f"ended{when} with exit code {ended.get('exitCode')}"
    if "running" not in state:
        return "does not run"
    if predicted is None or predicted.signal_at is None:
        return "runs"

    elapsed = (now - since).total_seconds()
    signal = f"{predicted.signal} {'follows' if elapsed < predicted.signal_at else 'came'}"
    signal += f" at {clock(since + timedelta(seconds=predicted.signal_at))}, as predicted"
    if predicted.hook and elapsed < predicted.hook.end:
        return f"runs its preStop hook; {signal}"
    if elapsed < predicted.signal_at:
        return f"runs until the app containers have ended; {signal}"
    return f"runs; {signal}"


def _waits(running: Sequence[str], finalizers: Sequence[str], node: str, late: float) -> str:
    """Return what the Pod waits for; ``late`` is how many seconds ago its grace period ended."""
    if running and late > _LATE_SECONDS:
        return (
            f"the kubelet of node {node}: it should have killed {', '.join(running)} {late:.0f} s ago. "
            f"Look at the node: kubectl describe node {node}"
        )
    if running:
        return f"{', '.join(running)} to end" + (f", then {_removal(finalizers)}" if finalizers else "")
    if finalizers:
        return f"{_removal(finalizers)}. The controller that set it removes it; look at its log"
    if not node:
        return "the API server: it was never on a node"
    return f"the kubelet of node {node}: it unmounts volumes and removes the network, then the Pod is gone"


def _removal(finalizers: Sequence[str]) -> str:
    return f"the removal of finalizer {', '.join(finalizers)}"


def clock(at: datetime) -> str:
    """Write a time of the day."""
    return f"{at:%H:%M:%S}"
