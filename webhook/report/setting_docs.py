"""The documentation of each setting, read from the source."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from webhook.core import settings


def setting_docs() -> dict[str, str]:
    """Return the text below each field of ``Settings``: name -> text in one line."""
    body = ast.parse(inspect.getsource(settings.Settings)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - for the type checker
    docs = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(doc))):
                docs[name.replace("_", "-")] = " ".join(doc.split())
    return docs


def show(value: Any) -> str:
    """Write a value as one would write it in an annotation."""
    return "(not set)" if value is None else str(value)
