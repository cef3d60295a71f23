"""Pods of a cluster, read as the documents of files are."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.text import Text

from webhook import manifests
from webhook.cluster import client
from webhook.predict import Cause
from webhook.report import render
from webhook.report.ending import Ending, clock, ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from webhook.manifests import Document
    from webhook.predict import Scenario
    from webhook.predict.forecast import Forecast


class LivePod(manifests.Document):
    """A Pod as the API server shows it."""

    @property
    def where(self) -> str:
        """Say that it is no file."""
        return self.source


def read(
    names: Sequence[str], namespace: str | None, context: str | None, kubeconfig: Path | None
) -> Iterator[LivePod | manifests.BadManifest]:
    """Read Pods by name, in the context's namespace if none is given; exit with 2 if there is no cluster."""
    try:
        cluster = client.connect(context, kubeconfig)
    except client.ClusterError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    for name in names:
        try:
            data = cluster.get(client.PODS, name.removeprefix("pod/"), namespace or cluster.namespace)
        except client.ClusterError as error:
            yield manifests.BadManifest(str(error))
        else:
            yield document(data)


def document(data: dict[str, Any]) -> LivePod:
    """Return a document for a Pod. It is predicted without its status: as a Pod that runs."""
    data = {"apiVersion": "v1", "kind": "Pod"} | data
    workloads = list(manifests.workloads(data))
    for workload in workloads:
        workload.pod.pop("status", None)
    return LivePod("cluster", 1, "", 1, data, workloads)


def scenario_of(document: Document, scenario: Scenario) -> Scenario:
    """Return what ends this Pod: where it terminates already, the delete with its own grace period."""
    if not isinstance(document, LivePod) or not document.data["metadata"].get("deletionTimestamp"):
        return scenario
    seconds = document.data["metadata"].get("deletionGracePeriodSeconds")
    return msgspec.structs.replace(scenario, cause=Cause.DELETE, cause_seconds=seconds)


def lines(document: Document, prediction: Forecast, width: int) -> Iterator[Text]:
    """Say what a Pod that terminates waits for now."""
    if found := _ending(document, prediction):
        now = datetime.now(UTC)
        limit = f"its grace period {'ends' if now < found.limit else 'ended'} at {clock(found.limit)}"
        words = f"terminating since {clock(found.since)} UTC, for {(now - found.since).total_seconds():.0f} s; {limit}"
        for line in render.wrap(words, 2, width):
            yield Text(line, "yellow")
        for container in found.containers:
            yield from map(Text, render.wrap(container, 4, width))
        for line in render.wrap(f"waits for {found.waits_for}", 2, width):
            yield Text(line, "bold")


def as_data(document: Document, prediction: Forecast) -> dict[str, Any]:
    """Return the same as JSON, under the key ``now``; nothing for a Pod that does not terminate."""
    found = _ending(document, prediction)
    return {"now": msgspec.to_builtins(found)} if found else {}


def _ending(document: Document, prediction: Forecast) -> Ending | None:
    if not isinstance(document, LivePod):
        return None
    return ending(document.data, prediction.before.containers, datetime.now(UTC))
