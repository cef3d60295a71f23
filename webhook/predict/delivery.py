"""What becomes of a stop signal, and who is responsible for it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class SignalDelivery(StrEnum):
    """Whether a stop signal reaches the process that serves."""

    RECEIVED = "received"
    """The process receives it."""
    DROPPED = "dropped"
    """A package manager receives it and exits; the kernel then kills the process, with requests in flight."""
    KEPT = "kept"
    """A program in front does not forward it: the process runs until it is killed."""
    CUT = "cut"
    """It ends the process, or a program in front and the process with it, with requests in flight."""
    UNKNOWN = "unknown"
    """It depends on what the manifest does not say. Predicted as if the process received it, but never safe."""


class Missing(StrEnum):
    """What is not in the manifest where the delivery is unknown."""

    COMMAND = "command"
    """The image's ENTRYPOINT or CMD."""
    PROGRAM = "program"
    """What a script, or a program that starts others, does with the signal."""
    STOP_SIGNAL = "stop signal"
    """The image's STOPSIGNAL, for a program that drains on a signal other than SIGTERM."""


class SignalPath(NamedTuple):
    """What becomes of a container's stop signal, and which program decides about it."""

    delivery: SignalDelivery = SignalDelivery.RECEIVED
    program: str = ""
    """An empty string where nothing is in between, or nothing is known."""
    missing: Missing | None = None
    """Set where the delivery is unknown."""


RECEIVED = SignalPath()


def unknown(program: str, missing: Missing = Missing.PROGRAM) -> SignalPath:
    """Return the path through a program of which nothing is known."""
    return SignalPath(SignalDelivery.UNKNOWN, program, missing)
