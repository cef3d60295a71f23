"""Entries from a live cluster: its running Pods, and the templates of its workloads.

Two passes of paged lists, both read-only. The templates make the entries. Then every Pod is counted to its workload,
and predicted instead of the template, since the running Pod will be deleted; an unpatched Pod is preferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from webhook import manifests
from webhook.audit import Entry, is_patched, judge
from webhook.audit.failed_hooks import FailedHooks
from webhook.cluster.client import NAMESPACES, PODS, WORKLOADS, ClusterError
from webhook.core.layers import Layer
from webhook.core.pod import Malformed, read
from webhook.core.settings import INJECT
from webhook.predict import FAILS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from webhook.cluster.client import Cluster, Resource
    from webhook.manifests import Templates
    from webhook.predict import Scenario

KILLED = 137
_ENDED = ("Succeeded", "Failed")


class Fleet:
    """The entries of a cluster while it is read."""

    def __init__(
        self,
        cluster: Cluster,
        scenario: Scenario,
        profiles: Mapping[str, Mapping[str, Any]],
        fallback: str,
        override: Layer | None = None,
        templates: Templates = manifests.TEMPLATES,
    ) -> None:
        self.cluster = cluster
        self.scenario = scenario
        self.profiles = profiles
        self.fallback = fallback
        """The profile of a namespace that has not opted in."""
        self.override = override
        self.templates = templates
        """Where each kind has its Pod templates; custom kinds are read only if the cluster has them."""
        self.entries: dict[tuple[str, str, str], Entry] = {}
        self.notes: list[str] = []
        """One line for each list that could not be read."""
        self.skipped = 0
        """Pods that are terminating or have finished."""
        self._opted: dict[str, str] = {}
        self._failed_hooks = FailedHooks()

    def read(self, namespaces: Sequence[str], progress: Callable[[int, int | None], None]) -> list[Entry]:
        """Read the namespaces (all where none is named); a list that is not allowed is a note, of Pods an error."""
        self._namespaces(namespaces)
        resources = self._resources()
        for namespace in namespaces or ("",):
            try:
                self._failed_hooks.read(self.cluster, namespace)
            except ClusterError as error:
                self.notes.append(f"{error}: hooks that fail are not seen")
            for resource in resources:
                try:
                    for item, left in self.cluster.objects(resource, namespace):
                        self._template({"apiVersion": resource.group, "kind": resource.kind} | item)
                        progress(len(self.entries), left)
                except ClusterError as error:
                    self.notes.append(str(error))
            for number, (pod, left) in enumerate(self.cluster.objects(PODS, namespace), start=1):
                self._pod(pod)
                progress(number, left)
        return list(self.entries.values())

    def _resources(self) -> list[Resource]:
        try:
            return [*WORKLOADS, *self.cluster.custom(self.templates)]
        except ClusterError as error:
            self.notes.append(str(error))
            return [*WORKLOADS]

    def _namespaces(self, namespaces: Sequence[str]) -> None:
        """Read which profile each namespace's label names."""
        try:
            if namespaces:
                listed = [self.cluster.get(NAMESPACES, name) for name in namespaces]
            else:
                listed = [item for item, _ in self.cluster.objects(NAMESPACES)]
        except ClusterError as error:
            self.notes.append(f"{error}: profile {self.fallback} is assumed everywhere")
            return
        for item in listed:
            label = (item["metadata"].get("labels") or {}).get(INJECT, "")
            self._opted[item["metadata"]["name"]] = "default" if label == "enabled" else label

    def _template(self, document: dict[str, Any]) -> None:
        try:
            workloads = list(manifests.workloads(document, self.templates))
        except ValueError as error:
            self.notes.append(f"{document['metadata'].get('namespace')}/{document['metadata'].get('name')}: {error}")
            return
        for workload in workloads:
            key = (workload.namespace, workload.kind, workload.name)
            entry = self.entries[key] = self._entry(*key)
            self._judge(entry, workload.pod)

    def _entry(self, namespace: str, kind: str, name: str) -> Entry:
        opted = self._opted.get(namespace, "")
        profile = opted if opted in self.profiles else self.fallback
        opt_in = self._opt_in(namespace)
        return Entry(kind=kind, namespace=namespace, name=name, profile=profile, opt_in=opt_in)

    def _opt_in(self, namespace: str) -> str:
        """Say why the webhook is not called for a namespace; an empty string if it is, or if its label was not read."""
        label = self._opted.get(namespace)
        if label is None or label in self.profiles:
            return ""
        words = {"": "not opted in", "disabled": "opted out"}
        return words.get(label, f"label {label} matches no profile")

    def _pod(self, pod: dict[str, Any]) -> None:
        """Count a Pod to its workload, and predict for it instead of the template."""
        metadata, status = pod.get("metadata") or {}, pod.get("status") or {}
        key = (str(metadata.get("namespace", "")), *_owner(metadata))
        killed = _killed(status)
        if metadata.get("deletionTimestamp") or status.get("phase") in _ENDED:
            self.skipped += 1
            if killed and key in self.entries:
                self.entries[key].killed += killed
            return
        entry = self.entries.setdefault(key, self._entry(*key))
        entry.killed += killed
        patched = is_patched(pod)
        first_of_its_kind = entry.pods == 0 if patched else entry.patched_pods == entry.pods
        entry.pods += 1
        entry.patched_pods += patched
        if first_of_its_kind:
            # Without its status: the prediction is for a Pod that runs.
            self._judge(entry, {name: part for name, part in pod.items() if name != "status"})

    def _judge(self, entry: Entry, pod: Mapping[str, Any]) -> None:
        layer = Layer.of_profile(entry.profile, self.profiles[entry.profile])
        scenario = self.scenario
        if failed := self._failed_hooks.of(entry.kind, entry.namespace, entry.name):
            hooks = dict.fromkeys(failed & _exec_hooks(pod), FAILS)
            scenario = replace(scenario, hooks={**hooks, **scenario.hooks})
        judge(entry, pod, scenario, (layer,), None, self.override)


def _exec_hooks(pod: Mapping[str, Any]) -> set[str]:
    """Return the containers whose exec preStop hook can be told to have failed at once.

    A native sleep runs in the kubelet and cannot fail. A signal hook with a sleep of a second may end so soon with its
    container.
    """
    try:
        hooks = {container.name: container.pre_stop for _, container in read(pod).containers()}
    except Malformed:
        return set()
    return {
        name for name, hook in hooks.items() if hook and hook.exec and not (hook.is_signal_hook and hook.seconds == 1)
    }


def _owner(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Return kind and name of the workload behind a Pod: a ReplicaSet's Deployment, else the owner, else the Pod.

    Argo Rollouts and OpenShift's DeploymentConfigs name themselves in labels of their Pods.
    """
    owner = next((o for o in metadata.get("ownerReferences") or () if o.get("controller")), None)
    if owner is None:
        return "Pod", str(metadata.get("name", ""))
    kind, name = str(owner.get("kind")), str(owner.get("name"))
    labels = metadata.get("labels") or {}
    for label, workload in (("pod-template-hash", "Deployment"), ("rollouts-pod-template-hash", "Rollout")):
        if kind == "ReplicaSet" and (suffix := f"-{labels.get(label)}") != "-" and name.endswith(suffix):
            return workload, name.removesuffix(suffix)
    if kind == "ReplicationController" and "deploymentconfig" in labels:
        return "DeploymentConfig", str(labels["deploymentconfig"])
    return kind, name


def _killed(status: Mapping[str, Any]) -> int:
    """Count the containers that a SIGKILL ended, now or before their last restart; out of memory does not count."""
    count = 0
    for container in (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())):
        for state in (container.get("state") or {}, container.get("lastState") or {}):
            ended = state.get("terminated") or {}
            count += ended.get("exitCode") == KILLED and ended.get("reason") != "OOMKilled"
    return count
