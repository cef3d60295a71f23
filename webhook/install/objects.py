"""The objects that depend on the profiles: one webhook for each, and the ConfigMap with their file.

The label of a namespace selects a webhook, and its path names the profile, so the server needs no API call.
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
"""Name of the namespace, the Service and the MutatingWebhookConfiguration in ``deploy/``."""
SYSTEM_NAMESPACES = ("kube-system", "kube-node-lease")
TIMEOUT_SECONDS = 5
"""A review takes a millisecond; a Pod should not wait long for a webhook that is unavailable."""
NOT_A_MIRROR_POD = (
    "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)"
)
"""The kubelet runs a static Pod from its file, so changing the mirror Pod has no effect."""
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

    With ``cluster_wide``, ``default`` applies to every namespace without another value of the label. ``ca_bundle`` is
    PEM; if it is empty, the certs controller or cert-manager sets the field.
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
            # AKS would rewrite the namespace selectors (Azure/AKS#4002); system namespaces are excluded below.
            "annotations": {"admissions.enforcer/disabled": "true"},
        },
        "webhooks": webhooks,
    }


def profiles_config_map(text: str, *, namespace: str = NAME) -> dict[str, Any]:
    """Return the ConfigMap that holds the operator's profiles file, unchanged."""
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
    """Return the match expression for the namespace's label that selects a profile."""
    if name != "default":
        return {"key": INJECT, "operator": "In", "values": [name]}
    if cluster_wide:  # NotIn also matches namespaces without the label
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
        "reinvocationPolicy": "IfNeeded",  # for containers that a later webhook adds
        "namespaceSelector": {"matchExpressions": [by_profile, excluded]},
        "objectSelector": {"matchExpressions": [{"key": INJECT, "operator": "NotIn", "values": ["disabled"]}]},
        "matchConditions": [{"name": "not-a-mirror-pod", "expression": NOT_A_MIRROR_POD}],
    }
