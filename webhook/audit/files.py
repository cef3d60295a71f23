"""Entries from manifests, one document at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    lines = {"pod": document.line_of(workload.path)}
    for key in ("containers", "initContainers"):
        for index, container in enumerate(workload.pod["spec"].get(key) or ()):
            lines[f"container/{container['name']}"] = document.line_of((*workload.path, "spec", key, index))
    return lines
