"""Manifests in, Pods out: what the API server would send to the webhook for a file.

A document that is not changed keeps its exact text; a changed one keeps comments and order as far as the YAML library
can. Nothing is executed, and nothing is read from the network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarstring import LiteralScalarString

from webhook.manifests.templates import Workload, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from webhook.core.patch import Operations

__all__ = ["SUFFIXES", "BadManifest", "Document", "Workload", "files", "literal", "read", "workloads"]

SUFFIXES = (".yaml", ".yml", ".json")
"""The files that are read in a directory."""


class BadManifest(ValueError):
    """A document cannot be read; the message names file, document and, where known, line and column."""


@dataclass
class Document:
    """One document of a file."""

    source: str
    number: int
    """Its position in the file, from 1 on."""
    text: str
    line: int
    """The line of the file where ``text`` begins, from 1 on."""
    data: Any = None
    workloads: list[Workload] = field(default_factory=list)

    def apply(self, workload: Workload, operations: Operations) -> None:
        """Write a Pod's patch into the document."""
        for operation in operations:
            parts = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
            _set(self.data, [*workload.path, *parts], literal(operation["value"]))

    def dump(self) -> str:
        """Write the document's data as YAML, indented like its text."""
        stream = StringIO()
        _yaml(self.text).dump(self.data, stream)
        return stream.getvalue()

    @property
    def where(self) -> str:
        """File and number of the document, for people."""
        return f"{self.source}, document {self.number}"


def read(source: str, text: str) -> Iterator[Document | BadManifest]:
    """Read the documents of a file one by one; yield an error for one that cannot be read, and continue."""
    for number, (line, part) in enumerate(_split(text), start=1):
        document = Document(source, number, part, line)
        try:
            document.data = _load(part)
            document.workloads = list(workloads(document.data))
        except YAMLError as error:
            yield BadManifest(f"{document.where}: {_reason(error, line)}")
        except (TypeError, ValueError, RecursionError, AttributeError) as error:
            yield BadManifest(f"{document.where}: {' '.join(str(error).split()) or type(error).__name__}")
        else:
            yield document


def files(path: Path) -> Sequence[Path]:
    """Return the manifests of a directory and those below it, sorted; of a file, itself."""
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Cut at the document markers: ``---`` at the start of a line is one, even in a block scalar."""
    start, line = 0, 1
    marks = [m.start() for m in re.finditer(r"^---(?=\s|$)", text, re.MULTILINE)]
    for end in [*marks, len(text)]:
        part = text[start:end]
        if re.search(r"^(?!---\s*$)\s*[^\s#]", part, re.MULTILINE):
            yield line, part
        line += part.count("\n")
        start = end


def _load(text: str) -> Any:
    return _yaml(text).load(text)


def _reason(error: YAMLError, first_line: int) -> str:
    if isinstance(error, MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"line {first_line + mark.line}, column {mark.column + 1}: {error.problem}"
    return " ".join(str(error).split())


def _yaml(text: str) -> YAML:
    """Make a round-trip parser that writes like the text: the same quotes, the same indentation of lists."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 1 << 20  # never fold a line
    indented = re.search(r"^( *)[^\s#-].*:[ \t]*\n(?:[ \t]*(?:#.*)?\n)*\1(  )- ", text, re.MULTILINE)
    yaml.indent(mapping=2, sequence=4 if indented else 2, offset=2 if indented else 0)
    yaml.explicit_start = text.startswith("---")
    return yaml


def _set(data: Any, path: Sequence[str | int], value: Any) -> None:
    for part in path[:-1]:
        key = int(part) if isinstance(data, list) else part
        if isinstance(data, dict) and data.get(key) is None:
            data[key] = {}
        data = data[key]
    data[path[-1]] = value


def literal(value: Any) -> Any:
    """Return the value with texts of several lines as YAML block scalars."""
    match value:
        case dict():
            return {key: literal(item) for key, item in value.items()}
        case list():
            return [literal(item) for item in value]
        case str() if "\n" in value:
            return LiteralScalarString(value)
        case _:
            return value
