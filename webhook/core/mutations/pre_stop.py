"""Delay SIGTERM with a preStop hook, so that the endpoint is withdrawn first, and see that it reaches the real process.

There are two hooks. The native sleep runs in the kubelet (KEP-3960, on by default since 1.30): it needs no program in
the image. The signal hook runs a shell in the container: it sleeps as long, sends SIGTERM to the real process below
npm, yarn, pnpm or a shell, and waits for its end. ``core/signal_hook.py`` chooses.

A sleep that is added is never shorter than the longest preStop hook of the Pod's other app containers, if its length
can be read and the grace period has room for it: a proxy beside an application that sleeps 15 s of its own would end
first, and the requests with it. Which of a Pod's containers is the proxy is unknown: this holds for all of them.
https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook.core import room
from webhook.core.decision import Reason, patched, skipped
from webhook.core.signal_hook import NoHook, shell_for_hook
from webhook.core.status import added_hook
from webhook.launcher import MAX_SECONDS, signal_hook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.core.decision import Decision
    from webhook.core.patch import Operations, Path
    from webhook.core.pod import Container, Pod
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
    SIGNAL_HOOK_ADDED = (
        "a signal hook sleeps {seconds} s, sends SIGTERM to the real process, and waits for its end",
        'Nothing to do. To have the native sleep instead: annotation lastcall.webhook/signal-hook: "off". An event'
        " FailedPreStopHook with exit code 137 means that the container ended while the hook waited: no harm.",
    )
    SIGNAL_HOOK_ADDED_BEFORE = (
        "already has a signal hook that sleeps {seconds} s: an earlier call of the webhook added it",
        "Nothing to do: the API server calls again when another webhook has changed the Pod.",
    )
    SHELL_NOT_KNOWN = (
        "sleeps {seconds} s before SIGTERM; gets no signal hook, since nothing says that its image has a shell",
        'If the image has /bin/sh, say so: annotation lastcall.webhook/image-shell: "yes" (image-shell.<container> for'
        " one container), or the profile shell for the namespace. The signal hook then reaches the real process below"
        " npm or a shell. Nothing to do for a program that receives SIGTERM itself.",
    )
    TOO_LARGE_FOR_SIGNAL_HOOK = (
        "sleeps {seconds} s before SIGTERM, without the signal hook: the Pod would grow beyond {limit} bytes",
        "Put fewer containers or annotations into the Pod; etcd refuses objects of 1.5 MiB.",
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
    """Give every app container and classic sidecar without a preStop hook a sleep or the signal hook."""
    seconds = resolved.settings.pre_stop_sleep_seconds
    if seconds == 0:
        yield skipped("pod", PreStop.SLEEP_TURNED_OFF, origin=resolved.origins["pre-stop-sleep-seconds"])
        return
    seconds, other = _length(pod, resolved.settings)
    size = room.Size(pod)
    for path, container in pod.containers():
        if container.pre_stop and added_hook(pod, container):
            signal_hook = container.pre_stop.is_signal_hook
            before = PreStop.SIGNAL_HOOK_ADDED_BEFORE if signal_hook else PreStop.SLEEP_ADDED_BEFORE
            yield skipped(container.target, before, seconds=container.pre_stop_seconds)
        elif container.pre_stop:
            yield skipped(container.target, PreStop.HOOK_ALREADY_SET)
        elif (policy := pod.restart_policy(container)) != "Always":
            yield skipped(container.target, PreStop.ONE_SHOT_CONTAINER, policy=policy)
        else:
            reason, operations = _hook(pod, path, container, resolved, size, seconds)
            if other and reason is PreStop.SLEEP_ADDED:
                reason = PreStop.SLEEP_MATCHED
            values: dict[str, object] = {"seconds": seconds, "other": other, "limit": room.MAX_POD_BYTES}
            yield patched(container.target, reason, operations, seconds, **values)
    for _, sidecar in pod.native_sidecars():
        yield skipped(sidecar.target, PreStop.NATIVE_SIDECAR)


def _hook(
    pod: Pod, path: Path, container: Container, resolved: Resolved, size: room.Size, seconds: int
) -> tuple[PreStop, Operations]:
    """Return the hook to add, and why it is that one."""
    place = (*path, "lifecycle", "preStop")
    reason = PreStop.SLEEP_ADDED
    shell = NoHook.NOT_NEEDED if pod.on_windows else shell_for_hook(container, resolved)
    if shell is NoHook.SHELL_NOT_KNOWN:
        reason = PreStop.SHELL_NOT_KNOWN
    elif isinstance(shell, str):
        operations = pod.put(place, {"exec": {"command": signal_hook(seconds, shell)}})
        if size.try_add(operations):
            return PreStop.SIGNAL_HOOK_ADDED, operations
        reason = PreStop.TOO_LARGE_FOR_SIGNAL_HOOK
    return reason, pod.put(place, {"sleep": {"seconds": seconds}})


def _length(pod: Pod, settings: Settings) -> tuple[int, str]:
    """Return how long an added sleep is, and whose hook it matches, or an empty string.

    A hook that would need a grace period beyond the maximum is not matched: the Pod would be refused for it.
    """
    hooks = [(container.pre_stop_seconds or 0, container.target) for _, container in pod.containers()]
    longest, other = max(hooks, key=lambda hook: hook[0])
    if settings.pre_stop_sleep_seconds < longest <= MAX_SECONDS and room.fits(pod, longest, settings):
        return longest, other
    return settings.pre_stop_sleep_seconds, ""
