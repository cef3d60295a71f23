"""Manifests in, Pods out: what the API server would send to the webhook for a file.

YAML is read as kubectl reads it. What is not changed keeps every byte of its text. Only ``rendered`` starts programs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from yaml import YAMLError
from yaml.error import MarkedYAMLError

from webhook.manifests import edit, parse, shape
from webhook.manifests.kinds import TEMPLATES, Templates
from webhook.manifests.templates import Note, Workload, examine, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from yaml.nodes import Node

    from webhook.core.patch import Operations

__all__ = [
    "SUFFIXES",
    "TEMPLATES",
    "BadManifest",
    "Document",
    "Note",
    "Templates",
    "Workload",
    "read",
    "workloads",
]

SUFFIXES = (".yaml", ".yml", ".json")
"""The files that are read in a directory."""
_BOM = "\ufeff"
_CONTENT = re.compile(r"^(?!---\s*$)[^\S\n]*[^\s#]", re.MULTILINE)


class BadManifest(ValueError):
    """A document cannot be read; the message names file, document and, where known, line and column or field."""


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
    """What kubectl reads: plain JSON, None without content."""
    workloads: list[Workload] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    head: str = ""
    """What stands above the document in the file and belongs to none: comments, a byte order mark."""
    tail: str = ""
    """The same below the last document of the file."""
    _root: Node | None = None
    _written: Any = None

    def load(self, templates: Templates = TEMPLATES) -> None:
        """Read the text; raise ``yaml.YAMLError``, or ValueError for what the API server would reject."""
        self._root = parse.compose(self.text)
        self.data = self._written = parse.construct(self._root)
        for found in examine(self.data, templates):
            if isinstance(found, Note):
                self.notes.append(found)
            elif wrong := shape.violation(found.pod):
                name = ".".join(map(str, (*found.path, *wrong[1])))
                raise ValueError(
                    f"line {self.line_of((*found.path, *wrong[1]))}, {found.kind} {found.name}, {name}: {wrong[0]}"
                )
            else:
                self.workloads.append(found)

    def line_of(self, path: Sequence[str | int]) -> int:
        """Return the line of the file, from 1 on, where the value at ``path`` begins."""
        return self.line + parse.line(self._root, path)

    def apply(self, workload: Workload, operations: Operations) -> None:
        """Write a Pod's patch into the data."""
        for operation in operations:
            parts = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
            self.data = _with(self.data, [*workload.path, *parts], operation["value"])

    def dump(self) -> str:
        """Return the text with the patches that were applied."""
        return edit.rewrite(self.text, self._written, self.data)

    @property
    def where(self) -> str:
        """File and number of the document, for people."""
        return f"{self.source}, document {self.number}"


def read(source: str, text: str, templates: Templates = TEMPLATES) -> Iterator[Document | BadManifest]:
    """Read the documents of a file one by one; yield an error for one that cannot be read, and continue.

    The heads, texts and tails of the documents together are the text, byte for byte. A file without any content gives
    one document without data.
    """
    for document in _split(source, text):
        try:
            document.load(templates)
        except YAMLError as error:
            yield BadManifest(f"{document.where}: {_reason(error, document)}")
        except (ValueError, RecursionError) as error:
            yield BadManifest(f"{document.where}: {' '.join(str(error).split()) or type(error).__name__}")
        else:
            yield document


def _split(source: str, text: str) -> Iterator[Document]:
    """Cut at the document markers: ``---`` at the start of a line is one, even in a block scalar."""
    body = text.removeprefix(_BOM)
    head, start, line, number = _BOM * (body != text), 0, 1, 0
    held: Document | None = None
    for mark in (*(m.start() for m in re.finditer(r"^---(?=\s|$)", body, re.MULTILINE)), len(body)):
        part = body[start:mark]
        if _CONTENT.search(part):
            if held:
                yield held
            number += 1
            held, head = Document(source, number, part, line, head=head), ""
        else:
            head += part
        line += part.count("\n")
        start = mark
    if held:
        held.tail = head
        yield held
    elif head:
        yield Document(source, 1, "", line, head=head)


def _reason(error: YAMLError, document: Document) -> str:
    words = " ".join(str(error).split())
    if isinstance(error, MarkedYAMLError) and (mark := error.problem_mark):
        words = f"line {document.line + mark.line}, column {mark.column + 1}: {error.problem}"
    if "{{" in document.text:
        words += "; a template has to be rendered first, as in `helm template CHART | lastcall audit -`"
    return words


def _with(data: Any, path: Sequence[str | int], value: Any) -> Any:
    """Return a copy of the data that holds ``value`` at ``path``; what is not on the path is shared."""
    if not path:
        return value
    part, *rest = path
    if isinstance(data, list):
        index = int(part)
        return [*data[:index], _with(data[index] if index < len(data) else None, rest, value), *data[index + 1 :]]
    copy = dict(data or {})
    copy[str(part)] = _with(copy.get(str(part)), rest, value)
    return copy
