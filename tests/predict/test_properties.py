"""What is true for the end of every Pod, with every cause, on every kubelet."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.strategies import JSON, PODS
from webhook.core.pod import Malformed, read
from webhook.core.settings import resolve
from webhook.predict import IGNORES, Cause, End, HookOutcome, Role, Scenario, Timeline, Unpredictable, predict
from webhook.predict.forecast import forecast

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no failure."""
SCENARIOS = st.builds(
    Scenario,
    cause=st.sampled_from(Cause),
    cause_seconds=st.none() | st.integers(-1, 900),
    kubelet=st.tuples(st.just(1), st.integers(20, 40)),
    propagation=st.integers(0, 130).map(float),
    drain=st.floats(0, 100) | st.just(IGNORES),
    unknown_hook=st.floats(0, 100),
    kubelet_restart=st.none() | st.floats(0, 60),
)


def timeline(document: dict[str, Any], scenario: Scenario) -> Timeline | None:
    """Predict; None where the cause does not apply, which is the only way not to answer."""
    try:
        pod = read(document)
        return predict(pod, scenario, resolve((), pod.annotations))
    except Unpredictable:
        return None


def doubles(scenario: Scenario) -> bool:
    return (1, 22) <= scenario.kubelet <= (1, 27)


@SLOW
@given(PODS, SCENARIOS)
def test_the_events_of_a_container_are_in_order(document: dict[str, Any], scenario: Scenario) -> None:
    """Hook, signal and end follow each other; SIGKILL comes 2 s after the signal or later, and ends what is left.

    (Kubelets 1.22 to 1.27 give the whole grace after the hook, even if that is 1 s.)
    """
    found = timeline(document, scenario)
    for container in found.containers if found else ():
        assert container.signal_at is not None
        assert container.kill_at is not None
        hook = container.hook.end if container.hook else container.started
        assert container.started <= hook <= container.signal_at <= container.end <= container.kill_at
        least = min(2, container.grace if doubles(scenario) else 2)
        assert container.kill_at - container.signal_at >= least - 1e-9  # sums of floats
        assert (container.ended_by is End.KILLED) <= (container.end == container.kill_at)


@SLOW
@given(PODS, SCENARIOS)
def test_the_grace_is_a_bound(document: dict[str, Any], scenario: Scenario) -> None:
    """No container outlives the start by more than its grace and 3 s, but on kubelets that gave the grace twice."""
    found = timeline(document, scenario)
    for container in found.containers if found else ():
        assert container.end - container.started <= container.grace * (1 + doubles(scenario)) + 3


@SLOW
@given(PODS, st.integers(0, 130).map(float), st.floats(0, 100))
def test_native_sidecars_outlive_the_apps(document: dict[str, Any], propagation: float, drain: float) -> None:
    """A native sidecar that is signalled before the last app has ended is one whose grace was over."""
    found = timeline(document, Scenario(propagation=propagation, drain=drain))
    containers = found.containers if found else ()
    last = max((container.end for container in containers if container.role is Role.APP), default=0)
    for container in containers:
        if container.role is Role.NATIVE_SIDECAR and container.signal_at is not None and container.signal_at < last:
            assert container.signal_at >= container.grace


@SLOW
@given(PODS)
def test_lastcall_never_makes_a_good_end_bad(document: dict[str, Any]) -> None:
    """What loses nothing as written loses nothing with lastcall, and no hook that ran is cut."""
    found = forecast(document, Scenario())
    assert found.after.loses <= found.before.loses
    cut = {
        container.name
        for container in found.after.containers
        if container.hook and container.hook.outcome is HookOutcome.CUT
    }
    assert cut <= {
        container.name
        for container in found.before.containers
        if container.hook and container.hook.outcome is HookOutcome.CUT
    }


@SLOW
@given(PODS, JSON, JSON, SCENARIOS)
def test_odd_pods_are_no_crash(document: dict[str, Any], odd: Any, other: Any, scenario: Scenario) -> None:
    """With any value in the fields that no view has checked, there is an answer or an error message."""
    document["status"], document["spec"]["nodeName"] = odd, other
    document["spec"]["containers"][0] |= {"livenessProbe": odd, "lifecycle": {"stopSignal": other}}
    try:
        said = forecast(document, scenario).before.sentence
    except (Malformed, Unpredictable) as reason:
        said = str(reason)
    assert said
