"""The parts of a Pod that are read, typed.

The Pod itself stays the JSON of the review, so that unknown fields survive. What is read from it is a
``Pod``: a view, made anew after every mutation, whose shape is checked once (``Malformed`` names the field), not by
every mutation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from webhook.core import patch
from webhook.core.hooks import Handler, Lifecycle, Probe, View

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from webhook.core.patch import Operations, Path

DEFAULT_GRACE_SECONDS = 30
"""What the API server fills in: core/v1 DefaultTerminationGracePeriodSeconds."""

MAX_INT64 = 2**63 - 1
"""The largest integer of the API; JSON has no limit."""


class Malformed(ValueError):
    """The Pod does not have the API's shape; the message names the field."""


class Container(View, frozen=True):
    """A container or an init container."""

    name: str
    command: list[str] | None = None
    args: list[str] | None = None
    lifecycle: Lifecycle | None = None
    restart_policy: str | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None

    @property
    def pre_stop(self) -> Handler | None:
        """The preStop hook; an empty object (what an old API server leaves of ``sleep``) is none."""
        hook = self.lifecycle and self.lifecycle.pre_stop
        return hook if hook and hook.actions else None

    @property
    def pre_stop_seconds(self) -> int | None:
        """How long the preStop hook takes: 0 without one, None where it is unknown."""
        return self.pre_stop.seconds if self.pre_stop else 0

    @property
    def commands_run_inside(self) -> list[list[str]]:
        """The commands that its exec probes and its postStart hook run in it."""
        post_start = self.lifecycle and self.lifecycle.post_start
        handlers = (self.liveness_probe, self.readiness_probe, self.startup_probe, post_start)
        actions = [handler.exec for handler in handlers if handler]
        return [action.command for action in actions if action and action.command]

    @property
    def target(self) -> str:
        """The container's name in decisions."""
        return f"container/{self.name}"


class Owner(View, frozen=True):
    """An entry of ``metadata.ownerReferences``."""

    kind: str
    controller: bool | None = None


class Metadata(View, frozen=True):
    """The Pod's metadata."""

    annotations: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    owner_references: list[Owner] | None = None


class Os(View, frozen=True):
    """``spec.os``."""

    name: str = ""


class Spec(View, frozen=True):
    """The Pod's spec."""

    containers: Annotated[list[Container], msgspec.Meta(min_length=1)]
    init_containers: list[Container] | None = None
    termination_grace_period_seconds: Annotated[int, msgspec.Meta(le=MAX_INT64)] | None = None
    restart_policy: str | None = None
    node_selector: dict[str, str] | None = None
    os: Os | None = None


class Pod(View, frozen=True):
    """A Pod."""

    spec: Spec
    metadata: Metadata = Metadata()
    document: dict[str, Any] = {}  # noqa: RUF012 - msgspec gives every Pod its own
    """The JSON that this is a view of."""
    recorded: dict[str, dict[str, Any]] = {}  # noqa: RUF012
    """What lastcall did to the Pod so far, in earlier rounds of admission and in this one: mutation -> target -> what
    undoes it. ``mutate`` fills it in."""

    def put(self, path: Path, value: Any) -> Operations:
        """Return the operations that make the Pod hold ``value`` at ``path``; none if it does already."""
        return patch.put(self.document, path, value)

    @property
    def annotations(self) -> dict[str, str]:
        """Annotations, never None."""
        return self.metadata.annotations or {}

    @property
    def labels(self) -> dict[str, str]:
        """Labels, never None."""
        return self.metadata.labels or {}

    @property
    def grace_seconds(self) -> int:
        """``terminationGracePeriodSeconds``, or the API server's default."""
        seconds = self.spec.termination_grace_period_seconds
        return DEFAULT_GRACE_SECONDS if seconds is None else seconds

    @property
    def controller(self) -> str:
        """The kind of the controlling owner, or an empty string."""
        return next((o.kind for o in self.metadata.owner_references or () if o.controller), "")

    @property
    def on_windows(self) -> bool:
        """Whether the Pod asks for a Windows node."""
        selected = (self.spec.node_selector or {}).get("kubernetes.io/os")
        return "windows" in (selected, self.spec.os and self.spec.os.name)

    def restart_policy(self, container: Container) -> str:
        """Return the restart policy of an app container: its own before the Pod's (KEP-5307)."""
        return container.restart_policy or self.spec.restart_policy or "Always"

    @property
    def serves(self) -> bool:
        """Whether any app container is always restarted; one that is not ends by itself and serves no requests."""
        return any(self.restart_policy(container) == "Always" for container in self.spec.containers)

    def containers(self) -> Iterator[tuple[Path, Container]]:
        """App containers and classic sidecars, each with its path in the Pod."""
        for index, container in enumerate(self.spec.containers):
            yield ("spec", "containers", index), container

    def native_sidecars(self) -> Iterator[tuple[Path, Container]]:
        """Native sidecars: init containers that restart (KEP-753), each with its path in the Pod."""
        for index, container in enumerate(self.spec.init_containers or ()):
            if container.restart_policy == "Always":
                yield ("spec", "initContainers", index), container


def read(document: Mapping[str, Any]) -> Pod:
    """Return the view of a Pod's JSON; raise ``Malformed`` if it does not have the API's shape."""
    parts = {"metadata": document.get("metadata") or {}, "spec": document.get("spec"), "document": document}
    try:
        return msgspec.convert(parts, Pod)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from None
