"""Changes in the text of a document: what is not changed keeps every byte.

Each change is a splice: a range of the text, and what stands there instead. The result is read again; if it does not
hold the wanted data (an anchor that is used elsewhere was changed, say), the whole document is written anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yaml import YAMLError

from webhook.manifests import parse, spans
from webhook.manifests.emit import Style, literal_lines, literal_mark

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from webhook.manifests.spans import Span


def rewrite(text: str, before: Any, after: Any) -> str:
    """Return the text, which holds ``before``, changed so that it holds ``after``."""
    root = spans.read(text)
    if before == after or root is None:
        return text
    editor = _Editor(text)
    editor.value(root, before, after, None)
    result = editor.result()
    try:
        if parse.construct(parse.compose(result)) == after:
            return result
    except YAMLError:
        pass
    lines = editor.style.mapping(after, 0)
    head = text[: root.start]
    return head[: head.rfind("\n") + 1] + "".join(f"{line}{editor.newline}" for line in lines)


class _Editor:
    def __init__(self, text: str) -> None:
        self.text = text
        self.style = Style(text)
        first = text.find("\n")
        self.newline = "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"
        self.splices: list[tuple[int, int, str]] = []

    def result(self) -> str:
        """Return the text with all splices."""
        parts, position = [], 0
        for start, end, text in sorted(self.splices, key=lambda splice: splice[0]):
            parts += [self.text[position:start], text]
            position = max(position, end)
        return "".join([*parts, self.text[position:]])

    def value(self, span: Span, old: Any, new: Any, column: int | None) -> None:
        """Change a value; ``column`` is that of its key or dash in a block, None in a flow collection."""
        if old == new:
            return
        if span.kind == "mapping" and isinstance(new, dict) and (span.children or column is None):
            self._mapping(span, old, new)
        elif span.kind == "sequence" and isinstance(new, list) and len(old) == len(new):
            for child, one, other in zip(span.children, old, new, strict=True):
                self.value(child, one, other, None if span.flow else span.column)
        elif span.kind == "sequence" and isinstance(new, list) and not span.flow:
            self._items(span, old, new)
        else:
            self._replace(span, new, column)

    def _mapping(self, span: Span, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        places = {self._key(name): value for name, value in span.pairs}
        added = {}
        for name, item in new.items():
            if name in places:
                self.value(places[name], old[name], item, None if span.flow else span.column)
            elif name not in old or old[name] != item:
                added[name] = item
        if added and span.flow:
            listed = self.style.flow(added)[1:-1]
            at = span.children[-1].end if span.children else span.start + 1
            self.splices.append((at, at, f", {listed}" if span.children else listed))
        elif added:
            self._insert(span.end, self.style.mapping(added, span.column))

    def _items(self, span: Span, old: Sequence[Any], new: Sequence[Any]) -> None:
        """Change the length of a block sequence; what is the same at its beginning and end stays."""
        shorter = min(len(old), len(new))
        head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
        tail = next((n for n in range(shorter - head) if old[-1 - n] != new[-1 - n]), shorter - head)
        lines = self.style.sequence(new[head : len(new) - tail], span.column)
        removed = span.children[head : len(old) - tail]
        if removed:
            start = self.text.rfind("\n", 0, removed[0].start) + 1
            self.splices.append((start, self._line_end(removed[-1].end), ""))
        if head:
            self._insert(span.children[head - 1].end, lines)
        else:
            at = self.text.rfind("\n", 0, span.start) + 1
            self.splices.append((at, at, "".join(f"{line}{self.newline}" for line in lines)))

    def _replace(self, span: Span, new: Any, column: int | None) -> None:
        mark = literal_mark(new) if isinstance(new, str) else ""
        empty = span.start == span.end
        if column is None or self.style.json or not (mark or (new and isinstance(new, dict | list))):
            self.splices.append((span.start, span.end, " " * empty + self.style.flow(new)))
        elif mark:
            self.splices.append((span.start, span.end, " " * empty + mark))
            self._insert(span.end, literal_lines(new, column))
        else:
            start = len(self.text[: span.start].rstrip(" \t"))
            self.splices.append((start, span.end, ""))
            _, *lines = self.style.entry("", new, column, self.style.list_offset)
            self._insert(span.end, lines)

    def _insert(self, after: int, lines: Sequence[str]) -> None:
        """Insert lines below the line that ends at or behind ``after``."""
        at = self._line_end(after)
        if self.text[at - 1] == "\n":
            text = "".join(f"{line}{self.newline}" for line in lines)
        else:
            text = "".join(f"{self.newline}{line}" for line in lines)
        self.splices.append((at, at, text))

    def _line_end(self, after: int) -> int:
        if self.text[after - 1] == "\n":
            return after
        end = self.text.find("\n", after)
        return end + 1 if end >= 0 else len(self.text)

    def _key(self, span: Span) -> str:
        node = None if span.kind == "alias" else parse.compose(self.text[span.start : span.end])
        return "" if node is None or parse.is_merge(node) else parse.key(node)
