"""What the commands read, files or a cluster, and what is checked while it is read."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any

import click

from webhook import manifests
from webhook.cluster import client
from webhook.report import render
from webhook.report.misplaced import misplaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from webhook.manifests import BadManifest, Document
    from webhook.predict import Scenario


def files(*, metavar: str, help_text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command files as arguments and as ``-f``, and call it with ``names``, all of them in one tuple."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @click.argument("names", metavar=metavar, nargs=-1, type=click.Path())
        @click.option("-f", "--filename", "more", multiple=True, type=click.Path(), help=help_text)
        @functools.wraps(command)
        def called(names: Sequence[str], more: Sequence[str], **given: Any) -> None:
            command(names=(*names, *more), **given)

        return called

    return decorate


def required(names: Sequence[str]) -> Sequence[str]:
    """Return the names; raise a usage error where there is none."""
    if not names:
        raise click.UsageError("name a FILE, a directory, or - for stdin")
    return names


class Seen:
    """The containers that were read; it warns of annotations that have no effect where they are."""

    def __init__(self) -> None:
        self.containers: set[str] = set()

    def documents(self, documents: Iterable[Document | BadManifest]) -> Iterator[Document | BadManifest]:
        """Pass the documents through."""
        for document in documents:
            if not isinstance(document, manifests.BadManifest):
                for workload in document.workloads:
                    self.pod(workload.pod)
                    warn(render.title(document, workload), document.data, workload.path)
            yield document

    def pod(self, pod: Mapping[str, Any]) -> None:
        """Note the names of a Pod's containers."""
        spec = pod.get("spec")
        for key in ("containers", "initContainers"):
            listed = spec.get(key) if isinstance(spec, dict) else None
            named = (c.get("name") for c in listed if isinstance(c, dict)) if isinstance(listed, list) else ()
            self.containers.update(name for name in named if isinstance(name, str))

    def check(self, scenario: Scenario) -> None:
        """Raise a usage error if an option names a container that no Pod has."""
        for option, names in (("--drain", scenario.drains), ("--hook", scenario.hooks)):
            for name in names:
                if self.containers and name not in self.containers:
                    near = difflib.get_close_matches(name, self.containers, 1)
                    hint = f"did you mean {near[0]}?" if near else f"there are: {_some(self.containers)}"
                    raise click.UsageError(f"{option}: no container is named {name!r}; {hint}")


class WatchedCluster(client.Cluster):
    """A cluster whose objects are noted while they are listed."""

    def __init__(self, cluster: client.Cluster) -> None:
        super().__init__(cluster.api, cluster.namespace)
        self.seen = Seen()

    def objects(
        self, resource: client.Resource, namespace: str = "", fields: str = ""
    ) -> Iterator[tuple[dict[str, Any], int | None]]:
        """Yield the objects, as the cluster does."""
        for item, left in super().objects(resource, namespace, fields):
            if resource == client.PODS:
                self.seen.pod(item)
            elif resource in client.WORKLOADS:
                document = {"apiVersion": resource.group, "kind": resource.kind} | item
                for workload in manifests.workloads(document):
                    self.seen.pod(workload.pod)
                    warn(render.name(workload), document, workload.path)
            yield item, left


def warn(title: str, data: Any, path: Sequence[str | int]) -> None:
    """Print a warning for each annotation that is not on the Pod template."""
    for sentence in misplaced(data, path):
        click.echo(f"warning: {title}: {sentence}", err=True)


def _some(names: set[str], most: int = 8) -> str:
    more = ", ..." if len(names) > most else ""
    return ", ".join(sorted(names)[:most]) + more
