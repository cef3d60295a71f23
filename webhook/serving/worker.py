"""gunicorn's asyncio worker, with deadlines and a polite end.

Whoever begins to speak has ``READ_SECONDS`` for the handshake, and again for each whole request: half a ClientHello,
header or body is thrown out then, and holds up nobody meanwhile. Go clients, the API server among them, open
connections that stay silent after the handshake; gunicorn's threaded worker gives each of those a thread and is gone
when it has none left, an event loop does not notice them.
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
"""For the handshake, for a request, and for the client to take its answer; in one cluster they take milliseconds."""
MAX_CONNECTIONS = 1000
"""An API server keeps 25 idle connections to a webhook, and bursts of 200."""
TICK_SECONDS = 0.25
"""How often a worker looks whether it shall end; gunicorn's heartbeat needs one in 30 seconds."""
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
sslproto.SSLProtocol.max_size = 32 * 1024  # asyncio would give each connection 256 KiB to read into


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
        """Whether a request has begun that is not answered yet."""
        return self._current_request is not None or self._deadline is not None

    def connection_made(self, transport: Any) -> None:
        """Take the connection, unless there are too many or the client is not one that we know."""
        super().connection_made(transport)
        self.worker.connections.add(self)
        if len(self.worker.connections) > MAX_CONNECTIONS or not self.worker.is_allowed(transport):
            transport.abort()
            return
        self._arm_keepalive_timer()  # gunicorn would wait for the first request without limit

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.worker.connections.discard(self)
        self._clear_deadline()
        self._dequeue()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read; a request that is not complete now has to be so before its deadline."""
        if self._body_receiver is None and self._deadline is None:
            self._request_began = self.worker.loop.time()
        super().data_received(data)
        if self._body_receiver is not None and self._body_receiver._complete:  # noqa: SLF001
            self._clear_deadline()
        else:
            self._set_deadline()

    def pause_writing(self) -> None:
        """Wait for a client that does not take its answer, but not for long."""
        super().pause_writing()
        self._set_deadline()

    def resume_writing(self) -> None:
        """Go on."""
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
        """Decide once a request whether it is the connection's last, so that what is announced is what happens.

        gunicorn asks again behind the answer: a client that was told to come back would find the door shut.
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
        """Give the application what tells how long this request has waited, in seconds, and how many wait.

        It asks when it has the whole body: gunicorn calls it with the headers.
        """
        scope = super()._build_http_scope(*args)
        scope["state"] = {"waiting": lambda: (self.worker.loop.time() - self._request_began, self.worker.queued)}
        return scope

    def _is_websocket_upgrade(self, request: Any) -> bool:  # noqa: ARG002 - gunicorn's signature
        return False


class Worker(ASGIWorker):  # type: ignore[misc] # gunicorn has no types
    """The process that answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: set[Connection] = set()
        self.queued = 0
        self.stopping = False

    def handle_exit_signal(self) -> None:
        """Begin to stop; ``alive``, which makes gunicorn close connections behind an answer, ends with the draining."""
        self.stopping = True

    def is_allowed(self, transport: Any) -> bool:
        """Tell whether the client at the other end may ask."""
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
        """Answer whatever comes for a while, closing each connection after its answer; then take no more and end."""
        await self._wait_while(lambda: True, self.app.drain_seconds)
        for server in self.servers:
            server.close()
        # A request may be on its way on a connection that looks idle; once more around, and it has been read.
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
