"""The measured servers: started on free ports, measured through /proc, stopped by their own pid."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from certs.authority import Authority

HERE = Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
SECONDS = 30.0
"""Seconds until a server answers for the first time, or stops."""
DISTINCT = "-distinct"
"""Suffix of a server's name, and option of the load generator: no two Pods are equivalent."""


def build(folder: Path) -> None:
    """Compile the reference and the load generator into a folder."""
    command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", f"{folder}/", "./goref", "./load"]
    subprocess.run(command, cwd=HERE, check=True, env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"})


def certificates(folder: Path) -> None:
    """Write ca.crt, tls.crt and tls.key for 127.0.0.1."""
    now, day = datetime.now(UTC), timedelta(days=1)
    authority = Authority.create("bench", now, day)
    leaf = authority.issue(["127.0.0.1", "localhost"], now, day)
    (folder / "ca.crt").write_bytes(authority.certificate_pem)
    (folder / "tls.crt").write_bytes(leaf.chain_pem)
    (folder / "tls.key").write_bytes(leaf.key_pem)


def commands(folder: Path) -> dict[str, list[str]]:
    """Return the arms of the comparison by name, each with ``DISTINCT``, too; ``{port}`` is replaced at the start."""
    files = ["--cert", f"{folder}/tls.crt", "--key", f"{folder}/tls.key"]
    stock = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--no-control-socket"]
    stock += ["--certfile", f"{folder}/tls.crt", "--keyfile", f"{folder}/tls.key", "--keep-alive", "120"]
    gthread = ["--worker-class", "gthread", "--threads", "8"]
    arms = {
        "goref": [f"{folder}/goref", "--port", "{port}", *files],
        "lastcall": [sys.executable, "-m", "webhook.cli", "serve", "--port", "{port}", *files],
        "flask": [*stock, *gthread, "bench.stock:create_app()"],
        "echo-wsgi": [*stock, *gthread, "bench.echo:wsgi"],
        "echo-asgi": [*stock, "--worker-class", "asgi", "bench.echo:asgi"],
    }
    return arms | {arm + DISTINCT: command for arm, command in arms.items()}


@dataclass
class Server:
    """One of the arms, running."""

    name: str
    command: list[str]
    folder: Path
    process: subprocess.Popen[bytes] = field(init=False)
    port: int = field(init=False)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        """Start it."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        command = [part.replace("{port}", str(self.port)) for part in self.command]
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.started = time.perf_counter()
            self.process = subprocess.Popen(command, cwd=HERE.parent, stdout=log, stderr=log)

    def cold(self) -> float:
        """Wait for the first answer to a review; return the milliseconds since the start."""
        context = ssl.create_default_context(cafile=self.folder / "ca.crt")
        body = (HERE / "load/review.json").read_bytes().replace(b"@@LIKE@@", b"prod")
        head = (
            f"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        while time.perf_counter() - self.started < SECONDS:
            try:
                raw = socket.create_connection(("127.0.0.1", self.port), 5)
                with raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
                    tls.sendall(head.encode() + body)
                    if tls.recv(64).startswith(b"HTTP/1.1 200"):
                        return (time.perf_counter() - self.started) * 1000
            except OSError:
                time.sleep(0.002)
        raise RuntimeError(f"{self.name} does not answer; see {self.folder}/{self.name}.log")

    def load(self, *options: str) -> dict[str, Any]:
        """Run the load generator against the server; return its results, and the CPU that the server took."""
        before = self.cpu_seconds()
        url = f"https://127.0.0.1:{self.port}/mutate?timeout=10s"
        kind = [DISTINCT] if self.name.endswith(DISTINCT) else []
        command = [f"{self.folder}/load", "-ca", f"{self.folder}/ca.crt", "-url", url, *kind, *options]
        results: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        results["cpu_us"] = (self.cpu_seconds() - before) * 1e6 / max(1, results["ok"])
        return results

    def pids(self) -> list[int]:
        """Return the process and its descendants."""
        children: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(stat.parent.name))
        found = [self.process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu_seconds(self) -> float:
        """Return the time on CPU of all processes so far."""
        fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.pids())
        return sum(int(f[11]) + int(f[12]) for f in fields) / TICKS

    def mebibytes(self, kind: str = "Pss") -> float:
        """Return the memory of all processes: ``Pss``, where shared pages count in parts, or ``Rss``."""
        texts = (Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.pids())
        return (
            sum(int(found[1]) for text in texts if (found := re.search(rf"^{kind}:\s+(\d+)", text, re.MULTILINE)))
            / 1024
        )

    def stop(self) -> None:
        """Stop it, and wait until it has exited."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
