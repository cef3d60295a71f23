"""The one way in which tests wait."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 120.0
"""Seconds within which a condition must come true on a busy machine."""
PAUSE = 0.05
"""Seconds between two checks."""


def until(what: str, ready: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Wait for a condition and return its value; raise AssertionError after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not (value := ready()):
        assert time.monotonic() < deadline, f"{what}: not within {patience} s"
        time.sleep(PAUSE)
    return value
