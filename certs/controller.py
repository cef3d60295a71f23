"""The reconcile loop: hold the Lease, read the objects, write the next step, read again.

Polling, not watching: three small reads every 20 seconds cost an API server nothing, need no `watch` permission, and
continue after a suspend of the machine, unlike a timer set for next month. It opens no port: the metrics of the
certificates are the webhook's, which reads the same ones. It reports by Events and log lines.
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
"""Writes in one reconcile; no situation needs as many."""


def run(controller: Controller, stop: Event) -> None:
    """Reconcile until `stop` is set, then release the Lease."""
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
    """Return the seconds between two checks: 20, or less if leaves live for minutes only."""
    return min(20.0, policy.leaf_lifetime.total_seconds() / 30)


def backoff(failures: int, longest: float) -> float:
    """Return the seconds to wait after `failures` failures in a row: exponential, with jitter, at most `longest`."""
    return min(longest, 0.5 * float(2 ** min(failures, 10))) * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret


class Controller:
    """Reconciles the certificates while it holds the Lease."""

    def __init__(self, store: Store, lease: Lease, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self.lease = lease
        self.policy = policy
        self.clock = clock
        self._configuration_since = ("", 0.0)

    def reconcile(self) -> Wait:
        """Take every step that is due, and return the wait that follows. Raise Failure if a request fails.

        A conflict is no failure: another client wrote, so the objects are read again.
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
                log("write conflict, reading again", reason=str(conflict))
        raise Failure(f"no stable state after {STEPS} writes in a row: does another client write the same objects?")

    def observe(self, objects: dict[str, Object | None]) -> Observed:
        """Parse these objects; add how long this process has seen the configuration unchanged."""
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
        self._report(step)

    def _create(self, step: Begin, keys: dict[str, bytes]) -> tuple[Ledger, dict[str, bytes]]:
        authority = Authority.create(f"{CA_NAME} {step.number}", self.store.now, self.policy.ca_lifetime)
        certificate = read_bundle(authority.certificate_pem)[0]
        new = Generation(certificate, has_key=True, longest_leaf=self.policy.leaf_lifetime)
        return step.ledger.with_generation(new), keys | {certificate.fingerprint: authority.key_pem}

    def _report(self, step: Step) -> None:
        """Log a write; record it as an Event if an operator should see it in `kubectl describe secret`."""
        about, reason, message = describe(step)
        log(reason, message=message)
        if about:
            try:
                self.store.record_event(about, reason, message)
            except Failure as failure:
                log("event not recorded", level="warning", error=str(failure))


def describe(step: Step) -> tuple[str, str, str]:
    """Return the role of the object that gets the Event (empty: none), the Event's reason and its message."""
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
    return "CA " + " + ".join(str(ca.generation or "of another issuer") for ca in bundle)
