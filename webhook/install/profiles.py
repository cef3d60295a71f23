"""The operator's profiles: a YAML file that is merged over the built-in ones.

::

    default:                       # the value `enabled` of the namespace's label
      pre-stop-sleep-seconds: 8
    slow-load-balancer:            # the value `slow-load-balancer`
      pre-stop-sleep-seconds: 45
      drain-seconds: 20
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from webhook.core.settings import PROFILES, InvalidSetting, parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""A DNS label, since it is a label's value, a part of a URL and a part of a webhook's name."""
_RESERVED = ("enabled", "disabled")
"""Values of the label with another meaning."""


class BadProfiles(ValueError):
    """The file cannot be used; the message names the file, the profile and the setting."""


def load(path: Path | None) -> Mapping[str, Mapping[str, Any]]:
    """Return the built-in profiles, merged with those of the file; raise ``BadProfiles``."""
    if path is None:
        return PROFILES
    from ruamel.yaml import YAML  # noqa: PLC0415 - megabytes that a server without a file need not load
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        data = YAML(typ="safe", pure=True).load(path) or {}
    except (OSError, YAMLError, ValueError) as error:
        raise BadProfiles(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise BadProfiles(f"{path}: must be a mapping from a profile's name to its settings")
    return {**PROFILES, **{_name(path, name): _profile(path, name, layer) for name, layer in data.items()}}


def _name(path: Path, name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
        raise BadProfiles(f"{path}: {name!r} is not a valid profile name: use lower-case letters, digits and hyphens")
    return name


def _profile(path: Path, name: str, layer: object) -> Mapping[str, Any]:
    if layer is None:
        layer = {}
    if not isinstance(layer, dict):
        raise BadProfiles(f"{path}: {name} must be a mapping of settings")
    try:
        own = {setting: parse(setting, value) for setting, value in layer.items()}
    except InvalidSetting as error:
        raise BadProfiles(f"{path}: {name}: {error}") from None
    return {**PROFILES.get(name, {}), **own}
