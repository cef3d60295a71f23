"""The private names of gunicorn that the worker uses are listed, and are those of the installed release."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import gunicorn
import pytest
from gunicorn.asgi import protocol
from gunicorn.workers import gasgi

from webhook.serving import worker
from webhook.serving.worker import GUNICORN, PRIVATE_NAMES

SOURCE = Path(gunicorn.__file__).parent
DEFINITION = re.compile(r"def (_[a-z]\w*)\(|self\.(_[a-z]\w*) = ")


def defined(module: Any) -> set[str]:
    """Return the private methods and attributes that a module defines."""
    return {name for pair in DEFINITION.findall(Path(module.__file__).read_text()) for name in pair if name}


def used(source: str) -> set[str]:
    """Return the private names that a source reads, calls or defines."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    names += [node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {name for name in names if re.match("_[a-z]", name)}


def unlisted(source: str) -> set[str]:
    """Return the private names of gunicorn that a source uses and the table does not have."""
    return used(source) & (defined(protocol) | defined(gasgi)) - set(PRIVATE_NAMES)


@pytest.mark.parametrize("name", PRIVATE_NAMES)
def test_each_is_defined_where_the_link_points(name: str) -> None:
    """The line of the link defines the name in the installed gunicorn; check each for another release."""
    file, line = PRIVATE_NAMES[name][0].split("#L")
    text = (SOURCE / file).read_text().splitlines()[int(line) - 1]
    assert f"def {name}(" in text or f"self.{name} = " in text
    assert f"/{gunicorn.__version__}/" in GUNICORN


def test_all_that_are_used_are_listed() -> None:
    """The worker uses every name of the table, no other of gunicorn's, and defines none of its own that collides."""
    source = Path(worker.__file__).read_text()
    assert set(PRIVATE_NAMES) <= used(source)
    assert unlisted(source) == set()


def test_a_name_that_is_not_listed_is_detected() -> None:
    """The negative control: a call of another private method, and a method that overrides one by accident."""
    assert unlisted("self._pause_reading()") == {"_pause_reading"}
    assert unlisted("class C:\n  def _close_transport(self): ...") == {"_close_transport"}
