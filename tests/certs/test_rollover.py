"""Each situation and the one step that follows from it, by name."""

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
    seen,
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
        pytest.param(Observed(None, None, None), "missing", id="nothing is there"),
        pytest.param(with_leaf(seen(), leaf(NEW), revision=8), "older than", id="the ledger is older than the Secret"),
        pytest.param(seen(configuration=live((NEW,), revision=8)), "older than", id="older than the configuration"),
        pytest.param(with_ledger(seen(), generations=(KEYLESS,)), "cannot sign", id="the CA lost its key"),
        pytest.param(with_ledger(seen(), generations=(ENDED,)), "cannot sign", id="the CA has ended"),
        pytest.param(with_ledger(seen(), generations=(UNBORN,)), "cannot sign", id="the CA has not begun"),
        pytest.param(with_ledger(seen(), rotate=True), "asked for", id="somebody asked for a new CA"),
        pytest.param(with_ledger(seen(), generations=(AGED,)), "two thirds", id="the CA's time has come"),
    ],
)
def test_a_new_ca_begins_when(observed: Observed, why: str) -> None:
    """A generation is created for one of four reasons, which the step names."""
    begin = step(observed)
    assert isinstance(begin, Begin)
    assert why in begin.why


def test_the_first_ca_signs_at_once() -> None:
    """Where nobody trusts another CA there is nothing to wait for: no phases."""
    begin = step(Observed(None, None, None))
    assert isinstance(begin, Begin)
    book = begin.ledger.with_generation(TWO)
    assert (begin.number, book.phase, book.switched) == (1, Phase.STEADY, True)


def test_a_second_ca_signs_after_the_phases() -> None:
    """The old one stays the issuer when a rollover begins, and the request is taken away."""
    begin = step(with_ledger(seen(), rotate=True))
    assert isinstance(begin, Begin)
    book = begin.ledger.with_generation(Generation(ca(3), has_key=True, longest_leaf=30 * DAY))
    assert (begin.number, book.phase, book.signer, book.rotate) == (3, Phase.PUBLISHING, TWO, False)


def test_a_lost_ledger_goes_on_trusting_what_was_published() -> None:
    """Our CAs in bundle and Secret are kept without their keys; other people's are not adopted."""
    observed = seen(Phase.RETIRING, ledger=None, configuration=live((NEW, FOREIGN)))
    begin = step(observed)
    assert isinstance(begin, Begin)
    assert [(g.certificate, g.has_key, g.longest_leaf) for g in begin.ledger.generations] == [
        (OLD, False, None),
        (NEW, False, None),
    ]
    assert begin.ledger.revision > 7


def test_an_outdated_ledger_keeps_its_keys() -> None:
    """A CA Secret from a backup still signs with the CA of the present leaf until the new one is trusted."""
    begin = step(with_leaf(seen(), leaf(NEW), revision=9))
    assert isinstance(begin, Begin)
    assert begin.ledger.signer == replace(TWO, longest_leaf=None)


def test_no_second_rollover_begins_before_the_first_has_switched() -> None:
    """A request waits while the last CA is not known everywhere yet."""
    assert isinstance(step(with_ledger(seen(Phase.SOAKING), rotate=True)), Wait)


@pytest.mark.parametrize(
    "bundles",
    [((NEW,), ()), ((NEW,), (FOREIGN,)), ((NEW,), (NEW, OLD)), ((FOREIGN, NEW), (NEW,))],
    ids=["empty", "foreign", "one too many", "foreign and ours"],
)
def test_a_bundle_that_is_not_ours_is_repaired_first(bundles: tuple[tuple[Certificate, ...], ...]) -> None:
    """One wrong webhook is enough, and it comes before a leaf that is missing as well."""
    observed = with_leaf(seen(configuration=live((), bundles=bundles)), None)
    publish = step(observed)
    assert isinstance(publish, Publish)
    assert publish.bundle == (NEW,)


def test_unexpired_foreign_cas_are_kept_where_asked_for() -> None:
    """keep_foreign appends other people's CAs until they end, and drops what was ours once."""
    gone = replace(FOREIGN, fingerprint="000000fe", not_after=NOW)
    publish = step(seen(configuration=live((FOREIGN, gone, OLD))), replace(POLICY, keep_foreign=True))
    assert isinstance(publish, Publish)
    assert publish.bundle == (NEW, FOREIGN)


def test_others_certificates_are_left_alone() -> None:
    """Where cert-manager or the operator manages the bundle, nothing is written at all."""
    wait = step(seen(ledger=None, configuration=live((FOREIGN,), managed_by="cert-manager")))
    assert isinstance(wait, Wait)
    assert "cert-manager" in wait.why


@pytest.mark.parametrize(
    ("observed", "why"),
    [
        pytest.param(seen(serving=None), "no usable pair", id="the Secret is missing"),
        pytest.param(with_leaf(seen(), None), "no usable pair", id="the pair is broken"),
        pytest.param(with_leaf(seen(), leaf(FOREIGN)), "somebody else", id="it is foreign"),
        pytest.param(with_leaf(seen(), leaf(NEW, age=31 * DAY)), "ended", id="it has ended"),
        pytest.param(with_leaf(seen(), leaf(NEW, age=-DAY)), "not begun", id="it has not begun"),
        pytest.param(with_leaf(seen(), leaf(NEW, hosts=frozenset())), "lacks a name", id="it has another name"),
        pytest.param(with_leaf(seen(), leaf(NEW), rotate=True), "asked for", id="somebody asked"),
        pytest.param(with_leaf(seen(), leaf(NEW, age=20 * DAY)), "two thirds", id="its time has come"),
        pytest.param(with_leaf(seen(Phase.SWITCHING), leaf(OLD)), "older CA", id="it comes from the old CA"),
    ],
)
def test_a_leaf_is_issued_when(observed: Observed, why: str) -> None:
    """A leaf is replaced for one of these reasons, with the bundle of the phase."""
    issue = step(observed)
    assert isinstance(issue, Issue)
    assert why in issue.why
    assert issue.issuer == NEW


def test_the_old_ca_renews_the_leaf_until_the_switch() -> None:
    """A leaf that comes due in the middle of a soak is signed by the CA that everybody knows."""
    issue = step(with_leaf(seen(Phase.SOAKING), leaf(OLD, age=20 * DAY)))
    assert isinstance(issue, Issue)
    assert issue.issuer == OLD


def test_no_leaf_is_issued_without_a_signer() -> None:
    """From a lost ledger nothing can be signed before the switch: the present leaf has to do."""
    observed = with_ledger(with_leaf(seen(Phase.PUBLISHING), leaf(OLD, age=20 * DAY)), issuer=None)
    record = step(observed)
    assert isinstance(record, Record)
    assert record.ledger.phase is Phase.SOAKING


def test_a_leaf_at_the_end_of_its_ca_is_not_renewed_in_vain() -> None:
    """Where a new leaf would end no later, there is none."""
    aged = Generation(ca(1, age=364 * DAY), has_key=True, longest_leaf=30 * DAY)
    bundle = (aged.certificate, NEW)
    serving = Serving(leaf(aged.certificate, age=20 * DAY), bundle, 7)
    assert isinstance(step(Observed(ledger(Phase.SOAKING, aged, TWO), serving, live(bundle))), Wait)


def test_a_longer_leaf_is_recorded_before_it_is_issued() -> None:
    """The ledger knows how long any leaf of a CA may live before the first such leaf exists."""
    policy = replace(POLICY, leaf_lifetime=90 * DAY)
    first = step(with_leaf(seen(), None), policy)
    assert isinstance(first, Record)
    assert first.ledger.newest.longest_leaf == 90 * DAY
    assert isinstance(step(with_leaf(seen(ledger=first.ledger), None), policy), Issue)


def test_the_bundle_is_mirrored_for_readiness() -> None:
    """ca.crt in the webhook's Secret follows the configuration."""
    assert step(with_leaf(seen(), leaf(NEW), bundle=(OLD,))) == Mirror((NEW,), 7, "ca.crt is not the published bundle")


@pytest.mark.parametrize(
    "times",
    [
        {"ca_lifetime": DAY, "leaf_lifetime": 2 * DAY},
        {"leaf_lifetime": 6 * MINUTE, "soak": 2 * MINUTE},
        {"soak": -MINUTE},
    ],
    ids=["a leaf longer than its CA", "a soak longer than what renewal leaves", "a negative soak"],
)
def test_times_that_leave_no_room_are_refused(times: dict[str, timedelta]) -> None:
    """A policy that cannot keep the promise is not accepted."""
    with pytest.raises(ValueError, match=r"must not live longer|must be shorter"):
        Policy(("a",), **times)  # type: ignore[arg-type]
