"""Read a cluster through the API: lists in pages, single objects, and a command in a container.

It never writes. The Kubernetes client is imported here, in ``webhook/cli/check.py`` and in ``certs/store.py``, and
only when a cluster is needed, so that other commands start faster.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kubernetes import client

PAGE = 500
"""Objects per request, as in kubectl; it limits memory on both sides."""
SECONDS = 30.0
"""For one request."""
_RESTARTS = 5


class ClusterError(Exception):
    """A request failed: the message has verb, resource and reason in one line."""


class NotFound(ClusterError):
    """The object does not exist."""


class Resource(NamedTuple):
    """A kind of object and its path in the API."""

    group: str
    """``v1`` or ``apps/v1``."""
    plural: str
    kind: str

    def path(self, namespace: str = "", name: str = "") -> str:
        """Return the path of all objects, those of a namespace, or one."""
        root = "/api/" if "/" not in self.group else "/apis/"
        within = f"/namespaces/{quote(namespace)}" if namespace and self.plural != "namespaces" else ""
        return f"{root}{self.group}{within}/{self.plural}" + (f"/{quote(name)}" if name else "")

    def __str__(self) -> str:
        """Return the name that RBAC uses, as in ``deployments.apps``."""
        group, _, version = self.group.partition("/")
        return f"{self.plural}.{group}" if version else self.plural


PODS = Resource("v1", "pods", "Pod")
NAMESPACES = Resource("v1", "namespaces", "Namespace")
WORKLOADS = (
    Resource("apps/v1", "deployments", "Deployment"),
    Resource("apps/v1", "statefulsets", "StatefulSet"),
    Resource("apps/v1", "daemonsets", "DaemonSet"),
    Resource("batch/v1", "cronjobs", "CronJob"),
)
_BUILT_IN = ("apps", "batch", "extensions")


class Cluster:
    """A cluster: that of the kubeconfig's context, or of the Pod that this runs in. Methods raise ``ClusterError``."""

    def __init__(self, api: client.ApiClient, namespace: str) -> None:
        self.api = api
        self.namespace = namespace
        """The namespace of the context."""

    def objects(
        self, resource: Resource, namespace: str = "", fields: str = ""
    ) -> Iterator[tuple[dict[str, Any], int | None]]:
        """Yield the objects page by page, each with the number that follows, or None if it is unknown.

        If a list expires on the API server (410), it continues with the current objects.
        """
        token, restarts = "", 0
        while True:
            query = {"limit": str(PAGE)} | ({"fieldSelector": fields} if fields else {})
            query |= {"continue": token} if token else {}
            status, page = self._request("list", resource, resource.path(namespace), query)
            if status == HTTPStatus.GONE and restarts < _RESTARTS:
                token, restarts = str((page.get("metadata") or {}).get("continue") or ""), restarts + 1
                continue
            _raise_for_status(status, page, "list", resource, namespace)
            metadata, items = page.get("metadata") or {}, page.get("items") or []
            token = metadata.get("continue") or ""
            left = metadata.get("remainingItemCount") if token else 0
            for number, item in enumerate(items, start=1):
                yield item, None if left is None else int(left) + len(items) - number
            if not token:
                return

    def custom(self, kinds: Iterable[str]) -> Iterator[Resource]:
        """Return the resources of custom kinds, each ``Kind.group``, that this cluster serves: their CRDs are there."""
        wanted = set(kinds)
        apis = Resource("", "apis", "")
        _, listed = self._request("list", apis, "/apis", {})
        for group in listed.get("groups") or ():
            if not any(kind.partition(".")[2] == group["name"] for kind in wanted) or group["name"] in _BUILT_IN:
                continue
            version = group["preferredVersion"]["groupVersion"]
            _, served = self._request("list", apis, f"/apis/{version}", {})
            for found in served.get("resources") or ():
                if f"{found['kind']}.{group['name']}" in wanted and "/" not in found["name"]:
                    yield Resource(version, found["name"], found["kind"])

    def get(self, resource: Resource, name: str, namespace: str = "") -> dict[str, Any]:
        """Return one object; raise ``NotFound`` if it does not exist."""
        status, answer = self._request("get", resource, resource.path(namespace, name), {})
        _raise_for_status(status, answer, "get", resource, namespace, name)
        return answer

    def run(self, pod: str, namespace: str, container: str, argv: list[str]) -> tuple[str, str, int]:
        """Run a command in a container (pods/exec); return stdout, stderr and the exit code."""
        from kubernetes import client  # noqa: PLC0415 - see the module's docstring
        from kubernetes.stream import stream  # noqa: PLC0415

        connect_exec = client.CoreV1Api(self.api).connect_get_namespaced_pod_exec
        options = {"command": argv, "container": container, "stdout": True, "stderr": True, "_preload_content": False}
        try:
            connection = stream(connect_exec, pod, namespace, **options)
            connection.run_forever(timeout=SECONDS)
            out, err = connection.read_stdout(), connection.read_stderr()
            return out or "", err or "", int(connection.returncode if connection.returncode is not None else -1)
        except client.ApiException as error:
            raise ClusterError(
                f"create pods/exec in {namespace}/{pod}: {' '.join(str(error.reason).split())}"
            ) from None

    def _request(self, verb: str, resource: Resource, path: str, query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        import urllib3  # noqa: PLC0415 - comes with the client

        url = f"{path}?{urlencode(query)}" if query else path
        headers = {"Accept": "application/json"}
        request = self.api.param_serialize("GET", url, header_params=headers, auth_settings=["BearerToken"])
        try:
            response = self.api.call_api(*request, _request_timeout=SECONDS)
            body: Any = response.read()  # type: ignore[no-untyped-call]
        except (urllib3.exceptions.HTTPError, OSError) as error:
            reason = getattr(error, "reason", None) or error
            raise ClusterError(f"cannot reach the cluster to {verb} {resource}: {reason}") from None
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {"message": body[:200].decode(errors="replace")}
        return response.status, answer if isinstance(answer, dict) else {}


def _raise_for_status(
    status: int, answer: dict[str, Any], verb: str, resource: Resource, namespace: str, name: str = ""
) -> None:
    """Raise ``ClusterError`` for an error status, in one line with verb and resource."""
    if status < HTTPStatus.BAD_REQUEST:
        return
    where = f" {name}" if name else ""
    where += f" in namespace {namespace}" if namespace else ""
    if status == HTTPStatus.NOT_FOUND and name:
        raise NotFound(f"{verb} {resource}{where}: not found")
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED):
        raise ClusterError(f"missing permission: {verb} {resource}{where}")
    raise ClusterError(f"{verb} {resource}{where}: {status} {' '.join(str(answer.get('message', '')).split())[:300]}")


def connect(context: str | None = None, kubeconfig: Path | None = None) -> Cluster:
    """Return the cluster of a context (the current one by default), or of the Pod that this runs in."""
    try:
        from kubernetes import client, config  # noqa: PLC0415 - see the module's docstring
    except ImportError:
        raise ClusterError("a cluster needs the Kubernetes client: pip install 'lastcall[cluster]'") from None
    configuration = client.Configuration()
    file = str(kubeconfig) if kubeconfig else None
    namespace = "default"
    try:
        config.load_config(config_file=file, context=context, client_configuration=configuration)  # type: ignore[no-untyped-call]
    except (config.ConfigException, OSError, TypeError, KeyError) as error:
        raise ClusterError(f"cannot connect to a cluster: {' '.join(str(error).split())}") from None
    try:
        contexts, current = config.list_kube_config_contexts(file)  # type: ignore[no-untyped-call]
        entry = next((c for c in contexts if c["name"] == context), current)
        namespace = entry["context"].get("namespace") or namespace
    except (config.ConfigException, OSError):
        pass  # within a Pod
    configuration.retries = False
    return Cluster(client.ApiClient(configuration), namespace)
