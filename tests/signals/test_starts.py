"""What starts before starts after: images as people build them, Pods as people write them, with real processes."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.signals import cases, roots, starts
from tests.signals.images import IMAGES
from tests.signals.starts import Start

YARN4 = ".yarn/releases/yarn-4.18.1.cjs"
NODE = "/nodejs/bin/node"
NPM = "node /usr/local/lib/node_modules/npm/bin/npm-cli.js"
EMULATED = {"npm_config_shell_emulator": "true"}  # pnpm runs scripts in yarn's shell
LAUNCHED, UNPROVEN = "LauncherAdded", "ShellNotProven"
STARTS: Mapping[str, Start] = {
    # Nothing proves a shell: distroless has none, and yarn 4 brings its own.
    "distroless: its CMD": Start("distroless", "ImageCommandUnknown", NODE, "probe.js"),
    "distroless: args for node": Start("distroless", "NoPackageManager", NODE, args="probe.js"),
    "distroless: node and a release of yarn 4": Start("distroless", UNPROVEN, command=f"{NODE} /app/{YARN4} start"),
    "distroless: the same by PATH": Start("distroless", UNPROVEN, command=f"node {YARN4} start"),
    "distroless: command and args": Start("distroless", UNPROVEN, NODE, command=NODE, args=f"{YARN4} start"),
    "distroless: a release for ENTRYPOINT node": Start("distroless", UNPROVEN, NODE, args=f"{YARN4} start"),
    "distroless: an absolute release for it": Start("distroless", UNPROVEN, "node", args=f"/app/{YARN4} run start"),
    "distroless: options of node in front": Start(
        "distroless", UNPROVEN, command=f"{NODE} --no-warnings {YARN4} start"
    ),
    "distroless: told that there is no shell": Start(
        "distroless", UNPROVEN, command=f"{NODE} {YARN4} start", says={"image-shell": "no"}
    ),
    "distroless: node and a script": Start("distroless", "NoPackageManager", command=f"{NODE} probe.js"),
    "scratch: tini and yarn 4": Start("scratch", UNPROVEN, command=f"/tini -- {NODE} {YARN4} start"),
    "scratch: tini as ENTRYPOINT": Start("scratch", UNPROVEN, "/tini --", args=f"{NODE} {YARN4} start"),
    "scratch: tini -s and tini -g": Start("scratch", UNPROVEN, command=f"/tini -s -g {NODE} {YARN4} start"),
}


@pytest.fixture(scope="session", name="app")
def _app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return roots.project(tmp_path_factory.mktemp("app") / "app")


@pytest.mark.parametrize("name", STARTS)
def test_what_starts_before_starts_after(name: str, app: Path, tmp_path: Path) -> None:
    """The application is given the same and is told to stop, or the command is left as it came, with a reason."""
    start = STARTS[name]
    root = roots.lay_out(IMAGES[start.image], app, tmp_path)
    before = starts.run(start, start.argv(start.pod()), root)
    assert "ready" in before.events, before
    verdict = starts.decide(start)
    argv = start.argv(verdict.pod)
    if verdict.outcome == "skipped":
        assert (argv, verdict.reason) == (start.argv(start.pod()), start.reason)
        return
    after = starts.run(start, argv, root, stop=True)
    assert "ready" in after.events, after
    assert starts.given(after) == starts.given(before)
    assert (after.told, after.answered, after.code) == (1, True, 0), after
    assert verdict.reason == start.reason
