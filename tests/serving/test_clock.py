"""The wall clock steps, as a virtual machine's does that was asleep: deadlines and budgets must not notice.

The step is real for the server's process: every clock but CLOCK_MONOTONIC is moved under it, for Python and OpenSSL.
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
        """Set it off by so many seconds, from one moment to the next."""
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
    """Give the clock of what is started from now on."""
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("CLOCK", str(tmp_path / "offset"))
    return Clock(tmp_path / "offset")


@pytest.fixture
def serving(clock: Clock, own_pair: Pair, start: Callable[..., Running]) -> Running:
    """Start a server under that clock, with a certificate for one hour."""
    return start(own_pair.client(), *SERVE, "--port", "0", *own_pair.options)


def patched(connection: http.client.HTTPConnection) -> bool:
    """Send a review as an API server with a timeout of two seconds does: the server takes one of them at most."""
    response, text = send(connection, path="/mutate?timeout=2s")
    return response.status == 200 and b'"patch"' in text


def patched_anew(running: Running) -> bool:
    """Send one on a connection of its own."""
    with closing(running.connection()) as connection:
        return patched(connection)


def logged(running: Running) -> float:
    """Return the time of the last line in the log, in seconds from now."""
    line = json.loads(running.log().splitlines()[-1])
    return (datetime.fromisoformat(line["time"]) - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_a_step_of_the_clock_stops_no_review(serving: Running, clock: Clock, seconds: int) -> None:
    """Before and after it reviews get their patches, on a kept connection and on a new one; the worker lives on."""
    with closing(serving.connection()) as kept:
        assert patched(kept)
        assert abs(logged(serving)) < DAY / 2
        clock.step(seconds)
        assert patched(kept)
        assert abs(logged(serving) - seconds) < DAY / 2  # the step did reach the server
    assert patched_anew(serving)
    metrics = serving.request("GET", "/metrics")[1]
    assert 'lastcall_reviews_total{outcome="patched"} 3.0' in metrics
    assert "lastcall_stalled_connections_total 0.0" in metrics
    assert serving.stop() == 0
    assert "WORKER TIMEOUT" not in serving.log()


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_a_step_of_the_clock_spares_no_stalled_client(serving: Running, clock: Clock, seconds: int) -> None:
    """Who stopped in the middle before the step is thrown out after it, and counted: by the same worker."""
    stalled = half_body(serving)
    clock.step(seconds)
    until("the end of it", lambda: "lastcall_stalled_connections_total 1.0" in serving.request("GET", "/metrics")[1])
    stalled.close()


def test_readiness_goes_by_the_wall_clock(serving: Running, clock: Clock) -> None:
    """Behind the certificate's end the server is not ready, answers all the same, and is ready again in time."""
    assert serving.request("GET", "/readyz") == (200, "ok\n")
    clock.step(DAY)
    assert serving.request("GET", "/readyz") == (503, "the certificate has expired\n")
    assert patched_anew(serving)
    clock.step(0)
    assert serving.request("GET", "/readyz") == (200, "ok\n")


def test_a_certificate_that_is_not_valid_yet_waits_for_the_clock(
    serving: Running, clock: Clock, own_pair: Pair
) -> None:
    """With a clock that runs behind, a renewed certificate is not taken, the old one stays; in time it is taken."""
    clock.step(-DAY)
    own_pair.renew()
    until("a no", lambda: patched_anew(serving) and "the last valid one stays" in serving.log())
    clock.step(0)
    loaded = "lastcall_certificate_loads_total 2.0"
    until("the new certificate", lambda: loaded in serving.request("GET", "/metrics")[1])
