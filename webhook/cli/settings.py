"""``lastcall settings``: show the settings in force and where each comes from."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import click

from webhook.cli import layers
from webhook.core.settings import NAMES, PREFIX, resolve
from webhook.report.setting_docs import setting_docs, show

if TYPE_CHECKING:
    from webhook.cli.layers import Profiles
    from webhook.core.layers import Layer


@click.command()
@click.option("--profile", shell_complete=layers.complete_profiles, help="Show only this profile.")
@layers.profiles_option
@layers.override_option
@click.option("-o", "--output", type=click.Choice(("text", "json")), default="text", help="Choose the output.")
def command(profile: str | None, known: Profiles, override: Layer, output: str) -> None:
    """Show every setting, its value in each profile, and where the value comes from.

    Layers, the last one wins: built-in defaults, the profile in the namespace's label, the Pod's
    annotations, `--set`.
    """
    selected = [layers.choose(known, name) for name in (known if profile is None else [profile])]
    resolved = {layer.profile: resolve([layer], None, override) for layer in selected}
    rows = {
        setting: {
            name: {"value": getattr(r.settings, field.name), "origin": r.origins.get(setting, "default")}
            for name, r in resolved.items()
        }
        for setting, field in NAMES.items()
    }
    if output == "json":
        click.echo(json.dumps(rows, indent=2))
        return
    for setting, text in setting_docs().items():
        click.secho(setting, bold=True)
        click.echo(textwrap.indent(textwrap.fill(text, 76), "  "))
        for name, cell in rows[setting].items():
            click.echo(f"    {name:<12} {show(cell['value']):<12} ({cell['origin']})")
    click.echo(f'\nOn a Pod: annotation {PREFIX}<name>, for instance {PREFIX}drain-seconds: "20"')
