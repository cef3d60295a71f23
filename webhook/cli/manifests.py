"""``lastcall manifests``: print the objects in the cluster that depend on the profiles."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from webhook.cli import encoding
from webhook.cli.layers import load
from webhook.install.objects import NAME, profiles_config_map, webhook_configuration

if TYPE_CHECKING:
    from webhook.install.objects import Policy

EPILOG = """\b
Add your own profile:
  lastcall manifests --profiles profiles.yaml | kubectl apply -f -
  kubectl -n lastcall rollout restart deployment/lastcall
  kubectl label namespace shop lastcall.webhook/inject=<profile>
"""
HEADER = "# Printed by `lastcall manifests{options}`; --profiles FILE adds profiles of your own.\n"
NO_PROFILES = "{}  # nothing over the built-in profiles\n"


@click.command(epilog=EPILOG)
@click.option(
    "--profiles", "profiles_file", type=click.Path(path_type=Path), help="Read your profiles from this file (YAML)."
)
@click.option("--namespace", "-n", default=NAME, show_default=True, help="Set the namespace that lastcall runs in.")
@click.option("--cluster-wide", is_flag=True, help="Include every namespace that is not labelled `disabled`.")
@click.option("--ca", "ca_file", type=click.File("rb"), help="Use this CA of your own certificate (PEM).")
@click.option(
    "--failure-policy",
    type=click.Choice(("Ignore", "Fail")),
    default="Ignore",
    show_default=True,
    help="Set the webhooks' failurePolicy.",
)
def command(
    profiles_file: Path | None,
    namespace: str,
    cluster_wide: bool,
    ca_file: io.BufferedReader | None,
    failure_policy: Policy,
) -> None:
    """Print the MutatingWebhookConfiguration, with a webhook for each profile, and the profiles' ConfigMap."""
    profiles = load(profiles_file)
    text = profiles_file.read_text() if profiles_file else NO_PROFILES
    configuration = webhook_configuration(
        profiles,
        namespace=namespace,
        cluster_wide=cluster_wide,
        ca_bundle=ca_file.read() if ca_file else b"",
        failure_policy=failure_policy,
    )
    encoding.for_programs()
    click.echo(
        as_yaml(configuration, profiles_config_map(text, namespace=namespace), cluster_wide=cluster_wide), nl=False
    )


def as_yaml(configuration: dict[str, Any], config_map: dict[str, Any], *, cluster_wide: bool) -> str:
    """Return both objects as YAML; the profiles file keeps its text."""
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 110
    yaml.representer.ignore_aliases = lambda _: True
    config_map["data"] = {name: LiteralScalarString(text) for name, text in config_map["data"].items()}
    stream = io.StringIO(HEADER.format(options=" --cluster-wide" if cluster_wide else ""))
    stream.seek(0, io.SEEK_END)
    yaml.dump_all([configuration, config_map], stream)
    return stream.getvalue()
