"""When each phase of a CA rollover is replaced by the next, and what it waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from certs.phases import renewal_time
from certs.state import Observed, Phase, Replica
from certs.steps import Probe, Record, Wait
from tests.certs.world import (
    DAY,
    MINUTE,
    NEW,
    NOW,
    OLD,
    ONE,
    TWO,
    leaf,
    live,
    state,
    step,
    with_leaf,
    with_ledger,
)

SERVED, LATE = Replica("a", leaf(NEW)), Replica("b", leaf(OLD))
OVER = {"since": NOW - 40 * DAY}
"""Long enough ago for every leaf of the old CA to have expired."""
PAST = (replace(ONE, certificate=replace(OLD, not_after=NOW - DAY)), TWO)
"""The old CA itself has expired."""


@pytest.mark.parametrize(
    ("observed", "phase"),
    [
        pytest.param(state(Phase.PUBLISHING), Phase.SOAKING, id="a live bundle soaks"),
        pytest.param(
            state(Phase.SOAKING, configuration=live((OLD, NEW), live_for=2 * MINUTE)),
            Phase.SWITCHING,
            id="soaked",
        ),
        pytest.param(state(Phase.SWITCHING, replicas=()), Phase.RETIRING, id="no replica to wait for"),
        pytest.param(
            state(Phase.SWITCHING, replicas=(SERVED, SERVED)),
            Phase.RETIRING,
            id="every replica serves the new leaf",
        ),
        pytest.param(
            state(Phase.SWITCHING, replicas=(SERVED, Replica("c", None, terminating=True))),
            Phase.RETIRING,
            id="a terminated replica does not count",
        ),
        pytest.param(
            with_ledger(state(Phase.RETIRING, replicas=(SERVED,)), **OVER),
            Phase.STEADY,
            id="the last old leaf has expired",
        ),
    ],
)
def test_a_phase_ends_when(observed: Observed, phase: Phase) -> None:
    """Each phase has one condition, and each change is one write of the ledger."""
    record = step(observed)
    assert isinstance(record, Record)
    assert (record.ledger.phase, record.ledger.revision) == (phase, 8)


@pytest.mark.parametrize("phase", [Phase.PUBLISHING, Phase.SOAKING, Phase.SWITCHING, Phase.RETIRING])
def test_nothing_waits_for_an_expired_ca(phase: Phase) -> None:
    """With an expired old CA there is no soak, and no probe of the replicas."""
    bundle = tuple(generation.certificate for generation in PAST)
    observed = with_ledger(state(phase, configuration=live(bundle)), generations=PAST)
    observed = with_leaf(observed, leaf(NEW), bundle=bundle)
    record = step(observed)
    assert isinstance(record, Record)
    expected = {Phase.SWITCHING: Phase.RETIRING, Phase.RETIRING: Phase.STEADY}
    assert record.ledger.phase is expected.get(phase, Phase.SWITCHING)


@pytest.mark.parametrize(
    ("observed", "why"),
    [
        pytest.param(state(), "next renewal", id="steady"),
        pytest.param(state(Phase.PUBLISHING, configuration=None), "to publish", id="no configuration"),
        pytest.param(state(Phase.SOAKING, configuration=None), "to publish", id="no configuration any more"),
        pytest.param(state(Phase.SOAKING), "every API server", id="not soaked"),
        pytest.param(state(Phase.SWITCHING, replicas=(SERVED, LATE)), "from b", id="a replica serves the old leaf"),
        pytest.param(state(Phase.SWITCHING, replicas=(Replica("c", None),)), "from c", id="a replica does not answer"),
        pytest.param(state(Phase.RETIRING), "last leaf", id="old leaves are valid"),
        pytest.param(
            with_ledger(state(Phase.RETIRING, replicas=(SERVED, LATE)), **OVER),
            "from b",
            id="an old leaf is served",
        ),
        pytest.param(with_leaf(state(Phase.SOAKING), None, rotate=False), "", id="nothing that can be renewed"),
    ],
)
def test_nothing_is_written_while(observed: Observed, why: str) -> None:
    """The wait names its reason and ends in the future."""
    waiting = step(with_ledger(observed, issuer=None) if not why else observed)
    assert isinstance(waiting, Wait)
    assert why in waiting.why
    assert waiting.until > NOW


@pytest.mark.parametrize("phase", [Phase.SWITCHING, Phase.RETIRING])
def test_replicas_are_probed_only_when_needed(phase: Phase) -> None:
    """If the replicas decide and were not probed, the step is to probe them."""
    assert isinstance(step(with_ledger(state(phase), **OVER)), Probe)


def test_the_key_of_a_retiring_ca_is_deleted() -> None:
    """Its certificate stays in the ledger."""
    retiring = step(state(Phase.SWITCHING, replicas=(SERVED,)))
    assert isinstance(retiring, Record)
    assert [generation.has_key for generation in retiring.ledger.generations] == [False, True]


def test_an_old_ca_with_unknown_leaves_stays_trusted_until_it_expires() -> None:
    """A CA that was adopted from a bundle may have signed leaves of any validity."""
    unknown = (replace(ONE, longest_leaf=None), TWO)
    assert isinstance(step(with_ledger(state(Phase.RETIRING), generations=unknown, **OVER)), Wait)


def test_renewal_is_due_between_three_fifths_and_two_thirds_of_a_life() -> None:
    """The smallest and the largest fingerprint give the limits."""
    one = replace(leaf(NEW, age=timedelta(0)), fingerprint="00000000")
    assert renewal_time(one) == NOW + 20 * DAY
    assert renewal_time(replace(one, fingerprint="ffffffff")) - NOW == pytest.approx(18 * DAY, abs=MINUTE)
