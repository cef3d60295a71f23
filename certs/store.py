"""Read and write the objects; the only module of `certs` that imports the Kubernetes client.

Every update has the resourceVersion that was read, so a change in between is a `Conflict` and is never overwritten.
Objects stay JSON: fields that this version does not know are preserved.

`now` is the API server's clock, from the Date header of its answers: the API server verifies the certificates' dates,
so the clock of the controller's node does not matter.

The permissions that this needs, and no more (deploy/overlays/self-managed/rbac.yaml):

| where | resource | names | verbs | for |
| --- | --- | --- | --- | --- |
| namespace | secrets | lastcall-tls, lastcall-ca | get, update | the pair; the ledger |
| namespace | secrets | any (`create` cannot be limited to names) | create | both, at first or when deleted |
| namespace | leases.coordination.k8s.io | lastcall-certs | get, update | one writer |
| namespace | leases.coordination.k8s.io | any | create | the same Lease, at first |
| namespace | endpointslices.discovery.k8s.io | any | list | which replicas to probe |
| namespace | events | any | create | one Event per rotation |
| cluster | mutatingwebhookconfigurations.admissionregistration.k8s.io | lastcall | get, update | caBundle |
"""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import urllib3
from kubernetes import client, config

from certs.resources import Names, Resource, resources

if TYPE_CHECKING:
    from certs.objects import Object

FIELD_MANAGER = "lastcall-certs"
TIMEOUT = 5.0
"""Seconds for one request."""
CHANGED = {("PUT", HTTPStatus.CONFLICT), ("PUT", HTTPStatus.NOT_FOUND), ("POST", HTTPStatus.CONFLICT)}
"""Answers that are a `Conflict`: the object was changed, deleted, or created by another client."""


class Failure(Exception):
    """A request failed: the message has verb, resource, name and reason."""


class Conflict(Failure):
    """The object has changed since it was read."""


class Store:
    """The objects by role: ledger, serving, configuration, lease. Methods raise Failure if the request fails."""

    def __init__(self, api: client.ApiClient, names: Names) -> None:
        self.api = api
        self.now = datetime.now(UTC)
        self.names = names
        self.resources = resources(names)

    def blank(self, role: str) -> Object:
        """Return a new object of this role, to be created by `write`."""
        resource = self.resources[role]
        metadata = {"name": resource.name, "namespace": resource.namespace}
        kind = {"apiVersion": resource.api_version, "kind": resource.kind}
        return kind | {"metadata": metadata} | ({"type": resource.type} if resource.type else {})

    def read(self, role: str) -> Object | None:
        """Return an object (a quorum read), or None if it does not exist."""
        resource = self.resources[role]
        return self._request("GET", "get", resource, f"{resource.collection}/{quote(resource.name)}")

    def write(self, role: str, manifest: Object) -> None:
        """Update an object that came from `read`, or create a new one; Conflict if another client wrote first."""
        resource = self.resources[role]
        manager = f"?fieldManager={FIELD_MANAGER}"
        if "resourceVersion" in manifest["metadata"]:
            path = f"{resource.collection}/{quote(resource.name)}{manager}"
            self._request("PUT", "update", resource, path, manifest)
        else:
            self._request("POST", "create", resource, f"{resource.collection}{manager}", manifest)

    def endpoint_slices(self) -> list[Object]:
        """Return the EndpointSlices of the webhook's Service."""
        names = self.names
        slices = Resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", "", names.namespace)
        selector = quote(f"kubernetes.io/service-name={names.service}")
        response = self._request("GET", "list", slices, f"{slices.collection}?labelSelector={selector}") or {}
        return list(response.get("items") or [])

    def record_event(self, role: str, reason: str, message: str) -> None:
        """Create an Event about one of the Secrets."""
        about = self.resources[role]
        events = Resource("v1", "Event", "events", about.name, about.namespace)
        now = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        reference = {"apiVersion": "v1", "kind": about.kind, "name": about.name, "namespace": about.namespace}
        event = {
            "metadata": {"generateName": f"{about.name}.", "namespace": about.namespace},
            "involvedObject": reference,
            "type": "Normal",
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": FIELD_MANAGER},
        }
        self._request("POST", "create", events, events.collection, {"apiVersion": "v1", "kind": "Event"} | event)

    def _request(
        self, method: str, verb: str, resource: Resource, path: str, body: Object | None = None
    ) -> Object | None:
        try:
            request = self.api.param_serialize(
                method, path, header_params={"Accept": "application/json"}, body=body, auth_settings=["BearerToken"]
            )
            response = self.api.call_api(*request, _request_timeout=TIMEOUT)
            answer: Any = response.read()  # type: ignore[no-untyped-call]
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Failure(f"{verb} {resource}: {error}") from error
        if date := response.headers.get("Date"):
            self.now = parsedate_to_datetime(date)
        if response.status < HTTPStatus.BAD_REQUEST:
            return dict(json.loads(answer))
        if response.status == HTTPStatus.NOT_FOUND and method == "GET":
            return None
        if response.status == HTTPStatus.FORBIDDEN:
            raise Failure(f"missing permission: {verb} {resource}")
        kind = Conflict if (method, response.status) in CHANGED else Failure
        raise kind(f"{verb} {resource}: {response.status} {_message(answer)}")


def connect(*, strict: bool = True) -> client.ApiClient:
    """Return a client for the Pod's ServiceAccount, or for the kubeconfig outside a cluster; Failure if neither exists.

    `strict=False` accepts a cluster CA without the key identifiers that Python 3.13 demands, and relaxes nothing else.
    """
    try:
        config.load_config()  # type: ignore[no-untyped-call]
    except (config.ConfigException, OSError) as error:
        raise Failure(f"cannot connect to the API server: {error}") from error
    api = client.ApiClient()
    if not strict:
        context = urllib3.util.ssl_.create_urllib3_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        api.rest_client.pool_manager.connection_pool_kw["ssl_context"] = context
    return api


def _message(answer: bytes) -> str:
    try:
        return str(json.loads(answer).get("message", ""))[:300]
    except ValueError:
        return answer[:300].decode(errors="replace")
