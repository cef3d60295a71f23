"""``lastcall inspect``: what it says of real process trees, held against what SIGTERM then really does to them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.support.api_server import Served, kubeconfig, serve
from tests.support.waiting import until
from webhook import launcher, processes
from webhook.cli import main
from webhook.processes import proc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVER = """\
import pathlib, signal, sys, time
def received(*_):
    pathlib.Path("received").touch()
    sys.exit(0)
if "no-handler" not in sys.argv: signal.signal(signal.SIGTERM, received)
if "ignore" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path("ready").touch()
time.sleep(120)
"""
RUN = f"{sys.executable} server.py"
IN_NAMESPACE = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]


@contextmanager
def running(folder: Path, argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server somewhere below ``argv``; leave nothing of it behind."""
    (folder / "server.py").write_text(SERVER)
    (folder / "package.json").write_text(json.dumps({"name": "app", "scripts": {"start": RUN, "one": f"exec {RUN}"}}))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(argv, cwd=folder, start_new_session=True, **quiet) as process:  # type: ignore[call-overload]
        try:
            until("the server", (folder / "ready").exists)
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def say(process: subprocess.Popen[bytes], root: int | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["inspect", "--pid", str(root or process.pid)], catch_exceptions=False)
    return result.exit_code, result.stdout


NPM = shutil.which("npm") or "npm"
TRAP = f"trap 'kill $!' TERM; {RUN} & wait"
LAUNCHED = [word.replace("$$", "$") for word in launcher.wrap("init", [NPM, "start"])]
TREES = [
    pytest.param(RUN.split(), 0, "handles SIGTERM itself", True, id="the server itself"),
    pytest.param(
        ["sh", "-c", f"{RUN}; true"], 1, "sh (pid {}) has no handler for SIGTERM and is terminated", False, id="a shell"
    ),
    pytest.param(["sh", "-c", f"exec {RUN}"], 0, "handles SIGTERM itself", True, id="a shell that execs"),
    pytest.param(["sh", "-c", TRAP], 0, "the effect of SIGTERM is unknown", True, id="a trap"),
    pytest.param([NPM, "start"], 1, "npm (pid {}) signals its child: sh (pid ", False, id="npm with Debian's shell"),
    pytest.param([NPM, "run", "one"], 0, "npm (pid {}) signals its child: ", True, id="npm and a script that execs"),
    pytest.param(LAUNCHED, 0, "handles SIGTERM itself", True, id="the launcher, which is not PID 1 and is replaced"),
    pytest.param(
        [*RUN.split(), "no-handler"], 1, "has no handler for SIGTERM and is terminated by it", False, id="no handler"
    ),
    pytest.param([*RUN.split(), "ignore"], 1, "ignores SIGTERM", False, id="a server that ignores it"),
]


@pytest.mark.parametrize(("argv", "code", "says", "received"), TREES)
def test_trees(tmp_path: Path, argv: list[str], code: int, says: str, received: bool) -> None:
    """What inspect says about a tree is what the signal then does: the server receives it, or it does not."""
    with running(tmp_path, argv) as process:
        found, text = say(process)
        assert (found, says.format(process.pid) in text) == (code, True), text
        os.kill(process.pid, signal.SIGTERM)
        if received:
            until("the signal", (tmp_path / "received").exists)
        elif "ignore" not in argv:
            process.wait(60)
        assert (tmp_path / "received").exists() == received


def test_pid_one_without_a_handler(tmp_path: Path) -> None:
    """PID 1 of a namespace without a handler receives no SIGTERM, and inspect says so."""
    with running(tmp_path, [*IN_NAMESPACE, "sh", "-c", f"{RUN}; true"]) as process:
        (root,) = (p.key for p in proc.local(process.pid) if p.parent == process.pid)
        code, text = say(process, root)
        assert (code, "sh (pid 1) has no handler for SIGTERM, and the kernel does not deliver it to PID 1" in text) == (
            1,
            True,
        )
        assert "nothing exits before the grace period ends" in text
        os.kill(root, signal.SIGTERM)
        os.kill(root, 0)  # still there
        assert not (tmp_path / "received").exists()


def test_the_launcher_as_pid_one(tmp_path: Path) -> None:
    """As PID 1 the launcher stays, and inspect says that it forwards SIGTERM; it does."""
    with running(tmp_path, [*IN_NAMESPACE, "--mount-proc", *LAUNCHED]) as process:
        (root,) = (p.key for p in proc.local(process.pid) if p.parent == process.pid)
        code, text = say(process, root)
        assert (code, "the launcher (pid 1) forwards SIGTERM" in text) == (0, True), text
        os.kill(root, signal.SIGTERM)
        until("the signal", (tmp_path / "received").exists)


def test_json(tmp_path: Path) -> None:
    """The JSON has the processes, what each does with SIGTERM, and which are never signalled."""
    with running(tmp_path, ["sh", "-c", f"{RUN}; true"]) as process:
        result = CliRunner().invoke(main, ["inspect", "--pid", str(process.pid), "-o", "json"], catch_exceptions=False)
        (found,) = json.loads(result.stdout)
    assert [p["sigterm"] for p in found["processes"]] == ["terminates", "handles"]
    assert found["unsignalled"] == [found["processes"][1]["pid"]]


def status(pid: int, parent: int, *, caught: bool, name: str = "x", state: str = "S (sleeping)") -> str:
    mask = "0000000000004000" if caught else "0000000000000000"
    return f"Name:\t{name}\nState:\t{state}\nPid:\t{pid}\nPPid:\t{parent}\nSigIgn:\t0000000000000000\nSigCgt:\t{mask}\n"


def test_what_a_container_prints() -> None:
    """The reader's output is read back; the reader itself, zombies and garbage are left out."""
    text = "\n".join((
        "@process", status(1, 0, caught=True), "@argv", "node", "/usr/bin/yarn", "start",
        "@process", status(7, 1, caught=True, name="node"), "@argv",
        "@process", status(8, 1, caught=True, state="Z (zombie)"), "@argv",
        "@process", status(30, 0, caught=False), "@argv", "sh",
        "@process", "Pid: x", "@argv", "",
    ))  # fmt: skip
    tree = proc.printed(text)
    assert [(p.pid, p.program) for p in tree] == [(1, "yarn"), (7, "node")]
    explanation = processes.explain(tree)
    assert explanation.steps[0] == "yarn (pid 1) exits at once (yarn 1) or waits for its child (yarn 4)"
    assert not explanation.good


def test_the_reader_reads_what_proc_has(tmp_path: Path) -> None:
    """The reader, run by a real shell, finds the same processes as the local reader."""
    with running(tmp_path, ["sh", "-c", f"{RUN}; true"]) as process:
        out = subprocess.run(["/bin/sh", "-c", proc.READER], capture_output=True, text=True, check=True).stdout
        parts = (part.partition("@argv\n") for part in out.split("@process\n")[1:])
        seen = {p.key: p.argv for s, _, a in parts if (p := proc.parse(s, [w for w in a.split("\n") if w]))}
        for expected in proc.local(process.pid):
            assert seen[expected.key] == expected.argv


def test_a_package_manager_without_a_child() -> None:
    """A package manager that has not started its child yet is described as such."""
    tree = [processes.Process(1, 0, 1, ("npm start",), processes.Disposition.HANDLES)]
    assert processes.explain(tree).steps == ("npm (pid 1) has no child yet",)


@pytest.mark.parametrize("arguments", [[], ["--pid", "1", "web"], ["--pid", "4999999"]])
def test_bad_input(arguments: list[str]) -> None:
    """No target, two targets or a missing process are usage errors."""
    assert CliRunner().invoke(main, ["inspect", *arguments]).exit_code == 2


def test_pods_that_do_not_exist(tmp_path: Path) -> None:
    """A missing Pod is skipped and counted; one whose container does not run is an error, each in one line."""
    stopped = {"metadata": {"name": "stopped"}, "status": {"containerStatuses": [{"name": "web", "state": {}}]}}
    with serve(Served({"/api/v1/namespaces/shop/pods": [stopped]}), tmp_path) as config:
        given = ["inspect", "--kubeconfig", str(config), "gone", "stopped"]
        result = CliRunner().invoke(main, given, catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: shop/stopped: no such container is running\n1 of 2 Pods do not exist\n"


def test_exec_that_is_refused(tmp_path: Path) -> None:
    """If exec is refused, the reason is one line."""
    runs = {
        "metadata": {"name": "web"},
        "status": {"containerStatuses": [{"name": "web", "state": {"running": {"startedAt": "x"}}}]},
    }
    with serve(Served({"/api/v1/namespaces/shop/pods": [runs]}), tmp_path) as config:
        result = CliRunner().invoke(main, ["inspect", "--kubeconfig", str(config), "web"], catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: shop/web, container web: create pods/exec in shop/web: ")
    unreachable = kubeconfig(tmp_path, "http://127.0.0.1:9")
    result = CliRunner().invoke(main, ["inspect", "--kubeconfig", str(unreachable), "web"], catch_exceptions=False)
    assert "cannot reach the cluster to get pods" in result.stderr
