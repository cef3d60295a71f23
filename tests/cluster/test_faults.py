"""Replicas that are deleted and killed, and an API server that is restarted, under a stream of Pod creations.

The default run takes about three minutes. For five minutes per failure policy, with the counts (pytest's -s):

    FAULT_SECONDS=300 .venv/bin/pytest -m cluster -s tests/cluster/test_faults.py
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cluster import faults
from tests.cluster.creations import NO_API, PATCHED, UNPATCHED, Creations, failed_open
from tests.cluster.mutual import Mutual
from tests.cluster.test_admission import failure_policy
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cluster.existing import Cluster

SECONDS = float(os.environ.get("FAULT_SECONDS", "35"))
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(SECONDS + 400)]


@pytest.fixture
def space(lastcall: Cluster, namespace: Callable[..., str]) -> str:
    """Give a namespace whose Pods are patched, after the cluster has recovered from an earlier test."""
    if not lastcall.is_lab:
        pytest.skip("these tests kill processes of the lab")
    made = namespace("enabled")
    with Creations(lastcall.api, made) as creations:
        until("five seconds of patched Pods", lambda: steady(creations), 240)
    until("the replicas", lambda: faults.complete(lastcall.api), 240)
    return made


def steady(creations: Creations) -> bool:
    """Tell whether the last hundred Pods were patched; one that was not begins a new hundred."""
    if creations.results.keys() - {PATCHED}:
        creations.anew()
    return creations.results[PATCHED] >= 100


def show(text: str) -> None:
    """Print a line of numbers, shown with pytest's -s."""
    sys.stdout.write(f"\n{text}\n")


def test_no_fault_of_the_webhook_fails_a_creation_under_ignore(lastcall: Cluster, space: str) -> None:
    """Pods deleted, forgotten, killed at random, alone and together: none fails, and the API server counts the rest."""
    before = failed_open(lastcall)
    with Creations(lastcall.api, space) as creations:
        done = faults.at_random(lastcall.api, SECONDS)
    results, passed = creations.results, failed_open(lastcall) - before
    show(f"Ignore: {dict(done)}, {dict(results)}, {passed} counted by the API server")
    assert results.keys() == {PATCHED, UNPATCHED}, results
    assert results[UNPATCHED] == passed


def test_deletions_one_by_one_fail_no_creation_under_fail(lastcall: Cluster, space: str) -> None:
    """Each replica deleted as soon as the last one's replacement is ready: every Pod is created, patched."""
    with failure_policy(lastcall.api, "Fail"), Creations(lastcall.api, space) as creations:
        until("the first creations", lambda: creations.results.total() > 20)
        count = faults.one_by_one(lastcall.api, SECONDS)
    show(f"Fail: {count} deletions, {dict(creations.results)}")
    assert count >= SECONDS / 30
    assert creations.results.keys() == {PATCHED}, creations.results


def test_replicas_killed_together_fail_creations_under_fail(lastcall: Cluster, space: str) -> None:
    """The negative control: with no replica left, creations do fail, and the API server names the webhook."""
    with failure_policy(lastcall.api, "Fail"), Creations(lastcall.api, space) as creations:
        until("the policy", lambda: creations.results.total() > 20)

        def refused() -> bool:
            for victim in faults.complete(lastcall.api):  # again, where the API server still had the other policy
                faults.kill(lastcall.api, victim)
            return any("failed calling webhook" in result for result in creations.results)

        until("a refusal", refused)


@pytest.fixture
def mutual(lastcall: Cluster, space: str, tmp_path: Path) -> Iterator[Mutual]:
    """Give the recipe for mutual TLS, and undo it after the test."""
    made = Mutual(lastcall, tmp_path)
    yield made
    made.forgo()


def test_only_the_api_server_with_its_certificate_is_answered(lastcall: Cluster, space: str, mutual: Mutual) -> None:
    """docs/operations.md's recipe, step by step under a stream, with a restart of the API server on each side of it.

    Every Pod is patched during the restarts and when a certificate is required. Another client gets no answer, and an
    API server without a certificate creates Pods unpatched and counts them.
    """
    with failure_policy(lastcall.api, "Fail"), Creations(lastcall.api, space) as creations:
        mutual.configure_api_server()
        around = creations.anew()
        mutual.demand()
        until("creations", lambda: creations.results.total() > 100)
        assert (mutual.answer(*mutual.certificate), mutual.answer()) == ("200", "000")
    show(f"around the restart: {dict(around)}; after it: {dict(creations.results)}")
    assert creations.results.keys() == {PATCHED}, creations.results
    assert around[NO_API]
    assert not any("webhook" in result for result in around), around
    mutual.restore_api_server()
    with Creations(lastcall.api, space) as creations:
        until("creations", lambda: creations.results.total() > 20)
    assert creations.results.keys() == {UNPATCHED}, creations.results
    assert failed_open(lastcall) == creations.results.total()
