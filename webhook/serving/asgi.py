"""The ASGI application: answers reviews in the event loop, and passes all paths but ``/mutate`` to Flask.

A review takes less than a millisecond of CPU and waits for no I/O, so threads would only compete for the
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
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from flask import Flask

    from webhook.serving.reviewer import Reviewer

    Scope = Mapping[str, Any]
    Receive = Callable[[], Awaitable[Mapping[str, Any]]]
    Send = Callable[[Mapping[str, Any]], Awaitable[None]]
    Header = tuple[bytes, bytes]

MAX_QUEUE = 1000
"""Waiting reviews: half a second of work. By default an API server sends 200 mutating requests at once."""
DEFAULT_TIMEOUT = 10.0
"""Seconds; the API server's default for ``timeoutSeconds``."""
_TIMEOUT = re.compile(rb"(?:^|&)timeout=(\d{1,4})s(?:&|$)")


class Application:
    """ASGI application: answers everything below ``/mutate``; passes all other paths to Flask.

    ``POST /mutate`` and ``POST /mutate/<profile>`` take a JSON body of a known length of at most ``MAX_BODY_BYTES``.
    Any other request below ``/mutate`` gets a 4xx with the reason in one line. ``flask`` is called on first use:
    loading Flask earlier would delay the first review by a third.
    """

    def __init__(self, reviewer: Reviewer, flask: Callable[[], Flask]) -> None:
        self._reviewer = reviewer
        self._flask = flask
        self._profiles = {f"/mutate/{name}": name for name in reviewer.profiles} | {"/mutate": "default"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = scope["path"]
        profile = self._profiles.get(path)
        if profile is None and not path.startswith("/mutate/"):
            await self._flask_application(scope, receive, send)
        elif scope["method"] != "POST":
            await self._reject(send, 405, "the method is not allowed; use POST", (b"allow", b"POST"))
        elif profile is None:
            name = path.removeprefix("/mutate/")[:63]
            await self._reject(
                send, 404, f"no profile {name!r}; there are: {', '.join(sorted(self._reviewer.profiles))}"
            )
        elif rejection := _rejection(scope["headers"]):
            await self._reject(send, *rejection)
        elif (body := await _read(receive)) is not None:
            await self._review(body, profile, scope, send)

    async def _review(self, body: bytes, profile: str, scope: Scope, send: Send) -> None:
        try:
            response = self._reviewer.answer(body, profile, _shed_reason(scope))
        except BadReview as error:
            await self._reject(send, 400, str(error))
        else:
            await _send(send, 200, response, (b"content-type", b"application/json"))

    async def _reject(self, send: Send, status: int, reason: str, *headers: Header) -> None:
        self._reviewer.telemetry.rejected.labels(status).inc()
        await _send(send, status, f"{reason}\n".encode(), (b"content-type", b"text/plain; charset=utf-8"), *headers)

    @cached_property
    def _flask_application(self) -> Any:
        from a2wsgi import WSGIMiddleware  # noqa: PLC0415

        return WSGIMiddleware(self._flask(), workers=2)  # type: ignore[arg-type] # its WSGI types are its own


def budget(query: bytes) -> float:
    """Return the seconds within which to answer a request with this query string (``timeout=10s``).

    The API server sends its remaining time, rounded up to a whole second.
    """
    match = _TIMEOUT.search(query)
    seconds = float(match[1]) if match else DEFAULT_TIMEOUT
    return max(seconds - 1, seconds / 2)


def _shed_reason(scope: Scope) -> PodReason | None:
    """Return why a review is answered without a decision: too many wait, or its time is over. None if it is decided."""
    waited, queued = scope["state"]["waiting"]()
    if queued > MAX_QUEUE:
        return PodReason.TOO_BUSY
    return PodReason.OUT_OF_TIME if waited > budget(scope["query_string"]) else None


def _rejection(headers: Iterable[Header]) -> tuple[int, str] | None:
    """Return status and reason if the headers do not announce JSON of a known length within the limit; else None."""
    values = dict(headers)
    if values.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        return 415, "the Content-Type must be application/json"
    length = values.get(b"content-length", b"")
    if not length.isdigit():
        return 411, "a Content-Length is required"
    if int(length[:20]) > MAX_BODY_BYTES:
        return 413, f"the body is larger than {MAX_BODY_BYTES} bytes"
    return None


async def _read(receive: Receive) -> bytes | None:
    """Return the whole body, or None if the client has disconnected."""
    chunks = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message["body"])
        if not message["more_body"]:
            return b"".join(chunks)


async def _send(send: Send, status: int, body: bytes, *headers: Header) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
