"""YAML is read as kubectl reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.manifests.readings import HEAD, READ, REJECTED
from webhook import manifests
from webhook.manifests import BadManifest, Document

if TYPE_CHECKING:
    from collections.abc import Iterator


def read(text: str) -> list[Document | BadManifest]:
    return list(manifests.read("x.yaml", text))


def typed(value: Any) -> Iterator[tuple[type, Any]]:
    """Return the leaves with their types: 1 == True == 1.0 in Python."""
    match value:
        case dict():
            for name, item in value.items():
                yield (str, name)
                yield from typed(item)
        case list():
            for item in value:
                yield from typed(item)
        case _:
            yield (type(value), value)


@pytest.mark.parametrize("text", READ, ids=repr)
def test_a_value_is_what_kubectl_makes_of_it(text: str) -> None:
    """The table was taken from kubectl 1.34; a test that needs the lab compares them again."""
    (document,) = read(f"{HEAD}{text}\n")
    assert isinstance(document, Document), document
    value = document.data["spec"]["v"]
    assert value == READ[text]
    assert sorted(map(str, typed(value))) == sorted(map(str, typed(READ[text])))


@pytest.mark.parametrize("text", REJECTED)
def test_what_kubectl_does_not_read_is_an_error(text: str) -> None:
    """The error has the line."""
    (error,) = read(f"{HEAD}{text}\n")
    assert isinstance(error, BadManifest)
    assert ", document 1: line " in str(error)


def test_anchors_that_multiply_are_an_error() -> None:
    """A few lines cannot fill the memory."""
    lines = [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else '1'] * 10)}]\n" for n in range(9)]
    (error,) = read(HEAD + "1\n" + "".join(lines))
    assert "excessive aliasing" in str(error)


POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "spec:\n  containers:\n  - name: web\n    command: node server.js\n",
            "line 8, Pod a, spec.containers.0.command",
        ),
        (
            "spec:\n  containers: [{name: web}]\n  terminationGracePeriodSeconds: '30'\n",
            "line 7, Pod a, spec.termination",
        ),
        (
            "spec:\n  containers:\n  - name: web\n    env:\n    - name: A\n      value: 8080\n",
            "line 10, Pod a, spec.containers.0.env.0.value: Expected `str | null`, got `int`",
        ),
        ("spec: {}\n  \nx: {containers: []}\n", ""),
        ("  annotations: {a: yes}\nspec: {containers: [{name: web}]}\n", "line 5, Pod a, metadata.annotations"),
        ("spec: {containers: [&c {name: 1}]}\n", "line 5, Pod a, spec.containers.0.name"),
        ("x: &x {spec: {containers: [{name: 1}]}}\n<<: *x\n", "line 5, Pod a, spec.containers.0.name"),
    ],
)
def test_what_the_api_server_would_reject_is_named(text: str, message: str) -> None:
    """With line and field."""
    (result,) = read(POD + text)
    if message:
        assert isinstance(result, BadManifest)
        assert message in str(result)
    else:
        assert isinstance(result, Document)  # a patch


def test_a_quoted_number_is_text() -> None:
    """The control: the same Pods, written rightly, are read."""
    (result,) = read(f"{POD}spec: {{containers: [{{name: web, env: [{{name: A, value: '8080'}}]}}]}}\n")
    assert isinstance(result, Document)
    assert [w.name for w in result.workloads] == ["a"]
