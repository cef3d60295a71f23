"""Compare two Pods: the one that the API server stored and the one of `preview`."""

import re
from typing import Any

Object = dict[str, Any]  # as the API has it


def comparable(stored: Object) -> Object:
    """Return a stored Pod without the values that change at every creation."""
    for key in ("uid", "creationTimestamp", "namespace", "managedFields", "resourceVersion", "generation"):
        stored["metadata"].pop(key, None)
    found: Object = renamed(stored)
    return found


def renamed(value: Any) -> Any:
    """Put one name in place of the random one of the token's volume."""
    match value:
        case dict():
            return {key: renamed(item) for key, item in value.items()}
        case list():
            return [renamed(item) for item in value]
        case str():
            return re.sub(r"^kube-api-access-[a-z0-9]{5}$", "kube-api-access", value)
    return value


def differences(stored: Any, said: Any, path: str = "") -> list[str]:
    """Return where two objects differ, and how."""
    if isinstance(stored, dict) and isinstance(said, dict):
        keys = sorted(stored.keys() | said.keys())
        return [line for key in keys for line in differences(stored.get(key), said.get(key), f"{path}/{key}")]
    if isinstance(stored, list) and isinstance(said, list) and len(stored) == len(said):
        pairs = enumerate(zip(stored, said, strict=True))
        return [line for i, (one, other) in pairs for line in differences(one, other, f"{path}/{i}")]
    return [] if stored == said else [f"{path}: stored {stored!r:.300}, preview said {said!r:.300}"]
