"""A consistent state, and functions that change one part of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from certs.rollover import next_step
from certs.state import (
    BACKDATE,
    CA_NAME,
    Certificate,
    Configuration,
    Generation,
    Ledger,
    Observed,
    Phase,
    Serving,
)
from certs.steps import Policy, Step

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
POLICY = Policy(("lastcall.lastcall.svc",))


def ca(number: int, age: timedelta = DAY, life: timedelta = 365 * DAY) -> Certificate:
    issued, name = NOW - age, f"CN={CA_NAME} {number}"
    return Certificate(f"{number:08x}", name, f"key{number}", f"key{number}", issued - BACKDATE, issued + life)


def leaf(signer: Certificate, age: timedelta = DAY, life: timedelta = 30 * DAY, **facts: Any) -> Certificate:
    issued = NOW - age
    end = min(issued + life, signer.not_after)
    one = Certificate("0000aaaa", "CN=lastcall", "leaf", signer.key_id, issued - BACKDATE, end)
    return replace(one, **({"hosts": frozenset(POLICY.hosts)} | facts))


OLD, NEW = ca(1, age=250 * DAY), ca(2)
FOREIGN = Certificate("000000ff", "CN=somebody", "theirs", "theirs", NOW - DAY, NOW + DAY)
ONE, TWO = Generation(OLD, True, 30 * DAY), Generation(NEW, True, 30 * DAY)  # noqa: FBT003 - has_key


def ledger(phase: Phase, *generations: Generation, **changes: Any) -> Ledger:
    signer = generations[0 if phase in {Phase.PUBLISHING, Phase.SOAKING} else -1]
    made = Ledger(7, phase, NOW - DAY, signer.certificate.fingerprint, generations)
    return replace(made, **changes)


def state(phase: Phase = Phase.STEADY, **changes: Any) -> Observed:
    """Return the state that is expected in a phase."""
    generations = (TWO,) if phase is Phase.STEADY else (ONE, TWO)
    current = ledger(phase, *generations)
    bundle = tuple(generation.certificate for generation in generations)
    assert current.signer
    serving = Serving(leaf(current.signer.certificate), bundle, 7)
    return replace(Observed(current, serving, Configuration((bundle, bundle), 7, timedelta(0))), **changes)


def step(observed: Observed, policy: Policy = POLICY) -> Step:
    return next_step(observed, NOW, policy)


def with_leaf(observed: Observed, new: Certificate | None, **changes: Any) -> Observed:
    assert observed.serving
    return replace(observed, serving=replace(observed.serving, leaf=new, **changes))


def with_ledger(observed: Observed, **changes: Any) -> Observed:
    assert observed.ledger
    return replace(observed, ledger=replace(observed.ledger, **changes))


def live(bundle: tuple[Certificate, ...], **changes: Any) -> Configuration:
    return replace(Configuration((bundle, bundle), 7, timedelta(0)), **changes)
