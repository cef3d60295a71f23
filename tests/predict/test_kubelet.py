"""What the kubelet does, case by case: seconds from the kubelet's start.

G is the grace period, S a native sleep, D what the app needs after its stop signal.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.predict.pods import JSON, container, http, make, run, sleep, stories, timeline
from webhook.predict import FAILS, IGNORES, Cause

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
    pytest.param(
        6, {}, {"drain": IGNORES}, "SIGTERM 0, killed 6", id="a process that ignores SIGTERM is killed after the grace"
    ),
    pytest.param(0, {}, {"drain": IGNORES}, "SIGTERM 0, killed 2", id="a grace of 0 is 1 to the kubelet, and then 2"),
    pytest.param(1, {}, {"drain": IGNORES}, "SIGTERM 0, killed 2", id="the minimum holds without a hook"),
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


@pytest.mark.parametrize(
    ("more", "containers"),
    [
        pytest.param({"status": {"phase": "Pending"}}, 0, id="an unscheduled Pod is removed without a hook"),
        pytest.param({"status": {"phase": "Succeeded"}}, 0, id="so is one that has finished"),
        pytest.param({"status": {"phase": "Running"}}, 1, id="a running one is not"),
        pytest.param({"status": {"phase": "Pending"}, "spec": {"nodeName": "a"}}, 1, id="nor is one that starts"),
    ],
)
def test_pods_without_running_containers(more: JSON, containers: int) -> None:
    """If no container runs, none is stopped."""
    found = timeline(make(30, container(**sleep(5)), **more))
    assert (len(found.containers), found.gone) == (containers, 10 if containers else 0)


def test_a_shutting_down_node_stops_whatever_is_pending() -> None:
    """Only deletes remove an unscheduled Pod at once; what a node stops runs on it."""
    assert len(timeline(make(30, status={"phase": "Pending"}), Cause.NODE_SHUTDOWN).containers) == 1


def test_exec_hooks_on_windows_fail() -> None:
    """There is no ``sleep`` on Windows, so an exec hook that calls it fails; a native sleep works."""
    windows: JSON = {"spec": {"os": {"name": "windows"}}}
    failed = timeline(make(30, container(**run("sleep", "10")), **windows))
    slept = timeline(make(30, container(**sleep(10)), **windows))
    assert stories(failed) == {"app": "hook 0-0 failed, SIGTERM 0, exited 5"}
    assert stories(slept) == {"app": "hook 0-10 ran, SIGTERM 10, exited 15"}


def test_drain_annotation() -> None:
    """The Pod's own drain-seconds annotation overrides the assumption for all Pods."""
    pod = make(30, annotations={"lastcall.webhook/drain-seconds": "12"})
    assert stories(timeline(pod)) == {"app": "SIGTERM 0, exited 12"}
    assert stories(timeline(pod, drains={"app": 1})) == {"app": "SIGTERM 0, exited 1"}
