"""``lastcall version``: this program's version, and the one in a cluster."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tests.support.api_server import Served, serve
from webhook import __version__
from webhook.cli import main
from webhook.cli.version import tag
from webhook.install.objects import webhook_configuration

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["version", *arguments], catch_exceptions=False)


def deployments(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


def deployment(image: str) -> dict[str, Any]:
    containers = [{"name": "sidecar", "image": "other:9"}, {"name": "lastcall", "image": image}]
    template = {"spec": {"containers": containers}}
    status = {"readyReplicas": 1}
    return {"metadata": {"name": "lastcall"}, "spec": {"replicas": 2, "template": template}, "status": status}


def test_the_client() -> None:
    """Without a cluster it is the version of the package."""
    assert call().stdout == f"client  {__version__}\n"
    assert json.loads(call("-o", "json").stdout) == {"client": __version__}


def test_the_server(tmp_path: Path) -> None:
    """The webhook configuration names the namespace, its Deployment the image; only GET is sent."""
    configuration = webhook_configuration(["default"], namespace="hooks")
    served = Served({CONFIGURATIONS: [configuration], deployments("hooks"): [deployment("lastcall:0.0.9")]})
    with serve(served, tmp_path) as config:
        text = call("--server", "--kubeconfig", str(config))
        found = json.loads(call("--server", "--kubeconfig", str(config), "-o", "json").stdout)
    assert text.exit_code == 0
    assert text.stdout.splitlines()[1:] == ["server  0.0.9", "        lastcall:0.0.9, 1 of 2 replicas ready in hooks"]
    assert "the versions differ" in text.stderr
    assert found["server"] == {
        "version": "0.0.9",
        "image": "lastcall:0.0.9",
        "namespace": "hooks",
        "replicas": 2,
        "ready": 1,
    }
    assert served.methods == {"GET"}


def test_without_permission_for_configurations(tmp_path: Path) -> None:
    """It then looks in the namespace lastcall, or in the one that is named; an image without a tag is unknown."""
    served = Served({deployments("lastcall"): [deployment("x/lastcall@sha256:1")]}, forbidden={CONFIGURATIONS})
    served.objects[deployments("mine")] = [deployment(f"lastcall:{__version__}")]
    with serve(served, tmp_path) as config:
        result = call("--server", "--kubeconfig", str(config))
        named = call("--server", "--kubeconfig", str(config), "-n", "mine")
        absent = call("--server", "--kubeconfig", str(config), "-n", "nowhere")
    assert "server  unknown: the image has no tag" in result.stdout
    assert (named.exit_code, named.stderr, f"server  {__version__}" in named.stdout) == (0, "", True)
    assert (absent.exit_code, absent.stdout) == (2, "")
    assert "error: get deployments.apps lastcall in namespace nowhere: not found" in absent.stderr


IMAGES = [
    ("lastcall:0.1.0", "0.1.0"),
    ("registry:5000/team/lastcall", ""),
    ("registry:5000/team/lastcall:1.2-rc.1@sha256:abc", "1.2-rc.1"),
    ("lastcall@sha256:abc", ""),
]


@pytest.mark.parametrize(("image", "expected"), IMAGES)
def test_tags(image: str, expected: str) -> None:
    """A registry's port is no tag, and neither is a digest."""
    assert tag(image) == expected
