"""Bytes that are not valid HTTP: every client that reaches the port can send them."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving.running import review
from tests.serving.test_slow_clients import connect

if TYPE_CHECKING:
    from tests.serving.running import Running

BODY = json.dumps(review()).encode()
REQUEST = (
    b"POST /mutate?timeout=5s HTTP/1.1\r\nHost: lastcall\r\nContent-Type: application/json\r\n"
    b"Content-Length: " + str(len(BODY)).encode() + b"\r\n\r\n" + BODY
)
PIECES = [
    b"", b"\r\n", b"\n", b"\r", b" ", b"\0", b":", b"\xff", b"HTTP/1.1", b"HTTP/2.0", b"HTTP/9", b"PRI * HTTP/2.0",
    b"-1", b"99999999999999999999", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n",
    b"Expect: 100-continue\r\n", b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"Connection: close\r\n",
    b"%00", b"%", b"/" * 9000, b"x" * 9000, b"GET / HTTP/1.1\r\n\r\n",
]  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """Return a valid request in which a part of the header, or of the whole, is replaced."""
    limit = draw(st.sampled_from([40, REQUEST.index(b"\r\n\r\n") + 4, len(REQUEST)]))
    begin = draw(st.integers(0, limit))
    end = draw(st.integers(begin, min(limit, begin + 60)))
    return REQUEST[:begin] + draw(st.sampled_from(PIECES) | st.binary(max_size=20)) + REQUEST[end:]


@given(data=mangled() | st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def send_and_close(running: Running, data: bytes) -> None:
    """Send bytes on a new connection and close it."""
    with connect(running) as connection, contextlib.suppress(OSError):  # it may be disconnected already
        connection.sendall(data)


def test_invalid_bytes_affect_no_other_client(server: Running) -> None:
    """The same worker answers the next review, without an internal error or a traceback."""
    send_and_close(server)
    status, text = server.request("POST", "/mutate", review())
    assert (status, '"patch"' in text) == (200, True)
    assert "lastcall_internal_errors_total 0.0" in server.request("GET", "/metrics")[1]
    assert "Traceback" not in server.log()
    assert server.log().count("Booting worker") == 1


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/0.9", b"HTTP/9.9", b"http/1.1", b""])
def test_only_http_1_is_accepted(shared: Running, version: bytes) -> None:
    """A request of another version is a 400."""
    with connect(shared) as connection:
        connection.sendall(REQUEST.replace(b"HTTP/1.1", version))
        assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")
