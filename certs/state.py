"""The state of the rollover, as plain values: no I/O, no cryptography.

Three objects hold all of it, so it can be read again after a crash:
the **ledger** (a Secret that only the controller reads: the CA generations, their keys, the phase), what is
**serving** (the Secret that the webhook mounts: leaf, key, bundle) and the **configuration** (the caBundle of
each webhook in the MutatingWebhookConfiguration).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

BACKDATE = timedelta(minutes=5)
"""How long before its issue a certificate becomes valid, for verifiers whose clocks are slow."""

CA_NAME = "lastcall CA generation"
"""The common name of our authorities, followed by a number."""


class Phase(StrEnum):
    """The phase of a CA rollover; the values are stored in the ledger and shown by `status`."""

    STEADY = "steady"
    """One generation signs and is trusted."""
    PUBLISHING = "publishing"
    """(a) A new generation exists; the bundle with both is being written into the configuration."""
    SOAKING = "soaking"
    """(b) The bundle is live; every API server gets time to load it."""
    SWITCHING = "switching"
    """(c) The leaf comes from the new generation; not every replica is known to serve it."""
    RETIRING = "retiring"
    """(d) Every replica serves it; the old generation stays trusted until every leaf that it signed has expired."""


@dataclass(frozen=True)
class Certificate:
    """The facts of one certificate; two are equal if their fingerprints are."""

    fingerprint: str
    subject: str = field(compare=False)
    key_id: str = field(compare=False)
    authority_id: str = field(compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    hosts: frozenset[str] = field(default=frozenset(), compare=False)
    pem: bytes = field(default=b"", compare=False, repr=False)

    @property
    def generation(self) -> int | None:
        """The number in the common name of our CAs; None for any other certificate."""
        found = re.search(rf"{CA_NAME} (\d+)", self.subject)
        return int(found[1]) if found else None

    def valid_at(self, now: datetime) -> bool:
        """Tell whether a verifier whose clock shows `now` accepts the dates."""
        return self.not_before <= now < self.not_after

    def signed(self, other: Certificate) -> bool:
        """Tell whether `other` names this certificate's key as its authority."""
        return other.authority_id == self.key_id


@dataclass(frozen=True)
class Generation:
    """One CA of ours; without its key it is only trusted, until every leaf that it signed has expired."""

    certificate: Certificate
    has_key: bool
    longest_leaf: timedelta | None
    """The longest validity of a leaf that it signed; None is unknown: its leaves may be valid until it expires."""

    def without_key(self) -> Generation:
        """Return the generation without its key: it verifies, and signs nothing."""
        return replace(self, has_key=False)

    def last_leaf_end(self, since: datetime) -> datetime:
        """Return when the last leaf expires if none was signed after `since`.

        A tenth of a leaf's validity is added, in case clocks were set meanwhile.
        """
        end = self.certificate.not_after
        return end if self.longest_leaf is None else min(end, since + self.longest_leaf * 1.1)


@dataclass(frozen=True)
class Ledger:
    """The CA Secret. `revision` grows with each write; `issuer` is the fingerprint of the CA that signs now."""

    revision: int
    phase: Phase
    since: datetime
    issuer: str | None
    generations: tuple[Generation, ...]
    """Oldest first; empty only before the first is created."""
    rotate: bool = False
    """A new CA was requested."""

    @property
    def newest(self) -> Generation:
        """The generation that signs, or will sign after the switch."""
        return self.generations[-1]

    @property
    def old(self) -> tuple[Generation, ...]:
        """Every other generation."""
        return self.generations[:-1]

    @property
    def signer(self) -> Generation | None:
        """The generation that signs now; None until the switch if the previous one lost its key."""
        return next((g for g in self.generations if g.certificate.fingerprint == self.issuer), None)

    @property
    def switched(self) -> bool:
        """Whether leaves come from the newest generation already."""
        return self.signer == self.newest

    def next_revision(self, **changes: Any) -> Ledger:
        """Return the next revision of the ledger."""
        return replace(self, revision=self.revision + 1, **changes)

    def with_generation(self, generation: Generation) -> Ledger:
        """Return the ledger with a new generation; it signs immediately if the phase is `STEADY`."""
        issuer = generation.certificate.fingerprint if self.phase is Phase.STEADY else self.issuer
        return replace(self, generations=(*self.generations, generation), issuer=issuer)


@dataclass(frozen=True)
class Serving:
    """The webhook's Secret; `leaf` is None if certificate and key are absent, broken or not a pair."""

    leaf: Certificate | None
    bundle: tuple[Certificate, ...]
    revision: int
    """The ledger's revision at the last write; if it is greater than the ledger's own, the ledger is outdated."""
    rotate: bool = False
    """A new leaf was requested."""


@dataclass(frozen=True)
class Configuration:
    """The MutatingWebhookConfiguration: one bundle per webhook, `revision` as in `Serving`."""

    bundles: tuple[tuple[Certificate, ...], ...]
    revision: int
    live_for: timedelta
    """How long this process has seen this version, on the monotonic clock."""
    managed_by: str | None = None
    """Another manager of the bundle (cert-manager, bring-your-own): then the controller writes nothing."""


@dataclass(frozen=True)
class Replica:
    """One endpoint of the webhook's Service; `leaf` is None if no handshake succeeded."""

    name: str
    leaf: Certificate | None
    terminating: bool = False


@dataclass(frozen=True)
class Observed:
    """The input of `next_step`; None is an object that does not exist, or replicas that were not probed."""

    ledger: Ledger | None
    serving: Serving | None
    configuration: Configuration | None
    replicas: tuple[Replica, ...] | None = None
