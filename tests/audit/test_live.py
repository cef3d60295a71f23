"""``lastcall audit`` on a cluster: what runs, which Pods are patched, and what may not be read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from tests.support.api_server import Served, kubeconfig, serve
from webhook.cli import main
from webhook.core.mutate import mutate

if TYPE_CHECKING:
    from pathlib import Path

NPM = {"terminationGracePeriodSeconds": 30, "containers": [{"name": "web", "command": ["npm", "start"]}]}
APPS, BATCH = "/apis/apps/v1", "/apis/batch/v1"


def deployment(name: str, namespace: str = "shop") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"template": {"spec": NPM}}}


def pod(of: str, number: int, *, mutated: bool = False, namespace: str = "shop", **status: Any) -> dict[str, Any]:
    owner = {"kind": "ReplicaSet", "name": f"{of}-abc", "controller": True}
    metadata = {
        "name": f"{of}-abc-{number}",
        "namespace": namespace,
        "labels": {"pod-template-hash": "abc"},
        "ownerReferences": [owner],
    }
    made = {"metadata": metadata, "spec": NPM, "status": {"phase": "Running", **status}}
    return dict(mutate(made).after) if mutated else made


def killed(reason: str = "Error") -> dict[str, Any]:
    return {"containerStatuses": [{"lastState": {"terminated": {"exitCode": 137, "reason": reason}}}]}


@pytest.fixture
def served() -> Served:
    empty: list[dict[str, Any]] = []
    objects = {f"{APPS}/{plural}": empty for plural in ("deployments", "statefulsets", "daemonsets")}
    objects |= {f"{BATCH}/cronjobs": empty, "/api/v1/pods": empty, "/api/v1/namespaces": empty}
    objects["/api/v1/events"] = empty
    return Served(objects)


def call(served: Served, directory: Path, *arguments: str) -> Result:
    with serve(served, directory) as config:
        given = ["audit", "--kubeconfig", str(config), "-o", "json", *arguments]
        return CliRunner().invoke(main, given, catch_exceptions=False)


def workloads(result: Result) -> dict[str, dict[str, Any]]:
    return {found["title"]: found for found in json.loads(result.stdout)["workloads"]}


def test_running_pods_count_to_their_deployment(served: Served, tmp_path: Path) -> None:
    """Each Deployment has its Pods, the patched ones and the killed containers; only GET is ever sent."""
    served.objects[f"{APPS}/deployments"] = [deployment("old"), deployment("new"), deployment("none")]
    served.objects["/api/v1/pods"] = [
        pod("old", 1, **killed()),
        pod("old", 2, **killed("OOMKilled")),
        pod("new", 1, mutated=True),
        pod("new", 2),
    ]
    found = workloads(call(served, tmp_path, "-A"))
    assert {t: (w["pods"], w["patched_pods"], w["killed"], w["harm"]) for t, w in found.items()} == {
        "Deployment shop/old": (2, 0, 1, "both"),
        "Deployment shop/new": (2, 1, 0, "both"),
        "Deployment shop/none": (0, 0, 0, "both"),
    }
    assert served.methods == {"GET"}


@pytest.mark.parametrize("order", [1, -1])
def test_a_rollout_that_is_done(served: Served, tmp_path: Path, order: int) -> None:
    """If all Pods are patched, nothing is lost, whatever the template says; an unpatched Pod is the worst case."""
    served.objects[f"{APPS}/deployments"] = [deployment("web")]
    served.objects["/api/v1/pods"] = [pod("web", n, mutated=True) for n in range(3)]
    assert workloads(call(served, tmp_path, "-A"))["Deployment shop/web"]["harm"] == "none"
    served.objects["/api/v1/pods"] = [pod("web", 1, mutated=True), pod("web", 2)][::order]
    assert workloads(call(served, tmp_path, "-A"))["Deployment shop/web"]["harm"] == "both"


@pytest.mark.parametrize(
    ("output", "start"), [("github", "::warning title="), ("sarif", '{"$schema"'), ("junit", "<?xml")]
)
def test_outputs(served: Served, tmp_path: Path, output: str, start: str) -> None:
    """A cluster's findings have no file, in any output."""
    served.objects[f"{APPS}/deployments"] = [deployment("web")]
    result = call(served, tmp_path, "-A", "-o", output)
    assert (result.exit_code, result.stdout[: len(start)]) == (0, start)


def test_other_owners(served: Served, tmp_path: Path) -> None:
    """Pods of an owner that is not listed, and Pods without one, are workloads of their own."""
    rollout, bare = pod("web", 1), pod("web", 2)
    rollout["metadata"] |= {"ownerReferences": [{"kind": "Rollout", "name": "web", "controller": True}]}
    bare["metadata"] |= {"ownerReferences": None, "name": "bare"}
    served.objects["/api/v1/pods"] = [rollout, bare]
    assert set(workloads(call(served, tmp_path, "-A"))) == {"Rollout shop/web", "Pod shop/bare"}


def test_terminating_pods(served: Served, tmp_path: Path) -> None:
    """A terminating or finished Pod is only counted; its killed containers count for the workload."""
    leaving, failed = pod("web", 1), pod("web", 2, **({"phase": "Failed"} | killed()))
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    served.objects[f"{APPS}/deployments"] = [deployment("web")]
    served.objects["/api/v1/pods"] = [leaving, failed]
    found = workloads(call(served, tmp_path, "-A"))["Deployment shop/web"]
    assert (found["pods"], found["killed"]) == (0, 1)


def test_pages(served: Served, tmp_path: Path) -> None:
    """Lists come in pages of 500; a list that expires in between is continued."""
    served.objects["/api/v1/pods"] = [pod(f"web{n}", n) for n in range(1234)]
    served.expire_once = True
    assert len(workloads(call(served, tmp_path, "-A"))) == 1234
    assert sum("/pods?limit=500" in target for target in served.asked) == 4


def test_profiles_of_namespaces(served: Served, tmp_path: Path) -> None:
    """A namespace's label names the profile; --profiles adds the operator's; without a label, --profile counts."""
    labels = {"a": "enabled", "b": "alb", "c": "own", "d": "nobody-knows", "e": ""}
    served.objects["/api/v1/namespaces"] = [
        {"metadata": {"name": name, "labels": {"lastcall.webhook/inject": value} if value else {}}}
        for name, value in labels.items()
    ]
    served.objects[f"{APPS}/deployments"] = [deployment("web", name) for name in labels]
    own = tmp_path / "profiles.yaml"
    own.write_text("own: {pre-stop-sleep-seconds: 7}\n")
    found = workloads(call(served, tmp_path, "-A", "--profiles", str(own), "--profile", "ingress"))
    assert [found[f"Deployment {name}/web"]["profile"] for name in labels] == [
        "default",
        "alb",
        "own",
        "ingress",
        "ingress",
    ]


def test_namespaces(served: Served, tmp_path: Path) -> None:
    """-n reads these namespaces; without it and without -A the context's own is read."""
    for name in ("shop", "pay"):
        for path in (f"{APPS}/namespaces/{name}/{p}" for p in ("statefulsets", "daemonsets")):
            served.objects[path] = []
        served.objects |= {f"{BATCH}/namespaces/{name}/cronjobs": [], f"/api/v1/namespaces/{name}/pods": []}
        served.objects[f"{APPS}/namespaces/{name}/deployments"] = [deployment("web", name)]
    assert set(workloads(call(served, tmp_path))) == {"Deployment shop/web"}
    assert set(workloads(call(served, tmp_path, "-n", "pay", "-n", "shop"))) == {
        "Deployment pay/web",
        "Deployment shop/web",
    }


def test_missing_permissions(served: Served, tmp_path: Path) -> None:
    """A list that is not allowed is a note with verb and resource; without Pods the exit code is 2."""
    served.objects[f"{APPS}/deployments"] = [deployment("web")]
    served.forbidden = {f"{APPS}/statefulsets", "/api/v1/namespaces"}
    result = call(served, tmp_path, "-A")
    assert (result.exit_code, list(workloads(result))) == (0, ["Deployment shop/web"])
    assert "note: missing permission: list statefulsets.apps\n" in result.stderr
    assert "note: missing permission: list namespaces: profile default is assumed everywhere\n" in result.stderr
    served.forbidden = {"/api/v1/pods"}
    result = call(served, tmp_path, "-A")
    assert (result.exit_code, result.stderr) == (2, "error: missing permission: list pods\n")


def test_unreachable(tmp_path: Path) -> None:
    """A cluster that cannot be reached is one line."""
    config = kubeconfig(tmp_path, "http://127.0.0.1:9")
    result = CliRunner().invoke(main, ["audit", "-A", "--kubeconfig", str(config)], catch_exceptions=False)
    assert result.exit_code == 2
    assert "cannot reach the cluster to list pods: " in result.stderr.splitlines()[-1]


def test_no_such_context(tmp_path: Path) -> None:
    """A missing context or kubeconfig is one line, too."""
    config = kubeconfig(tmp_path, "http://127.0.0.1:9")
    for arguments in (["--context", "none", "--kubeconfig", str(config)], ["--kubeconfig", str(tmp_path / "none")]):
        result = CliRunner().invoke(main, ["audit", *arguments], catch_exceptions=False)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert result.stderr.startswith("error: cannot connect to a cluster: ")
