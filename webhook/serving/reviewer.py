"""One review: bytes in, core, bytes out.

An error in a review never refuses a Pod: where there is a uid to answer, the answer is "allowed".
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from webhook.core.decision import Report, refused
from webhook.core.layers import Layer
from webhook.core.review import parse, respond, review
from webhook.serving.logs import logger
from webhook.serving.review_key import sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from webhook.core.mutate import PodReason
    from webhook.core.review import Request
    from webhook.serving.metrics import Telemetry
    from webhook.serving.review_key import Sketch

Key: TypeAlias = "tuple[str, bytes]"
"""A profile's name, and what a decision depends on."""
MAX_BODY_BYTES = 7 * 1024 * 1024
"""A review of an update holds two objects of 3 MiB at most; controller-runtime draws the same line."""
MAX_KNOWN = 128
"""Answers that are remembered; that of an ordinary Pod takes 10 KiB."""
MAX_KNOWN_BYTES = 32 * 1024
"""Of an answer that is remembered, with its key."""
MAX_KNOWN_LINES = 64
"""Of decisions and problems, where an answer is remembered."""


class Known(NamedTuple):
    """A decision, and its answer on both sides of the uid."""

    report: Report
    """What is counted and logged of it."""
    head: bytes
    tail: bytes

    @classmethod
    def of(cls, report: Report) -> Known:
        """Write the answer to a decision."""
        head, _, tail = respond("", report).partition(b'""')
        decisions = tuple(replace(d, operations=(), undo=None, message="") for d in report.decisions)
        return cls(Report({}, {}, (), decisions, report.problems), head, tail)

    def answer(self, uid: str) -> bytes:
        """Return the answer to the review with this uid."""
        return b"".join((self.head, msgspec.json.encode(uid), self.tail))


class Reviewer:
    """Answers reviews under a set of profiles, counts and logs them, and remembers what it decided about like Pods."""

    def __init__(self, profiles: Mapping[str, Mapping[str, Any]], telemetry: Telemetry) -> None:
        self.profiles, self.telemetry = profiles, telemetry
        self._known: OrderedDict[Key, Known] = OrderedDict()

    def answer(self, body: bytes, profile: str, shed: PodReason | None = None) -> bytes:
        """Answer a review: count it, log it, and turn a failure of our own into an answer without a patch.

        ``shed`` is why the Pod is not looked at, where there is no time for it. Raises ``BadReview``.
        """
        start = time.perf_counter()
        like = None if shed else sketch(body)
        key = (profile, like.key) if like else None
        if like and key and (known := self._known.pop(key, None)):
            self.telemetry.repeated.inc()
            self._keep(key, known)
            return self._tell(like, profile, start, lambda: known)
        request, fault = parse(body)

        def decide() -> Known:
            layers = (Layer.of_profile(profile, self.profiles[profile]),)
            new = Known.of(unseen(shed) if shed else review(request, fault, layers))
            # What cannot be read in full may look like a good Pod in the fields that a sketch reads.
            self._keep(None if fault else key, new)
            return new

        return self._tell(request, profile, start, decide)

    def _tell(self, request: Request | Sketch, profile: str, start: float, decide: Callable[[], Known]) -> bytes:
        with self.telemetry.in_flight.track_inprogress():
            try:
                known = decide()
                response = known.answer(request.uid)
                self.telemetry.observe(request, profile, known.report, time.perf_counter() - start)
            except Exception:  # noqa: BLE001 - whatever it is, the Pod must pass
                self.telemetry.errors.inc()
                fields = {"uid": request.uid[:64]}
                logger.exception("internal error: allowed without a patch", extra={"fields": fields})
                return respond(request.uid, None)
        return response

    def _keep(self, key: Key | None, known: Known) -> None:
        """Remember a decision, and forget the one that was not asked for longest."""
        lines = len(known.report.decisions) + len(known.report.problems)
        if key and len(key[1]) + len(known.tail) <= MAX_KNOWN_BYTES and lines <= MAX_KNOWN_LINES:
            self._known[key] = known
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)


def unseen(reason: PodReason) -> Report:
    """Report on a Pod that nobody looked at."""
    return Report({}, {}, (), (replace(refused("pod", reason), mutation="pod"),))
