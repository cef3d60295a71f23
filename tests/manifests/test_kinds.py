"""Which objects make Pods, and what is said about those that are not looked at."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from webhook import manifests
from webhook.cli import main
from webhook.manifests import Document

SPEC: dict[str, Any] = {"containers": [{"name": "web", "command": ["npm", "start"]}]}


def of(api_version: str, kind: str, spec: dict[str, Any], name: str = "web") -> Document:
    (document,) = manifests.read("x", json.dumps(thing(api_version, kind, spec, name)))
    assert isinstance(document, Document), document
    return document


def thing(api_version: str, kind: str, spec: Any, name: str = "web") -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def audit(text: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", "-", *arguments], input=text, catch_exceptions=False)


@pytest.mark.parametrize(
    ("api_version", "kind", "owner"),
    [
        ("apps/v1", "Deployment", "ReplicaSet"),
        ("extensions/v1beta1", "Deployment", "ReplicaSet"),
        ("argoproj.io/v1alpha1", "Rollout", "ReplicaSet"),
        ("apps.openshift.io/v1", "DeploymentConfig", "ReplicationController"),
        ("v1", "DeploymentConfig", "ReplicationController"),
        ("apps.kruise.io/v1alpha1", "CloneSet", "CloneSet"),
        ("apps.kruise.io/v1beta1", "StatefulSet", "StatefulSet"),
        ("apps.kruise.io/v1alpha1", "DaemonSet", "DaemonSet"),
        ("agones.dev/v1", "GameServer", "GameServer"),
    ],
)
def test_a_kind_with_a_template(api_version: str, kind: str, owner: str) -> None:
    """The Pod has the owner that its controller gives it."""
    (workload,) = of(api_version, kind, {"template": {"spec": SPEC}}).workloads
    assert (workload.kind, workload.name, workload.path) == (kind, "web", ("spec", "template"))
    assert workload.pod["metadata"]["ownerReferences"][0]["kind"] == owner


def test_several_pods_in_one_object() -> None:
    """A list of Pods, and templates at several places."""
    pods = of("core.strimzi.io/v1beta2", "StrimziPodSet", {"pods": [{"spec": SPEC}, {"spec": SPEC}]}).workloads
    assert [workload.path for workload in pods] == [("spec", "pods", 0), ("spec", "pods", 1)]
    template = {"template": {"spec": SPEC}}
    ray = of("ray.io/v1", "RayCluster", {"headGroupSpec": template, "workerGroupSpecs": [template]}).workloads
    assert [workload.path[1] for workload in ray] == ["headGroupSpec", "workerGroupSpecs"]


def test_a_rollout_may_refer_to_a_deployment() -> None:
    """The Deployment has the template; the Rollout makes a note."""
    document = of("argoproj.io/v1alpha1", "Rollout", {"workloadRef": {"kind": "Deployment", "name": "web"}})
    assert document.workloads == []
    assert [str(note) for note in document.notes] == ["Rollout web: its Pod template is that of Deployment web"]


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "message"),
    [
        (
            "serving.knative.dev/v1",
            "Service",
            {"template": {"spec": SPEC}},
            "left alone: Knative drains its Pods itself",
        ),
        (
            "example.com/v1",
            "Widget",
            {"a": [{"template": {"spec": SPEC}}]},
            "not looked at: add --template-path Widget.ex",
        ),
        (
            "apps/v1",
            "Deploymnet",
            {"template": {"spec": SPEC}},
            "not looked at: add --template-path Deploymnet.apps=.sp",
        ),
        ("apps/v1", "Deployment", {"replicas": 3}, "passed over: a patch without containers"),
        ("apps/v1", "Deployment", {"template": {"spec": {"nodeName": "a"}}}, "passed over: a patch without containers"),
        ("apps/v1", "Deployment", {"template": {"metadata": {}}}, "passed over: a patch without containers"),
        ("v1", "Pod", {"nodeName": "a"}, "passed over: a patch without containers"),
    ],
)
def test_what_is_not_looked_at_is_named(api_version: str, kind: str, spec: Any, message: str) -> None:
    """On stderr; it does not fail."""
    document = of(api_version, kind, spec)
    assert document.workloads == []
    assert [note.message[: len(message)] for note in document.notes] == [message]
    result = audit(json.dumps(thing(api_version, kind, spec)))
    assert result.exit_code == 0
    assert f"note: stdin, document 1: {kind} web: {message}" in result.stderr


@pytest.mark.parametrize("spec", [{}, {"containers": "web"}, {"properties": {"containers": {"type": "array"}}}])
def test_what_makes_no_pods_is_not_named(spec: Any) -> None:
    """The control: no note for any other object."""
    assert of("example.com/v1", "Widget", spec).notes == []
    assert of("v1", "Service", spec).notes == []


@pytest.mark.parametrize(
    "text",
    [
        '{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}}',
        '{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": [1]}',
        '{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {"template": null}}',
        '{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": [1], "spec": {}}',
    ],
)
def test_neither_a_workload_nor_a_patch(text: str) -> None:
    """An error."""
    (error,) = manifests.read("x", text)
    assert "Deployment has no " in str(error)


def test_template_path() -> None:
    """`--template-path` reads other kinds, several places and lists, and Knative's too."""
    widget = json.dumps(thing("example.com/v1", "Widget", {"a": [{"spec": SPEC}], "b": {"spec": SPEC}}))
    paths = ("--template-path", "Widget.example.com=.spec.a[*]", "--template-path", "Widget.example.com=.spec.b")
    assert [line.split("\t")[2:4] for line in audit(widget, *paths).stdout.splitlines()] != []
    assert len(audit(widget, *paths).stdout.splitlines()) == 2
    knative = json.dumps(thing("serving.knative.dev/v1", "Service", {"template": {"spec": SPEC}}))
    path = "Service.serving.knative.dev=.spec.template"
    assert len(audit(knative, "--template-path", path).stdout.splitlines()) == 1
    assert "write Kind.group=.path" in audit(widget, "--template-path", "Widget").stderr


def test_no_workload_is_a_failure_where_one_is_wanted() -> None:
    """`--fail-on` does not pass an input without workloads, unless that is allowed."""
    service = json.dumps(thing("v1", "Service", {}))
    assert [audit(text).exit_code for text in ("", service)] == [0, 0]
    assert [audit(text, "--fail-on", "loses").exit_code for text in ("", service)] == [1, 1]
    assert audit(service, "--fail-on", "loses", "--allow-empty").exit_code == 0
