"""Start and stop the cluster."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from . import components, images, teardown
from .build import VERSION, outdated
from .common import BIN, DIR, KUBECONFIG, NAME, SOCKET, LabError, binary, kubectl, say
from .pki import certificates
from .processes import alive, start, stop, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

API_SOCKET = DIR / "api.sock"


def up(propagation: float = 1) -> None:
    """Start the cluster and wait until it can run Pods; raise LabError if it does not start.

    `propagation`: kube-proxy's minSyncPeriod, the maximum seconds until a change of endpoints takes effect. A
    single change takes effect immediately, another within that time only when the time is over.
    """
    begin = time.monotonic()
    if running():
        raise LabError(f"{NAME} is already up: take it down first")
    if outdated() or not (BIN / "pause").exists():
        raise LabError("not built: run `python -m tests.cluster.lab build` first")
    down()
    for name in ("log", "pki", "cni", "containerd"):
        (DIR / name).mkdir(parents=True)
    components.network()
    certificates()
    components.etcd()
    components.containerd()
    components.apiserver()
    until("the API server", ready)
    components.controllers()
    components.kubelet()
    components.kube_proxy(propagation)
    proxy()
    until("containerd", SOCKET.exists)
    images.load(images.pause())
    until("the default service account", lambda: "default" in kubectl("get", "sa", "-o", "name", check=False))
    until("the node", lambda: "True" in kubectl("get", "node", NAME, "-o", READY, check=False))
    say(f"Kubernetes {VERSION} is up after {time.monotonic() - begin:.1f} s: KUBECONFIG={KUBECONFIG}, netns {NAME}")


def ready() -> bool:
    """Tell whether the API server is."""
    return kubectl("get", "--raw", "/readyz", check=False) == "ok"


def restart_api_server(more: Mapping[str, str | Path]) -> None:
    """End the API server, at the latest by SIGKILL after a second, and start it again with these additional options."""
    stop("kube-apiserver")
    components.apiserver(more)
    until("the API server", ready)


READY = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"


def proxy() -> None:
    """Serve the API, as the administrator, on a Unix socket, which is reachable from outside the namespace."""
    where = (f"--kubeconfig={KUBECONFIG}", f"--unix-socket={API_SOCKET}")
    start("api-socket", binary("kubectl"), "proxy", *where, "--reject-paths=^$")
    until("the API socket", API_SOCKET.exists)


def down() -> None:
    """Stop and remove everything that up() started or created, as far as it exists."""
    namespaces = [NAME, *teardown.pod_namespaces()]
    teardown.stop_all()
    teardown.sweep(namespaces)
    teardown.remove(namespaces)


def running() -> bool:
    """Tell whether the essential components are alive."""
    return all(alive(name) for name in ("etcd", "containerd", "kube-apiserver", "kubelet"))


@contextmanager
def cluster(propagation: float = 1) -> Iterator[None]:
    """Run a cluster during the body; stop it after any end."""
    try:
        up(propagation)
        yield
    finally:
        down()
