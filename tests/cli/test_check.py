"""What ``lastcall check`` finds, about API objects as a cluster has them."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from webhook.cli.check import command
from webhook.cluster import checks
from webhook.cluster.checks import Level
from webhook.install.objects import webhook_configuration

NAMESPACES: list[dict[str, Any]] = [
    {"metadata": {"name": name, "labels": {}}} for name in ("kube-system", "lastcall", "shop")
]
DEPLOYMENT = {"spec": {"replicas": 2}, "status": {"readyReplicas": 2}}


def found(configuration: dict[str, Any], deployment: dict[str, Any] | None = None) -> list[str]:
    """Return what is wrong, in words."""
    findings = list(checks.configuration(configuration, NAMESPACES, deployment or DEPLOYMENT, "lastcall"))
    assert all(finding.advice for finding in findings)
    return [finding.text for finding in findings]


@pytest.mark.parametrize("cluster_wide", [False, True])
@pytest.mark.parametrize("policy", ["Ignore", "Fail"])
def test_our_own_configuration_is_in_order(policy: Any, cluster_wide: bool) -> None:
    """Two ready replicas and a caBundle: nothing to say, whatever the policy and the selection."""
    ours = webhook_configuration(["default", "alb"], cluster_wide=cluster_wide, ca_bundle=b"x", failure_policy=policy)
    assert found(ours) == []


def test_fail_with_one_replica_is_told() -> None:
    """Each webhook that would stop all Pods while the only replica is away is an error."""
    ours = webhook_configuration(["default"], ca_bundle=b"x", failure_policy="Fail")
    deployment = {"spec": {"replicas": 1}, "status": {"readyReplicas": 1}}
    assert found(ours, deployment) == ["failurePolicy Fail with one replica: no Pod starts while it is unavailable"]


def test_a_missing_bundle_and_a_missing_replica_are_told() -> None:
    """Nobody can be asked, and nobody would be trusted."""
    texts = found(webhook_configuration(["default"]), {"spec": {"replicas": 2}})
    assert [text.partition(":")[0] for text in texts] == ["no replica is ready", "has no caBundle"]


def test_a_selector_that_takes_the_system_is_told() -> None:
    """kube-system and our own namespace must not depend on us."""
    ours = webhook_configuration(["default"], ca_bundle=b"x", failure_policy="Fail")
    ours["webhooks"][0]["namespaceSelector"] = {}
    assert found(ours) == ["matches Pods of kube-system", "matches Pods of lastcall"]


@pytest.mark.parametrize(
    ("minor", "level"), [("34", Level.OK), ("30+", Level.OK), ("29", Level.ERROR), ("", Level.ERROR)]
)
def test_a_version_without_sleep_is_told(minor: str, level: Level) -> None:
    """1.30 is the first that takes the hook as it comes."""
    assert checks.version({"gitVersion": f"v1.{minor}", "minor": minor}).level is level


def test_a_policy_that_caps_the_grace_period_is_told() -> None:
    """A Kyverno policy that names the field may undo what lastcall adds; one that does not is none of our business."""
    rule = {"mutate": {"patchStrategicMerge": {"spec": {"terminationGracePeriodSeconds": 30}}}}
    caps = {"kind": "ClusterPolicy", "metadata": {"name": "caps"}, "spec": {"rules": [rule]}}
    labels = {"kind": "ClusterPolicy", "metadata": {"name": "labels"}, "spec": {"rules": []}}
    assert [(f.level, f.about) for f in checks.others([], [caps, labels])] == [(Level.WARNING, "ClusterPolicy caps")]


def test_who_else_changes_pods_is_named() -> None:
    """Another webhook for Pods is listed; one for other things is not."""
    pods = {"rules": [{"resources": ["pods"], "operations": ["CREATE"]}]}
    jobs = {"rules": [{"resources": ["jobs"], "operations": ["CREATE"]}]}
    configurations = [{"metadata": {"name": "a"}, "webhooks": [pods]}, {"metadata": {"name": "b"}, "webhooks": [jobs]}]
    assert [f.about for f in checks.others(configurations, [])] == ["MutatingWebhookConfiguration a"]


def test_a_missing_network_policy_is_told() -> None:
    """Without one any Pod can send reviews."""
    assert checks.network([]).level is Level.WARNING
    assert checks.network([{"spec": {"policyTypes": ["Egress"]}}]).level is Level.WARNING
    assert checks.network([{"spec": {"policyTypes": ["Ingress"]}}]).level is Level.OK


def test_without_a_cluster_the_reason_is_told() -> None:
    """Exit code 2, and one line."""
    result = CliRunner().invoke(command, ["--kubeconfig", "/nonexistent"])
    assert result.exit_code == 2
    assert "cannot connect to a cluster" in result.output
