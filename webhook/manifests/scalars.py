"""Plain scalars as kubectl reads them.

kubectl reads YAML with sigs.k8s.io/yaml, which is go-yaml v2 and JSON after it: mostly YAML 1.1, but without numbers to
base 60, and with timestamps as text. https://github.com/yaml/go-yaml/blob/v2/resolve.go
"""

from __future__ import annotations

import base64
import re
import struct
from typing import Any

_PREFIX = "tag:yaml.org,2002:"
_WORDS: dict[str, Any] = {
    **dict.fromkeys("y Y yes Yes YES true True TRUE on On ON".split(), True),
    **dict.fromkeys("n N no No NO false False FALSE off Off OFF".split(), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(".nan .NaN .NAN".split(), float("nan")),
    **dict.fromkeys(".inf .Inf .INF +.inf +.Inf +.INF".split(), float("inf")),
    **dict.fromkeys("-.inf -.Inf -.INF".split(), float("-inf")),
}
_TYPES: dict[str, tuple[type, ...]] = {"null": (type(None),), "bool": (bool,), "int": (int,), "float": (int, float)}
_FIRST = frozenset("+-.0123456789yYnNtTfFoO~")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]([0-7]+)|0[bB]([01]+)|0([0-7]*)|([1-9][0-9]*))")
_BASES = (16, 8, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-")
_SECOND_INT = 1 << 63
_UNSIGNED = 1 << 64


def resolve(text: str) -> Any:
    """Return the value of a plain scalar: a string, an integer, a float, a boolean or None."""
    if text and text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "yYnNtTfFoO~" or _DATE.match(text):
        return text
    number = _number(text if text[0] == "." else text.replace("_", ""))
    return text if number is None else number


def _number(text: str) -> int | float | None:
    if match := _INTEGER.fullmatch(text):
        digits, base = next((d or "0", b) for d, b in zip(match.groups()[1:], _BASES, strict=True) if d is not None)
        integer = int(match[1] + digits, base)
        if -_SECOND_INT <= integer < (_SECOND_INT if match[1] else _UNSIGNED):
            return integer
    if _FLOAT.fullmatch(text) and abs(value := float(text)) != float("inf"):
        return value
    return None


def narrow(value: float) -> int | float:
    """Return the number that is left after JSON: whole floats become integers, integers over 63 bits floats."""
    if not float(value).is_integer():
        return value
    return int(value) if -_SECOND_INT <= value < _SECOND_INT else float(value)


def tagged(tag: str, text: str) -> Any:
    """Return the value of a scalar with a tag; raise ValueError if the text is not of that type."""
    kind = tag.removeprefix(_PREFIX)
    if kind == "binary":
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    types = _TYPES.get(kind)
    if kind == tag or types is None:
        return text
    value = resolve(text)
    if not isinstance(value, types) or (kind != "bool" and isinstance(value, bool)):
        raise ValueError(f"`{text}` is not of the type !!{kind}")
    return value


def key(value: Any) -> str:
    """Return a key as JSON has it; raise ValueError for one that JSON cannot have."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return next(text for n in range(6, 18) if _single(float(text := f"{value:.{n}g}")) == _single(value))
    raise ValueError("a key must be text, a number or a boolean")


def _single(value: float) -> bytes:
    """Return the number in single precision: sigs.k8s.io/yaml writes keys with it."""
    return struct.pack("f", value)
