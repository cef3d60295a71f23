"""Equivalent Pods get the same answer: the review key has everything that a decision depends on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import Phase, given
from hypothesis import settings as examples
from msgspec.structs import replace

from tests.core.test_cases import cases, reports, settings
from tests.fuzz.properties import check_pairs
from tests.serving.running import POD
from tests.serving.running import review as body_of
from tests.support.strategies import pairs
from webhook.core import pod
from webhook.core.layers import Layer
from webhook.core.mutate import KNATIVE, MIRROR, mutate
from webhook.core.mutations import Mutation, pre_stop
from webhook.core.review import parse, respond, review
from webhook.core.settings import PREFIX, PROFILES
from webhook.serving.review_key import MISSING, ContainerText, SpecText, keyed_request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from webhook.core.decision import Decision
    from webhook.core.settings import Resolved

LAYERS = (Layer.of_profile("default", PROFILES["default"]),)
NPM = {"name": "a", "command": ["npm", "start"]}


def body(made: object, uid: str = "u", **request: object) -> bytes:
    return json.dumps(body_of(made, uid, **request)).encode()


def key(made: object) -> bytes | None:
    request = keyed_request(body(made))
    return request.review_key if request else None


def uncached(made: object, uid: str = "u") -> bytes:
    """Return the answer without a cache."""
    return respond(uid, review(*parse(body(made, uid)), LAYERS))


def test_pods_with_the_same_key_get_the_same_answer() -> None:
    """For any two Pods: if the keys are equal, so are the answers."""
    check_pairs()


def with_spec(**fields: object) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"containers": [NPM], **fields}}


def with_container(**fields: object) -> dict[str, Any]:
    return with_spec(containers=[NPM | fields])


def with_metadata(**fields: object) -> dict[str, Any]:
    return with_spec() | {"metadata": fields}


READ = {
    "container name": with_container(name="b"),
    "command": with_container(command=["node", "server.js"]),
    "args": with_container(args=["--silent"]),
    "lifecycle": with_container(lifecycle={"preStop": {"exec": {"command": ["true"]}}}),
    "half a lifecycle": with_container(lifecycle={}),
    "container restartPolicy": with_spec(initContainers=[NPM | {"name": "i", "restartPolicy": "Always"}]),
    "an app container's restartPolicy": with_container(restartPolicy="Never"),
    "another container": with_spec(containers=[NPM, NPM | {"name": "b"}]),
    "grace period": with_spec(terminationGracePeriodSeconds=60),
    "restartPolicy": with_spec(restartPolicy="Never"),
    "nodeSelector": with_spec(nodeSelector={"kubernetes.io/os": "windows"}),
    "os": with_spec(os={"name": "windows"}),
    "empty annotations": with_metadata(annotations={}),
    "annotation": with_metadata(annotations={"lastcall.webhook/entrypoint": "off"}),
    "mirror": with_metadata(annotations={"kubernetes.io/config.mirror": "x"}),
    "label": with_metadata(labels={"lastcall.webhook/inject": "disabled"}),
    "Knative's label": with_metadata(labels={"serving.knative.dev/revision": "web-00001"}),
    "image-shell": with_metadata(annotations={"lastcall.webhook/image-shell.a": "no"}),
    "owner": with_metadata(ownerReferences=[{"kind": "Job", "controller": True}]),
}


@pytest.mark.parametrize("name", READ)
def test_every_field_that_changes_the_answer_changes_the_key(name: str) -> None:
    """Each field that the core reads changes the answer, and the key."""
    assert uncached(READ[name]) != uncached(with_spec())
    assert key(READ[name]) != key(with_spec())


def test_the_key_has_every_field_of_the_views() -> None:
    """A field that is added to a view must be added to the key."""
    for view, mirrored in ((pod.Container, ContainerText), (pod.Spec, SpecText)):
        assert names(view) == names(mirrored)
    assert names(pod.Metadata) == {"annotations", "labels", "owner_references"}, "_Metadata.key_parts returns these"
    assert names(pod.Owner) == {"kind", "controller"}, "_Metadata.key_parts returns these"


def bare(made: dict[str, Any]) -> dict[str, Any]:
    """Return the Pod with only the fields of the key."""
    spec = only(made["spec"], SpecText)
    for field in ("containers", "initContainers"):
        if spec.get(field):
            spec[field] = [only(container, ContainerText) for container in spec[field]]
    metadata = only(made.get("metadata") or {}, pod.Metadata)
    for field in ("annotations", "labels"):
        if metadata.get(field):
            kept = {name: text for name, text in metadata[field].items() if name.startswith((PREFIX, KNATIVE, MIRROR))}
            metadata[field] = kept
    return {"metadata": metadata, "spec": spec}


def only(thing: dict[str, Any], view: Any) -> dict[str, Any]:
    names = {field.encode_name for field in msgspec.structs.fields(view)}
    return {name: value for name, value in thing.items() if name in names}


def decided(made: dict[str, Any], profile: dict[str, Any]) -> tuple[object, ...]:
    report = mutate(made, (Layer.of_profile("case", profile),))
    return report.operations, report.decisions, report.problems


@cases
def test_no_other_field_of_a_pod_matters(case: Path) -> None:
    """In every golden case the Pod gets the same answer with only the fields of the key.

    If a mutation reads another field, add it to serving/review_key.py.
    """
    for report in reports(case):
        made = dict(report.before)
        assert keyed_request(body(made))
        assert decided(bare(made), settings(case)) == decided(made, settings(case))


def test_a_mutation_that_reads_more_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: a mutation that reads the Pod's JSON directly."""

    def decide(made: pod.Pod, resolved: Resolved) -> Iterator[Decision]:
        if "hostNetwork" not in made.document["spec"]:
            yield from pre_stop.decide(made, resolved)

    monkeypatch.setattr("webhook.core.mutate.MUTATIONS", (Mutation("pre-stop", pre_stop.PreStop, decide),))
    made = with_spec(hostNetwork=True)
    assert decided(bare(made), {}) != decided(made, {})


def names(view: Any) -> set[str]:
    return {field.name for field in msgspec.structs.fields(view)}


def test_a_key_that_lacks_a_field_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: with a key that lacks commands, Pods that differ count as equivalent."""

    def blind(text: bytes) -> Any:
        if not (found := keyed_request(text)):
            return None
        containers = [replace(one, command=MISSING) for one in found.object.spec.containers]
        spec = replace(found.object.spec, containers=containers)
        return replace(found, object=replace(found.object, spec=spec))

    monkeypatch.setattr("tests.fuzz.properties.keyed_request", blind)
    quick = examples(max_examples=5000, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    inner: Any = check_pairs
    with pytest.raises(AssertionError, match="not equivalent"):
        quick(given(pairs())(inner.hypothesis.inner_test))()


OTHER = [
    body(POD, operation="UPDATE"),
    body(POD, subResource="eviction"),
    body(POD, kind={"group": "", "version": "v1", "kind": "Node"}),
    body(POD, uid=""),
    body({"metadata": {}, "spec": {"containers": [{"name": "a", "command": ["npm"]}, 5]}}),
    b"[" * 1000,
]


@pytest.mark.parametrize("asked", OTHER)
def test_only_the_creation_of_a_pod_has_a_key(asked: bytes) -> None:
    """Any other review is parsed in full, and gets its reason there."""
    assert keyed_request(body(POD))
    assert keyed_request(asked) is None
