"""Helpers of the server tests: a real server in its own process, and clients."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from certs.authority import Authority
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 20.0
"""Seconds that a connection, an answer or the end of a process may take on a busy machine."""
LISTENING = re.compile(r"Listening at: https?://[^ ]*:(\d+)")
SERVE = ("-m", "webhook.cli", "serve")
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "web-", "namespace": "shop"},
    "spec": {
        "terminationGracePeriodSeconds": 30,
        "restartPolicy": "Always",
        "containers": [{"name": "web", "image": "web:1", "command": ["npm", "start"]}],
    },
}


def review(pod: object = POD, uid: str = "705ab4f5-6393-11e8-b7cc-42010a800002", **request: object) -> dict[str, Any]:
    """Return the review of a Pod's creation, as an API server sends it."""
    asked = {
        "uid": uid,
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "CREATE",
        "namespace": "shop",
        "object": pod,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": asked | request}


def send(
    connection: http.client.HTTPConnection, body: bytes | None = None, path: str = "/mutate"
) -> tuple[http.client.HTTPResponse, bytes]:
    """Send a review (by default the one of ``POD``) on an open connection; return the answer and its body."""
    data = json.dumps(review()).encode() if body is None else body
    connection.request("POST", path, data, {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response, response.read()


def send_header(connection: http.client.HTTPConnection, length: int, start: bytes, path: str = "/mutate") -> None:
    """Send a review's header and the start of its body, which has ``length`` bytes."""
    connection.putrequest("POST", path)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(length))
    connection.endheaders(start)


@dataclass(frozen=True)
class Pair:
    """A CA and the certificate files that a server reads."""

    folder: Path
    authority: Authority

    @classmethod
    def issue(cls, folder: Path) -> Self:
        """Write a pair for this machine into an existing folder."""
        pair = cls(folder, Authority.create("tests", datetime.now(UTC), timedelta(hours=1)))
        (folder / "ca.crt").write_bytes(pair.authority.certificate_pem)
        pair.renew()
        return pair

    def renew(self) -> None:
        """Write a new pair of the same CA, first the key, not atomically."""
        leaf = self.authority.issue(["localhost", "127.0.0.1"], datetime.now(UTC), timedelta(hours=1))
        (self.folder / "tls.key").write_bytes(leaf.key_pem)
        (self.folder / "tls.crt").write_bytes(leaf.chain_pem)

    @property
    def options(self) -> tuple[str, ...]:
        """The options of ``lastcall serve`` for these files."""
        return ("--cert", str(self.folder / "tls.crt"), "--key", str(self.folder / "tls.key"))

    def client(self) -> ssl.SSLContext:
        """Return a context that trusts only this CA."""
        return ssl.create_default_context(cadata=self.authority.certificate_pem.decode())


@dataclass
class Running:
    """A server process; its output goes to a file, and the kernel chooses its port."""

    process: subprocess.Popen[bytes]
    output: Path
    tls: ssl.SSLContext | None
    port: int = 0

    @classmethod
    def start(cls, folder: Path, tls: ssl.SSLContext | None, *arguments: str) -> Self:
        """Start Python with these arguments and wait until it listens."""
        output = folder / f"output-{time.monotonic_ns()}"
        with output.open("wb") as file:
            process = subprocess.Popen([sys.executable, *arguments], stdout=file, stderr=subprocess.STDOUT, cwd=folder)
        running = cls(process, output, tls)
        # gunicorn's worker loses a SIGTERM that arrives before its handlers are installed.
        ready = "Booting worker" if "gunicorn" in arguments else '"answering"'
        until("a server that answers", lambda: ready in running.log())
        found = LISTENING.search(running.log())
        assert found
        running.port = int(found[1])
        return running

    def log(self) -> str:
        """Return everything that the server has written so far."""
        return self.output.read_text()

    def connection(self, seconds: float = SECONDS) -> http.client.HTTPConnection:
        """Return a connection that is opened on first use and kept alive."""
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=seconds, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def request(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
        """Send one request on a new connection; return status and text."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if body is not None else {}
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, path, data, kind | headers)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def stop(self) -> int:
        """Send SIGTERM, and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def end(self) -> None:
        """End the process if it is still running."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
