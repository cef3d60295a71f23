"""``lastcall settings``: the settings in force, with origin."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webhook.cli.preview import layers_of
from webhook.core.settings import NAMES, PREFIX, resolve, show
from webhook.install import profiles
from webhook.report.setting_docs import setting_docs

if TYPE_CHECKING:
    from webhook.core.settings import Layer


@click.command()
@click.option("--profile", help="Only this profile.")
@click.option("--profiles", "profiles_file", type=click.Path(path_type=Path), help="The operator's profiles (YAML).")
@click.option("--set", "override", multiple=True, callback=layers_of, help="name=value; stronger than the profile.")
@click.option("-o", "--output", type=click.Choice(("table", "json")), default="table", help="What to print.")
def command(profile: str | None, profiles_file: Path | None, override: Layer, output: str) -> None:
    """Show every setting, its value in each profile, and where the value comes from.

    Layers, the last one wins: built-in defaults, the profile that the namespace's label names, the Pod's annotations.
    """
    try:
        known = profiles.load(profiles_file)
    except profiles.BadProfiles as error:
        raise click.UsageError(str(error)) from None
    if profile is not None and profile not in known:
        raise click.UsageError(f"no profile {profile!r}; there are: {', '.join(sorted(known))}")
    chosen = [profile] if profile else list(known)
    resolved = {name: resolve([(f"profile {name}", known[name])], None, override) for name in chosen}
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
        click.echo(textwrap.indent(textwrap.fill(text, 92), "  "))
        for name, cell in rows[setting].items():
            click.echo(f"    {name:<12} {show(cell['value']):<12} ({cell['origin']})")
    click.echo(f'\nOn a Pod: annotation {PREFIX}<name>, for instance {PREFIX}drain-seconds: "20"')
