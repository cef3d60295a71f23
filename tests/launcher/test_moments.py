"""Signals that come at a bad moment: before there is an application, or while something else runs first."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher import cases, lab, shapes, tools
from tests.launcher.cases import Form

REWRITTEN: tuple[Form, ...] = ("init", "exec", "supervise")


@pytest.mark.parametrize("form", ["init", "supervise"])
@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8])
def test_sigterm_at_any_moment_ends_the_container(moment: float, form: Form, tmp_path: Path) -> None:
    """However early SIGTERM comes, the container ends by itself, with 143 or with the application's own code."""
    folder = shapes.project(tmp_path, "npm", {"prestart": "node probe.js step", "start": "node probe.js"})
    with lab.container(cases.wrapped(form, ["npm", "start"]), cwd=folder, path=shapes.path("npm")) as box:
        lab.armed(box)
        box.wait_for("never", moment)
        box.send(signal.SIGTERM)
        outcome = box.end(lab.PATIENCE)
    assert not outcome.killed, outcome
    # npm makes up its own code where it is what gets the signal
    assert outcome.code in ((0, 143) if form == "init" else (0, 1, 143)), outcome


@pytest.mark.parametrize("form", REWRITTEN)
@pytest.mark.parametrize("moment", ["recording", "prestart"])
def test_sigterm_before_the_application_ends_the_container(moment: str, form: Form, tmp_path: Path) -> None:
    """SIGTERM while the package manager is recorded, or a pre script runs, ends the container with 143."""
    folder = shapes.project(tmp_path, "npm", {"prestart": "node probe.js side", "start": "node probe.js"})
    with lab.container(cases.wrapped(form, ["npm", "start"]), cwd=folder, path=shapes.path("npm")) as box:
        lab.armed(box)
        if moment == "prestart":
            assert box.wait_for("side")
        while box.process.poll() is None and lab.programs(box) <= {"sh"}:
            os.sched_yield()
        box.send(signal.SIGTERM)
        outcome = box.end(lab.PATIENCE)
    # npm makes up its own code where it is what gets the signal
    assert outcome.code == 143 or (form == "supervise" and outcome.code == 1), outcome
    assert "ready" not in outcome.events


LONG = {"and": "sleep 99 && node probe.js", "semicolon": "sleep 99; node probe.js", "or": "sleep 99 || node probe.js"}


@pytest.mark.parametrize("form", REWRITTEN)
@pytest.mark.parametrize("shape", LONG)
def test_sigterm_during_the_first_command_ends_the_container(shape: str, form: Form, tmp_path: Path) -> None:
    """SIGTERM during `a` of `a; b`, `a && b` and `a || b` ends the container with 143, and b is not started."""
    folder = shapes.project(tmp_path, "npm", {"prestart": "node probe.js step", "start": LONG[shape]})
    with lab.container(cases.wrapped(form, ["npm", "start"]), cwd=folder, path=shapes.path("npm")) as box:
        assert box.wait_for("step")
        while "sleep" not in lab.programs(box):
            os.sched_yield()
        box.send(signal.SIGTERM)
        outcome = box.end(lab.PATIENCE)
    assert (outcome.code, outcome.killed) == (143, False), outcome
    assert "ready" not in outcome.events


@pytest.mark.matrix
@pytest.mark.parametrize("form", REWRITTEN)
def test_sigterm_during_a_node_program_ends_the_container(form: Form, tmp_path: Path) -> None:
    """Where `a` of `a; b` is node the container ends with 143; only in supervise mode b is started, and told."""
    folder = shapes.project(tmp_path, "npm", {"start": "node probe.js side; node probe.js"})
    with lab.container(cases.wrapped(form, ["npm", "start"]), cwd=folder, path=shapes.path("npm")) as box:
        assert box.wait_for("side")
        box.send(signal.SIGTERM)
        outcome = box.end(lab.PATIENCE)
    assert not outcome.killed
    assert (outcome.code, outcome.told) == ((0, 1) if form == "supervise" else (143, 0)), outcome


@contextlib.contextmanager
def silent_registry() -> Iterator[tuple[str, threading.Event]]:
    """Offer a registry that accepts a connection and never answers; the event says that somebody came."""
    came = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        clients = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                clients.append(server.accept()[0])
                came.set()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/", came
        for client in clients:
            client.close()


@pytest.mark.parametrize("form", ["init", "supervise"])
def test_sigterm_during_a_download_ends_the_container(form: Form, project_path: Path) -> None:
    """While npx waits for a registry SIGTERM ends the container, with 143 in init mode."""
    with silent_registry() as (registry, came):
        env = {"npm_config_registry": registry, "npm_config_fetch_timeout": "600000"}
        argv = cases.wrapped(form, ["npx", "--yes", "no-such-package"])
        with lab.container(argv, cwd=project_path, path=tools.manager("npm"), env=env) as box:
            assert came.wait(lab.PATIENCE)
            box.send(signal.SIGTERM)
            outcome = box.end(lab.PATIENCE)
    assert not outcome.killed
    assert outcome.code == 143 or form == "supervise", outcome


@pytest.fixture(name="project_path")
def _project_path(tmp_path: Path) -> Path:
    return shapes.project(tmp_path, "npm", {"start": "node probe.js"})
