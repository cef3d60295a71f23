"""Starting the cluster and taking it down again."""

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
    """Start the cluster and wait until it can run Pods; raise LabError where it does not come up.

    `propagation`: kube-proxy's minSyncPeriod, the seconds until it has certainly followed a change of endpoints. A
    lone change takes effect at once, one within that time of the last change when the time is over.
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
    """End the API server, at the latest by SIGKILL after a second, and start it anew with these options besides."""
    stop("kube-apiserver")
    components.apiserver(more)
    until("the API server", ready)


READY = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"


def proxy() -> None:
    """Offer the API, as the administrator, on a Unix socket: it can be reached from outside the namespace."""
    where = (f"--kubeconfig={KUBECONFIG}", f"--unix-socket={API_SOCKET}")
    start("api-socket", binary("kubectl"), "proxy", *where, "--reject-paths=^$")
    until("the API socket", API_SOCKET.exists)


def down() -> None:
    """Stop and remove all that up() started or caused; nothing is assumed to be there."""
    namespaces = [NAME, *teardown.pod_namespaces()]
    teardown.stop_all()
    teardown.sweep(namespaces)
    teardown.remove(namespaces)


def running() -> bool:
    """Tell whether the components without which nothing works are alive."""
    return all(alive(name) for name in ("etcd", "containerd", "kube-apiserver", "kubelet"))


@contextmanager
def cluster(propagation: float = 1) -> Iterator[None]:
    """Run a cluster for as long as the body lasts, however it ends."""
    try:
        up(propagation)
        yield
    finally:
        down()
