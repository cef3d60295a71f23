"""The API server's own validation rules for every field that is touched.

A patched Pod that fails validation rejects the Pod, even under ``failurePolicy: Ignore``, so the result is held
against these rules before it is sent. Source: kubernetes/kubernetes pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook.core.pod import Container, Pod

MAX_ANNOTATIONS_BYTES = 256 * 1024
"""apimachinery TotalAnnotationSizeLimitB: keys and values of all annotations together."""


def violations(pod: Pod) -> frozenset[str]:
    """Return what the API server would reject in the fields that we write; empty where it accepts them."""
    found: set[str] = set()
    if pod.grace_seconds < 0:
        found.add("spec.terminationGracePeriodSeconds: must be 0 or more")
    size = sum(len(key.encode()) + len(value.encode()) for key, value in pod.annotations.items())
    if size > MAX_ANNOTATIONS_BYTES:
        found.add(f"metadata.annotations: {size} bytes are more than {MAX_ANNOTATIONS_BYTES}")
    for _, container in chain(pod.containers(), pod.sidecars()):
        found |= _container(container, pod.grace_seconds)
    return frozenset(found)


def _container(container: Container, grace_seconds: int) -> set[str]:
    found: set[str] = set()
    if (hook := container.pre_stop) is None:
        return found
    if hook.actions != 1:
        found.add(f"{container.target}: preStop must have exactly one action")
    # The message of the API server says "less than", its check is "seconds > grace" (equal is accepted). 0 is
    # accepted from 1.33 on only (KEP-4818), and is never written.
    if hook.sleep and not 0 < hook.sleep.seconds <= grace_seconds:
        found.add(f"{container.target}: preStop sleep {hook.sleep.seconds} s does not fit into {grace_seconds} s")
    return found
