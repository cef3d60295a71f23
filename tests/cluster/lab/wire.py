"""HTTP/1.1 requests over asyncio that report how they were lost."""

from __future__ import annotations

import asyncio
import errno
import itertools
import re
import socket
import struct
import time
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
LOST: dict[type[Exception], str] = {
    ConnectionRefusedError: "refused",
    ConnectionResetError: "reset",
    BrokenPipeError: "reset",
    TimeoutError: "timeout",
}


class Answer(NamedTuple):
    """A response: its status, and whether the server leaves the connection open."""

    status: int
    keep: bool


class Crossed(Exception):
    """The server closed the idle connection while the request was sent: every HTTP client retries it."""


async def ask(streams: Streams, host: str, path: str, connection: str, *, reused: bool = False) -> Answer:
    """Send a request and read its answer; raise Crossed if the server of a reused connection never read it."""
    reader, writer = streams
    tcp = writer.get_extra_info("socket")
    before = acked(tcp) if reused else 0
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\n\r\n".encode()
    try:
        writer.write(request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    except ConnectionError as error:  # a reset: the server closed with our request unread
        raise Crossed if reused else error from error
    except asyncio.IncompleteReadError as error:
        if reused and not error.partial and acked(tcp) - before < len(request):
            raise Crossed from error
        raise
    length = re.search(r"\r\ncontent-length: *(\d+)", head)
    if length:
        await reader.readexactly(int(length[1]))
    else:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return Answer(int(head.split()[1]), "\r\nconnection: close" not in head)


def drop(streams: Streams | None) -> None:
    """Close a connection, if there is one."""
    if streams:
        streams[1].close()


def acked(tcp: Any) -> int:
    """Return how many bytes the peer's kernel has acknowledged: tcpi_bytes_acked of linux/tcp.h's tcp_info."""
    info: bytes = tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
    return int(struct.unpack_from("Q", info, 120)[0])


def verdict(answer: Answer) -> str:
    """Return the result of an answer."""
    return "ok" if 200 <= answer.status < 400 else f"status {answer.status}"


def reason(error: Exception) -> str:
    """Return how a request was lost."""
    if isinstance(error, asyncio.IncompleteReadError):
        return "cut"
    number = getattr(error, "errno", None) or 0
    return LOST.get(type(error)) or errno.errorcode.get(number) or type(error).__name__


def sources(net: str | None) -> Iterator[tuple[str, int] | None]:
    """Yield source addresses and ports that are not used again for hours, not even by another run.

    conntrack keeps the entry of a connection to a dead Pod for two minutes, and sends the same address and port to
    that Pod again: with ports chosen by the kernel, requests are lost that the cluster does not lose.
    """
    if net is None:
        return itertools.repeat(None)
    hosts = [str(host) for host in ip_network(net).hosts()]
    numbers = itertools.count(int(time.time() * 1000))
    return ((hosts[n % len(hosts)], 1024 + n // len(hosts) % 64000) for n in numbers)
