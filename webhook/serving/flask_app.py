"""The WSGI application: probes, metrics, and an error for every other path; reviews are answered in ``asgi``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook.serving.metrics import Telemetry


def create_app(telemetry: Telemetry, not_ready: Callable[[], str]) -> Flask:
    """Return the WSGI application.

    ``not_ready`` returns why the server should get no traffic, or an empty string.
    """
    app = Flask(__name__, static_folder=None)

    @app.get("/healthz")
    def healthz() -> Response:
        return _text("ok")

    @app.get("/readyz")
    def readyz() -> Response:
        reason = not_ready()
        return _text(reason or "ok", 503 if reason else 200)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(telemetry.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")

    @app.errorhandler(HTTPException)
    def rejected(error: HTTPException) -> Response:
        telemetry.rejected.labels(error.code).inc()
        response = _text(error.description or error.name, error.code or 500)
        response.headers.extend(h for h in error.get_headers() if h[0] == "Allow")
        return response

    return app


def _text(line: str, status: int = 200) -> Response:
    return Response(" ".join(line.split()) + "\n", status, mimetype="text/plain")
