"""``lastcall audit`` on a cluster with custom kinds: Argo Rollouts, DeploymentConfigs, those of `--template-path`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from tests.support.api_server import Served, serve
from webhook.cli import main

if TYPE_CHECKING:
    from pathlib import Path

SPEC = {"containers": [{"name": "web", "command": ["npm", "start"]}]}


def pod(owner: str, name: str, labels: dict[str, str]) -> dict[str, Any]:
    owners = [{"kind": owner, "name": name, "controller": True}]
    metadata = {"name": f"{name}-x", "namespace": "shop", "labels": labels, "ownerReferences": owners}
    return {"metadata": metadata, "spec": SPEC, "status": {"phase": "Running"}}


def test_custom_kinds_are_read_if_the_cluster_has_them(tmp_path: Path) -> None:
    """Rollouts and kinds of `--template-path`, with their Pods; a group that is not served is not asked for."""
    rollout = {"metadata": {"name": "canary", "namespace": "shop"}, "spec": {"template": {"spec": SPEC}}}
    widget = {"metadata": {"name": "w", "namespace": "shop"}, "spec": {"pod": {"spec": SPEC}}}
    pods = [pod("ReplicaSet", "canary-abc", {"rollouts-pod-template-hash": "abc"})]
    pods.append(pod("ReplicationController", "dc-1", {"deploymentconfig": "dc"}))
    names = ("apps", "argoproj.io", "example.com", "other.io")
    groups = [{"name": name, "preferredVersion": {"groupVersion": f"{name}/v1"}} for name in names]
    kinds = [{"name": "rollouts", "kind": "Rollout"}, {"name": "rollouts/scale", "kind": "Rollout"}]
    documents: dict[str, dict[str, Any]] = {
        "/apis": {"groups": groups},
        "/apis/argoproj.io/v1": {"resources": [*kinds, {"name": "experiments", "kind": "Experiment"}]},
        "/apis/example.com/v1": {"resources": [{"name": "widgets", "kind": "Widget"}]},
    }
    objects = {
        "/apis/argoproj.io/v1/rollouts": [rollout],
        "/apis/example.com/v1/widgets": [widget],
        "/api/v1/pods": pods,
    }
    served = Served(objects, documents=documents)
    path = ("--template-path", "Widget.example.com=.spec.pod")
    with serve(served, tmp_path) as config:
        argv = ["audit", "--kubeconfig", str(config), "-o", "json", "-A", *path]
        result = CliRunner().invoke(main, argv, catch_exceptions=False)
    found = {entry["title"]: entry for entry in json.loads(result.stdout)["workloads"]}
    expected = {"Rollout shop/canary": 1, "DeploymentConfig shop/dc": 1, "Widget shop/w": 0}
    assert {title: entry["pods"] for title, entry in found.items()} == expected
    assert not [path for path in served.asked if "other.io" in path or path.startswith("/apis/apps?")]
