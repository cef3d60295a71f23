"""``lastcall version``: the version of this program, and of the webhook that a cluster has."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webhook import __version__
from webhook.cli.check import CONFIGURATIONS, DEPLOYMENTS, NAME
from webhook.cluster import client

if TYPE_CHECKING:
    from webhook.cluster.client import Cluster

EPILOG = """\b
Permissions for --server: get of deployments in the namespace of lastcall; with get of
mutatingwebhookconfigurations it finds that namespace itself.

\b
Exit codes:
  0  success       2  the cluster could not be read, or lastcall is not installed in it
"""


@click.command(epilog=EPILOG)
@click.option("--server", is_flag=True, help="Show the version that is installed in the cluster, too.")
@click.option("-n", "--namespace", help="Look for the installation in this namespace.")
@click.option("--context", help="Use this context of the kubeconfig.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Use this kubeconfig; $KUBECONFIG by default.")
@click.option("-o", "--output", type=click.Choice(("text", "json")), default="text", help="Choose the output.")
def command(server: bool, namespace: str | None, context: str | None, kubeconfig: Path | None, output: str) -> None:
    """Show the version of this program, and with --server that of the webhook in the cluster: its image's tag."""
    versions: dict[str, Any] = {"client": __version__}
    if server:
        try:
            versions["server"] = installed(client.connect(context, kubeconfig), namespace)
        except client.ClusterError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(2)
    if output == "json":
        click.echo(json.dumps(versions, indent=2))
        return
    click.echo(f"client  {versions['client']}")
    if server:
        found = versions["server"]
        click.echo(f"server  {found['version'] or 'unknown: the image has no tag'}")
        click.echo(
            f"        {found['image']}, {found['ready']} of {found['replicas']} replicas ready in {found['namespace']}"
        )
        if found["version"] not in ("", __version__):
            click.echo("note: the versions differ; preview, timeline and audit decide as the client does", err=True)


def installed(cluster: Cluster, namespace: str | None) -> dict[str, Any]:
    """Return version, image, namespace, replicas and ready replicas; raise ``ClusterError``."""
    own = namespace or _namespace(cluster)
    deployment = cluster.get(DEPLOYMENTS, NAME, own)
    containers = deployment["spec"]["template"]["spec"]["containers"]
    image = str(next((c for c in containers if c["name"] == NAME), containers[0])["image"])
    counts = {
        "replicas": deployment["spec"].get("replicas", 1),
        "ready": (deployment.get("status") or {}).get("readyReplicas", 0),
    }
    return {"version": tag(image), "image": image, "namespace": own, **counts}


def tag(image: str) -> str:
    """Return the tag of an image; "" if it has none, as one that is named by its digest only."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _namespace(cluster: Cluster) -> str:
    """Return the namespace of the Service that the webhook configuration names."""
    try:
        webhooks = cluster.get(CONFIGURATIONS, NAME).get("webhooks") or ()
    except client.ClusterError:
        return NAME
    services = ((webhook.get("clientConfig") or {}).get("service") or {} for webhook in webhooks)
    return next((str(service["namespace"]) for service in services if service.get("namespace")), NAME)
