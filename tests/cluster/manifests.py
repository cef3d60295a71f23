"""The objects that the cluster tests create, most of them variations of examples/demo.yaml."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

Object = dict[str, Any]  # as the API has it
IMAGES = {"dash": "lab/node-debian:20", "ash": "lab/node-busybox:20"}
INJECT = "lastcall.webhook/inject"


def documents(path: Path) -> list[Object]:
    """Read every document of a YAML file."""
    return [dict(document) for document in YAML(typ="safe").load_all(path.read_text()) if document]


def demo(namespace: str, *, shell: str = "dash", command: list[str] | None = None) -> list[Object]:
    """Return the demo's namespace, Deployment and Service under another namespace, image and command."""
    space, deployment, service = documents(ROOT / "examples/demo.yaml")
    space["metadata"]["name"] = deployment["metadata"]["namespace"] = service["metadata"]["namespace"] = namespace
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container |= {"image": IMAGES[shell], "imagePullPolicy": "Never"}
    container |= {"command": command} if command else {}
    return [space, deployment, service]


def namespace(name: str, **labels: str) -> Object:
    """Return a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(name: str, namespace: str, container: Object | None = None, **spec: Any) -> Object:
    """Return a Pod with one container, which by default starts the demo app with npm."""
    app = {
        "name": "app",
        "image": IMAGES["dash"],
        "imagePullPolicy": "Never",
        "command": ["npm", "start"],
        **(container or {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [app], **spec},
    }


def changed(manifest: Object, **metadata: Any) -> Object:
    """Return a copy of an object with other metadata."""
    new = copy.deepcopy(manifest)
    new["metadata"] |= metadata
    return new
