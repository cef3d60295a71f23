"""What the operator chooses, and the steps that the rollover may take: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certs.state import Certificate, Ledger


@dataclass(frozen=True)
class Policy:
    """What the operator chooses. ValueError where the times leave no room for a rollover."""

    hosts: tuple[str, ...]
    ca_lifetime: timedelta = timedelta(days=365)
    leaf_lifetime: timedelta = timedelta(days=30)
    soak: timedelta = timedelta(minutes=2)
    """Longer than any API server takes to learn of a changed configuration."""
    keep_foreign: bool = False
    """Keep other people's unexpired CAs in the bundle (a webhook behind a proxy of one's own)."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if not self.leaf_lifetime <= self.ca_lifetime:
            raise ValueError("a leaf must not live longer than its CA")
        if not timedelta(0) <= 3 * self.soak < self.leaf_lifetime:
            raise ValueError("the soak must be shorter than the third of a leaf's life that renewal leaves")


@dataclass(frozen=True)
class Begin:
    """Create generation `number` and write `ledger.with_generation` of it: the start of a rollover."""

    ledger: Ledger
    number: int
    why: str


@dataclass(frozen=True)
class Record:
    """Write the ledger."""

    ledger: Ledger
    why: str


@dataclass(frozen=True)
class Publish:
    """Write the bundle into each webhook of the configuration."""

    bundle: tuple[Certificate, ...]
    revision: int
    why: str


@dataclass(frozen=True)
class Issue:
    """Write a new leaf of `issuer`, with the bundle, into the webhook's Secret."""

    issuer: Certificate
    bundle: tuple[Certificate, ...]
    revision: int
    why: str


@dataclass(frozen=True)
class Mirror:
    """Write the bundle into the webhook's Secret, so that readiness is judged by it."""

    bundle: tuple[Certificate, ...]
    revision: int
    why: str


@dataclass(frozen=True)
class Probe:
    """Find out what each replica serves, then ask again."""


@dataclass(frozen=True)
class Wait:
    """Nothing to write before `until`, unless something changes."""

    until: datetime
    why: str


Step = Begin | Record | Publish | Issue | Mirror | Probe | Wait
