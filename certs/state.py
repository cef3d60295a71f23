"""What the rollover sees, as plain values: no I/O, no cryptography.

Three objects hold everything; whoever reads them knows where the rollover stands, also after a crash:
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
"""How long before its issue a certificate becomes valid: room for clocks that differ."""

CA_NAME = "lastcall CA generation"
"""The common name of our authorities, followed by a number."""


class Phase(StrEnum):
    """Where a CA rollover stands; the values are what `status` and the ledger show."""

    STEADY = "steady"
    """One generation signs and is trusted."""
    PUBLISHING = "publishing"
    """(a) A new generation exists; the bundle with both is on its way into the configuration."""
    SOAKING = "soaking"
    """(b) The bundle is live; every API server gets the time to learn of it."""
    SWITCHING = "switching"
    """(c) The leaf comes from the new generation; not every replica is known to serve it."""
    RETIRING = "retiring"
    """(d) Every replica serves it; the old generation stays trusted until all that it signed has ended."""


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
        """The number in our own authorities' name; None for anybody else's certificate."""
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
    """One CA of ours; without its key it is only trusted until what it signed has ended."""

    certificate: Certificate
    has_key: bool
    longest_leaf: timedelta | None
    """It never signed a leaf for longer; None is unknown, then its leaves end with itself."""

    def without_key(self) -> Generation:
        """Return the generation as one that only verifies."""
        return replace(self, has_key=False)

    def last_leaf_end(self, since: datetime) -> datetime:
        """Return when the last leaf is over if none was signed after `since`.

        A tenth of a leaf's life comes on top: clocks may have been set meanwhile.
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
    """Oldest first; empty only on the way to the first."""
    rotate: bool = False
    """Somebody asked for a new CA."""

    @property
    def newest(self) -> Generation:
        """The generation that signs, or will once it is known everywhere."""
        return self.generations[-1]

    @property
    def old(self) -> tuple[Generation, ...]:
        """Every other generation."""
        return self.generations[:-1]

    @property
    def signer(self) -> Generation | None:
        """The generation that signs now; None until the switch if the one before lost its key."""
        return next((g for g in self.generations if g.certificate.fingerprint == self.issuer), None)

    @property
    def switched(self) -> bool:
        """Whether leaves come from the newest generation already."""
        return self.signer == self.newest

    def next_revision(self, **changes: Any) -> Ledger:
        """Return the next revision of the ledger."""
        return replace(self, revision=self.revision + 1, **changes)

    def with_generation(self, generation: Generation) -> Ledger:
        """Return the ledger that a `Begin` asks for; where no other CA counts, the new one signs at once."""
        issuer = generation.certificate.fingerprint if self.phase is Phase.STEADY else self.issuer
        return replace(self, generations=(*self.generations, generation), issuer=issuer)


@dataclass(frozen=True)
class Serving:
    """The webhook's Secret; `leaf` is None where certificate and key are absent, broken or not a pair."""

    leaf: Certificate | None
    bundle: tuple[Certificate, ...]
    revision: int
    """The ledger's revision behind the last write: more than the ledger's own means that one is out of date."""
    rotate: bool = False
    """Somebody asked for a new leaf."""


@dataclass(frozen=True)
class Configuration:
    """The MutatingWebhookConfiguration: one bundle per webhook, `revision` as in `Serving`."""

    bundles: tuple[tuple[Certificate, ...], ...]
    revision: int
    live_for: timedelta
    """How long this process has seen exactly this version, on a clock that nobody sets."""
    managed_by: str | None = None
    """Who else looks after the bundle (cert-manager, an operator): then it is not ours to repair."""


@dataclass(frozen=True)
class Replica:
    """One endpoint of the webhook's Service; `leaf` is None where no handshake was possible."""

    name: str
    leaf: Certificate | None
    terminating: bool = False


@dataclass(frozen=True)
class Observed:
    """Everything a step is chosen from; None is an object that does not exist, or replicas not looked at."""

    ledger: Ledger | None
    serving: Serving | None
    configuration: Configuration | None
    replicas: tuple[Replica, ...] | None = None
