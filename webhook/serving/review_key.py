"""The review key: the text of all that a decision depends on, read from a review in one pass.

The Pods of a workload differ in names, hashes and token volumes, and in nothing that is decided here. Two reviews that
can be read and have the same key get the same answer, but for the uid: the key holds the text of every field that the
core reads, and ``tests/serving/test_review_key.py`` changes Pods everywhere to hold it to that. The other fields are
skipped, so a review whose fault is in them has a key, too.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from webhook.core.hooks import View
from webhook.core.mutate import KNATIVE, MIRROR
from webhook.core.pod import Metadata
from webhook.core.settings import INJECT, PREFIX

MAX_BODY_BYTES = 32 * 1024
"""Larger reviews have no key: those of whole Pods of a usual size take 5 to 15 KiB."""
MISSING = msgspec.Raw()
"""The text of a field that is not there."""


class ContainerText(View, frozen=True):
    """The text of the fields of a container that ``pod.Container`` has."""

    name: msgspec.Raw = MISSING
    command: msgspec.Raw = MISSING
    args: msgspec.Raw = MISSING
    lifecycle: msgspec.Raw = MISSING
    restart_policy: msgspec.Raw = MISSING
    liveness_probe: msgspec.Raw = MISSING
    readiness_probe: msgspec.Raw = MISSING
    startup_probe: msgspec.Raw = MISSING


class SpecText(View, frozen=True):
    """The text of the fields that ``pod.Spec`` has."""

    containers: list[ContainerText]
    init_containers: list[ContainerText] | None = None
    termination_grace_period_seconds: msgspec.Raw = MISSING
    restart_policy: msgspec.Raw = MISSING
    node_selector: msgspec.Raw = MISSING
    os: msgspec.Raw = MISSING


class _Metadata(Metadata, frozen=True):
    """The metadata, and a name to tell."""

    name: str = ""
    generate_name: str = ""

    def read(self) -> tuple[Any, ...]:
        """Return what the core reads of it; labels change with every revision, annotations are often others'."""
        given = self.annotations
        ours = given and [item for item in given.items() if item[0].startswith(PREFIX) or item[0] == MIRROR]
        owners = [(owner.kind, owner.controller) for owner in self.owner_references or ()]
        labels = self.labels or {}
        return given is None, ours, labels.get(INJECT), KNATIVE in labels, owners


class _Pod(View, frozen=True):
    spec: SpecText
    metadata: _Metadata


class _Kind(msgspec.Struct, frozen=True):
    version: Literal["v1"]
    kind: Literal["Pod"]
    group: Literal[""] = ""


class KeyedRequest(View, frozen=True):
    """``AdmissionReview.request`` for the creation of a Pod, as far as a decision or a log line needs it."""

    uid: str
    kind: _Kind
    operation: Literal["CREATE"]
    object: _Pod
    namespace: str = ""
    name: str = ""
    sub_resource: Literal[""] = ""
    dry_run: bool | None = None

    @property
    def review_key(self) -> bytes:
        """The text of all that a decision depends on."""
        return _encode((self.object.spec, self.object.metadata.read()))

    @property
    def pod_name(self) -> str:
        """The Pod's name, or its owner's prefix: a controller's Pods have no name yet when they come by."""
        metadata = self.object.metadata
        return self.name or metadata.name or metadata.generate_name


class _Review(View, frozen=True):
    request: KeyedRequest
    api_version: Literal["admission.k8s.io/v1"]
    kind: Literal["AdmissionReview"]


_decode = msgspec.json.Decoder(_Review).decode
_encode = msgspec.json.Encoder().encode


def keyed_request(body: bytes) -> KeyedRequest | None:
    """Read an ordinary review of the creation of a Pod; return None for any other review, and for a large one."""
    if len(body) > MAX_BODY_BYTES:
        return None
    try:
        found = _decode(body).request
    except (ValueError, RecursionError):
        return None
    return found if found.uid else None
