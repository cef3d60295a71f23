"""How containers with the signal hook end when it is not a rollout, and where the declared shell is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster import manifests
from tests.cluster.lab.api import url
from tests.cluster.lab.roll import is_ready
from tests.cluster.test_seeing import lastcall_says, pods
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.existing import Cluster
    from tests.cluster.manifests import Object

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
FINALIZER = "tests.example/seen"
"""Keeps a Pod that has ended until its status is read."""
HOOK = {manifests.SHELL: "yes", manifests.SLEEP: "1"}
NATIVE = {**HOOK, "lastcall.webhook/signal-hook": "off"}
STARTED = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1, "failureThreshold": 240}
NEVER_LIVE = {"tcpSocket": {"port": 1}, "periodSeconds": 1, "failureThreshold": 1}


def pod(space: str, name: str, annotations: dict[str, str], **container: Any) -> Object:
    """Return a Pod whose image starts npm."""
    container |= {"image": "lab/npm-dash:1", "command": None, "startupProbe": STARTED}
    made = manifests.pod(name, space, container)
    made["metadata"] |= {"annotations": annotations, "finalizers": [FINALIZER]}
    return made


def ended(cluster: Cluster, space: str, name: str, state: str) -> int | None:
    """Return the exit code in the "state" or "lastState" of a Pod's only container; None where there is none."""
    statuses = cluster.api.get("Pod", name, space)["status"].get("containerStatuses") or [{}]
    terminated = statuses[0].get(state, {}).get("terminated")
    return None if terminated is None else int(terminated["exitCode"])


def codes(cluster: Cluster, space: str, kind: str, annotations: dict[str, str]) -> list[int | None]:
    """Evict a Pod, and let the kubelet kill another one for its liveness; return both exit codes."""
    api, evicted, killed = cluster.api, f"evicted-{kind}", f"killed-{kind}"
    api.apply(pod(space, evicted, annotations), pod(space, killed, annotations, livenessProbe=NEVER_LIVE))
    try:
        until("the Pod", lambda: is_ready(api.get("Pod", evicted, space)), 240)
        metadata = {"name": evicted, "namespace": space}
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        api.call("POST", url("Pod", evicted, space) + "/eviction", eviction)
        until("its end", lambda: ended(cluster, space, evicted, "state") is not None)
        until("the restart", lambda: ended(cluster, space, killed, "lastState") is not None, 120)
        return [ended(cluster, space, evicted, "state"), ended(cluster, space, killed, "lastState")]
    finally:
        for name in (evicted, killed):
            api.merge("Pod", name, space, {"metadata": {"finalizers": None}})


def test_a_liveness_kill_and_an_eviction_signal_the_real_process(
    lastcall: Cluster, namespace: Callable[..., str]
) -> None:
    """Both end npm's server with its own code, 0; with the native sleep npm ends without it, and with another."""
    space = namespace("enabled")
    manifests.demo_in_image(space, "dash", "npm")  # loads the image
    assert codes(lastcall, space, "hook", HOOK) == [0, 0]
    assert 0 not in codes(lastcall, space, "native", NATIVE), "control: npm takes the server with it"


def test_an_image_without_a_shell_ends_at_once_and_audit_names_it(
    lastcall: Cluster, namespace: Callable[..., str]
) -> None:
    """A shell that was declared by mistake costs the sleep and no more; without the mistake nothing is named."""
    api, space = lastcall.api, namespace("enabled")
    for name, shell in (("wrong", "yes"), ("right", "no")):
        _, deployment, _ = manifests.demo(space)
        deployment = manifests.changed(deployment, name=name)
        deployment["spec"] |= {"replicas": 1, "selector": {"matchLabels": {"app": name}}}
        container = {"name": "web", "image": "lab/pause:1", "imagePullPolicy": "Never"}
        template = {"labels": {"app": name}, "annotations": {manifests.SHELL: shell, manifests.SLEEP: "20"}}
        deployment["spec"]["template"] = {"metadata": template, "spec": {"containers": [container]}}
        api.apply(deployment)
    until("the Pods", lambda: len(pods(lastcall, space)) == 2, 240)
    old = {found["metadata"]["name"] for found in pods(lastcall, space)}
    for name in old:
        api.delete("Pod", name, space)
    wrong = next(name for name in old if name.startswith("wrong"))
    right = next(name for name in old if name.startswith("right"))
    until("the end of the one without a sleep", lambda: api.find("Pod", wrong, space) is None)
    assert api.find("Pod", right, space), "control: the other one still sleeps"
    until("new Pods", lambda: len(pods(lastcall, space)) == 2, 240)

    _, found = lastcall_says(lastcall, "audit", "-n", space)
    named = {w["name"] for w in found["workloads"] if "SignalHookFailed" in {f["code"] for f in w["findings"]}}
    assert named == {"wrong"}
