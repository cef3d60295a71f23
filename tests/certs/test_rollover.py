"""Each after and the step that follows from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certs.state import Certificate, Generation, Observed, Phase, Serving
from certs.steps import Begin, Issue, Mirror, Policy, Publish, Record, Wait
from tests.certs.world import (
    DAY,
    FOREIGN,
    MINUTE,
    NEW,
    NOW,
    OLD,
    POLICY,
    TWO,
    ca,
    leaf,
    ledger,
    live,
    state,
    step,
    with_leaf,
    with_ledger,
)

if TYPE_CHECKING:
    from datetime import timedelta

KEYLESS = replace(TWO, has_key=False)
ENDED = Generation(ca(1, age=400 * DAY), has_key=True, longest_leaf=30 * DAY)
UNBORN = replace(TWO, certificate=replace(NEW, not_before=NOW + DAY))
AGED = Generation(ca(2, age=244 * DAY), has_key=True, longest_leaf=30 * DAY)


@pytest.mark.parametrize(
    ("observed", "why"),
    [
        pytest.param(Observed(None, None, None), "missing", id="nothing exists"),
        pytest.param(with_leaf(state(), leaf(NEW), revision=8), "older than", id="the ledger is older than the Secret"),
        pytest.param(state(configuration=live((NEW,), revision=8)), "older than", id="older than the configuration"),
        pytest.param(with_ledger(state(), generations=(KEYLESS,)), "cannot sign", id="the CA lost its key"),
        pytest.param(with_ledger(state(), generations=(ENDED,)), "cannot sign", id="the CA has expired"),
        pytest.param(with_ledger(state(), generations=(UNBORN,)), "cannot sign", id="the CA is not valid yet"),
        pytest.param(with_ledger(state(), rotate=True), "was requested", id="a new CA was requested"),
        pytest.param(with_ledger(state(), generations=(AGED,)), "due for renewal", id="the CA is due"),
    ],
)
def test_a_new_ca_begins_when(observed: Observed, why: str) -> None:
    """A generation is created for one of these reasons, which the step names."""
    begin = step(observed)
    assert isinstance(begin, Begin)
    assert why in begin.why


def test_the_first_ca_signs_immediately() -> None:
    """Without another trusted CA there are no phases to wait for."""
    begin = step(Observed(None, None, None))
    assert isinstance(begin, Begin)
    after = begin.ledger.with_generation(TWO)
    assert (begin.number, after.phase, after.switched) == (1, Phase.STEADY, True)


def test_a_second_ca_signs_after_the_phases() -> None:
    """When a rollover begins, the old CA stays the issuer, and the request is removed."""
    begin = step(with_ledger(state(), rotate=True))
    assert isinstance(begin, Begin)
    after = begin.ledger.with_generation(Generation(ca(3), has_key=True, longest_leaf=30 * DAY))
    assert (begin.number, after.phase, after.signer, after.rotate) == (3, Phase.PUBLISHING, TWO, False)


def test_after_a_lost_ledger_the_published_cas_stay_trusted() -> None:
    """Our CAs in bundle and Secret are kept without their keys; CAs of others are not."""
    observed = state(Phase.RETIRING, ledger=None, configuration=live((NEW, FOREIGN)))
    begin = step(observed)
    assert isinstance(begin, Begin)
    assert [(g.certificate, g.has_key, g.longest_leaf) for g in begin.ledger.generations] == [
        (OLD, False, None),
        (NEW, False, None),
    ]
    assert begin.ledger.revision > 7


def test_an_outdated_ledger_keeps_its_keys() -> None:
    """With a CA Secret from a backup, the CA of the current leaf signs until the new one is trusted."""
    begin = step(with_leaf(state(), leaf(NEW), revision=9))
    assert isinstance(begin, Begin)
    assert begin.ledger.signer == replace(TWO, longest_leaf=None)


def test_no_second_rollover_begins_before_the_first_has_switched() -> None:
    """A request waits until the last new CA signs."""
    assert isinstance(step(with_ledger(state(Phase.SOAKING), rotate=True)), Wait)


@pytest.mark.parametrize(
    "bundles",
    [((NEW,), ()), ((NEW,), (FOREIGN,)), ((NEW,), (NEW, OLD)), ((FOREIGN, NEW), (NEW,))],
    ids=["empty", "foreign", "one too many", "foreign and ours"],
)
def test_a_bundle_that_is_not_ours_is_repaired_first(bundles: tuple[tuple[Certificate, ...], ...]) -> None:
    """One wrong webhook is enough, and it is repaired before a missing leaf."""
    observed = with_leaf(state(configuration=live((), bundles=bundles)), None)
    publish = step(observed)
    assert isinstance(publish, Publish)
    assert publish.bundle == (NEW,)


def test_keep_foreign_keeps_unexpired_cas() -> None:
    """CAs of others are appended until they expire; former CAs of ours are dropped."""
    gone = replace(FOREIGN, fingerprint="000000fe", not_after=NOW)
    publish = step(state(configuration=live((FOREIGN, gone, OLD))), replace(POLICY, keep_foreign=True))
    assert isinstance(publish, Publish)
    assert publish.bundle == (NEW, FOREIGN)


def test_bundles_managed_by_others_are_not_written() -> None:
    """If cert-manager or the operator manages the bundle, nothing is written."""
    wait = step(state(ledger=None, configuration=live((FOREIGN,), managed_by="cert-manager")))
    assert isinstance(wait, Wait)
    assert "cert-manager" in wait.why


@pytest.mark.parametrize(
    ("observed", "why"),
    [
        pytest.param(state(serving=None), "no usable pair", id="the Secret is missing"),
        pytest.param(with_leaf(state(), None), "no usable pair", id="the pair is broken"),
        pytest.param(with_leaf(state(), leaf(FOREIGN)), "not issued by a CA of ours", id="it is foreign"),
        pytest.param(with_leaf(state(), leaf(NEW, age=31 * DAY)), "expired", id="it has expired"),
        pytest.param(with_leaf(state(), leaf(NEW, age=-DAY)), "not valid yet", id="it is not valid yet"),
        pytest.param(with_leaf(state(), leaf(NEW, hosts=frozenset())), "lacks a host name", id="it has another name"),
        pytest.param(with_leaf(state(), leaf(NEW), rotate=True), "was requested", id="it was requested"),
        pytest.param(with_leaf(state(), leaf(NEW, age=20 * DAY)), "due for renewal", id="it is due"),
        pytest.param(with_leaf(state(Phase.SWITCHING), leaf(OLD)), "older CA", id="the old CA issued it"),
    ],
)
def test_a_leaf_is_issued_when(observed: Observed, why: str) -> None:
    """A leaf is replaced for one of these reasons, with the bundle of the phase."""
    issue = step(observed)
    assert isinstance(issue, Issue)
    assert why in issue.why
    assert issue.issuer == NEW


def test_the_old_ca_renews_the_leaf_until_the_switch() -> None:
    """A leaf that comes due in the middle of a soak is signed by the CA that every API server trusts."""
    issue = step(with_leaf(state(Phase.SOAKING), leaf(OLD, age=20 * DAY)))
    assert isinstance(issue, Issue)
    assert issue.issuer == OLD


def test_no_leaf_is_issued_without_a_signer() -> None:
    """After a lost ledger no leaf can be signed before the switch."""
    observed = with_ledger(with_leaf(state(Phase.PUBLISHING), leaf(OLD, age=20 * DAY)), issuer=None)
    record = step(observed)
    assert isinstance(record, Record)
    assert record.ledger.phase is Phase.SOAKING


def test_a_leaf_that_cannot_live_longer_is_not_renewed() -> None:
    """A leaf that expires with its CA is not renewed by that CA."""
    aged = Generation(ca(1, age=364 * DAY), has_key=True, longest_leaf=30 * DAY)
    bundle = (aged.certificate, NEW)
    serving = Serving(leaf(aged.certificate, age=20 * DAY), bundle, 7)
    assert isinstance(step(Observed(ledger(Phase.SOAKING, aged, TWO), serving, live(bundle))), Wait)


def test_a_longer_leaf_is_recorded_before_it_is_issued() -> None:
    """The ledger knows how long any leaf of a CA may live before the first such leaf exists."""
    policy = replace(POLICY, leaf_lifetime=90 * DAY)
    first = step(with_leaf(state(), None), policy)
    assert isinstance(first, Record)
    assert first.ledger.newest.longest_leaf == 90 * DAY
    assert isinstance(step(with_leaf(state(ledger=first.ledger), None), policy), Issue)


def test_the_bundle_is_mirrored_for_readiness() -> None:
    """ca.crt in the webhook's Secret becomes the bundle of the configuration."""
    assert step(with_leaf(state(), leaf(NEW), bundle=(OLD,))) == Mirror((NEW,), 7, "ca.crt is not the published bundle")


@pytest.mark.parametrize(
    "times",
    [
        {"ca_lifetime": DAY, "leaf_lifetime": 2 * DAY},
        {"leaf_lifetime": 6 * MINUTE, "soak": 2 * MINUTE},
        {"soak": -MINUTE},
    ],
    ids=["a leaf longer than its CA", "a soak longer than what renewal leaves", "a negative soak"],
)
def test_times_that_leave_no_room_are_rejected(times: dict[str, timedelta]) -> None:
    """A policy that cannot hold the invariant is a ValueError."""
    with pytest.raises(ValueError, match=r"must not live longer|must be shorter"):
        Policy(("a",), **times)  # type: ignore[arg-type]
