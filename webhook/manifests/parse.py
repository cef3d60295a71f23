"""YAML text in, JSON data out, as kubectl reads it; libyaml does the parsing.

Differences between kubectl and YAML 1.2 that matter here: of two equal keys the last counts, a merge key replaces what
stands above it, and whole documents of anchors are expanded. https://github.com/yaml/go-yaml/blob/v2/decode.go
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from yaml.composer import Composer, ComposerError
from yaml.constructor import ConstructorError
from yaml.cyaml import CParser
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from webhook.manifests import scalars

if TYPE_CHECKING:
    from collections.abc import Sequence

MERGE = "<<"
_TEXT = "tag:yaml.org,2002:str"
_MERGE_TAGS = ("", "tag:yaml.org,2002:merge")
_MAX_NODES = 2_000_000


class _Parser(CParser):  # type: ignore[misc]
    """libyaml with the composer; a tag is empty where the text decides about the type."""

    def resolve(self, kind: type, _value: Any, implicit: Any) -> str:
        return _TEXT if kind is ScalarNode and not implicit[0] else ""

    def descend_resolver(self, _parent: Any, _index: Any) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


class _Reusing(Composer):  # type: ignore[misc]
    """The composer in Python, several times slower: it lets an anchor's name be used again."""

    def __init__(self, text: str) -> None:
        super().__init__()
        parser = _Parser(text)
        self.get_event, self.check_event, self.peek_event = parser.get_event, parser.check_event, parser.peek_event
        self.resolve = parser.resolve

    def compose_node(self, parent: Any, index: Any) -> Any:
        if not self.check_event(AliasEvent):
            self.anchors.pop(self.peek_event().anchor, None)
        return super().compose_node(parent, index)

    def descend_resolver(self, _parent: Any, _index: Any) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


def compose(text: str) -> Node | None:
    """Return the tree of a document's nodes, None for an empty one; raise ``yaml.YAMLError``."""
    try:
        return _Parser(text).get_single_node()
    except ComposerError:
        return _Reusing(text).get_single_node()


def construct(root: Node | None) -> Any:
    """Return the JSON data of a tree; raise ``yaml.YAMLError`` where kubectl would find none."""
    return None if root is None else _Constructor(root).data


class _Constructor:
    def __init__(self, root: Node) -> None:
        self._open: set[int] = set()
        self._left = _MAX_NODES
        self.data = self._value(root)

    def _value(self, node: Node) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ConstructorError(None, None, "the document contains excessive aliasing", node.start_mark)
        if isinstance(node, ScalarNode):
            return _scalar(node)
        if id(node) in self._open:
            raise ConstructorError(None, None, "an anchor contains itself", node.start_mark)
        self._open.add(id(node))
        result = self._mapping(node) if isinstance(node, MappingNode) else [self._value(item) for item in node.value]
        self._open.remove(id(node))
        return result

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, value in node.value:
            if is_merge(name):
                for part in merged(value):
                    result.update(self._value(part))
            else:
                result[key(name)] = self._value(value)
        return result


def is_merge(node: Node) -> bool:
    """Return whether the key is a merge key."""
    return node.value == MERGE and node.tag in _MERGE_TAGS


def merged(node: Node) -> Sequence[MappingNode]:
    """Return the mappings of a merge key; each replaces keys of the ones before it."""
    parts = list(reversed(node.value)) if isinstance(node, SequenceNode) else [node]
    if not all(isinstance(part, MappingNode) for part in parts):
        raise ConstructorError(None, None, "a merge key needs a mapping, or a list of them", node.start_mark)
    return parts


def key(node: Node) -> str:
    """Return the key as JSON has it."""
    try:
        return _key(node.tag, node.value) if isinstance(node, ScalarNode) else scalars.key(None)
    except ValueError as error:
        raise ConstructorError(None, None, str(error), node.start_mark) from None


def _scalar(node: ScalarNode) -> Any:
    if node.tag == _TEXT:
        return node.value
    try:
        return _json(node.tag, node.value)
    except ValueError as error:
        raise ConstructorError(None, None, str(error), node.start_mark) from None


@lru_cache(maxsize=4096)
def _key(tag: str, text: str) -> str:
    return scalars.key(_typed(tag, text))


@lru_cache(maxsize=4096)
def _json(tag: str, text: str) -> Any:
    value = _typed(tag, text)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"JSON has no number {text}")
    return scalars.narrow(value) if type(value) in (int, float) else value


def _typed(tag: str, text: str) -> Any:
    if tag == _TEXT:
        return text
    return scalars.tagged(tag, text) if tag else scalars.resolve(text)


def line(root: Node | None, path: Sequence[str | int]) -> int:
    """Return the line where the value at ``path`` begins, from 0 on; of what is missing, its parent's."""
    node = root
    for part in path:
        found = _child(node, part)
        if found is None:
            break
        node = found
    return int(node.start_mark.line) if node else 0


def _child(node: Node | None, part: str | int) -> Node | None:
    if isinstance(node, SequenceNode):
        return node.value[int(part)] if int(part) < len(node.value) else None
    result = None
    for name, value in node.value if isinstance(node, MappingNode) else ():
        if is_merge(name):
            result = next((found for item in merged(value) if (found := _child(item, part))), result)
        elif key(name) == part:
            result = value
    return result
