"""The reviewer behind Flask, for gunicorn's own workers: the negative control for ``asgi.py`` and ``worker.py``."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import BadRequest

from webhook.core.review import BadReview
from webhook.core.settings import PROFILES
from webhook.serving.metrics import Telemetry
from webhook.serving.reviewer import Reviewer


def create_app() -> Flask:
    """Return a WSGI application that answers ``POST /mutate`` and nothing else."""
    app = Flask(__name__, static_folder=None)
    reviewer = Reviewer(PROFILES, Telemetry())

    @app.post("/mutate")
    def mutate() -> Response:
        try:
            return Response(reviewer.answer(request.get_data(cache=False), "default"), mimetype="application/json")
        except BadReview as error:
            raise BadRequest(str(error)) from None

    return app
