"""``lastcall audit``: which workloads lose requests, why, and what lastcall would do about it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from webhook.audit import files, outputs, table
from webhook.audit.live import Fleet
from webhook.cli import encoding, inputs, reading
from webhook.cli import scenario as options
from webhook.cli.reading import read_all
from webhook.cluster import client
from webhook.core.decision import Outcome
from webhook.manifests import BadManifest
from webhook.predict import Verdict
from webhook.report import page, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from webhook.audit import Entry
    from webhook.cli.layers import Profiles
    from webhook.core.layers import Layer
    from webhook.predict import Scenario

EPILOG = """\b
Examples:
  lastcall audit manifests/                         a directory
  helm template . | lastcall audit - --fail-on not-fixed
  lastcall audit manifests/ -o sarif > lastcall.sarif
  lastcall audit -A                                 the current cluster, all namespaces
  lastcall audit -n shop -n pay --context prod -o html > fleet.html

\b
Permissions for a cluster: list of pods (required), deployments, statefulsets, daemonsets, cronjobs and events; list or
get of namespaces.
Custom kinds (Rollouts, CloneSets, those of --template-path) are listed if the cluster has them.

\b
Outputs:
  text    worst first; in a pipe tab-separated lines      html    a page with a table
  json    everything                                      junit   a test case for each workload
  sarif   for code scanning                               github  annotations for a workflow

\b
Exit codes:
  0  success       1  a workload matches --fail-on, or there is none
  2  bad input, or the cluster could not be read
"""
FAIL_ON: dict[str, Callable[[Entry], bool]] = {
    "never": lambda _entry: False,
    "loses": lambda entry: entry.today is Verdict.LOSES,
    "not-fixed": lambda entry: entry.with_lastcall is Verdict.LOSES,
    "unknown": lambda entry: entry.unknown,
    "refused": lambda entry: entry.outcome is Outcome.REFUSED,
}
TEXTS = {"json": outputs.as_json, "sarif": outputs.as_sarif, "junit": outputs.as_junit, "github": outputs.as_github}


@click.command(epilog=EPILOG)
@inputs.files(metavar="[FILE...]", help_text="Read a file, a directory, or - for stdin; the same as FILE. Repeatable.")
@click.option("-n", "--namespace", "namespaces", multiple=True, help="Read this namespace of the cluster. Repeatable.")
@click.option("-A", "--all-namespaces", is_flag=True, help="Read all namespaces of the cluster.")
@click.option("--context", help="Use this context of the kubeconfig.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Use this kubeconfig; $KUBECONFIG by default.")
@click.option("-o", "--output", type=click.Choice(("text", "html", *TEXTS)), default="text", help="Choose the output.")
@click.option(
    "--fail-on",
    type=click.Choice(tuple(FAIL_ON)),
    multiple=True,
    help="Exit with 1 for a workload that loses requests, loses them with lastcall too (not-fixed), has an unknown"
    " verdict, or is refused. Repeatable.",
)
@click.option("--allow-empty", is_flag=True, help="With --fail-on, pass if the input has no workload.")
@reading.options
@options.options
def command(
    names: Sequence[str],
    namespaces: Sequence[str],
    all_namespaces: bool,
    context: str | None,
    kubeconfig: Path | None,
    output: str,
    fail_on: Sequence[str],
    allow_empty: bool,
    scenario: Scenario,
    layer: Layer,
    override: Layer,
) -> None:
    """List for every workload, of files or of a live cluster, whether it loses requests when it stops, and why.

    Without FILE, read the cluster of the current context. The worst workloads come first.
    """
    bad = False
    fleet: Fleet | None = None
    if names:
        if namespaces or all_namespaces or context or kubeconfig:
            raise click.UsageError("name files or a cluster, not both")
        entries, bad = _from_files(names, scenario, layer, override)
    else:
        entries, fleet = _from_cluster(namespaces, all_namespaces, context, kubeconfig, scenario, layer, override)
        for note in fleet.notes:
            click.echo(f"note: {note}", err=True)
    if output != "text":
        encoding.for_programs()
    entries.sort(key=lambda entry: entry.rank)
    _print(entries, output, scenario, fleet)
    if set(fail_on) - {"never"} and not entries and not allow_empty:
        click.echo("error: --fail-on: there is no workload in the input", err=True)
        sys.exit(2 if bad else 1)
    sys.exit(2 if bad else int(any(FAIL_ON[word](entry) for word in fail_on for entry in entries)))


def _from_files(names: Sequence[str], scenario: Scenario, layer: Layer, override: Layer) -> tuple[list[Entry], bool]:
    entries: list[Entry] = []
    bad, seen = False, inputs.Seen()
    with _progress("workloads") as advance:
        for entry in files.entries(seen.documents(read_all(names)), scenario, layer, override):
            if isinstance(entry, BadManifest):
                click.echo(f"error: {entry}", err=True)
                bad = True
            else:
                entries.append(entry)
                advance(len(entries), None)
    seen.check(scenario)
    return entries, bad


def _from_cluster(
    namespaces: Sequence[str],
    everywhere: bool,
    context: str | None,
    kubeconfig: Path | None,
    scenario: Scenario,
    layer: Layer,
    override: Layer,
) -> tuple[list[Entry], Fleet]:
    profiles: Profiles = click.get_current_context().params["known"]
    try:
        cluster = inputs.WatchedCluster(client.connect(context, kubeconfig))
        fleet = Fleet(cluster, scenario, profiles, layer.profile, override, reading.templates())
        names = () if everywhere else namespaces or (cluster.namespace,)
        with _progress("objects") as advance:
            entries = fleet.read(names, advance)
    except client.ClusterError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    cluster.seen.check(scenario)
    return entries, fleet


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar, on a terminal only."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, left: bar.update(task, completed=done, total=None if left is None else done + left)


def _print(entries: Sequence[Entry], output: str, scenario: Scenario, fleet: Fleet | None) -> None:
    live = fleet is not None
    words = table.summary(entries, fleet.skipped if fleet else 0)
    if output == "html":
        note = f"{words}. {render.assumptions(scenario)}"
        data = {"mode": "report", "tagline": "Which workloads lose requests when they stop", "note": note}
        click.echo(page.html(data | {"audit": table.for_page(entries, live=live)}))
    elif output == "text" and sys.stdout.isatty():
        console = Console(highlight=False)
        for block in table.blocks(entries, console.width, live=live):
            console.print(block)
        console.print(f"\n{words}", style="bold")
        console.print(render.assumptions(scenario), style="dim")
    elif output == "text":
        for entry in entries:
            click.echo(table.plain(entry))
        click.echo(words, err=True)
    else:
        for line in TEXTS[output](entries):
            click.echo(line)
