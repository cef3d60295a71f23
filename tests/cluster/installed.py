"""Installing lastcall into a cluster from deploy/, as a user does."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from tests.cluster import manifests
from tests.cluster.creations import is_patched
from tests.cluster.lab import images
from tests.cluster.lab.roll import rolled_out
from tests.support.paths import ROOT
from tests.support.waiting import until
from webhook import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.existing import Cluster
    from tests.cluster.lab.api import Api

NAMESPACE = "lastcall"
PROBE = "probe"
IMAGES = {
    name: os.environ.get(f"LASTCALL_TEST_{variable}", "")
    for name, variable in (("lastcall", "WEBHOOK_IMAGE"), ("lastcall-certs", "CERTS_IMAGE"))
}
"""Images that an existing cluster can pull; empty where the lab builds them."""


def build_images() -> dict[str, Path]:
    """Build both stages of the Dockerfile; image name -> archive."""
    targets = {"lastcall": "webhook", "lastcall-certs": "certs"}
    return {name: images.build(f"localhost/{name}:{__version__}", ROOT, target) for name, target in targets.items()}


def overlay(directory: Path, name: str = "") -> Path:
    """Write a kustomization of deploy/, or of an overlay, with images that the cluster has; return its path."""
    source = ROOT / "deploy" / (f"overlays/{name}" if name else "")
    replaced = [
        {"name": image, "newName": own.rpartition(":")[0] or f"localhost/{image}"}
        | ({"newTag": own.rpartition(":")[2]} if own else {})
        for image, own in IMAGES.items()
    ]
    target = directory / (name or "default")
    target.mkdir(parents=True)
    kustomization = {"resources": [os.path.relpath(source, target.resolve())], "images": replaced}
    with (target / "kustomization.yaml").open("w") as file:
        YAML().dump(kustomization, file)
    return target


def install(cluster: Cluster, kustomization: Path) -> None:
    """Apply a kustomization and wait until lastcall answers from every replica."""
    cluster.kubectl("apply", "-k", str(kustomization))
    until("lastcall's rollout", lambda: rolled_out(cluster.api, NAMESPACE, "lastcall"), 240)
    until("the CA bundle", lambda: trusted(cluster.api))
    cluster.namespace(PROBE, **{manifests.INJECT: "enabled"})
    until("a patched Pod", lambda: patches(cluster.api))
    cluster.api.delete("Namespace", PROBE)


def trusted(api: Api) -> bool:
    """Tell whether every webhook has a CA bundle."""
    configuration = api.get("MutatingWebhookConfiguration", "lastcall")
    return all(webhook["clientConfig"].get("caBundle") for webhook in configuration["webhooks"])


def patches(api: Api) -> bool:
    """Tell whether the API server has loaded the configuration: until then it creates Pods unpatched."""
    answer = api.create(manifests.pod("probe", PROBE), dry_run=True)
    return answer.status == HTTPStatus.CREATED and is_patched(answer.object)


def uninstall(cluster: Cluster) -> None:
    """Delete the configuration first: a webhook that ends must not be called."""
    cluster.api.delete("MutatingWebhookConfiguration", "lastcall")
    cluster.api.delete("Namespace", NAMESPACE)
    until("the end of lastcall", lambda: cluster.api.find("Namespace", NAMESPACE) is None, 240)
