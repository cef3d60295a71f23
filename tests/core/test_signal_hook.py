"""The signal hook in the flow: a second call, forged records, what it reads of the Pod, and its settings."""

from __future__ import annotations

from typing import Any

import pytest

from webhook.core.layers import Layer
from webhook.core.mutate import mutate
from webhook.core.pod import read
from webhook.core.settings import InvalidSetting, parse
from webhook.launcher import signal_hook, signal_hook_seconds

SHELL = {"lastcall.webhook/image-shell": "yes"}


def pod(annotations: dict[str, str] | None = None, **container: Any) -> dict[str, Any]:
    return {"metadata": {"annotations": annotations or {}}, "spec": {"containers": [{"name": "web", **container}]}}


def pre_stop(document: dict[str, Any], *layers: Layer) -> tuple[str, dict[str, Any]]:
    """Return the code of the pre-stop decision, and the hook of the result."""
    report = mutate(document, layers)
    code = next(d.reason.code for d in report.decisions if d.mutation == "pre-stop")
    return code, report.after["spec"]["containers"][0].get("lifecycle", {}).get("preStop", {})


def test_a_second_call_leaves_the_hook_and_knows_it() -> None:
    """Reinvocation finds its own hook; the grace period is not raised a second time."""
    first = mutate(pod(SHELL))
    assert first.after["spec"]["terminationGracePeriodSeconds"] == 35
    second = mutate(first.after)
    assert second.operations == ()
    assert "SignalHookAddedBefore" in {decision.reason.code for decision in second.decisions}


def test_a_hook_of_ones_own_of_the_same_form_is_the_users() -> None:
    """Without the record a signal hook in the manifest counts as the user's: it stays, and its sleep is known."""
    lifecycle = {"preStop": {"exec": {"command": signal_hook(10)}}}
    report = mutate(pod(lifecycle=lifecycle))
    assert "HookAlreadySet" in {decision.reason.code for decision in report.decisions}
    assert read(report.after).spec.containers[0].pre_stop_seconds == 10
    assert report.operations == ()


@pytest.mark.parametrize("recorded", ["4", "true", '"5"', '["x"]', "null", "5.5"])
def test_a_forged_record_reaches_nothing(recorded: str) -> None:
    """A record that the hook itself does not agree with leaves the hook the user's."""
    forged = {"lastcall.webhook/status": f'{{"pre-stop": {{"container/web": {recorded}}}}}'}
    code, hook = pre_stop(pod(forged, lifecycle={"preStop": {"exec": {"command": signal_hook(5)}}}))
    assert code == "HookAlreadySet"
    assert hook == {"exec": {"command": signal_hook(5)}}


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        (signal_hook(5), 5),
        (signal_hook(130, "sh"), 130),
        (["/bin/bash", "-c", "the text of another version", "lastcall", "7"], 7),
        (["/bin/sh", "-c", "sleep 7", "other", "7"], None),
        (["/bin/sh", "-c", "x", "lastcall", "-7"], None),
        (["/bin/sh", "-c", "x", "lastcall", "7", "8"], None),
        (["python", "-c", "x", "lastcall", "7"], None),
        ([], None),
    ],
)
def test_a_signal_hook_is_recognised_by_its_form(command: list[str], seconds: int | None) -> None:
    """Its shell, its $0 and its seconds tell; its text may be that of another version."""
    assert signal_hook_seconds(command) == seconds


@pytest.mark.parametrize("place", ["livenessProbe", "readinessProbe", "startupProbe"])
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["sh", "-c", "true"], "SignalHookAdded"),
        (["/usr/bin/bash", "check"], "SignalHookAdded"),
        (["./check.sh"], "SignalHookAdded"),
        (["bin/sh", "-c", "true"], "ShellNotKnown"),
        (["/healthz"], "ShellNotKnown"),
        ([], "ShellNotKnown"),
    ],
)
def test_a_probe_that_runs_a_shell_proves_it(place: str, command: list[str], code: str) -> None:
    """What the kubelet runs in the container proves a shell there, and is the word that starts the hook."""
    found, hook = pre_stop(pod(None, **{place: {"exec": {"command": command}}}))
    assert found == code
    if code == "SignalHookAdded":
        assert hook["exec"]["command"][0] == ("sh" if command[0].endswith(".sh") else command[0])


def test_a_probe_that_is_denied_proves_nothing() -> None:
    """`image-shell: no` is stronger than what the Pod runs."""
    probe = {"exec": {"command": ["sh", "-c", "true"]}}
    assert pre_stop(pod({"lastcall.webhook/image-shell": "no"}, livenessProbe=probe))[0] == "SleepAdded"


def test_no_sleep_is_no_hook() -> None:
    """Without seconds to sleep no hook is added, whatever the shell."""
    assert pre_stop(pod(SHELL), Layer("profile x", {"pre-stop-sleep-seconds": 0})) == ("SleepTurnedOff", {})


@pytest.mark.parametrize(("value", "meaning"), [("on", "on"), ("off", "off"), (True, "on"), (False, "off")])
def test_the_switch_is_read_as_yaml_has_it(value: object, meaning: str) -> None:
    """YAML 1.1 reads a bare on and off as booleans."""
    assert parse("signal-hook", value) == meaning
    with pytest.raises(InvalidSetting, match="on or off"):
        parse("signal-hook", "yes")
