"""A source of settings, and what it sets: a profile, a Pod's annotations, or ``--set``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class Layer(msgspec.Struct, frozen=True):
    """One layer of the settings."""

    origin: str
    """The name of the source: ``profile ingress``, ``the Pod's annotation``, ``--set``."""
    values: Mapping[str, Any]
    """Kebab-case name -> value."""
    profile: str = ""
    """The name of the profile; empty for the other sources."""

    @classmethod
    def of_profile(cls, name: str, values: Mapping[str, Any]) -> Layer:
        """Return the layer of a profile."""
        return cls(f"profile {name}", values, name)
