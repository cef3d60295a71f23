"""One review: bytes in, core, bytes out.

An error in a review never refuses a Pod: where there is a uid to answer, the answer is "allowed".
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from webhook.core.decision import Report, refused
from webhook.core.review import parse, respond, review
from webhook.logs import logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook.core.mutate import PodReason
    from webhook.telemetry import Telemetry

MAX_BODY_BYTES = 7 * 1024 * 1024
"""A review of an update holds two objects of 3 MiB at most; controller-runtime draws the same line."""


def answer(
    body: bytes, profile: str, settings: Mapping[str, Any], telemetry: Telemetry, shed: PodReason | None = None
) -> bytes:
    """Answer a review: count it, log it, and turn a failure of our own into an answer without a patch.

    ``shed`` is why the Pod is not looked at, where there is no time for it. Raises ``BadReview``.
    """
    start = time.perf_counter()
    admission, fault = parse(body)
    with telemetry.in_flight.track_inprogress():
        try:
            report = unseen(shed) if shed else review(admission, fault, ((f"profile {profile}", settings),))
            response = respond(admission.uid, report)
            telemetry.observe(admission, profile, report, time.perf_counter() - start)
        except Exception:  # noqa: BLE001 - whatever it is, the Pod must pass
            telemetry.errors.inc()
            logger.exception("internal error: allowed without a patch", extra={"fields": {"uid": admission.uid[:64]}})
            return respond(admission.uid, None)
    return response


def unseen(reason: PodReason) -> Report:
    """Report on a Pod that nobody looked at."""
    return Report({}, {}, (), (replace(refused("pod", reason), mutation="pod"),))
