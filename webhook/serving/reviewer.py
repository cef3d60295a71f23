"""Answer one review: bytes in, bytes out.

An error in a review never rejects a Pod: if the review has a uid, the answer is "allowed".
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from webhook.core.decision import Report, refused
from webhook.core.layers import Layer
from webhook.core.review import parse, respond, review
from webhook.serving.cached_answer import AnswerCache, CachedAnswer
from webhook.serving.logs import logger
from webhook.serving.review_key import keyed_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from webhook.core.mutate import PodReason
    from webhook.core.review import Request
    from webhook.serving.metrics import Telemetry
    from webhook.serving.review_key import KeyedRequest

MAX_BODY_BYTES = 7 * 1024 * 1024
"""A review of an update holds two objects of 3 MiB at most; controller-runtime has the same limit."""


class Reviewer:
    """Answers, counts and logs reviews; equivalent Pods are decided about once."""

    def __init__(self, profiles: Mapping[str, Mapping[str, Any]], telemetry: Telemetry) -> None:
        self.profiles, self.telemetry = profiles, telemetry
        self._cache = AnswerCache()

    def answer(self, body: bytes, profile: str, shed: PodReason | None = None) -> bytes:
        """Return the answer to a review; after an internal error it is allowed without a patch. Raises ``BadReview``.

        If ``shed`` is set, the Pod is allowed without a decision, with this reason.
        """
        start = time.perf_counter()
        keyed = None if shed else keyed_request(body)
        key = (profile, keyed.review_key) if keyed else None
        if keyed and key and (cached := self._cache.get(key)):
            self.telemetry.cached.inc()
            return self._write(keyed, profile, start, lambda: cached)
        request, fault = parse(body)

        def decide() -> CachedAnswer:
            layers = (Layer.of_profile(profile, self.profiles[profile]),)
            answer = CachedAnswer.of(not_handled(shed) if shed else review(request, fault, layers))
            # An invalid review may have the key of a valid one: the key has only the fields that the core reads.
            if key and not fault:
                self._cache.put(key, answer)
            return answer

        return self._write(request, profile, start, decide)

    def _write(
        self, request: Request | KeyedRequest, profile: str, start: float, decide: Callable[[], CachedAnswer]
    ) -> bytes:
        with self.telemetry.in_flight.track_inprogress():
            try:
                answer = decide()
                response = answer.write(request.uid)
                self.telemetry.observe(request, profile, answer.summary, time.perf_counter() - start)
            except Exception:  # noqa: BLE001 - no internal error may reject a Pod
                self.telemetry.errors.inc()
                fields = {"uid": request.uid[:64]}
                logger.exception("internal error: allowed without a patch", extra={"fields": fields})
                return respond(request.uid, None)
        return response


def not_handled(reason: PodReason) -> Report:
    """Return the report on a Pod without a decision."""
    return Report({}, {}, (), (replace(refused("pod", reason), mutation="pod"),))
