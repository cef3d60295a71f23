"""The status annotation: what was changed, from which original values.

Admission may run twice (``reinvocationPolicy: IfNeeded``), and the second round must know which grace period was the
user's own. Anyone can write the annotation, so a record counts only where the Pod itself agrees with it, and what a
forged one can reach at worst is a grace period that is not raised far enough: none is ever lowered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from webhook.core.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from webhook.core.decision import Decision
    from webhook.core.pod import Container, Pod

STATUS = PREFIX + "status"
Status = dict[str, dict[str, Any]]
"""mutation -> target -> what undoes it, as in ``{"grace-period": {"pod": [30, 35]}}``."""


def recorded(annotations: Mapping[str, str]) -> Status:
    """Read the annotation; what is not of its shape counts as absent."""
    if STATUS not in annotations:
        return {}
    try:
        return msgspec.json.decode(annotations[STATUS], type=Status)
    except (msgspec.DecodeError, RecursionError):
        return {}


def with_recorded(pod: Pod) -> Pod:
    """Return the Pod with the status that its own annotation records."""
    return replace(pod, recorded=recorded(pod.annotations))


def record(status: Status, decisions: Iterable[Decision]) -> Status:
    """Return the status with these decisions added."""
    added = {mutation: dict(targets) for mutation, targets in status.items()}
    for decision in decisions:
        if decision.operations:
            added.setdefault(decision.mutation, {})[decision.target] = decision.undo
    return added


def write(status: Status) -> str:
    """Return the annotation's value."""
    return msgspec.json.encode(status, order="sorted").decode()


def own_grace_seconds(pod: Pod) -> int:
    """Return the Pod's grace period before the first round, in seconds: the user's own."""
    match pod.recorded.get("grace-period", {}).get("pod"):
        case [int(before), int(after)] if 0 < before < after == pod.grace_seconds and type(before) is int:
            return before
    return pod.grace_seconds


def added_hook(pod: Pod, container: Container) -> bool:
    """Return whether the container's preStop hook is the native sleep or the signal hook that was added here."""
    seconds = pod.recorded.get("pre-stop", {}).get(container.target)
    hook = container.pre_stop
    return bool(type(seconds) is int and hook and (hook.sleep or hook.is_signal_hook) and hook.seconds == seconds)
