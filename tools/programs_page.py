"""docs/programs.md: what was measured of the programs in front of a server, made from webhook/predict/programs.tsv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook.predict.delivery import SignalDelivery
from webhook.predict.programs import PROGRAMS, Program, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEADER = "<!-- Written by `make docs` from webhook/predict/programs.tsv. -->\n\n"
INTRODUCTION = """# Programs in front of a server

Kubernetes sends SIGTERM to PID 1 of a container. This page says what becomes of the server if PID 1 is another
program that starts it: a shell, a package manager, an init, a process manager. It also has servers that are PID 1
themselves. `received`: the server receives SIGTERM exactly once and answers the request that is in flight. `kept`: the
server does not receive SIGTERM, and everything runs until SIGKILL at the end of the grace period. `cut`: the server
ends before it has answered, by the signal or because PID 1 has ended. `unknown`: the server receives another signal
or more than one (the table says which), and what it does then depends on it, or the measurements differ. The number
is the exit code of the container; no number means that it differed.

Every row was measured three times or more. `make programs` does that again and compares; `make test` measures those
of shells, package managers, inits and gunicorn once. The command runs in PID and mount namespaces of its own on
Debian 12. A request begins, SIGTERM is sent to PID 1 from outside, and SIGKILL follows if the container does not end.
`SERVER` is a Node server that counts the signals that it receives and answers 0.7 s after the first one. Where it is
missing, the program itself is the server, and SIGTERM comes in the middle of a response of a second or two; such a
program cannot say how often it received SIGTERM, but it is PID 1, or the only child of tini, which received it once.
*Behind tini*: `tini --` is PID 1 and the command its child. *Script*: the text of the script that the command names,
in `package.json`, `start.sh`, a `Makefile`, a `Procfile` or the program's configuration. */bin/sh*: the shell of the
image, which is `dash` in Debian's images and `ash` (busybox) in Alpine's; none if no shell takes part. The versions
are those that were measured. Others may differ.
"""


def programs_page() -> str:
    """Return docs/programs.md."""
    return HEADER + "\n".join([INTRODUCTION, *_counts(), *_table()]) + "\n"


def _counts() -> Iterator[str]:
    counts = {delivery: sum(row.pid1.delivery is delivery for row in PROGRAMS) for delivery in SignalDelivery}
    listed = ", ".join(f"{count} {delivery}" for delivery, count in counts.items() if count)
    yield f"{len(PROGRAMS)} measurements; as PID 1: {listed}. Those that differ only in the shell are one row here.\n"


def _table() -> Iterator[str]:
    yield "| program | command | script | /bin/sh | versions | as PID 1 | behind tini |\n|---|---|---|---|---|---|---|"
    for rows in _grouped():
        first = rows[0]
        shells = ", ".join(dict.fromkeys(row.shell for row in rows if row.shell))
        versions = ", ".join(dict.fromkeys(version for row in rows for version in row.versions))
        words = (first.program, _code(first.argv), _code(first.script), shells, versions)
        yield f"| {' | '.join((*words, _stop(first.pid1), _stop(first.init)))} |"


def _grouped() -> Iterator[Sequence[Program]]:
    """Yield the rows that differ only in the shell."""
    groups: dict[object, list[Program]] = {}
    for row in PROGRAMS:
        versions = () if row.program == "sh" else row.versions
        groups.setdefault((row.program, row.argv, row.script, row.pid1, row.init, versions), []).append(row)
    yield from groups.values()


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|") if text else ""


def _stop(stop: Stop) -> str:
    code = "" if stop.code is None else f" {stop.code}"
    signals = f" ({', '.join(stop.signals)})" if stop.delivery is SignalDelivery.UNKNOWN and stop.signals else ""
    return f"{stop.delivery}{code}{signals}"
