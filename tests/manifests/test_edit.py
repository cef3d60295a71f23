"""The text after a change holds the wanted data, whatever the change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.manifests.styles import texts
from webhook.manifests import edit, parse


def load(text: str) -> Any:
    return parse.construct(parse.compose(text))


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("a:\n- 1 # c\n- 2\n- 3 # d\n", {"a": [1, 3]}, "a:\n- 1 # c\n- 3 # d\n"),
        ("a:\n- 1\n- 2 # c\n", {"a": [3, 4, 2]}, "a:\n- 3\n- 4\n- 2 # c\n"),
        ("a:\n- 1\n- 2", {"a": [1, 2, 3]}, "a:\n- 1\n- 2\n- 3"),
        ("a: 1 # c\nb: 2\n", {"a": "x\ny\n", "b": 2}, "a: | # c\n  x\n  y\nb: 2\n"),
        ("a: # c\nb: 2\n", {"a": {"c": [1]}, "b": 2}, "a: # c\n  c:\n  - 1\nb: 2\n"),
        ("a: {}\n", {"a": {"b": " x"}}, 'a:\n  b: " x"\n'),
        ("a: [{}]\n", {"a": [{"b": "x\ny"}]}, 'a: [{b: "x\\ny"}]\n'),
        ("a: [1]\n", {"a": [{"b": 'say "hi"'}]}, "a: [{b: 'say \"hi\"'}]\n"),
        ("# c\n---\na: &a {b: 1}\nc: *a\n", {"a": {"b": 2}, "c": {"b": 1}}, "# c\n---\na:\n  b: 2\nc:\n  b: 1\n"),
        ("a: &a {b: 1}\nc: *a\n", {"a": 2, "c": {"b": 1}}, "a: 2\nc:\n  b: 1\n"),
        ("- 1\n", [{"a": "\x85"}], '-\n  a: "\\U00000085"\n'),
    ],
)
def test_a_change(text: str, after: Any, expected: str) -> None:
    """Only what changes is written; an anchor whose use would change with it makes the document new."""
    assert edit.rewrite(text, load(text), after) == expected
    assert load(expected) == after


TEXT = st.text(max_size=12)
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=300)
@given(texts(), JSON, st.data())
def test_any_change_is_held(text: str, value: Any, data: st.DataObject) -> None:
    """Any value at any place of a document in any style."""
    text = text.removeprefix("\ufeff").split("---")[0]
    before = load(text)
    if not isinstance(before, dict):
        return
    name = data.draw(st.sampled_from([*before, "new"]))
    after = {**before, name: value}
    assert load(edit.rewrite(text, before, after)) == after
