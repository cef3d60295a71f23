"""deploy/ on a real API server, and the contents of the images."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cluster.installed import NAMESPACE, overlay
from tests.cluster.lab.roll import rolled_out
from tests.cluster.manifests import INJECT
from tests.support.waiting import until
from webhook.core.decision import Outcome
from webhook.core.layers import Layer
from webhook.core.mutate import mutate
from webhook.core.settings import PROFILES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.existing import Cluster
    from tests.cluster.manifests import Object

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
FORBIDDEN = ("kubernetes", "cryptography", "pip", "setuptools")
LOOK = (
    f"FORBIDDEN = {FORBIDDEN}"
    + """
import importlib.util, json, os, shutil
print(json.dumps({
    "modules": [name for name in FORBIDDEN if importlib.util.find_spec(name)],
    "programs": [name for name in ("gcc", "cc", "pip", "pip3", "apk") if shutil.which(name)],
    "caches": [path for path in ("/root/.cache", "/tmp/webhook.txt") if os.path.exists(path)],
    "uid": os.getuid(),
    "writable": [path for path in ("/", "/app", "/usr") if os.access(path, os.W_OK)],
}))
""".replace("FORBIDDEN", repr(FORBIDDEN))
)


@pytest.mark.parametrize("name", ["", "self-managed", "bring-your-own", "cluster-wide"])
def test_the_api_server_accepts_every_overlay(lastcall: Cluster, tmp_path: Path, name: str) -> None:
    """A server-side dry run of each overlay passes validation, strict about unknown fields."""
    applied = lastcall.kubectl("apply", "--dry-run=server", "--validate=strict", "-k", str(overlay(tmp_path, name)))
    assert "mutatingwebhookconfiguration.admissionregistration.k8s.io/lastcall" in applied


def test_cert_managers_overlay_is_valid_where_its_kinds_are_known(lastcall: Cluster, tmp_path: Path) -> None:
    """Everything but cert-manager's own kinds, which this cluster does not have, passes a server-side dry run."""
    lastcall.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": CERT_MANAGER}))
    until(
        "cert-manager's kinds",
        lambda: "certificates" in lastcall.kubectl("api-resources", "--api-group=cert-manager.io"),
    )
    applied = lastcall.kubectl("apply", "--dry-run=server", "-k", str(overlay(tmp_path, "cert-manager")))
    assert "certificate.cert-manager.io/lastcall-tls" in applied
    for crd in CERT_MANAGER:
        lastcall.kubectl("delete", "crd", crd["metadata"]["name"])


def test_every_replica_serves_and_is_restricted(lastcall: Cluster) -> None:
    """The namespace enforces PodSecurity `restricted`, and both replicas run in it."""
    labels = lastcall.api.get("Namespace", NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    until("the replicas", lambda: rolled_out(lastcall.api, NAMESPACE, "lastcall"))


@pytest.mark.parametrize(("target", "absent"), [("lastcall", FORBIDDEN), ("lastcall-certs", ("pip", "setuptools"))])
def test_the_images_have_only_what_they_need(lastcall: Cluster, target: str, absent: tuple[str, ...]) -> None:
    """No installer, no compiler, no cache; the webhook has neither the Kubernetes client nor cryptography."""
    found = json.loads(lastcall.kubectl("exec", "-n", NAMESPACE, f"deployment/{target}", "--", "python3", "-c", LOOK))
    assert not set(found["modules"]) & set(absent)
    assert (found["programs"], found["caches"], found["writable"]) == ([], [], [])
    assert found["uid"] == 65532


def test_our_own_deployments_pass_through_our_own_mutations(lastcall: Cluster) -> None:
    """Under any profile they are unchanged or patched, and never refused."""
    for name in ("lastcall", "lastcall-certs"):
        template = lastcall.api.get("Deployment", name, NAMESPACE)["spec"]["template"]
        for profile, settings in PROFILES.items():
            report = mutate({"kind": "Pod", **template}, (Layer.of_profile(profile, settings),))
            assert report.outcome is not Outcome.REFUSED, [str(decision) for decision in report.decisions]


def test_a_label_is_all_that_a_user_needs(lastcall: Cluster) -> None:
    """The registration selects by the namespace's label alone."""
    webhooks = lastcall.api.get("MutatingWebhookConfiguration", "lastcall")["webhooks"]
    chosen = [webhook["namespaceSelector"]["matchExpressions"][0] for webhook in webhooks]
    assert {expression["key"] for expression in chosen} == {INJECT}


CERT_MANAGER: list[Object] = [
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.cert-manager.io"},
        "spec": {
            "group": "cert-manager.io",
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": plural[:-1]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                        }
                    },
                }
            ],
        },
    }
    for kind, plural in (("Certificate", "certificates"), ("Issuer", "issuers"))
]
