"""The ASGI side: reviews are answered here, in the event loop; Flask has all other requests and explains errors.

A review takes less than a millisecond of computing and waits for nothing, so threads would only fight over the
interpreter's lock: measured in docs/performance.md.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from webhook.core.mutate import PodReason
from webhook.core.review import BadReview
from webhook.serving.reviewer import MAX_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from flask import Flask

    from webhook.serving.reviewer import Reviewer

    Scope = Mapping[str, Any]
    Receive = Callable[[], Awaitable[Mapping[str, Any]]]
    Send = Callable[[Mapping[str, Any]], Awaitable[None]]

MAX_QUEUE = 1000
"""Reviews that wait; about half a second of work. An API server sends 200 mutating requests at once by default."""
DEFAULT_TIMEOUT = 10.0
"""Seconds; what the API server gives a webhook where the configuration is silent."""
_TIMEOUT = re.compile(rb"(?:^|&)timeout=(\d{1,4})s(?:&|$)")


class Front:
    """ASGI application: ``POST /mutate`` and ``POST /mutate/<profile>`` with a JSON body, else Flask.

    Flask is asked for when it is needed first: loading it would delay the first review by a third.
    """

    def __init__(self, reviewer: Reviewer, flask: Callable[[], Flask]) -> None:
        self._reviewer = reviewer
        self._flask = flask
        self._targets = {f"/mutate/{name}": name for name in reviewer.profiles} | {"/mutate": "default"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        profile = self._targets.get(scope["path"])
        if profile is None or scope["method"] != "POST" or not 0 < _length(scope["headers"]) <= MAX_BODY_BYTES:
            await self._behind(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        try:
            response = self._reviewer.answer(body, profile, _shed(scope))
        except BadReview as error:
            self._reviewer.telemetry.rejected.labels(400).inc()
            await _send(send, 400, b"text/plain; charset=utf-8", f"{error}\n".encode())
        else:
            await _send(send, 200, b"application/json", response)

    @cached_property
    def _behind(self) -> Any:
        from a2wsgi import WSGIMiddleware  # noqa: PLC0415

        return WSGIMiddleware(self._flask(), workers=2)  # type: ignore[arg-type] # its WSGI types are its own


def budget(query: bytes) -> float:
    """Return the seconds that an answer may take, of ``?timeout=10s``.

    The API server writes the time it has left, rounded up to a whole second.
    """
    found = _TIMEOUT.search(query)
    seconds = float(found[1]) if found else DEFAULT_TIMEOUT
    return max(seconds - 1, seconds / 2)


def _shed(scope: Scope) -> PodReason | None:
    """Return why a review is not looked at, if it is not: too many wait, or its own time is over."""
    waited, queued = scope["state"]["waiting"]()
    if queued > MAX_QUEUE:
        return PodReason.TOO_BUSY
    return PodReason.OUT_OF_TIME if waited > budget(scope["query_string"]) else None


def _length(headers: list[tuple[bytes, bytes]]) -> int:
    """Return the Content-Length of a JSON body, or -1."""
    length, json = -1, False
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            length = int(value[:20])
        elif name == b"content-type":
            json = value == b"application/json" or value.startswith(b"application/json;")
    return length if json else -1


async def _read(receive: Receive) -> bytes | None:
    """Return the whole body, or None where the client has left."""
    chunks = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message["body"])
        if not message["more_body"]:
            return b"".join(chunks)


async def _send(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
