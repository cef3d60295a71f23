"""JSON Patch (RFC 6902): operations are written by hand, never diffed, and applied strictly.

A diff of two lists consists of moves and index edits: unreadable in an audit log, and not attributable to a reason.
``add``, ``replace`` and ``remove`` are all that a mutation needs; ``test`` is never sent, since the API server rejects
the Pod when one fails, even under ``failurePolicy: Ignore``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Operation: TypeAlias = "dict[str, Any]"
"""The JSON object itself: ``op``, ``path`` and, but for ``remove``, ``value``."""
Operations: TypeAlias = "tuple[Operation, ...]"
Path: TypeAlias = "tuple[str | int, ...]"


class PatchError(ValueError):
    """An operation does not apply."""


def pointer(path: Path) -> str:
    """Write a path as a JSON Pointer (RFC 6901)."""
    return "".join(["/" + str(part).replace("~", "~0").replace("/", "~1") for part in path])


def put(document: Mapping[str, Any], path: Path, value: Any) -> Operations:
    """Return the operations that make ``document`` hold ``value`` at ``path``.

    Return no operation if it is there already; a missing (or null) parent is added together with what lies below it.
    """
    node: Any = document
    for depth, part in enumerate(path):
        missing = part not in node if isinstance(node, dict) else part == len(node)
        if missing or (node[part] is None and depth + 1 < len(path)):
            for inner in reversed(path[depth + 1 :]):
                value = {inner: value}
            return ({"op": "add", "path": pointer(path[: depth + 1]), "value": value},)
        node = node[part]
    if node == value:
        return ()
    return ({"op": "replace", "path": pointer(path), "value": value},)


def apply(document: Mapping[str, Any], operations: Sequence[Operation]) -> dict[str, Any]:
    """Apply the operations to a copy.

    Only the objects along the paths are copied, the rest is shared with ``document``: microseconds for a Pod of
    any size. Raises ``PatchError`` for anything that the API server's own library would not apply.
    """
    root: Any = {"": document}
    for operation in operations:
        root = _edit(root, _parts(operation["path"]), operation)
    result = root.get("")
    if not isinstance(result, dict):
        raise PatchError("the result is not an object")
    return result


def _parts(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise PatchError(f"not a JSON Pointer: {path}")
    parts = path.split("/")
    return [part.replace("~1", "/").replace("~0", "~") for part in parts] if "~" in path else parts


def _edit(node: Any, parts: list[str], operation: Operation) -> Any:
    copy, key = _open(node, parts[0], operation)
    if len(parts) > 1:
        if not _has(copy, key):
            raise PatchError(f"{operation['path']}: no such parent")
        copy[key] = _edit(copy[key], parts[1:], operation)
        return copy
    op = operation["op"]
    if op == "add" and isinstance(copy, list):
        copy.insert(key, operation["value"])
    elif op == "add" or (op == "replace" and _has(copy, key)):
        copy[key] = operation["value"]
    elif op == "remove" and _has(copy, key):
        del copy[key]
    else:
        raise PatchError(f"{operation['path']}: cannot {op}")
    return copy


def _open(node: Any, part: str, operation: Operation) -> tuple[Any, Any]:
    """Copy one level and turn ``part`` into its key or index."""
    if isinstance(node, dict):
        return dict(node), part
    if not isinstance(node, list):
        raise PatchError(f"{operation['path']}: nothing is below a {type(node).__name__}")
    if part == "-":
        return list(node), len(node)
    if not (part.isascii() and part.isdigit()) or int(part) > len(node) or (part[0] == "0" and part != "0"):
        raise PatchError(f"{operation['path']}: no element {part}")
    return list(node), int(part)


def _has(container: Any, key: Any) -> bool:
    return key in container if isinstance(container, dict) else key < len(container)
