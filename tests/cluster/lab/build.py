"""Install and build what the lab needs: Debian packages, Kubernetes from its Go module, pause."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from .common import BIN, CACHE, HERE, PATH, LabError, binary, say, sh

VERSION = re.findall(r"k8s\.io/kubernetes (v\S+)", (HERE / "go.mod").read_text())[0]
BINARIES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
)
PACKAGES = {  # what is looked for -> the Debian package that has it
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "iptables": "iptables",
    "ip": "iproute2",
    "conntrack": "conntrack",
    "etcd": "etcd-server",
    "debootstrap": "debootstrap",
    "buildah": "buildah",
    "gcc": "gcc",
    "/usr/include/stdlib.h": "libc6-dev",
    "openssl": "openssl",
    "nsenter": "util-linux",
    "mount": "mount",
}


def demand() -> None:
    """Raise LabError, in one line, if this machine cannot run the lab."""
    if platform.system() != "Linux":
        raise LabError(f"the cluster tests need Linux (containers, network namespaces); this is {platform.system()}")
    if os.geteuid():
        raise LabError("the cluster tests need root: sudo make test-cluster")
    if missing_packages() and not shutil.which("apt-get"):
        raise LabError(
            f"the cluster tests need {', '.join(missing_packages())}, and apt-get is not here to install them"
        )
    if outdated() and not shutil.which("go"):
        raise LabError("the cluster tests need Go to build Kubernetes once: https://go.dev/dl/")
    if not shutil.which("npm"):
        raise LabError("the cluster tests need npm to fetch the package managers under test")


def missing_packages() -> list[str]:
    """Return the packages whose programs and files are missing."""
    return [
        package
        for wanted, package in PACKAGES.items()
        if not (Path(wanted).exists() if wanted[0] == "/" else shutil.which(wanted, path=PATH))
    ]


def install() -> None:
    """Install what is missing from Debian."""
    if missing := missing_packages():
        say(f"apt-get install {' '.join(missing)}")
        sh("apt-get", "update")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        sh("apt-get", "install", "-y", "--no-install-recommends", *missing, env=quiet, timeout=1200)


def outdated() -> list[str]:
    """Return the binaries to build: missing from the cache or not of VERSION; those of the user are not rebuilt."""
    asked: dict[str, subprocess.Popen[str]] = {}
    own = [name for name in BINARIES if binary(name) == BIN / name]
    for name in own:
        if os.access(BIN / name, os.X_OK):
            argv = [str(BIN / name), *(["version", "--client"] if name == "kubectl" else ["--version"])]
            asked[name] = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    said = {name: process.communicate()[0].split() for name, process in asked.items()}
    return [name for name in own if VERSION not in said.get(name, [])]


def compile_kubernetes(names: list[str]) -> None:
    """Build commands of the pinned Kubernetes module into the cache."""
    say(f"building Kubernetes {VERSION}: {' '.join(names)} (about 6 minutes when the Go build cache is cold)")
    source = CACHE / "src"  # a copy: -mod=mod may rewrite go.mod and go.sum
    source.mkdir(parents=True, exist_ok=True)
    for name in ("go.mod", "go.sum"):
        shutil.copy(HERE / name, source / name)
    major, minor, _ = VERSION[1:].split(".", 2)
    values = {"gitVersion": VERSION, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    libraries = ("component-base", "client-go/pkg")
    stamps = [f"-X k8s.io/{library}/version.{k}={v}" for library in libraries for k, v in values.items()]
    flags = ["-mod=mod", "-trimpath", f"-ldflags=-s -w {' '.join(stamps)}", "-o", f"{BIN}/"]
    sh(
        "go",
        "-C",
        source,
        "build",
        *flags,
        *(f"k8s.io/kubernetes/cmd/{name}" for name in names),
        timeout=3600,
    )


def build() -> None:
    """Install and build everything that is missing; takes less than a second if nothing is."""
    demand()
    install()
    BIN.mkdir(parents=True, exist_ok=True)
    if not (BIN / "pause").exists():
        sh("gcc", "-Os", "-s", "-static", "-o", BIN / "pause", HERE / "pause.c")
    if names := outdated():
        compile_kubernetes(names)
        if still := outdated():
            raise LabError(f"built, but not {VERSION}: {' '.join(still)}")
