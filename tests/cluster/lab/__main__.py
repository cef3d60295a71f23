"""python -m tests.cluster.lab: a real single-node Kubernetes cluster in one network namespace."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from typing import Any

from . import cluster, images
from .build import build
from .common import ENVIRONMENT, INSIDE, NETNS, PATH, LabError, binary
from .recipes import RECIPES


def prepare() -> None:
    """Build everything and the archive of every image: it takes minutes, and is cached."""
    build()
    for name in RECIPES:
        images.recipe(name)


def enter(argv: list[str]) -> None:
    """Become `argv` inside the network namespace."""
    if not NETNS.exists():
        raise LabError("no cluster: bring it up first")
    environment = {**ENVIRONMENT, "PATH": f"{binary('kubectl').parent}:{PATH}"}
    os.execvpe("nsenter", [*INSIDE, *(argv or ["sh"])], environment)


def start(args: argparse.Namespace) -> None:
    """Bring the cluster up with the images of the demo app; remove everything if that fails."""
    try:
        cluster.up(args.propagation)
        for name in ("dash", "ash"):
            images.load(images.recipe(name))
    except BaseException:
        cluster.down()
        raise


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.lab", description=__doc__)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("build", help="install, build and cache what is missing").set_defaults(call=lambda _: prepare())
    one = commands.add_parser("up", help="start the cluster")
    one.add_argument("--propagation", type=float, default=1, metavar="SECONDS", help="until an endpoint changes")
    one.set_defaults(call=start)
    commands.add_parser("down", help="stop the cluster, remove all it made").set_defaults(call=lambda _: cluster.down())
    one = commands.add_parser("run", help="run a program next to the cluster: run -- kubectl get pods")
    one.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD...")
    one.set_defaults(call=lambda args: enter(args.argv[args.argv[:1] == ["--"] :]))
    return parser


def interrupt(*_: Any) -> None:
    """Handle SIGTERM and SIGHUP like Ctrl-C: everything is removed."""
    raise KeyboardInterrupt


def main() -> int:
    """Run one command; print a failure as one line and exit with 1."""
    args = arguments().parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        args.call(args)
    except (LabError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
