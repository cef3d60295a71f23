"""Decide the next write from the stored objects and the time. Pure.

The invariant: each leaf that any replica may serve verifies against each bundle that any API server may hold.
So a CA is added to the bundle before a leaf uses it, and removed after its last leaf has expired. Every step is one
write, which the API server rejects if the object has changed meanwhile. It is derived from the stored state: after a
crash, a lost write or a write by a second controller, the next step is the same.
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
"""Added to the last published revision when a ledger was lost: it had fewer unpublished ones."""


def next_step(observed: Observed, now: datetime, policy: Policy) -> Step:
    """Return the step to take at `now` (aware). The order matters: bundles are repaired before leaves."""
    if observed.configuration and observed.configuration.managed_by:
        return Wait(now + timedelta(minutes=1), f"nothing is written: managed by {observed.configuration.managed_by}")
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
    """Recover from a lost or outdated ledger: keep the published CAs trusted, and sign with a new CA."""
    published = (*_configured_cas(observed), *(observed.serving.bundle if observed.serving else ()))
    ours = {c: Generation(c, has_key=False, longest_leaf=None) for c in published if c.generation is not None}
    if observed.ledger:
        ours |= {g.certificate: replace(g, longest_leaf=None) for g in observed.ledger.generations}
    generations = tuple(sorted(ours.values(), key=lambda g: g.certificate.not_before))
    leaf = observed.serving.leaf if observed.serving else None
    signer = next((g.certificate.fingerprint for g in generations if leaf and g.certificate.signed(leaf)), None)
    ledger = Ledger(_published_revision(observed) + REVISION_GAP, Phase.STEADY, now, signer, generations)
    return _start(ledger, now, "the CA Secret is missing, or older than the published objects")


def _begin(ledger: Ledger, now: datetime) -> Begin | None:
    newest = ledger.newest
    if not (newest.has_key and newest.certificate.valid_at(now)):
        return _start(ledger, now, "the CA cannot sign: it has expired, is not valid yet, or has no key")
    if ledger.switched and ledger.rotate:
        return _start(ledger, now, "a new CA was requested")
    if ledger.switched and now >= renewal_time(newest.certificate):
        return _start(ledger, now, "the CA is due for renewal")
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
        return Publish(bundle, ledger.revision, "a caBundle differs from the CAs that must be trusted")
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
        return Record(ledger.next_revision(generations=generations), "new leaves live longer than any before")
    return Issue(signer.certificate, bundle, ledger.revision, why)


def _reason_to_issue(
    serving: Serving | None, ledger: Ledger, signer: Certificate, now: datetime, policy: Policy
) -> str:
    if serving is None or serving.leaf is None:
        return "there is no usable pair of certificate and key"
    leaf = serving.leaf
    improves = min(now + policy.leaf_lifetime, signer.not_after) > leaf.not_after
    reasons = {
        "the leaf was not issued by a CA of ours": not any(g.certificate.signed(leaf) for g in ledger.generations),
        "the leaf was issued by an older CA": ledger.switched and not signer.signed(leaf),
        "the leaf has expired or is not valid yet": not leaf.valid_at(now),
        "the leaf lacks a host name": not leaf.hosts.issuperset(policy.hosts),
        "a new leaf was requested": serving.rotate,
        "the leaf is due for renewal": now >= renewal_time(leaf) and improves,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _mirror(observed: Observed, ledger: Ledger, bundle: tuple[Certificate, ...]) -> Mirror | None:
    if observed.configuration and observed.serving and observed.serving.bundle != bundle:
        return Mirror(bundle, ledger.revision, "ca.crt is not the published bundle")
    return None


def _bundle(observed: Observed, ledger: Ledger, now: datetime, policy: Policy) -> tuple[Certificate, ...]:
    """Return the CAs that every webhook must trust: our generations, and unexpired CAs of others if those are kept."""
    own = tuple(generation.certificate for generation in ledger.generations)
    kept = (c for c in _configured_cas(observed) if policy.keep_foreign and c.generation is None and c.not_after > now)
    return tuple(dict.fromkeys((*own, *kept)))


def _configured_cas(observed: Observed) -> tuple[Certificate, ...]:
    bundles = observed.configuration.bundles if observed.configuration else ()
    return tuple(dict.fromkeys(certificate for bundle in bundles for certificate in bundle))


def _published_revision(observed: Observed) -> int:
    written = (observed.ledger, observed.serving, observed.configuration)
    return max((each.revision for each in written if each), default=0)
