"""`lastcall audit` and `lastcall inspect` on a real cluster: their results are right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster import manifests
from tests.cluster.lab.common import INSIDE, KUBECONFIG
from tests.cluster.lab.roll import is_ready
from tests.support.paths import ROOT
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.existing import Cluster

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def lastcall_says(cluster: Cluster, *arguments: str) -> tuple[int, Any]:
    """Run the command line; return its exit code and its JSON."""
    inside = INSIDE if cluster.is_lab else ()
    env = os.environ | ({"KUBECONFIG": str(KUBECONFIG)} if cluster.is_lab else {})
    argv = [*inside, sys.executable, "-m", "webhook.cli", *arguments, "-o", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, env=env, cwd=ROOT)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def pods(cluster: Cluster, space: str) -> list[dict[str, Any]]:
    """Return the Pods that are ready and not being deleted."""
    found = cluster.api.get("Pod", "", space)["items"]
    return [pod for pod in found if is_ready(pod) and "deletionTimestamp" not in pod["metadata"]]


def test_audit_and_inspect(cluster: Cluster, namespace: Callable[..., str]) -> None:
    """A Deployment that npm starts loses requests, and its server gets no SIGTERM; one that node starts gets it."""
    space = namespace()
    _, deployment, _ = manifests.demo(space)
    node = manifests.changed(deployment, name="node")
    node["spec"]["template"]["spec"]["containers"][0]["command"] = ["node", "server.js"]
    for name, manifest in (("web", deployment), ("node", node)):
        manifest["spec"] |= {"replicas": 1, "selector": {"matchLabels": {"app": name}}}
        manifest["spec"]["template"]["metadata"]["labels"] = {"app": name}
    cluster.api.apply(deployment, node)
    until("the Pods", lambda: len(pods(cluster, space)) == 2, 240)
    by_name = {p["metadata"]["labels"]["app"]: p["metadata"]["name"] for p in pods(cluster, space)}

    code, found = lastcall_says(cluster, "audit", "-n", space, "--fail-on", "loses")
    judged = {w["name"]: (w["kind"], w["pods"], w["patched_pods"], w["harm"]) for w in found["workloads"]}
    assert judged == {"web": ("Deployment", 1, 0, "both"), "node": ("Deployment", 1, 0, "connections")}
    assert code == 1

    code, (npm,) = lastcall_says(cluster, "inspect", "-n", space, by_name["web"])
    assert (code, npm["good"], npm["processes"][0]["argv"][0].split()[0]) == (1, False, "npm")
    assert any("never receives it" in step for step in npm["steps"])
    code, (plain,) = lastcall_says(cluster, "inspect", "-n", space, by_name["node"])
    assert (code, plain["good"]) == (0, True)
