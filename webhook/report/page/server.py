"""The server behind ``lastcall ui``: the page, and forecasts for it. It listens on loopback, for one user."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Flask, Response, abort, request

from webhook import __version__, manifests
from webhook.core.layers import Layer
from webhook.core.settings import PROFILES
from webhook.predict import PROPAGATION, SOURCES, Cause, Scenario
from webhook.report import page, render
from webhook.report.page.views import lines

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 32 * 1024 * 1024
HOSTS = ("127.0.0.1", "localhost", "[::1]")
"""Host names that this server answers to: a page that rebinds its own name to loopback gets no answer."""
SAMPLE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example/web:1.4.2
          command: [npm, start]
          ports:
            - containerPort: 8080
"""


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request of the page; an empty text means the default."""

    manifest: str
    profile: str = "default"
    cause: Cause = Cause.DELETE
    seconds: str = ""
    propagation: str = ""
    drain: str = ""
    kubelet: str = ""

    def scenario(self) -> Scenario:
        """Return what is assumed; raise ValueError for a value that cannot be read."""
        version = re.fullmatch(r"(\d+)\.(\d+)", self.kubelet or "1.34")
        if not version:
            raise ValueError(f"{self.kubelet} is not a version: write it as in 1.34")
        return Scenario(
            cause=self.cause,
            cause_seconds=int(self.seconds) if self.seconds else None,
            kubelet=(int(version[1]), int(version[2])),
            propagation=_seconds(self.propagation, PROPAGATION.get(self.profile, 3.0)),
            drain=_seconds(self.drain, 5.0),
        )


def create_app(profiles: Mapping[str, Mapping[str, Any]] = PROFILES) -> Flask:
    """Return the WSGI application."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    app.before_request(_only_loopback)
    app.after_request(_with_headers)

    @app.get("/")
    def index() -> Response:
        return Response(page.html(_live(profiles)), mimetype="text/html")

    @app.post("/api/forecast")
    def forecast() -> Response:
        if request.mimetype != "application/json":
            abort(415)  # with it, a page of another origin has to ask first, and is not answered
        try:
            question = msgspec.json.decode(request.get_data(cache=False), type=_Request)
            scenario = question.scenario()
        except ValueError as error:
            return Response(f"{error}", 400, mimetype="text/plain")
        if question.profile not in profiles:
            return Response("no such profile", 400, mimetype="text/plain")
        layer = Layer.of_profile(question.profile, profiles[question.profile])
        results = chain(
            lines(manifests.read("manifest", question.manifest), scenario, layer),
            [{"assumed": render.assumptions(scenario)}],
        )
        return Response((json.dumps(line) + "\n" for line in results), mimetype="application/x-ndjson")

    return app


def _only_loopback() -> None:
    host = request.host.removesuffix(f":{request.environ.get('SERVER_PORT')}")
    if host not in HOSTS:
        abort(421, "this page answers only requests from the machine that it runs on")


def _with_headers(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _seconds(text: str, default: float) -> float:
    seconds = float(text) if text else default
    if not 0 <= seconds <= 86400:  # noqa: PLR2004 - a day
        raise ValueError(f"{text} is not a duration: write seconds, from 0 to 86400")
    return seconds


def _live(profiles: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    def named(name: str) -> str:
        sleep = profiles[name].get("pre-stop-sleep-seconds", 5)
        return f"{name} (sleep {sleep} s)"

    causes = [(str(cause), f"{cause}: {source.comes_from}", source.seconds) for cause, source in SOURCES.items()]
    return {
        "mode": "live",
        "version": __version__,
        "profile": [(name, named(name), PROPAGATION.get(name, 3.0)) for name in profiles],
        "cause": causes,
        "sample": SAMPLE,
    }
