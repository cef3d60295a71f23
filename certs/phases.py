"""The four phases of a CA rollover: when each is replaced by the next, and what it waits for. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from certs.state import BACKDATE, Certificate, Ledger, Observed, Phase, Replica
from certs.steps import Policy, Probe, Record, Wait

if TYPE_CHECKING:
    from datetime import datetime

JITTER = 1 / 15
"""Spreads renewal over 0.60 to 0.67 of a certificate's life, so that many clusters do not renew in the same minute."""

RETRY_INTERVAL = timedelta(minutes=1)
"""Between two probes of the replicas."""


def renewal_time(certificate: Certificate) -> datetime:
    """Return when to renew: after two thirds of its life at the latest, minus a jitter derived from its fingerprint."""
    issued = certificate.not_before + BACKDATE
    jitter = int(certificate.fingerprint[:8], 16) / 2**32 * JITTER
    return issued + (certificate.not_after - issued) * (2 / 3 - jitter)


def advance(observed: Observed, ledger: Ledger, now: datetime, policy: Policy) -> Record | Probe | None:
    """Return the write that ends the phase; Probe if the replicas have to be asked first; None if it is too early.

    An expired old CA verifies nothing, so nothing waits for it: an unreachable replica delays the end of a rollover,
    but not forever.
    """
    live = observed.configuration
    trusted = any(generation.certificate.valid_at(now) for generation in ledger.old)
    match ledger.phase:
        case Phase.STEADY:
            return None
        case Phase.PUBLISHING | Phase.SOAKING if not trusted:
            return _switch(ledger, now, "no other CA is valid")
        case Phase.PUBLISHING:
            soaking = ledger.next_revision(phase=Phase.SOAKING, since=now)
            return Record(soaking, "every webhook trusts the new CA") if live else None
        case Phase.SOAKING:
            soaked = live is not None and live.live_for >= policy.soak
            return _switch(ledger, now, "every API server has loaded the new CA") if soaked else None
        case Phase.RETIRING if now < last_old_leaf_end(ledger):
            return None
    if trusted and observed.replicas is None:
        return Probe()
    if trusted and outdated_replicas(observed, ledger):
        return None
    return _retire(ledger, now) if ledger.phase is Phase.SWITCHING else _forget(ledger, now)


def wait(observed: Observed, ledger: Ledger, now: datetime, policy: Policy) -> Wait:
    """Return until when there is nothing to do, and what the rollover waits for."""
    leaf = observed.serving.leaf if observed.serving else None
    renewals = [renewal_time(certificate) for certificate in (ledger.newest.certificate, leaf) if certificate]
    renewal = min((moment for moment in renewals if moment > now), default=now + RETRY_INTERVAL)
    if ledger.phase is Phase.STEADY:
        return Wait(renewal, "the next renewal")
    if ledger.phase in {Phase.PUBLISHING, Phase.SOAKING}:
        if observed.configuration is None:
            return Wait(renewal, "a MutatingWebhookConfiguration to publish the new CA in")
        soaked = now + policy.soak - observed.configuration.live_for
        return Wait(min(renewal, soaked), "every API server to load the new CA")
    if ledger.phase is Phase.RETIRING and now < last_old_leaf_end(ledger):
        return Wait(min(renewal, last_old_leaf_end(ledger)), "the last leaf of the old CA to expire")
    soon = min(renewal, now + RETRY_INTERVAL)
    return Wait(soon, f"a leaf of the new CA from {', '.join(outdated_replicas(observed, ledger))}")


def outdated_replicas(observed: Observed, ledger: Ledger) -> tuple[str, ...]:
    """Return the names of replicas that are not known to serve a leaf of the newest CA, without terminated ones."""
    newest = ledger.newest.certificate
    return tuple(replica.name for replica in observed.replicas or () if not _serves_leaf_of(replica, newest))


def last_old_leaf_end(ledger: Ledger) -> datetime:
    """Return when the last leaf of the old generations expires."""
    return max(generation.last_leaf_end(ledger.since) for generation in ledger.old)


def _serves_leaf_of(replica: Replica, newest: Certificate) -> bool:
    return newest.signed(replica.leaf) if replica.leaf else replica.terminating


def _switch(ledger: Ledger, now: datetime, why: str) -> Record:
    issuer = ledger.newest.certificate.fingerprint
    return Record(ledger.next_revision(phase=Phase.SWITCHING, since=now, issuer=issuer), why)


def _retire(ledger: Ledger, now: datetime) -> Record:
    """Keep the old certificates and delete their keys: a deleted key cannot be stolen."""
    generations = (*(generation.without_key() for generation in ledger.old), ledger.newest)
    after = ledger.next_revision(phase=Phase.RETIRING, since=now, generations=generations)
    return Record(after, "every replica serves a leaf of the new CA")


def _forget(ledger: Ledger, now: datetime) -> Record:
    after = ledger.next_revision(phase=Phase.STEADY, since=now, generations=(ledger.newest,))
    return Record(after, "every leaf of the old CA has expired")
