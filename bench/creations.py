"""Create Pods in turns, one in each namespace, and print the milliseconds that each took as JSON.

Runs beside the API server, in its network; every creation is a server-side dry run, so that only admission
differs. A Pod that is not patched as expected ends the run.
"""

from __future__ import annotations

import argparse
import http.client
import json
import ssl
import time
from typing import Any

WARM_UP = 20
HEADERS = {"Content-Type": "application/json"}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "checkout-", "labels": {"app.kubernetes.io/name": "checkout"}},
    "spec": {
        "containers": [
            {
                "name": "web",
                "image": "registry.example.com/checkout:1.4.2",
                "args": ["start"],
                "env": [{"name": "NODE_ENV", "value": "production"}],
                "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}},
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 3000}},
            }
        ]
    },
}


def create(connection: http.client.HTTPSConnection, namespace: str, program: str) -> tuple[float, dict[str, Any]]:
    """Return the milliseconds until the API server has answered, and the Pod as it would be stored."""
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
    POD["spec"]["containers"][0]["command"] = [program]
    body = json.dumps(POD)
    start = time.perf_counter()
    connection.request("POST", path, body, HEADERS)
    answer = connection.getresponse().read()
    milliseconds = (time.perf_counter() - start) * 1000
    found: dict[str, Any] = json.loads(answer)
    if found["kind"] != "Pod":
        raise RuntimeError(f"{namespace}: {found.get('message')}")
    return milliseconds, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pki", required=True, help="where ca.crt, admin.crt and admin.key are")
    parser.add_argument("--port", type=int, default=6443)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("namespaces", nargs="+", help="NAME=PROGRAM of its Pods; the first has no mutator")
    options = parser.parse_args()
    context = ssl.create_default_context(cafile=f"{options.pki}/ca.crt")
    context.load_cert_chain(f"{options.pki}/admin.crt", f"{options.pki}/admin.key")
    connection = http.client.HTTPSConnection("127.0.0.1", options.port, timeout=30, context=context)
    spaces = [namespace.split("=") for namespace in options.namespaces]
    durations: dict[str, list[float]] = {namespace: [] for namespace, _ in spaces}
    for turn in range(-WARM_UP, options.count):
        begin = turn % len(spaces)
        for namespace, program in (*spaces[begin:], *spaces[:begin]):
            milliseconds, pod = create(connection, namespace, program)
            patched = "lifecycle" in pod["spec"]["containers"][0]
            if patched != (namespace != spaces[0][0]):
                raise RuntimeError(f"{namespace}: patched is {patched}")
            if turn >= 0:
                durations[namespace].append(milliseconds)
    print(json.dumps(durations))


if __name__ == "__main__":
    main()
