"""Show in under a minute what lastcall does; leave nothing behind."""

from __future__ import annotations

import base64
import json
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonpatch
from rich.console import Console
from rich.syntax import Syntax

from examples.demo import container
from webhook import manifests
from webhook.manifests import emit
from webhook.report import render

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = Path(__file__).parent.parent / "npm-deployment.yaml"
console = Console(soft_wrap=True)


def main() -> None:
    """Serve, ask, show, and end two containers."""
    (document,) = [d for d in manifests.read(MANIFEST.name, MANIFEST.read_text()) if getattr(d, "workloads", None)]
    assert isinstance(document, manifests.Document)
    before = document.workloads[0].pod
    console.rule("1. An API server asks about a Pod that starts `npm start`")
    with serving() as (url, ca):
        response = ask(f"{url}/mutate", ca, before)
    operations = json.loads(base64.b64decode(response["patch"]))
    after = jsonpatch.apply_patch(before, operations)
    console.print(f"allowed: {response['allowed']}, {len(operations)} operations, TLS verified against the issued CA\n")
    for name, text in response["auditAnnotations"].items():
        console.print(f"  {name:<13} {text}", highlight=False)
    console.rule("2. The Pod before and after")
    console.print(Syntax(render.diff("Pod", dump(before), dump(after)), "diff", background_color="default"))
    console.rule("3. Both commands for real: SIGTERM during a request of one second")
    if reason := container.missing():
        console.print(f"left out: {reason}")
        return
    for name, pod in (("as written", before), ("as patched", after)):
        spec = pod["spec"]["containers"][0]
        console.print(f"  {name}: {container.end(spec['command']).tell()}", highlight=False)


@contextmanager
def serving() -> Iterator[tuple[str, ssl.SSLContext]]:
    """Run ``lastcall serve --self-signed`` on a free port; yield its URL and a client that trusts its CA only."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "webhook.cli", "serve", "--self-signed", "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        try:
            ca = server.stderr.readline().removeprefix("CA: ").strip()
            next(line for line in server.stderr if '"certificate loaded"' in line)
            yield f"https://127.0.0.1:{port}", ssl.create_default_context(cafile=ca)
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate()


def ask(url: str, ca: ssl.SSLContext, pod: dict[str, Any]) -> dict[str, Any]:
    """Send the review that an API server sends, and return its response."""
    request = {
        "uid": str(uuid.uuid4()),
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "shop",
        "operation": "CREATE",
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
        "object": pod,
        "dryRun": False,
    }
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    headers = {"Content-Type": "application/json"}
    call = urllib.request.Request(f"{url}?timeout=5s", json.dumps(review).encode(), headers)
    with urllib.request.urlopen(call, context=ca, timeout=10) as answer:
        response: dict[str, Any] = json.load(answer)["response"]
    assert response["uid"] == request["uid"]
    return response


def dump(pod: dict[str, Any]) -> str:
    """Write a Pod as YAML."""
    return emit.text(pod)


if __name__ == "__main__":
    main()
