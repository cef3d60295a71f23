"""``lastcall timeline``: show what happens to a Pod when it stops, second by second."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from webhook import manifests
from webhook.cli import scenario as options
from webhook.cli import sources
from webhook.cli.sources import read_all
from webhook.predict.forecast import as_data, forecast
from webhook.report import page, render
from webhook.report.chart import svg, terminal
from webhook.report.page import views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook.core.layers import Layer
    from webhook.manifests import Document, Workload
    from webhook.predict import Scenario
    from webhook.predict.forecast import Forecast

EPILOG = """\b
Examples:
  lastcall timeline -f deployment.yaml
  lastcall timeline -f web.yaml --cause spot:15 --drain web=20
  lastcall timeline -f web.yaml --profile alb --hook nginx=12
  lastcall timeline -f manifests/ -o html > timeline.html
  kustomize build . | lastcall timeline -f - -o json

\b
Causes, with the seconds that may follow a colon:
  delete          kubectl delete, rollout, scale-down      --grace-period (the Pod's own)
  drain           kubectl drain, eviction, preemption      the drain's limit (none)
  liveness        a liveness probe fails                   the probe's own (the Pod's)
  node-shutdown   graceful node shutdown                   the node's budget (20)
  spot            a spot node is reclaimed                 the notice (15, as on GKE)
  soft-eviction   node pressure                            evictionMaxPodGracePeriod (none)
  hard-eviction   node pressure                            always 1
  completion      a Job's app has ended, sidecars follow   -

\b
Exit codes:
  0  success       1  requests would be lost even with lastcall (--exit-code only)       2  bad input
"""


@click.command(epilog=EPILOG)
@click.option(
    "-f",
    "--filename",
    "names",
    multiple=True,
    required=True,
    help="Read a file, a directory, or - for stdin. Repeatable.",
)
@click.option(
    "-o", "--output", type=click.Choice(("chart", "json", "svg", "html")), default="chart", help="Choose the output."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if requests are lost even with lastcall.")
@sources.options
@options.options
def command(
    names: Sequence[str], output: str, exit_code: bool, scenario: Scenario, layer: Layer, override: Layer
) -> None:
    """Show what the kubelet does to each Pod of manifests when it stops, as written and with lastcall.

    Shows hook, stop signal, drain and kill of every container, and the requests that still arrive. Values that are not
    in a manifest are assumed; set them with options: how long the process drains, when the endpoint is withdrawn.
    """
    shown: list[tuple[Document, Workload, Forecast]] = []
    bad = False
    for document in read_all(names):
        if isinstance(document, manifests.BadManifest):
            click.echo(f"error: {document}", err=True)
            bad = True
            continue
        for workload in document.workloads:
            try:
                shown.append((document, workload, forecast(workload.pod, scenario, (layer,), override)))
            except ValueError as error:
                click.echo(f"{render.title(document, workload)}: skipped: {error}", err=True)
    PRINTERS[output](shown, scenario)
    loses = any(prediction.after.loses for _, _, prediction in shown)
    sys.exit(2 if bad else int(loses and exit_code))


def _print_chart(shown: Sequence[tuple[Document, Workload, Forecast]], scenario: Scenario) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for document, workload, prediction in shown:
        heading = Text.assemble((f"{workload.kind} {workload.name}", "bold"), (f"  {document.where}", "dim"))
        console.print(heading, Text(f"  {assumptions(scenario)}", "dim"), sep="\n")
        console.print()
        console.print(terminal.chart(prediction.timelines, console.width))
        console.print()
        for line in advice(prediction):
            console.print(line)
        console.print()
    console.print(terminal.legend(console.width) if shown else "no document creates a Pod")


def assumptions(scenario: Scenario) -> str:
    """Return in one line what the charts assume."""
    limit = "" if scenario.cause_seconds is None else f" ({scenario.cause_seconds} s)"
    major, minor = scenario.kubelet
    return (
        f"{scenario.cause}{limit}, kubelet {major}.{minor}; assumed: endpoint withdrawn after "
        f"{scenario.propagation:g} s, drain {scenario.drain:g} s unless set"
    )


def advice(prediction: Forecast) -> list[Text]:
    """Return what goes wrong as written, and the advice for what lastcall does not fix."""
    lines = []
    for finding, fixed in prediction.findings:
        sign, style = ("→", "green") if fixed else ("✘", "red") if finding.loses else ("·", "dim")
        words = " (lastcall fixes it)" if fixed else ""
        lines.append(Text.assemble((f"  {sign} {finding.target}: ", style), finding.message, (words, "green")))
        if finding.loses and not fixed:
            lines.append(Text(f"    {finding.advice}", "dim"))
    return lines


def _print_json(shown: Sequence[tuple[Document, Workload, Forecast]], _scenario: Scenario) -> None:
    data = [
        render.as_data(document, workload, prediction.report)
        | {"before": as_data(prediction.before), "after": as_data(prediction.after)}
        for document, workload, prediction in shown
    ]
    click.echo(json.dumps(data, indent=2))


def _print_svg(shown: Sequence[tuple[Document, Workload, Forecast]], scenario: Scenario) -> None:
    figures = [(f"{workload.kind} {workload.name}", prediction.timelines) for _, workload, prediction in shown]
    click.echo(svg.standalone(figures, assumptions(scenario)))


def _print_html(shown: Sequence[tuple[Document, Workload, Forecast]], scenario: Scenario) -> None:
    lines = [
        {"view": views.view(document, workload, prediction.report, prediction)}
        for document, workload, prediction in shown
    ]
    click.echo(page.html({"mode": "report", "lines": lines, "note": assumptions(scenario)}))


PRINTERS = {"chart": _print_chart, "json": _print_json, "svg": _print_svg, "html": _print_html}
