"""The corners of the flow that a manifest in a folder does not show well."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from webhook.core import review
from webhook.core.decision import Outcome, Report
from webhook.core.layers import Layer
from webhook.core.mutate import REASONS, mutate
from webhook.core.mutations import MUTATIONS
from webhook.core.pod import read
from webhook.core.rules import MAX_ANNOTATIONS_BYTES, violations


def pod(containers: int = 1, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"annotations": annotations or {}},
        "spec": {"containers": [{"name": f"c{n}", "command": ["npm", "start"]} for n in range(containers)], **spec},
    }


def codes(report: Report) -> list[str]:
    return [decision.reason.code for decision in report.decisions]


def test_a_result_that_the_api_server_would_reject_is_refused_whole() -> None:
    """Annotations that the status would push over the limit leave the Pod as it came, with one warning."""
    document = pod(annotations={"filler": "x" * (MAX_ANNOTATIONS_BYTES - 50)})
    assert violations(read(document)) == frozenset()
    report = mutate(document)
    assert report.operations == ()
    assert codes(report) == ["ResultRejected", *["RefusedTogether"] * 3]
    answer = json.loads(review.respond("u", report))["response"]
    assert answer["allowed"] is True
    assert len(answer["warnings"]) == 1
    assert "patch" not in answer


def test_a_pod_that_would_grow_too_large_keeps_the_commands_it_has_no_room_for() -> None:
    """500 containers get their sleep, and launchers up to 1 MiB; the others are named."""
    report = mutate(pod(500))
    assert len(json.dumps(report.after)) < 1.3 * 1024 * 1024
    assert {"LauncherAdded", "PodTooLarge", "SleepAdded", "TooLargeForSignalHook"} <= set(codes(report))
    answer = json.loads(review.respond("u", report))["response"]
    assert all(len(text) <= review.MAX_ANNOTATION for text in answer["auditAnnotations"].values())
    assert sum(map(len, answer["warnings"])) < 4096
    assert all(len(text) <= review.MAX_WARNING for text in answer["warnings"])
    again = mutate(report.after)
    assert again.operations == ()


@pytest.mark.parametrize(
    ("document", "violation"),
    [
        (pod(terminationGracePeriodSeconds=-1), "spec.terminationGracePeriodSeconds: must be 0 or more"),
        (pod(annotations={"a": "x" * MAX_ANNOTATIONS_BYTES}), "metadata.annotations: 262145 bytes are more than"),
        (
            {"spec": {"containers": [{"name": "a", "lifecycle": {"preStop": {"sleep": {"seconds": 31}}}}]}},
            "container/a lifecycle.preStop.sleep: 31 s do not fit into 30 s",
        ),
        (
            {"spec": {"containers": [{"name": "a", "lifecycle": {"preStop": {"exec": {}, "httpGet": {}}}}]}},
            "container/a lifecycle.preStop: must have exactly one action",
        ),
    ],
)
def test_the_rules_know_what_the_api_server_rejects(document: dict[str, Any], violation: str) -> None:
    """Each rule is told by the field that breaks it."""
    (found,) = violations(read(document))
    assert str(found).startswith(violation)


def test_a_sleep_as_long_as_the_grace_period_is_accepted() -> None:
    """The API server's message says "less than", its check accepts "equal"."""
    hook = {"preStop": {"sleep": {"seconds": 30}}}
    assert violations(read({"spec": {"containers": [{"name": "a", "lifecycle": hook}]}})) == frozenset()


def test_a_sleep_of_zero_is_accepted_and_refuses_nothing() -> None:
    """0 s are valid since Kubernetes 1.33 (KEP-4818); the hook is the user's, and the others get theirs."""
    own = {"name": "a", "lifecycle": {"preStop": {"sleep": {"seconds": 0}}}}
    document = {"spec": {"containers": [own, {"name": "b"}]}}
    assert violations(read(document)) == frozenset()
    report = mutate(document)
    assert report.outcome is Outcome.PATCHED
    assert report.after["spec"]["containers"][0] == own


def test_a_violation_that_stays_in_another_form_does_not_refuse_the_pod() -> None:
    """A negative sleep is the user's mistake whatever it is measured against: only what a patch adds is refused."""
    wrong = {"name": "a", "lifecycle": {"preStop": {"sleep": {"seconds": -1}}}}
    report = mutate({"spec": {"containers": [wrong, {"name": "b"}]}})
    assert "ResultRejected" not in codes(report)
    assert report.after["spec"]["terminationGracePeriodSeconds"] == 35


def test_a_violation_that_came_along_does_not_refuse_the_pod() -> None:
    """A sleep that does not fit is the user's mistake, and raising the grace period fixes it."""
    hook = {"preStop": {"sleep": {"seconds": 40}}}
    report = mutate({"spec": {"containers": [{"name": "a", "lifecycle": hook}]}})
    assert report.after["spec"]["terminationGracePeriodSeconds"] == 70
    assert violations(read(report.after)) == frozenset()


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"operation": "UPDATE"}, "NotAPodCreate", "not the operation UPDATE"),
        ({"operation": "DELETE", "object": None}, "NotAPodCreate", "not the operation DELETE"),
        ({"operation": ""}, "NotAPodCreate", "not the operation (none)"),
        ({"subResource": "ephemeralcontainers"}, "NotAPodCreate", "not pods/ephemeralcontainers"),
        ({"kind": {"group": "apps", "version": "v1", "kind": "Deployment"}}, "NotAPodCreate", "not a Deployment"),
        ({"object": None}, "NotAPodCreate", "not a review without an object"),
        ({"object": {}}, "Malformed", "cannot be read: Expected `object`, got `null` - at `$.spec`"),
        ({"object": {"metadata": [], "spec": 1}}, "Malformed", "cannot be read"),
    ],
)
def test_what_is_not_the_creation_of_a_pod_is_left_alone(change: dict[str, Any], code: str, message: str) -> None:
    """The answer says by name why there is nothing to decide."""
    request = {"uid": "u", "kind": {"version": "v1", "kind": "Pod"}, "operation": "CREATE", "object": pod(), **change}
    body = {"apiVersion": review.API_VERSION, "kind": "AdmissionReview", "request": request}
    report = review.review(*review.parse(json.dumps(body).encode()))
    assert codes(report) == [code]
    assert message in report.decisions[0].message
    assert report.operations == ()


def test_a_review_of_another_version_is_answered_without_a_patch() -> None:
    """Where the uid can be read there is an answer, whatever the rest looks like."""
    body = {"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "request": {"uid": "u"}}
    report = review.review(*review.parse(json.dumps(body).encode()))
    assert "not a review that is not of admission.k8s.io/v1" in report.decisions[0].message


@pytest.mark.parametrize("uid", ['""', "5", "null"])
@pytest.mark.parametrize("rest", ["", ', "object": 5'])
def test_a_review_without_a_uid_cannot_be_answered(uid: str, rest: str) -> None:
    """There is nothing to echo, so it is a bad request."""
    with pytest.raises(review.BadReview):
        review.parse(f'{{"request": {{"uid": {uid}{rest}}}}}'.encode())


def test_a_failure_of_our_own_is_answered_as_allowed() -> None:
    """No report, no patch, no warning: the Pod passes."""
    response = json.loads(review.respond("u", None))["response"]
    assert response == {"uid": "u", "allowed": True}


def test_a_review_without_kind_and_version_of_the_object_is_left_alone() -> None:
    """A request that does not say what it is about is not taken for a Pod."""
    body = {"apiVersion": review.API_VERSION, "kind": "AdmissionReview", "request": {"uid": "u", "object": pod()}}
    report = review.review(*review.parse(json.dumps(body).encode()))
    assert "a nameless kind" in report.decisions[0].message


def test_the_patch_is_base64_of_a_json_array() -> None:
    """The shape of the response is that of admission.k8s.io/v1."""
    response = json.loads(review.respond("u", mutate(pod())))["response"]
    assert response["patchType"] == "JSONPatch"
    assert [op["path"] for op in json.loads(base64.b64decode(response["patch"]))] == [
        "/spec/containers/0/command",
        "/spec/containers/0/lifecycle",
        "/spec/terminationGracePeriodSeconds",
        "/metadata/annotations/lastcall.webhook~1status",
    ]
    assert set(response["auditAnnotations"]) == {mutation.name for mutation in MUTATIONS}


def test_every_reason_has_advice_that_ends_in_a_full_stop() -> None:
    """`lastcall explain` never has nothing to say."""
    assert [code for code, reason in REASONS.items() if not reason.advice.endswith((".", "]'."))] == []
    assert set(Outcome) == {"patched", "skipped", "refused"}


def test_drain_may_be_unset_by_a_profile() -> None:
    """A profile may say that drain-seconds is not set, over a built-in one that sets it."""
    layers = (Layer.of_profile("a", {"drain-seconds": 60}), Layer.of_profile("b", {"drain-seconds": None}))
    assert mutate(pod(), layers).after["spec"]["terminationGracePeriodSeconds"] == 35


def test_a_hook_of_two_actions_is_of_unknown_length() -> None:
    """The API server rejects it anyway; that is not the webhook's to say, and the others get their sleep."""
    wrong = {"name": "a", "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}, "sleep": {"seconds": 5}}}}
    report = mutate({"spec": {"containers": [wrong, {"name": "b", "command": ["node", "server.js"]}]}})
    assert {"HookLengthUnknown", "SleepAdded"} <= set(codes(report))
    assert "ResultRejected" not in codes(report)
