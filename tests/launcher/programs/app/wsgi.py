"""A WSGI and an ASGI application that answer slowly: the first bytes at once, the last a second later."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

SECONDS = 1.0
HEADERS = [("Content-Type", "text/plain")]


def app(environ: Mapping[str, Any], start_response: Callable[..., object]) -> Iterator[bytes]:
    """Answer a WSGI request."""
    start_response("200 OK", HEADERS)
    yield b"begun\n"
    time.sleep(SECONDS)
    yield b"answered\n"


async def asgi(scope: Mapping[str, Any], receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """Answer an ASGI request; the lifespan protocol is optional, and this refuses it."""
    if scope["type"] != "http":
        raise NotImplementedError
    headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"begun\n", "more_body": True})
    await asyncio.sleep(SECONDS)
    await send({"type": "http.response.body", "body": b"answered\n"})
