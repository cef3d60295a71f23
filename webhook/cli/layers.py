"""The options that choose settings, shared by every command that has them: ``--profile``, ``--profiles``, ``--set``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from webhook.core.layers import Layer
from webhook.core.settings import NAMES, InvalidSetting, parse
from webhook.install import profiles as operator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Profiles: TypeAlias = "Mapping[str, Mapping[str, Any]]"
"""Name -> settings of the profile."""


def load(path: Path | None) -> Profiles:
    """Return the built-in profiles and those of the file; raise a usage error if the file is invalid."""
    try:
        return operator.load(path)
    except operator.BadProfiles as error:
        raise click.UsageError(str(error)) from None


def choose(profiles: Profiles, name: str) -> Layer:
    """Return the layer of a profile; raise a usage error with the names of all profiles."""
    if name not in profiles:
        raise click.UsageError(f"no profile {name!r}; there are: {', '.join(sorted(profiles))}")
    return Layer.of_profile(name, profiles[name])


def _override(_context: click.Context, _param: click.Parameter, values: Sequence[str]) -> Layer:
    """Read ``--set name=value``."""
    read: dict[str, Any] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals:
            raise click.BadParameter(f"{value}: write name=value, as in drain-seconds=20")
        try:
            read[name] = parse(name, text)
        except InvalidSetting as error:
            raise click.BadParameter(str(error)) from None
    return Layer("--set", read)


def complete_profiles(context: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Return the profiles that begin with what is typed, those of ``--profiles`` included."""
    known: Profiles = context.params.get("known") or operator.load(None)
    return [name for name in known if name.startswith(typed)]


def complete_settings(_context: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Return the settings that begin with what is typed, each with the sign that follows."""
    return [f"{name}=" for name in NAMES if name.startswith(typed)]


profile_option = click.option(
    "--profile", default="default", shell_complete=complete_profiles, help="Use the settings of this profile."
)
profiles_option = click.option(
    "--profiles",
    "known",
    type=click.Path(path_type=Path),
    callback=lambda _context, _param, path: load(path),
    help="Read your profiles from this file (YAML).",
)
override_option = click.option(
    "--set",
    "override",
    multiple=True,
    callback=_override,
    shell_complete=complete_settings,
    help="Set name=value; overrides profile and annotations. Repeatable.",
)
