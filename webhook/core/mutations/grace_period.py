"""Make ``terminationGracePeriodSeconds`` cover the preStop hook and the drain after it.

The hook's time is taken from the grace period, not added to it: a hook that takes all of it leaves the process 2 s.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow

With G the Pod's own grace, h the length of a container's hook and D ``drain-seconds``, a container needs

    ======================  =============  =======================================================
    its hook                where D is set  otherwise
    ======================  =============  =======================================================
    none                    D              G
    a sleep added here      h + D          h + G: the whole of G was the user's drain, and stays so
    its own, h < G          h + D          G: it covers the user's hook and drain
    its own, h >= G         h + D          h + 30: the hook takes all of G; 30 s are for the drain
    its own, h not known    G              G
    ======================  =============  =======================================================

The Pod needs the longest of these, and native sidecars stop after it. The result is never below G.

With M ``max-grace-seconds``, a need above M is not met by a raise:

    =====================  ==================================================================
    G >= M, D not set      the longest sleep added here, and what native sidecars need, are
                           taken out of G, which stays, if at least half of G is left
    otherwise              refused: the Pod is admitted unchanged
    =====================  ==================================================================

So with M 600 and a sleep of 5 s, a G of 600 stays and leaves 595 s of drain, while a G of 598 is refused: it could be
raised, but not far enough. A drain below M is either kept whole, or nothing is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from webhook.core import room
from webhook.core.decision import Reason, patched, refused, skipped
from webhook.core.pod import DEFAULT_GRACE_SECONDS
from webhook.core.status import added_hook, own_grace_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.core.decision import Decision
    from webhook.core.pod import Container, Pod
    from webhook.core.settings import Resolved, Settings


class GracePeriod(Reason):
    """Why the grace period is raised, or is not."""

    GRACE_RAISED = (
        "raised from {before} s to {after} s: {target} needs {why}",
        "Nothing to do. If the application drains faster, set the annotation lastcall.webhook/drain-seconds.",
    )
    GRACE_SUFFICES = (
        "{seconds} s cover hooks and drain",
        "Nothing to do.",
    )
    SLEEP_WITHIN_GRACE = (
        "stays {seconds} s, since max-grace-seconds is {maximum}: {taken} s of it go to {why}",
        "Nothing to do, if what is left is enough for the drain. Otherwise raise max-grace-seconds, knowing that the"
        " cluster autoscaler stops waiting after 600 s.",
    )
    HOOK_LENGTH_UNKNOWN = (
        "the length of its preStop hook is unknown, so the grace period is not raised for it",
        "Set terminationGracePeriodSeconds to hook plus drain, or use a native sleep, whose length is known.",
    )
    GRACE_ABOVE_MAXIMUM = (
        "needs {needed} s for {target}, more than max-grace-seconds ({maximum})",
        "The Pod is admitted unchanged. Shorten the sleep, set drain-seconds, or raise max-grace-seconds; the"
        " cluster autoscaler stops waiting after 600 s.",
        True,
    )


class Need(NamedTuple):
    """How many seconds a container needs from the Pod's deletion on, and what for."""

    seconds: int
    target: str
    why: str


def decide(pod: Pod, resolved: Resolved) -> Iterator[Decision]:
    """Raise the grace period to the longest need; never lower it."""
    own, current = own_grace_seconds(pod), pod.grace_seconds
    for _, container in pod.containers():
        if container.pre_stop_seconds is None:
            yield skipped(container.target, GracePeriod.HOOK_LENGTH_UNKNOWN)
    longest = _longest(pod, own, resolved.settings)
    maximum = resolved.settings.max_grace_seconds
    if longest.seconds <= current:
        yield skipped("pod", GracePeriod.GRACE_SUFFICES, seconds=current)
    elif taken := _taken(pod, own, resolved.settings):
        seconds, why = taken
        yield skipped("pod", GracePeriod.SLEEP_WITHIN_GRACE, seconds=current, maximum=maximum, taken=seconds, why=why)
    elif longest.seconds > maximum:
        target, needed = longest.target, longest.seconds
        yield refused("pod", GracePeriod.GRACE_ABOVE_MAXIMUM, target=target, needed=needed, maximum=maximum)
    else:
        operations = pod.put(("spec", "terminationGracePeriodSeconds"), longest.seconds)
        _, target, why = longest
        values: dict[str, object] = {"before": current, "after": longest.seconds, "target": target, "why": why}
        yield patched("pod", GracePeriod.GRACE_RAISED, operations, [own, longest.seconds], **values)


def _taken(pod: Pod, own: int, settings: Settings) -> tuple[int, str] | None:
    """Return what is taken out of the Pod's own grace period, and for what; None where that is not possible."""
    added = [container.pre_stop_seconds or 0 for _, container in pod.containers() if added_hook(pod, container)]
    sleep, natives = max(added, default=0), room.native_sidecar_seconds(pod, settings)
    if not room.within_own_grace(pod, sleep, settings) or _longest(pod, own, settings, within=True).seconds > own:
        return None
    return sleep + natives, " and ".join(["the sleep"] * bool(sleep) + ["native sidecars"] * bool(natives))


def _longest(pod: Pod, own: int, settings: Settings, *, within: bool = False) -> Need:
    """Return what the whole Pod needs: app containers in parallel, then the native sidecars.

    ``within``: what is added here is taken out of the Pod's own grace period.
    """
    needs = [
        _need(pod, container, own, settings.drain_seconds)
        for _, container in pod.containers()
        if not (within and added_hook(pod, container))
    ]
    sidecars = [sidecar for _, sidecar in pod.native_sidecars()]
    # A sidecar's hook starts with the others', at the Pod's deletion, not when its turn to stop has come.
    needs += [Need(sidecar.pre_stop_seconds or 0, sidecar.target, "that for its preStop hook") for sidecar in sidecars]
    longest = max(needs, key=lambda need: need.seconds, default=Need(own, "pod", "its own grace period"))
    drain = room.native_sidecar_seconds(pod, settings)
    if within or not drain:
        return longest
    return Need(longest.seconds + drain, longest.target, f"{longest.why}, and then native sidecars {drain} s")


def _need(pod: Pod, container: Container, own: int, drain: int | None) -> Need:
    """Return what an app container or classic sidecar needs: the table above."""
    hook = container.pre_stop_seconds
    if hook is None:
        return Need(own, container.target, "the Pod's own grace period")
    if drain is None:
        drain = own if added_hook(pod, container) else own - hook if hook < own else DEFAULT_GRACE_SECONDS
    return Need(hook + drain, container.target, f"{hook} s of preStop hook and {drain} s of drain")
