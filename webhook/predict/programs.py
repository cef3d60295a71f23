"""What SIGTERM to PID 1 does to the server behind a program, as measured: the rows of ``programs.tsv``.

``make programs`` measures every row again, ``make test`` those of programs that the tests have anyway. ``launchers.py``
predicts from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final, NamedTuple

from webhook.predict.delivery import SignalDelivery

SERVER: Final = "SERVER"
"""Stands in ``argv`` and ``script`` for the command of the test server, which counts the signals that it receives."""
PORT: Final = "PORT"
"""Stands in ``argv`` for the port on which a program that is the server itself listens."""
_STOP: Final = ("delivery", "code", "signals")
COLUMNS: Final = (
    *("program", "argv", "script", "shell", "package", "versions"),
    *(f"{front}_{column}" for front in ("pid1", "init") for column in _STOP),
)
_NONE: Final = "-"


class Stop(NamedTuple):
    """What one SIGTERM did."""

    delivery: SignalDelivery
    """`RECEIVED`: the server receives SIGTERM exactly once and answers the request in flight.

    `KEPT`: the server does not receive it and runs until SIGKILL: PID 1 does nothing, or the kernel discards the
    signal. `CUT`: the server ends before it has answered, by the signal or because PID 1 ends. `UNKNOWN`: it receives
    another signal or more than one, or measurements differ. `DROPPED` is not told apart from `CUT` here.
    """
    code: int | None
    """The container's exit code; 137 after SIGKILL; None if it differs from run to run."""
    signals: tuple[str, ...] = ()
    """What a server received that answered, such as SIGTERM; empty if that differs, or the program is the server."""


@dataclass(frozen=True)
class Program:
    """A program in front of a server, one way to start it, and what SIGTERM does."""

    program: str
    argv: str
    """The container's command, quoted as in a shell."""
    script: str
    """The text of the script that ``argv`` names (in package.json, start.sh, Makefile, Procfile); may be empty."""
    shell: str
    """The shell that is /bin/sh: dash, ash, bash or mksh; empty if none is involved."""
    package: str
    """Where the program comes from: ``apt:NAME``, ``npm:NAME`` or ``pip:NAME``."""
    versions: tuple[str, ...]
    """The versions that were measured, all with this result."""
    pid1: Stop
    """With the program as PID 1."""
    init: Stop
    """With ``tini --`` as PID 1 and the program as its child."""


def parse(text: str) -> tuple[Program, ...]:
    """Return the rows of a table: lines of ``COLUMNS``, separated by tabs; ValueError if a line is malformed."""
    header, *lines = text.splitlines() or [""]
    if tuple(header.split("\t")) != COLUMNS:
        raise ValueError(f"the columns are not {COLUMNS}")
    return tuple(_program(line) for line in lines)


def render(programs: tuple[Program, ...]) -> str:
    """Return the table that `parse` reads."""
    lines = [COLUMNS, *(_cells(program) for program in programs)]
    return "".join("\t".join(line) + "\n" for line in lines)


def _program(line: str) -> Program:
    cells = ["" if cell == _NONE else cell for cell in line.split("\t")]
    if len(cells) != len(COLUMNS):
        raise ValueError(f"not {len(COLUMNS)} columns: {line}")
    program, argv, script, shell, package, versions, *measured = cells
    pid1, init = (_stop(*measured[at : at + len(_STOP)]) for at in (0, len(_STOP)))
    return Program(program, argv, script, shell, package, tuple(versions.split()), pid1, init)


def _stop(delivery: str, code: str, signals: str) -> Stop:
    return Stop(SignalDelivery(delivery), int(code) if code else None, tuple(signals.split()))


def _cells(program: Program) -> list[str]:
    stops = [
        cell for stop in (program.pid1, program.init) for cell in (stop.delivery, stop.code, " ".join(stop.signals))
    ]
    words = (program.program, program.argv, program.script, program.shell, program.package, " ".join(program.versions))
    return [_NONE if cell in ("", None) else str(cell) for cell in (*words, *stops)]


PROGRAMS: Final = parse(files("webhook.predict").joinpath("programs.tsv").read_text(encoding="utf-8"))
"""Every row that was measured."""
