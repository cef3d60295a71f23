"""Deadlines and budgets do not depend on the wall clock, which steps when a virtual machine is resumed.

The step is real for the server's process: every clock except CLOCK_MONOTONIC is changed, for Python and OpenSSL.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.serving.running import SERVE, Running, send
from tests.serving.test_slow_clients import half_body
from tests.support.waiting import until

if TYPE_CHECKING:
    import http.client
    from collections.abc import Callable

    from tests.serving.running import Pair

DAY = 86400
COMPILER = shutil.which("cc")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler to make a clock with")


@dataclass(frozen=True)
class Clock:
    """The wall clock of the server that is started next."""

    offset: Path

    def step(self, seconds: int) -> None:
        """Step it by so many seconds."""
        new = self.offset.with_suffix(".new")
        new.write_text(str(seconds))
        new.rename(self.offset)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile clock.c."""
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([str(COMPILER), "-O", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def clock(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the clock of processes that are started later."""
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("CLOCK", str(tmp_path / "offset"))
    return Clock(tmp_path / "offset")


@pytest.fixture
def serving(clock: Clock, own_pair: Pair, start: Callable[..., Running]) -> Running:
    """Start a server with that clock and a certificate for one hour."""
    return start(own_pair.client(), *SERVE, "--port", "0", *own_pair.options)


def patched(connection: http.client.HTTPConnection) -> bool:
    """Send a review with the API server's timeout of two seconds; tell whether the answer has a patch."""
    response, text = send(connection, path="/mutate?timeout=2s")
    return response.status == 200 and b'"patch"' in text


def patched_on_a_new_connection(running: Running) -> bool:
    """Send a review on a new connection; tell whether the answer has a patch."""
    with closing(running.connection()) as connection:
        return patched(connection)


def logged(running: Running) -> float:
    """Return the time of the last line in the log, in seconds from now."""
    line = json.loads(running.log().splitlines()[-1])
    return (datetime.fromisoformat(line["time"]) - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_a_step_of_the_clock_stops_no_review(serving: Running, clock: Clock, seconds: int) -> None:
    """Reviews get their patches before and after it, on an open connection and on a new one, from the same worker."""
    with closing(serving.connection()) as kept:
        assert patched(kept)
        assert abs(logged(serving)) < DAY / 2
        clock.step(seconds)
        assert patched(kept)
        assert abs(logged(serving) - seconds) < DAY / 2  # the step did reach the server
    assert patched_on_a_new_connection(serving)
    metrics = serving.request("GET", "/metrics")[1]
    assert 'lastcall_reviews_total{outcome="patched"} 3.0' in metrics
    assert "lastcall_stalled_connections_total 0.0" in metrics
    assert serving.stop() == 0
    assert "WORKER TIMEOUT" not in serving.log()


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_a_stalled_client_is_disconnected_after_a_step_of_the_clock(
    serving: Running, clock: Clock, seconds: int
) -> None:
    """A client that stopped within a request before the step is disconnected after it, and counted."""
    stalled = half_body(serving)
    clock.step(seconds)
    until("the count", lambda: "lastcall_stalled_connections_total 1.0" in serving.request("GET", "/metrics")[1])
    stalled.close()


def test_readiness_depends_on_the_wall_clock(serving: Running, clock: Clock) -> None:
    """After the certificate's expiry the server is not ready but answers; with the right time it is ready again."""
    assert serving.request("GET", "/readyz") == (200, "ok\n")
    clock.step(DAY)
    assert serving.request("GET", "/readyz") == (503, "the certificate has expired\n")
    assert patched_on_a_new_connection(serving)
    clock.step(0)
    assert serving.request("GET", "/readyz") == (200, "ok\n")


def test_a_certificate_that_is_not_valid_yet_is_loaded_later(serving: Running, clock: Clock, own_pair: Pair) -> None:
    """With a slow clock the old certificate stays in use; when the clock is right, the new one is loaded."""
    clock.step(-DAY)
    own_pair.renew()
    until("the warning", lambda: patched_on_a_new_connection(serving) and "the last valid one stays" in serving.log())
    clock.step(0)
    loaded = "lastcall_certificate_loads_total 2.0"
    until("the new certificate", lambda: loaded in serving.request("GET", "/metrics")[1])
