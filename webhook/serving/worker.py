"""gunicorn's asyncio worker, with deadlines and graceful shutdown.

A client has ``READ_SECONDS`` for the handshake, and again for each request. One that stops within a ClientHello, header
or body is disconnected then, and delays no other client. Go clients, such as the API server, open connections that stay
silent after the handshake: gunicorn's threaded worker blocks a thread for each of those and stops answering without a
free one; in an event loop they cost nothing.
"""

from __future__ import annotations

import asyncio
import os
from asyncio import sslproto
from typing import TYPE_CHECKING, Any

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers.gasgi import ASGIWorker

if TYPE_CHECKING:
    from collections.abc import Callable

READ_SECONDS = 3.0
"""For the handshake, for a request, and for the client to read its answer; in a cluster each takes milliseconds."""
MAX_CONNECTIONS = 1000
"""An API server keeps 25 idle connections to a webhook, and bursts of 200."""
TICK_SECONDS = 0.25
"""Between two checks of whether to stop; gunicorn's heartbeat needs one in 30 seconds."""
GUNICORN = "https://github.com/benoitc/gunicorn/blob/27.0.1/gunicorn/"
PRIVATE_NAMES = {
    "_arm_keepalive_timer": ("asgi/protocol.py#L1188", "called: close a connection that stays silent"),
    "_body_receiver": ("asgi/protocol.py#L674", "read: whether a body is being received"),
    "_build_http_scope": ("asgi/protocol.py#L1985", "extended: how long the request has waited"),
    "_closed": ("asgi/protocol.py#L668", "read: whether the connection has ended"),
    "_complete": ("asgi/protocol.py#L372", "read: whether the body has been received"),
    "_current_request": ("asgi/protocol.py#L694", "read: whether a request is being answered"),
    "_handle_http_request": ("asgi/protocol.py#L1666", "extended: the request has been answered"),
    "_is_websocket_upgrade": ("asgi/protocol.py#L1604", "replaced: no websockets"),
    "_on_message_complete": ("asgi/protocol.py#L959", "extended: the request has been received"),
    "_quick_shutdown": ("workers/gasgi.py#L39", "read: whether SIGINT or SIGQUIT has been received"),
    "_serve": ("workers/gasgi.py#L161", "replaced: TLS context, handshake deadline, draining"),
    "_will_close": ("asgi/protocol.py#L1959", "extended: close after the answer when stopping"),
}
"""Every private name of gunicorn that is used here: where it is defined (below ``GUNICORN``), and what for."""
sslproto.SSLProtocol.max_size = 32 * 1024  # asyncio's read buffer has 256 KiB per connection


class Connection(ASGIProtocol):  # type: ignore[misc] # gunicorn has no types
    """One client: HTTP/1.1, one request at a time."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self._deadline: asyncio.TimerHandle | None = None
        self._request_began = 0.0
        self._queued = False
        self._is_last = False

    @property
    def busy(self) -> bool:
        """Whether a request is in flight."""
        return self._current_request is not None or self._deadline is not None

    def connection_made(self, transport: Any) -> None:
        """Accept the connection, unless there are too many or the client is not allowed."""
        super().connection_made(transport)
        self.worker.connections.add(self)
        if len(self.worker.connections) > MAX_CONNECTIONS or not self.worker.is_allowed(transport):
            transport.abort()
            return
        self._arm_keepalive_timer()  # gunicorn would wait for the first request without limit

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection."""
        self.worker.connections.discard(self)
        self._clear_deadline()
        self._dequeue()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read; set a deadline unless the request is complete."""
        if self._body_receiver is None and self._deadline is None:
            self._request_began = self.worker.loop.time()
        super().data_received(data)
        if self._body_receiver is not None and self._body_receiver._complete:  # noqa: SLF001
            self._clear_deadline()
        else:
            self._set_deadline()

    def pause_writing(self) -> None:
        """Set a deadline for a client that does not read its answer."""
        super().pause_writing()
        self._set_deadline()

    def resume_writing(self) -> None:
        """Clear the deadline."""
        super().resume_writing()
        self._clear_deadline()

    def _set_deadline(self) -> None:
        if self._deadline is None and not self._closed:
            self._deadline = self.worker.loop.call_later(READ_SECONDS, self._on_deadline)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_deadline(self) -> None:
        self._deadline = None
        self.worker.app.telemetry.stalled.inc()
        self.transport.abort()

    def _on_message_complete(self) -> None:
        self._is_last = self.worker.stopping
        super()._on_message_complete()
        self._queued = True
        self.worker.queued += 1

    def _will_close(self, *args: Any) -> bool:
        """Decide once per request whether it is the connection's last, so that the Connection header is true.

        gunicorn asks again after the answer: it would close a connection that was announced as kept alive.
        """
        return self._is_last or bool(super()._will_close(*args))

    def _dequeue(self) -> None:
        if self._queued:
            self._queued = False
            self.worker.queued -= 1

    async def _handle_http_request(self, *args: Any) -> Any:
        try:
            return await super()._handle_http_request(*args)
        finally:
            self._dequeue()

    def _build_http_scope(self, *args: Any) -> Any:
        """Add ``state["waiting"]``, which returns how many seconds this request has waited, and how many requests wait.

        The application calls it after it has read the body: gunicorn calls the application after the headers.
        """
        scope = super()._build_http_scope(*args)
        scope["state"] = {"waiting": lambda: (self.worker.loop.time() - self._request_began, self.worker.queued)}
        return scope

    def _is_websocket_upgrade(self, request: Any) -> bool:  # noqa: ARG002 - gunicorn's signature
        return False


class Worker(ASGIWorker):  # type: ignore[misc] # gunicorn has no types
    """The worker process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: set[Connection] = set()
        self.queued = 0
        self.stopping = False

    def handle_exit_signal(self) -> None:
        """Start to drain; ``alive``, whose end makes gunicorn close connections, stays true until then."""
        self.stopping = True

    def is_allowed(self, transport: Any) -> bool:
        """Tell whether the client of this connection may send requests."""
        is_allowed: Callable[[Any], bool] = self.app.is_allowed
        return is_allowed(transport.get_extra_info("peercert"))

    async def _serve(self) -> None:
        tls = self.app.tls_context()
        deadlines = {"ssl_handshake_timeout": READ_SECONDS, "ssl_shutdown_timeout": READ_SECONDS} if tls else {}
        for listener in self.sockets:
            server = await self.loop.create_server(lambda: Connection(self), sock=listener.sock, ssl=tls, **deadlines)
            self.servers.append(server)
        self.app.started(self)
        while self.alive and not self.stopping and self.ppid == os.getppid():
            self.notify()
            await asyncio.sleep(TICK_SECONDS)
        if not self._quick_shutdown:
            await self._drain()

    async def _drain(self) -> None:
        """Answer for ``drain_seconds`` and close each connection after its answer; then accept no more and end."""
        await self._wait_while(lambda: True, self.app.drain_seconds)
        for server in self.servers:
            server.close()
        # A request may be arriving on a connection that looks idle: let the event loop read it.
        await asyncio.sleep(TICK_SECONDS)
        for connection in list(self.connections):
            if not connection.busy:
                connection.transport.close()
        await self._wait_while(lambda: bool(self.connections), self.cfg.graceful_timeout)

    async def _wait_while(self, condition: Callable[[], bool], seconds: float) -> None:
        end = self.loop.time() + seconds
        while condition() and self.loop.time() < end and not self._quick_shutdown:
            self.notify()
            await asyncio.sleep(min(TICK_SECONDS, seconds))
