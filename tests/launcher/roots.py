"""Root file systems: an image laid out as a folder, and the way into it as a container runtime goes."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from tests.launcher import tools
from tests.launcher.container import INSIDE
from tests.launcher.images import Image

HERE: Final = Path(__file__).parent
APP: Final = "/app"
USERS: Final = {"root": 0, "node": 1000}
# Package: its folder in what `tools.manager` installs, and its commands.
_PACKAGES: Final = {
    "npm": ("npm", "npm", {"npm": "bin/npm-cli.js", "npx": "bin/npx-cli.js"}),
    "pnpm": ("pnpm10", "pnpm", {"pnpm": "bin/pnpm.cjs"}),
    "yarn": ("yarn1", "yarn", {"yarn": "bin/yarn.js"}),
    "yarn4": ("yarn4", "@yarnpkg/cli-dist", {"yarn": "bin/yarn.js"}),
}
# What a Pod can have otherwise: the word in a row of the table, and how the mounts differ.
GIVEN: Final = {
    "read-only root": 'mount -o remount,bind,ro "$root"; mount -o remount,bind,ro "$root/app"',
    "read-only /proc": 'mount -t proc -o ro proc "$root/proc"',
    "hidepid": 'mount -t proc -o hidepid=2 proc "$root/proc"',
    "no /proc": ":",
}
_PROC: Final = 'mount -t proc proc "$root/proc"'
_ENTER: Final = """set -e
root=$0 path=$PATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --bind "$root" "$root"
while read -r source target; do mount --bind "$source" "$root$target"; done <"$root/mounts"
mount --rbind /dev "$root/dev"
{given}
mount --bind {folder} "$root{inside}"
PATH=$path exec {unshare} --root="$root" --wd={app} --setgid={user} --setuid={user} -- "$@"
"""
_UNSHARE: Final = shutil.which("unshare") or "unshare"
_NAMESPACES: Final = [_UNSHARE, "--pid", "--fork", "--mount", "--net", "--ipc", "--uts", "/bin/bash", "-c"]


@cache
def _program(name: str) -> str:
    return os.path.realpath(tools.program(name))


@cache
def _libraries(program: str) -> frozenset[str]:
    """Return the files that the dynamic linker needs for a program; none for a static one."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return frozenset(re.findall(r"(/\S+) \(0x", done.stdout))


def _package(name: str) -> Path:
    """Return the folder of a package manager on this machine."""
    version, folder, _ = _PACKAGES[name]
    if name == "npm":
        return Path(_program("npm")).parents[1]
    commands = Path(tools.manager(version).split(":")[0])
    return commands.parent / ("node_modules" if commands.name == "bin" else "") / folder


def project(folder: Path) -> Path:
    """Make an application that every package manager can start, with a release of yarn 4 in it."""
    (folder / ".yarn/releases").mkdir(parents=True)
    release = folder / ".yarn/releases/yarn-4.18.1.cjs"
    shutil.copy(_package("yarn4") / "bin/yarn.js", release)
    shutil.copy(HERE / "probe.js", folder)
    (folder / "package.json").write_text('{"name": "app", "private": true, "scripts": {"start": "node probe.js"}}')
    (folder / ".yarnrc.yml").write_text("nodeLinker: node-modules\nenableTelemetry: false\n")
    (folder / "yarn.lock").touch()
    environ = {"PATH": tools.manager("npm"), "HOME": str(folder)}  # with CI=true yarn would refuse to write its lock
    install = ["node", str(release), "install"]
    subprocess.run(install, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL, timeout=120)
    return folder


def lay_out(image: Image, app: Path, root: Path) -> Path:
    """Make the folders, links and files of an image, and the list of what is to be bound over them."""
    root.mkdir(mode=0o755)
    programs = {inside: _program(name) for inside, name in image.programs.items()}
    binds = {library: library for program in programs.values() for library in _libraries(program)} | programs
    for inside in binds:
        place(root, inside).touch()
    for inside in ("/proc", "/dev", "/etc", "/tmp", str(INSIDE), APP):
        (root / inside[1:]).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n")
    for inside, text in image.files.items():
        place(root, inside).write_text(text)
        place(root, inside).chmod(0o755)
    for name in image.managers.split():
        folder = f"/usr/local/lib/node_modules/{name}"
        (root / folder[1:]).mkdir(parents=True)
        binds[folder] = str(_package(name))
        for command, file in _PACKAGES[name][2].items():
            place(root, f"/usr/local/bin/{command}").symlink_to(f"{folder}/{file}")
    binds[APP] = str(app)
    (root / "mounts").write_text("".join(f"{source} {inside}\n" for inside, source in binds.items()))
    return root


def place(root: Path, inside: str) -> Path:
    """Return where a path of the image is outside, and make the folder that it lies in."""
    outside = root / inside[1:]
    outside.parent.mkdir(parents=True, exist_ok=True)
    return outside


def way_in(root: Path, user: str = "root", given: str = "") -> Callable[[Path], list[str]]:
    """Return what leads into the image as this user, for `Container`; ``given`` is one of GIVEN or nothing."""
    mounts = GIVEN.get(given, _PROC) if "proc" in given or given == "hidepid" else f"{_PROC}\n{GIVEN.get(given, '')}"

    def enter(folder: Path) -> list[str]:
        script = _ENTER.format(
            folder=shlex.quote(str(folder)), inside=INSIDE, app=APP, user=USERS[user], given=mounts, unshare=_UNSHARE
        )
        return [*_NAMESPACES, script, str(root)]

    return enter
