"""What the cluster must know of the profiles: a webhook for each, and the file that the server reads.

A namespace's settings cost no API call and no watch: its label chooses the webhook, whose path names the profile.
https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Literal

from webhook.core.settings import INJECT

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = "lastcall"
"""Of the namespace, the Service and the MutatingWebhookConfiguration that ``deploy/`` makes."""
SYSTEM_NAMESPACES = ("kube-system", "kube-node-lease")
TIMEOUT_SECONDS = 5
"""A review takes a millisecond; a Pod should not wait long for a webhook that is gone."""
NOT_A_MIRROR_POD = (
    "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)"
)
"""The kubelet runs a static Pod from its file, whatever the API server makes of its mirror."""
_POD_CREATIONS = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE"],
    "resources": ["pods"],
    "scope": "Namespaced",
}
Policy = Literal["Ignore", "Fail"]


def webhook_configuration(
    profiles: Iterable[str],
    *,
    namespace: str = NAME,
    cluster_wide: bool = False,
    ca_bundle: bytes = b"",
    failure_policy: Policy = "Ignore",
) -> dict[str, Any]:
    """Return the MutatingWebhookConfiguration with one webhook per profile, as JSON.

    ``cluster_wide`` gives ``default`` every namespace that no other value of the label claims. ``ca_bundle`` is PEM;
    empty leaves the field to the certs controller or cert-manager.
    """
    names = sorted(profiles, key=lambda name: (name != "default", name))
    others = [name for name in names if name != "default"]
    webhooks = [
        _webhook(
            name, _profile_expression(name, others, cluster_wide=cluster_wide), namespace, ca_bundle, failure_policy
        )
        for name in names
    ]
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {
            "name": NAME,
            "labels": {"app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": NAME},
            # AKS would rewrite the namespace selectors (Azure/AKS#4002); the system's namespaces are excluded below.
            "annotations": {"admissions.enforcer/disabled": "true"},
        },
        "webhooks": webhooks,
    }


def profiles_config_map(text: str, *, namespace: str = NAME) -> dict[str, Any]:
    """Return the ConfigMap that holds the operator's profiles file, as it was written."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "lastcall-profiles",
            "namespace": namespace,
            "labels": {"app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": NAME},
        },
        "data": {"profiles.yaml": text},
    }


def _profile_expression(name: str, others: list[str], *, cluster_wide: bool) -> dict[str, Any]:
    """Which values of the namespace's label choose a profile."""
    if name != "default":
        return {"key": INJECT, "operator": "In", "values": [name]}
    if cluster_wide:  # NotIn is true where there is no label at all
        return {"key": INJECT, "operator": "NotIn", "values": ["disabled", *others]}
    return {"key": INJECT, "operator": "In", "values": ["enabled", "default"]}


def _webhook(
    name: str, by_profile: dict[str, Any], namespace: str, ca_bundle: bytes, failure_policy: Policy
) -> dict[str, Any]:
    path = "/mutate" if name == "default" else f"/mutate/{name}"
    excluded = {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": [*SYSTEM_NAMESPACES, namespace],
    }
    client: dict[str, Any] = {"service": {"namespace": namespace, "name": NAME, "path": path, "port": 443}}
    if ca_bundle:
        client["caBundle"] = base64.b64encode(ca_bundle).decode("ascii")
    return {
        "name": f"{name}.lastcall.webhook",
        "admissionReviewVersions": ["v1"],
        "clientConfig": client,
        "rules": [_POD_CREATIONS],
        "matchPolicy": "Equivalent",
        "sideEffects": "None",
        "failurePolicy": failure_policy,
        "timeoutSeconds": TIMEOUT_SECONDS,
        "reinvocationPolicy": "IfNeeded",  # a container that a later webhook adds is ours to look at too
        "namespaceSelector": {"matchExpressions": [by_profile, excluded]},
        "objectSelector": {"matchExpressions": [{"key": INJECT, "operator": "NotIn", "values": ["disabled"]}]},
        "matchConditions": [{"name": "not-a-mirror-pod", "expression": NOT_A_MIRROR_POD}],
    }
