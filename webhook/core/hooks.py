"""A container's lifecycle hooks, and how long they take.

https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
"""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from webhook import launcher


class View(msgspec.Struct, rename="camel", frozen=True):
    """A read-only view of an object: fields that are not named are not read."""


class Sleep(View, frozen=True):
    """``lifecycle.preStop.sleep`` (KEP-3960)."""

    seconds: int


class Exec(View, frozen=True):
    """The ``exec`` action of a hook or a probe."""

    command: list[str] | None = None


class Probe(View, frozen=True):
    """A liveness, readiness or startup probe."""

    exec: Exec | None = None


class Handler(View, frozen=True):
    """A lifecycle hook: one of ``exec``, ``httpGet``, ``sleep`` or the legacy ``tcpSocket``."""

    exec: Exec | None = None
    http_get: dict[str, Any] | None = None
    sleep: Sleep | None = None
    tcp_socket: dict[str, Any] | None = None

    @property
    def actions(self) -> int:
        """How many actions are set; the API server accepts just one."""
        return 4 - (self.exec, self.http_get, self.sleep, self.tcp_socket).count(None)

    @property
    def command(self) -> list[str]:
        """The command of an exec hook; empty for any other."""
        return (self.exec and self.exec.command) or []

    @property
    def is_signal_hook(self) -> bool:
        """Whether this is the signal hook, which sleeps, signals the real process, and waits for its end."""
        return self.actions == 1 and launcher.signal_hook_seconds(self.command) is not None

    @property
    def seconds(self) -> int | None:
        """How long the hook takes, in whole seconds rounded up; None where that is unknown.

        Of the signal hook this is the sleep: what follows is the application's drain.
        """
        if self.actions != 1:
            return None
        if self.sleep:
            return self.sleep.seconds
        signal_hook = launcher.signal_hook_seconds(self.command)
        return _sleep_seconds(self.command) if signal_hook is None else signal_hook


class Lifecycle(View, frozen=True):
    """A container's hooks."""

    pre_stop: Handler | None = None
    post_start: Handler | None = None
    stop_signal: str | None = None


_SLEEP = re.compile(r"\s*(?:exec\s+)?(?:/(?:usr/)?bin/)?sleep\s+([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd]?)\s*;?\s*")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _sleep_seconds(command: list[str]) -> int | None:
    """Read ``sleep N`` and ``sh -c "sleep N"``: the only exec hooks whose length is certain."""
    match command:
        case [shell, "-c", text] if shell.rpartition("/")[2] in ("sh", "bash", "ash", "dash"):
            found = _SLEEP.fullmatch(text)
        case [_, _]:
            found = _SLEEP.fullmatch(" ".join(command))
        case _:
            found = None
    return math.ceil(float(found[1]) * _UNITS[found[2]]) if found else None
