"""The fuzzer's properties hold for what it starts with, and notice what they are there for."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from tests.fuzz.properties import check_answer, check_body, check_pods, one_pod
from tests.serving.bodies import ANSWERED, NOT_ANSWERABLE
from tests.serving.running import review as body_of
from webhook.core.patch import PatchError, apply
from webhook.core.review import parse, respond, review

GRACE = "/spec/terminationGracePeriodSeconds"
BODIES = ANSWERED | NOT_ANSWERABLE


@pytest.mark.parametrize("name", BODIES)
def test_they_hold_for_every_body_that_someone_thought_of(name: str) -> None:
    """Each hostile or malformed body is a seed, and passes."""
    check_body(BODIES[name])


def test_they_hold_for_pods() -> None:
    """Whatever Pod hypothesis makes passes, as does any that a fuzzer's bytes make."""
    check_pods()
    one_pod(bytes(range(256)))


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        pytest.param({"op": "replace", "path": GRACE, "value": 99}, False, id="what the report does not say"),
        pytest.param({"op": "replace", "path": "/spec/nothing", "value": 1}, False, id="what does not apply"),
        pytest.param({"op": "replace", "path": GRACE, "value": -1}, True, id="what the rules refuse"),
    ],
)
def test_they_notice_a_wrong_operation(operation: dict[str, object], *, told: bool) -> None:
    """The negative control: one operation too many, whether the report tells of it or not, and the check fails."""
    admission, fault = parse(json.dumps(body_of()).encode())
    report = review(admission, fault)
    check_answer(admission, report, respond(admission.uid, report))
    after = apply(report.after, [operation]) if told else report.after
    broken = replace(report, operations=(*report.operations, operation), after=after)
    with pytest.raises((AssertionError, PatchError)):
        check_answer(admission, broken, respond(admission.uid, broken))
