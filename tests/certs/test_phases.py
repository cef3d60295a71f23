"""When one phase of a CA rollover gives way to the next, and what is waited for meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from certs.phases import renewal_time
from certs.state import Observed, Phase, Replica
from certs.steps import Probe, Record, Wait
from tests.certs.world import DAY, MINUTE, NEW, NOW, OLD, ONE, TWO, leaf, live, seen, step, with_leaf, with_ledger

SERVED, LATE = Replica("a", leaf(NEW)), Replica("b", leaf(OLD))
OVER = {"since": NOW - 40 * DAY}
"""Long enough ago for every leaf of the old CA to have ended."""
PAST = (replace(ONE, certificate=replace(OLD, not_after=NOW - DAY)), TWO)
"""The old CA itself has ended."""


@pytest.mark.parametrize(
    ("observed", "phase"),
    [
        pytest.param(seen(Phase.PUBLISHING), Phase.SOAKING, id="a live bundle soaks"),
        pytest.param(
            seen(Phase.SOAKING, configuration=live((OLD, NEW), live_for=2 * MINUTE)), Phase.SWITCHING, id="soaked"
        ),
        pytest.param(seen(Phase.SWITCHING, replicas=()), Phase.RETIRING, id="no replica to wait for"),
        pytest.param(seen(Phase.SWITCHING, replicas=(SERVED, SERVED)), Phase.RETIRING, id="every replica follows"),
        pytest.param(
            seen(Phase.SWITCHING, replicas=(SERVED, Replica("c", None, terminating=True))),
            Phase.RETIRING,
            id="a terminated replica does not count",
        ),
        pytest.param(
            with_ledger(seen(Phase.RETIRING, replicas=(SERVED,)), **OVER),
            Phase.STEADY,
            id="the last old leaf has ended",
        ),
    ],
)
def test_a_phase_gives_way_when(observed: Observed, phase: Phase) -> None:
    """Each phase has one condition, and each change is one write of the ledger."""
    record = step(observed)
    assert isinstance(record, Record)
    assert (record.ledger.phase, record.ledger.revision) == (phase, 8)


@pytest.mark.parametrize("phase", [Phase.PUBLISHING, Phase.SOAKING, Phase.SWITCHING, Phase.RETIRING])
def test_an_ended_ca_holds_nothing_up(phase: Phase) -> None:
    """What verifies nothing any more is neither soaked for nor asked after."""
    bundle = tuple(generation.certificate for generation in PAST)
    observed = with_ledger(seen(phase, configuration=live(bundle)), generations=PAST)
    observed = with_leaf(observed, leaf(NEW), bundle=bundle)
    record = step(observed)
    assert isinstance(record, Record)
    expected = {Phase.SWITCHING: Phase.RETIRING, Phase.RETIRING: Phase.STEADY}
    assert record.ledger.phase is expected.get(phase, Phase.SWITCHING)


@pytest.mark.parametrize(
    ("observed", "why"),
    [
        pytest.param(seen(), "next renewal", id="steady"),
        pytest.param(seen(Phase.PUBLISHING, configuration=None), "to publish", id="no configuration"),
        pytest.param(seen(Phase.SOAKING, configuration=None), "to publish", id="no configuration any more"),
        pytest.param(seen(Phase.SOAKING), "every API server", id="not soaked"),
        pytest.param(seen(Phase.SWITCHING, replicas=(SERVED, LATE)), "from b", id="a replica serves the old leaf"),
        pytest.param(seen(Phase.SWITCHING, replicas=(Replica("c", None),)), "from c", id="a replica does not answer"),
        pytest.param(seen(Phase.RETIRING), "last leaf", id="old leaves are valid"),
        pytest.param(
            with_ledger(seen(Phase.RETIRING, replicas=(SERVED, LATE)), **OVER), "from b", id="an old leaf is served"
        ),
        pytest.param(with_leaf(seen(Phase.SOAKING), None, rotate=False), "", id="nothing that can be renewed"),
    ],
)
def test_nothing_is_written_while(observed: Observed, why: str) -> None:
    """The wait says what for, and ends in the future."""
    waiting = step(with_ledger(observed, issuer=None) if not why else observed)
    assert isinstance(waiting, Wait)
    assert why in waiting.why
    assert waiting.until > NOW


@pytest.mark.parametrize("phase", [Phase.SWITCHING, Phase.RETIRING])
def test_replicas_are_looked_at_only_when_it_matters(phase: Phase) -> None:
    """Without a look the step is to look."""
    assert isinstance(step(with_ledger(seen(phase), **OVER)), Probe)


def test_keys_that_sign_nothing_more_are_dropped() -> None:
    """When the old CA retires, its key goes first, its certificate last."""
    retiring = step(seen(Phase.SWITCHING, replicas=(SERVED,)))
    assert isinstance(retiring, Record)
    assert [generation.has_key for generation in retiring.ledger.generations] == [False, True]


def test_an_old_ca_of_unknown_use_retires_with_its_own_end() -> None:
    """Adopted from a bundle, nobody knows what it signed."""
    unknown = (replace(ONE, longest_leaf=None), TWO)
    assert isinstance(step(with_ledger(seen(Phase.RETIRING), generations=unknown, **OVER)), Wait)


def test_renewal_is_due_between_three_fifths_and_two_thirds_of_a_life() -> None:
    """The fingerprint spreads it: the first and the last possible one mark the ends."""
    one = replace(leaf(NEW, age=timedelta(0)), fingerprint="00000000")
    assert renewal_time(one) == NOW + 20 * DAY
    assert renewal_time(replace(one, fingerprint="ffffffff")) - NOW == pytest.approx(18 * DAY, abs=MINUTE)
