"""Which preStop hooks failed as soon as they started, from a cluster's events.

The kubelet writes ``Killing`` before it runs a container's hook, and the Warning ``FailedPreStopHook`` when the hook
fails, without the reason: an exec hook in an image without its program fails at once. A signal hook that ends with its
container fails, too, but only after its sleep. Events are kept for an hour by default.
Source: kubernetes/kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, killContainer.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from webhook.cluster.client import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from webhook.cluster.client import Cluster

EVENTS = Resource("v1", "events", "Event")
AT_ONCE = timedelta(seconds=1)
"""Between the two events, whose times are in whole seconds; a signal hook's sleep is longer."""
_CONTAINER = re.compile(r"spec\.containers\{(.+)\}")
_SUFFIX = {"Deployment": r"-[a-z0-9]{1,10}-[a-z0-9]{5}", "StatefulSet": r"-[0-9]+", "Pod": ""}
_OTHER_SUFFIX = r"-[a-z0-9]{5}"
_Key = tuple[str, str, str]
"""Namespace, Pod, container."""


class FailedHooks:
    """The containers whose preStop hook failed at once."""

    def __init__(self) -> None:
        self._found: set[_Key] = set()

    def read(self, cluster: Cluster, namespace: str) -> None:
        """Read a namespace's events, or all where it is empty; raise ``ClusterError`` where that is not allowed."""
        failed = dict(_times(cluster, namespace, "FailedPreStopHook"))
        killing = dict(_times(cluster, namespace, "Killing")) if failed else {}
        for key, at in failed.items():
            if key in killing and at - killing[key] <= AT_ONCE:
                self._found.add(key)

    def of(self, kind: str, namespace: str, name: str) -> set[str]:
        """Return the containers of a workload's Pods whose hook failed; the Pods are recognised by their names."""
        if not self._found:  # as in most clusters, and asked for every Pod
            return set()
        pod = re.compile(re.escape(name) + _SUFFIX.get(kind, _OTHER_SUFFIX))
        return {container for where, of, container in self._found if where == namespace and pod.fullmatch(of)}


def _times(cluster: Cluster, namespace: str, reason: str) -> Iterator[tuple[_Key, datetime]]:
    """Return when an event of this reason was first seen for each container of a Pod."""
    for event, _ in cluster.objects(EVENTS, namespace, fields=f"reason={reason}"):
        regarding: Mapping[str, Any] = event.get("involvedObject") or {}
        container = _CONTAINER.fullmatch(str(regarding.get("fieldPath")))
        if container and event.get("reason") == reason and event.get("firstTimestamp"):
            key = (str(regarding.get("namespace")), str(regarding.get("name")), container[1])
            yield key, datetime.fromisoformat(event["firstTimestamp"])
