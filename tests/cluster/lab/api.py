"""The Kubernetes API over a Unix socket that `kubectl proxy` serves: no TLS, no client library, from any namespace."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Object = dict[str, Any]  # as the API has it
GROUPS = {  # kind -> its group and version below /apis; what is not here is in core v1
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Lease": "coordination.k8s.io/v1",
    "MutatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
    "MutatingAdmissionPolicy": "admissionregistration.k8s.io/v1beta1",
    "MutatingAdmissionPolicyBinding": "admissionregistration.k8s.io/v1beta1",
    "PodDisruptionBudget": "policy/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PriorityClass": "scheduling.k8s.io/v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding": "rbac.authorization.k8s.io/v1",
}


class Answer(NamedTuple):
    """An answer of the API server: HTTP status, object, and the texts of its warnings."""

    status: int
    object: Object
    warnings: list[str]


class ApiError(Exception):
    """The API server rejected a request; the text is its message."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the socket file."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Api:
    """The API as an administrator; every thread has a connection of its own, so tests may share one Api."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.local = threading.local()
        self.connections: list[UnixConnection] = []

    def _connection(self) -> UnixConnection:
        if not hasattr(self.local, "connection"):
            self.local.connection = UnixConnection(self.path, timeout=60)
            self.connections.append(self.local.connection)
        connection: UnixConnection = self.local.connection
        return connection

    def ask(self, method: str, path: str, body: object = None, kind: str = "application/json") -> Answer:
        """Send one request and return the answer, whatever its status."""
        connection = self._connection()
        headers = {"Content-Type": kind} if body is not None else {}
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            text = response.read()
        except BaseException:
            connection.close()
            raise
        warnings = re.findall(r'299 - "((?:[^"\\]|\\.)*)"', ", ".join(response.headers.get_all("Warning", [])))
        return Answer(response.status, json.loads(text), [re.sub(r"\\(.)", r"\1", w) for w in warnings])

    def call(self, method: str, path: str, body: object = None, kind: str = "application/json") -> Object:
        """Send one request; raise ApiError unless it succeeds."""
        answer = self.ask(method, path, body, kind)
        if answer.status >= http.client.BAD_REQUEST:
            raise ApiError(f"{method} {path}: {answer.status}: {answer.object.get('message')}")
        return answer.object

    def get(self, kind: str, name: str = "", namespace: str = "", **query: str) -> Object:
        """Read one object, or the list of them where no name is given."""
        return self.call("GET", url(kind, name, namespace, **query))

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """Read one object, or return None if it does not exist."""
        answer = self.ask("GET", url(kind, name, namespace))
        return None if answer.status == http.client.NOT_FOUND else answer.object

    def create(self, manifest: Object, *, dry_run: bool = False) -> Answer:
        """Create an object; return the answer, also if it is a rejection."""
        query = {"dryRun": "All"} if dry_run else {}
        path = url(manifest["kind"], "", manifest["metadata"].get("namespace", ""), **query)
        return self.ask("POST", path, manifest)

    def apply(self, *objects: Object) -> list[Object]:
        """Create or change objects by server-side apply; raise ApiError if one is rejected."""
        return [
            self.call(
                "PATCH",
                url(
                    manifest["kind"],
                    manifest["metadata"]["name"],
                    manifest["metadata"].get("namespace", ""),
                    fieldManager="tests",
                    force="true",
                ),
                manifest,
                "application/apply-patch+yaml",
            )
            for manifest in objects
        ]

    def merge(self, kind: str, name: str, namespace: str, patch: Object) -> Object:
        """Change an object by merge patch."""
        return self.call("PATCH", url(kind, name, namespace), patch, "application/merge-patch+json")

    def json_patch(self, kind: str, name: str, operations: list[Object]) -> Object:
        """Change an object of the cluster by JSON patch."""
        return self.call("PATCH", url(kind, name), operations, "application/json-patch+json")

    def delete(self, kind: str, name: str, namespace: str = "", **query: str) -> None:
        """Delete an object; a missing object is no error."""
        answer = self.ask("DELETE", url(kind, name, namespace, **query))
        if answer.status not in {200, 202, 404}:
            raise ApiError(f"delete {kind} {namespace}/{name}: {answer.object.get('message')}")

    def stream(self, path: str) -> Stream:
        """Open a stream: a watch, or a followed log."""
        return Stream(UnixConnection(self.path, timeout=900), path)

    def close(self) -> None:
        """Close every thread's connection."""
        while self.connections:
            self.connections.pop().close()


class Stream:
    """The lines of a stream until it ends or another thread calls stop()."""

    def __init__(self, connection: UnixConnection, path: str) -> None:
        self.connection = connection
        connection.connect()
        self.socket = connection.sock  # getresponse() takes it away from an answer without a length
        connection.request("GET", path)
        self.response = connection.getresponse()

    def __iter__(self) -> Iterator[bytes]:
        """Yield each line, and close the connection at the end."""
        try:
            while line := self.response.readline():
                yield line
        finally:
            self.response.close()
            self.connection.close()

    def stop(self) -> None:
        """Let the iteration end."""
        with suppress(OSError):  # it has ended already
            self.socket.shutdown(socket.SHUT_RDWR)


def url(kind: str, name: str = "", namespace: str = "", **query: str) -> str:
    """Return the path of an object, or of the collection where no name is given."""
    group = f"/apis/{GROUPS[kind]}" if kind in GROUPS else "/api/v1"
    word = kind.lower()
    plural = f"{word[:-1]}ies" if word[-1] == "y" else f"{word}es" if word[-1] == "s" else f"{word}s"
    space = f"/namespaces/{quote(namespace)}" if namespace else ""
    tail = f"/{quote(name)}" if name else ""
    return f"{group}{space}/{plural}{tail}" + (f"?{urlencode(query)}" if query else "")
