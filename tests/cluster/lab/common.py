"""Paths, names and process helpers that everything in the lab shares."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = os.environ.get("LASTCALL_LAB", "lastcall")  # network namespace, node, CNI network and cgroup
CACHE = Path(os.environ.get("LASTCALL_CACHE", "~/.cache/lastcall")).expanduser()
DIR = Path("/tmp") / f"{NAME}-lab"  # short: containerd puts sockets below it
BIN = CACHE / "bin"
HERE = Path(__file__).resolve().parent
NETNS = Path("/run/netns") / NAME
KUBECONFIG = DIR / "admin.kubeconfig"
SOCKET = DIR / "containerd" / "containerd.sock"
CTR = ("ctr", "-a", str(SOCKET), "-n", "k8s.io")
CLIENT_NET = "198.18.254.0/24"  # addresses of the load generator
INSIDE = ("nsenter", f"--net={NETNS}")  # not `ip netns exec`: that one remounts /sys and hides the cgroups
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
ENVIRONMENT = {**os.environ, "PATH": PATH, "KUBECONFIG": str(KUBECONFIG), "KUBECACHEDIR": str(DIR / "kubectl")}


class LabError(Exception):
    """A failure, shown to the user as one line."""


def say(text: str) -> None:
    """Print progress to stderr; standard output has only results."""
    sys.stderr.write(f"lab: {text}\n")
    sys.stderr.flush()


def sh(
    *argv: str | Path,
    check: bool = True,
    timeout: float = 600,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a program and return its standard output; its error text becomes the LabError."""
    done = subprocess.run(
        [str(word) for word in argv],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**ENVIRONMENT, **(env or {})},
    )
    if check and done.returncode:
        shown = " ".join(map(str, argv))[:120]
        raise LabError(f"{shown}: exit {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def binary(name: str) -> Path:
    """Return the path of a program: where controller-runtime's envtest looks for it, else in the lab's cache.

    `TEST_ASSET_KUBE_APISERVER`, `TEST_ASSET_ETCD` and `TEST_ASSET_KUBECTL` name one file each;
    `KUBEBUILDER_ASSETS` names a directory that holds some or all of them.
    https://pkg.go.dev/sigs.k8s.io/controller-runtime/pkg/envtest
    """
    if own := os.environ.get(f"TEST_ASSET_{name.upper().replace('-', '_')}"):
        return Path(own)
    assets = Path(os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin")) / name
    return assets if assets.exists() else Path("/usr/bin/etcd") if name == "etcd" else BIN / name


def kubectl(*argv: str, check: bool = True, stdin: str | None = None) -> str:
    """Run kubectl as the cluster's administrator inside the network namespace; returns its standard output."""
    return sh(*INSIDE, binary("kubectl"), f"--kubeconfig={KUBECONFIG}", *argv, check=check, stdin=stdin)
