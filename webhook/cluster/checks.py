"""Find what prevents lastcall from working in a cluster, or makes it dangerous. Pure: API objects in, findings out.

https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/
"""

from __future__ import annotations

import base64
import json
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SYSTEM = ("kube-system", "kube-node-lease")
SLEEP_MINOR = 30
"""The first minor version of Kubernetes 1 that takes a preStop sleep without a feature gate (KEP-3960)."""
_CAPS_GRACE = re.compile(r"terminationGracePeriodSeconds|preStop")


class Level(StrEnum):
    """Severity of a finding."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Finding(NamedTuple):
    """The result of one check."""

    level: Level
    about: str
    text: str
    advice: str = ""


def version(info: Mapping[str, Any]) -> Finding:
    """Check the API server's version; ``info`` is the answer of ``/version``."""
    name = str(info.get("gitVersion", "unknown"))
    minor = re.match(r"\d+", str(info.get("minor", "")))
    if minor and int(minor[0]) >= SLEEP_MINOR:
        return Finding(Level.OK, "Kubernetes", f"{name} takes preStop sleeps")
    advice = f"Upgrade to 1.{SLEEP_MINOR}, or set the feature gate PodLifecycleSleepAction (alpha in 1.29)."
    return Finding(Level.ERROR, "Kubernetes", f"{name} drops preStop sleeps", advice)


def configuration(
    manifest: Mapping[str, Any], namespaces: Sequence[Mapping[str, Any]], deployment: Mapping[str, Any] | None, own: str
) -> Iterator[Finding]:
    """Check our MutatingWebhookConfiguration; ``own`` is the namespace of lastcall."""
    replicas = int(((deployment or {}).get("spec") or {}).get("replicas") or 0)
    ready = int(((deployment or {}).get("status") or {}).get("readyReplicas") or 0)
    if ready == 0:
        advice = f"kubectl -n {own} describe pods; /readyz says why one is not ready."
        yield Finding(Level.ERROR, "Deployment", "no replica is ready: Pods are not patched, or not created", advice)
    for webhook in manifest.get("webhooks") or ():
        name, fails = str(webhook.get("name")), webhook.get("failurePolicy", "Fail") == "Fail"
        if fails and replicas < 2:  # noqa: PLR2004 - a single replica may be unavailable
            advice = "Run two replicas, or set failurePolicy Ignore."
            yield Finding(
                Level.ERROR, name, "failurePolicy Fail with one replica: no Pod starts while it is unavailable", advice
            )
        if not (webhook.get("clientConfig") or {}).get("caBundle"):
            advice = "Start the certs controller or cert-manager's injector, or set caBundle."
            yield Finding(Level.ERROR, name, "has no caBundle: the API server cannot verify the webhook", advice)
        for namespace in namespaces:
            metadata = namespace.get("metadata") or {}
            if metadata.get("name") in (*SYSTEM, own) and selects(webhook.get("namespaceSelector"), metadata):
                level = Level.ERROR if fails else Level.WARNING
                advice = "Exclude it by kubernetes.io/metadata.name in the namespaceSelector, as deploy/ does."
                yield Finding(level, name, f"matches Pods of {metadata['name']}", advice)


def bundles(manifest: Mapping[str, Any]) -> set[bytes]:
    """Return every caBundle of a configuration, in PEM."""
    texts = ((w.get("clientConfig") or {}).get("caBundle") for w in manifest.get("webhooks") or ())
    return {base64.b64decode(text) for text in texts if text}


def others(configurations: Iterable[Mapping[str, Any]], policies: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Check other webhooks and policies that change Pods; one that names a grace period or a hook may undo patches."""
    for other in configurations:
        if any(_handles_pods(webhook) for webhook in other.get("webhooks") or ()):
            yield Finding(Level.OK, _name(other), "changes Pods, too; lastcall is called again after it (IfNeeded)")
    for policy in policies:
        if _CAPS_GRACE.search(json.dumps(policy.get("spec") or {})):
            advice = "Let it allow what lastcall needs: the Pod's own grace period and the sleep; 600 s at most."
            text = "names terminationGracePeriodSeconds or preStop, and may undo what lastcall adds"
            yield Finding(Level.WARNING, _name(policy), text, advice)


def network(policies: Sequence[Mapping[str, Any]]) -> Finding:
    """Check the NetworkPolicies of our namespace."""
    if any("Ingress" in ((p.get("spec") or {}).get("policyTypes") or ["Ingress"]) for p in policies):
        return Finding(Level.OK, "NetworkPolicy", "one limits incoming connections")
    advice = "Apply deploy/base/network-policy.yaml; without it any Pod can send reviews."
    return Finding(Level.WARNING, "NetworkPolicy", "none limits access to the webhook", advice)


def selects(selector: Mapping[str, Any] | None, metadata: Mapping[str, Any]) -> bool:
    """Tell whether a label selector selects an object; an empty one, or None, selects everything."""
    labels = {"kubernetes.io/metadata.name": metadata.get("name"), **(metadata.get("labels") or {})}
    selector = selector or {}
    matched = all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return matched and all(_matches(expression, labels) for expression in selector.get("matchExpressions") or ())


def _matches(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def _handles_pods(webhook: Mapping[str, Any]) -> bool:
    return any(
        {"pods", "*", "*/*", "pods/*"} & set(rule.get("resources") or ())
        and {"CREATE", "*"} & set(rule.get("operations") or ())
        for rule in webhook.get("rules") or ()
    )


def _name(manifest: Mapping[str, Any]) -> str:
    return f"{manifest.get('kind') or 'MutatingWebhookConfiguration'} {(manifest.get('metadata') or {}).get('name')}"
