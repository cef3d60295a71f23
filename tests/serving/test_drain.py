"""Shutdown: in-flight requests are answered, connections are closed after their answer, the exit code is 0."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gunicorn.arbiter import Arbiter

from tests.serving.running import SECONDS, SERVE, review, send, send_header
from tests.support.waiting import until
from webhook.serving.application import KEEPALIVE_SECONDS, Options, Server, handle_early_signals

if TYPE_CHECKING:
    import http.client
    from collections.abc import Callable

    from tests.serving.running import Pair, Running


def test_a_connection_is_kept_longer_than_the_api_server_keeps_it() -> None:
    """The API server closes an idle connection after 90 s; if the server closed it first, a request could be lost."""
    assert KEEPALIVE_SECONDS == 120


def half_sent(server: Running) -> tuple[http.client.HTTPConnection, bytes]:
    """Return a connection with a started request, and the rest of its body."""
    body = json.dumps(review()).encode()
    connection = server.connection()
    send_header(connection, len(body), body[:10])
    return connection, body[10:]


def test_an_in_flight_request_is_answered(server: Running) -> None:
    """SIGTERM during a request: it is answered with a patch, and the exit code is 0."""
    connection, rest = half_sent(server)
    assert server.request("GET", "/healthz")[0] == 200  # so the half before it has been read
    server.process.send_signal(signal.SIGTERM)
    until("the signal", lambda: "Handling signal: term" in server.log())
    connection.send(rest)
    response = connection.getresponse()
    assert response.status == 200
    assert "patch" in json.loads(response.read())["response"]
    connection.close()
    assert server.process.wait(SECONDS) == 0


def test_an_open_connection_is_closed_by_its_last_answer(pair: Pair, start: Callable[..., Running]) -> None:
    """Reviews during and after SIGTERM are answered, the last with ``Connection: close``."""
    server = start(pair.client(), *SERVE, "--port", "0", *pair.options, "--drain-seconds", "8")
    connection = server.connection()

    def closed() -> bool:
        response, text = send(connection)
        assert response.status == 200
        assert "patch" in json.loads(text)["response"]
        return response.headers["Connection"] == "close"

    assert not closed()
    server.process.send_signal(signal.SIGTERM)
    until("Connection: close", closed)
    connection.close()
    assert server.process.wait(SECONDS) == 0


def test_an_idle_server_exits_with_zero(server: Running) -> None:
    """SIGTERM without any client: exit code 0."""
    assert server.request("GET", "/readyz")[0] == 200
    assert server.stop() == 0


def test_shutdown_does_not_wait_for_idle_connections(server: Running) -> None:
    """An API server keeps its connections open for minutes."""
    connection = server.connection()
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b"ok\n"
    assert server.stop() == 0
    connection.close()


def handles_sigterm(pid: int) -> bool:
    """Tell whether a process has a handler for SIGTERM."""
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(re.findall(r"SigCgt:\s*(\w+)", status)[0], 16) >> signal.SIGTERM - 1 & 1)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(handles_sigterm, id="as soon as it can be handles_sigterm"),
        pytest.param(lambda pid: Path(f"/proc/{pid}/task/{pid}/children").read_text(), id="as the worker is forked"),
    ],
)
def test_sigterm_during_the_start(moment: Callable[[int], object]) -> None:
    """The server stops with exit code 0."""
    command = [sys.executable, *SERVE, "--no-tls", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        until("the moment", lambda: moment(process.pid))
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()


def test_sigterm_before_the_worker_has_handlers() -> None:
    """A SIGTERM that the inherited handlers of the arbiter queued ends the worker; another signal does not."""
    ended = []
    for sent in (signal.SIGTERM, signal.SIGWINCH):
        arbiter = Arbiter(Server({"default": {}}, Options()))
        if (child := os.fork()) == 0:
            for number in (signal.SIGTERM, signal.SIGWINCH):
                signal.signal(number, arbiter.signal)
            os.kill(os.getpid(), sent)
            with suppress(SystemExit):
                handle_early_signals(arbiter, None)
                os._exit(7)
            os._exit(0)
        ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    assert ended == [0, 7]
