"""The EndpointSlice of a Pod whose preStop hook sleeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster import manifests
from tests.cluster.lab.roll import rolled_out
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.existing import Cluster
    from tests.cluster.lab.api import Api

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
SLEEPING = {"ready": False, "serving": True, "terminating": True}


def conditions(api: Api, space: str) -> dict[str, dict[str, bool]]:
    """Return the conditions of every endpoint by the name of its Pod."""
    slices = api.get("EndpointSlice", namespace=space, labelSelector="kubernetes.io/service-name=web")["items"]
    found = [endpoint for piece in slices for endpoint in piece.get("endpoints") or []]
    return {endpoint["targetRef"]["name"]: endpoint["conditions"] for endpoint in found}


def test_an_endpoint_serves_while_the_hook_sleeps(lastcall: Cluster, namespace: Callable[..., str]) -> None:
    """During the sleep: ready=false, serving=true, terminating=true; then the endpoint is gone.

    https://kubernetes.io/docs/tutorials/services/pods-and-endpoint-termination-flow/
    """
    api, space = lastcall.api, namespace("ingress")
    objects = manifests.demo(space)
    objects[0]["metadata"]["labels"] = {manifests.INJECT: "ingress"}
    api.apply(*objects)
    until("the app", lambda: rolled_out(api, space, "web"), 240)
    name = until("the endpoints", lambda: next(iter(conditions(api, space)), None))
    assert conditions(api, space)[name] == {"ready": True, "serving": True, "terminating": False}
    api.delete("Pod", name, space)
    until("the terminating endpoint", lambda: conditions(api, space)[name] == SLEEPING)
    assert "deletionTimestamp" in api.get("Pod", name, space)["metadata"]
    until("the end of the endpoint", lambda: name not in conditions(api, space))
