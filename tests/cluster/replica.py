"""A webhook process beside a real API server, its files as a kubelet mounts them, and creations of Pods."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.cluster import manifests
from tests.cluster.lab.common import INSIDE
from tests.cluster.lab.pki import NODE_IP
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cluster.lab.api import Api

NAME = "rotation"
"""Of the namespace, the Service and the MutatingWebhookConfiguration."""
RATE = 20
"""Pods a second."""


def start(*argv: str, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Start one of this project's programs in the cluster's network namespace."""
    with log.open("ab") as output:
        command = [*INSIDE, sys.executable, "-m", *argv]
        return subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | environment)


@dataclass
class Replica:
    """One webhook process, the Secret's files as a kubelet would mount them, and its EndpointSlice."""

    api: Api
    directory: Path
    port: int
    lag: float
    """Seconds between a change of the Secret and the change of the files."""
    leaves: list[bytes] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Create the thread that acts as the kubelet."""
        self.kubelet = threading.Thread(target=self.mount)

    def mount(self) -> None:
        """Follow the Secret until `ended`: a new directory, then one rename, as the kubelet does."""
        version = ""
        while not self.ended.wait(0.1):
            secret = self.api.find("Secret", "lastcall-tls", NAME)
            if not secret or secret["metadata"]["resourceVersion"] == version:
                continue
            version = secret["metadata"]["resourceVersion"]
            if self.leaves:
                self.ended.wait(self.lag)
            self._write({name: base64.b64decode(text) for name, text in secret["data"].items()}, version)

    def _write(self, files: dict[str, bytes], version: str) -> None:
        folder = self.directory / f"..{version}"
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        link = self.directory / f"..new-{version}"
        link.symlink_to(folder.name)
        link.rename(self.directory / "tls")
        self.leaves += [files["tls.crt"]] if files["tls.crt"] not in self.leaves else []

    def run(self) -> None:
        """Start the webhook and put it into the Service when it is ready."""
        until("the mounted Secret", lambda: self.leaves)
        files = [f"--{option}={self.directory}/tls/{name}" for option, name in FILES.items()]
        options = (f"--host={NODE_IP}", f"--port={self.port}", f"--server-name={NAME}.{NAME}.svc")
        self.process = start("webhook.cli", "serve", *options, *files, log=self.directory / "log")
        until(f"port {self.port}", self._ready, 60)
        self.announce(ready=True)

    def _ready(self) -> bool:
        probe = (*INSIDE, "curl", "-ksf", f"https://{NODE_IP}:{self.port}/readyz")
        return subprocess.run(probe, check=False, capture_output=True).returncode == 0

    def announce(self, *, ready: bool) -> None:
        """Write the EndpointSlice: ready, or terminating."""
        conditions = {"ready": ready, "serving": True, "terminating": not ready}
        slice_ = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{NAME}-{self.port}",
                "namespace": NAME,
                "labels": {"kubernetes.io/service-name": NAME, "endpointslice.kubernetes.io/managed-by": "tests"},
            },
            "addressType": "IPv4",
            "ports": [{"name": "https", "port": self.port, "protocol": "TCP"}],
            "endpoints": [{"addresses": [NODE_IP], "conditions": conditions}],
        }
        self.api.apply(slice_)

    def restart(self, propagation: float) -> None:
        """Remove it from the Service, stop it after the propagation, start it again."""
        self.announce(ready=False)
        time.sleep(propagation)
        self.stop()
        self.run()

    def stop(self) -> None:
        """Stop the webhook by SIGTERM; it has to exit with 0."""
        if self.process:
            self.process.terminate()
            assert self.process.wait(30) == 0


FILES = {"cert": "tls.crt", "key": "tls.key", "ca": "ca.crt"}


@dataclass
class Stream:
    """Pods created at a steady rate as server-side dry runs: each is sent to the webhook, none is stored."""

    api: Api
    namespace: str
    created: int = 0
    failed: list[str] = field(default_factory=list)
    unpatched: int = 0

    def create(self, number: int) -> None:
        """Create one Pod and count the result."""
        pod = manifests.pod(f"pod-{number}", self.namespace)
        answer = self.api.create(pod, dry_run=True)
        self.created += 1
        if answer.status != 201:
            self.failed.append(f"{time.strftime('%T')} {answer.object.get('message')}")
        elif "lifecycle" not in answer.object["spec"]["containers"][0]:
            self.unpatched += 1

    def flow(self, ended: Callable[[], bool]) -> None:
        """Create Pods at `RATE` until `ended`, without waiting for the answers."""
        begin = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            number = 0
            while not ended():
                number += 1
                pool.submit(self.create, number)
                time.sleep(max(0.0, begin + number / RATE - time.monotonic()))
