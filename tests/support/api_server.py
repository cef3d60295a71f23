"""An API server's lists over real HTTP: pages, remaining counts, missing permissions, and lists that expire."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Served:
    """The objects of the server, and the requests that it received."""

    objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Path of a list -> its objects."""
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Path of anything else -> its body."""
    forbidden: set[str] = field(default_factory=set)
    expire_once: bool = False
    asked: list[str] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)

    def answer(self, target: str) -> tuple[int, dict[str, Any]]:
        """Return status and body for a request's target."""
        url = urlsplit(target)
        self.asked.append(target)
        parent, _, name = url.path.rpartition("/")
        if url.path in self.forbidden or parent in self.forbidden:
            return 403, {"kind": "Status", "message": "not allowed"}
        if url.path in self.documents:
            return 200, self.documents[url.path]
        if url.path not in self.objects:
            found = [o for o in self.objects.get(parent, []) if o["metadata"]["name"] == name]
            return (200, found[0]) if found else (404, {"kind": "Status", "message": "not found"})
        return self._page(self.objects[url.path], {k: v[0] for k, v in parse_qs(url.query).items()})

    def _page(self, objects: list[dict[str, Any]], query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        start, limit = int(query.get("continue", "0")), int(query["limit"])
        if start and self.expire_once:
            self.expire_once = False
            return 410, {"kind": "Status", "reason": "Expired", "metadata": {"continue": str(start)}}
        end = start + limit
        left = max(len(objects) - end, 0)
        metadata = {"continue": str(end), "remainingItemCount": left} if left else {}
        return 200, {"metadata": metadata, "items": objects[start:end]}


@contextmanager
def serve(served: Served, directory: Path) -> Iterator[Path]:
    """Serve on loopback; yield a kubeconfig for it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = served.answer(self.path)
            data = json.dumps(body).encode()
            served.methods.add(self.command)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield kubeconfig(directory, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kubeconfig(directory: Path, server: str) -> Path:
    """Write a kubeconfig with one context, whose namespace is ``shop``."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me", "namespace": "shop"}}],
        "clusters": [{"name": "here", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": {"token": "secret"}}],
    }
    path = directory / "kubeconfig"
    path.write_text(json.dumps(config))
    return path
