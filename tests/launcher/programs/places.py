"""Where the programs of webhook/predict/programs.tsv are installed: on this machine, and in a Debian of their own.

`MACHINE` has what the other tests have, too. `DEBIAN` is a folder in the cache that debootstrap, apt, pip and npm fill
once with every program of the table; /app and /probe are bound into it, and the port numbers are the machine's.
"""

import hashlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from tests.launcher import shapes, tools
from tests.launcher.container import INSIDE
from webhook.predict.programs import PROGRAMS, Program

APP: Final = Path("/app")
SUITE: Final = "bookworm"
MANAGERS: Final = frozenset(spec.rpartition("@")[0] for spec in tools.MANAGERS.values())
"""The packages of which tests.launcher.tools has the versions."""
EVERYDAY: Final = frozenset(
    f"apt:{name}" for name in ("dash", "busybox-static", "bash", "mksh", "tini", "dumb-init")
) | {"pip:gunicorn", *(f"npm:{name}" for name in MANAGERS)}
"""What the machine has that runs `make test`."""
ALSO: Final = "libatomic1 libexec-maven-plugin-java libstdc++6 python3-venv"
"""Debian packages that the programs of the table need in addition."""
ENV: Final = {
    "VIRTUAL_ENV": "/opt/python",  # of pipenv and pdm
    "POETRY_VIRTUALENVS_CREATE": "false",
    "UV_OFFLINE": "1",
    "PIPENV_VERBOSITY": "-1",
    "PIPENV_NOSPIN": "1",
    "PDM_CHECK_UPDATE": "0",
}
_IN: Final = (shutil.which("unshare") or "unshare", "--pid", "--fork", "--mount", "/bin/bash", "-c")
_ENTER: Final = """set -e
root=$0 app=$1 probe=$2 shell=$3 cache=$4
shift 4
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
mkdir "$root/run/lock"
mount --bind "$app" "$root/app"
mount --bind "$probe" "$root/probe"
mount --bind "$cache" "$root$cache"
[ -z "$shell" ] || mount --bind "$root$shell" "$root/usr/bin/dash"
exec env PWD=/app unshare --root="$root" --wd=/app -- "$@"
"""
_SHELLS: Final = {"ash": "/usr/bin/busybox", "bash": "/usr/bin/bash", "mksh": "/usr/bin/mksh"}


def everyday(program: Program) -> bool:
    """Say whether `make test` measures the row."""
    return program.package in EVERYDAY


@dataclass(frozen=True)
class Place:
    """How a container is started: what is in front of PATH, its variables, and the way into another root."""

    path: Callable[[], str]
    env: dict[str, str]
    enter: Callable[[Path, str], Callable[[Path], list[str]] | None]
    """Takes the application's folder and the shell."""


def path(program: Program, version: str, place: Place) -> str:
    """Return the PATH on which the program has this version, and node the one of the pinned package managers."""
    wanted = f"{program.package.removeprefix('npm:')}@{version}"
    managers = [tools.manager(name) for name, spec in tools.MANAGERS.items() if spec == wanted]
    folders = [manager.removesuffix(f":{tools.SYSTEM_PATH}") for manager in managers]
    return ":".join((tools.node(shapes.NODE), *folders, place.path(), tools.SYSTEM_PATH))


def _commands() -> str:
    """Return the folders of what the machine may not have on its PATH: the inits and gunicorn."""
    programs = (Path(sys.executable), *(Path(tools.program(name)) for name in ("tini", "dumb-init")))
    return ":".join(str(program.parent) for program in programs)


def _enter(app: Path, shell: str) -> Callable[[Path], list[str]]:
    """Return the way into the Debian with this application, for `Container`."""
    root = debian()

    def enter(folder: Path) -> list[str]:
        return [*_IN, _ENTER, str(root), str(app), str(folder), _SHELLS.get(shell, ""), str(tools.CACHE)]

    return enter


def _stay(app: Path, shell: str) -> None:
    """Return no way into another root: the container has this machine's."""


MACHINE: Final = Place(_commands, {}, _stay)
DEBIAN: Final = Place(lambda: "/opt/python/bin:/opt/npm/node_modules/.bin", ENV, _enter)


def _wanted(kind: str, sign: str = "") -> list[str]:
    """Return what apt, pip or npm is to install for the table; with a sign, in the versions of the table."""
    rows = [row for row in PROGRAMS if row.package.startswith(f"{kind}:")]
    names = {(row.package.partition(":")[2], version if sign else "") for row in rows for version in row.versions}
    return sorted(f"{name}{sign}{version}" for name, version in names if name not in MANAGERS)


@cache
def debian() -> Path:
    """Return the root folder with every program of the table; made once for one list of packages."""
    packages = {"apt": _wanted("apt"), "pip": _wanted("pip", "=="), "npm": _wanted("npm", "@")}
    state = hashlib.sha256(f"{packages}{ALSO}".encode()).hexdigest()[:12]
    return tools.once(f"debian-{state}", install=lambda folder: _install(folder, packages))


def inside(root: Path, *argv: str) -> str:
    """Run a command in a root folder and return its output."""
    script = 'mount --rbind /dev "$0/dev"; mount -t proc proc "$0/proc"; exec chroot "$0" "$@"'
    done = subprocess.run([*_IN, script, root, *argv], check=True, text=True, stdout=subprocess.PIPE, timeout=1200)
    return done.stdout


def with_versions(program: Program) -> Program:
    """Return the row with the versions that are installed in the Debian: its packages have those of today."""
    kind, _, name = program.package.partition(":")
    return replace(program, versions=(_version(name),)) if kind == "apt" else program


@cache
def _version(package: str) -> str:
    """Return the upstream version of a Debian package: without epoch, revision and repackaging."""
    text = inside(debian(), "dpkg-query", "-W", "-f", "${Version}", package)
    return re.sub(r"^\d+:|-[^-]*$|[+~](dfsg|really|ds).*", "", text)


def _install(root: Path, packages: dict[str, list[str]]) -> None:
    sys.stderr.write("installing a Debian with every program of the table: a few minutes, 2 GB\n")
    bootstrap = ["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(root)]
    subprocess.run(bootstrap, check=True, stdout=subprocess.DEVNULL, timeout=1200)
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs/ca-certificates.crt")
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")  # packages start no daemons
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    apt = "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"
    inside(root, "sh", "-c", f"{apt} {ALSO} {shlex.join(packages['apt'])}")
    inside(
        root, "sh", "-c", f"python3 -m venv /opt/python && /opt/python/bin/pip install -q {' '.join(packages['pip'])}"
    )
    (root / "opt/npm").mkdir()
    tools.npm_install(root / "opt/npm", *packages["npm"])
    for folder in (APP, INSIDE, tools.CACHE):
        (root / str(folder)[1:]).mkdir(parents=True, exist_ok=True)
