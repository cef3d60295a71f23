"""Delay SIGTERM with a native preStop sleep, so that the endpoint is withdrawn first.

The sleep runs in the kubelet (KEP-3960, on by default since 1.30): it needs no binary in the image.

A sleep that is added is never shorter than the longest preStop hook of the Pod's other app containers, if its length
can be read and the grace period has room for it: a proxy beside an application that sleeps 15 s of its own would end
first, and the requests with it. Which of a Pod's containers is the proxy is unknown: this holds for all of them.
https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook.core import room
from webhook.core.decision import Reason, patched, skipped
from webhook.core.status import added_hook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.core.decision import Decision
    from webhook.core.pod import Pod
    from webhook.core.settings import Resolved, Settings


class PreStop(Reason):
    """Why a container sleeps before SIGTERM, or does not."""

    SLEEP_ADDED = (
        "sleeps {seconds} s before SIGTERM",
        "Nothing to do. Another length: annotation lastcall.webhook/pre-stop-sleep-seconds, or a profile.",
    )
    SLEEP_MATCHED = (
        "sleeps {seconds} s before SIGTERM, as long as the preStop hook of {other}, so that it does not end first",
        "Nothing to do. Another length: shorten the other hook, or set one on this container in the manifest.",
    )
    SLEEP_ADDED_BEFORE = (
        "already sleeps {seconds} s before SIGTERM: an earlier call of the webhook added it",
        "Nothing to do: the API server calls again when another webhook has changed the Pod.",
    )
    HOOK_ALREADY_SET = (
        "has a preStop hook of its own",
        "Nothing to do: a hook is never replaced. Remove it from the manifest to get the sleep instead.",
    )
    NATIVE_SIDECAR = (
        "is a native sidecar: the kubelet stops it after the app containers",
        "Nothing to do: its own hook would run in parallel with theirs and delay nothing (KEP-753).",
    )
    ONE_SHOT_CONTAINER = (
        "restartPolicy is {policy}: it ends by itself and needs no sleep",
        "Nothing to do: it serves no requests, and SIGTERM reaches it at once, as before (KEP-5307).",
    )
    SLEEP_TURNED_OFF = (
        "gets no sleep: {origin} turns it off",
        "Nothing to do. To have one, set pre-stop-sleep-seconds to more than 0.",
    )


def decide(pod: Pod, resolved: Resolved) -> Iterator[Decision]:
    """Give every app container and classic sidecar without a preStop hook a sleep."""
    seconds = resolved.settings.pre_stop_sleep_seconds
    if seconds == 0:
        yield skipped("pod", PreStop.SLEEP_TURNED_OFF, origin=resolved.origins["pre-stop-sleep-seconds"])
        return
    seconds, other = _length(pod, resolved.settings)
    for path, container in pod.containers():
        if added_hook(pod, container):
            yield skipped(container.target, PreStop.SLEEP_ADDED_BEFORE, seconds=container.pre_stop_seconds)
        elif container.pre_stop:
            yield skipped(container.target, PreStop.HOOK_ALREADY_SET)
        elif (policy := pod.restart_policy(container)) != "Always":
            yield skipped(container.target, PreStop.ONE_SHOT_CONTAINER, policy=policy)
        else:
            operations = pod.put((*path, "lifecycle", "preStop"), {"sleep": {"seconds": seconds}})
            reason = PreStop.SLEEP_MATCHED if other else PreStop.SLEEP_ADDED
            yield patched(container.target, reason, operations, seconds, seconds=seconds, other=other)
    for _, sidecar in pod.sidecars():
        yield skipped(sidecar.target, PreStop.NATIVE_SIDECAR)


def _length(pod: Pod, settings: Settings) -> tuple[int, str]:
    """Return how long an added sleep is, and whose hook it matches, or an empty string.

    A hook that would need a grace period beyond the maximum is not matched: the Pod would be refused for it.
    """
    hooks = [(container.pre_stop_seconds or 0, container.target) for _, container in pod.containers()]
    longest, other = max(hooks, key=lambda hook: hook[0])
    if longest > settings.pre_stop_sleep_seconds and room.fits(pod, longest, settings):
        return longest, other
    return settings.pre_stop_sleep_seconds, ""
