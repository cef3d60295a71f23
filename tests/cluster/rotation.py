"""A webhook whose certificates live for seconds: replicas and controller as processes beside a real API server."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from certs.pem import read_bundle
from tests.cluster import manifests
from tests.cluster.lab.api import Api, url, wait
from tests.cluster.lab.common import INSIDE
from tests.cluster.lab.pki import NODE_IP, PKI, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cluster.lab.api import Object

NAME = "rotation"
"""Of the namespace, the Service and the MutatingWebhookConfiguration."""
LIFETIMES = {"leaf-lifetime": "24s", "ca-lifetime": "60s", "soak": "2s", "lease-seconds": "2"}
RATE = 20
"""Pods a second."""


def start(*argv: str, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Start one of this project's programs in the cluster's network namespace."""
    with log.open("ab") as output:
        command = [*INSIDE, sys.executable, "-m", *argv]
        return subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | environment)


@contextmanager
def connected(api: Api) -> Iterator[Api]:
    """Give a thread a connection of its own, and close it."""
    own = Api(api.path)
    try:
        yield own
    finally:
        if connection := getattr(own.local, "connection", None):
            connection.close()


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
        """Make the thread that plays the kubelet."""
        self.kubelet = threading.Thread(target=self.mount)

    def mount(self) -> None:
        """Follow the Secret until `ended`: a new directory, then one rename, as the kubelet does."""
        version = ""
        with connected(self.api) as api:
            while not self.ended.wait(0.1):
                secret = api.find("Secret", "lastcall-tls", NAME)
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
        wait("the mounted Secret", lambda: self.leaves)
        files = [f"--{option}={self.directory}/tls/{name}" for option, name in FILES.items()]
        options = (f"--host={NODE_IP}", f"--port={self.port}", f"--server-name={NAME}.{NAME}.svc")
        self.process = start("webhook.cli", "serve", *options, *files, log=self.directory / "log")
        wait(f"port {self.port}", self._ready, 60)
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
        """Take it out of the Service, end it when everybody has followed, start it again."""
        self.announce(ready=False)
        time.sleep(propagation)
        self.stop()
        self.run()

    def stop(self) -> None:
        """End the webhook politely; it has to exit with 0."""
        if self.process:
            self.process.terminate()
            assert self.process.wait(30) == 0


FILES = {"cert": "tls.crt", "key": "tls.key", "ca": "ca.crt"}


@dataclass
class Stream:
    """Pods created at a steady rate as server-side dry runs: each passes through the webhook, none is kept."""

    api: Api
    namespace: str
    created: int = 0
    failed: list[str] = field(default_factory=list)
    unpatched: int = 0

    def create(self, number: int) -> None:
        """Create one Pod and count what came of it."""
        pod = manifests.pod(f"pod-{number}", self.namespace)
        with connected(self.api) as api:
            answer = api.create(pod, dry_run=True)
        self.created += 1
        if answer.status != 201:
            self.failed.append(f"{time.strftime('%T')} {answer.object.get('message')}")
        elif "lifecycle" not in answer.object["spec"]["containers"][0]:
            self.unpatched += 1

    def flow(self, ended: Callable[[], bool]) -> None:
        """Create Pods at `RATE` until `ended`, whatever the answers take."""
        begin = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            number = 0
            while not ended():
                number += 1
                pool.submit(self.create, number)
                time.sleep(max(0.0, begin + number / RATE - time.monotonic()))


@dataclass
class Stand:
    """Two replicas and the account of a controller with just the rights that deploy/ gives it."""

    api: Api
    directory: Path
    replicas: list[Replica]
    controller: subprocess.Popen[bytes] | None = None

    def start_controller(self) -> None:
        """Start the controller under its own ServiceAccount."""
        names = [f"--namespace={NAME}", f"--service={NAME}", f"--configuration={NAME}"]
        lifetimes = [f"--{option}={value}" for option, value in LIFETIMES.items()]
        config = str(self.directory / "kubeconfig")
        self.controller = start(
            "certs", *names, "run", *lifetimes, log=self.directory / "controller.log", KUBECONFIG=config
        )

    def kill_controller(self) -> None:
        """End it as a node's power cut would."""
        if self.controller:
            self.controller.kill()
            self.controller.wait()

    def leaves(self) -> list[Any]:
        """Return the certificates that the first replica was given, in order."""
        return [read_bundle(pem)[0] for pem in self.replicas[0].leaves]

    def close(self) -> None:
        """End everything."""
        self.kill_controller()
        for replica in self.replicas:
            replica.ended.set()
            replica.kubelet.join()
            with suppress(AssertionError, subprocess.TimeoutExpired):
                replica.stop()


def build(api: Api, directory: Path, namespace: str) -> Stand:
    """Create the objects; the webhook takes the Pods of `namespace`, and fails them where it cannot be asked."""
    metadata = {"name": NAME, "namespace": NAME}
    service = {"ports": [{"name": "https", "port": 443, "targetPort": 443}]}
    api.apply(manifests.namespace(NAME), {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service})
    api.apply(configuration(namespace), *account())
    config = directory / "kubeconfig"
    token = api.call("POST", url("ServiceAccount", "rotation-certs", NAME) + "/token", {"spec": {}})
    write(config, kubeconfig(token["status"]["token"]))
    replicas = []
    for port, lag in ((9441, 0.2), (9442, 1.5)):
        replica = Replica(api, directory / str(port), port, lag)
        shutil.rmtree(replica.directory, ignore_errors=True)
        replica.directory.mkdir()
        replica.kubelet.start()
        replicas.append(replica)
    return Stand(api, directory, replicas)


def configuration(namespace: str) -> Object:
    """Return a MutatingWebhookConfiguration for one namespace, under failurePolicy Fail."""
    webhook = {
        "name": f"{NAME}.lastcall.webhook",
        "clientConfig": {"service": {"namespace": NAME, "name": NAME, "path": "/mutate", "port": 443}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 5,
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration"}
    return kind | {"metadata": {"name": NAME}, "webhooks": [webhook]}


def account() -> list[Object]:
    """Return the rights of deploy/overlays/self-managed/rbac.yaml, for the names used here."""
    things = manifests.documents(manifests.ROOT / "deploy/overlays/self-managed/rbac.yaml")
    for thing in things:
        thing["metadata"]["name"] = "rotation-certs"
        if not thing["kind"].startswith("Cluster"):
            thing["metadata"]["namespace"] = NAME
        for reference in (*thing.get("subjects", []), *filter(None, [thing.get("roleRef")])):
            reference["name"] = "rotation-certs"
            if "namespace" in reference:
                reference["namespace"] = NAME
        for rule in thing.get("rules", []):
            if "mutatingwebhookconfigurations" in rule["resources"]:
                rule["resourceNames"] = [NAME]
    return things


def kubeconfig(token: str) -> Object:
    """Return the controller's way to the API server."""
    cluster = {"server": "https://127.0.0.1:6443", "certificate-authority": f"{PKI}/ca.crt"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": NAME,
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": NAME, "user": {"token": token}}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
    }


def remove(api: Api) -> None:
    """Delete the objects, the configuration first: nobody asks a webhook that is going."""
    api.delete("MutatingWebhookConfiguration", NAME)
    for kind in ("ClusterRoleBinding", "ClusterRole"):
        api.delete(kind, "rotation-certs")
    api.delete("Namespace", NAME)
