"""Faults of the webhook's Pods: deletions of every kind, and killed processes."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.cluster.installed import NAMESPACE
from tests.cluster.lab.common import CTR, sh
from tests.cluster.lab.roll import is_ready
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.lab.api import Api, Object

CHANCE = random.Random(8)


def webhook_pods(api: Api) -> list[Object]:
    """Return lastcall's own webhook Pods."""
    found = api.get("Pod", namespace=NAMESPACE, labelSelector="app.kubernetes.io/component=webhook")["items"]
    return list(found)


def serving(api: Api) -> list[Object]:
    """Return the webhook's Pods that are ready and not being deleted."""
    return [found for found in webhook_pods(api) if is_ready(found) and "deletionTimestamp" not in found["metadata"]]


def delete(api: Api, victim: Object) -> None:
    """Do what `kubectl delete pod` does, and what a drain does."""
    api.delete("Pod", victim["metadata"]["name"], NAMESPACE)


def forget(api: Api, victim: Object) -> None:
    """Do what `kubectl delete pod --grace-period=0 --force` does."""
    api.delete("Pod", victim["metadata"]["name"], NAMESPACE, gracePeriodSeconds="0")


def kill(api: Api, victim: Object) -> None:
    """Send SIGKILL to all its processes; the kubelet starts the container again at once, the first time."""
    status = victim["status"]["containerStatuses"][0]
    if status["restartCount"]:
        forget(api, victim)
        return
    name = status["containerID"].removeprefix("containerd://")
    sh(*CTR, "task", "kill", "--all", "--signal", "SIGKILL", name, check=False)  # it may have ended just now


FAULTS: dict[str, Callable[[Api, Object], None]] = {"killed": kill, "deleted": delete, "forgotten": forget}


def at_random(api: Api, seconds: float) -> Counter[str]:
    """Kill all; then cause one random fault after the other in one ready Pod, or in all; return the number of each.

    An API server uses its open connections: only the loss of all replicas closes them all.
    """
    done: Counter[str] = Counter()
    end = time.monotonic() + seconds
    fault, victims = "killed", until("two ready Pods", lambda: complete(api))
    while time.monotonic() < end:
        for victim in victims:
            FAULTS[fault](api, victim)
        done[fault] += len(victims)
        time.sleep(CHANCE.uniform(0, 3))
        there = until("a ready Pod", lambda: serving(api))
        fault, victims = CHANCE.choice(list(FAULTS)), CHANCE.choice((there, there[:1], there[-1:]))
    return done


def one_by_one(api: Api, seconds: float) -> int:
    """Delete any Pod, and the next one when the first one's replacement is ready; return how many there were."""
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        delete(api, CHANCE.choice(until("two ready Pods", lambda: complete(api))))
        count += 1
    until("two ready Pods", lambda: complete(api))
    return count


def complete(api: Api) -> list[Object]:
    """Return the Pods in service if all replicas are, else an empty list."""
    there = serving(api)
    return there if len(there) == 2 else []
