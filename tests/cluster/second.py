"""A second mutating webhook, called after lastcall's: it adds a container to every Pod of one namespace."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from certs.authority import Authority
from tests.cluster.lab.roll import is_ready
from tests.cluster.manifests import IMAGES, pod
from tests.support.waiting import until
from webhook import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.existing import Cluster
    from tests.cluster.manifests import Object

SCRIPT = """
import base64, http.server, json, ssl

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        added = {"op": "add", "path": "/spec/containers/-", "value": {"name": "added", "image": "IMAGE"}}
        there = [container["name"] for container in request["object"]["spec"]["containers"]]
        patch = base64.b64encode(json.dumps([] if "added" in there else [added]).encode()).decode()
        response = {"uid": request["uid"], "allowed": True, "patchType": "JSONPatch", "patch": patch}
        body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

server = http.server.ThreadingHTTPServer(("", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
""".replace("IMAGE", IMAGES["dash"])
NAME = "zz-second"


@contextmanager
def second_webhook(cluster: Cluster, home: str, target: str) -> Iterator[None]:
    """Run it in the namespace `home` for the Pods of the namespace `target`."""
    now, day = datetime.now(UTC), timedelta(days=1)
    authority = Authority.create(NAME, now, day)
    leaf = authority.issue([f"{NAME}.{home}.svc"], now, day)
    secret = {"tls.crt": leaf.chain_pem.decode(), "tls.key": leaf.key_pem.decode()}
    place = {"name": NAME, "namespace": home}
    mounts = [{"name": "tls", "mountPath": "/tls"}]
    image = f"localhost/lastcall:{__version__}"
    container = {"image": image, "command": ["python3", "-c", SCRIPT], "volumeMounts": mounts}
    server = pod(NAME, home, container, volumes=[{"name": "tls", "secret": {"secretName": NAME}}])
    server["metadata"]["labels"] = {"app": NAME}
    service = {"selector": {"app": NAME}, "ports": [{"port": 443, "targetPort": 8443}]}
    cluster.api.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": place, "stringData": secret},
        server,
        {"apiVersion": "v1", "kind": "Service", "metadata": place, "spec": service},
    )
    until("the second webhook's Pod", lambda: is_ready(cluster.api.get("Pod", NAME, home)))
    cluster.api.apply(configuration(home, target, authority.certificate_pem))
    try:
        yield
    finally:
        cluster.api.delete("MutatingWebhookConfiguration", NAME)


def configuration(home: str, target: str, ca: bytes) -> Object:
    """Return its configuration; its name sorts after lastcall's."""
    only = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [target]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": NAME},
        "webhooks": [
            {
                "name": "second.example.com",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "timeoutSeconds": 10,
                "namespaceSelector": {"matchExpressions": [only]},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
                "clientConfig": {
                    "service": {"namespace": home, "name": NAME, "path": "/"},
                    "caBundle": base64.b64encode(ca).decode(),
                },
            }
        ],
    }
