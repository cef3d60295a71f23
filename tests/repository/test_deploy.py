"""The manifests in deploy/ match the code and each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from tests.support.paths import ROOT
from webhook import __version__
from webhook.cli import main
from webhook.core.decision import Outcome
from webhook.core.layers import Layer
from webhook.core.mutate import mutate
from webhook.core.settings import PROFILES
from webhook.install.objects import webhook_configuration

if TYPE_CHECKING:
    from pathlib import Path

DEPLOY = ROOT / "deploy"


def objects(path: Path) -> list[dict[str, Any]]:
    return [dict(found) for found in YAML(typ="safe", pure=True).load_all(path.read_text()) if found]


def shipped() -> list[dict[str, Any]]:
    files = sorted({*DEPLOY.glob("base/*.yaml"), *DEPLOY.glob("overlays/self-managed/*.yaml")})
    return [found for path in files if path.name != "kustomization.yaml" for found in objects(path)]


def workloads() -> list[dict[str, Any]]:
    return [found for found in shipped() if found["kind"] == "Deployment"]


def printed(*options: str) -> str:
    result = CliRunner().invoke(main, ["manifests", *options], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize(
    ("file", "options"),
    [
        pytest.param("base/profiles.yaml", [], id="by label"),
        pytest.param("overlays/cluster-wide/profiles.yaml", ["--cluster-wide"], id="cluster-wide"),
    ],
)
def test_deploy_has_what_the_command_prints(file: str, options: list[str]) -> None:
    """`lastcall manifests` prints the file in deploy/, byte for byte."""
    assert (DEPLOY / file).read_text() == printed(*options)


def test_an_operators_profile_gets_its_webhook(tmp_path: Path) -> None:
    """An operator's profile adds a webhook, selected by the label's value, and the ConfigMap has the file."""
    mine = tmp_path / "profiles.yaml"
    mine.write_text("slow:  # behind a slow load balancer\n  pre-stop-sleep-seconds: 45\n")
    configuration, config_map = YAML(typ="safe", pure=True).load_all(printed("--profiles", str(mine)))
    webhook = next(webhook for webhook in configuration["webhooks"] if webhook["name"] == "slow.lastcall.webhook")
    assert webhook["clientConfig"]["service"]["path"] == "/mutate/slow"
    assert webhook["namespaceSelector"]["matchExpressions"][0]["values"] == ["slow"]
    assert config_map["data"]["profiles.yaml"] == mine.read_text()


def test_a_bad_profile_is_named(tmp_path: Path) -> None:
    """A profiles file that cannot be used prints no manifest, and exits with 2."""
    mine = tmp_path / "profiles.yaml"
    mine.write_text("slow:\n  pre-stop-sleep-seconds: soon\n")
    result = CliRunner().invoke(main, ["manifests", "--profiles", str(mine)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "slow" in result.stderr


def test_the_operators_ca_is_in_every_webhook() -> None:
    """Each webhook has the CA bundle, base64-encoded; without one the field is absent."""
    with_ca = webhook_configuration(PROFILES, ca_bundle=b"PEM")["webhooks"]
    assert {webhook["clientConfig"]["caBundle"] for webhook in with_ca} == {"UEVN"}
    assert all("caBundle" not in webhook["clientConfig"] for webhook in webhook_configuration(PROFILES)["webhooks"])


@pytest.mark.parametrize("cluster_wide", [False, True])
def test_no_two_webhooks_match_the_same_namespace(cluster_wide: bool) -> None:
    """Any value of the label selects at most one profile; `disabled` and unknown values select none."""
    webhooks = webhook_configuration(PROFILES, cluster_wide=cluster_wide)["webhooks"]
    for value in ("enabled", "disabled", "stranger", *PROFILES, None):
        rules = [webhook["namespaceSelector"]["matchExpressions"][0] for webhook in webhooks]
        chosen = [rule for rule in rules if (value in rule["values"]) == (rule["operator"] == "In")]
        wanted = value in {"enabled", *PROFILES} or (cluster_wide and value != "disabled")
        assert len(chosen) == int(wanted)


@pytest.mark.parametrize("workload", workloads(), ids=lambda found: found["metadata"]["name"])
def test_our_own_pods_are_never_refused(workload: dict[str, Any]) -> None:
    """Our own Deployments pass through our own mutations unchanged or patched, under every profile."""
    for profile, settings in PROFILES.items():
        report = mutate({"kind": "Pod", **workload["spec"]["template"]}, (Layer.of_profile(profile, settings),))
        assert report.outcome is not Outcome.REFUSED, [str(decision) for decision in report.decisions]


@pytest.mark.parametrize("workload", workloads(), ids=lambda found: found["metadata"]["name"])
def test_our_own_pods_are_restricted(workload: dict[str, Any]) -> None:
    """Non-root, no capabilities, read-only root file system, no privilege escalation, the runtime's seccomp profile."""
    spec = workload["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_webhook_holds_no_credentials() -> None:
    """The webhook's Pods get no token, and its NetworkPolicy allows no outgoing connection."""
    webhook = next(found for found in workloads() if found["metadata"]["name"] == "lastcall")
    assert webhook["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
    policy = next(f for f in shipped() if f["kind"] == "NetworkPolicy" and f["metadata"]["name"] == "lastcall")
    assert "Egress" in policy["spec"]["policyTypes"]
    assert "egress" not in policy["spec"]


def test_every_permission_but_create_and_list_is_limited_to_a_name() -> None:
    """The certificate controller can read and change named objects only; `create` and `list` cannot have names."""
    for role in (found for found in shipped() if found["kind"] in {"Role", "ClusterRole"}):
        for rule in role["rules"]:
            assert "resourceNames" in rule or set(rule["verbs"]) <= {"create", "list"}
            assert not {"*", "delete", "escalate", "impersonate"} & set(rule["verbs"])


def test_the_grace_period_of_the_webhook_is_long_enough() -> None:
    """The grace period covers the hook's sleep, the draining, and gunicorn's timeout."""
    spec = next(f for f in workloads() if f["metadata"]["name"] == "lastcall")["spec"]["template"]["spec"]
    container = spec["containers"][0]
    drain = next(int(arg.partition("=")[2]) for arg in container["args"] if arg.startswith("--drain-seconds"))
    hook = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] >= hook + drain + 20


def test_the_version_is_the_same_everywhere() -> None:
    """The images that deploy/ names, the Dockerfile's label and the package have one version."""
    named = {
        container["image"] for found in workloads() for container in found["spec"]["template"]["spec"]["containers"]
    }
    assert named == {f"lastcall:{__version__}", f"lastcall-certs:{__version__}"}
    assert f"ARG VERSION={__version__}\n" in (ROOT / "Dockerfile").read_text()


def test_the_images_have_no_installer() -> None:
    """Every stage after the packages' starts from the base image; the last one is the webhook."""
    stages = [line.split() for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("FROM")]
    assert stages[-1] == ["FROM", "runtime", "AS", "webhook"]
    assert ["FROM", "runtime", "AS", "certs"] in stages
