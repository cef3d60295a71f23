"""Ask the ASGI application that production runs, without a server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook.serving.asgi import Application


class Answer(NamedTuple):
    """What the application sent."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def response(self) -> dict[str, Any]:
        """``AdmissionReview.response``."""
        assert self.status == 200, self.body
        response: dict[str, Any] = json.loads(self.body)["response"]
        return response


def post(
    application: Application, path: str, body: object, content_type: bytes = b"application/json", queued: int = 0
) -> Answer:
    """POST a document as JSON; ``queued`` is how many reviews wait."""
    text = json.dumps(body).encode()
    sent: list[Mapping[str, Any]] = []
    headers = [(b"content-type", content_type), (b"content-length", str(len(text)).encode())]
    scope = {"type": "http", "path": path, "method": "POST", "headers": headers, "query_string": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": text, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(application(scope | {"state": {"waiting": lambda: (0.0, queued)}}, receive, send))
    start, end = sent
    return Answer(start["status"], dict(start["headers"]), end["body"])


def no_flask() -> Any:
    """Replace Flask in tests that must not need it."""
    raise AssertionError("Flask was called")
