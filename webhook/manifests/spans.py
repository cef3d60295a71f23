"""Where in a text each part of a YAML document begins and ends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from yaml import events
from yaml.cyaml import CParser

_KEEPS = re.compile(r"[^\n#]*[|>][0-9]?\+")
"""A block scalar that keeps the line ends behind it."""


@dataclass
class Span:
    """A part of a document: a scalar, an alias, a mapping (its children are keys and values in turn) or a sequence."""

    kind: str
    start: int
    """Index into the text; of an empty value, just behind the colon or dash."""
    end: int
    """Index behind its last character that counts; line ends behind a block do not."""
    column: int
    flow: bool = True
    """Whether it is a flow collection."""
    children: list[Span] = field(default_factory=list)

    @property
    def pairs(self) -> list[tuple[Span, Span]]:
        """Return the keys of a mapping with their values."""
        return list(zip(self.children[::2], self.children[1::2], strict=True))


def read(text: str) -> Span | None:
    """Return the root of the only document of the text; None if there is none."""
    parser = CParser(text)
    stack = [Span("document", 0, 0, 0)]
    while (event := parser.get_event()) is not None:
        if isinstance(event, events.CollectionEndEvent):
            done = stack.pop()
            done.end = event.end_mark.index if done.flow else (done.children[-1].end if done.children else done.start)
        elif isinstance(event, events.NodeEvent):
            span = _span(event, text)
            stack[-1].children.append(span)
            if isinstance(event, events.CollectionStartEvent):
                stack.append(span)
    return stack[0].children[0] if stack[0].children else None


def _span(event: Any, text: str) -> Span:
    mark = event.start_mark
    end = event.end_mark.index
    match event:
        case events.AliasEvent():
            kind = "alias"
        case events.MappingStartEvent():
            kind = "mapping"
        case events.SequenceStartEvent():
            kind = "sequence"
        case _:
            kind = "scalar"
            if event.style in ("|", ">") and not _KEEPS.match(text, mark.index):
                end = mark.index + len(text[mark.index : end].rstrip())
    return Span(kind, mark.index, end, mark.column, bool(getattr(event, "flow_style", True)))
