"""The API server's own validation rules for every field that is touched.

The API server rejects a patched Pod that fails validation, even under ``failurePolicy: Ignore``, so the result is
checked against these rules before it is sent. Source: kubernetes/kubernetes pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as _field
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook.core.pod import Container, Pod

MAX_ANNOTATIONS_BYTES = 256 * 1024
"""apimachinery TotalAnnotationSizeLimitB: keys and values of all annotations together."""


@dataclass(frozen=True)
class Violation:
    """A field that breaks a rule. Two are equal if they are about the same field, whatever is wrong there."""

    field: str
    problem: str = _field(compare=False)

    def __str__(self) -> str:
        """Return field and problem in one line."""
        return f"{self.field}: {self.problem}"


def violations(pod: Pod) -> frozenset[Violation]:
    """Return what the API server would reject in the fields that lastcall writes; empty if it accepts them.

    What a patch has introduced is the difference of two such sets: the rest was in the Pod before.
    """
    found: set[Violation] = set()
    if pod.grace_seconds < 0:
        found.add(Violation("spec.terminationGracePeriodSeconds", "must be 0 or more"))
    size = sum(len(key.encode()) + len(value.encode()) for key, value in pod.annotations.items())
    if size > MAX_ANNOTATIONS_BYTES:
        found.add(Violation("metadata.annotations", f"{size} bytes are more than {MAX_ANNOTATIONS_BYTES}"))
    for _, container in chain(pod.containers(), pod.native_sidecars()):
        found |= _container(container, pod.grace_seconds)
    return frozenset(found)


def _container(container: Container, grace_seconds: int) -> set[Violation]:
    found: set[Violation] = set()
    if (hook := container.pre_stop) is None:
        return found
    if hook.actions != 1:
        found.add(Violation(f"{container.target} lifecycle.preStop", "must have exactly one action"))
    # The message of the API server says "less than", its check is "seconds > grace" (equal is accepted). 0 is a sleep
    # since 1.33 (KEP-4818, PodLifecycleSleepActionAllowZero); it is never written here.
    if hook.sleep and not 0 <= hook.sleep.seconds <= grace_seconds:
        problem = f"{hook.sleep.seconds} s do not fit into {grace_seconds} s"
        found.add(Violation(f"{container.target} lifecycle.preStop.sleep", problem))
    return found
