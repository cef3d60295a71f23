"""No creation of a Pod fails while leaf and CA rotate, controllers are killed and a replica is restarted.

The default run is long enough for the counts it asserts; ROTATION_SECONDS=300 makes it five minutes.
"""

from __future__ import annotations

import base64
import os
import random
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from certs.authority import Authority, service_names
from tests.cluster.replica import NAME, RATE, Stream
from tests.cluster.rotation import Rig, running_rig
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cluster.existing import Cluster

pytestmark = pytest.mark.cluster
SECONDS = float(os.environ.get("ROTATION_SECONDS", "205"))
LIFETIMES = ("--leaf-lifetime=30s", "--ca-lifetime=75s", "--soak=2s", "--lease-seconds=2")
PROPAGATION_SECONDS = 4.0
"""Until kube-proxy has certainly followed an EndpointSlice."""


@pytest.fixture
def rotating(cluster: Cluster, namespace: Callable[..., str], tmp_path: Path) -> Iterator[tuple[Rig, str]]:
    """Give the rig and the namespace whose Pods its webhook matches."""
    if not cluster.is_lab:
        pytest.skip("replicas and controller run beside the lab's API server")
    pods = namespace()
    with running_rig(cluster.api, tmp_path, pods) as rig:
        yield rig, pods


@pytest.mark.timeout(SECONDS + 180)
def test_no_creation_fails_while_leaf_and_ca_rotate(rotating: tuple[Rig, str]) -> None:
    """10 leaf, 3 CA rotations under Fail; controller killed at random, a replica restarted: 0 failed, 0 unpatched."""
    rig, pods = rotating
    rig.start_controller(*LIFETIMES)
    for replica in rig.replicas:
        replica.run()
    stream, end = Stream(rig.api, pods), time.monotonic() + SECONDS
    until("a patched Pod", lambda: _works(rig, pods), 30)
    flow = threading.Thread(target=stream.flow, args=(lambda: time.monotonic() > end,))
    flow.start()
    _disturb(rig, end)
    flow.join()
    leaves = rig.leaves()
    generations = {leaf.authority_id for leaf in leaves}
    assert (stream.failed[:3], stream.unpatched) == ([], 0)
    assert stream.created > 0.8 * RATE * SECONDS
    assert len(leaves) > 10
    assert len(generations) > 3


def test_replacing_ca_and_leaf_together_fails_creations(rotating: tuple[Rig, str]) -> None:
    """The negative control: a controller that replaces CA and leaf together makes creations fail."""
    rig, pods = rotating
    _replace_everything(rig)
    for replica in rig.replicas:
        replica.run()
    until("a patched Pod", lambda: _works(rig, pods), 30)
    end = time.monotonic() + 25
    stream = Stream(rig.api, pods)
    flow = threading.Thread(target=stream.flow, args=(lambda: time.monotonic() > end,))
    flow.start()
    while flow.is_alive():
        flow.join(8)
        _replace_everything(rig)
    assert any("x509" in failure for failure in stream.failed)


def _works(rig: Rig, pods: str) -> bool:
    trial = Stream(rig.api, pods)
    trial.create(0)
    return not trial.failed and not trial.unpatched


def _disturb(rig: Rig, end: float) -> None:
    """Kill each controller some seconds after its start, and start the next; restart one replica once."""
    chance, restarted = random.Random(6), False
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, chance.uniform(5, 15)))
        rig.kill_controller()
        time.sleep(chance.uniform(0, 2))
        rig.start_controller(*LIFETIMES)
        until("the controller", lambda: rig.starts() == len(rig.controllers), 60)
        if not restarted and left < SECONDS / 2:
            rig.replicas[1].restart(PROPAGATION_SECONDS)
            restarted = True
    assert restarted


def _replace_everything(rig: Rig) -> None:
    """Write a new CA and a new leaf into Secret and configuration, as a cron job would."""
    now = datetime.now(UTC)
    authority = Authority.create("naive", now, timedelta(hours=1))
    leaf = authority.issue(service_names(NAME, NAME), now, timedelta(hours=1))
    files = {"tls.crt": leaf.chain_pem, "tls.key": leaf.key_pem, "ca.crt": authority.certificate_pem}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "lastcall-tls", "namespace": NAME},
        "data": {name: base64.b64encode(content).decode() for name, content in files.items()},
    }
    rig.api.apply(secret)
    rig.overwrite(authority.certificate_pem)
