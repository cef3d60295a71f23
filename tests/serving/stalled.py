"""How long a review takes beside stalled clients: 64 half hellos, 64 half headers and 64 half bodies.

    .venv/bin/python -m tests.serving.stalled

They are opened anew when the server has thrown them out, for ten seconds; each review has a connection of its own.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.serving.running import SERVE, Pair, Running, review
from tests.serving.test_slow_clients import half_body, half_header, half_hello, held

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

SECONDS, EACH = 10, 64


def stall(server: Running, open_one: Callable[[Running], socket.socket], over: threading.Event) -> None:
    """Hold connections, and others when these have ended."""
    while not over.is_set():
        with held(server, EACH, open_one) as stalled, contextlib.suppress(OSError):
            while stalled[-1].recv(1):
                pass


def measure(server: Running) -> list[float]:
    """Send reviews for a while, and return what each took, in milliseconds; every one has its patch."""
    taken = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        begin = time.monotonic()
        assert '"patch"' in server.request("POST", "/mutate", review())[1]
        taken.append((time.monotonic() - begin) * 1000)
        time.sleep(0.02)
    return taken


def main() -> None:
    """Print the median and the worst, without stalled clients and beside them."""
    over = threading.Event()
    with tempfile.TemporaryDirectory() as name:
        pair = Pair.issue(Path(name))
        server = Running.start(Path(name), pair.client(), *SERVE, "--port", "0", *pair.options)
        try:
            alone = measure(server)
            clients = [
                threading.Thread(target=stall, args=(server, open_one, over))
                for open_one in (half_hello, half_header, half_body)
            ]
            for client in clients:
                client.start()
            beside = measure(server)
            over.set()
            for client in clients:
                client.join()
        finally:
            server.end()
    for what, taken in (("alone", alone), (f"beside {3 * EACH} stalled", beside)):
        shown = f"{len(taken)} reviews {what}: median {statistics.median(taken):.0f} ms, worst {max(taken):.0f} ms\n"
        sys.stdout.write(shown)


if __name__ == "__main__":
    main()
