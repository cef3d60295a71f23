"""Run the application under gunicorn: one process, one event loop, our TLS context, graceful shutdown."""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from webhook.serving import logs
from webhook.serving.logs import logger

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from flask import Flask
    from gunicorn.arbiter import Arbiter

    from webhook.serving.asgi import Application
    from webhook.serving.metrics import Telemetry
    from webhook.serving.reviewer import Reviewer
    from webhook.serving.tls import Certificate, Files
    from webhook.serving.worker import Worker

KEEPALIVE_SECONDS = 120
"""Above the API server's 90 s: if the server closes first, a request may be lost, and a POST is not retried."""
GRACEFUL_SECONDS = 20
"""For in-flight requests after the server stops accepting connections; a review takes milliseconds."""


@dataclass(frozen=True)
class Options:
    """The options of ``lastcall serve``."""

    host: str = "127.0.0.1"
    port: int = 8443
    files: Files | None = None
    """None is plain HTTP."""
    tls_minimum: ssl.TLSVersion | None = None
    """None is TLS 1.2."""
    client_names: frozenset[str] = frozenset()
    """Common names of allowed clients, if ``files.client_ca`` requires certificates; empty allows all."""
    health_port: int | None = None
    """A second port for probes and metrics, over plain HTTP."""
    drain_seconds: float = 0
    """Seconds after SIGTERM in which new connections are accepted."""


class Server(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """gunicorn without its own command line; ``run()`` returns after SIGTERM or SIGINT."""

    def __init__(self, profiles: Mapping[str, Mapping[str, Any]], options: Options) -> None:
        self.telemetry: Telemetry
        self.reviewer: Reviewer
        self.drain_seconds = options.drain_seconds
        self._profiles = profiles
        self._options = options
        self._certificate: Certificate | None = None
        self._worker: Worker | None = None
        self._health = _listen(options.host, options.health_port)
        super().__init__()

    def load_config(self) -> None:
        """Set every option that is not gunicorn's default."""
        for name, value in self._gunicorn_settings().items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        """Return the ASGI application; called in the worker, so that the arbiter does not load it."""
        from webhook.serving.asgi import Application  # noqa: PLC0415
        from webhook.serving.metrics import Telemetry  # noqa: PLC0415
        from webhook.serving.reviewer import Reviewer  # noqa: PLC0415
        from webhook.serving.tls import Certificate  # noqa: PLC0415

        self.telemetry = Telemetry()
        if self._options.files:
            self._certificate = Certificate(self._options.files, self.telemetry, self._options.tls_minimum)
        self.reviewer = Reviewer(self._profiles, self.telemetry)
        return Application(self.reviewer, lambda: self.flask)

    @cached_property
    def flask(self) -> Flask:
        """The application for all paths but reviews; one for both ports, created on first use."""
        from webhook.serving.flask_app import create_app  # noqa: PLC0415

        return create_app(self.telemetry, self.not_ready)

    def not_ready(self) -> str:
        """Return why the server should get no traffic, or an empty string."""
        if self._worker and self._worker.stopping:
            return "stopping"
        return self._certificate.check() if self._certificate else ""

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the context to listen with."""
        return self._certificate.listener_context() if self._certificate else None

    def is_allowed(self, certificate: Mapping[str, Any] | None) -> bool:
        """Tell whether a client with this certificate (as ``getpeercert`` returns it) may send requests."""
        if not self._options.client_names:
            return True
        subject = (certificate or {}).get("subject", ())
        return any(k == "commonName" and v in self._options.client_names for part in subject for k, v in part)

    def started(self, worker: Worker) -> None:
        """Run in the worker as soon as it listens."""
        self._worker = worker
        if self._certificate:
            self._certificate.check()  # logs an unusable certificate at the start
        if self._health:
            from webhook.serving import probes  # noqa: PLC0415

            probes.serve(self._health, lambda: self.flask)
        logger.info("answering")

    def _gunicorn_settings(self) -> dict[str, Any]:
        host = self._options.host
        options = {
            "bind": f"[{host}]:{self._options.port}" if ":" in host else f"{host}:{self._options.port}",
            "worker_class": "webhook.serving.worker.Worker",
            "keepalive": KEEPALIVE_SECONDS,
            "asgi_disconnect_grace_period": 0,  # the client has left, and a connection takes memory
            "graceful_timeout": int(self.drain_seconds) + GRACEFUL_SECONDS + 5,
            "worker_tmp_dir": "/dev/shm",  # noqa: S108 - the heartbeat; a root file system may be read-only
            "control_socket_disable": True,  # it wants a writable home
            "logconfig_dict": logs.CONFIGURATION,
            "logger_class": _Log,
            "post_fork": handle_early_signals,
        }
        # For gunicorn the files only turn TLS on; the real ones may not exist yet.
        return options | ({"certfile": os.devnull, "keyfile": os.devnull} if self._options.files else {})


class _Log(Logger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's logger without the access log, which a logging configuration turns on: reviews are logged already."""

    access_log_enabled = False


def handle_early_signals(arbiter: Arbiter, _worker: object) -> None:
    """Let SIGTERM, SIGINT and SIGQUIT end a worker that has not installed its handlers yet.

    A forked worker inherits the arbiter's handlers, which put signals into a queue that is not read in the worker.
    """
    ends = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
    for number in ends:
        signal.signal(number, signal.SIG_DFL)
    with suppress(queue.Empty):
        while arbiter.SIG_QUEUE.get_nowait() not in ends:
            pass
        sys.exit()


def serve(profiles: Mapping[str, Mapping[str, Any]], options: Options) -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.raiseExceptions = False  # do not report to stderr that stderr cannot be written
    # Do not collect what no log line shows: https://docs.python.org/3/howto/logging.html#optimization
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    Server(profiles, options).run()


def _listen(host: str, port: int | None) -> socket.socket | None:
    """Bind before the worker starts, so that a port in use is an error at the start."""
    if port is None:
        return None
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)
