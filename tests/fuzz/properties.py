"""The properties of every body and every Pod."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import jsonpatch
from hypothesis import given, settings

from tests.serving.running import review as body_of
from tests.support.strategies import PODS, pairs
from webhook.core.layers import Layer
from webhook.core.patch import apply
from webhook.core.pod import read
from webhook.core.review import BadReview, Request, parse, respond, review
from webhook.core.rules import violations
from webhook.core.settings import PROFILES
from webhook.serving.review_key import keyed_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook.core.decision import Report

LAYERS = [(Layer.of_profile(name, settings),) for name, settings in PROFILES.items()]


def check_body(body: bytes) -> None:
    """Check that bytes raise BadReview, or are answered under every profile; nothing else is raised."""
    try:
        admission, fault = parse(body)
    except BadReview:
        return
    for layers in LAYERS:
        report = review(admission, fault, layers)
        check_answer(admission, report, respond(admission.uid, report))
        if report.operations:
            again = review(Request(admission.uid, admission.kind, "CREATE", object=dict(report.after)), "", layers)
            assert again.operations == (), "a second round changes something"


@settings(database=None, deadline=None)
@given(PODS)
def check_pods(pod: dict[str, Any]) -> None:
    """Check that any Pod, sent as an API server sends it, is answered."""
    check_body(json.dumps(body_of(pod)).encode())


@settings(database=None, deadline=None, max_examples=300)
@given(pairs())
def check_pairs(pods: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Check that two Pods with the same review key get the same answer under every profile."""
    bodies = [json.dumps(body_of(pod)).encode() for pod in pods]
    keys = [found and found.review_key for found in map(keyed_request, bodies)]
    if keys[0] and keys[0] == keys[1]:
        for layers in LAYERS:
            first, second = (respond("", review(*parse(body), layers)) for body in bodies)
            assert first == second, "Pods with the same review key are not equivalent"


one_pod: Callable[[bytes], object] = check_pods.hypothesis.fuzz_one_input  # type: ignore[attr-defined]
"""Check the Pod that hypothesis makes of these bytes."""
one_pair: Callable[[bytes], object] = check_pairs.hypothesis.fuzz_one_input  # type: ignore[attr-defined]
"""Check the two Pods that hypothesis makes of these bytes."""


def check_answer(admission: Request, report: Report, answer: bytes) -> None:
    """Check that the Pod is allowed, and that the patch results in the report's Pod, which is valid."""
    response = json.loads(answer)["response"]
    assert (response["uid"], response["allowed"]) == (admission.uid, True)
    assert ("patch" in response) == bool(report.operations)
    if not report.operations:
        return
    assert admission.object is not None
    sent = json.loads(base64.b64decode(response["patch"]))
    assert apply(admission.object, sent) == report.after, "the patch does not make what the report says"
    assert jsonpatch.apply_patch(admission.object, sent) == report.after, "jsonpatch does not agree"
    worse = violations(read(report.after)) - violations(read(admission.object))
    assert not worse, f"the rules refuse the result: {worse}"
