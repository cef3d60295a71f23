"""Files and functions are small."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LINES, FUNCTION_LINES = 200, 30
FOLDERS = ("webhook", "certs", "tools", "tests", "bench", "examples")
GENERATED = ROOT / "webhook/launcher/texts.py"
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if path != GENERATED]


def long_functions(source: str) -> list[str]:
    """Return the names of the functions whose body, without its docstring, is too long."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body and (node.end_lineno or 0) - body[0].lineno + 1 > FUNCTION_LINES:
                found.append(node.name)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    """A file has at most 200 lines, a function 30."""
    source = path.read_text()
    assert source.count("\n") <= LINES
    assert long_functions(source) == []


def test_a_long_function_is_detected() -> None:
    """The control: 30 lines are allowed, 31 are not, and a docstring does not count."""
    lines = "".join(f"    x = {number}\n" for number in range(30))
    assert long_functions(f'def short() -> None:\n    """Say\n\n    much."""\n{lines}') == []
    assert long_functions(f"async def long() -> None:\n{lines}    y = 1\n") == ["long"]
