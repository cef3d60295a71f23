"""What is predicted for one container: its hook, its stop signal and its end."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from webhook.predict.delivery import Missing, SignalDelivery


class Role(StrEnum):
    """Which of a Pod's lists a container is in."""

    APP = "app"
    NATIVE_SIDECAR = "native sidecar"


class HookOutcome(StrEnum):
    """How a preStop hook ends."""

    RAN = "ran"
    """It took its whole length."""
    CUT = "cut"
    """The grace period ended first."""
    FAILED = "failed"
    """It ended at once, or with its container."""
    NOT_RUN = "not run"
    """The kubelet is too old for ``preStop.sleep``."""


class End(StrEnum):
    """How a container ends."""

    EXITED = "exited"
    """It finished its drain after the stop signal."""
    KILLED = "killed"
    """By SIGKILL: exit code 137."""
    DROPPED = "dropped"
    """The package manager or the launcher in front of it ended first, or the signal ended it without a drain."""
    BY_ITSELF = "by itself"
    """It exited before the stop signal."""


class Hook(msgspec.Struct, frozen=True):
    """A preStop hook."""

    kind: str
    """``sleep``, ``exec``, ``httpGet``, ``tcpSocket``, or ``signal``: lastcall's signal hook. The length of a signal
    hook is that of its sleep; the time that it waits after it is the process's drain."""
    seconds: float
    """How long it takes if nothing interrupts it."""
    end: float
    """Seconds from the start."""
    outcome: HookOutcome
    shutdown: float | None = None
    """When the hook asks the server to end, in seconds from the start; None if it is not known to do so."""


class ContainerTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one container. Times are seconds from the start."""

    name: str
    role: Role
    grace: int
    """The grace period in seconds that the kubelet starts with."""
    hook: Hook | None
    signal: str
    signal_at: float | None = None
    """None if the container exited before."""
    signal_delivery: SignalDelivery
    program: str
    """The program that does not forward the signal, or of which that is unknown; or an empty string."""
    missing: Missing | None = None
    """What is not known, where the delivery is unknown."""
    drain: float | None
    """Seconds that the process needs after the signal; None if it ignores the signal."""
    kill_at: float | None = None
    """When the kubelet sends SIGKILL if the container still runs; None if it exited before the signal."""
    end: float
    ended_by: End
    released: float
    """When the kubelet is done with the container: a native sleep continues after its container has ended."""
    started: float = 0
    """When the kubelet began; later than 0 only if the kubelet was restarted."""

    @property
    def may_receive(self) -> bool:
        """Whether the process receives the signal, or is predicted as if it did."""
        return self.signal_delivery in (SignalDelivery.RECEIVED, SignalDelivery.UNKNOWN)

    @property
    def stops_accepting(self) -> float:
        """When the process stops accepting connections: a server closes its listener when it receives the signal."""
        handles = self.may_receive and self.drain is not None
        at = self.signal_at if handles and self.signal_at is not None else self.end
        asked = self.hook.shutdown if self.hook else None
        return at if asked is None else min(asked, at)
