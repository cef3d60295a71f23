"""The API server and the webhook: which Pods it gets, and that every answer is accepted and equals the preview."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster import varied
from tests.cluster.compared import comparable, differences
from tests.cluster.creations import is_patched
from tests.cluster.manifests import INJECT, pod
from tests.cluster.second import second_webhook
from tests.support.waiting import until
from webhook.core.layers import Layer
from webhook.core.mutate import mutate
from webhook.core.patch import apply
from webhook.core.settings import PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.existing import Cluster
    from tests.cluster.lab.api import Api
    from tests.cluster.manifests import Object

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
GENERATED = 340  # of which the API server rejects some by itself
COMPARED = 300


@contextmanager
def failure_policy(api: Api, policy: str) -> Iterator[None]:
    """Set another failurePolicy in every webhook, and wait until it is in force; undo it afterwards."""
    before = api.get("MutatingWebhookConfiguration", "lastcall")
    patch = [{"op": "replace", "path": f"/webhooks/{i}/failurePolicy", "value": policy} for i in range(4)]
    api.json_patch("MutatingWebhookConfiguration", "lastcall", patch)
    try:
        yield
    finally:
        back = [
            {"op": "replace", "path": f"/webhooks/{i}/failurePolicy", "value": webhook["failurePolicy"]}
            for i, webhook in enumerate(before["webhooks"])
        ]
        api.json_patch("MutatingWebhookConfiguration", "lastcall", back)


def accepted(answer: Any) -> Object:
    assert answer.status == 201, answer.object.get("message")
    return dict(answer.object)


def in_force(api: Api, space: str, container: Object | None = None, **metadata: Any) -> Object:
    """Return the Pod that the API server would store for one that npm starts."""
    thing = pod("probe", space, container)
    thing["metadata"] |= metadata
    return accepted(api.create(thing, dry_run=True))


def test_every_answer_is_accepted_and_equals_the_preview(lastcall: Cluster, namespace: Callable[..., str]) -> None:
    """With failurePolicy Fail no Pod is rejected; each is stored as in the preview, field by field."""
    api, plain, injected = lastcall.api, namespace(), namespace("enabled")
    until("the webhook", lambda: is_patched(in_force(api, injected)))
    pods = [*varied.generated(GENERATED, plain), *(thing for _, thing in varied.golden(plain))]
    compared = changed = 0
    with failure_policy(api, "Fail"):
        for thing in pods:
            without = api.create(thing, dry_run=True)
            there = {**thing, "metadata": {**thing["metadata"], "namespace": injected}}
            found = api.create(there, dry_run=True)
            if without.status != 201:  # wrong in itself; what is added may even make it right
                continue
            preview = mutate(thing, (Layer.of_profile("default", PROFILES["default"]),))
            expected = apply(comparable(without.object), preview.operations)
            assert differences(comparable(accepted(found)), expected) == [], thing
            compared += 1
            changed += bool(preview.operations)
    assert compared >= COMPARED
    assert changed >= COMPARED / 2


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("enabled", 5), ("default", 5), ("ingress", 10), ("alb", 60), ("nlb", 130)],
)
def test_the_namespaces_label_chooses_the_profile(
    lastcall: Cluster, namespace: Callable[..., str], value: str, seconds: int
) -> None:
    """The label's value selects a profile: its sleep is in the stored Pod."""
    space = namespace(value)
    until("the webhook", lambda: is_patched(in_force(lastcall.api, space)))
    app = in_force(lastcall.api, space)["spec"]["containers"][0]
    assert app["lifecycle"]["preStop"] == {"sleep": {"seconds": seconds}}


@pytest.mark.parametrize("value", [None, "disabled", "no-such-profile"])
def test_pods_of_a_namespace_that_did_not_opt_in_are_unchanged(
    lastcall: Cluster, namespace: Callable[..., str], value: str | None
) -> None:
    """This is a namespace without the label, or with a value that names no profile."""
    assert not is_patched(in_force(lastcall.api, namespace(value)))


@pytest.mark.parametrize("kind", ["labels", "annotations"])
def test_a_pod_opts_out(lastcall: Cluster, namespace: Callable[..., str], kind: str) -> None:
    """With its own label or annotation a Pod is unchanged in a namespace that opted in."""
    space = namespace("enabled")
    until("the webhook", lambda: is_patched(in_force(lastcall.api, space)))
    assert not is_patched(in_force(lastcall.api, space, **{kind: {INJECT: "disabled"}}))


@pytest.mark.parametrize("space", ["kube-system", "kube-node-lease", "lastcall"])
def test_system_namespaces_are_excluded_whatever_their_label(lastcall: Cluster, space: str) -> None:
    """A label on kube-system, kube-node-lease or lastcall's own namespace changes nothing."""
    api = lastcall.api
    api.merge("Namespace", space, "", {"metadata": {"labels": {INJECT: "enabled"}}})
    try:
        thing = pod("probe", space, {"securityContext": RESTRICTED}, securityContext={"runAsNonRoot": True})
        thing["spec"] |= {"automountServiceAccountToken": False}
        until("the service account", lambda: api.find("ServiceAccount", "default", space))
        assert not is_patched(accepted(api.create(thing, dry_run=True)))
    finally:
        api.merge("Namespace", space, "", {"metadata": {"labels": {INJECT: None}}})


RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
    "runAsUser": 65532,
}


def test_a_server_side_dry_run_shows_the_patch(lastcall: Cluster, namespace: Callable[..., str]) -> None:
    """`kubectl --dry-run=server` works (sideEffects None), warns as a creation does, and stores nothing."""
    api, space = lastcall.api, namespace("enabled")
    until("the webhook", lambda: is_patched(in_force(api, space)))
    assert is_patched(in_force(api, space))
    thing = pod("probe", space)
    thing["metadata"]["annotations"] = {"lastcall.webhook/pre-stop-sleep-seconds": "soon"}
    assert any("pre-stop-sleep-seconds" in text for text in api.create(thing, dry_run=True).warnings)
    assert api.find("Pod", "probe", space) is None


def test_a_sidecar_that_a_later_webhook_adds_is_covered(lastcall: Cluster, namespace: Callable[..., str]) -> None:
    """Another mutating webhook, called after ours, adds a container: the second round gives it its sleep too."""
    api, space = lastcall.api, namespace("enabled")
    until("the webhook", lambda: is_patched(in_force(api, space)))
    with second_webhook(lastcall, namespace(), space):
        both = until("the second webhook", lambda: of_two(api.create(pod("probe", space), dry_run=True)))
    assert [container["name"] for container in both] == ["app", "added"]
    assert [container["lifecycle"]["preStop"]["sleep"]["seconds"] for container in both] == [5, 5]


def of_two(answer: Any) -> list[Object] | None:
    """Return a stored Pod's containers if it has two, else None."""
    containers = answer.object["spec"]["containers"] if answer.status == 201 else []
    return containers if len(containers) == 2 else None


@pytest.mark.parametrize(
    ("grace", "seconds", "status"),
    [
        pytest.param(10, 11, 422, id="a sleep longer than the grace is rejected"),
        pytest.param(10, 10, 201, id="a sleep as long as the grace is accepted"),
        pytest.param(10, 0, 201, id="a sleep of no seconds is accepted"),
        pytest.param(0, 1, 422, id="a grace of 0 has no room for a sleep"),
    ],
)
def test_the_api_server_bounds_a_sleep_by_the_grace(
    cluster: Cluster, namespace: Callable[..., str], grace: int, seconds: int, status: int
) -> None:
    """The API server accepts a native sleep from 0 seconds to the whole of the grace period."""
    hook = {"lifecycle": {"preStop": {"sleep": {"seconds": seconds}}}}
    thing = pod("bounds", namespace(), hook, terminationGracePeriodSeconds=grace)
    assert cluster.api.create(thing, dry_run=True).status == status
