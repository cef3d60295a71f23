"""gunicorn's threaded worker, made patient: no thread waits for a client that says nothing.

Go clients, the API server among them, open connections that may stay silent after the handshake: a request that found
no idle connection dials one, then takes another that fell idle first. gthread (27.0) reads the first request of such a
connection in a pool thread, without limit; as many silent connections as threads, and the server is gone.
Here a connection goes back to the poller until it has something to say, and whoever starts to speak has
``READ_SECONDS`` for the whole request: half a ClientHello, header or body holds a thread no longer than that.
"""

from __future__ import annotations

import select
import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers import gthread

READ_SECONDS = 3.0
"""For handshake, or header, body and answer; an API server in the same cluster needs milliseconds."""


class PatientWorker(gthread.ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Serves every connection that speaks; the others wait in the poller and cost nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadlines: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:
        """Handle one request in a pool thread, or give the connection back to the poller."""
        self._deadlines[conn] = time.monotonic() + READ_SECONDS
        try:
            if not conn.initialized:
                if not conn.wait_for_data(0):
                    return gthread._DEFER  # noqa: SLF001 - there is no public way to give a connection back
                with suppress(OSError):
                    conn.init()
                if not conn.parser:
                    return False
                if conn.cfg.is_ssl and not _readable(conn.sock):
                    return gthread._DEFER  # noqa: SLF001
            return super().handle(conn)
        finally:
            del self._deadlines[conn]

    def murder_pending(self) -> None:
        """Close what has waited too long; gunicorn calls this at least once a second."""
        super().murder_pending()
        now = time.monotonic()
        for conn, deadline in list(self._deadlines.items()):
            if deadline < now:
                # Not SSLSocket.shutdown, which takes the TLS layer from under the thread that reads.
                with suppress(OSError):
                    socket.socket.shutdown(conn.sock, socket.SHUT_RDWR)


def _readable(sock: Any) -> bool:
    """Tell whether a request has begun: TLS may have decrypted it already."""
    return bool(sock.pending() or select.select([sock], [], [], 0)[0])
