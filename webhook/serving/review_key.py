"""The review key: the JSON text of everything that a decision depends on, decoded from a review in one pass.

The Pods of a workload differ in names, hashes and token volumes, on which no decision depends. Two valid reviews with
the same key get the same answer, except for the uid: the key has the text of every field that the core reads.
``tests/serving/test_review_key.py`` verifies it with random changes of Pods. Other fields are skipped, so an invalid
review may have a key, too. The key takes a third of the time of ``parse``, so only a review that is not cached is
decoded as a whole.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from webhook.core.hooks import View
from webhook.core.mutate import KNATIVE, MIRROR
from webhook.core.pod import Metadata
from webhook.core.settings import INJECT, PREFIX

MAX_BODY_BYTES = 32 * 1024
"""Larger reviews have no key; reviews of ordinary Pods have 5 to 15 KiB."""
MISSING = msgspec.Raw()
"""The text of an absent field."""


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
    """The metadata, and the name for the log."""

    name: str = ""
    generate_name: str = ""

    def key_parts(self) -> tuple[Any, ...]:
        """Return what the core reads; other labels and annotations change with every revision."""
        annotations = self.annotations
        ours = annotations and [item for item in annotations.items() if item[0].startswith(PREFIX) or item[0] == MIRROR]
        owners = [(owner.kind, owner.controller) for owner in self.owner_references or ()]
        labels = self.labels or {}
        return annotations is None, ours, labels.get(INJECT), KNATIVE in labels, owners


class _Pod(View, frozen=True):
    spec: SpecText
    metadata: _Metadata


class _Kind(msgspec.Struct, frozen=True):
    version: Literal["v1"]
    kind: Literal["Pod"]
    group: Literal[""] = ""


class KeyedRequest(View, frozen=True):
    """``AdmissionReview.request`` for the creation of a Pod, as far as the review key or the log needs it."""

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
        """The JSON text of everything that a decision depends on."""
        return _encode((self.object.spec, self.object.metadata.key_parts()))

    @property
    def pod_name(self) -> str:
        """The Pod's name, or its owner's prefix: Pods of a controller have no name yet during admission."""
        metadata = self.object.metadata
        return self.name or metadata.name or metadata.generate_name


class _Review(View, frozen=True):
    request: KeyedRequest
    api_version: Literal["admission.k8s.io/v1"]
    kind: Literal["AdmissionReview"]


_decode = msgspec.json.Decoder(_Review).decode
_encode = msgspec.json.Encoder().encode


def keyed_request(body: bytes) -> KeyedRequest | None:
    """Decode the review of a Pod's creation; None for any other, any invalid, and any large review."""
    if len(body) > MAX_BODY_BYTES:
        return None
    try:
        request = _decode(body).request
    except (ValueError, RecursionError):
        return None
    return request if request.uid else None
