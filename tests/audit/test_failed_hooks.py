"""Hooks that failed at once, from the events of a cluster."""

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

APPS, BATCH = "/apis/apps/v1", "/apis/batch/v1"
SPEC = {"containers": [{"name": "web"}]}
DECLARED = {"lastcall.webhook/image-shell": "yes"}


def event(pod: str, reason: str, second: int, container: str = "web") -> dict[str, Any]:
    """Return an event as the kubelet writes it."""
    place = {"kind": "Pod", "namespace": "shop", "name": pod, "fieldPath": f"spec.containers{{{container}}}"}
    time = f"2026-11-24T12:00:{second:02}Z"
    metadata = {"name": f"{pod}.{reason}.{container}", "namespace": "shop"}
    return {"metadata": metadata, "involvedObject": place, "reason": reason, "firstTimestamp": time}


def pod(annotations: dict[str, str]) -> dict[str, Any]:
    """Return a running Pod of the Deployment web, as the webhook admits it."""
    owner = {"kind": "ReplicaSet", "name": "web-abc", "controller": True}
    metadata = {
        "name": "web-abc-vwxyz",
        "namespace": "shop",
        "labels": {"pod-template-hash": "abc"},
        "ownerReferences": [owner],
        "annotations": annotations,
    }
    return dict(mutate({"metadata": metadata, "spec": SPEC, "status": {"phase": "Running"}}).after)


def audited(directory: Path, events: list[dict[str, Any]], annotations: dict[str, str]) -> tuple[set[str], str]:
    """Return the codes of the findings, and what is written to stderr."""
    template = {"metadata": {"annotations": annotations}, "spec": SPEC}
    deployment = {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": template}}
    empty: list[dict[str, Any]] = []
    served = Served({f"{APPS}/{plural}": empty for plural in ("statefulsets", "daemonsets")})
    served.objects |= {f"{APPS}/deployments": [deployment], f"{BATCH}/cronjobs": empty, "/api/v1/namespaces": empty}
    served.objects |= {"/api/v1/pods": [pod(annotations)], "/api/v1/events": events}
    with serve(served, directory) as config:
        arguments = ["audit", "--kubeconfig", str(config), "-o", "json", "-A"]
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    (workload,) = json.loads(result.stdout)["workloads"]
    return {finding["code"] for finding in workload["findings"]}, result.stderr


OLD = "web-6f5d-abcde"
AT_ONCE = [event(OLD, "Killing", 10), event(OLD, "FailedPreStopHook", 11)]


def test_a_hook_in_an_image_without_a_shell_is_named(tmp_path: Path) -> None:
    """The Pod that failed is gone; the one in its place has the same hook."""
    assert "SignalHookFailed" in audited(tmp_path, AT_ONCE, DECLARED)[0]


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([], id="no event"),
        pytest.param([AT_ONCE[0], event(OLD, "FailedPreStopHook", 15)], id="ended with its container"),
        pytest.param(AT_ONCE[1:], id="no time to compare with"),
        pytest.param([{**e, "firstTimestamp": None} for e in AT_ONCE], id="without times"),
        pytest.param([event("web-1", e["reason"], 10) for e in AT_ONCE], id="a Pod of another workload"),
        pytest.param([event(OLD, e["reason"], 10, "proxy") for e in AT_ONCE], id="another container"),
    ],
)
def test_what_did_not_fail_at_once_is_not_named(tmp_path: Path, events: list[dict[str, Any]]) -> None:
    """A hook that waits for its process is killed with the container, after its sleep: that is no finding."""
    assert "SignalHookFailed" not in audited(tmp_path, events, DECLARED)[0]


def test_a_native_sleep_cannot_fail(tmp_path: Path) -> None:
    """The events are of a hook that the workload has no more."""
    found = audited(tmp_path, AT_ONCE, {"lastcall.webhook/image-shell": "no"})[0]
    assert not {"SignalHookFailed", "HookFailed"} & found
