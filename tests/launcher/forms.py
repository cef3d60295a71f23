"""Ways to invoke a package manager, and the workspace that they are invoked in."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.launcher import shapes, tools

# A form may begin with @FOLDER to be invoked there. PORT stands for an argument.
FORMS: Final = {
    "npm": """
npm start
npm run start
npm run-script start
npm start -- --port 99
npm start x y
npm start --port=99
npm run start:prod
npm -s start
npm run --silent start
npm start --if-present
npm run nosuch --if-present
npm run nosuch
npm run start --prefix other
npm --prefix=other run start
npm -C other start
npm start -w a
npm --workspace=a start
npm run start --workspace packages/a
npm start --workspaces
npm --production start
npm run start --omit=dev
npm start --loglevel=error
npm start -d
npm exec -- cross-env X=1 node probe.js
npm exec node probe.js
npm start --ignore-scripts
npm start --node-options=--max-old-space-size=300
npm start --script-shell=/bin/bash
npm start --color=always
npm restart
npm run again
npm start '--x=$HOME' 'a b'
@deep/er npm start
npx cross-env X=1 node probe.js
npx --no-install cross-env X=1 node probe.js
npx node probe.js --x='a b'
npx -c 'node probe.js'
npm run go
npm run steps
npm run code
npm run read
npm
npm run
npm strat
""",
    "yarn": """
yarn start
yarn run start
yarn start --port 99
yarn start -- --port 99
yarn run start:prod
yarn -s start
yarn run --silent start
yarn start --silent
yarn --cwd other start
yarn --cwd=other run start
yarn workspace a start
yarn workspace a run start --x
yarn node probe.js --x
yarn exec node probe.js
yarn exec -- node probe.js --x
yarn cross-env X=1 node probe.js
yarn run cross-env X=1 node probe.js
yarn start --production
yarn --frozen-lockfile start
@deep/er yarn start
yarnpkg start
yarn start '--x=$HOME' 'a b'
yarn go
yarn steps
yarn code
yarn read
yarn nosuch
yarn --non-interactive start
""",
    "pnpm": """
pnpm start
pnpm run start
pnpm start --port 99
pnpm start -- --port 99
pnpm run start:prod
pnpm start:prod
pnpm -s start
pnpm --filter a start
pnpm --filter=a run start
pnpm -F a start
pnpm start --filter a
pnpm -C other start
pnpm --dir other start
pnpm -w start
pnpm exec node probe.js
pnpm exec -- node probe.js --x
pnpm cross-env X=1 node probe.js
pnpm node probe.js
@deep/er pnpm start
pnpm start '--x=$HOME' 'a b'
pnpm run --if-present start
pnpm go
pnpm steps
pnpm code
pnpm read
pnpm nosuch
pnpm --reporter=silent start
""",
    "yarn4": """
yarn start
yarn run start
yarn start --port 99
yarn start -- --port 99
yarn run start:prod
yarn --cwd other start
yarn run --silent start
yarn workspace a start
yarn workspace a run start --x
yarn node probe.js
yarn exec node probe.js
yarn run -T start
@deep/er yarn start
yarn start '--x=$HOME' 'a b'
yarn go
yarn steps
yarn code
yarn read
yarn nosuch
@packages/a yarn start
""",
}
_SCRIPTS: Final = {
    "start": "node probe.js",
    "start:prod": "NODE_ENV=production node probe.js --prod",
    "go": "RUN start",
    "again": "npm restart",
    "presteps": "node probe.js step one",
    "steps": "node probe.js step two && RUN step-three",
    "poststeps": "node probe.js step four",
    "step-three": "node probe.js step three",
    "code": "node probe.js exit 7",
    "read": "cat",
}


def of(manager: str) -> list[str]:
    """Return the forms of a package manager."""
    return FORMS[manager if manager == "yarn4" else shapes.tool(manager)].strip().splitlines()


def _package(folder: Path, name: str, run: str, **more: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    scripts = {key: text.replace("RUN", run) for key, text in _SCRIPTS.items()}
    package = {"name": name, "version": "1.2.3", "config": {"port": "8080"}, "scripts": scripts, **more}
    (folder / "package.json").write_text(json.dumps(package))
    shutil.copy(shapes.HERE / "probe.js", folder)


def workspace(root: Path, manager: str) -> Path:
    """Make a workspace with two packages, and a project of its own beside them."""
    run = {"npm": "npm run", "yarn": "yarn", "pnpm": "pnpm run"}[shapes.tool(manager)]
    top = root / f"workspace-{manager}"
    _package(top, "root", run, private=True, workspaces=["packages/*"])
    for name in ("a", "b"):
        _package(top / "packages" / name, name, run)
    _package(top / "other", "other", run)
    (top / "deep/er").mkdir(parents=True)
    if manager == "yarn4":
        _install_yarn4(top)
        return top
    for folder in (top, top / "other"):
        commands = folder / "node_modules/.bin"
        commands.mkdir(parents=True)
        (commands / "cross-env").symlink_to((tools.helpers() / ".bin/cross-env").resolve())
    for name in ("a", "b"):
        (top / "node_modules" / name).symlink_to(f"../packages/{name}")
    (top / "pnpm-workspace.yaml").write_text("packages:\n  - packages/*\n")
    return top


def _install_yarn4(top: Path) -> None:
    for folder in (top / "other", top):
        (folder / ".yarnrc.yml").write_text("nodeLinker: node-modules\nenableTelemetry: false\n")
        (folder / "yarn.lock").touch()
        environ = {"PATH": tools.manager("yarn4"), "HOME": str(top.parent)}
        subprocess.run(["yarn", "install"], cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
