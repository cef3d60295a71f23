"""A container in little: a PID namespace whose PID 1 is told to stop, as a kubelet would."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

APP = Path(__file__).parent / "app"
GRACE_SECONDS = 5
UNSHARE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child")


@dataclass
class End:
    """How a container ended."""

    request: str
    exit_code: int
    seconds: float

    def tell(self) -> str:
        """Say it in a line."""
        how = "killed after the grace period" if self.exit_code == 137 else f"exit code {self.exit_code}"  # noqa: PLR2004
        return f"the request was {self.request}; the container ended after {self.seconds:.1f} s, {how}"


def missing() -> str:
    """Return what this machine lacks to run the containers, or an empty string."""
    absent = [name for name in ("node", "npm", "unshare") if not shutil.which(name)]
    if absent:
        return f"{', '.join(absent)} not installed"
    allowed = subprocess.run([*_unshare(), "true"], capture_output=True, check=False).returncode == 0
    return "" if allowed else "this machine allows no PID namespaces"


def end(command: list[str]) -> End:
    """Start a Pod's command as PID 1, send SIGTERM to it during a request, and see how both end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # The kubelet turns $$ into $; there is no $(VAR) in these commands.
    argv = [*_unshare(), *(word.replace("$$", "$") for word in command)]
    environment = {**os.environ, "PORT": str(port), "npm_config_update_notifier": "false"}
    with subprocess.Popen(
        argv, cwd=APP, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as outside:
        try:
            _get(port, "/", patience=20)
            answers: list[str] = []
            client = threading.Thread(target=lambda: answers.append(_get(port, "/slow")))
            client.start()
            time.sleep(0.3)  # let the request begin; it takes a second
            start = time.monotonic()
            code = _stop(outside)
            client.join()
        finally:
            outside.kill()
    return End(answers[0], code, time.monotonic() - start)


def _unshare() -> tuple[str, ...]:
    return ("unshare", *UNSHARE[3:]) if os.geteuid() == 0 else UNSHARE


def _stop(outside: subprocess.Popen[bytes]) -> int:
    """Send SIGTERM to PID 1 from outside the namespace, and SIGKILL when the grace period is over."""
    children = Path(f"/proc/{outside.pid}/task/{outside.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGTERM)
    try:
        code = outside.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.kill(int(children[0]), signal.SIGKILL)
        return 128 + signal.SIGKILL
    return code if code >= 0 else 128 - code


def _get(port: int, path: str, patience: float = 0) -> str:
    """Ask once, or for as long as ``patience`` allows; return ``answered`` or how it was lost."""
    until = time.monotonic() + patience
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode().strip()
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() >= until:
                return f"LOST ({type(error).__name__})"
            time.sleep(0.05)
        finally:
            connection.close()
