"""Pod templates in, Pods out: what the API server would send to the webhook for a workload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPLATES: dict[str, tuple[tuple[str, ...], str]] = {
    # kind -> (where its Pod template is, the kind that will own the Pod)
    "Pod": ((), ""),
    "PodTemplate": (("template",), ""),
    "Deployment": (("spec", "template"), "ReplicaSet"),
    "ReplicaSet": (("spec", "template"), "ReplicaSet"),
    "ReplicationController": (("spec", "template"), "ReplicationController"),
    "StatefulSet": (("spec", "template"), "StatefulSet"),
    "DaemonSet": (("spec", "template"), "DaemonSet"),
    "Job": (("spec", "template"), "Job"),
    "CronJob": (("spec", "jobTemplate", "spec", "template"), "Job"),
}
_GROUPS = ("v1", "apps/", "batch/", "extensions/")
"""Kinds of other groups may have the same names (a Knative or OpenKruise StatefulSet), and are not changed."""


@dataclass
class Workload:
    """One Pod that a document would create."""

    kind: str
    name: str
    namespace: str
    path: tuple[str | int, ...]
    """Where the Pod, or its template, is in the document: keys and indexes."""
    pod: dict[str, Any]
    """The Pod as the webhook would see it: defaults filled in, owner named."""


def workloads(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[Workload]:
    """Return the Pods that an object, or a List of them, would create; ``path`` is its place in its document."""
    if not isinstance(data, dict):
        return
    kind, items = data.get("kind"), data.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
        for index, item in enumerate(items):
            yield from workloads(item, (*path, "items", index))
    elif kind in _TEMPLATES and str(data.get("apiVersion", "")).startswith(_GROUPS):
        where, owner = _TEMPLATES[kind]
        template: Any = data
        for part in where:
            template = template.get(part) if isinstance(template, dict) else None
        if not isinstance(template, dict):
            raise ValueError(f"{kind} has no {'.'.join(where)}")
        metadata = data.get("metadata") or {}
        name = str(metadata.get("name") or metadata.get("generateName") or "(no name)")
        namespace = str(metadata.get("namespace") or "")
        yield Workload(str(kind), name, namespace, (*path, *where), _pod(template, name, owner))


def _pod(template: dict[str, Any], name: str, owner: str) -> dict[str, Any]:
    """Make the Pod that the API server would send: plain JSON with the defaults that decisions depend on.

    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/, SetDefaults_PodSpec
    """
    pod: dict[str, Any] = json.loads(json.dumps(template, default=str))
    metadata = pod["metadata"] = pod.get("metadata") or {}
    if owner:
        metadata["generateName"] = f"{name}-"
        metadata["ownerReferences"] = [{"kind": owner, "name": name, "controller": True}]
    if isinstance(spec := pod.get("spec"), dict):
        for field_name, default in (("restartPolicy", "Always"), ("terminationGracePeriodSeconds", 30)):
            if spec.get(field_name) is None:
                spec[field_name] = default
    return pod
