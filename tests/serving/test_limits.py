"""Limits that an operator sets: ports, readiness, clients, TLS versions."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.serving.running import SECONDS, SERVE, Running, review, send, send_header
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.serving.running import Pair


def free_port() -> int:
    """Return an unused port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def health(port: int, path: str) -> tuple[int, str]:
    """Send a GET to the port for probes and metrics."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_health_has_its_own_port(pair: Pair, start: Callable[..., Running]) -> None:
    """Probes and metrics are served over plain HTTP."""
    port = free_port()
    running = start(pair.client(), *SERVE, "--port", "0", *pair.options, "--health-port", str(port))
    until("the worker", lambda: "certificate loaded" in running.log())
    assert health(port, "/healthz") == (200, "ok\n")
    assert health(port, "/readyz") == (200, "ok\n")
    running.request("POST", "/mutate", review())
    assert 'lastcall_reviews_total{outcome="patched"} 1.0' in health(port, "/metrics")[1]


def test_without_a_certificate_the_server_is_not_ready(own_pair: Pair, start: Callable[..., Running]) -> None:
    """``/readyz`` gives the reason, and is 200 as soon as there is one."""
    certificate = own_pair.folder / "tls.crt"
    good = certificate.read_bytes()
    certificate.write_bytes(b"not a certificate")
    port = free_port()
    running = start(own_pair.client(), *SERVE, "--port", "0", *own_pair.options, "--health-port", str(port))
    until("the reason", lambda: "certificate not usable" in running.log())
    status, text = health(port, "/readyz")
    assert (status, text.startswith("certificate not usable: "), text.count("\n")) == (503, True, 1)
    assert health(port, "/healthz")[0] == 200
    certificate.write_bytes(good)
    until("readiness", lambda: health(port, "/readyz")[0] == 200)


def test_stalled_probes_do_not_block_others(pair: Pair, start: Callable[..., Running]) -> None:
    """With the maximum of half requests these are disconnected, and a probe is answered."""
    port = free_port()
    start(pair.client(), *SERVE, "--port", "0", *pair.options, "--health-port", str(port))
    until("the port", lambda: connects(port))
    with contextlib.ExitStack() as stack:
        for _ in range(32):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS)).sendall(b"GET /he")

        def answered() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return health(port, "/healthz")[0] == 200
            return False

        until("a probe's answer", answered)


def connects(port: int) -> bool:
    """Tell whether the port accepts connections."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def test_a_draining_server_is_not_ready_and_answers(pair: Pair, start: Callable[..., Running]) -> None:
    """For ``--drain-seconds`` after SIGTERM new clients are answered with ``Connection: close``."""
    port = free_port()
    options = ("--health-port", str(port), "--drain-seconds", "3")
    running = start(pair.client(), *SERVE, "--port", "0", *pair.options, *options)
    until("the worker", lambda: "certificate loaded" in running.log())
    running.process.terminate()
    until("not ready", lambda: health(port, "/readyz") == (503, "stopping\n"))
    connection = running.connection()
    response, text = send(connection)
    assert (response.status, response.headers["Connection"]) == (200, "close")
    assert "patch" in json.loads(text)["response"]
    connection.close()
    assert running.process.wait(SECONDS) == 0


@pytest.fixture
def client_certificate(pair: Pair, tmp_path: Path) -> Callable[[str], ssl.SSLContext]:
    """Return a function that returns a client context with a certificate for a name."""
    from tests.serving.clients import Clients  # noqa: PLC0415

    clients = Clients.create(tmp_path)

    def make(name: str) -> ssl.SSLContext:
        context = pair.client()
        context.load_cert_chain(*clients.issue(name, datetime.now(UTC), timedelta(hours=1)))
        return context

    return make


def test_only_allowed_clients_are_answered(
    pair: Pair, tmp_path: Path, client_certificate: Callable[[str], ssl.SSLContext], start: Callable[..., Running]
) -> None:
    """With ``--client-ca`` and ``--client-name`` a client without such a certificate gets no answer."""
    options = ("--client-ca", str(tmp_path / "clients.crt"), "--client-name", "kube-apiserver")
    running = start(client_certificate("kube-apiserver"), *SERVE, "--port", "0", *pair.options, *options)
    assert running.request("POST", "/mutate", review())[0] == 200
    for stranger in (pair.client(), client_certificate("somebody")):
        running.tls = stranger
        with pytest.raises((OSError, http.client.HTTPException)):
            running.request("POST", "/mutate", review())
    running.tls = client_certificate("kube-apiserver")
    assert running.request("POST", "/mutate", review())[0] == 200


def test_tls_1_3_can_be_the_minimum(pair: Pair, start: Callable[..., Running]) -> None:
    """``--tls-min 1.3`` rejects a client with 1.2."""
    running = start(pair.client(), *SERVE, "--port", "0", *pair.options, "--tls-min", "1.3")
    assert running.request("POST", "/mutate", review())[0] == 200
    assert running.tls
    running.tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        running.request("POST", "/mutate", review())


def test_stalled_connections_are_counted(server: Running) -> None:
    """A client that stops within a request is counted in the metrics."""
    connection = server.connection()
    send_header(connection, 10, b"{")
    until("the count", lambda: "lastcall_stalled_connections_total 1.0" in server.request("GET", "/metrics")[1])
    connection.close()
