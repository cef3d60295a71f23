"""AdmissionReview (admission.k8s.io/v1): bytes in, bytes out.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from webhook.core.mutate import PodReason, mutate, untouched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from webhook.core.decision import Report
    from webhook.core.layers import Layer

API_VERSION = "admission.k8s.io/v1"
MAX_WARNING = 120
"""Characters; the API server's advice. It truncates at 256, and drops a text with a newline."""
MAX_WARNINGS = 16
"""The API server keeps 4,096 characters of all warnings of a request, shared with every other webhook."""
MAX_ANNOTATION = 1024
"""Characters of an audit annotation; a Pod of 500 containers would fill the audit log otherwise."""


class BadReview(ValueError):
    """The body is not an AdmissionReview whose uid can be read; nothing can be answered."""


class GroupVersionKind(msgspec.Struct, frozen=True):
    """The kind of the object in the review."""

    group: str = ""
    version: str = ""
    kind: str = ""


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """``AdmissionReview.request``, as far as it is read."""

    uid: str
    kind: GroupVersionKind = GroupVersionKind()
    operation: str = ""
    namespace: str = ""
    name: str = ""
    sub_resource: str = ""
    dry_run: bool | None = None
    object: dict[str, Any] | None = None

    @property
    def pod_name(self) -> str:
        """The Pod's name, or its owner's prefix: a controller's Pods have no name yet at admission."""
        metadata = (self.object or {}).get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        return str(self.name or metadata.get("name") or metadata.get("generateName") or "")


class _Review(msgspec.Struct, frozen=True, rename="camel"):
    request: Request
    api_version: str = ""
    kind: str = ""


class _Uid(msgspec.Struct, frozen=True):
    uid: str


class _OnlyUid(msgspec.Struct, frozen=True):
    request: _Uid


_decode = msgspec.json.Decoder(_Review).decode
_decode_uid = msgspec.json.Decoder(_OnlyUid).decode


def parse(body: bytes) -> tuple[Request, str]:
    """Read the body of a review; the text is the shape's fault, or empty.

    Where the uid can be read there is something to answer, whatever the rest looks like. Else raises ``BadReview``
    with a reason in one line that holds nothing of the body.
    """
    try:
        review = _decode(body)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        return Request(_uid(body, error)), f"a review that cannot be read ({_line(error)})"
    if not review.request.uid:
        raise BadReview("request.uid is empty")
    if (review.api_version, review.kind) != (API_VERSION, "AdmissionReview"):
        return review.request, f"a review that is not of {API_VERSION}"
    return review.request, ""


def _uid(body: bytes, error: Exception) -> str:
    try:
        uid = _decode_uid(body).request.uid
    except (ValueError, RecursionError):
        raise BadReview(f"not an AdmissionReview: {_line(error)}") from None
    if not uid:
        raise BadReview("request.uid is empty")
    return uid


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def review(request: Request, fault: str, layers: Sequence[Layer] = ()) -> Report:
    """Decide about a review: ``mutate`` for the creation of a Pod, otherwise a skip with the reason."""
    what = fault or _not_a_pod_create(request)
    document = request.object or {}
    return untouched(document, PodReason.NOT_A_POD_CREATE, what=what) if what else mutate(document, layers)


def _not_a_pod_create(request: Request) -> str:
    """Return what the review is about instead, or an empty string."""
    kind = request.kind
    if (kind.group, kind.version, kind.kind) != ("", "v1", "Pod"):
        return f"a {kind.kind or 'nameless kind'}"
    if request.sub_resource:
        return f"pods/{request.sub_resource}"
    if request.operation != "CREATE":
        return f"the operation {request.operation or '(none)'}"
    return "a review without an object" if request.object is None else ""


def respond(uid: str | msgspec.Raw, report: Report | None) -> bytes:
    """Write the answer: always allowed, with a patch only where something changes.

    ``uid`` as ``Raw`` is written without quotes. ``None`` means an internal error: the Pod is admitted unchanged.
    """
    response: dict[str, Any] = {"uid": uid, "allowed": True}
    if report:
        if report.operations:
            response["patchType"] = "JSONPatch"
            response["patch"] = msgspec.json.encode(report.operations)  # bytes are written as base64
        if warnings := list(dict.fromkeys(_warnings(report)))[:MAX_WARNINGS]:
            response["warnings"] = warnings
        response["auditAnnotations"] = audit_annotations(report)
    return msgspec.json.encode({"apiVersion": API_VERSION, "kind": "AdmissionReview", "response": response})


def audit_annotations(report: Report) -> dict[str, str]:
    """Return one annotation for each mutation, as in ``pre-stop: patched SleepAdded container/web``.

    The API server puts ``<webhook's name>/`` before the key.
    """
    lines: dict[str, list[str]] = {}
    for decision in report.decisions:
        lines.setdefault(decision.mutation, []).append(f"{decision}: {decision.message}")
    return {mutation: _cut("; ".join(texts), MAX_ANNOTATION) for mutation, texts in lines.items()}


def _warnings(report: Report) -> Iterator[str]:
    for problem in report.problems:
        yield _cut(f"lastcall: {problem.message}", MAX_WARNING)
    for decision in report.decisions:
        if decision.warns:
            yield _cut(f"lastcall: {decision.target} {decision.message}", MAX_WARNING)


def _cut(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"
