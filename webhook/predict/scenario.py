"""What a manifest does not say, and is assumed: the application, its images, the network, the node."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a field of a struct
from typing import TYPE_CHECKING

import msgspec

from webhook.predict.causes import Cause, document_of, mapping
from webhook.predict.delivery import SignalDelivery, SignalPath
from webhook.predict.process import signal_path

if TYPE_CHECKING:
    from webhook.core.pod import Container, Pod
    from webhook.core.settings import Resolved

IGNORES = float("inf")
"""The drain of a process that ignores its stop signal."""
FAILS = None
"""The length of a hook that fails at once: a missing program, an HTTP error."""
STOP_SIGNAL = (1, 37)
"""Kubernetes that uses ``lifecycle.stopSignal`` without a feature gate (KEP-4960)."""
PROPAGATION: Mapping[str, float] = {"ingress": 8, "alb": 45, "nlb": 120}
"""Profile -> how long its kind of load balancer sends requests to an endpoint that is gone; 3 s for the others. ALB:
rare 502s at 40 s, none at 70 (aws-load-balancer-controller#2106); NLB: 120 s with any configuration (#2366)."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What ends the Pod, on what node, and what its containers are like. Times are in seconds.

    Maps go from a container's name to its value, and win over the values for all containers.
    """

    cause: Cause = Cause.DELETE
    cause_seconds: int | None = None
    """The cause's own limit; None is what ``SOURCES`` says."""
    kubelet: tuple[int, int] = (1, 34)
    propagation: float = 3.0
    """From the start until the last client knows that the endpoint is gone; sub-second to 130."""
    drain: float = 5.0
    """How long a process needs after its stop signal, where the setting ``drain-seconds`` is not set."""
    drains: Mapping[str, float] = {}
    unknown_hook: float = 5.0
    """How long a hook takes if its length is unknown."""
    hooks: Mapping[str, float | None] = {}
    exits: Mapping[str, float] = {}
    """Containers that exit by themselves, so many seconds after the start."""
    stop_signals: Mapping[str, str] = {}
    """The images' STOPSIGNAL."""
    delivery: SignalDelivery | None = None
    """What becomes of the stop signal, for all containers; None is what their commands show."""
    deliveries: Mapping[str, SignalDelivery] = {}
    kubelet_restart: float | None = None
    """When the kubelet restarts, if it does."""

    def drain_of(self, container: Container, resolved: Resolved) -> float:
        """Return how long the container needs after its stop signal."""
        seconds = resolved.settings.drain_seconds
        return self.drains.get(container.name, self.drain if seconds is None else float(seconds))

    def path_of(self, container: Container, pod: Pod, resolved: Resolved) -> SignalPath:
        """Return what becomes of the container's stop signal: what the user says, or else what its command shows."""
        said = self.deliveries.get(container.name, self.delivery)
        if said is not None:
            return SignalPath(said, "" if said is SignalDelivery.RECEIVED else "its command")
        return signal_path(container, resolved, self._known_stop_signal(container, pod))

    def stop_signal_of(self, container: Container, pod: Pod) -> str:
        """Return the signal that asks the container to end: the Pod's before the image's before SIGTERM."""
        return self._known_stop_signal(container, pod) or "SIGTERM"

    def _known_stop_signal(self, container: Container, pod: Pod) -> str | None:
        own = mapping(document_of(pod, container.name).get("lifecycle")).get("stopSignal")
        if own and self.kubelet >= STOP_SIGNAL:
            return str(own)
        return self.stop_signals.get(container.name)
