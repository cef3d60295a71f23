"""``lastcall preview``: show what would change in a manifest, and why."""

from __future__ import annotations

import json
import re
import sys
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

import click
from rich.console import Console

from webhook import manifests
from webhook.cli import encoding, inputs, layers, reading
from webhook.cli.errors import InternalError
from webhook.cli.reading import read_all
from webhook.core.mutate import mutate
from webhook.report import render, second_opinion

if TYPE_CHECKING:
    from collections.abc import Sequence

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
  yaml    the documents; only changes differ     json    the same, as JSON
  patch   the JSON Patch of every Pod            report  decisions and patches, as JSON
With yaml and json the reasons go to stderr. The diff applies with `patch -p0`. If a document is bad, yaml, json, diff
  and patch print nothing, so that a pipe into `kubectl apply` gets nothing.

\b
Exit codes:
  0  success       1  something would change (--exit-code only)       2  bad input
  3  internal error: the jsonpatch library applies a patch differently; nothing is shown
"""


@click.command(epilog=EPILOG)
@inputs.files(metavar="FILE...", help_text="Read a file, a directory, or - for stdin; the same as FILE. Repeatable.")
@click.option("-o", "--output", type=click.Choice(OUTPUTS), default="text", help="Choose the output.")
@reading.options
@layers.profile_option
@layers.profiles_option
@layers.override_option
@click.option("--exit-code", is_flag=True, help="Exit with 1 if something would change.")
def command(names: Sequence[str], output: str, profile: str, known: Profiles, override: Layer, exit_code: bool) -> None:
    """Show what the webhook would change in the Pods of manifests, and why.

    Reads Pods, every kind with a Pod template (the workloads of Kubernetes, Rollouts, CloneSets, those of
    --template-path) and Lists, fills in the API server's defaults, and runs the webhook's own code. Other kinds are not
    changed. The namespace is assumed to have opted in.
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
    if not bad or output in ("text", "report"):
        PRINTERS[output](shown)
    sys.exit(2 if bad else int(changed and exit_code))


def checked(document: Document, workload: Workload, layer: Layer, override: Layer) -> Report:
    """Decide about a workload's Pod; raise ``InternalError`` if jsonpatch gets a different Pod from the patch."""
    report = mutate(workload.pod, (layer,), override)
    if difference := second_opinion.difference(report):
        raise InternalError(f"{render.title(document, workload)}: {difference}")
    return report


def _print_text(shown: Shown) -> None:
    """Show blocks on a terminal, and a line for each decision in a pipe."""
    terminal = sys.stdout.isatty()
    console = Console(highlight=False, soft_wrap=not terminal)
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
    for source, group in groupby(shown, key=lambda each: each[0].source):
        before, after = [], []
        for document, reports in group:
            before.append(f"{document.head}{document.text}{document.tail}")
            for workload, report in reports:
                click.echo(f"# {render.title(document, workload)}")
                click.echo("".join(f"# {line}\n" for line in render.lines(report)), nl=False)
                document.apply(workload, report.operations)
            after.append(f"{document.head}{document.dump()}{document.tail}")
        new = "".join(after)
        click.echo(
            render.file_diff(source, "".join(before), render.shorten(new) if sys.stdout.isatty() else new), nl=False
        )


def _print_yaml(shown: Shown) -> None:
    end = "\n"
    for index, (document, reports) in enumerate(shown):
        _apply(document, reports)
        head = document.head if not index else document.head.removeprefix("\ufeff")
        text = f"{head}{document.dump()}{document.tail}"
        if index and document.number == 1 and not re.match(r"(?:[ \t]*(?:#.*)?\r?\n)*---", text):
            text = f"---\n{text}"  # the next file
        click.echo("\n" * (not end.endswith("\n")) + text, nl=False)
        end = text or end


def _print_json(shown: Shown) -> None:
    for document, reports in shown:
        _apply(document, reports)
    data = [document.data for document, _ in shown if document.data is not None]
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
