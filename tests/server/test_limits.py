"""What an operator can bound: who may ask, how long an answer may take, how many wait, what is told meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.running import SECONDS, SERVE, Running, review, until
from webhook.answer import Reviewer
from webhook.front import MAX_QUEUE, Front, budget
from webhook.server import create_app
from webhook.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.server.running import Pair


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def health(port: int, path: str) -> tuple[int, str]:
    """Ask the port for probes and metrics."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_health_has_a_port_of_its_own(pair: Pair, start: Callable[..., Running]) -> None:
    """Probes and metrics come over plain HTTP; a port that is taken is told at the start."""
    port = free_port()
    running = start(pair.client(), *SERVE, "--port", "0", *pair.options, "--health-port", str(port))
    until(lambda: "certificate loaded" in running.log(), "the worker")
    assert health(port, "/healthz") == (200, "ok\n")
    assert health(port, "/readyz") == (200, "ok\n")
    running.request("POST", "/mutate", review())
    assert 'lastcall_reviews_total{outcome="patched"} 1.0' in health(port, "/metrics")[1]


def test_without_a_certificate_the_server_is_not_ready(own_pair: Pair, start: Callable[..., Running]) -> None:
    """``/readyz`` says why, and is green as soon as there is one."""
    certificate = own_pair.folder / "tls.crt"
    good = certificate.read_bytes()
    certificate.write_bytes(b"not a certificate")
    port = free_port()
    running = start(own_pair.client(), *SERVE, "--port", "0", *own_pair.options, "--health-port", str(port))
    until(lambda: "certificate not usable" in running.log(), "the reason")
    status, text = health(port, "/readyz")
    assert (status, text.startswith("certificate not usable: "), text.count("\n")) == (503, True, 1)
    assert health(port, "/healthz")[0] == 200
    certificate.write_bytes(good)
    until(lambda: health(port, "/readyz")[0] == 200, "readiness")


def test_stalled_probes_do_not_keep_the_others_from_theirs(pair: Pair, start: Callable[..., Running]) -> None:
    """As many half requests as the port takes at once: they are thrown out, and a probe is answered."""
    port = free_port()
    start(pair.client(), *SERVE, "--port", "0", *pair.options, "--health-port", str(port))
    until(lambda: connects(port), "the port")
    with contextlib.ExitStack() as stack:
        for _ in range(32):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS)).sendall(b"GET /he")

        def answered() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return health(port, "/healthz")[0] == 200
            return False

        until(answered, "a probe's answer")


def connects(port: int) -> bool:
    """Tell whether somebody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def test_draining_turns_readiness_red_and_still_answers(pair: Pair, start: Callable[..., Running]) -> None:
    """For ``--drain-seconds`` after SIGTERM new clients are answered, and each is told to close."""
    port = free_port()
    options = ("--health-port", str(port), "--drain-seconds", "3")
    running = start(pair.client(), *SERVE, "--port", "0", *pair.options, *options)
    until(lambda: "certificate loaded" in running.log(), "the worker")
    running.process.terminate()
    until(lambda: health(port, "/readyz") == (503, "stopping\n"), "red")
    connection = running.connection()
    connection.request("POST", "/mutate", json.dumps(review()), {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert (response.status, response.headers["Connection"]) == (200, "close")
    assert "patch" in json.loads(response.read())["response"]
    connection.close()
    assert running.process.wait(SECONDS) == 0


@pytest.fixture
def client_certificate(pair: Pair, tmp_path: Path) -> Callable[[str], ssl.SSLContext]:
    """Return a maker of clients with a certificate of a clients' CA: tests/server/clients.py issues them."""
    from tests.server.clients import Clients  # noqa: PLC0415

    clients = Clients.create(tmp_path)

    def make(name: str) -> ssl.SSLContext:
        context = pair.client()
        context.load_cert_chain(*clients.issue(name, datetime.now(UTC), timedelta(hours=1)))
        return context

    return make


def test_only_known_clients_may_ask(
    pair: Pair, tmp_path: Path, client_certificate: Callable[[str], ssl.SSLContext], start: Callable[..., Running]
) -> None:
    """With ``--client-ca`` and ``--client-name``: no certificate, or another name, and there is no answer."""
    options = ("--client-ca", str(tmp_path / "clients.crt"), "--client-name", "kube-apiserver")
    running = start(client_certificate("kube-apiserver"), *SERVE, "--port", "0", *pair.options, *options)
    assert running.request("POST", "/mutate", review())[0] == 200
    for stranger in (pair.client(), client_certificate("somebody")):
        running.tls = stranger
        with pytest.raises((OSError, http.client.HTTPException)):
            running.request("POST", "/mutate", review())
    running.tls = client_certificate("kube-apiserver")
    assert running.request("POST", "/mutate", review())[0] == 200


def test_tls_1_3_can_be_the_floor(pair: Pair, start: Callable[..., Running]) -> None:
    """``--tls-min 1.3`` turns a client of 1.2 away."""
    running = start(pair.client(), *SERVE, "--port", "0", *pair.options, "--tls-min", "1.3")
    assert running.request("POST", "/mutate", review())[0] == 200
    assert running.tls
    running.tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        running.request("POST", "/mutate", review())


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        (b"timeout=10s", 9), (b"timeout=2s", 1), (b"timeout=1s", 0.5), (b"", 9), (b"timeout=-1s", 9), (b"timeout=9", 9),
        (b"a=b&timeout=30s", 29), (b"timeout=99999s", 9),
    ],
)  # fmt: skip
def test_the_budget_is_what_the_api_server_says(query: bytes, seconds: float) -> None:
    """It rounds up to whole seconds, so a second is taken off, but never more than a half."""
    assert budget(query) == seconds


def test_what_cannot_be_answered_in_time_is_let_through(server: Running) -> None:
    """Who waited too long is allowed without a patch, with the reason, and counted; who may wait longer gets his."""
    body = json.dumps(review(uid="late")).encode()

    def ask(seconds: int) -> dict[str, Any]:
        with contextlib.closing(server.connection()) as connection:
            connection.putrequest("POST", f"/mutate?timeout={seconds}s")
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body[:9])
            time.sleep(budget(b"timeout=1s") + 0.1)  # it is the time itself that has to pass
            connection.send(body[9:])
            response: dict[str, Any] = json.loads(connection.getresponse().read())["response"]
        assert (response["uid"], response["allowed"]) == ("late", True)
        return response

    late = ask(1)
    assert "OutOfTime" in late["auditAnnotations"]["pod"]
    assert "patch" not in late
    assert "patch" in ask(10)
    metrics = server.request("GET", "/metrics")[1]
    assert 'lastcall_decisions_total{mutation="pod",outcome="refused",reason="OutOfTime"} 1.0' in metrics


def test_too_many_waiting_reviews_are_let_through_at_once() -> None:
    """Beyond the bound nobody looks at the Pod; the answer has the uid, the reason and no patch."""
    body, sent = json.dumps(review(uid="one-too-many")).encode(), []
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    def ask(queued: int) -> dict[str, Any]:
        scope = {"path": "/mutate", "method": "POST", "headers": headers, "query_string": b""}
        asyncio.run(front(scope | {"state": {"waiting": lambda: (0.0, queued)}}, receive, send))
        answer: dict[str, Any] = json.loads(sent.pop()["body"])["response"]
        return answer

    front = Front(Reviewer({"default": {}}, Telemetry()), create_app)
    assert "patch" in ask(MAX_QUEUE)
    response = ask(MAX_QUEUE + 1)
    assert (response["uid"], response["allowed"], "patch" in response) == ("one-too-many", True, False)
    assert "TooBusy" in response["auditAnnotations"]["pod"]


def test_stalled_connections_are_counted(server: Running) -> None:
    """A client that stops in the middle shows in the metrics."""
    connection = server.connection()
    connection.putrequest("POST", "/mutate")
    connection.putheader("Content-Length", "10")
    connection.endheaders(b"{")
    until(lambda: "lastcall_stalled_connections_total 1.0" in server.request("GET", "/metrics")[1], "the count")
    connection.close()
