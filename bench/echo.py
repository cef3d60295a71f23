"""The cost of server and protocol alone: read the review, answer with a fixed patch."""

from __future__ import annotations

import base64
import json
from typing import Any

OPERATIONS = [
    {"op": "add", "path": "/spec/containers/0/lifecycle", "value": {"preStop": {"sleep": {"seconds": 5}}}},
    {"op": "replace", "path": "/spec/terminationGracePeriodSeconds", "value": 35},
]
PATCH = base64.b64encode(json.dumps(OPERATIONS).encode()).decode()


def answer(body: bytes) -> bytes:
    """Return the review's answer."""
    response = {"uid": json.loads(body)["request"]["uid"], "allowed": True, "patchType": "JSONPatch", "patch": PATCH}
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
    return json.dumps(review, separators=(",", ":")).encode()


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    """Answer under a WSGI server."""
    data = answer(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
    return [data]


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Answer under an ASGI server; there is no lifespan."""
    if scope["type"] != "http":
        raise NotImplementedError
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    data = answer(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": data})
