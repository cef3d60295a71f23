"""What the kubelet does, case by case: seconds from the kubelet's start.

G is the grace period, S a native sleep, D what the app needs after its stop signal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.predict.pods import JSON, container, http, make, run, sidecar, sleep, stories, timeline
from webhook.predict import FAILS, IGNORES, Cause, Unpredictable

if TYPE_CHECKING:
    from webhook.core.pod import Pod

ONE = [
    pytest.param(30, sleep(10), {}, "hook 0-10 ran, SIGTERM 10, exited 15", id="the hook comes before SIGTERM"),
    pytest.param(
        30, sleep(10), {"drain": IGNORES}, "hook 0-10 ran, SIGTERM 10, killed 30", id="the hook counts into the grace"
    ),
    pytest.param(
        30, sleep(30), {"drain": IGNORES}, "hook 0-30 ran, SIGTERM 30, killed 32", id="2 s are left after a full hook"
    ),
    pytest.param(
        6, sleep(6), {"drain": IGNORES}, "hook 0-6 ran, SIGTERM 6, killed 8", id="2 s are left after a short hook too"
    ),
    pytest.param(15, sleep(15), {}, "hook 0-15 ran, SIGTERM 15, killed 17", id="a drain of 5 s does not fit into 2 s"),
    pytest.param(15, sleep(10), {}, "hook 0-10 ran, SIGTERM 10, exited 15", id="a drain that just fits is not killed"),
    pytest.param(
        30,
        run("sleep", "60"),
        {"drain": IGNORES},
        "hook 0-30 cut, SIGTERM 30, killed 32",
        id="a hook that overruns is cut",
    ),
    pytest.param(
        30,
        run("no-such-program"),
        {"hooks": {"app": FAILS}},
        "hook 0-0 failed, SIGTERM 0, exited 5",
        id="a hook that fails takes no time",
    ),
    pytest.param(
        30, run("./drain.sh"), {"hooks": {"app": 7}}, "hook 0-7 ran, SIGTERM 7, exited 12", id="a hook's length is told"
    ),
    pytest.param(30, http(), {}, "hook 0-5 ran, SIGTERM 5, exited 10", id="an unknown hook is taken to last 5 s"),
    pytest.param(
        30,
        run("./drain.sh"),
        {"hooks": {"app": 2.5}, "drain": IGNORES},
        "hook 0-2.5 ran, SIGTERM 2.5, killed 30.5",
        id="the seconds of a hook are cut down to whole ones before they are taken off",
    ),
    pytest.param(30, {}, {}, "SIGTERM 0, exited 5", id="no hook, no delay"),
    pytest.param(6, {}, {"drain": IGNORES}, "SIGTERM 0, killed 6", id="who ignores SIGTERM is killed after the grace"),
    pytest.param(0, {}, {"drain": IGNORES}, "SIGTERM 0, killed 2", id="a grace of 0 is 1 to the kubelet, and then 2"),
    pytest.param(1, {}, {"drain": IGNORES}, "SIGTERM 0, killed 2", id="the floor holds without a hook"),
    pytest.param(
        30,
        sleep(20),
        {"exits": {"app": 3}},
        "hook 0-20 ran, by itself 3",
        id="a native sleep goes on after its container has ended",
    ),
    pytest.param(
        30,
        run("sleep", "20"),
        {"exits": {"app": 3}},
        "hook 0-3 failed, by itself 3",
        id="an exec hook ends with its container",
    ),
    pytest.param(
        30,
        sleep(10),
        {"exits": {"app": 12}},
        "hook 0-10 ran, SIGTERM 10, exited 15",
        id="an exit after the signal is the drain's business",
    ),
    pytest.param(
        30,
        run("sleep", "10"),
        {"kubelet": (1, 25), "drain": IGNORES},
        "hook 0-10 ran, SIGTERM 10, killed 40",
        id="kubelets 1.22 to 1.27 gave the whole grace again after the hook",
    ),
    pytest.param(
        30,
        run("sleep", "10"),
        {"kubelet": (1, 28), "drain": IGNORES},
        "hook 0-10 ran, SIGTERM 10, killed 30",
        id="kubelet 1.28 does not",
    ),
    pytest.param(
        30, sleep(10), {"kubelet": (1, 29)}, "hook 0-0 not run, SIGTERM 0, exited 5", id="1.29 does not run a sleep"
    ),
    pytest.param(
        30,
        sleep(5),
        {"stop_signals": {"app": "SIGQUIT"}},
        "hook 0-5 ran, SIGQUIT 5, exited 10",
        id="the image's STOPSIGNAL is sent",
    ),
    pytest.param(
        30,
        {"lifecycle": {"stopSignal": "SIGUSR1"}},
        {"stop_signals": {"app": "SIGQUIT"}, "kubelet": (1, 37)},
        "SIGUSR1 0, exited 5",
        id="the Pod's stopSignal wins from 1.37 on",
    ),
    pytest.param(
        30, {"lifecycle": {"stopSignal": "SIGUSR1"}}, {}, "SIGTERM 0, exited 5", id="1.34 drops the Pod's stopSignal"
    ),
    pytest.param(
        30,
        sleep(5),
        {"kubelet_restart": 4, "drain": IGNORES},
        "hook 4-9 ran, SIGTERM 9, killed 34",
        id="a kubelet that restarts starts over with the whole grace",
    ),
    pytest.param(
        30, {}, {"kubelet_restart": 4}, "SIGTERM 0, exited 5", id="... but not for a process that drains already"
    ),
]


@pytest.mark.parametrize(("grace", "fields", "assumed", "expected"), ONE)
def test_one_container(grace: int, fields: JSON, assumed: dict[str, Any], expected: str) -> None:
    """A container goes through hook, signal and end as the kubelet's own code has it."""
    assert stories(timeline(make(grace, container(**fields)), **assumed)) == {"app": expected}


TWO = [
    pytest.param(
        make(30, container(**sleep(10)), container("proxy")),
        {"drains": {"proxy": 1}},
        {"app": "hook 0-10 ran, SIGTERM 10, exited 15", "proxy": "SIGTERM 0, exited 1"},
        id="a classic sidecar without a hook dies first",
    ),
    pytest.param(
        make(30, container(**sleep(10)), init=(sidecar(),)),
        {"drains": {"sidecar": 1}},
        {"app": "hook 0-10 ran, SIGTERM 10, exited 15", "sidecar": "SIGTERM 15, exited 16"},
        id="a native sidecar stops after the app",
    ),
    pytest.param(
        make(30, container(**sleep(10)), init=(sidecar(),)),
        {"drain": IGNORES},
        {"app": "hook 0-10 ran, SIGTERM 10, killed 30", "sidecar": "SIGTERM 30, killed 32"},
        id="a native sidecar whose turn never comes gets 2 s",
    ),
    pytest.param(
        make(30, container(**sleep(4)), init=(sidecar(**sleep(4)),)),
        {"drain": 3},
        {"app": "hook 0-4 ran, SIGTERM 4, exited 7", "sidecar": "hook 0-4 ran, SIGTERM 7, exited 10"},
        id="a native sidecar's hook runs from the start, beside the app's",
    ),
    pytest.param(
        make(6, container(**sleep(6)), init=(sidecar(),)),
        {"drains": {"app": 1, "sidecar": IGNORES}},
        {"app": "hook 0-6 ran, SIGTERM 6, exited 7", "sidecar": "SIGTERM 6, killed 8"},
        id="the order is lost when the hook eats the grace",
    ),
    pytest.param(
        make(30, init=(sidecar("first"), sidecar("second"))),
        {"drain": 3},
        {"app": "SIGTERM 0, exited 3", "first": "SIGTERM 6, exited 9", "second": "SIGTERM 3, exited 6"},
        id="native sidecars stop in reverse order",
    ),
    pytest.param(
        make(30, init=({"name": "migrate", "command": ["./migrate"]}, sidecar())),
        {"drain": 3},
        {"app": "SIGTERM 0, exited 3", "sidecar": "SIGTERM 3, exited 6"},
        id="a plain init container is long gone",
    ),
    pytest.param(
        make(30, init=(sidecar(**sleep(30)),)),
        {"drain": 3},
        {"app": "SIGTERM 0, exited 3", "sidecar": "hook 0-30 ran, SIGTERM 30, killed 32"},
        id="a sidecar's own hook may eat the grace",
    ),
    pytest.param(
        make(30, container(**sleep(20)), init=(sidecar(),)),
        {"exits": {"app": 3}, "drain": 1},
        {"app": "hook 0-20 ran, by itself 3", "sidecar": "SIGTERM 20, exited 21"},
        id="a sidecar waits for the sleep of an app that has ended",
    ),
    pytest.param(
        make(30, init=(sidecar(),)),
        {"kubelet": (1, 28)},
        {"app": "SIGTERM 0, exited 5", "sidecar": "SIGTERM 0, exited 5"},
        id="kubelet 1.28 knows no order",
    ),
    pytest.param(
        make(30, init=(sidecar(),)),
        {"exits": {"sidecar": 3}},
        {"app": "SIGTERM 0, exited 5", "sidecar": "by itself 3"},
        id="a sidecar may exit while it waits for its turn",
    ),
]


@pytest.mark.parametrize(("pod", "assumed", "expected"), TWO)
def test_several_containers(pod: Pod, assumed: dict[str, Any], expected: dict[str, str]) -> None:
    """Containers stop side by side, native sidecars after the apps and in reverse order."""
    assert stories(timeline(pod, **assumed)) == expected


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
        id="to the kubelet a forced delete is one that says no seconds",
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
    """A liveness kill stops the container whose probe it is, and waits for nobody's turn."""
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
    """A cause that cannot meet the Pod is refused with the reason."""
    with pytest.raises(Unpredictable, match=why):
        timeline(pod, cause)


@pytest.mark.parametrize(
    ("more", "lanes"),
    [
        pytest.param({"status": {"phase": "Pending"}}, 0, id="an unscheduled Pod is removed without a hook"),
        pytest.param({"status": {"phase": "Succeeded"}}, 0, id="so is one that has finished"),
        pytest.param({"status": {"phase": "Running"}}, 1, id="a running one is not"),
        pytest.param({"status": {"phase": "Pending"}, "spec": {"nodeName": "a"}}, 1, id="nor is one that starts"),
    ],
)
def test_pods_without_running_containers(more: JSON, lanes: int) -> None:
    """Where nothing runs nothing is stopped."""
    found = timeline(make(30, container(**sleep(5)), **more))
    assert (len(found.lanes), found.gone) == (lanes, 10 if lanes else 0)


def test_a_shutting_down_node_stops_whatever_is_pending() -> None:
    """Only deletes remove an unscheduled Pod at once; what a node stops runs on it."""
    assert len(timeline(make(30, status={"phase": "Pending"}), Cause.NODE_SHUTDOWN).lanes) == 1


def test_exec_hooks_on_windows_fail() -> None:
    """There is no ``sleep`` on Windows, so an exec hook that calls it fails; a native sleep works."""
    windows: JSON = {"spec": {"os": {"name": "windows"}}}
    failed = timeline(make(30, container(**run("sleep", "10")), **windows))
    slept = timeline(make(30, container(**sleep(10)), **windows))
    assert stories(failed) == {"app": "hook 0-0 failed, SIGTERM 0, exited 5"}
    assert stories(slept) == {"app": "hook 0-10 ran, SIGTERM 10, exited 15"}


def test_drain_annotation() -> None:
    """The Pod's own drain-seconds annotation is believed before the assumption for all Pods."""
    pod = make(30, annotations={"lastcall.webhook/drain-seconds": "12"})
    assert stories(timeline(pod)) == {"app": "SIGTERM 0, exited 12"}
    assert stories(timeline(pod, drains={"app": 1})) == {"app": "SIGTERM 0, exited 1"}
