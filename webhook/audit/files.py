"""Entries from manifests, one document at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webhook.audit import Entry, judge
from webhook.manifests import BadManifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from webhook.core.layers import Layer
    from webhook.manifests import Document, Workload
    from webhook.predict import Scenario


def entries(
    documents: Iterable[Document | BadManifest], scenario: Scenario, layer: Layer, override: Layer | None = None
) -> Iterator[Entry | BadManifest]:
    """Return an entry for every workload; pass documents that cannot be read through."""
    for document in documents:
        if isinstance(document, BadManifest):
            yield document
            continue
        for workload in document.workloads:
            lines = target_lines(document, workload)
            entry = Entry(
                kind=workload.kind,
                namespace=workload.namespace,
                name=workload.name,
                source=document.source,
                line=lines["pod"],
                profile=layer.profile,
            )
            judge(entry, workload.pod, scenario, (layer,), lines, override)
            yield entry


def target_lines(document: Document, workload: Workload) -> dict[str, int]:
    """Return where in the file the Pod's template and its containers begin: target of a decision -> line."""
    node: Any = document.data
    for part in workload.path:
        node = node[part]
    lines = {"pod": _line(document, node)}
    spec = node.get("spec") if isinstance(node, dict) else None
    for key in ("containers", "initContainers"):
        listed = spec.get(key) if isinstance(spec, dict) else None
        for container in listed if isinstance(listed, list) else ():
            if isinstance(container, dict):
                lines[f"container/{container.get('name')}"] = _line(document, container)
    return lines


def _line(document: Document, node: Any) -> int:
    """Return the line of the file, from 1 on; the parser counts within the document, from 0 on."""
    return int(document.line + node.lc.line) if hasattr(node, "lc") else document.line
