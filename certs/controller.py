"""The loop around `next_step`: hold the Lease, look, do the one write, look again.

Polling, not watching: three small reads every 20 seconds cost an API server nothing, need no `watch` permission, and
wake up after a suspended machine, which a timer set for next month does not. It listens to nothing; its gauges are
the webhook's (which reads the same certificates), its Events and its log lines.
"""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from certs.authority import Authority
from certs.log import log
from certs.objects import (
    read_configuration,
    read_keys,
    read_ledger,
    read_serving,
    write_configuration,
    write_ledger,
    write_serving,
)
from certs.pem import read_bundle
from certs.probe import probe
from certs.rollover import next_step
from certs.state import CA_NAME, Generation, Observed, Phase
from certs.steps import Begin, Issue, Mirror, Policy, Probe, Publish, Record, Step, Wait
from certs.store import Conflict, Failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from certs.lease import Lease
    from certs.objects import Object
    from certs.state import Certificate, Ledger
    from certs.store import Store

STEPS = 20
"""More writes in a row than anything needs."""


def run(controller: Controller, stop: Event) -> None:
    """Keep the certificates right until told to stop; then give the Lease back."""
    lease, next_reconcile, failures = controller.lease, 0.0, 0
    while not stop.is_set():
        pause = lease.duration / 3
        try:
            if lease.hold() and controller.clock() >= next_reconcile:
                left = (controller.reconcile().until - controller.store.now).total_seconds()
                next_reconcile = controller.clock() + min(max(left, 0.1), check_seconds(controller.policy))
                pause = min(pause, next_reconcile - controller.clock())
            failures = 0
        except Failure as failure:
            failures += 1
            pause = backoff(failures, lease.duration)
            log("failed", level="error", error=str(failure), failures=failures)
        stop.wait(max(0.0, pause))
    with suppress(Failure):
        lease.release()


def check_seconds(policy: Policy) -> float:
    """Return how often to look: every 20 seconds, or more often where leaves live for minutes only."""
    return min(20.0, policy.leaf_lifetime.total_seconds() / 30)


def backoff(failures: int, longest: float) -> float:
    """Return the seconds to wait after so many failures in a row, jittered, and within the Lease's duration."""
    return min(longest, 0.5 * float(2 ** min(failures, 10))) * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret


class Controller:
    """One process that keeps the certificates right, as long as it holds the Lease."""

    def __init__(self, store: Store, lease: Lease, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self.lease = lease
        self.policy = policy
        self.clock = clock
        self._configuration_since = ("", 0.0)

    def reconcile(self) -> Wait:
        """Do what is to be done now, and return what comes next. Failure where something does not work.

        A conflict is no failure: somebody else wrote, so the next step follows from what is there now.
        """
        for _ in range(STEPS):
            objects = {role: self.store.read(role) for role in ("serving", "configuration", "ledger")}
            step = self._next_step(objects)
            if isinstance(step, Wait):
                return step
            if not self.lease.held and not self.lease.hold():
                return Wait(self.store.now, "another writer holds the Lease")
            try:
                self._perform(step, objects)
            except Conflict as conflict:
                log("read again", reason=str(conflict))
        raise Failure(f"no rest after {STEPS} writes in a row: does somebody else write the same objects?")

    def observe(self, objects: dict[str, Object | None]) -> Observed:
        """Return what these objects say, and how long the configuration has been as it is."""
        ledger = read_ledger(objects["ledger"])
        metadata = (objects["configuration"] or {}).get("metadata") or {}
        version = f"{metadata.get('uid')} {metadata.get('resourceVersion')}"
        if version != self._configuration_since[0]:
            self._configuration_since = (version, self.clock())
        live_for = timedelta(seconds=self.clock() - self._configuration_since[1])
        serving = read_serving(objects["serving"], ledger)
        return Observed(ledger, serving, read_configuration(objects["configuration"], live_for))

    def _next_step(self, objects: dict[str, Object | None]) -> Step:
        observed = self.observe(objects)
        step = next_step(observed, self.store.now, self.policy)
        if isinstance(step, Probe):
            observed = replace(observed, replicas=probe(self.store.endpoint_slices()))
            step = next_step(observed, self.store.now, self.policy)
        return step

    def _perform(self, step: Step, objects: dict[str, Object | None]) -> None:
        base = {
            role: manifest or self.store.blank(role) for role, manifest in objects.items() if role != "configuration"
        }
        match step:
            case Begin():
                ledger, keys = self._create(step, read_keys(objects["ledger"]))
                self.store.write("ledger", write_ledger(base["ledger"], ledger, keys))
            case Record():
                keys = read_keys(objects["ledger"])
                self.store.write("ledger", write_ledger(base["ledger"], step.ledger, keys))
            case Publish():
                live = write_configuration(objects["configuration"] or {}, step.bundle, step.revision)
                self.store.write("configuration", live)
            case Issue():
                key = read_keys(objects["ledger"])[step.issuer.fingerprint]
                authority = Authority.load(step.issuer.pem, key)
                leaf = authority.issue(self.policy.hosts, self.store.now, self.policy.leaf_lifetime)
                pair = leaf.chain_pem, leaf.key_pem
                self.store.write("serving", write_serving(base["serving"], step.bundle, step.revision, pair))
            case Mirror():
                self.store.write("serving", write_serving(base["serving"], step.bundle, step.revision))
        self._announce(step)

    def _create(self, step: Begin, keys: dict[str, bytes]) -> tuple[Ledger, dict[str, bytes]]:
        authority = Authority.create(f"{CA_NAME} {step.number}", self.store.now, self.policy.ca_lifetime)
        certificate = read_bundle(authority.certificate_pem)[0]
        new = Generation(certificate, has_key=True, longest_leaf=self.policy.leaf_lifetime)
        return step.ledger.with_generation(new), keys | {certificate.fingerprint: authority.key_pem}

    def _announce(self, step: Step) -> None:
        """Log each write; tell those as Events that a person reads in `kubectl describe secret`."""
        about, reason, message = describe(step)
        log(reason, message=message)
        if about:
            try:
                self.store.record_event(about, reason, message)
            except Failure as failure:
                log("an Event was not written", level="warning", error=str(failure))


def describe(step: Step) -> tuple[str, str, str]:
    """Return the object a step is about (empty: not worth an Event), its name and a sentence."""
    match step:
        case Begin():
            return "ledger", "CARotationStarted", f"created CA generation {step.number}: {step.why}"
        case Record(ledger) if ledger.phase is Phase.STEADY:
            return "ledger", "CARotationFinished", f"CA generation {ledger.newest.certificate.generation}: {step.why}"
        case Record(ledger):
            return "", f"CA{ledger.phase.capitalize()}", step.why
        case Publish():
            return "", "BundlePublished", f"{_numbers(step.bundle)} in every webhook: {step.why}"
        case Issue():
            return "serving", "LeafRotated", f"signed by CA generation {step.issuer.generation}: {step.why}"
        case Mirror():
            return "", "BundleMirrored", step.why
    raise TypeError(step)


def _numbers(bundle: tuple[Certificate, ...]) -> str:
    return "CA " + " + ".join(str(ca.generation or "of somebody else") for ca in bundle)
