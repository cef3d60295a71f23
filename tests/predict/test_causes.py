"""What ends a Pod leaves it so many seconds; the words are those of test_kubelet.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.predict.pods import container, make, sidecar, sleep, stories, timeline
from webhook.predict import IGNORES, Cause, Unpredictable

if TYPE_CHECKING:
    from webhook.core.pod import Pod

CAUSES = [
    pytest.param(
        make(45, container(**sleep(15))),
        {"cause_seconds": 5},
        "hook 0-5 cut, SIGTERM 5, killed 7",
        id="kubectl delete --grace-period=5 shortens the hook too",
    ),
    pytest.param(
        make(10, container()),
        {"cause_seconds": 60, "drain": IGNORES},
        "SIGTERM 0, killed 60",
        id="a delete may give more than the Pod asks for",
    ),
    pytest.param(
        make(10, container()),
        {"cause_seconds": 0, "drain": IGNORES},
        "SIGTERM 0, killed 10",
        id="for the kubelet a forced delete sets no seconds",
    ),
    pytest.param(
        make(10, container()),
        {"cause_seconds": -1, "drain": IGNORES},
        "SIGTERM 0, killed 2",
        id="negative seconds are 1, and then 2",
    ),
    pytest.param(
        make(900, container(**sleep(15))),
        {"cause": Cause.DRAIN, "cause_seconds": 300, "drain": IGNORES},
        "hook 0-15 ran, SIGTERM 15, killed 300",
        id="a drain with a limit of its own shortens the grace",
    ),
    pytest.param(
        make(10, container()),
        {"cause": Cause.DRAIN, "cause_seconds": -1, "drain": IGNORES},
        "SIGTERM 0, killed 10",
        id="kubectl drain --grace-period=-1 means the Pod's own",
    ),
    pytest.param(
        make(10, container()),
        {"cause": Cause.DRAIN, "cause_seconds": 300, "drain": IGNORES},
        "SIGTERM 0, killed 10",
        id="a drain never lengthens the grace",
    ),
    pytest.param(
        make(30, container(**sleep(10), livenessProbe={"terminationGracePeriodSeconds": 5})),
        {"cause": Cause.LIVENESS},
        "hook 0-5 cut, SIGTERM 5, killed 7",
        id="the probe's own grace counts when it kills",
    ),
    pytest.param(
        make(30, container(**sleep(10), livenessProbe={"httpGet": {"port": 80}})),
        {"cause": Cause.LIVENESS, "kubelet": (1, 25), "drain": IGNORES},
        "hook 0-0 not run, SIGTERM 0, killed 30",
        id="without one the Pod's grace counts",
    ),
    pytest.param(
        make(45, container(**sleep(15))),
        {"cause": Cause.NODE_SHUTDOWN, "drain": 10},
        "hook 0-15 ran, SIGTERM 15, killed 20",
        id="a node that shuts down has its own budget",
    ),
    pytest.param(
        make(45, container(**sleep(15))),
        {"cause": Cause.SPOT},
        "hook 0-15 ran, SIGTERM 15, killed 17",
        id="the notice of a GKE spot node is all sleep and no drain",
    ),
    pytest.param(
        make(45, container(**sleep(15))),
        {"cause": Cause.HARD_EVICTION},
        "hook 0-1 cut, SIGTERM 1, killed 3",
        id="a hard eviction leaves 1 s, then 2 s",
    ),
    pytest.param(
        make(45, container(**sleep(15))),
        {"cause": Cause.SOFT_EVICTION, "cause_seconds": 20, "drain": IGNORES},
        "hook 0-15 ran, SIGTERM 15, killed 20",
        id="a soft eviction has the kubelet's maximum",
    ),
    pytest.param(
        make(45, container(**sleep(15))),
        {"cause": Cause.SOFT_EVICTION, "cause_seconds": -1},
        "hook 0-1 cut, SIGTERM 1, killed 3",
        id="a negative maximum kills at once",
    ),
]


@pytest.mark.parametrize(("pod", "assumed", "expected"), CAUSES)
def test_cause(pod: Pod, assumed: dict[str, Any], expected: str) -> None:
    """Every cause leaves the Pod its own number of seconds."""
    assert stories(timeline(pod, **assumed)) == {"app": expected}


def test_completion() -> None:
    """When a Job's app has ended, its native sidecar's sleep delays the Job's completion by its whole length."""
    job = make(30, init=(sidecar(**sleep(15)),))
    found = timeline(job, Cause.COMPLETION, drain=1, kubelet=(1, 30))
    assert stories(found) == {"sidecar": "hook 0-15 ran, SIGTERM 15, exited 16"}


def test_liveness_stops_one_container() -> None:
    """A liveness kill stops the container whose probe it is, and waits for no other container."""
    pod = make(30, container(), init=(sidecar(livenessProbe={"httpGet": {"port": 80}}),))
    assert stories(timeline(pod, Cause.LIVENESS)) == {"sidecar": "SIGTERM 0, exited 5"}
    pod = make(30, container(livenessProbe={"httpGet": {"port": 80}}), init=(sidecar(),))
    assert stories(timeline(pod, Cause.LIVENESS)) == {"app": "SIGTERM 0, exited 5"}


@pytest.mark.parametrize(
    ("pod", "cause", "why"),
    [
        pytest.param(make(30), Cause.LIVENESS, "no container has a liveness probe", id="no probe"),
        pytest.param(
            make(30, container(livenessProbe={})), Cause.LIVENESS, "no container has a liveness", id="an empty probe"
        ),
        pytest.param(make(30), Cause.COMPLETION, "no native sidecar", id="no sidecar to stop"),
        pytest.param(
            make(30, annotations={"kubernetes.io/config.mirror": "x"}), Cause.DELETE, "static Pod", id="mirror Pod"
        ),
    ],
)
def test_cause_that_does_not_apply(pod: Pod, cause: Cause, why: str) -> None:
    """A cause that does not apply to the Pod is refused with the reason."""
    with pytest.raises(Unpredictable, match=why):
        timeline(pod, cause)
