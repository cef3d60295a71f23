"""The fuzzer's properties hold for its seeds, and fail for wrong answers."""

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
def test_they_hold_for_every_known_body(name: str) -> None:
    """Each hostile or malformed body is a seed, and passes."""
    check_body(BODIES[name])


def test_they_hold_for_pods() -> None:
    """Every Pod that hypothesis generates passes, also from a fuzzer's bytes."""
    check_pods()
    one_pod(bytes(range(256)))


@pytest.mark.parametrize(
    ("operation", "reported"),
    [
        pytest.param({"op": "replace", "path": GRACE, "value": 99}, False, id="what the report does not say"),
        pytest.param({"op": "replace", "path": "/spec/nothing", "value": 1}, False, id="what does not apply"),
        pytest.param({"op": "replace", "path": GRACE, "value": -1}, True, id="what the rules refuse"),
    ],
)
def test_they_fail_for_a_wrong_operation(operation: dict[str, object], *, reported: bool) -> None:
    """The negative control: with one operation too many, in the report or not, the check fails."""
    admission, fault = parse(json.dumps(body_of()).encode())
    report = review(admission, fault)
    check_answer(admission, report, respond(admission.uid, report))
    after = apply(report.after, [operation]) if reported else report.after
    broken = replace(report, operations=(*report.operations, operation), after=after)
    with pytest.raises((AssertionError, PatchError)):
        check_answer(admission, broken, respond(admission.uid, broken))
