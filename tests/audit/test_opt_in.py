"""Workloads of a live cluster whose namespace has not opted in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tests.support.api_server import Served, serve
from webhook.cli import main
from webhook.core.mutate import mutate

if TYPE_CHECKING:
    from pathlib import Path


def pod(of: str, number: int, *, mutated: bool = False) -> dict[str, Any]:
    owner = {"kind": "StatefulSet", "name": of, "controller": True}
    metadata = {"name": f"{of}-{number}", "namespace": "shop", "ownerReferences": [owner]}
    made = {"metadata": metadata, "spec": {"containers": [{"name": "web", "command": ["npm", "start"]}]}}
    return dict(mutate(made).after) if mutated else made


@pytest.fixture
def served() -> Served:
    objects: dict[str, list[dict[str, Any]]] = {
        "/api/v1/pods": [],
        "/api/v1/namespaces": [],
        "/apis/batch/v1/cronjobs": [],
    }
    return Served(objects | {f"/apis/apps/v1/{plural}": [] for plural in ("deployments", "statefulsets", "daemonsets")})


def audit(served: Served, directory: Path, *more: str) -> str:
    with serve(served, directory) as config:
        return (
            CliRunner().invoke(main, ["audit", "--kubeconfig", str(config), "-A", *more], catch_exceptions=False).stdout
        )


LABELS = [
    pytest.param({}, "not opted in", id="no label"),
    pytest.param({"lastcall.webhook/inject": "ingres"}, "label ingres matches no profile", id="a misspelt label"),
    pytest.param({"lastcall.webhook/inject": "disabled"}, "opted out", id="the label that opts out"),
    pytest.param({"lastcall.webhook/inject": "enabled"}, "", id="the label of the default profile"),
]


@pytest.mark.parametrize(("labels", "says"), LABELS)
def test_a_namespace_that_lastcall_is_not_called_for(
    served: Served, tmp_path: Path, labels: dict[str, str], says: str
) -> None:
    """The namespace's label comes first: without it no rollout helps."""
    served.objects["/api/v1/namespaces"] = [{"metadata": {"name": "shop", "labels": labels}}]
    served.objects["/api/v1/pods"] = [pod("web", 1)]
    found = json.loads(audit(served, tmp_path, "-o", "json"))
    assert (found["workloads"][0]["opt_in"], found["summary"]["need_rollout"]) == (says, int(not says))
    fixed = "✔ loses nothing"
    assert (
        audit(served, tmp_path)
        .strip()
        .endswith(f"{says}; if opted in: {fixed}" if says else f"{fixed}, after a rollout")
    )


def test_an_installation_for_the_whole_cluster(served: Served, tmp_path: Path) -> None:
    """Where Pods of a namespace without a label are patched, lastcall is called for it."""
    served.objects["/api/v1/namespaces"] = [{"metadata": {"name": "shop"}}]
    served.objects["/api/v1/pods"] = [pod("web", 1, mutated=True), pod("web", 2)]
    assert json.loads(audit(served, tmp_path, "-o", "json"))["summary"]["need_rollout"] == 1
