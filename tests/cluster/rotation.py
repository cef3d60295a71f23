"""Two replicas of the webhook and a certificate controller, with only the permissions that deploy/ grants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64decode, b64encode
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from certs.pem import read_bundle
from tests.cluster import manifests
from tests.cluster.lab.api import url
from tests.cluster.lab.common import INSIDE
from tests.cluster.lab.pki import PKI, write
from tests.cluster.replica import NAME, Replica, start
from tests.support.paths import ROOT
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.lab.api import Api, Object


@dataclass
class Rig:
    """Two replicas, and the ServiceAccount of a controller with only the permissions that deploy/ grants."""

    api: Api
    directory: Path
    replicas: list[Replica]
    controller: subprocess.Popen[bytes] | None = None
    controllers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_controller(self, *options: str) -> None:
        """Start the controller under its own ServiceAccount; `kill_controller` kills the last one."""
        names = [f"--namespace={NAME}", f"--service={NAME}", f"--configuration={NAME}"]
        config = str(self.directory / "kubeconfig")
        log = self.directory / "controller.log"
        self.controller = start("certs", *names, "run", *options, log=log, KUBECONFIG=config)
        self.controllers.append(self.controller)

    def kill_controller(self) -> None:
        """Kill it, as a power cut of the node would."""
        if self.controller:
            self.controller.kill()
            self.controller.wait()

    def leaves(self) -> list[Any]:
        """Return the certificates that the first replica received, in order."""
        return [read_bundle(pem)[0] for pem in self.replicas[0].leaves]

    def find(self, kind: str, name: str) -> Object | None:
        """Return an object of ours."""
        return self.api.find(kind, name, "" if kind.startswith("Mutating") else NAME)

    def bundle(self) -> bytes:
        """Return what the API server trusts."""
        found = self.find("MutatingWebhookConfiguration", NAME) or {"webhooks": [{"clientConfig": {}}]}
        return b64decode(found["webhooks"][0]["clientConfig"].get("caBundle", ""))

    def pair(self) -> dict[str, bytes]:
        """Return the webhook's Secret."""
        secret = self.find("Secret", "lastcall-tls")
        return {name: b64decode(text) for name, text in secret["data"].items()} if secret else {}

    def trusted(self) -> bool:
        """Tell whether Secret and configuration name the same CAs, and one of them signed the leaf."""
        files, trusted = self.pair(), self.bundle()
        leaf = read_bundle(files.get("tls.crt", b""))
        return bool(leaf) and files["ca.crt"] == trusted and any(ca.signed(leaf[0]) for ca in read_bundle(trusted))

    def overwrite(self, pem: bytes, **annotations: str) -> None:
        """Overwrite the bundle, as another client would."""
        self.api.merge("MutatingWebhookConfiguration", NAME, "", {"metadata": {"annotations": annotations}})
        change = {"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": b64encode(pem).decode()}
        path = url("MutatingWebhookConfiguration", NAME)
        self.api.call("PATCH", path, [change], "application/json-patch+json")

    def log(self) -> list[dict[str, Any]]:
        """Return the log lines of the controllers."""
        lines = (self.directory / "controller.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def starts(self) -> int:
        """Return how many controllers have started."""
        return sum(line["msg"] == "started" for line in self.log())

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the controller's program under the controller's own account."""
        names = [f"--namespace={NAME}", f"--service={NAME}", f"--configuration={NAME}"]
        environment = os.environ | {"KUBECONFIG": str(self.directory / "kubeconfig")}
        command = [*INSIDE, sys.executable, "-m", "certs", *names, *words]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=60)

    def close(self) -> None:
        """End everything."""
        for controller in self.controllers:
            controller.kill()
            controller.wait()
        for replica in self.replicas:
            replica.ended.set()
            replica.kubelet.join()
            with suppress(AssertionError, subprocess.TimeoutExpired):
                replica.stop()


def build(api: Api, directory: Path, namespace: str) -> Rig:
    """Create the objects; the webhook matches Pods of `namespace`, with failurePolicy Fail."""
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
        replica.directory.mkdir()
        replica.kubelet.start()
        replicas.append(replica)
    return Rig(api, directory, replicas)


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
    """Return the permissions of deploy/overlays/self-managed/rbac.yaml, for the names used here."""
    objects = manifests.documents(ROOT / "deploy/overlays/self-managed/rbac.yaml")
    for manifest in objects:
        manifest["metadata"]["name"] = "rotation-certs"
        if not manifest["kind"].startswith("Cluster"):
            manifest["metadata"]["namespace"] = NAME
        for reference in (*manifest.get("subjects", []), *filter(None, [manifest.get("roleRef")])):
            reference["name"] = "rotation-certs"
            if "namespace" in reference:
                reference["namespace"] = NAME
        for rule in manifest.get("rules", []):
            if "mutatingwebhookconfigurations" in rule["resources"]:
                rule["resourceNames"] = [NAME]
    return objects


def kubeconfig(token: str) -> Object:
    """Return the controller's kubeconfig."""
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
    """Delete the objects, the configuration first: a webhook that ends must not be called."""
    api.delete("MutatingWebhookConfiguration", NAME)
    for kind in ("ClusterRoleBinding", "ClusterRole"):
        api.delete(kind, "rotation-certs")
    api.delete("Namespace", NAME)


@contextmanager
def running_rig(api: Api, directory: Path, namespace: str) -> Iterator[Rig]:
    """Give a rig for the Pods of `namespace`, and remove it afterwards."""
    rig = build(api, directory, namespace)
    try:
        yield rig
    finally:
        rig.close()
        remove(api)
        until("the end of the namespace", lambda: api.find("Namespace", NAME) is None, 60)
