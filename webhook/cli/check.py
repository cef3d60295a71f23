"""``lastcall check``: check a cluster before and after the installation."""

from __future__ import annotations

import contextlib
import ssl
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from webhook.cluster import checks, client
from webhook.cluster.checks import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.cluster.client import Cluster, Resource

NAME = "lastcall"
ADMISSION = "admissionregistration.k8s.io/v1"
CONFIGURATIONS = client.Resource(ADMISSION, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration")
DEPLOYMENTS = client.Resource("apps/v1", "deployments", "Deployment")
SECRETS = client.Resource("v1", "secrets", "Secret")
NETWORK_POLICIES = client.Resource("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy")
POLICIES = (
    client.Resource("kyverno.io/v1", "clusterpolicies", "ClusterPolicy"),
    client.Resource(ADMISSION, "mutatingadmissionpolicies", "MutatingAdmissionPolicy"),
)
NEEDED = (
    (ADMISSION, "mutatingwebhookconfigurations", ""),
    ("apps/v1", "deployments", NAME),
    ("v1", "namespaces", ""),
    ("rbac.authorization.k8s.io/v1", "clusterroles", ""),
)
"""What an installation creates: group and version, resource, namespace."""
STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "red"}
EPILOG = """\b
Before the installation: the version, your permissions, other webhooks and policies that change Pods.
After it, in addition: replicas, failurePolicy, selectors, caBundle and certificate, NetworkPolicy.

\b
Nothing in the cluster is changed. Exit codes:
  0  no error       1  an error was found       2  the cluster could not be read
"""


@click.command(epilog=EPILOG)
@click.option("--namespace", default=NAME, show_default=True, help="Check the installation in this namespace.")
@click.option("--context", help="Use this context of the kubeconfig.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Use this kubeconfig; $KUBECONFIG by default.")
def command(namespace: str, context: str | None, kubeconfig: Path | None) -> None:
    """Check a cluster, before and after the installation."""
    console, worst = Console(highlight=False, soft_wrap=True), Level.OK
    try:
        for finding in findings(client.connect(context, kubeconfig), namespace):
            console.print(f"[{STYLES[finding.level]}]{finding.level:<8}[/] {finding.about}: {finding.text}")
            if finding.advice:
                console.print(f"         {finding.advice}", style="dim")
            worst = Level.ERROR if Level.ERROR in (worst, finding.level) else worst
    except client.ClusterError as error:
        raise click.UsageError(str(error)) from None
    raise SystemExit(worst is Level.ERROR)


def findings(api: Cluster, own: str) -> Iterator[Finding]:
    """Read the cluster and return what is right and wrong, in order."""
    yield checks.version(_version(api))
    yield from _permissions(api)
    ours = _get(api, CONFIGURATIONS, NAME)
    every = _list(api, CONFIGURATIONS)
    policies = [policy | {"kind": kind.kind} for kind in POLICIES for policy in _list(api, kind)]
    yield from checks.others([c for c in every if c["metadata"]["name"] != NAME], policies)
    if ours is None:
        yield Finding(Level.OK, "lastcall", "is not installed yet", "kubectl apply -k deploy/overlays/self-managed")
        return
    yield from checks.configuration(ours, _list(api, client.NAMESPACES), _get(api, DEPLOYMENTS, NAME, own), own)
    yield checks.network(_list(api, NETWORK_POLICIES, own))
    yield from _certificate(api, ours, own)


def _certificate(api: Cluster, ours: dict[str, Any], own: str) -> Iterator[Finding]:
    """Verify the Secret's certificate as the API server would, by a TLS handshake for each caBundle."""
    from webhook.serving.tls import load, verify  # noqa: PLC0415

    secret = next((s for s in _list(api, SECRETS, own) if "lastcall" in s["metadata"]["name"] and _pair(s)), None)
    if secret is None:
        yield Finding(Level.WARNING, "certificate", f"no Secret with a certificate can be read in namespace {own}")
        return
    certificate, key = _pair(secret)
    for bundle in checks.bundles(ours):
        try:
            verify(load(certificate, key), bundle, f"{NAME}.{own}.svc")
        except (ssl.SSLError, ValueError) as error:
            reason = getattr(error, "verify_message", "") or " ".join(str(error).split())
            advice = "The caBundle and the certificate have different CAs: see docs/certificates.md."
            yield Finding(Level.ERROR, "certificate", f"the API server does not trust it: {reason}", advice)
        else:
            yield Finding(Level.OK, "certificate", "the caBundle verifies it for the Service's name")


def _pair(secret: dict[str, Any]) -> tuple[bytes, ...]:
    data = secret.get("data") or {}
    return (
        tuple(b64decode(data[name]) for name in ("tls.crt", "tls.key")) if {"tls.crt", "tls.key"} <= set(data) else ()
    )


def _permissions(api: Cluster) -> Iterator[Finding]:
    """Check that the user has the permissions to install (a SelfSubjectAccessReview changes nothing)."""
    from kubernetes import client as api_client  # noqa: PLC0415 - see webhook/cluster/client.py

    ask = api_client.AuthorizationV1Api(api.api).create_self_subject_access_review
    for group_version, resource, namespace in NEEDED:
        group = group_version.rpartition("/")[0]
        asked = api_client.V1ResourceAttributes(verb="create", group=group, resource=resource, namespace=namespace)
        review = api_client.V1SelfSubjectAccessReview(
            spec=api_client.V1SelfSubjectAccessReviewSpec(resource_attributes=asked)
        )
        with contextlib.suppress(api_client.ApiException):
            status = ask(review).status
            if status and not status.allowed:
                text = f"you may not create {resource}"
                yield Finding(
                    Level.WARNING, "permissions", text, "Only the installation needs this permission: ask for it."
                )


def _version(api: Cluster) -> dict[str, Any]:
    from kubernetes import client as api_client  # noqa: PLC0415 - see webhook/cluster/client.py

    try:
        code = api_client.VersionApi(api.api).get_code()
    except Exception as error:  # noqa: BLE001 - urllib3 and the client have a dozen kinds
        raise client.ClusterError(f"the API server cannot be reached: {' '.join(str(error).split())[:200]}") from None
    return {"gitVersion": code.git_version, "minor": code.minor}


def _get(api: Cluster, resource: Resource, name: str, namespace: str = "") -> dict[str, Any] | None:
    with contextlib.suppress(client.NotFound):
        return api.get(resource, name, namespace)
    return None


def _list(api: Cluster, resource: Resource, namespace: str = "") -> list[dict[str, Any]]:
    """Return the objects; none if the kind does not exist, or the permission to list it is missing."""
    with contextlib.suppress(client.ClusterError):
        return [item for item, _ in api.objects(resource, namespace)]
    return []
