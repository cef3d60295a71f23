"""What ``lastcall check`` finds in API objects as a cluster has them."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from webhook.cli import main
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
def test_the_generated_configuration_has_no_finding(policy: Any, cluster_wide: bool) -> None:
    """Two ready replicas and a caBundle: no finding, with every policy and selection."""
    ours = webhook_configuration(["default", "alb"], cluster_wide=cluster_wide, ca_bundle=b"x", failure_policy=policy)
    assert found(ours) == []


def test_fail_with_one_replica_is_reported() -> None:
    """A webhook that stops all Pods while its only replica is down is an error."""
    ours = webhook_configuration(["default"], ca_bundle=b"x", failure_policy="Fail")
    deployment = {"spec": {"replicas": 1}, "status": {"readyReplicas": 1}}
    assert found(ours, deployment) == ["failurePolicy Fail with one replica: no Pod starts while it is unavailable"]


def test_a_missing_bundle_and_a_missing_replica_are_reported() -> None:
    """No replica can answer, and no certificate would be trusted."""
    texts = found(webhook_configuration(["default"]), {"spec": {"replicas": 2}})
    assert [text.partition(":")[0] for text in texts] == ["no replica is ready", "has no caBundle"]


def test_a_selector_that_takes_the_system_is_reported() -> None:
    """kube-system and lastcall's own namespace must not depend on the webhook."""
    ours = webhook_configuration(["default"], ca_bundle=b"x", failure_policy="Fail")
    ours["webhooks"][0]["namespaceSelector"] = {}
    assert found(ours) == ["matches Pods of kube-system", "matches Pods of lastcall"]


@pytest.mark.parametrize(
    ("minor", "level"), [("34", Level.OK), ("30+", Level.OK), ("29", Level.ERROR), ("", Level.ERROR)]
)
def test_a_version_without_sleep_is_reported(minor: str, level: Level) -> None:
    """1.30 is the first version that runs the hook without a feature gate."""
    assert checks.version({"gitVersion": f"v1.{minor}", "minor": minor}).level is level


def test_a_policy_that_caps_the_grace_period_is_reported() -> None:
    """A Kyverno policy that names the field may undo what lastcall adds; other policies are not listed."""
    rule = {"mutate": {"patchStrategicMerge": {"spec": {"terminationGracePeriodSeconds": 30}}}}
    caps = {"kind": "ClusterPolicy", "metadata": {"name": "caps"}, "spec": {"rules": [rule]}}
    labels = {"kind": "ClusterPolicy", "metadata": {"name": "labels"}, "spec": {"rules": []}}
    assert [(f.level, f.about) for f in checks.others([], [caps, labels])] == [(Level.WARNING, "ClusterPolicy caps")]


def test_other_webhooks_for_pods_are_named() -> None:
    """Another webhook for Pods is listed; one for other resources is not."""
    pods = {"rules": [{"resources": ["pods"], "operations": ["CREATE"]}]}
    jobs = {"rules": [{"resources": ["jobs"], "operations": ["CREATE"]}]}
    configurations = [{"metadata": {"name": "a"}, "webhooks": [pods]}, {"metadata": {"name": "b"}, "webhooks": [jobs]}]
    assert [f.about for f in checks.others(configurations, [])] == ["MutatingWebhookConfiguration a"]


def test_a_missing_network_policy_is_reported() -> None:
    """Without one any Pod can send reviews."""
    assert checks.network([]).level is Level.WARNING
    assert checks.network([{"spec": {"policyTypes": ["Egress"]}}]).level is Level.WARNING
    assert checks.network([{"spec": {"policyTypes": ["Ingress"]}}]).level is Level.OK


def test_without_a_cluster_the_reason_is_reported() -> None:
    """Exit code 2, and one line."""
    result = CliRunner().invoke(main, ["check", "--kubeconfig", "/nonexistent"])
    assert result.exit_code == 2
    assert "cannot connect to a cluster" in result.output
