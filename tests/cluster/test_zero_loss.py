"""A rolling update under load: requests are lost without lastcall, and none with it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from tests.cluster import manifests
from tests.cluster.lab.common import CLIENT_NET
from tests.cluster.lab.roll import Traffic, roll, rolled_out
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.existing import Cluster
    from tests.cluster.lab.api import Api
    from tests.cluster.lab.roll import Roll

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
PROFILE = "ingress"
"""Sleeps 10 s: kube-proxy follows within 3 s here, but the EndpointSlice controller may come 1, 3 or 7 s late before
("informer cache is out of date", tried again with backoff), so that the default's 5 s would leave too little."""
NETS = [str(net) for net in ip_network(CLIENT_NET).subnets()]
"""Each half of the client addresses belongs to one load generator."""
RUNS = 3
REQUESTS = 5000
ATTEMPTS = 4
STARVED_SECONDS = 1.0
"""The load generator itself came so late with a request: then nothing else got its share of the CPU either."""


@pytest.mark.parametrize("tool", ["npm", "yarn", "pnpm"])
def test_a_rolling_update_loses_requests_without_and_none_with_lastcall(
    lastcall: Cluster, namespace: Callable[..., str], tool: str
) -> None:
    """Pods from before the namespace's label lose requests when they are replaced; those after it lose none."""
    spaces = {shell: namespace() for shell in manifests.IMAGES}
    with ThreadPoolExecutor() as pool:
        found = pool.map(partial(rolls, lastcall.api, tool), spaces, spaces.values(), NETS)
        for shell, (without, *with_lastcall) in zip(spaces, found, strict=True):
            assert sum(without.counts.lost.values()) > 0, (shell, without)
            assert len(with_lastcall) == RUNS
            for one in with_lastcall:
                assert one.counts.lost == {}, (shell, one)
                assert one.counts.requests >= REQUESTS
                assert one.exit_codes == [0, 0, 0], (shell, one)


def rolls(api: Api, tool: str, shell: str, space: str, net: str) -> list[Roll]:
    """Roll a Deployment once without lastcall, then RUNS times with it."""
    api.apply(*manifests.demo(space, shell=shell, command=[tool, "start"]))
    until("the app", lambda: rolled_out(api, space, "web"), 240)
    url = f"http://{api.get('Service', 'web', space)['spec']['clusterIP']}/"
    api.apply(manifests.namespace(space, **{manifests.INJECT: PROFILE}))
    with Traffic(url, net) as traffic:
        without = roll(api, space, "web", traffic)
        return [without, *(awake(lambda: roll(api, space, "web", traffic, at_least=REQUESTS)) for _ in range(RUNS))]


def awake(measure: Callable[[], Roll]) -> Roll:
    """Return a measurement; try three times at most, if requests were lost while the load generator lacked CPU."""
    for _ in range(ATTEMPTS):
        found = measure()
        if not found.counts.lost or found.counts.lag < STARVED_SECONDS:
            break
    return found
