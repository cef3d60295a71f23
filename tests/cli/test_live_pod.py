"""``lastcall timeline POD -n NS``: a Pod of a cluster, and what it waits for if it terminates."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from tests.support.api_server import Served, serve
from webhook.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PODS = "/api/v1/namespaces/shop/pods"


def pod(name: str, **metadata: Any) -> dict[str, Any]:
    spec = {"nodeName": "node-1", "containers": [{"name": "web", "command": ["npm", "start"]}]}
    status = {"phase": "Running", "containerStatuses": [{"name": "web", "state": {"running": {}}}]}
    return {"metadata": {"name": name, "namespace": "shop", **metadata}, "spec": spec, "status": status}


def call(directory: Path, *arguments: str) -> Result:
    """Call with a cluster of two Pods, one of which terminates."""
    limit = datetime.now(UTC) + timedelta(seconds=600)
    terminating = {"deletionTimestamp": f"{limit:%Y-%m-%dT%H:%M:%SZ}", "deletionGracePeriodSeconds": 620}
    served = Served({PODS: [pod("stays"), pod("leaves", finalizers=["a/b"], **terminating)]})
    with serve(served, directory) as config:
        arguments = ("timeline", "--kubeconfig", str(config), *arguments)
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert served.methods <= {"GET"}
    return result


def test_a_pod_of_a_cluster(tmp_path: Path) -> None:
    """It is predicted as one of a file is, in the context's namespace or the one that is named."""
    for arguments in (("stays",), ("-n", "shop", "pod/stays")):
        result = call(tmp_path, *arguments)
        assert result.exit_code == 0
        assert "Pod shop/stays  cluster\n" in result.stdout
        assert "✔ with lastcall" in result.stdout
        assert "waits for" not in result.stdout


def test_a_pod_that_terminates(tmp_path: Path) -> None:
    """It says what it waits for now, and is predicted with the grace period of its delete."""
    result = call(tmp_path, "leaves")
    assert "waits for web to end, then the removal of finalizer a/b" in result.stdout
    assert "delete (620 s)" in result.stdout
    assert "its grace period ends at " in result.stdout
    (data,) = json.loads(call(tmp_path, "leaves", "-o", "json").stdout)["workloads"]
    assert data["before"]["grace"] == 620
    assert data["now"]["finalizers"] == ["a/b"]
    (data,) = json.loads(call(tmp_path, "stays", "-o", "json").stdout)["workloads"]
    assert "now" not in data


def test_a_pod_that_does_not_exist(tmp_path: Path) -> None:
    """The others are shown, and the exit code is 2; without a cluster there is one line."""
    result = call(tmp_path, "nosuch", "stays")
    assert (result.exit_code, "Pod shop/stays" in result.stdout) == (2, True)
    assert result.stderr == "error: get pods nosuch in namespace shop: not found\n"
    no_file = CliRunner().invoke(main, ["timeline", "web-0"])
    assert no_file.stderr.splitlines() == [
        "error: web-0: No such file or directory",
        "for a Pod of a cluster, add -n NAMESPACE",
    ]
    lost = CliRunner().invoke(main, ["timeline", "web", "--kubeconfig", str(tmp_path / "nosuch")])
    assert (lost.exit_code, lost.stdout, len(lost.stderr.splitlines())) == (2, "", 1)
    assert lost.stderr.startswith("error: cannot connect to a cluster")
