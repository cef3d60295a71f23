"""What the kubelet does to each container of a Pod, second by second.

Source: kubernetes/kubernetes pkg/kubelet/kuberuntime (killContainer, executePreStopHook, terminationOrdering). Each
container is stopped in a goroutine of its own, with its own copy of the seconds: its hook, then a native sidecar's wait
for its turn, are taken from them; what is left, never less than 2, lies between the stop signal and SIGKILL.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from webhook.predict.causes import Cause
from webhook.predict.process import Fate, hearing
from webhook.predict.scenario import IGNORES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from webhook.core.hooks import Handler
    from webhook.core.pod import Container, Pod
    from webhook.core.settings import Resolved
    from webhook.predict.scenario import Scenario

FLOOR = 2
"""minimumGracePeriodInSeconds: always left between the stop signal and SIGKILL."""
DROP_SECONDS = 0.5
"""How long npm takes to end without its process; yarn and pnpm are faster."""
NATIVE_SLEEP = (1, 30)
"""Kubernetes that runs ``preStop.sleep`` without a feature gate (KEP-3960)."""
ORDERED_SIDECARS = (1, 29)
"""... that stops native sidecars after the app containers (KEP-753)."""
DOUBLE_GRACE = ((1, 22), (1, 27))
"""... that gave the whole grace period again after the hook (kubernetes#117798)."""


class Role(StrEnum):
    """Which of a Pod's lists a container stands in."""

    APP = "app"
    NATIVE_SIDECAR = "native sidecar"


class HookEnd(StrEnum):
    """How a preStop hook ends."""

    RAN = "ran"
    CUT = "cut"
    FAILED = "failed"
    NOT_RUN = "not run"


class End(StrEnum):
    """How a container ends."""

    EXITED = "exited"
    """By its own drain, after the stop signal."""
    KILLED = "killed"
    """By SIGKILL: exit code 137."""
    DROPPED = "dropped"
    """Because its package manager did."""
    BY_ITSELF = "by itself"
    """Before anybody asked."""


class Hook(msgspec.Struct, frozen=True):
    """A preStop hook: from the start to ``end``; undisturbed it would take ``seconds``."""

    kind: str
    """``sleep``, ``exec``, ``httpGet`` or ``tcpSocket``; ``signal`` is lastcall's signal hook. Its length is that of
    its sleep: what it waits for after that is the process's drain."""
    seconds: float
    end: float
    how: HookEnd


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one container. Times are seconds from the start."""

    container: str
    role: Role
    grace: int
    """What the kubelet started with."""
    hook: Hook | None
    signal: str
    signal_at: float | None
    """None where the container was gone before."""
    fate: Fate
    program: str
    """What stands in the signal's way, or an empty string."""
    drain: float | None
    """What the process needs after the signal; None where it ignores it."""
    kill_at: float | None
    """When SIGKILL comes, if the container is still there."""
    end: float
    how: End
    released: float
    """When the kubelet is done with the container: a native sleep goes on after its container has ended."""
    started: float = 0
    """When the kubelet began; later than 0 only where it was restarted."""

    @property
    def stops_accepting(self) -> float:
        """When the process takes no new connection any more: a server closes its listener when it hears the signal."""
        heard = self.fate is Fate.HEARD and self.drain is not None and self.signal_at is not None
        return self.signal_at if heard and self.signal_at is not None else self.end


class _Given(NamedTuple):
    """What is the same for every container."""

    pod: Pod
    scenario: Scenario
    resolved: Resolved
    start: float


def lanes(pod: Pod, scenario: Scenario, resolved: Resolved, seconds: Mapping[str, int], start: float = 0) -> list[Lane]:
    """Return what happens to each container in ``seconds``, which holds the grace of each.

    Apps come first, then native sidecars in the order of the Pod; these stop in the reverse of it.
    """
    given = _Given(pod, scenario, resolved, start)
    apps = [
        _lane(given, container, Role.APP, seconds[container.name], start)
        for _, container in pod.containers()
        if container.name in seconds
    ]
    turn = max((lane.released for lane in apps), default=start)
    ordered = scenario.kubelet >= ORDERED_SIDECARS and scenario.cause is not Cause.LIVENESS
    natives: list[Lane] = []
    for _, container in reversed(list(pod.sidecars())):
        if container.name in seconds:
            free = turn if ordered else start
            lane = _lane(given, container, Role.NATIVE_SIDECAR, seconds[container.name], free)
            natives.insert(0, lane)
            turn = max(turn, lane.released)
    return apps + natives


def _lane(given: _Given, container: Container, role: Role, grace: int, turn: float) -> Lane:
    """Apply the rules to one container, which may be signalled from ``turn`` on."""
    pod, scenario, resolved, start = given
    hook = _hook(pod, container, scenario, grace, start)
    quits = scenario.exits.get(container.name)
    if hook and quits is not None and hook.kind != "sleep" and quits < hook.end:
        hook = msgspec.structs.replace(hook, end=max(quits, start), how=HookEnd.FAILED)
    at = hook.end if hook else start
    left = grace - int(at - start)
    if left > 0 and turn > at:
        waited = min(turn - at, left)
        at, left = at + waited, left - int(waited)
    again = scenario.cause is not Cause.LIVENESS and DOUBLE_GRACE[0] <= scenario.kubelet <= DOUBLE_GRACE[1]
    kill_at = at + (grace if again else max(left, FLOOR))
    (heard, program), drain = hearing(container, resolved), scenario.drain_of(container, resolved)
    last = End.KILLED
    if hook and hook.kind == "signal" and hook.how is HookEnd.RAN:
        if heard is Fate.DROPPED:  # the hook waits until it is cut at the grace; then the package manager ends
            kill_at, last = start + grace + DROP_SECONDS, End.DROPPED
        heard = Fate.HEARD
    signal, needs = scenario.stop_signal_of(container, pod), None if drain == IGNORES else drain
    base: dict[str, Any] = {"container": container.name, "role": role, "grace": grace, "hook": hook, "started": start}
    base |= {"fate": heard, "program": program, "signal": signal, "drain": needs}
    if quits is not None and quits <= at:
        released = max(at if hook else start, quits)
        return Lane(**base, signal_at=None, kill_at=None, end=quits, how=End.BY_ITSELF, released=released)
    after, how = _after(heard, drain)
    end, how = (at + after, how) if at + after <= kill_at else (kill_at, last)
    return Lane(**base, signal_at=at, kill_at=kill_at, end=end, how=how, released=end)


def _after(fate: Fate, drain: float) -> tuple[float, End]:
    """Return how long after the stop signal a container ends that nobody kills, and how."""
    if fate is Fate.KEPT:
        return IGNORES, End.KILLED
    return (drain, End.EXITED) if fate is Fate.HEARD else (min(DROP_SECONDS, drain), End.DROPPED)


def _hook(pod: Pod, container: Container, scenario: Scenario, grace: int, start: float) -> Hook | None:
    """Return what becomes of the preStop hook: a failed one takes no time, one that overruns is cut."""
    handler = container.pre_stop
    if handler is None:
        return None
    kind, known = _kind(handler), handler.seconds
    seconds = scenario.hooks.get(container.name, scenario.unknown_hook if known is None else float(known))
    if kind == "sleep" and scenario.kubelet < NATIVE_SLEEP:
        return Hook(kind, float(known or 0), start, HookEnd.NOT_RUN)
    if seconds is None or (kind in {"exec", "signal"} and known is not None and pod.on_windows):
        return Hook(kind, 0.0, start, HookEnd.FAILED)
    if seconds > grace:
        return Hook(kind, seconds, start + grace, HookEnd.CUT)
    return Hook(kind, seconds, start + seconds, HookEnd.RAN)


def _kind(handler: Handler) -> str:
    actions = {"signal": handler.signals, "sleep": handler.sleep, "exec": handler.exec, "httpGet": handler.http_get}
    return next((name for name, action in actions.items() if action), "tcpSocket")
