"""``lastcall timeline``: show what happens to a Pod when it stops, second by second."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from webhook import manifests
from webhook.cli import encoding, inputs, live_pod, reading
from webhook.cli import scenario as options
from webhook.cli.reading import read_all
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

VERSION = 1
"""Of the JSON; grows when a field changes its meaning or goes. docs/timeline.schema.json describes it."""
EPILOG = """\b
Examples:
  lastcall timeline deployment.yaml
  lastcall timeline web.yaml --cause spot:15 --drain web=20
  lastcall timeline web.yaml --profile alb --hook nginx=12
  lastcall timeline manifests/ -o html > timeline.html
  kustomize build . | lastcall timeline - -o json
  lastcall timeline -n shop web-7d9c5-x2x4q         a Pod of a cluster; if it terminates, what it waits for now

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
@inputs.files(
    metavar="FILE...|POD...", help_text="Read a file, a directory, or - for stdin; the same as FILE. Repeatable."
)
@click.option("-n", "--namespace", help="Read Pods of this namespace of the cluster instead of files.")
@click.option("--context", help="Read Pods of the cluster of this context of the kubeconfig.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Read Pods of the cluster of this kubeconfig.")
@click.option(
    "-o", "--output", type=click.Choice(("chart", "json", "svg", "html")), default="chart", help="Choose the output."
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if requests are lost even with lastcall.")
@reading.options
@options.options
def command(
    names: Sequence[str],
    namespace: str | None,
    context: str | None,
    kubeconfig: Path | None,
    output: str,
    exit_code: bool,
    scenario: Scenario,
    layer: Layer,
    override: Layer,
) -> None:
    """Show what the kubelet does to each Pod of manifests when it stops, as written and with lastcall.

    Shows hook, stop signal, drain and kill of every container, and the requests that still arrive. Values that are not
    in a manifest are assumed; set them with options: how long the process drains, when the endpoint is withdrawn. With
    -n, --context or --kubeconfig, read Pods of a cluster. Of a Pod that terminates, show what it waits for now.
    """
    shown: list[tuple[Document, Workload, Forecast]] = []
    bad, seen, live = False, inputs.Seen(), namespace or context or kubeconfig
    inputs.required(names)
    for document in seen.documents(live_pod.read(names, namespace, context, kubeconfig) if live else read_all(names)):
        if isinstance(document, manifests.BadManifest):
            click.echo(f"error: {document}", err=True)
            bad = True
            continue
        for workload in document.workloads:
            try:
                shown.append(
                    (
                        document,
                        workload,
                        forecast(workload.pod, live_pod.scenario_of(document, scenario), (layer,), override),
                    )
                )
            except ValueError as error:
                click.echo(f"{render.title(document, workload)}: skipped: {error}", err=True)
    seen.check(scenario)
    if bad and not live and any(name != "-" and not Path(name).exists() for name in names):
        click.echo("for a Pod of a cluster, add -n NAMESPACE", err=True)
    if output != "chart":
        encoding.for_programs()
    PRINTERS[output](shown, scenario)
    loses = any(prediction.after.loses for _, _, prediction in shown)
    sys.exit(2 if bad else int(loses and exit_code))


def _print_chart(shown: Sequence[tuple[Document, Workload, Forecast]], scenario: Scenario) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for document, workload, prediction in shown:
        for heading in render.heading(document, workload, console.width):
            console.print(heading)
        for assumed in render.wrap(render.assumptions(live_pod.scenario_of(document, scenario)), 2, console.width):
            console.print(Text(assumed, "dim"))
        for line in live_pod.lines(document, prediction, console.width):
            console.print(line)
        console.print()
        console.print(terminal.chart(prediction.timelines, console.width))
        console.print()
        for line in advice(prediction, console.width):
            console.print(line)
        console.print()
    console.print(terminal.legend(console.width) if shown else "no document creates a Pod")


def advice(prediction: Forecast, width: int) -> list[Text]:
    """Return what goes wrong as written, with its reason, and the advice for what lastcall does not fix."""
    lines = []
    for finding, fixed in prediction.findings:
        unsure = ("?", "yellow") if finding.unknown else ("·", "dim")
        sign, style = ("→", "green") if fixed else ("✘", "red") if finding.loses else unsure
        words = "  lastcall fixes it" if fixed else ""
        lines.append(Text.assemble((f"  {sign} {finding.target}  ", style), (finding.code, "bold"), (words, "green")))
        lines += map(Text, render.wrap(finding.message, 4, width))
        if (finding.loses or finding.unknown) and not fixed:
            lines += [Text(line, "dim") for line in render.wrap(finding.advice, 4, width)]
    return lines


def _print_json(shown: Sequence[tuple[Document, Workload, Forecast]], _scenario: Scenario) -> None:
    data = [
        render.as_data(document, workload, prediction.report)
        | {"today": prediction.today, "with_lastcall": prediction.with_lastcall}
        | {"before": as_data(prediction.before), "after": as_data(prediction.after)}
        | live_pod.as_data(document, prediction)
        for document, workload, prediction in shown
    ]
    click.echo(json.dumps({"version": VERSION, "workloads": data}, indent=2))


def _print_svg(shown: Sequence[tuple[Document, Workload, Forecast]], scenario: Scenario) -> None:
    figures = [(f"{workload.kind} {workload.name}", prediction.timelines) for _, workload, prediction in shown]
    click.echo(svg.standalone(figures, render.assumptions(scenario)))


def _print_html(shown: Sequence[tuple[Document, Workload, Forecast]], scenario: Scenario) -> None:
    lines = [
        {"view": views.view(document, workload, prediction.report, prediction)}
        for document, workload, prediction in shown
    ]
    click.echo(page.html({"mode": "report", "lines": lines, "note": render.assumptions(scenario)}))


PRINTERS = {"chart": _print_chart, "json": _print_json, "svg": _print_svg, "html": _print_html}
