"""Silent clients, and clients that stop within a request, never block others."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.serving.running import POD, SECONDS, Running, review, send
from tests.support.paths import ROOT
from tests.support.waiting import until

if TYPE_CHECKING:
    import http.client
    from collections.abc import Callable, Iterator

    from tests.serving.running import Pair

THREADS = 8
STOCK = (
    *("-m", "gunicorn", "--worker-class", "gthread", "--threads", str(THREADS), "--bind", "127.0.0.1:0"),
    *("--no-control-socket", "--pythonpath", str(ROOT), "bench.stock:create_app()"),
)
"""The negative control: the same reviewer on gunicorn's own worker."""
HEAD = b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"


@pytest.fixture
def stock(pair: Pair, start: Callable[..., Running]) -> Running:
    """Start gunicorn with its own worker."""
    files = ("--certfile", str(pair.folder / "tls.crt"), "--keyfile", str(pair.folder / "tls.key"))
    running = start(pair.client(), *STOCK, *files)
    until("a worker", lambda: "Booting worker" in running.log())
    return running


def connect(running: Running, seconds: float = SECONDS) -> ssl.SSLSocket:
    """Return a connection whose handshake is done; TimeoutError if the server does not answer it."""
    assert running.tls
    raw = socket.create_connection(("127.0.0.1", running.port), seconds)
    return running.tls.wrap_socket(raw, server_hostname="localhost")


def half_hello(running: Running) -> socket.socket:
    """Return a connection that sent half a ClientHello."""
    raw = socket.create_connection(("127.0.0.1", running.port), SECONDS)
    raw.sendall(bytes.fromhex("1603010200010001fc0303"))
    return raw


def half_header(running: Running) -> socket.socket:
    """Return a connection that sent half of a request's header."""
    tls = connect(running)
    tls.sendall(HEAD)
    return tls


def half_body(running: Running) -> socket.socket:
    """Return a connection that sent the header and half of the body."""
    tls = connect(running)
    tls.sendall(HEAD + b"\r\n" + b" " * 50)
    return tls


@contextlib.contextmanager
def held(running: Running, count: int, open_one: Callable[[Running], socket.socket]) -> Iterator[list[socket.socket]]:
    """Keep so many connections open."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(open_one(running)) for _ in range(count)]


def answers(running: Running, seconds: float = SECONDS) -> bool:
    """Tell whether a new client gets an answer within ``seconds``."""
    patient = Running(running.process, running.output, running.tls, running.port)
    connection = patient.connection(seconds)
    try:
        return send(connection, b"{}")[0].status == 400
    except TimeoutError:
        return False
    finally:
        connection.close()


def test_silent_connections_block_no_client(server: Running) -> None:
    """With five times as many silent TLS connections as threads, a new client is answered."""
    with held(server, 5 * THREADS, connect):
        assert answers(server)


def test_silent_connections_stop_the_stock_worker(stock: Running) -> None:
    """The negative control: with one per thread, no client is answered until they are closed."""
    assert answers(stock)
    with held(stock, THREADS, connect):
        assert not answers(stock, 3)
    assert answers(stock)


@pytest.mark.parametrize("open_one", [half_hello, half_header, half_body])
def test_stalled_clients_are_disconnected(server: Running, open_one: Callable[[Running], socket.socket]) -> None:
    """Clients that stop within a handshake or request are disconnected, and a new client is answered."""
    with held(server, 2 * THREADS, open_one) as stalled:
        assert answers(server)
        for connection in stalled:
            with contextlib.suppress(OSError):  # a reset or a TLS error ends the connection, too
                while connection.recv(1024):
                    pass


def test_stalled_clients_stop_the_stock_worker(stock: Running) -> None:
    """The negative control: with half a header per thread, no client is answered."""
    with held(stock, THREADS, half_header):
        assert not answers(stock, 5)


def burst(running: Running, clients: int, seconds: float = SECONDS) -> int:
    """Send a burst as Go's HTTP client does, and return how many requests were answered.

    It opens a connection for each request that finds no idle one, and then uses the first that becomes idle: half of
    the connections carry all requests, and the other half stay silent after the handshake.
    """
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(clients) as pool:
        connections = [running.connection(seconds) for _ in range(clients)]
        for connection in connections:
            stack.callback(connection.close)
        list(pool.map(lambda connection: connection.connect(), connections))
        return sum(pool.map(twice, connections[clients // 2 :]))


def twice(connection: http.client.HTTPConnection) -> int:
    """Send two reviews, one after the other, and return how many were answered."""
    answered = 0
    for _ in range(2):
        response, text = send(connection)
        answered += response.status == 200 and b'"patch"' in text
    return answered


@pytest.mark.parametrize("clients", [16, 64])
def test_a_burst_of_new_clients_loses_no_request(server: Running, clients: int) -> None:
    """Three bursts, each on new connections, half of which stay silent."""
    assert [burst(server, clients) for _ in range(3)] == [clients] * 3


def test_a_burst_of_new_clients_stops_the_stock_worker(stock: Running) -> None:
    """The negative control: half of sixteen connections stay silent and block all eight threads."""
    with pytest.raises(TimeoutError):
        burst(stock, 16, 3)


def is_open(connection: socket.socket) -> bool:
    """Tell whether the server keeps an idle connection open."""
    connection.settimeout(0)
    try:
        return bool(connection.recv(1))
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False


def answers_beside_all(running: Running) -> bool:
    """Open 64 connections of each kind and send a review after each 64; tell whether no answer came late.

    Stalled connections are closed after three seconds: an answer is late if any of the newest 64 is closed by then.
    """
    late = 0
    with contextlib.ExitStack() as stack:
        for open_one in (connect, half_hello, half_header, half_body):
            newest = stack.enter_context(held(running, 64, open_one))
            status, text = running.request("POST", "/mutate", review())
            assert (status, '"patch"' in text) == (200, True)
            late += not all(map(is_open, newest))
    return not late


def test_a_review_is_answered_beside_stalled_clients(server: Running) -> None:
    """With 64 silent connections, 64 half ClientHellos, 64 half headers and 64 half bodies, reviews get their patches.

    A busy machine may need a second attempt to open so many in time.
    """
    until("answers while all are held", lambda: answers_beside_all(server))


def test_a_client_that_does_not_read_answers_is_disconnected(server: Running) -> None:
    """A client that sends requests and never reads an answer is disconnected after the deadline."""
    containers = [{"name": f"c{n}", "image": "x", "command": ["npm", "start"]} for n in range(100)]
    body = json.dumps(review(POD | {"spec": {"containers": containers}})).encode()
    with connect(server) as lazy:
        lazy.settimeout(0.5)
        with contextlib.suppress(OSError):  # the server stops reading, or closes the connection
            for _ in range(100):
                lazy.sendall(HEAD.replace(b"100", str(len(body)).encode()) + b"\r\n" + body)
        until("the count", lambda: "lastcall_stalled_connections_total 1.0" in server.request("GET", "/metrics")[1])
