"""python -m tests.cluster.demo: roll an npm-started Deployment under load, without and with lastcall."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.cluster import manifests
from tests.cluster.existing import Cluster
from tests.cluster.installed import build_images, install, overlay
from tests.cluster.lab import cluster as lab
from tests.cluster.lab import images
from tests.cluster.lab.api import Api
from tests.cluster.lab.build import demand
from tests.cluster.lab.common import LabError, kubectl, say
from tests.cluster.lab.roll import Traffic, restart, roll, rolled_out
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.cluster.lab.roll import Roll

PROPAGATION_SECONDS = 3
PROFILE = "ingress"  # for endpoints that change slowly: see test_zero_loss.py
REQUESTS = 5000
STEPS = ("cluster", "images", "lastcall", "app", "without", "label", "with", "image", "roll", "down")
IN_IMAGE = "with lastcall, npm only in the image"


class Steps:
    """A progress bar over the steps."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.task = progress.add_task("", total=len(STEPS))

    def next(self, text: str) -> None:
        """Go on to the next step."""
        self.progress.update(self.task, description=text, advance=1)
        if not self.progress.console.is_terminal:
            say(text)

    def during(self, text: str, requests: int) -> None:
        """Say what goes on within a step."""
        self.progress.update(self.task, description=f"{text}, {requests} requests")


def compare(steps: Steps) -> dict[str, Roll]:
    """Start everything, roll twice, take everything down; what was rolled -> what happened."""
    steps.next("starting Kubernetes")
    with lab.cluster(PROPAGATION_SECONDS), closing(Api(lab.API_SOCKET)) as api:
        steps.next("building the images")
        for archive in (images.recipe("dash"), *build_images().values()):
            images.load(archive)
        steps.next("kubectl apply -k deploy/")
        with tempfile.TemporaryDirectory() as directory:
            install(Cluster(api, kubectl, is_lab=True), overlay(Path(directory)))
        steps.next("deploying examples/demo.yaml")
        space = "demo"
        api.apply(*manifests.demo(space))
        until("the app", lambda: rolled_out(api, space, "web"), 240)
        url = f"http://{api.get('Service', 'web', space)['spec']['clusterIP']}/"
        steps.next("rolling without lastcall")
        with Traffic(url) as traffic:
            without = roll(api, space, "web", traffic, at_least=REQUESTS, progress=steps.during)
        label = f"{manifests.INJECT}={PROFILE}"
        steps.next(f"kubectl label namespace {space} {label}")
        kubectl("label", "namespace", space, label)
        restart(api, space, "web")
        until("patched Pods", lambda: rolled_out(api, space, "web"), 240)
        steps.next("rolling with lastcall")
        with Traffic(url) as traffic:
            with_lastcall = roll(api, space, "web", traffic, at_least=REQUESTS, progress=steps.during)
        in_image = roll_image(api, steps)
        steps.next("taking everything down")
    return {"without lastcall": without, "with lastcall": with_lastcall, IN_IMAGE: in_image}


def roll_image(api: Api, steps: Steps) -> Roll:
    """Roll a Deployment without a command: npm stands in its image, which is declared to have a shell."""
    space = "demo-image"
    steps.next(f"deploying an image that starts npm, with {manifests.SHELL}: yes")
    things = manifests.demo_in_image(space, "dash", "npm")
    things[0]["metadata"]["labels"] = {manifests.INJECT: PROFILE}
    things[1]["spec"]["template"]["metadata"]["annotations"] = {manifests.SHELL: "yes"}
    api.apply(*things)
    until("the app", lambda: rolled_out(api, space, "web"), 240)
    steps.next("rolling with lastcall")
    with Traffic(f"http://{api.get('Service', 'web', space)['spec']['clusterIP']}/") as traffic:
        return roll(api, space, "web", traffic, at_least=REQUESTS, progress=steps.during)


def table(found: dict[str, Roll]) -> Table:
    """Return the comparison."""
    result = Table(title="kubectl rollout restart of 3 replicas, `npm start`, under load")
    for column in ("", "requests", "lost", "errors", "exit codes", "rollout"):
        result.add_column(
            column, justify="left" if column in {"", "errors"} else "right", overflow="fold", no_wrap=column == ""
        )
    for name, one in found.items():
        lost = one.counts.lost
        kinds: dict[str, int] = {}
        for kind, n in lost.items():
            kinds[kind.partition(" ")[2]] = kinds.get(kind.partition(" ")[2], 0) + n
        how = "\n".join(f"{n} {kind}" for kind, n in sorted(kinds.items(), key=lambda item: -item[1])) or "-"
        codes = " ".join(map(str, one.exit_codes))
        result.add_row(
            name, str(one.counts.requests), str(sum(lost.values())), how, codes, f"{one.rollout_seconds:.0f} s"
        )
    return result


def main() -> int:
    """Print the table; exit status 1 where lastcall made no difference or could not be tried."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    console = Console()
    bar = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    try:
        demand()
        with Progress(*bar, console=Console(stderr=True), transient=True) as progress:
            found = compare(Steps(progress))
    except (LabError, AssertionError, subprocess.TimeoutExpired) as error:
        console.print(f"cluster-demo: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    console.print(table(found))
    without, *with_lastcall = found.values()
    return int(any(one.counts.lost for one in with_lastcall) or not without.counts.lost)


if __name__ == "__main__":
    sys.exit(main())
