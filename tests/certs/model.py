"""A simulated cluster for the rollover: objects with versions, late readers, and faults at any step.

Nothing is signed here: a certificate is its facts. Each version of a bundle or leaf is kept with the span of time in
which it may be in use, so that the invariant can be checked for *every instant*: where two spans overlap, the leaf must
verify against the bundle.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from certs.state import BACKDATE, CA_NAME, Certificate, Configuration, Generation, Observed, Replica, Serving
from certs.steps import Begin, Issue, Mirror, Policy, Probe, Publish, Record, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Decide = Callable[[Observed, datetime, Policy], Step]

FOREVER = datetime.max.replace(tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
CHECK = timedelta(seconds=20)
"""Between two checks of the controller: a fault is not noticed for this long."""
API_LAG = timedelta(seconds=100)
"""An API server may hold a configuration for this long after it was replaced; less than the soak."""
MOUNT_LAG = timedelta(minutes=3)
"""A replica may serve a leaf for this long after it was replaced: kubelet's sync and our reload."""


class Conflict(Exception):
    """The object has changed since it was read."""


@dataclass(frozen=True)
class Version:
    """One state of an object; None is an object that does not exist."""

    number: int
    value: Any


@dataclass
class Span:
    """A leaf or bundle in use from `start` to `end`; `excused` if a fault wrote it, not the controller."""

    what: Any
    start: datetime
    excused: bool = False
    end: datetime = FOREVER


@dataclass
class Cluster:
    """Three objects, API servers that hold bundles, replicas that serve leaves, and the true time."""

    policy: Policy
    now: datetime = START
    objects: dict[str, list[Version]] = field(default_factory=lambda: defaultdict(lambda: [Version(0, None)]))
    bundles: list[Span] = field(default_factory=list)
    leaves: list[Span] = field(default_factory=list)
    stuck: Span | None = None
    made: int = 0

    def certificate(
        self, subject: str, lifetime: timedelta, now: datetime, by: Certificate | None = None
    ) -> Certificate:
        """Make up a certificate of the root `by`, or a root."""
        self.made += 1
        key = hashlib.sha256(str(self.made).encode()).hexdigest()
        return Certificate(
            fingerprint=key,
            subject=subject,
            key_id=key,
            authority_id=by.key_id if by else key,
            not_before=max(now - BACKDATE, by.not_before) if by else now - BACKDATE,
            not_after=min(now + lifetime, by.not_after) if by else now + lifetime,
            hosts=frozenset(self.policy.hosts),
        )

    def read(self, name: str, age: int = 0) -> Version:
        """Return the newest version of an object, or one that is `age` versions older."""
        versions = self.objects[name]
        return versions[max(0, len(versions) - 1 - age)]

    def write(self, name: str, value: Any, read: Version | None = None, *, excused: bool = False) -> None:
        """Write what follows from version `read`; Conflict where that is outdated. Faults do not ask."""
        newest = self.read(name)
        if read is not None and newest.number != read.number:
            raise Conflict
        self.objects[name].append(Version(newest.number + 1, value))
        if isinstance(value, Configuration):
            self._supersede(self.bundles, value.bundles[0], API_LAG, excused=excused)
        elif isinstance(value, Serving) and value.leaf:  # a broken pair is not loaded: the last good one stays
            self._supersede(self.leaves, value.leaf, MOUNT_LAG, excused=excused)

    def _supersede(self, spans: list[Span], what: Any, lag: timedelta, *, excused: bool) -> None:
        if spans and spans[-1].what == what:
            return
        if spans:
            spans[-1].end = min(spans[-1].end, self.now + lag)
        spans.append(Span(what, self.now, excused))

    def replicas(self) -> tuple[Replica, ...]:
        """Return what the endpoints show: the leaf that arrived everywhere, and a stuck replica's own."""
        arrived = [span.what for span in self.leaves[-5:] if span.start + MOUNT_LAG <= self.now][-1:]
        stuck = [self.stuck.what] if self.stuck and self.now < self.stuck.end else []
        return tuple(Replica(f"webhook-{n}", leaf) for n, leaf in enumerate((*arrived, *stuck)))

    def stick(self, duration: timedelta, *, visible: bool) -> None:
        """Cut one replica off: it serves its leaf for `duration` longer, whatever is written.

        The controller sees it among the endpoints or not (its Pod is just starting, its node is cut off).
        """
        if self.leaves and not (self.stuck and self.now < self.stuck.end):
            last = self.leaves[-1]
            span = Span(last.what, self.now, last.excused, self.now + duration)
            self.leaves.insert(len(self.leaves) - 1, span)
            self.stuck = span if visible else self.stuck

    def violations(self) -> Iterator[str]:
        """Yield each leaf and bundle that may be in use together although the leaf does not verify against it."""
        for leaf in self.leaves:
            for bundle in self.bundles:
                if bundle.start >= leaf.end:
                    break
                start, end = max(leaf.start, bundle.start), min(leaf.end, bundle.end, self.now)
                blamed = start < end and not leaf.excused and not bundle.excused
                if blamed and not verifies(leaf.what, bundle.what, start, end):
                    trusted = [ca.subject for ca in bundle.what]
                    yield f"{start} to {end}: {leaf.what.subject} does not verify against {trusted}"


def verifies(leaf: Certificate, bundle: tuple[Certificate, ...], start: datetime, end: datetime) -> bool:
    """Tell whether a verifier accepts the leaf at every moment from `start` to `end`."""
    chain = [leaf, *(ca for ca in bundle if ca.signed(leaf))]
    return len(chain) > 1 and all(c.not_before <= start and end <= c.not_after for c in chain)


@dataclass
class Controller:
    """One process of the real decision function: `skew` is the error of its clock."""

    cluster: Cluster
    decide: Decide
    skew: timedelta = timedelta(0)
    last_seen: tuple[int, datetime] = (0, START)
    """The version of the configuration, and since when."""

    @property
    def now(self) -> datetime:
        """The time of this process's clock."""
        return self.cluster.now + self.skew

    def read(self, stale: dict[str, int]) -> dict[str, Version]:
        """Read the three objects, some of them as they were some versions ago."""
        return {name: self.cluster.read(name, stale.get(name, 0)) for name in ("ledger", "serving", "configuration")}

    def choose(self, read: dict[str, Version]) -> Step:
        """Return the step that follows from what was read."""
        configuration = read["configuration"]
        if self.last_seen[0] != configuration.number:
            self.last_seen = (configuration.number, self.cluster.now)
        live = configuration.value and replace(configuration.value, live_for=self.cluster.now - self.last_seen[1])
        observed = Observed(read["ledger"].value, read["serving"].value, live)
        step = self.decide(observed, self.now, self.cluster.policy)
        if isinstance(step, Probe):
            observed = replace(observed, replicas=self.cluster.replicas())
            step = self.decide(observed, self.now, self.cluster.policy)
        return step

    def perform(self, step: Step, read: dict[str, Version]) -> None:
        """Do the step's one write; Conflict where the object has changed since it was read."""
        cluster, policy = self.cluster, self.cluster.policy
        match step:
            case Begin():
                ca = cluster.certificate(f"CN={CA_NAME} {step.number}", policy.ca_lifetime, self.now)
                ledger = step.ledger.with_generation(Generation(ca, has_key=True, longest_leaf=policy.leaf_lifetime))
                cluster.write("ledger", ledger, read["ledger"])
            case Record():
                cluster.write("ledger", step.ledger, read["ledger"])
            case Publish():
                live = replace(read["configuration"].value, bundles=(step.bundle, step.bundle), revision=step.revision)
                cluster.write("configuration", live, read["configuration"])
            case Issue():
                leaf = cluster.certificate("CN=lastcall", policy.leaf_lifetime, self.now, step.issuer)
                cluster.write("serving", Serving(leaf, step.bundle, step.revision), read["serving"])
            case Mirror():
                serving = replace(read["serving"].value, bundle=step.bundle, revision=step.revision)
                cluster.write("serving", serving, read["serving"])
