"""Faults of the machine: killed processes, full disks, read-only directories."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.serving.running import SECONDS, SERVE, Running, review, send
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.serving.running import Pair


def worker_of(running: Running) -> int:
    """Return the pid of the process that answers."""
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
    return int(until("a worker", children.read_text).split()[0])


def answered(running: Running) -> bool:
    """Tell whether a review gets its patch now."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        return '"patch"' in running.request("POST", "/mutate", review())[1]
    return False


def test_a_killed_worker_is_replaced(server: Running) -> None:
    """After ``kill -9`` of the process that answers, the next one answers on the same port."""
    assert answered(server)
    before = worker_of(server)
    os.kill(before, signal.SIGKILL)
    until("a new worker", lambda: worker_of(server) != before and answered(server))


def test_a_killed_worker_loses_only_its_own_requests(server: Running) -> None:
    """Four clients send reviews: each one that is sent after the next worker answers is answered."""
    phase, over, done, lost = ["before"], threading.Event(), Counter[str](), Counter[str]()

    def stream() -> None:
        """Send one review after the other, each on a connection of its own."""
        while not over.is_set():
            began = phase[0]
            (done if answered(server) else lost)[began] += 1

    clients = [threading.Thread(target=stream) for _ in range(4)]
    for client in clients:
        client.start()
    until("a stream", lambda: done["before"] > 50)
    before = worker_of(server)
    os.kill(before, signal.SIGKILL)
    until("a new worker", lambda: worker_of(server) != before and answered(server))
    phase[0] = "after"
    until("the stream again", lambda: done["after"] > 50)
    over.set()
    for client in clients:
        client.join(SECONDS)
    assert not lost["after"]


def test_a_worker_exits_after_its_arbiter(server: Running) -> None:
    """After ``kill -9`` of its parent process the worker exits and closes the port."""
    worker = worker_of(server)
    server.process.kill()
    server.process.wait(SECONDS)
    until("the worker's end", lambda: not Path(f"/proc/{worker}/cmdline").exists() or is_zombie(worker))
    with pytest.raises(ConnectionError):
        server.request("GET", "/healthz")


def is_zombie(pid: int) -> bool:
    """Tell whether a process is a zombie."""
    return " Z " in Path(f"/proc/{pid}/stat").read_text()


def test_reviews_are_answered_with_a_full_disk(pair: Pair, tmp_path: Path) -> None:
    """Every write to the log fails with "no space left on device"."""
    port_file = tmp_path / "port"
    program = (
        "import sys; from pathlib import Path\n"
        "from webhook.serving import application as g; from webhook.serving.tls import Files\n"
        "started = g.Server.started\n"
        "def started_and_written(self, worker):\n"
        "    started(self, worker)\n"
        f"    Path({str(port_file)!r}).write_text(str(worker.sockets[0].sock.getsockname()[1]))\n"
        "g.Server.started = started_and_written\n"
        f"files = Files(Path({str(pair.folder / 'tls.crt')!r}), Path({str(pair.folder / 'tls.key')!r}))\n"
        "g.serve({'default': {}}, g.Options(port=0, files=files))\n"
    )
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen([sys.executable, "-c", program], stdout=full, stderr=full, cwd=tmp_path)
    running = Running(process, tmp_path / "none", pair.client())
    try:
        running.port = int(until("the port", lambda: port_file.exists() and port_file.read_text()))
        assert all(answered(running) for _ in range(20))
        assert running.stop() == 0
    finally:
        running.end()


def test_no_directory_has_to_be_writable(pair: Pair, tmp_path: Path, start: Callable[..., Running]) -> None:
    """With HOME and TMPDIR that do not exist the server starts and answers: a root file system may be read-only."""
    environment = ("-c", "import os, sys; os.environ.update(HOME='/nonexistent', TMPDIR='/nonexistent'); "
                   "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])")  # fmt: skip
    running = start(pair.client(), *environment, *SERVE, "--port", "0", *pair.options)
    assert answered(running)
    assert running.stop() == 0


class Stream:
    """Reviews on kept connections, each to the server in service when the connection is opened."""

    def __init__(self, server: Running) -> None:
        self.server, self.over, self.done = server, threading.Event(), 0
        self.lost: list[OSError] = []

    def client(self) -> None:
        """Send reviews until ``over`` is set."""
        while not self.over.is_set():
            connection = self.server.connection()
            closing = False
            while not closing and not self.over.is_set():
                try:
                    response, text = send(connection)
                    closing = response.headers["Connection"] == "close"
                    self.done += b'"patch"' in text
                except OSError as error:
                    self.lost.append(error)
                    closing = True
            connection.close()


def test_a_stream_of_reviews_loses_none_to_a_restart(pair: Pair, start: Callable[..., Running]) -> None:
    """One server drains while another starts, as in a rolling update: every review of four clients is answered."""
    first, second = (
        start(pair.client(), *SERVE, "--port", "0", *pair.options, "--drain-seconds", "2") for _ in range(2)
    )
    stream = Stream(first)
    clients = [threading.Thread(target=stream.client) for _ in range(4)]
    for client in clients:
        client.start()
    until("a stream", lambda: stream.done > 100)
    first.process.terminate()
    until("the signal", lambda: "Handling signal: term" in first.log())
    stream.server = second
    assert first.process.wait(SECONDS) == 0
    reached = stream.done
    until("the stream on the second server", lambda: stream.done > reached + 100)
    stream.over.set()
    for client in clients:
        client.join(SECONDS)
    assert stream.lost == []
