"""The programs under test, pinned and installed once into a cache folder by npm, apt and pip.

``LASTCALL_SIGNALS_CACHE`` names the folder; the default lies below ``~/.cache/lastcall``. Run as a program, it installs
everything: ``python -m tests.launcher.tools``.
"""

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

CACHE: Final = Path(os.environ.get("LASTCALL_SIGNALS_CACHE") or Path.home() / ".cache/lastcall/signals")
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# 9.6.7 and 10.2.5 are the npm versions that forward no signal in any shell (npm/run-script 6.0.2 to 7.0.2).
MANAGERS: Final = {
    "npm6": "npm@6.14.18",
    "npm8": "npm@8.19.4",
    "npm9": "npm@9.6.7",
    "npm10.2": "npm@10.2.5",
    "npm10": "npm@10.9.9",
    "npm11": "npm@11.21.2",
    "yarn1": "yarn@1.22.22",
    "yarn4": "@yarnpkg/cli-dist@4.18.1",
    "pnpm9": "pnpm@9.15.9",
    "pnpm10": "pnpm@10.34.8",
    "corepack": "corepack@0.34.0",
}
HELPERS: Final = (
    "concurrently@9.2.1",
    "cross-env@7.0.3",
    "dotenv-cli@8.0.0",
    "env-cmd@10.1.0",
    "nodemon@3.1.10",
    "npm-run-all@4.1.5",
)
NODES: Final = {
    6: "6.17.1",
    8: "8.17.0",
    10: "10.24.1",
    12: "12.22.12",
    14: "14.21.3",
    16: "16.20.2",
    18: "18.20.8",
    22: "22.22.2",
    24: "24.15.0",
}
DEBIAN: Final = {
    "busybox": ("busybox-static", "bin/busybox"),
    "tini": ("tini", "usr/bin/tini"),
    "tini-static": ("tini", "usr/bin/tini-static"),
    "dumb-init": ("dumb-init", "usr/bin/dumb-init"),
    "catatonit": ("catatonit", "usr/bin/catatonit"),
    "mksh": ("mksh", "bin/mksh"),
    "ksh93": ("ksh93u+m", "bin/ksh93"),
    "yash": ("yash", "usr/bin/yash"),
}

# Servers and languages: the program, and the packages that it needs beside those of a small Debian 12.
SERVERS: Final = {
    "nginx": ("usr/sbin/nginx", "nginx"),
    "apache2": ("usr/sbin/apache2", "apache2-bin libapr1 libaprutil1 liblua5.3-0"),
    "php": ("usr/bin/php8.2", "php8.2-cli"),
    "php-fpm": ("usr/sbin/php-fpm8.2", "php8.2-fpm"),
    "ruby": ("usr/bin/ruby3.1", "ruby3.1 libruby3.1"),
}


def npm_install(folder: Path, *packages: str) -> None:
    (folder / "package.json").write_text('{"private": true}')
    command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", *packages]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=300)


def _debian_install(folder: Path, *packages: str) -> None:
    download = ["apt-get", "download", "-qq", *packages]
    if subprocess.run(download, cwd=folder, check=False, stderr=subprocess.DEVNULL, timeout=120).returncode:
        # A new machine has no lists of packages, or old ones.
        subprocess.run(["apt-get", "update", "-qq"], check=True, stdout=subprocess.DEVNULL, timeout=300)
        subprocess.run(download, cwd=folder, check=True, timeout=120)
    for deb in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", deb, folder], check=True, timeout=60)


def once(name: str, *packages: str, install: Callable[..., None] = npm_install) -> Path:
    """Return ``CACHE/name``, filling it first where it is missing; safe for several processes at once."""
    folder = CACHE / name.replace("/", "+")
    if folder.exists():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part = CACHE / f"part-{os.getpid()}"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            install(part, *packages)
            part.rename(folder)
    return folder


def manager(name: str) -> str:
    """Return the PATH on which the package manager has this version; "npm" is the machine's own."""
    if name == "npm":
        own = shutil.which("npm")
        assert own is not None, "npm is needed"
        return f"{Path(own).parent}:{SYSTEM_PATH}"
    folder = once(MANAGERS[name], MANAGERS[name])
    commands = folder / "node_modules/.bin"
    if name == "yarn4":
        commands = folder / "bin"
        commands.mkdir(exist_ok=True)
        link = commands / "yarn"
        if not link.is_symlink():
            link.symlink_to("../node_modules/@yarnpkg/cli-dist/bin/yarn.js")
    return f"{commands}:{SYSTEM_PATH}"


def node(major: int) -> str:
    """Return the folder that holds ``node`` of this major version."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]
    package = f"node-linux-{machine}@{NODES[major]}"
    return str(once(package, package) / f"node_modules/node-linux-{machine}/bin")


def helpers() -> Path:
    """Return a ``node_modules`` folder with cross-env, nodemon and the like."""
    return once("helpers", *HELPERS) / "node_modules"


def program(name: str) -> str:
    """Return the path of a program: this machine's own, or one of DEBIAN."""
    found = shutil.which(name)
    if found is not None:
        return found
    package, path = DEBIAN[name]
    return str(once(package, package, install=_debian_install) / path)


def server(name: str) -> tuple[Path, Path]:
    """Return the program of a server or a language, and the folder of its libraries, for LD_LIBRARY_PATH."""
    path, packages = SERVERS[name]
    folder = once(f"{name}-debian", *packages.split(), install=_debian_install)
    return folder / path, folder / f"usr/lib/{platform.machine()}-linux-gnu"


def corepack() -> dict[str, str]:
    """Return the environment in which corepack's shims find package managers without a download."""
    installed = [MANAGERS[name] for name in ("npm10", "yarn1", "pnpm9")]
    folder = CACHE / "corepack-home"
    environ = {"COREPACK_HOME": str(folder), "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0", "COREPACK_INTEGRITY_KEYS": "0"}
    if not (folder / "ready").exists():
        own = manager("corepack")
        asked = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, check=True)
        online = {"COREPACK_NPM_REGISTRY": asked.stdout.strip().rstrip("/"), "PATH": own}
        command = ["corepack", "install", "--global", *installed]
        subprocess.run(
            command, env={**os.environ, **environ, **online}, check=True, stdout=subprocess.DEVNULL, timeout=300
        )
        (folder / "ready").touch()
    return environ | {"COREPACK_ENABLE_NETWORK": "0"}


def main() -> None:
    """Install everything."""
    for name in MANAGERS:
        sys.stdout.write(f"{name}: {manager(name)}\n")
    for major in NODES:
        sys.stdout.write(f"node {major}: {node(major)}\n")
    for name in DEBIAN:
        sys.stdout.write(f"{name}: {program(name)}\n")
    for name in SERVERS:
        sys.stdout.write(f"{name}: {server(name)[0]}\n")
    sys.stdout.write(f"helpers: {helpers()}\n")
    sys.stdout.write(f"corepack: {corepack()['COREPACK_HOME']}\n")


if __name__ == "__main__":
    main()
