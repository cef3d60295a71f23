"""Decide the next write: from what is there and what time it is to one step. Pure.

The promise: each leaf that any replica may serve verifies against each bundle that any API server may hold.
So a bundle grows before a leaf uses it and shrinks after the last leaf has ended. Every step is one write that
is refused when the object has changed meanwhile, and is chosen from what is stored: a crash, a lost write or a
second writer leads to the same next step.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from certs.phases import advance, renewal_time, wait
from certs.state import Certificate, Generation, Ledger, Observed, Phase, Serving
from certs.steps import Begin, Issue, Mirror, Policy, Publish, Record, Step, Wait

if TYPE_CHECKING:
    from datetime import datetime

REVISION_GAP = 100
"""More revisions than a lost ledger can have had since the last one that was published."""


def next_step(observed: Observed, now: datetime, policy: Policy) -> Step:
    """Return the one thing to do at `now` (aware). Order is meaning: trust is repaired before leaves are."""
    if observed.configuration and observed.configuration.managed_by:
        return Wait(now + timedelta(minutes=1), f"left alone: managed by {observed.configuration.managed_by}")
    ledger = observed.ledger
    if ledger is None or ledger.revision < _published_revision(observed):
        return _recover(observed, now)
    bundle = _bundle(observed, ledger, now, policy)
    return (
        _begin(ledger, now)
        or _publish(observed, ledger, bundle)
        or _issue(observed, ledger, bundle, now, policy)
        or _mirror(observed, ledger, bundle)
        or advance(observed, ledger, now, policy)
        or wait(observed, ledger, now, policy)
    )


def _recover(observed: Observed, now: datetime) -> Begin:
    """Start over from a lost or outdated ledger: go on trusting what was published, sign with a new CA."""
    published = (*_configured_cas(observed), *(observed.serving.bundle if observed.serving else ()))
    ours = {c: Generation(c, has_key=False, longest_leaf=None) for c in published if c.generation is not None}
    if observed.ledger:
        ours |= {g.certificate: replace(g, longest_leaf=None) for g in observed.ledger.generations}
    generations = tuple(sorted(ours.values(), key=lambda g: g.certificate.not_before))
    leaf = observed.serving.leaf if observed.serving else None
    signer = next((g.certificate.fingerprint for g in generations if leaf and g.certificate.signed(leaf)), None)
    ledger = Ledger(_published_revision(observed) + REVISION_GAP, Phase.STEADY, now, signer, generations)
    return _start(ledger, now, "the CA Secret is missing, or older than what was published from it")


def _begin(ledger: Ledger, now: datetime) -> Begin | None:
    newest = ledger.newest
    if not (newest.has_key and newest.certificate.valid_at(now)):
        return _start(ledger, now, "the CA cannot sign: it has ended, has not begun or lost its key")
    if ledger.switched and ledger.rotate:
        return _start(ledger, now, "a new CA was asked for")
    if ledger.switched and now >= renewal_time(newest.certificate):
        return _start(ledger, now, "two thirds of the CA's life are over")
    return None


def _start(ledger: Ledger, now: datetime, why: str) -> Begin:
    number = 1 + max((g.certificate.generation or 0 for g in ledger.generations), default=0)
    alive = tuple(g for g in ledger.generations if g.certificate.not_after > now)
    signers = {g.certificate.fingerprint for g in alive if g.has_key}
    after = replace(
        ledger,
        revision=ledger.revision + 1,
        phase=Phase.PUBLISHING if alive else Phase.STEADY,
        since=now,
        issuer=ledger.issuer if ledger.issuer in signers else None,
        generations=alive,
        rotate=False,
    )
    return Begin(after, number, why)


def _publish(observed: Observed, ledger: Ledger, bundle: tuple[Certificate, ...]) -> Publish | None:
    if observed.configuration and any(live != bundle for live in observed.configuration.bundles):
        return Publish(bundle, ledger.revision, "a caBundle is not what it should be")
    return None


def _issue(
    observed: Observed, ledger: Ledger, bundle: tuple[Certificate, ...], now: datetime, policy: Policy
) -> Issue | Record | None:
    signer = ledger.signer
    if not (signer and signer.has_key and signer.certificate.valid_at(now)):
        return None
    why = _reason_to_issue(observed.serving, ledger, signer.certificate, now, policy)
    if not why:
        return None
    if signer.longest_leaf is None or signer.longest_leaf < policy.leaf_lifetime:
        longer = replace(signer, longest_leaf=policy.leaf_lifetime)
        generations = tuple(longer if g == signer else g for g in ledger.generations)
        return Record(ledger.next_revision(generations=generations), "leaves will live longer than any before")
    return Issue(signer.certificate, bundle, ledger.revision, why)


def _reason_to_issue(
    serving: Serving | None, ledger: Ledger, signer: Certificate, now: datetime, policy: Policy
) -> str:
    if serving is None or serving.leaf is None:
        return "there is no usable pair of certificate and key"
    leaf = serving.leaf
    improves = min(now + policy.leaf_lifetime, signer.not_after) > leaf.not_after
    reasons = {
        "the leaf comes from somebody else": not any(g.certificate.signed(leaf) for g in ledger.generations),
        "the leaf comes from an older CA": ledger.switched and not signer.signed(leaf),
        "the leaf has ended or not begun": not leaf.valid_at(now),
        "the leaf lacks a name": not leaf.hosts.issuperset(policy.hosts),
        "a new leaf was asked for": serving.rotate,
        "two thirds of the leaf's life are over": now >= renewal_time(leaf) and improves,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _mirror(observed: Observed, ledger: Ledger, bundle: tuple[Certificate, ...]) -> Mirror | None:
    if observed.configuration and observed.serving and observed.serving.bundle != bundle:
        return Mirror(bundle, ledger.revision, "ca.crt is not the published bundle")
    return None


def _bundle(observed: Observed, ledger: Ledger, now: datetime, policy: Policy) -> tuple[Certificate, ...]:
    """Return what every webhook must trust: our generations, and others' CAs where those are to be kept."""
    own = tuple(generation.certificate for generation in ledger.generations)
    kept = (c for c in _configured_cas(observed) if policy.keep_foreign and c.generation is None and c.not_after > now)
    return tuple(dict.fromkeys((*own, *kept)))


def _configured_cas(observed: Observed) -> tuple[Certificate, ...]:
    bundles = observed.configuration.bundles if observed.configuration else ()
    return tuple(dict.fromkeys(certificate for bundle in bundles for certificate in bundle))


def _published_revision(observed: Observed) -> int:
    written = (observed.ledger, observed.serving, observed.configuration)
    return max((each.revision for each in written if each), default=0)
