"""Bad input, and signals that come at a bad moment."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.signals import cases, lab, oracle, shapes, tools
from tests.signals.cases import Form

OTHERS = ("yarn1", "pnpm10")
REWRITTEN: tuple[Form, ...] = ("init", "exec", "supervise")
BROKEN = {
    "no package.json": None,
    "not JSON": "{",
    "no scripts": '{"name": "app"}',
    "no such script": '{"name": "app", "scripts": {"other": "true"}}',
    "failing prestart": '{"name": "app", "scripts": {"prestart": "exit 5", "start": "node probe.js"}}',
    "failing start": '{"name": "app", "scripts": {"start": "node probe.js exit 6"}}',
    "failing first": '{"name": "app", "scripts": {"start": "node probe.js exit 6 && node probe.js"}}',
    "command not found": '{"name": "app", "scripts": {"start": "no-such-command --x"}}',
    "syntax error": '{"name": "app", "scripts": {"start": "node probe.js && && true"}}',
}


# pnpm turns the shell's 127 into 1; without pnpm it stays 127.
PNPM_HAS_ITS_OWN = ("pnpm10", "command not found")


def broken(root: Path, text: str | None) -> Path:
    root.mkdir()
    (root / "probe.js").write_bytes((shapes.HERE / "probe.js").read_bytes())
    if text is not None:
        (root / "package.json").write_text(text)
    return root


@pytest.mark.parametrize("manager", ["npm", *(pytest.param(name, marks=pytest.mark.matrix) for name in OTHERS)])
@pytest.mark.parametrize("case", BROKEN)
def test_failures_are_the_package_managers_own(case: str, manager: str, tmp_path: Path) -> None:
    """What fails natively fails with the same exit code, and what is said up to there is the same."""
    folder = broken(tmp_path / "app", BROKEN[case])
    line = f"{shapes.tool(manager)} start"
    native = oracle.observe("native", line, manager, "dash", folder)
    assert native["code"] != 0
    for form in REWRITTEN:
        seen = oracle.observe(form, line, manager, "dash", folder)
        assert seen["events"] == native["events"], form
        assert seen["code"] == native["code"] or (manager, case) == PNPM_HAS_ITS_OWN, form
        if case in ("no package.json", "not JSON", "no scripts", "no such script"):
            assert seen["output"] == native["output"]


@pytest.mark.parametrize("form", REWRITTEN)
def test_without_node_the_original_is_run(form: Form, tmp_path: Path) -> None:
    """Where PATH has no node the package manager's own complaint and exit code are seen."""
    (tmp_path / "npm").write_text("#!/usr/bin/env node\n")
    (tmp_path / "npm").chmod(0o755)
    for name in ("env", "sleep", "readlink", "mount"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    seen = [
        lab.run(cases.wrapped(each, ["npm", "start"]), cwd=tmp_path, path=str(tmp_path)) for each in ("native", form)
    ]
    assert (seen[1].code, seen[1].output) == (seen[0].code, seen[0].output)
    assert seen[0].code == 127


@pytest.mark.parametrize("form", REWRITTEN)
@pytest.mark.parametrize("argv", [["yarn", "resourcemanager"], ["./entrypoint.sh", "npm", "run", "plain"]])
def test_unknown_programs_are_supervised(argv: list[str], form: Form, tmp_path: Path) -> None:
    """A `yarn` that is no Node program and unknown wrappers run as they are, and what they start is told."""
    folder = shapes.project(tmp_path, "npm")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/yarn").write_text("#!/bin/bash\n# Apache Hadoop YARN\nnode probe.js\n")
    (folder / "entrypoint.sh").write_text('#!/bin/sh\nset -e\n"$@"\n')
    for script in (tmp_path / "bin/yarn", folder / "entrypoint.sh"):
        script.chmod(0o755)
    path = f"{tmp_path}/bin:{shapes.path('npm')}"
    outcome = lab.stop_in_flight(cases.wrapped(form, argv), cwd=folder, path=path)
    assert (outcome.told, outcome.answered, outcome.code) == (1, True, 0), outcome


def armed(box: lab.Container) -> None:
    """Wait until the launcher's shell is PID 1 and has set its traps."""
    while box.process.poll() is None:
        with contextlib.suppress(OSError, TypeError):
            status = Path(f"/proc/{box.pid}/status").read_text()
            caught = int(status.partition("SigCgt:")[2].split()[0], 16)
            if caught >> signal.SIGTERM - 1 & 1 and b"lastcall" in Path(f"/proc/{box.pid}/cmdline").read_bytes():
                return
        os.sched_yield()


@pytest.mark.parametrize("form", ["init", "supervise"])
@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8])
def test_sigterm_at_any_moment_ends_the_container(moment: float, form: Form, tmp_path: Path) -> None:
    """However early SIGTERM comes, the container ends by itself, with 143 or with the application's own code."""
    folder = shapes.project(tmp_path, "npm", {"prestart": "node probe.js step", "start": "node probe.js"})
    with lab.container(cases.wrapped(form, ["npm", "start"]), cwd=folder, path=shapes.path("npm")) as box:
        armed(box)
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
        armed(box)
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
