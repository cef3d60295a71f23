"""What a Pod that terminates waits for now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from webhook.predict import Cause, Scenario
from webhook.predict.forecast import forecast
from webhook.report.ending import Ending, ending

SINCE = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
RUNNING: dict[str, Any] = {"running": {}}
ENDED = {"terminated": {"exitCode": 137, "finishedAt": "2026-01-02T12:00:21Z"}}
SPEC = {
    "nodeName": "node-1",
    "terminationGracePeriodSeconds": 30,
    "containers": [
        {"name": "web", "command": ["node", "s.js"], "lifecycle": {"preStop": {"sleep": {"seconds": 15}}}},
        {"name": "plain", "command": ["node", "s.js"]},
    ],
    "initContainers": [{"name": "proxy", "restartPolicy": "Always"}, {"name": "init"}],
}


def found(seconds: float, *, finalizers: list[str] | None = None, node: str = "node-1", **states: Any) -> Ending:
    """Return what a Pod waits for, so many seconds after its delete with 35 s; ``states`` is name -> state."""
    spec = SPEC | {"nodeName": node}
    metadata = {
        "name": "web-0",
        "deletionTimestamp": "2026-01-02T12:00:35Z",
        "deletionGracePeriodSeconds": 35,
        "finalizers": finalizers,
    }
    listed = [{"name": name, "state": state} for name, state in states.items() if name not in ("proxy", "init")]
    sidecars = [{"name": name, "state": states[name]} for name in ("proxy", "init") if name in states]
    status = {"containerStatuses": listed, "initContainerStatuses": sidecars}
    predicted = forecast({"metadata": {}, "spec": spec}, Scenario(cause=Cause.DELETE, cause_seconds=35)).before
    pod = {"metadata": metadata, "spec": spec, "status": status if states else {}}
    result = ending(pod, predicted.containers, SINCE + timedelta(seconds=seconds))
    assert result
    return result


def test_a_pod_that_does_not_terminate() -> None:
    """It waits for nothing."""
    assert ending({"metadata": {"name": "web"}, "spec": SPEC}, (), SINCE) is None


def test_times() -> None:
    """The delete is the grace period before the deletionTimestamp."""
    result = found(5, web=RUNNING)
    assert (result.since, result.limit) == (SINCE, SINCE + timedelta(seconds=35))


STATES = [
    pytest.param(
        5, "web", RUNNING, "runs its preStop hook; SIGTERM follows at 12:00:15, as predicted", id="in its hook"
    ),
    pytest.param(16, "web", RUNNING, "runs; SIGTERM came at 12:00:15, as predicted", id="after its hook"),
    pytest.param(1, "plain", RUNNING, "runs; SIGTERM came at 12:00:00, as predicted", id="without a hook"),
    pytest.param(
        1,
        "proxy",
        RUNNING,
        "runs until the app containers have ended; SIGTERM follows at 12:00:20, as predicted",
        id="a native sidecar",
    ),
    pytest.param(22, "web", ENDED, "ended at 12:00:21 with exit code 137", id="ended"),
    pytest.param(22, "web", {"terminated": {"exitCode": 0}}, "ended with exit code 0", id="ended, without a time"),
    pytest.param(1, "web", {"waiting": {"reason": "ImagePullBackOff"}}, "does not run", id="not started"),
    pytest.param(1, "debugger", RUNNING, "runs", id="not predicted"),
]


@pytest.mark.parametrize(("seconds", "name", "state", "words"), STATES)
def test_containers(seconds: float, name: str, state: Any, words: str) -> None:
    """Each container says what it does, with clock times."""
    assert found(seconds, **{name: state}).containers == (f"container/{name} {words}",)


def test_an_init_container_does_not_count() -> None:
    """Only sidecars are among the containers that a Pod waits for."""
    assert found(5, web=RUNNING, init=ENDED).waits_for == "web to end"
    assert len(found(5, web=RUNNING, init=ENDED).containers) == 1


WAITS = [
    pytest.param(5, {"web": RUNNING, "proxy": RUNNING}, [], "web, proxy to end", id="containers"),
    pytest.param(5, {"web": RUNNING}, ["a/b", "c/d"], "web to end, then the removal of finalizer a/b, c/d", id="both"),
    pytest.param(
        5,
        {"web": ENDED},
        ["a/b"],
        "the removal of finalizer a/b. The controller that set it removes it; look at its log",
        id="a finalizer",
    ),
    pytest.param(
        65,
        {"web": RUNNING},
        ["a/b"],
        "the kubelet of node node-1: it should have killed web 30 s ago. "
        "Look at the node: kubectl describe node node-1",
        id="a node that does not answer",
    ),
    pytest.param(
        22,
        {"web": ENDED},
        [],
        "the kubelet of node node-1: it unmounts volumes and removes the network, then the Pod is gone",
        id="the kubelet",
    ),
]


@pytest.mark.parametrize(("seconds", "states", "finalizers", "words"), WAITS)
def test_what_it_waits_for(seconds: float, states: dict[str, Any], finalizers: list[str], words: str) -> None:
    """First the containers, then the finalizers, then the kubelet; long after its grace period, the node."""
    assert found(seconds, finalizers=finalizers, **states).waits_for == words


def test_a_pod_that_was_never_scheduled() -> None:
    """It has no status and no node."""
    result = found(1, node="")
    assert result.waits_for == "the API server: it was never on a node"
    assert result.containers == ()
