"""The operator's policy, and the steps of the rollover: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certs.state import Certificate, Ledger


@dataclass(frozen=True)
class Policy:
    """The operator's settings. ValueError if the times leave no room for a rollover."""

    hosts: tuple[str, ...]
    ca_lifetime: timedelta = timedelta(days=365)
    leaf_lifetime: timedelta = timedelta(days=30)
    soak: timedelta = timedelta(minutes=2)
    """Time in which every API server loads a changed configuration."""
    keep_foreign: bool = False
    """Keep unexpired CAs of others in the bundle (for a webhook behind a proxy with its own CA)."""

    def __post_init__(self) -> None:
        """Check the times."""
        if not self.leaf_lifetime <= self.ca_lifetime:
            raise ValueError("a leaf must not live longer than its CA")
        if not timedelta(0) <= 3 * self.soak < self.leaf_lifetime:
            raise ValueError("the soak must be shorter than the third of a leaf's life that renewal leaves")


@dataclass(frozen=True)
class Begin:
    """Start a rollover: create generation `number` and write `ledger.with_generation` of it."""

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
    """Write the bundle into the webhook's Secret, which its readiness check verifies with."""

    bundle: tuple[Certificate, ...]
    revision: int
    why: str


@dataclass(frozen=True)
class Probe:
    """Probe the replicas, then decide again."""


@dataclass(frozen=True)
class Wait:
    """Write nothing before `until`, unless an object changes."""

    until: datetime
    why: str


Step = Begin | Record | Publish | Issue | Mirror | Probe | Wait
