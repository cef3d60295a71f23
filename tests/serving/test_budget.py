"""Reviews that waited too long, or behind too many others, are allowed without a patch."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.serving.running import review, send_header
from tests.support.asgi import no_flask, post
from webhook.serving.asgi import MAX_QUEUE, Application, budget
from webhook.serving.metrics import Telemetry
from webhook.serving.reviewer import Reviewer

if TYPE_CHECKING:
    from tests.serving.running import Running


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        (b"timeout=10s", 9), (b"timeout=2s", 1), (b"timeout=1s", 0.5), (b"", 9), (b"timeout=-1s", 9), (b"timeout=9", 9),
        (b"a=b&timeout=30s", 29), (b"timeout=99999s", 9),
    ],
)  # fmt: skip
def test_the_budget_is_the_api_servers_timeout(query: bytes, seconds: float) -> None:
    """The API server rounds up to whole seconds, so a second is subtracted, but at most half."""
    assert budget(query) == seconds


def test_a_late_review_is_allowed_without_a_patch(server: Running) -> None:
    """The reason is in the answer and counted; a review with a longer timeout gets its patch."""
    body = json.dumps(review(uid="late")).encode()

    def ask(seconds: int) -> dict[str, Any]:
        with contextlib.closing(server.connection()) as connection:
            send_header(connection, len(body), body[:9], f"/mutate?timeout={seconds}s")
            time.sleep(budget(b"timeout=1s") + 0.1)  # it is the time itself that has to pass
            connection.send(body[9:])
            response: dict[str, Any] = json.loads(connection.getresponse().read())["response"]
        assert (response["uid"], response["allowed"]) == ("late", True)
        return response

    late = ask(1)
    assert "OutOfTime" in late["auditAnnotations"]["pod"]
    assert "patch" not in late
    assert "patch" in ask(10)
    metrics = server.request("GET", "/metrics")[1]
    assert 'lastcall_decisions_total{mutation="pod",outcome="refused",reason="OutOfTime"} 1.0' in metrics


def test_reviews_beyond_the_queue_are_allowed_without_a_patch() -> None:
    """The answer has the uid, the reason and no patch."""
    application = Application(Reviewer({"default": {}}, Telemetry()), no_flask)
    body = review(uid="one-too-many")
    assert "patch" in post(application, "/mutate", body, queued=MAX_QUEUE).response
    response = post(application, "/mutate", body, queued=MAX_QUEUE + 1).response
    assert (response["uid"], response["allowed"], "patch" in response) == ("one-too-many", True, False)
    assert "TooBusy" in response["auditAnnotations"]["pod"]
