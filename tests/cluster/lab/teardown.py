"""Remove every trace of a cluster, also of one that crashed: processes, mounts, namespaces, cgroups, files."""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

from .common import CTR, DIR, NAME, sh
from .processes import alive, stop, sweep

__all__ = ["cgroups", "pod_namespaces", "remove", "stop_all", "sweep"]

CNI_CACHE = Path("/var/lib/cni/results")
POD_LOG_LINKS = Path("/var/log/containers")  # the kubelet's, whatever podLogsDir says
KUBERNETES = (
    "kubelet",
    "kube-proxy",
    "kube-scheduler",
    "kube-controller-manager",
    "kube-apiserver",
    "api-socket",
)


def stop_all() -> None:
    """End the components, the containers between kubelet and containerd."""
    for name in KUBERNETES:
        stop(name)
    if alive("containerd"):
        tasks = sh(*CTR, "task", "ls", "-q", check=False, timeout=60).split()
        if tasks:
            sh(*CTR, "task", "rm", "-f", *tasks, check=False, timeout=120)
    stop("containerd", patience=5)
    stop("etcd")


def remove(namespaces: list[str]) -> None:
    """Remove what ended processes leave behind."""
    sockets = [f.read_text().removeprefix("unix://") for f in DIR.glob("containerd/state/*.task/*/*/address")]
    tasks = [task.name for task in DIR.glob("containerd/state/*.task/*/*")]  # of shims that died
    results = cni_results()
    for mount in mounts_below(DIR):
        sh("umount", "-l", mount, check=False)
    for task in tasks:
        shutil.rmtree(f"/run/containerd/runc/k8s.io/{task}", ignore_errors=True)
    for path in [*map(Path, sockets), *results, *log_links()]:
        path.unlink(missing_ok=True)
    for name in namespaces:
        if Path("/run/netns", name).exists():
            sh("ip", "netns", "del", name)
    for _ in range(100):  # a process that was killed may take a while to be gone
        for group in cgroups():
            for folder, _, _ in os.walk(group, topdown=False):
                with suppress(OSError):
                    Path(folder).rmdir()
        shutil.rmtree(DIR, ignore_errors=True)
        if not any(path.exists() for path in (DIR, *cgroups())):
            return
        time.sleep(0.1)


def log_links() -> list[Path]:
    """Return the links that the kubelet made to its Pods' logs."""
    links = POD_LOG_LINKS.iterdir() if POD_LOG_LINKS.exists() else ()
    return [link for link in links if link.is_symlink() and link.readlink().is_relative_to(DIR)]


def cni_results() -> list[Path]:
    """Return the CNI library's cached results for this lab's Pods."""
    own = list(CNI_CACHE.glob(f"{NAME}-*-eth0"))
    ids = [path.name.removeprefix(f"{NAME}-").removesuffix("-eth0") for path in own]
    return own + [CNI_CACHE / f"cni-loopback-{name}-lo" for name in ids]


def pod_namespaces() -> list[str]:
    """Return the network namespaces that containerd made for this lab's Pods."""
    known = [path for path in cni_results() if path.exists()]
    files = [*known, *DIR.glob("containerd/state/*.task/*/*/config.json")]
    return sorted({name for file in files for name in re.findall(r"/netns/(cni-[0-9a-f-]{36})", file.read_text())})


def mounts() -> list[str]:
    """Return the mount points of this machine; one that is mounted over comes more than once."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return sorted(line.split()[4].encode().decode("unicode_escape") for line in lines)


def mounts_below(root: Path) -> list[str]:
    """Return the mount points under a directory, the deepest first."""
    return [point for point in reversed(mounts()) if point.startswith(f"{root}/")]


def cgroups() -> list[Path]:
    """Return this lab's cgroup: one directory on cgroup v2, one per controller on v1."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return [root / NAME]
    return [path / NAME for path in root.iterdir() if path.is_dir() and not path.is_symlink()]
