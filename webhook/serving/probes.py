"""Probes and metrics on a separate port and thread, so that they answer while the worker is busy."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

REQUEST_SECONDS = 3.0
"""For one request."""
MAX_REQUESTS = 32
"""Concurrent requests: the kubelet's probes and a few scrapers."""


class _Handler(WSGIRequestHandler):
    def handle(self) -> None:
        deadline = threading.Timer(REQUEST_SECONDS, self._on_deadline)
        deadline.daemon = True
        deadline.start()
        try:
            with suppress(OSError):
                super().handle()
        finally:
            deadline.cancel()

    def _on_deadline(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Log nothing: a probe comes every few seconds."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = listener.getsockname()[:2]
        self.setup_environ()
        self._free = threading.Semaphore(MAX_REQUESTS)

    def verify_request(self, *_: Any) -> bool:
        return self._free.acquire(blocking=False)

    def process_request_thread(self, *arguments: Any) -> None:
        try:
            super().process_request_thread(*arguments)
        finally:
            self._free.release()

    def handle_error(self, *_: Any) -> None:
        """Ignore clients that disconnect."""


def serve(listener: socket.socket, app: Callable[[], Flask]) -> None:
    """Answer on a listening socket, in a daemon thread that creates the application."""

    def run() -> None:
        server.set_app(app())
        server.serve_forever()

    server = _Server(listener)
    threading.Thread(target=run, name="health", daemon=True).start()
