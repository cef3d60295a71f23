"""``lastcall preview``: show what would change in a manifest, and why."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click
from rich.console import Console

from webhook import manifests
from webhook.cli import encoding, inputs, layers
from webhook.cli.errors import InternalError
from webhook.core.mutate import mutate
from webhook.report import render, second_opinion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from webhook.cli.layers import Profiles
    from webhook.core.decision import Report
    from webhook.core.layers import Layer
    from webhook.manifests import Document, Workload

Shown: TypeAlias = "Sequence[tuple[Document, Sequence[tuple[Workload, Report]]]]"
OUTPUTS = ("text", "diff", "patch", "yaml", "json", "report")
EPILOG = """\b
Examples:
  lastcall preview deployment.yaml
  lastcall preview manifests/ --profile alb -o diff
  kustomize build . | lastcall preview - -o yaml | kubectl apply -f -
  lastcall preview web.yaml --set drain-seconds=20 --exit-code

\b
Outputs:
  text    every decision; in a pipe one line     diff    what changes in the document, with the reasons
  yaml    the changed documents; comments stay   json    the same, as JSON
  patch   the JSON Patch of every Pod            report  decisions and patches, as JSON
With yaml and json the reasons go to stderr.

\b
Exit codes:
  0  success       1  something would change (--exit-code only)       2  bad input
  3  internal error: the jsonpatch library applies a patch differently; nothing is shown
"""


@click.command(epilog=EPILOG)
@inputs.files(metavar="FILE...", help_text="Read a file, a directory, or - for stdin; the same as FILE. Repeatable.")
@click.option("-o", "--output", type=click.Choice(OUTPUTS), default="text", help="Choose the output.")
@layers.profile_option
@layers.profiles_option
@layers.override_option
@click.option("--exit-code", is_flag=True, help="Exit with 1 if something would change.")
def command(names: Sequence[str], output: str, profile: str, known: Profiles, override: Layer, exit_code: bool) -> None:
    """Show what the webhook would change in the Pods of manifests, and why.

    Reads Pods, Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs, CronJobs, PodTemplates and Lists, fills in the
    API server's defaults, and runs the webhook's own code. Other kinds are not changed. The namespace is assumed
    to have opted in.
    """
    layer = layers.choose(known, profile)
    changed = bad = False
    shown: list[tuple[Document, list[tuple[Workload, Report]]]] = []
    for document in inputs.Seen().documents(read_all(inputs.required(names))):
        if isinstance(document, manifests.BadManifest):
            click.echo(f"error: {document}", err=True)
            bad = True
            continue
        reports = [(workload, checked(document, workload, layer, override)) for workload in document.workloads]
        changed |= any(report.operations for _, report in reports)
        shown.append((document, reports))
    if output != "text":
        encoding.for_programs()
    PRINTERS[output](shown)
    sys.exit(2 if bad else int(changed and exit_code))


def checked(document: Document, workload: Workload, layer: Layer, override: Layer) -> Report:
    """Decide about a workload's Pod; raise ``InternalError`` if jsonpatch gets a different Pod from the patch."""
    report = mutate(workload.pod, (layer,), override)
    if difference := second_opinion.difference(report):
        raise InternalError(f"{render.title(document, workload)}: {difference}")
    return report


def read_all(names: Sequence[str]) -> Iterator[Document | manifests.BadManifest]:
    """Read every document of files, directories and stdin; yield an error for one that cannot be read."""
    for name in names:
        for path in [Path(name)] if name == "-" else manifests.files(Path(name)):
            try:
                text = sys.stdin.read() if name == "-" else path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                yield manifests.BadManifest(f"{path}: {getattr(error, 'strerror', None) or error}")
            else:
                yield from manifests.read("stdin" if name == "-" else str(path), text)


def _print_text(shown: Shown) -> None:
    """Show blocks on a terminal, and a line for each decision in a pipe."""
    terminal = sys.stdout.isatty()
    console = Console(highlight=False)
    for document, reports in shown:
        for each in reports:
            if terminal:
                console.print(render.blocks(document, *each, console.width))
                console.print()
            else:
                click.echo("".join(f"{line}\n" for line in render.plain(document, *each)), nl=False)
    if not any(reports for _, reports in shown):
        click.echo("no document creates a Pod")
    elif terminal:
        console.print("`lastcall explain REASON` says what a reason means and what to do.", style="dim")


def _print_diff(shown: Shown) -> None:
    for document, reports in shown:
        for workload, report in reports:
            heading = f"{workload.kind}/{workload.name}"
            before = document.dump()
            document.apply(workload, report.operations)
            click.echo("".join(f"# {line}\n" for line in render.lines(report)), nl=False)
            click.echo(render.diff(heading, before, document.dump()))


def _print_yaml(shown: Shown) -> None:
    for document, reports in shown:
        if _apply(document, reports):
            click.echo(document.dump(), nl=False)
        else:
            click.echo(document.text, nl=not document.text.endswith("\n"))


def _print_json(shown: Shown) -> None:
    for document, reports in shown:
        _apply(document, reports)
    data = [json.loads(json.dumps(document.data, default=str)) for document, _ in shown]
    whole = data[0] if len(data) == 1 else {"apiVersion": "v1", "kind": "List", "items": data}
    click.echo(json.dumps(whole, indent=2))


def _apply(document: Document, reports: Sequence[tuple[Workload, Report]]) -> bool:
    """Write the patches into the document and the reasons to stderr; return whether it changed."""
    for workload, report in reports:
        click.echo(f"# {render.title(document, workload)}", err=True)
        for line in render.lines(report):
            click.echo(f"#   {line}", err=True)
        document.apply(workload, report.operations)
    return any(report.operations for _, report in reports)


def _print_patch(shown: Shown) -> None:
    _print_data(shown, ("source", "document", "kind", "name", "patch"))


def _print_report(shown: Shown) -> None:
    _print_data(shown, None)


def _print_data(shown: Shown, keys: Sequence[str] | None) -> None:
    data = [render.as_data(document, *each) for document, reports in shown for each in reports]
    items = [{key: item[key] for key in keys} for item in data] if keys else data
    click.echo(json.dumps(items, indent=2))


PRINTERS = {
    "text": _print_text,
    "diff": _print_diff,
    "patch": _print_patch,
    "yaml": _print_yaml,
    "json": _print_json,
    "report": _print_report,
}
