"""The signal hook on a real kubelet: the command stands in the image only, and no request is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.cluster import manifests
from tests.cluster.lab.roll import Traffic, roll, rolled_out
from tests.cluster.test_zero_loss import NETS, REQUESTS, RUNS, awake
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.existing import Cluster
    from tests.cluster.lab.api import Api
    from tests.cluster.lab.roll import Roll

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
SLEEP = {manifests.SLEEP: "10"}
"""As the profile ingress has it: test_zero_loss.py says why."""
SHELL = {manifests.SHELL: "yes"}
ALWAYS_LOSE = ("yarn", "python")
"""On busybox npm and pnpm lose nothing with the native sleep: its shell becomes the last command of a script."""


def hooks(api: Api, space: str) -> set[str]:
    """Return the kinds of preStop hook that the Pods have."""
    pods = api.get("Pod", namespace=space, labelSelector="app=web")["items"]
    return {next(iter(pod["spec"]["containers"][0]["lifecycle"]["preStop"])) for pod in pods}


@pytest.mark.parametrize(
    "program",
    [
        "npm",
        "python",
        pytest.param("yarn", marks=pytest.mark.extended),
        pytest.param("pnpm", marks=pytest.mark.extended),
    ],
)
def test_a_command_in_the_image_loses_requests_only_while_its_shell_is_unknown(
    lastcall: Cluster, namespace: Callable[..., str], program: str
) -> None:
    """With the native sleep requests are cut; with `image-shell: yes`, and nothing else, three rollouts lose none."""
    assert lastcall.is_lab, "the images are the lab's"
    spaces = {shell: namespace("enabled") for shell in manifests.IMAGES}
    with ThreadPoolExecutor() as pool:
        found = pool.map(partial(rolls, lastcall.api, program), spaces, spaces.values(), NETS)
        for shell, (unknown, *declared) in zip(spaces, found, strict=True):
            if shell == "dash" or program in ALWAYS_LOSE:
                assert unknown.counts.lost or 137 in unknown.exit_codes, (shell, unknown)
            assert len(declared) == RUNS
            for one in declared:
                assert one.counts.lost == {}, (shell, one)
                assert one.counts.requests >= REQUESTS
                assert one.exit_codes == [0, 0, 0], (shell, one)


def rolls(api: Api, program: str, shell: str, space: str, net: str) -> list[Roll]:
    """Roll a Deployment once with the native sleep, then RUNS times with the signal hook."""
    things = manifests.demo_in_image(space, shell, program)
    things[0]["metadata"]["labels"] = {manifests.INJECT: "enabled"}
    things[1]["spec"]["template"]["metadata"]["annotations"] = SLEEP
    api.apply(*things)
    until("the app", lambda: rolled_out(api, space, "web"), 240)
    assert hooks(api, space) == {"sleep"}
    url = f"http://{api.get('Service', 'web', space)['spec']['clusterIP']}/"
    with Traffic(url, net) as traffic:
        unknown = roll(api, space, "web", traffic)
        api.merge("Deployment", "web", space, {"spec": {"template": {"metadata": {"annotations": SHELL}}}})
        until("Pods with the signal hook", lambda: hooks(api, space) == {"exec"}, 240)
        return [unknown, *(awake(lambda: roll(api, space, "web", traffic, at_least=REQUESTS)) for _ in range(RUNS))]
