"""What must hold for every Pod, not only for those that someone thought of."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
from hypothesis import given, settings

from tests.support.strategies import PODS
from webhook import launcher
from webhook.core.decision import Outcome
from webhook.core.layers import Layer
from webhook.core.mutate import REASONS, mutate
from webhook.core.patch import apply
from webhook.core.pod import read
from webhook.core.room import fits
from webhook.core.rules import violations
from webhook.core.settings import Resolved, resolve
from webhook.core.status import own_grace_seconds, with_recorded

settings.register_profile("lastcall", deadline=None, max_examples=100)
settings.load_profile("lastcall")

LAYERS = (Layer.of_profile("default", {"pre-stop-sleep-seconds": 5}),)
DECLARED = ("command", "args", "lifecycle")
"""The fields of a container that a patch may touch."""


def grace(pod: dict[str, Any]) -> int:
    seconds = pod["spec"].get("terminationGracePeriodSeconds")
    return 30 if seconds is None else int(seconds)


def without_ours(pod: dict[str, Any]) -> dict[str, Any]:
    """Return the Pod without the fields that a patch may touch."""
    pod = copy.deepcopy(pod)
    pod["spec"].pop("terminationGracePeriodSeconds", None)
    metadata = pod["metadata"] = pod["metadata"] or {}
    metadata["annotations"] = metadata.get("annotations") or {}
    metadata["annotations"].pop("lastcall.webhook/status", None)
    for container in pod["spec"]["containers"] + (pod["spec"].get("initContainers") or []):
        for field in DECLARED:
            container.pop(field, None)
    return pod


@given(PODS)
def test_the_patch_applies_strictly(pod: dict[str, Any]) -> None:
    """The operations make of the Pod what the report says, with our own strict apply and with jsonpatch."""
    report = mutate(pod, LAYERS)
    assert apply(pod, report.operations) == report.after
    assert jsonpatch.apply_patch(pod, list(report.operations)) == report.after
    assert {operation["op"] for operation in report.operations} <= {"add", "replace"}


@given(PODS)
def test_the_input_is_not_changed(pod: dict[str, Any]) -> None:
    """Deciding changes nothing in the Pod that came."""
    before = copy.deepcopy(pod)
    mutate(pod, LAYERS)
    assert pod == before


@given(PODS)
def test_a_second_round_changes_nothing(pod: dict[str, Any]) -> None:
    """A Pod that was patched once is never patched again."""
    assert mutate(mutate(pod, LAYERS).after, LAYERS).operations == ()


@given(PODS)
def test_the_grace_period_is_never_lowered(pod: dict[str, Any]) -> None:
    """No Pod gets less time than it had."""
    assert grace(dict(mutate(pod, LAYERS).after)) >= grace(pod)


@given(PODS)
def test_no_hook_and_no_word_of_a_command_is_lost(pod: dict[str, Any]) -> None:
    """Own hooks stay, and a command is its own words with at most one launcher among them."""
    after = mutate(pod, LAYERS).after
    pairs = [
        (a, b)
        for field in ("containers", "initContainers")
        for a, b in zip(pod["spec"].get(field) or [], after["spec"].get(field) or [], strict=True)
    ]
    texts = {launcher.text(mode) for mode in launcher.MODES}
    for old, new in pairs:
        hook = (old.get("lifecycle") or {}).get("preStop")
        assert not hook or new["lifecycle"]["preStop"] == hook
        assert (old.get("lifecycle") or {}).get("postStart") == (new.get("lifecycle") or {}).get("postStart")
        for field in ("command", "args"):
            words, now = old.get(field) or [], new.get(field) or []
            if now != words:
                at = next(i for i, word in enumerate(now) if word in texts)
                assert now[at - 2].rpartition("/")[2] in launcher.SHELLS
                assert now[at - 1 : at + 2] == ["-c", now[at], "lastcall"]
                assert now[: at - 2] + now[at + 2 :] == words


@given(PODS)
def test_only_declared_fields_change(pod: dict[str, Any]) -> None:
    """What no mutation speaks of survives to the letter, known to us or not."""
    assert without_ours(dict(mutate(pod, LAYERS).after)) == without_ours(pod)


@given(PODS)
def test_a_patched_pod_passes_the_rules(pod: dict[str, Any]) -> None:
    """No patch adds a violation that the Pod did not bring along."""
    report = mutate(pod, LAYERS)
    assert violations(read(report.after)) <= violations(read(pod))


@given(PODS)
def test_a_refusal_is_whole(pod: dict[str, Any]) -> None:
    """Where anything is refused, nothing is patched."""
    report = mutate(pod, LAYERS)
    outcomes = {decision.outcome for decision in report.decisions}
    assert not ({Outcome.REFUSED, Outcome.PATCHED} <= outcomes)
    assert bool(report.operations) == (Outcome.PATCHED in outcomes)


@given(PODS)
def test_every_decision_explains_itself(pod: dict[str, Any]) -> None:
    """There is always a decision, it has a listed reason, and its sentence has no gaps."""
    report = mutate(pod, LAYERS)
    assert report.decisions
    for decision in report.decisions:
        assert REASONS[decision.reason.code] is decision.reason
        assert decision.mutation
        assert "{" not in decision.message.replace("{}", "")


@given(PODS)
def test_an_added_sleep_is_no_shorter_than_a_hook_that_there_is_room_for(pod: dict[str, Any]) -> None:
    """No container whose hook is added ends before one with a hook of its own asks it to, unless nothing would fit."""
    after = read(mutate(pod, LAYERS).after)
    known = max(container.pre_stop_seconds or 0 for _, container in after.containers())
    for (_, old), (_, new) in zip(read(pod).containers(), after.containers(), strict=True):
        if new.pre_stop and not old.pre_stop:
            assert new.pre_stop_seconds == known or not fits(with_recorded(read(pod)), known, resolved(pod).settings)


@given(PODS)
def test_at_least_half_of_the_own_grace_is_left_for_the_drain(pod: dict[str, Any]) -> None:
    """Behind a sleep that is added the process has the whole of the Pod's own grace, what was annotated, or half."""
    before, after = with_recorded(read(pod)), read(mutate(pod, LAYERS).after)
    drain = resolved(pod).settings.drain_seconds
    for (_, old), (_, new) in zip(before.containers(), after.containers(), strict=True):
        if new.pre_stop and not old.pre_stop:
            left = after.grace_seconds - (new.pre_stop_seconds or 0)
            whole = own_grace_seconds(before) if drain is None else drain
            at_maximum = before.grace_seconds >= resolved(pod).settings.max_grace_seconds
            assert left >= whole or (at_maximum and 2 * left >= whole)


def resolved(pod: dict[str, Any]) -> Resolved:
    return resolve(LAYERS, read(pod).annotations)
