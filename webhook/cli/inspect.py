"""``lastcall inspect``: what SIGTERM does to the processes of a running container."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from webhook import processes
from webhook.cli import encoding
from webhook.cluster import client
from webhook.processes import proc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EPILOG = """\b
Examples:
  lastcall inspect web-7d9c5-x2x4q             a Pod of the context's namespace
  lastcall inspect -n shop web-0 web-1 -c web  one container of two Pods
  lastcall inspect --pid 4711                  a process of this machine and its descendants

\b
Pods are read with `exec` (permission: create pods/exec). The image needs a shell. Nothing is changed.

\b
Exit codes:
  0  every process with a handler receives SIGTERM
  1  one of them does not, or nothing exits before SIGKILL
  2  bad input, or a container could not be read
"""
_WORDS = {
    processes.Disposition.HANDLES: ("handles SIGTERM", "green"),
    processes.Disposition.IGNORES: ("ignores SIGTERM", "red"),
    processes.Disposition.TERMINATES: ("terminated by SIGTERM", "yellow"),
    processes.Disposition.NO_EFFECT: ("PID 1 without a handler: SIGTERM has no effect", "red"),
}


@click.command(epilog=EPILOG)
@click.argument("pods", metavar="[POD...]", nargs=-1)
@click.option("--pid", type=click.IntRange(1), help="Read a process of this machine instead of a Pod.")
@click.option("-c", "--container", help="Read only this container.")
@click.option("-n", "--namespace", help="Read Pods of this namespace; the context's by default.")
@click.option("--context", help="Use this context of the kubeconfig.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Use this kubeconfig; $KUBECONFIG by default.")
@click.option("-o", "--output", type=click.Choice(("text", "json")), default="text", help="Choose the output.")
def command(
    pods: Sequence[str],
    pid: int | None,
    container: str | None,
    namespace: str | None,
    context: str | None,
    kubeconfig: Path | None,
    output: str,
) -> None:
    """Show the processes of a running container, their handlers for SIGTERM, and the effect of SIGTERM to PID 1.

    Works for any language: the kernel knows which processes have a handler.
    """
    if bool(pods) == (pid is not None):
        raise click.UsageError("name a POD, or use --pid")
    if pid is not None:
        trees, unread = [_local(pid)], 0
    else:
        trees, unread = _remote(pods, container, namespace, context, kubeconfig)
    explained = [(title, tree, processes.explain(tree)) for title, tree in trees]
    if output == "json":
        encoding.for_programs()
        click.echo(msgspec.json.format(msgspec.json.encode([_data(*each) for each in explained])).decode())
    else:
        for each in explained:
            _print(*each)
    sys.exit(2 if unread else int(not all(explanation.good for _, _, explanation in explained)))


def _local(pid: int) -> tuple[str, Sequence[processes.Process]]:
    tree = proc.local(pid)
    if not tree:
        raise click.UsageError(f"there is no process {pid}")
    return f"process {pid}", tree


def _remote(
    pods: Sequence[str], container: str | None, namespace: str | None, context: str | None, kubeconfig: Path | None
) -> tuple[list[tuple[str, Sequence[processes.Process]]], int]:
    """Return the trees of the Pods' running containers, and how many could not be read; each says why."""
    trees: list[tuple[str, Sequence[processes.Process]]] = []
    unread = absent = 0
    try:
        connected = client.connect(context, kubeconfig)
    except client.ClusterError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    space = namespace or connected.namespace
    for pod in pods:
        try:
            of_pod, problems = _pod_trees(connected, pod, space, container)
        except client.NotFound:
            absent += 1
            continue
        trees += of_pod
        unread += problems
    if absent:
        click.echo(f"{absent} of {len(pods)} Pods do not exist", err=True)
    return trees, unread + (absent == len(pods))


def _pod_trees(
    connected: client.Cluster, pod: str, namespace: str, container: str | None
) -> tuple[list[tuple[str, Sequence[processes.Process]]], int]:
    """Return the trees of a Pod's running containers, and how many could not be read; raise ``NotFound``."""
    trees: list[tuple[str, Sequence[processes.Process]]] = []
    try:
        running = list(_running(connected.get(client.PODS, pod, namespace), container))
        problems = [] if running else [f"{namespace}/{pod}: no such container is running"]
    except client.NotFound:
        raise
    except client.ClusterError as error:
        running, problems = [], [str(error)]
    for name in running:
        tree, problem = _tree(connected, pod, namespace, name)
        if tree:
            trees.append((f"{namespace}/{pod}, container {name}", tree))
        else:
            problems.append(f"{namespace}/{pod}, container {name}: {problem}")
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    return trees, len(problems)


def _running(pod: dict[str, Any], wanted: str | None) -> Iterator[str]:
    """Return the names of the containers that run, sidecars included."""
    status = pod.get("status") or {}
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        if "running" in (container.get("state") or {}) and wanted in (None, container["name"]):
            yield container["name"]


def _tree(connected: client.Cluster, pod: str, namespace: str, name: str) -> tuple[list[processes.Process], str]:
    try:
        out, err, code = connected.run(pod, namespace, name, ["/bin/sh", "-c", proc.READER])
    except client.ClusterError as error:
        return [], str(error)
    tree = proc.printed(out)
    reason = " ".join(err.split()) or f"exit code {code}"
    return tree, f"its processes cannot be read ({reason}): the image needs a shell"


def _print(title: str, tree: Sequence[processes.Process], explanation: processes.Explanation) -> None:
    click.secho(title, bold=True)
    depth = {tree[0].key: 0}
    for process in tree:
        depth[process.key] = depth.get(process.parent, -1) + 1
    for process in _in_order(tree):
        words, colour = _WORDS[process.disposition]
        line = f"{'  ' * depth[process.key]}{process.pid} {_shorten(' '.join(process.argv))}"
        click.echo(f"  {line:<62} {click.style(words, colour)}")
    click.echo()
    for step in explanation.steps:
        click.echo(f"  → {step}")
    if explanation.good and explanation.unsure:
        verdict, colour = "the effect of SIGTERM is unknown", "yellow"
    else:
        verdict, colour = (
            ("every process with a handler receives SIGTERM", "green")
            if explanation.good
            else ("SIGTERM does not reach every handler", "red")
        )
    click.echo(f"  {click.style(verdict, colour, bold=True)}\n")


def _in_order(tree: Sequence[processes.Process]) -> Iterator[processes.Process]:
    """Return the tree in the order of printing: every process before its children."""
    todo = [tree[0]]
    while todo:
        process = todo.pop()
        yield process
        todo += reversed([child for child in tree if child.parent == process.key and child is not process])


def _shorten(words: str) -> str:
    text = "".join(c if c.isprintable() else " " for c in words)
    return text if len(text) <= 48 else text[:47] + "…"  # noqa: PLR2004 - a column


def _data(title: str, tree: Sequence[processes.Process], explanation: processes.Explanation) -> dict[str, Any]:
    listed = [
        {"pid": p.pid, "parent": p.parent, "argv": list(p.argv), "sigterm": p.disposition.name.lower()} for p in tree
    ]
    more = {"steps": explanation.steps, "ends": explanation.ends, "good": explanation.good}
    return {"title": title, "processes": listed, "unsignalled": [p.pid for p in explanation.unsignalled], **more}
