"""What a terminal gets: ASCII where it has no symbols, and exit code 130 at Ctrl-C. Real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.support.paths import ROOT
from tests.support.waiting import until
from webhook.cli.encoding import SYMBOLS

PLAIN = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: café, command: [npm, start]}]}\n"
WITHOUT = [
    pytest.param({"LC_ALL": "C"}, id="the locale C"),
    pytest.param({"LC_ALL": "POSIX"}, id="the locale POSIX"),
    pytest.param({"PYTHONIOENCODING": "ascii"}, id="ASCII"),
    pytest.param({"PYTHONIOENCODING": "latin-1"}, id="Latin 1"),
]
WITH = [pytest.param({"LC_ALL": "C.UTF-8"}, id="UTF-8"), pytest.param({"PYTHONUTF8": "1"}, id="no locale")]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "webhook.cli", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**PLAIN, **environment}, input=POD.encode(), capture_output=True, check=False
    )


@pytest.mark.parametrize("environment", WITHOUT)
@pytest.mark.parametrize("command", ["timeline", "audit", "preview"])
def test_ascii(command: str, environment: dict[str, str]) -> None:
    """Text for people is ASCII, and no command ends in a traceback."""
    done = run(command, "-", **environment)
    assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0)
    assert done.stdout.isascii()
    assert b"caf?" in done.stdout or command == "audit"
    if command == "timeline":
        assert b"x as written" in done.stdout


@pytest.mark.parametrize("environment", WITH)
def test_symbols(environment: dict[str, str]) -> None:
    """Where the terminal has symbols, they are shown."""
    assert "✘ as written" in run("timeline", "-", **environment).stdout.decode()


@pytest.mark.parametrize("environment", WITHOUT)
def test_output_for_programs_is_utf8(environment: dict[str, str]) -> None:
    """A manifest that is piped on does not change, whatever the terminal; neither do JSON and pages."""
    assert "name: café" in run("preview", "-", "-o", "yaml", **environment).stdout.decode()
    assert "café" in json.dumps(json.loads(run("audit", "-", "-o", "json", **environment).stdout), ensure_ascii=False)
    assert "✔" in run("timeline", "-", "-o", "svg", **environment).stdout.decode()


def test_every_symbol_has_a_column_in_ascii() -> None:
    """One for one, and no two symbols of the chart's bars and marks are the same."""
    assert {len(character) for character in SYMBOLS.values()} == {1}
    assert "".join(SYMBOLS.values()).isascii()
    chart = "━╍░─█▒▼┤┊✔✘"
    assert len({SYMBOLS[symbol] for symbol in chart}) == len(chart)


def test_ctrl_c() -> None:
    """Ctrl-C while a command reads ends it with exit code 130, without a traceback."""
    command = [sys.executable, "-m", "webhook.cli", "audit", "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:  # type: ignore[call-overload]
        until("it reads stdin", lambda: _reads_a_pipe(process.pid))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, b"", b"\n")


def _reads_a_pipe(pid: int) -> bool:
    """Tell whether the process waits in a read of a pipe."""
    with open(f"/proc/{pid}/wchan", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel
        return "pipe" in file.read()
