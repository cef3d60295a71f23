"""What a Pod has room for: in its grace period, for a sleep, and in its size, for the launcher and the signal hook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from webhook.core.status import own_grace_seconds

if TYPE_CHECKING:
    from webhook.core.patch import Operations
    from webhook.core.pod import Pod
    from webhook.core.settings import Settings

MAX_POD_BYTES = 1024 * 1024
"""A Pod that would grow beyond this gets no more shell texts; etcd refuses requests of 1.5 MiB."""


class Size:
    """A Pod's size as JSON, which grows with what is added to it."""

    def __init__(self, pod: Pod) -> None:
        self._pod = pod
        self._bytes = 0

    def try_add(self, operations: Operations) -> bool:
        """Add the operations to the size; leave it and return False where it would exceed ``MAX_POD_BYTES``."""
        before = self._bytes or len(msgspec.json.encode(self._pod.document))
        grown = before + len(msgspec.json.encode(operations))
        self._bytes = grown if grown <= MAX_POD_BYTES else before
        return grown <= MAX_POD_BYTES


def native_sidecar_seconds(pod: Pod, settings: Settings) -> int:
    """Return the seconds that native sidecars need after the last app container: 0 in a Pod without them."""
    return settings.sidecar_drain_seconds if any(pod.native_sidecars()) else 0


def within_own_grace(pod: Pod, sleep: int, settings: Settings) -> bool:
    """Return whether a sleep of ``sleep`` seconds is taken out of the Pod's own grace period.

    It is, if the grace period is at or above the maximum (and so is never raised), ``drain-seconds`` is not set, and
    at least half of the grace period is left.
    """
    own = own_grace_seconds(pod)
    taken = sleep + native_sidecar_seconds(pod, settings)
    return settings.drain_seconds is None and own >= settings.max_grace_seconds and 2 * taken <= own


def fits(pod: Pod, sleep: int, settings: Settings) -> bool:
    """Return whether a sleep of ``sleep`` seconds can be added without a grace period above the maximum."""
    drain = own_grace_seconds(pod) if settings.drain_seconds is None else settings.drain_seconds
    needed = sleep + drain + native_sidecar_seconds(pod, settings)
    return needed <= max(settings.max_grace_seconds, pod.grace_seconds) or within_own_grace(pod, sleep, settings)
