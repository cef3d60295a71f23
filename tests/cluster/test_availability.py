"""Creations of Pods succeed during a rolling update of lastcall, and without lastcall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster.creations import PATCHED, Creations, is_patched
from tests.cluster.faults import webhook_pods
from tests.cluster.installed import NAMESPACE
from tests.cluster.lab.roll import restart, rolled_out
from tests.cluster.manifests import pod
from tests.cluster.test_admission import failure_policy, in_force
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.existing import Cluster

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


def test_a_rolling_update_of_lastcall_fails_no_pod(lastcall: Cluster, namespace: Callable[..., str]) -> None:
    """Both replicas are replaced under a stream of creations and failurePolicy Fail: each Pod is created, patched."""
    api, space = lastcall.api, namespace("enabled")
    until("the webhook", lambda: is_patched(in_force(api, space)))
    with failure_policy(api, "Fail"), Creations(api, space) as creations:
        until("the first creations", lambda: creations.results.total() > 20)
        old = {found["metadata"]["name"] for found in webhook_pods(api)}
        restart(api, NAMESPACE, "lastcall")
        until("the rollout", lambda: rolled_out(api, NAMESPACE, "lastcall"), 300)
        until("the old Pods' end", lambda: not old & {p["metadata"]["name"] for p in webhook_pods(api)}, 300)
        enough = creations.results.total() + 100
        until("more creations", lambda: creations.results.total() > enough)
    assert creations.results.keys() == {PATCHED}, creations.results


def test_pods_are_created_unpatched_while_lastcall_is_down(lastcall: Cluster, namespace: Callable[..., str]) -> None:
    """With failurePolicy Ignore and no replica left, Pods are stored unchanged; with Fail they are rejected."""
    api, space = lastcall.api, namespace("enabled")
    until("the webhook", lambda: is_patched(in_force(api, space)))
    api.merge("Deployment", "lastcall", NAMESPACE, {"spec": {"replicas": 0}})
    try:
        until("the end of the replicas", lambda: not webhook_pods(api), 300)
        assert not is_patched(in_force(api, space))
        with failure_policy(api, "Fail"):
            until("refusals", lambda: api.create(pod("probe", space), dry_run=True).status == 500)
    finally:
        api.merge("Deployment", "lastcall", NAMESPACE, {"spec": {"replicas": 2}})
    until("the replicas", lambda: rolled_out(api, NAMESPACE, "lastcall"), 300)
    until("the webhook", lambda: is_patched(in_force(api, space)))
