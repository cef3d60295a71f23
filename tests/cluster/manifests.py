"""The objects that the cluster tests create, most of them variations of examples/demo.yaml."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from tests.cluster.lab import images
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

Object = dict[str, Any]  # as the API has it
IMAGES = {"dash": "lab/node-debian:20", "ash": "lab/node-busybox:20"}
INJECT = "lastcall.webhook/inject"
SLEEP = "lastcall.webhook/pre-stop-sleep-seconds"
SHELL = "lastcall.webhook/image-shell"
COMMANDS = {
    "npm": ["npm", "start"],
    "yarn": ["yarn", "start"],
    "pnpm": ["pnpm", "start"],
    "python": ["/bin/sh", "-c", "python3 server.py; true"],
}
"""Program -> the CMD of an image that starts it."""


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


def demo_in_image(namespace: str, shell: str, program: str) -> list[Object]:
    """Return the demo's objects without a command: an image that starts the program is made and loaded for them."""
    tag = f"lab/{program}-{shell}:1"
    entrypoint: Object = {"Entrypoint": []} if program == "python" else {}  # the shell form has no docker-entrypoint.sh
    images.load(images.variant(shell, tag, Cmd=COMMANDS[program], **entrypoint))
    things = demo(namespace, shell=shell)
    container = things[1]["spec"]["template"]["spec"]["containers"][0]
    container["image"] = tag
    del container["command"]
    return things


def namespace(name: str, **labels: str) -> Object:
    """Return a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(name: str, namespace: str, container: Object | None = None, **spec: Any) -> Object:
    """Return a Pod of one container that, unless told otherwise, starts the demo app with npm."""
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


def changed(thing: Object, **metadata: Any) -> Object:
    """Return a copy of an object with other metadata."""
    new = copy.deepcopy(thing)
    new["metadata"] |= metadata
    return new
