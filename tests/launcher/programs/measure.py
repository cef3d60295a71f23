"""Measure a row of webhook/predict/programs.tsv: start the program, begin a request, send SIGTERM to PID 1, and watch.

If ``SERVER`` stands in the row, probe.js is behind the program, and counts the signals that it receives. Otherwise the
program is the server itself. It receives SIGTERM once, because it is PID 1 or the only child of tini; a request that is
answered, and an end before the grace period, show that it handles the signal.
"""

import contextlib
import shlex
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.launcher import lab
from tests.launcher.programs import fastcgi
from tests.launcher.programs.places import Place, path
from webhook.predict.delivery import SignalDelivery
from webhook.predict.programs import PORT, SERVER, Program, Stop

HERE: Final = Path(__file__).parent
PROBE_FILE: Final = "server.js"
PROBE: Final = f"node {PROBE_FILE}"
INIT: Final = ["tini", "--"]
HTTP_REQUEST: Final = b"GET /page.html HTTP/1.0\r\n\r\n"
SHORT_GRACE: Final = 3.0
"""Seconds of the grace period where the row says that SIGKILL comes."""
KILLED: Final = 137
_PAUSE: Final = 0.02


class NotStartedError(Exception):
    """The program did not start a server that begins to answer; its output says why."""


@contextmanager
def application(program: Program, port: int) -> Iterator[Path]:
    """Make the folder of an application that the program can start, with the row's script in every form."""
    words = {"SCRIPT": program.script, SERVER: PROBE, PORT: str(port)}
    with tempfile.TemporaryDirectory(prefix="lc") as name:
        folder = Path(name) / "app"
        shutil.copytree(HERE / "app", folder, ignore=shutil.ignore_patterns("__pycache__"))
        for file in (file for file in folder.rglob("*") if file.is_file()):
            file.write_text(replaced(file.read_text(), words))
        shutil.copy(HERE.parent / "probe.js", folder / PROBE_FILE)
        (folder / "page.html").write_text("." * 9000 + "answered\n")
        for made in (Path(name), folder, *folder.rglob("*")):
            made.chmod(made.stat().st_mode | (0o055 if made.is_dir() else 0o044))
        yield folder


def replaced(text: str, words: Mapping[str, str]) -> str:
    """Return a text with these words replaced, one after the other."""
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def has_probe(program: Program) -> bool:
    """Say whether the probe is the server, and not the program itself."""
    return any(word in f"{program.argv} {program.script}" for word in (SERVER, PROBE_FILE))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def stop(program: Program, version: str, place: Place, grace: float, *, init: bool = False) -> Stop:
    """Run the program of a row once, and return what SIGTERM did; NotStartedError if there was nothing to stop."""
    port = free_port()
    argv = (INIT if init else []) + shlex.split(replaced(program.argv, {SERVER: PROBE, PORT: str(port)}))
    with application(program, port) as folder:
        options = {"cwd": folder, "path": path(program, version, place), "env": place.env}
        options |= {"shell": program.shell or "dash", "enter": place.enter(folder, program.shell)}
        with lab.container(argv, **options) as box:
            return _of_probe(box, grace) if has_probe(program) else _of_server(box, program, port, grace)


def _of_probe(box: lab.Container, grace: float) -> Stop:
    """Stop a container whose server is the probe."""
    if not box.wait_for("ready"):
        raise NotStartedError(box.end(0).output)
    with box.request() as client:
        box.send(signal.SIGTERM)
        outcome = box.end(grace)
        answered = _rest(client).endswith(b"answered\n")
    signals = tuple(event.removeprefix("told ") for event in outcome.events if event.startswith("told "))
    if answered:  # which it does after the first signal of any kind
        return Stop(
            SignalDelivery.RECEIVED if signals == ("SIGTERM",) else SignalDelivery.UNKNOWN, _code(outcome), signals
        )
    # Chance decides whether a process that is killed has noted a signal before.
    return Stop(SignalDelivery.KEPT if outcome.killed and not signals else SignalDelivery.CUT, _code(outcome))


def _of_server(box: lab.Container, program: Program, port: int, grace: float) -> Stop:
    """Stop a container whose program is the server itself, when it has sent the first bytes of a response."""
    with _begun(box, program, port) as client:
        box.send(signal.SIGTERM)
        outcome = box.end(grace)
        answered = b"answered\n" in _rest(client)
    if outcome.killed:
        return Stop(SignalDelivery.KEPT, _code(outcome))
    return Stop(SignalDelivery.RECEIVED if answered else SignalDelivery.CUT, _code(outcome))


def _code(outcome: lab.Outcome) -> int:
    """Return the container's exit code: unshare(1) has its own if SIGKILL ends its child."""
    return KILLED if outcome.killed else outcome.code


def _begun(box: lab.Container, program: Program, port: int) -> socket.socket:
    """Return a connection on which the first bytes of a response have come."""
    request = fastcgi.REQUEST if program.program == "php-fpm" else HTTP_REQUEST
    deadline = time.monotonic() + lab.PATIENCE
    while time.monotonic() < deadline and box.process.poll() is None:
        with contextlib.suppress(OSError):
            client = socket.create_connection(("127.0.0.1", port), lab.PATIENCE)
            client.sendall(request)
            if client.recv(1) and not _complete(client):
                return client
            client.close()
        time.sleep(_PAUSE)
    raise NotStartedError(box.end(0).output)


def _complete(client: socket.socket) -> bool:
    """Say whether the whole response has come already, as on a busy machine."""
    with contextlib.suppress(BlockingIOError):
        return b"answered" in client.recv(1 << 16, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    return False


def _rest(client: socket.socket) -> bytes:
    """Return what comes until the connection ends."""
    answer = b""
    with contextlib.suppress(OSError):
        while chunk := client.recv(4096):
            answer += chunk
    return answer


def grace_for(expected: Stop) -> float:
    """Return the seconds until SIGKILL: few where the row says that it comes, else more than a busy machine needs."""
    return SHORT_GRACE if expected.code == KILLED else lab.PATIENCE


def agreed(stops: Iterable[Stop]) -> Stop:
    """Return what several runs have in common: UNKNOWN if their verdicts differ, no code if their codes do."""
    first, *others = stops
    if any(stop.delivery is not first.delivery for stop in others):
        return Stop(SignalDelivery.UNKNOWN, None)
    code = first.code if all(stop.code == first.code for stop in others) else None
    return Stop(first.delivery, code, first.signals if all(stop.signals == first.signals for stop in others) else ())


def same(expected: Program, measured: Program) -> bool:
    """Say whether a row holds: it may leave open the code, the signals, and, if it is UNKNOWN without signals, all."""
    ways = ((expected.pid1, measured.pid1), (expected.init, measured.init))
    return expected.versions == measured.versions and all(holds(row, seen) for row, seen in ways)


def holds(row: Stop, seen: Stop) -> bool:
    """Say whether what was seen is what the row says."""
    if row.delivery is SignalDelivery.UNKNOWN and not row.signals:
        return True
    code, signals = row.code in (None, seen.code), row.signals in ((), seen.signals)
    return row.delivery is seen.delivery and code and signals
