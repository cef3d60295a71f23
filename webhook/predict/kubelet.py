"""What the kubelet does to each container of a Pod, second by second.

Source: kubernetes/kubernetes pkg/kubelet/kuberuntime (killContainer, executePreStopHook, terminationOrdering). Each
container is stopped in a goroutine of its own, with its own copy of the seconds: its hook, then a native sidecar's wait
for the app containers, are taken from them; the rest, never less than 2, is between the stop signal and SIGKILL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from webhook.predict.causes import Cause
from webhook.predict.container_timeline import ContainerTimeline, End, Hook, HookOutcome, Role
from webhook.predict.delivery import SignalDelivery, SignalPath
from webhook.predict.hooked import hook_path
from webhook.predict.scenario import IGNORES
from webhook.predict.shutdown_hooks import shutdown_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from webhook.core.hooks import Handler
    from webhook.core.pod import Container, Pod
    from webhook.core.settings import Resolved
    from webhook.predict.scenario import Scenario

MIN_GRACE_SECONDS = 2
"""minimumGracePeriodInSeconds: the least between the stop signal and SIGKILL."""
DROP_SECONDS = 0.5
"""Seconds until npm exits after its child; yarn and pnpm are faster."""
CUT_SECONDS = 0.1
"""Seconds until a program without a handler, or one that does not drain, has ended."""
NATIVE_SLEEP = (1, 30)
"""Kubernetes that runs ``preStop.sleep`` without a feature gate (KEP-3960)."""
ORDERED_SIDECARS = (1, 29)
"""... that stops native sidecars after the app containers (KEP-753)."""
DOUBLE_GRACE = ((1, 22), (1, 27))
"""... that gave the whole grace period again after the hook (kubernetes#117798)."""


class _Context(NamedTuple):
    """What is the same for every container."""

    pod: Pod
    scenario: Scenario
    resolved: Resolved
    start: float


def container_timelines(
    pod: Pod, scenario: Scenario, resolved: Resolved, seconds: Mapping[str, int], start: float = 0
) -> list[ContainerTimeline]:
    """Return what happens to each container in ``seconds`` (name -> grace period in seconds).

    App containers come first, then native sidecars in the order of the Pod. These stop in reverse order.
    """
    context = _Context(pod, scenario, resolved, start)
    apps = [
        _stop(context, container, Role.APP, seconds[container.name], start)
        for _, container in pod.containers()
        if container.name in seconds
    ]
    free = max((app.released for app in apps), default=start)
    ordered = scenario.kubelet >= ORDERED_SIDECARS and scenario.cause is not Cause.LIVENESS
    natives: list[ContainerTimeline] = []
    for _, container in reversed(list(pod.native_sidecars())):
        if container.name in seconds:
            earliest = free if ordered else start
            sidecar = _stop(context, container, Role.NATIVE_SIDECAR, seconds[container.name], earliest)
            natives.insert(0, sidecar)
            free = max(free, sidecar.released)
    return apps + natives


def _stop(context: _Context, container: Container, role: Role, grace: int, earliest: float) -> ContainerTimeline:
    """Apply the rules to one container, which is signalled at ``earliest`` or later."""
    pod, scenario, resolved, start = context
    hook = _hook(pod, container, scenario, grace, start)
    exits = scenario.exits.get(container.name)
    if hook and exits is not None and hook.kind != "sleep" and exits < hook.end:
        hook = msgspec.structs.replace(hook, end=max(exits, start), outcome=HookOutcome.FAILED)
    at = hook.end if hook else start
    left = grace - int(at - start)
    if left > 0 and earliest > at:
        waited = min(earliest - at, left)
        at, left = at + waited, left - int(waited)
    again = scenario.cause is not Cause.LIVENESS and DOUBLE_GRACE[0] <= scenario.kubelet <= DOUBLE_GRACE[1]
    kill_at = at + (grace if again else max(left, MIN_GRACE_SECONDS))
    delivery, program, missing = scenario.path_of(container, pod, resolved)
    drain = scenario.drain_of(container, resolved)
    latest, last = kill_at, End.KILLED
    if hook and hook.kind == "signal" and hook.outcome is HookOutcome.RAN:
        if delivery is SignalDelivery.DROPPED:  # the hook waits until it is cut; then the package manager exits
            kill_at = start + grace + MIN_GRACE_SECONDS
            latest, last = start + grace + DROP_SECONDS, End.DROPPED
        found = hook_path(container, pod, resolved, SignalPath(delivery, program, missing))
        delivery, program, missing = found.delivery, found.program or program, found.missing
    signal, needs = scenario.stop_signal_of(container, pod), None if drain == IGNORES else drain
    base: dict[str, Any] = {"name": container.name, "role": role, "grace": grace, "hook": hook, "started": start}
    base |= {"signal_delivery": delivery, "program": program, "missing": missing, "signal": signal, "drain": needs}
    if exits is not None and exits <= at:
        released = max(at if hook else start, exits)
        return ContainerTimeline(**base, end=exits, ended_by=End.BY_ITSELF, released=released)
    after, ended_by = _end(delivery, drain)
    end, ended_by = (at + after, ended_by) if at + after <= latest else (latest, last)
    return ContainerTimeline(**base, signal_at=at, kill_at=kill_at, end=end, ended_by=ended_by, released=end)


def _end(delivery: SignalDelivery, drain: float) -> tuple[float, End]:
    """Return the seconds from the stop signal to the end of a container that is not killed, and how it ends."""
    if delivery is SignalDelivery.KEPT:
        return IGNORES, End.KILLED
    if delivery in (SignalDelivery.RECEIVED, SignalDelivery.UNKNOWN):
        return drain, End.EXITED
    return min(DROP_SECONDS if delivery is SignalDelivery.DROPPED else CUT_SECONDS, drain), End.DROPPED


def _hook(pod: Pod, container: Container, scenario: Scenario, grace: int, start: float) -> Hook | None:
    """Return how the preStop hook ends: a failed one takes no time, one that takes too long is cut."""
    handler = container.pre_stop
    if handler is None:
        return None
    kind = _kind(handler)
    length: float | None = handler.seconds
    shutdown = shutdown_of(handler.command) if handler.command and length is None else None
    begins = start + shutdown.begins if shutdown else None
    if shutdown and shutdown.returns:
        length = shutdown.begins
    seconds = scenario.hooks.get(container.name, scenario.unknown_hook if length is None else float(length))
    if kind == "sleep" and scenario.kubelet < NATIVE_SLEEP:
        return Hook(kind, float(length or 0), start, HookOutcome.NOT_RUN)
    if seconds is None or (kind in {"exec", "signal"} and length is not None and pod.on_windows):
        return Hook(kind, 0.0, start, HookOutcome.FAILED)
    if seconds > grace:
        return Hook(kind, seconds, start + grace, HookOutcome.CUT, begins)
    return Hook(kind, seconds, start + seconds, HookOutcome.RAN, begins)


def _kind(handler: Handler) -> str:
    actions = {
        "signal": handler.is_signal_hook,
        "sleep": handler.sleep,
        "exec": handler.exec,
        "httpGet": handler.http_get,
    }
    return next((name for name, action in actions.items() if action), "tcpSocket")
