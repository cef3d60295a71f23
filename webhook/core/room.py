"""How many seconds of a Pod's grace period a sleep may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook.core.status import own_grace_seconds

if TYPE_CHECKING:
    from webhook.core.pod import Pod
    from webhook.core.settings import Settings


def native_sidecar_seconds(pod: Pod, settings: Settings) -> int:
    """Return the seconds that native sidecars need after the last app container: 0 in a Pod without them."""
    return settings.sidecar_drain_seconds if any(pod.sidecars()) else 0


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
