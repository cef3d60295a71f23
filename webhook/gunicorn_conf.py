"""How gunicorn runs the application: one process, patient threads, its own TLS context, a polite end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from webhook.server import create_app
from webhook.telemetry import LOGGING, Telemetry
from webhook.tls import Certificate

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from flask import Flask

    from webhook.tls import Files

KEEPALIVE_SECONDS = 120
"""Above the API server's 90 s: whoever closes first loses requests, and a POST is not sent again."""
THREADS = 8
"""A second process costs 30 MiB, and pays only above a whole core of reviews."""


class Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """gunicorn without a command line of its own; ``run()`` returns when the server has been told to stop."""

    def __init__(self, app: Flask, host: str, port: int, certificate: Certificate | None = None) -> None:
        self._app = app
        self._bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._certificate = certificate
        super().__init__()

    def load_config(self) -> None:
        """Set every option that is not gunicorn's default."""
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the WSGI application."""
        return self._app

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "bind": self._bind,
            "worker_class": "webhook.worker.PatientWorker",
            "threads": THREADS,
            "keepalive": KEEPALIVE_SECONDS,
            "graceful_timeout": 20,
            "worker_tmp_dir": "/dev/shm",  # noqa: S108 - the heartbeat; a root file system may be read-only
            "control_socket_disable": True,  # it wants a writable home
            "logconfig_dict": LOGGING,
            "pre_request": _close_while_stopping,
        }
        if self._certificate:
            certificate = self._certificate

            def ssl_context(_config: Any, _default: Any) -> ssl.SSLContext:
                return certificate.context()

            def look(_worker: Any) -> None:
                certificate.check()

            # To gunicorn files mean no more than "TLS is on"; the real ones may not be there yet.
            options |= {"certfile": os.devnull, "keyfile": os.devnull, "ssl_context": ssl_context}
            options["post_worker_init"] = look  # a certificate that cannot be used is told at the start
        return options


def _close_while_stopping(worker: Any, request: Any) -> None:
    """Answer with ``Connection: close`` once told to stop, so that no client sends another request this way."""
    if not worker.alive:
        request.force_close()


def serve(profiles: Mapping[str, Mapping[str, Any]], host: str, port: int, files: Files | None) -> None:
    """Serve until told to stop; ``files`` of None is plain HTTP."""
    telemetry = Telemetry()
    certificate = Certificate(files, telemetry) if files else None
    app = create_app(profiles, telemetry, certificate.check if certificate else lambda: "")
    Server(app, host, port, certificate).run()
