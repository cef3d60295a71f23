"""The HTTP side as a WSGI application: reviews, probes, metrics, and a reason for everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    LengthRequired,
    NotFound,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from webhook.core.review import BadReview
from webhook.core.settings import PROFILES
from webhook.serving.metrics import Telemetry
from webhook.serving.reviewer import MAX_BODY_BYTES, Reviewer

if TYPE_CHECKING:
    from collections.abc import Callable


def create_app(
    reviewer: Reviewer | None = None,
    not_ready: Callable[[], str] = lambda: "",
) -> Flask:
    """Return the WSGI application; without a reviewer it has one of its own, with the profiles that come with lastcall.

    ``not_ready`` says why the server should get no traffic, or returns an empty string.
    """
    app = Flask(__name__, static_folder=None)
    reviewer = reviewer or Reviewer(PROFILES, Telemetry())
    profiles, counters = reviewer.profiles, reviewer.telemetry

    @app.post("/mutate", defaults={"profile": "default"})
    @app.post("/mutate/<profile>")
    def mutate(profile: str) -> Response:
        if profile not in profiles:
            raise NotFound(f"no profile {profile[:63]!r}; there are: {', '.join(sorted(profiles))}")
        return Response(reviewer.answer(_body(), profile), mimetype="application/json")

    @app.get("/healthz")
    def healthz() -> Response:
        return _text("ok")

    @app.get("/readyz")
    def readyz() -> Response:
        reason = not_ready()
        return _text(reason or "ok", 503 if reason else 200)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(counters.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")

    @app.errorhandler(BadReview)
    def unanswerable(error: BadReview) -> Response:
        return rejected(BadRequest(str(error)))

    @app.errorhandler(HTTPException)
    def rejected(error: HTTPException) -> Response:
        counters.rejected.labels(error.code).inc()
        response = _text(error.description or error.name, error.code or 500)
        response.headers.extend(h for h in error.get_headers() if h[0] == "Allow")
        return response

    return app


def _body() -> bytes:
    """Read the request's body; anything but JSON of a known, bearable length is turned away."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("the Content-Type must be application/json")
    # A chunked body has no length: werkzeug would cut it at the limit and call it complete.
    if request.content_length is None:
        raise LengthRequired("a Content-Length is needed")
    if request.content_length > MAX_BODY_BYTES:
        raise RequestEntityTooLarge(f"the body is larger than {MAX_BODY_BYTES} bytes")
    body = request.get_data(cache=False)
    if len(body) != request.content_length:
        raise BadRequest("the body is shorter than its Content-Length")
    return body


def _text(line: str, status: int = 200) -> Response:
    return Response(" ".join(line.split()) + "\n", status, mimetype="text/plain")
