"""Annotations and labels of lastcall above the Pod template, as on the Deployment itself: the Pods do not have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webhook.core.settings import INJECT, PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def misplaced(data: Any, path: Sequence[str | int]) -> Iterator[str]:
    """Return a sentence for each of them; ``path`` is the place of the Pod, or of its template, in the document."""
    items = [index for index, part in enumerate(path) if isinstance(part, int)]
    below = items[-1] + 1 if items else 0  # the object within a List
    template = ".".join(map(str, path[below:]))
    node = data
    for index, part in enumerate(path):
        if index >= below:
            metadata = _mapping(_mapping(node).get("metadata"))
            keys = [("annotations", key) for key in _mapping(metadata.get("annotations")) if key.startswith(PREFIX)]
            keys += [("labels", INJECT)] if INJECT in _mapping(metadata.get("labels")) else []
            for kind, key in keys:
                place = ".".join(map(str, [*path[below:index], "metadata", kind]))
                opts_in = key == INJECT and metadata[kind][key] != "disabled"
                right = "the namespace's labels" if opts_in else f"{template}.metadata.{kind}"
                yield f"{key} in {place} has no effect; move it to {right}"
        node = node[part]


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
