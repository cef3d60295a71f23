"""Malformed and hostile reviews: every client that reaches the port can send one.

If the uid can be read, the answer is a well-formed "allowed" without a patch, otherwise a 4xx of one line, but never a
5xx, "allowed": false, or a stack trace.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving.bodies import ANSWERED, NOT_ANSWERABLE, STRANGE
from tests.serving.running import review, send
from webhook.core.review import BadReview, parse, respond
from webhook.core.review import review as decide

if TYPE_CHECKING:
    from tests.serving.running import Running


@pytest.mark.parametrize("body", NOT_ANSWERABLE.values(), ids=NOT_ANSWERABLE.keys())
def test_a_review_without_a_uid_is_an_error(body: bytes) -> None:
    """The reason is one short line and quotes nothing of the body."""
    with pytest.raises(BadReview) as error:
        parse(body)
    assert len(str(error.value).splitlines()) == 1
    assert len(str(error.value)) < 300
    assert "HERE" not in str(error.value)


@pytest.mark.parametrize("name", ANSWERED)
def test_with_a_uid_the_answer_is_allowed(name: str) -> None:
    """The core answers, with a patch only for the creation of a Pod."""
    admission, fault = parse(ANSWERED[name])
    response = json.loads(respond(admission.uid, decide(admission, fault)))["response"]
    assert response["allowed"] is True
    assert response["auditAnnotations"]
    assert ("patch" in response) == (name in STRANGE)


def test_every_malformed_review_is_a_4xx_of_one_line(shared: Running) -> None:
    """The same bodies over HTTP, all on one connection."""
    connection = shared.connection()
    for name, body in NOT_ANSWERABLE.items():
        response, text = send(connection, body)
        assert (response.status, text.count(b"\n")) == (400, 1), name
        assert b"Traceback" not in text, name
    connection.close()


def test_every_hostile_review_is_allowed_over_http(shared: Running) -> None:
    """The same bodies over HTTP, and no internal error is counted."""
    connection = shared.connection()
    for name, body in ANSWERED.items():
        response, text = send(connection, body)
        assert response.status == 200, name
        assert json.loads(text)["response"]["allowed"] is True, name
    connection.close()
    assert "lastcall_internal_errors_total 0.0" in shared.request("GET", "/metrics")[1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
PATHS = st.sampled_from(
    [
        (), ("request",), ("request", "uid"), ("request", "kind"), ("request", "operation"), ("request", "object"),
        ("request", "object", "metadata"), ("request", "object", "metadata", "annotations"),
        ("request", "object", "metadata", "annotations", "lastcall.webhook/status"),
        ("request", "object", "spec"), ("request", "object", "spec", "containers"),
        ("request", "object", "spec", "initContainers"), ("request", "object", "spec", "restartPolicy"),
        ("request", "object", "spec", "terminationGracePeriodSeconds"),
        ("request", "object", "spec", "containers", 0), ("request", "object", "spec", "containers", 0, "command"),
        ("request", "object", "spec", "containers", 0, "lifecycle"),
        ("request", "object", "spec", "containers", 0, "lifecycle", "preStop"),
    ]
)  # fmt: skip


def put(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """Return the document with a value at a path; objects on the way are made."""
    if not path:
        return value
    head, *rest = path
    if isinstance(head, int):
        return [put(document[0], tuple(rest), value), *document[1:]]
    return {**document, head: put(document.get(head, {}), tuple(rest), value)}


@given(path=PATHS, value=JSON)
@settings(max_examples=150, deadline=None)
def test_any_json_gets_an_answer(shared: Running, path: tuple[str | int, ...], value: Any) -> None:
    """With any JSON value at any path of a review: 200 and allowed, or a 4xx."""
    status, text = shared.request("POST", "/mutate", put(review(), path, value))
    assert status == 200 or 400 <= status < 500
    assert status != 200 or json.loads(text)["response"]["allowed"] is True


@given(body=st.binary(max_size=200) | st.text(max_size=50).map(str.encode) | JSON.map(lambda v: json.dumps(v).encode()))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_parsed_or_rejected(body: bytes) -> None:
    """``parse`` raises ``BadReview`` and nothing else."""
    try:
        admission, _ = parse(body)
    except BadReview:
        return
    assert admission.uid
