"""Clients that say nothing, or stop in the middle, must never hold what others need."""

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
    """Start gunicorn as it comes."""
    files = ("--certfile", str(pair.folder / "tls.crt"), "--keyfile", str(pair.folder / "tls.key"))
    running = start(pair.client(), *STOCK, *files)
    until("a worker", lambda: "Booting worker" in running.log())
    return running


def connect(running: Running, seconds: float = SECONDS) -> ssl.SSLSocket:
    """Return a connection whose handshake is done; TimeoutError where nobody shakes hands."""
    assert running.tls
    raw = socket.create_connection(("127.0.0.1", running.port), seconds)
    return running.tls.wrap_socket(raw, server_hostname="localhost")


def half_hello(running: Running) -> socket.socket:
    """Return a connection that sent the beginning of a ClientHello."""
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
    """Tell whether a new client gets a review answered before it gives up."""
    patient = Running(running.process, running.output, running.tls, running.port)
    connection = patient.connection(seconds)
    try:
        return send(connection, b"{}")[0].status == 400
    except TimeoutError:
        return False
    finally:
        connection.close()


def test_silent_connections_hold_nothing(server: Running) -> None:
    """Five times as many silent TLS connections as there are threads, and a new client is answered."""
    with held(server, 5 * THREADS, connect):
        assert answers(server)


def test_silent_connections_stop_the_stock_worker(stock: Running) -> None:
    """The negative control: as many as there are threads, and nobody is answered before they leave."""
    assert answers(stock)
    with held(stock, THREADS, connect):
        assert not answers(stock, 3)
    assert answers(stock)


@pytest.mark.parametrize("open_one", [half_hello, half_header, half_body])
def test_stalled_clients_are_thrown_out(server: Running, open_one: Callable[[Running], socket.socket]) -> None:
    """Whoever starts to speak has to end: a new client is answered, and the stalled ones see their connection end."""
    with held(server, 2 * THREADS, open_one) as stalled:
        assert answers(server)
        for connection in stalled:
            with contextlib.suppress(OSError):  # a reset, or the TLS layer's complaint, is an end as well
                while connection.recv(1024):
                    pass


def test_stalled_clients_stop_the_stock_worker(stock: Running) -> None:
    """The negative control: half a header for each thread, and nobody is answered."""
    with held(stock, THREADS, half_header):
        assert not answers(stock, 5)


def burst(running: Running, clients: int, seconds: float = SECONDS) -> int:
    """Send a burst as Go's HTTP client does, and return how many requests were answered.

    It dials for each request that finds no idle connection, and then uses whichever falls idle first: of as many
    connections as requests, a half carries all, and the other half has shaken hands and says nothing.
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
    """The negative control: half of sixteen connections stay silent and hold all eight threads."""
    with pytest.raises(TimeoutError):
        burst(stock, 16, 3)


def is_held(connection: socket.socket) -> bool:
    """Tell whether the server has not ended a connection on which it has nothing to say."""
    connection.settimeout(0)
    try:
        return bool(connection.recv(1))
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False


def answers_beside_all(running: Running) -> bool:
    """Pile up 64 connections of each kind and send a review after each 64; tell whether no answer came late.

    What stalls is thrown out after three seconds: late is what is answered when any of the newest 64 is gone.
    """
    late = 0
    with contextlib.ExitStack() as stack:
        for open_one in (connect, half_hello, half_header, half_body):
            newest = stack.enter_context(held(running, 64, open_one))
            status, text = running.request("POST", "/mutate", review())
            assert (status, '"patch"' in text) == (200, True)
            late += not all(map(is_held, newest))
    return not late


def test_a_review_is_answered_beside_all_of_them(server: Running) -> None:
    """64 silent, 64 half hellos, 64 half headers and 64 half bodies are held, and reviews get their patches meanwhile.

    A machine under load may need a second try to open so many in time.
    """
    until("answers while all are held", lambda: answers_beside_all(server))


def test_who_does_not_take_the_answer_is_thrown_out(server: Running) -> None:
    """A client that asks and asks and never reads an answer is not waited for."""
    containers = [{"name": f"c{n}", "image": "x", "command": ["npm", "start"]} for n in range(100)]
    body = json.dumps(review(POD | {"spec": {"containers": containers}})).encode()
    with connect(server) as lazy:
        lazy.settimeout(0.5)
        with contextlib.suppress(OSError):  # the server stops reading, or has had enough
            for _ in range(100):
                lazy.sendall(HEAD.replace(b"100", str(len(body)).encode()) + b"\r\n" + body)
        until("its end", lambda: "lastcall_stalled_connections_total 1.0" in server.request("GET", "/metrics")[1])
