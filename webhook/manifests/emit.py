"""JSON data as YAML text that every version of YAML reads alike."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from webhook.manifests.scalars import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PLAIN = re.compile(r"-{0,2}[A-Za-z0-9/_.$][A-Za-z0-9/_.$=+@-]*")
_STEP = 2


class Style:
    """How a document is written: JSON or YAML, and how far lists are indented below their key."""

    def __init__(self, text: str) -> None:
        self.json = text.lstrip().startswith("{")
        indented = re.search(r"^( *)[^\s#-].*:[ \t]*\r?\n(?:[ \t]*(?:#.*)?\r?\n)*\1(  )- ", text, re.MULTILINE)
        self.list_offset = _STEP if indented else 0

    def flow(self, value: Any) -> str:
        """Return the value on one line."""
        if self.json:
            return json.dumps(value, ensure_ascii=False)
        match value:
            case dict():
                return "{" + ", ".join(f"{self.flow(name)}: {self.flow(item)}" for name, item in value.items()) + "}"
            case list():
                return "[" + ", ".join(map(self.flow, value)) + "]"
            case str():
                return _string(value)
        return json.dumps(value)

    def entry(self, start: str, value: Any, indent: int, offset: int) -> list[str]:
        """Return the lines of a value behind ``start``, a key or a dash, which is ``indent`` columns in."""
        if isinstance(value, str) and (mark := literal_mark(value)):
            return [f"{start} {mark}", *literal_lines(value, indent)]
        if not value or not isinstance(value, dict | list):
            return [f"{start} {self.flow(value)}"]
        inner = (
            self.mapping(value, indent + _STEP) if isinstance(value, dict) else self.sequence(value, indent + offset)
        )
        return [start, *inner]

    def mapping(self, value: Mapping[str, Any], indent: int) -> list[str]:
        """Return the lines of a block mapping."""
        pad = " " * indent
        return [
            line
            for name, item in value.items()
            for line in self.entry(f"{pad}{_string(name)}:", item, indent, self.list_offset)
        ]

    def sequence(self, value: Sequence[Any], indent: int) -> list[str]:
        """Return the lines of a block sequence."""
        lines: list[str] = []
        for item in value:
            dash = " " * indent + "-"
            first, *more = self.entry(dash, item, indent, _STEP)
            if first == dash:
                first, more = f"{dash} {more[0].lstrip()}", more[1:]
            lines += [first, *more]
        return lines


def literal_mark(text: str) -> str:
    """Return the header of a literal block scalar for the text, or an empty string if it cannot be one."""
    if "\n" not in text or text[0] in " \n\t" or text.endswith("\n\n"):
        return ""
    if not all(line.isprintable() for line in text.replace("\t", " ").split("\n")):
        return ""
    return "|" if text.endswith("\n") else "|-"


def literal_lines(text: str, indent: int) -> list[str]:
    """Return the lines of a literal block scalar below a key or dash that is ``indent`` columns in."""
    return [line and " " * (indent + _STEP) + line for line in text.removesuffix("\n").split("\n")]


def _string(text: str) -> str:
    if _PLAIN.fullmatch(text) and resolve(text) == text:
        return text
    if text.isprintable() and '"' in text:
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char == "\n":
        return "\\n"
    return char if char.isprintable() else f"\\U{ord(char):08x}"


def text(value: Mapping[str, Any]) -> str:
    """Return the object as a YAML document."""
    return "".join(f"{line}\n" for line in Style("").mapping(value, 0))
