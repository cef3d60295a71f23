"""The output of `status`: a table of certificates and one line per problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from certs.phases import renewal_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from certs.state import Certificate, Observed, Replica

MEANING = {
    "steady": "one CA; nothing to do before the next renewal",
    "publishing": "(a) a new CA exists; its certificate is being written into every webhook",
    "soaking": "(b) it is live; every API server gets time to load it",
    "switching": "(c) the leaf comes from the new CA; not every replica is known to serve it",
    "retiring": "(d) every replica serves it; the old CA stays trusted until its last leaf has expired",
}


def summary(observed: Observed, now: datetime) -> Iterator[str]:
    """Yield a line with the phase, and one for each problem (`wrong: ...`) or delay (`wait: ...`)."""
    if observed.configuration and observed.configuration.managed_by:
        yield f"mode: {observed.configuration.managed_by}; the controller writes nothing"
    if observed.ledger:
        yield f"phase: {observed.ledger.phase} since {_time(observed.ledger.since)}: {MEANING[observed.ledger.phase]}"
    leaf = observed.serving.leaf if observed.serving else None
    if leaf is None:
        yield "wrong: the webhook's Secret has no usable pair of certificate and key"
    else:
        yield from _trust(observed, leaf, now)
    for replica in observed.replicas or ():
        if replica.leaf is None:
            yield f"wrong: no handshake with {replica.name}"
        elif replica.leaf != leaf:
            yield f"wait: {replica.name} does not serve the leaf of the Secret yet"


def _trust(observed: Observed, leaf: Certificate, now: datetime) -> Iterator[str]:
    if not leaf.valid_at(now):
        yield f"wrong: the leaf is not valid at {_time(now)}"
    if observed.configuration is None:
        yield "wrong: there is no MutatingWebhookConfiguration"
        return
    for number, bundle in enumerate(observed.configuration.bundles):
        if not any(ca.signed(leaf) and ca.valid_at(now) for ca in bundle):
            yield f"wrong: webhook number {number} of the configuration does not trust the leaf"


def table(observed: Observed, now: datetime) -> Table:
    """Return one row per certificate: expiry, renewal, where it is trusted, and which replicas serve it."""
    result = Table("generation", "subject", "not after", "renewal", "key", "trusted by", "served by")
    generations = observed.ledger.generations if observed.ledger else ()
    keys = {generation.certificate for generation in generations if generation.has_key}
    bundles = observed.configuration.bundles if observed.configuration else ()
    known = [generation.certificate for generation in generations]
    for ca in dict.fromkeys((*known, *(ca for bundle in bundles for ca in bundle))):
        trusting = sum(ca in bundle for bundle in bundles)
        cells = _cells(ca, str(ca.generation or "foreign"), now)
        result.add_row(*cells, "yes" if ca in keys else "no", f"{trusting} of {len(bundles)} webhooks", "")
    served: dict[Certificate, list[Replica]] = {}
    if observed.serving and observed.serving.leaf:
        served[observed.serving.leaf] = []
    for replica in observed.replicas or ():
        if replica.leaf:
            served.setdefault(replica.leaf, []).append(replica)
    for leaf, replicas in served.items():
        signer = next((f"leaf of {ca.generation}" for ca in known if ca.signed(leaf)), "leaf of an unknown CA")
        result.add_row(*_cells(leaf, signer, now), "", "", ", ".join(replica.name for replica in replicas))
    return result


def _cells(certificate: Certificate, what: str, now: datetime) -> tuple[str, str, str, str]:
    left = f"{_time(certificate.not_after)} ({_span(certificate.not_after - now)})"
    return what, certificate.subject.split(",")[-1], left, _time(renewal_time(certificate))


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"


def _span(left: timedelta) -> str:
    seconds = round(abs(left.total_seconds()))
    size, unit = next(
        ((n, u) for n, u in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")) if seconds >= 2 * n), (1, "s")
    )
    return f"in {seconds // size} {unit}" if left.total_seconds() >= 0 else f"{seconds // size} {unit} ago"
