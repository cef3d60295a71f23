"""JSON Patch: written by hand, applied strictly."""

from __future__ import annotations

from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import JSON
from webhook.core.patch import PatchError, apply, pointer, put

DOCUMENT = {"a": {"b": [1, {"c": None}]}, "n": None}


@pytest.mark.parametrize(
    ("path", "value", "operations"),
    [
        pytest.param(("a", "x"), 1, ({"op": "add", "path": "/a/x", "value": 1},), id="a missing member is added"),
        pytest.param(("a", "b", 0), 1, (), id="what is there already needs nothing"),
        pytest.param(("a", "b", 0), 2, ({"op": "replace", "path": "/a/b/0", "value": 2},), id="another is replaced"),
        pytest.param(
            ("x", "y", "z"), 1, ({"op": "add", "path": "/x", "value": {"y": {"z": 1}}},), id="parents come along"
        ),
        pytest.param(("n", "y"), 1, ({"op": "add", "path": "/n", "value": {"y": 1}},), id="null counts as missing"),
        pytest.param(("n",), 1, ({"op": "replace", "path": "/n", "value": 1},), id="null itself is replaced"),
        pytest.param(("a", "b", 2), 3, ({"op": "add", "path": "/a/b/2", "value": 3},), id="a list may grow at its end"),
    ],
)
def test_put_writes_what_is_needed(path: Any, value: Any, operations: Any) -> None:
    """The operations add or replace just what differs, with missing parents."""
    assert put(DOCUMENT, path, value) == operations
    assert jsonpatch.apply_patch(DOCUMENT, list(operations)) == apply(DOCUMENT, operations)


def test_a_pointer_escapes_slash_and_tilde() -> None:
    """A slash is ~1 and a tilde is ~0 (RFC 6901)."""
    assert pointer(("metadata", "annotations", "a~b/c")) == "/metadata/annotations/a~0b~1c"


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param({"op": "add", "path": "/x/y", "value": 1}, id="the parent is missing"),
        pytest.param({"op": "replace", "path": "/x", "value": 1}, id="nothing to replace"),
        pytest.param({"op": "remove", "path": "/x"}, id="nothing to remove"),
        pytest.param({"op": "replace", "path": "/a/b/2", "value": 1}, id="no element to replace"),
        pytest.param({"op": "add", "path": "/a/b/3", "value": 1}, id="an index beyond the end"),
        pytest.param({"op": "add", "path": "/a/b/2/c", "value": 1}, id="a member of no element"),
        pytest.param({"op": "add", "path": "/a/b/01", "value": 1}, id="an index with a leading zero"),
        pytest.param({"op": "add", "path": "/a/b/x", "value": 1}, id="an index that is no number"),
        pytest.param({"op": "add", "path": "/n/x", "value": 1}, id="a member of null"),
        pytest.param({"op": "add", "path": "a", "value": 1}, id="not a pointer"),
        pytest.param({"op": "test", "path": "/n", "value": None}, id="test is never sent"),
        pytest.param({"op": "replace", "path": "", "value": 1}, id="the document becomes a number"),
    ],
)
def test_what_does_not_apply_is_an_error(operation: dict[str, Any]) -> None:
    """Anything that the API server's library would refuse raises, and says where."""
    with pytest.raises(PatchError):
        apply(DOCUMENT, [operation])


def test_the_document_is_not_changed() -> None:
    """Only copies are edited, and what is not on the path is shared."""
    after = apply(DOCUMENT, [{"op": "add", "path": "/n", "value": 1}, {"op": "remove", "path": "/a/b/0"}])
    assert after == {"a": {"b": [{"c": None}]}, "n": 1}
    assert DOCUMENT == {"a": {"b": [1, {"c": None}]}, "n": None}
    assert after["a"]["b"][0] is DOCUMENT["a"]["b"][1]  # type: ignore[index]


def test_a_dash_appends() -> None:
    """``-`` is the place after the last element."""
    assert apply({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}]) == {"a": [1, 2]}


@given(
    st.dictionaries(st.sampled_from("ab~/"), JSON, max_size=3),
    st.sampled_from(["add", "replace", "remove"]),
    st.lists(st.sampled_from(["a", "b", "0", "1", "-", "~0", "~1"]), max_size=3),
    JSON,
)
def test_the_strict_apply_agrees_with_the_jsonpatch_library(
    document: dict[str, Any], op: str, parts: list[str], value: Any
) -> None:
    """Where ours applies, the library comes to the same document; ours may only be the stricter one."""
    operation = {"op": op, "path": "".join("/" + part for part in parts), "value": value}
    try:
        ours = apply(document, [operation])
    except PatchError:
        return
    assert jsonpatch.apply_patch(document, [operation]) == ours
