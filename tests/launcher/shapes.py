"""Shapes of scripts as people write them, and the projects that hold them."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.launcher import tools

HERE: Final = Path(__file__).parent
NODE: Final = 22
"""The Node of the pinned package managers; the machine's own npm runs on the machine's own."""

# PM stands for the package manager's way to run a script.
SHAPES: Final = {
    "plain": "node probe.js",
    "env": "NODE_ENV=production node probe.js",
    "env-two": "A='x y' B=\"z\" node probe.js",
    "cross-env": "cross-env X=1 node probe.js",
    "env-command": "env X=1 node probe.js",
    "and": "node probe.js step && node probe.js",
    "and-three": "true && node probe.js step && node probe.js",
    "semicolon": "node probe.js step; node probe.js",
    "test": "test -f probe.js && node probe.js",
    "cd": "cd sub && node ../probe.js",
    "cd-env": "cd sub && A=1 node ../probe.js",
    "export": "export X=1; node probe.js",
    "exec": "exec node probe.js",
    "nested": "PM plain",
    "nested-env": "X=1 PM plain",
    "nested-twice": "PM nested",
    "build-serve": "PM build && PM plain",
    "lifecycle": "node probe.js",
    "nested-lifecycle": "PM lifecycle",
    "pipe": "node probe.js | cat",
    "background-wait": "node probe.js & wait",
    "side": "node probe.js side & node probe.js",
    "then": "node probe.js; node probe.js step after",
    "then-and": "node probe.js && node probe.js step after",
    "or": "node probe.js || exit 3",
    "or-before": "false || node probe.js",
    "subshell": "(cd sub; node ../probe.js)",
    "group": "{ node probe.js; }",
    "if": "if test -f probe.js; then node probe.js; fi",
    "if-before": "if test -f x; then node x; fi; node probe.js",
    "for-before": "for i in 1 2; do node probe.js step $i; done; node probe.js",
    "sh-c": 'sh -c "node probe.js"',
    "file": "./start.sh",
    "file-exec": "./start-exec.sh",
    "file-trap": "./start-trap.sh",
    "file-bash": "./start-bash.sh",
    "redirect": "node probe.js > redirect.out 2>&1",
    "quotes": 'node probe.js --name "a b" \'c d\' --h=$HOME "$HOSTNAME" \\$X',
    "default": "X=${X:-3000} node ${NODE_ARGS} probe.js",
    "substitution": 'node "$(pwd)/probe.js"',
    "comment": "node probe.js # the server",
    "not-a-comment": "node probe.js --color=#fff",
    "nodemon": "nodemon --quiet probe.js",
    "concurrently": 'concurrently "node probe.js" "node probe.js side"',
    "run-p": "run-p plain side-only",
    "run-s": "run-s build plain",
    "dotenv": "dotenv -- node probe.js",
    "env-cmd": "env-cmd -f env node probe.js",
    "newline": "node probe.js step\nnode probe.js",
}
EXTRA: Final = {
    "start": "node probe.js",
    "build": "node probe.js step",
    "side-only": "node probe.js side",
    "prelifecycle": "node probe.js step pre",
    "postlifecycle": "node probe.js step post",
}
# yarn 2 and newer run scripts in a shell of their own, which knows no `exec`, `export`, `wait`, `if` or `for` and takes
# an unset variable for an error.
NOT_IN_YARN4: Final = frozenset(
    "exec export background-wait side if if-before for-before or default comment quotes newline".split()
)
# npm-run-all 4 passes npm_package_config_* on as options, which pnpm takes for its own.
NOT_IN_PNPM: Final = frozenset(["run-p", "run-s"])
# These tools make up an exit code of their own, and tell their children more than once.
OWN_CODE: Final = frozenset(["nodemon", "concurrently", "run-p"])
FILES: Final = {
    "start.sh": "#!/bin/sh\nnode probe.js step\nnode probe.js\n",
    "start-exec.sh": "#!/bin/sh\nset -e\nexec node probe.js\n",
    "start-trap.sh": "#!/bin/sh\ntrap 'kill $c' TERM\nnode probe.js & c=$!\nwait $c\nwait $c\nexit $?\n",
    "start-bash.sh": "#!/bin/bash\nnode probe.js\n",
    "env": "X=1\n",
}
_RUN: Final = {"npm": "npm run", "yarn": "yarn", "pnpm": "pnpm run"}


def tool(manager: str) -> str:
    """Return the command of a package manager: npm, yarn or pnpm."""
    return manager.rstrip("0123456789.")


def path(manager: str) -> str:
    """Return the PATH of a container with this package manager and the helpers."""
    pinned = "" if manager == "npm" else f"{tools.node(NODE)}:"
    return f"{pinned}{tools.manager(manager)}:{tools.helpers()}/.bin"


def project(root: Path, manager: str, scripts: dict[str, str] | None = None) -> Path:
    """Make a project with all shapes as scripts (or with the given ones) and return its folder."""
    folder = root / manager
    (folder / "sub").mkdir(parents=True)
    run = _RUN[tool(manager)]
    chosen = {name: text.replace("PM", run) for name, text in (scripts or {**SHAPES, **EXTRA}).items()}
    package = {"name": "app", "version": "1.2.3", "private": True, "config": {"port": "8080"}, "scripts": chosen}
    (folder / "package.json").write_text(json.dumps(package))
    shutil.copy(HERE / "probe.js", folder)
    for name, text in FILES.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    if manager == "yarn4":
        (folder / ".yarnrc.yml").write_text("nodeLinker: node-modules\nenableTelemetry: false\n")
        (folder / "yarn.lock").touch()
        environ = {"PATH": tools.manager(manager), "HOME": str(root)}
        subprocess.run(["yarn", "install"], cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
    else:
        (folder / "node_modules").symlink_to(tools.helpers())
    return folder


def shapes_of(manager: str) -> list[str]:
    """Return the shapes that this package manager can run at all."""
    without = {"yarn4": NOT_IN_YARN4, "pnpm9": NOT_IN_PNPM, "pnpm10": NOT_IN_PNPM}.get(manager, frozenset())
    return [name for name in SHAPES if name not in without]


def command(manager: str, shape: str) -> list[str]:
    """Return the argv that runs a shape."""
    return [tool(manager), "run", shape]
