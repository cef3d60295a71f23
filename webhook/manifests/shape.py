"""What the API server would reject in a Pod before anything is decided about it: a number where text is needed, say.

Only fields that people get wrong are read; the API server knows the rest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from webhook.core import pod
from webhook.core.hooks import View

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Env(View, frozen=True):
    name: str
    value: str | None = None


class _Port(View, frozen=True):
    container_port: int
    name: str | None = None
    protocol: str | None = None


class _Container(pod.Container, frozen=True):
    image: str | None = None
    working_dir: str | None = None
    env: list[_Env] | None = None
    ports: list[_Port] | None = None


class _Spec(pod.Spec, frozen=True):
    containers: Annotated[list[_Container], msgspec.Meta(min_length=1)]  # type: ignore[assignment]
    init_containers: list[_Container] | None = None  # type: ignore[assignment]
    service_account_name: str | None = None
    host_network: bool | None = None


class _Pod(View, frozen=True):
    spec: _Spec
    metadata: pod.Metadata | None = None


def violation(template: Mapping[str, Any]) -> tuple[str, tuple[str | int, ...]] | None:
    """Return what is wrong with a Pod, and the path of the field in it; None if nothing is."""
    try:
        msgspec.convert(template, _Pod)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at `$")
        path = re.findall(r"\.([^.\[\]`]+)|\[([0-9]+|\.\.\.)\]", place)
        return words, tuple(name or (int(index) if index.isdigit() else 0) for name, index in path)
    return None
