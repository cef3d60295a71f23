"""Ten simulated years of the rollover with faults: every leaf in use verifies against every bundle in use.

The same property must fail for each of several deliberately broken variants of the decision.
MODEL_EXAMPLES=1000 tries more examples.
https://hypothesis.readthedocs.io/
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st

from certs.rollover import next_step
from certs.state import Ledger, Observed, Phase
from certs.steps import Policy, Record, Step
from tests.certs.faults import KINDS, Fault, History
from tests.certs.model import Cluster, verifies

DAY = timedelta(days=1)
NAMES = ("lastcall.lastcall.svc",)
POLICIES = (
    Policy(NAMES),
    Policy(NAMES, leaf_lifetime=90 * DAY, keep_foreign=True),
    Policy(NAMES, ca_lifetime=60 * DAY, leaf_lifetime=30 * DAY),
)
FAULTS = st.dictionaries(
    st.integers(0, 600),
    st.builds(Fault, st.sampled_from(KINDS), st.floats(0, 1), st.integers(1, 4)),
    max_size=30,
)
QUICK = settings(
    max_examples=int(os.environ.get("MODEL_EXAMPLES", "60")),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
HASTY = settings(QUICK, max_examples=2000, phases=[Stage.generate], report_multiple_bugs=False)
"""Ends with the first violation. One of the variants needs more than 60 examples with some seeds."""


def check(decide: object, policy: Policy, faults: dict[int, Fault]) -> None:
    """Assert that the invariant held for ten years, and that the leaf verifies after the last fault."""
    cluster = History(Cluster(policy), decide, faults).live()  # type: ignore[arg-type]
    broken = next(cluster.violations(), None)
    assert broken is None
    leaf, bundles = cluster.read("serving").value.leaf, cluster.read("configuration").value.bundles
    assert all(verifies(leaf, bundle, cluster.now, cluster.now) for bundle in bundles)


@pytest.mark.parametrize("policy", POLICIES, ids=["default", "long leaves", "short CAs"])
@QUICK
@given(faults=FAULTS)
def test_every_leaf_in_use_verifies_for_ten_years(policy: Policy, faults: dict[int, Fault]) -> None:
    """With crashes, lost writes, lags, overwritten and deleted objects each leaf verifies against each bundle."""
    check(next_step, policy, faults)


@pytest.mark.parametrize("policy", POLICIES, ids=["default", "long leaves", "short CAs"])
def test_ten_quiet_years_renew_leaf_and_ca_in_time(policy: Policy) -> None:
    """Without faults renewals come at two thirds of a life, neither earlier nor later."""
    cluster = History(Cluster(policy), next_step, {}).live()
    leaves = len(cluster.leaves)
    generations = cluster.read("ledger").value.newest.certificate.generation
    assert 1.5 * 3653 * DAY / policy.leaf_lifetime <= leaves <= 2 * 3653 * DAY / policy.leaf_lifetime
    assert 1.4 * 3653 * DAY / policy.ca_lifetime <= generations <= 1.8 * 3653 * DAY / policy.ca_lifetime


def leaf_before_publish(observed: Observed, now: datetime, policy: Policy) -> Step:
    """Sign with the new CA as soon as it exists."""
    ledger = observed.ledger
    if ledger and ledger.phase is Phase.PUBLISHING:
        return Record(ledger.next_revision(phase=Phase.SWITCHING, issuer=ledger.newest.certificate.fingerprint), "")
    return next_step(observed, now, policy)


def no_soak(observed: Observed, now: datetime, policy: Policy) -> Step:
    """Sign with the new CA as soon as it is live, before every API server has loaded it."""
    return next_step(observed, now, replace(policy, soak=timedelta(0)))


def ca_and_leaf_together(observed: Observed, now: datetime, policy: Policy) -> Step:
    """Replace the CA, then everything else, as most webhooks do."""
    ledger = observed.ledger
    if ledger and ledger.old:
        return Record(_forget(ledger), "")
    return next_step(observed, now, policy)


def retire_at_once(observed: Observed, now: datetime, policy: Policy) -> Step:
    """Drop the old CA when the new leaf is written, while replicas still serve the old one."""
    ledger = observed.ledger
    serving = observed.serving.leaf if observed.serving else None
    if ledger and ledger.old and serving and ledger.newest.certificate.signed(serving):
        return Record(_forget(ledger), "")
    return next_step(observed, now, policy)


def retire_when_probed(observed: Observed, now: datetime, policy: Policy) -> Step:
    """Drop the old CA when all replicas that can be observed have the new leaf: others may be starting."""
    if observed.ledger and observed.ledger.phase is Phase.RETIRING:
        return Record(_forget(observed.ledger), "")
    return next_step(observed, now, policy)


def _forget(ledger: Ledger) -> Ledger:
    newest = ledger.newest
    return ledger.next_revision(phase=Phase.STEADY, generations=(newest,), issuer=newest.certificate.fingerprint)


def unconditional(observed: Observed, now: datetime, policy: Policy) -> Step:
    """Trust what was read, though a newer state was published: the ledger's revision is not compared."""
    return next_step(
        replace(
            observed,
            serving=observed.serving and replace(observed.serving, revision=0),
            configuration=observed.configuration and replace(observed.configuration, revision=0),
        ),
        now,
        policy,
    )


BROKEN = [leaf_before_publish, no_soak, ca_and_leaf_together, retire_at_once, retire_when_probed, unconditional]


@pytest.mark.parametrize("decide", BROKEN, ids=lambda decide: decide.__name__)
def test_the_same_property_fails_for_a_broken_variant(decide: object) -> None:
    """The negative control: each broken variant violates the invariant within ten years."""

    @HASTY
    @given(faults=FAULTS)
    def shortcut_holds(faults: dict[int, Fault]) -> None:
        check(decide, POLICIES[0], faults)

    with pytest.raises(AssertionError):
        shortcut_holds()
