"""What starts before starts after: images as people build them, Pods as people write them, with real processes."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.launcher import cases, roots, starts
from tests.launcher.images import IMAGES
from tests.launcher.starts import Start

YARN4 = ".yarn/releases/yarn-4.18.1.cjs"
NODE = "/nodejs/bin/node"
NPM = "node /usr/local/lib/node_modules/npm/bin/npm-cli.js"
EMULATED = {"npm_config_shell_emulator": "true"}  # pnpm runs scripts in yarn's shell
VARIABLES = {"PM": "npm", "SCRIPT": "start"}
OTHER_SHELLS = ("bash", "mksh", "ksh93", "yash")
LAUNCHED, UNPROVEN, UNSEEN = "LauncherAdded", "ShellNotProven", "ImageEntrypointUnknown"
UNTOLD = (0, False, (143,))  # as natively, on dash
STARTS: Mapping[str, Start] = {
    # Nothing proves a shell: distroless has none, and yarn 4 brings its own.
    "distroless: its CMD": Start("distroless", "ImageCommandUnknown", NODE, "probe.js"),
    "distroless: args for node": Start("distroless", UNSEEN, NODE, args="probe.js"),
    "distroless: node and a release of yarn 4": Start("distroless", UNPROVEN, command=f"{NODE} /app/{YARN4} start"),
    "distroless: the same by PATH": Start("distroless", UNPROVEN, command=f"node {YARN4} start"),
    "distroless: a release for ENTRYPOINT node": Start("distroless", UNSEEN, NODE, args=f"{YARN4} start"),
    "distroless: an absolute release for it": Start("distroless", UNSEEN, "node", args=f"/app/{YARN4} run start"),
    "distroless: options of node in front": Start(
        "distroless", UNPROVEN, command=f"{NODE} --no-warnings {YARN4} start"
    ),
    "distroless: node and a script": Start("distroless", "NoPackageManager", command=f"{NODE} probe.js"),
    "scratch: tini and yarn 4": Start("scratch", UNPROVEN, command=f"/tini -- {NODE} {YARN4} start"),
    "scratch: tini as ENTRYPOINT": Start("scratch", UNSEEN, "/tini --", args=f"{NODE} {YARN4} start"),
    "scratch: tini -s and tini -g": Start("scratch", UNPROVEN, command=f"/tini -s -g {NODE} {YARN4} start"),
    "distroless: told that there is no shell": Start(
        "distroless", "ShellDenied", command=f"{NODE} {YARN4} start", says={"image-shell": "no"}
    ),
    # A shell, but not where one looks for it.
    "no /bin/sh: npm": Start("sh on PATH", LAUNCHED, command="npm start"),
    "no /bin/sh: a shell's string": Start("sh on PATH", LAUNCHED, command="sh -c 'npm start'"),
    "no /bin/sh: args": Start("sh on PATH", UNSEEN, "/usr/bin/env", args="npm start"),
    "no /bin/sh: busybox by its path": Start(
        "distroless:debug", UNPROVEN, command=f"/busybox/busybox sh -c '{NODE} {YARN4} start'"
    ),
    "no /bin/sh: a shell by its path": Start(
        "distroless:debug", LAUNCHED, command=f"/busybox/sh -c 'exec {NODE} {YARN4} start'"
    ),
    "no /bin/sh: a release of yarn 4": Start("distroless:debug", UNPROVEN, command=f"node {YARN4} start"),
    # args alone: the ENTRYPOINT is not seen.
    "args for docker-entrypoint.sh": Start("debian", UNSEEN, "docker-entrypoint.sh", args="npm start"),
    "args for tini": Start("debian", UNSEEN, "tini --", args="npm start"),
    "args for tini -g": Start("debian", UNSEEN, "/usr/bin/tini -g --", args="yarn start"),
    "args for env": Start("debian", UNSEEN, "/usr/bin/env", args="pnpm start"),
    "args for a script that execs": Start("debian", UNSEEN, "/exec.sh", args="npm start"),
    "args for npm": Start("debian", UNSEEN, "npm", args="start"),
    "args for sh": Start("debian", UNSEEN, "sh", args="-c 'npm start'"),
    "args for sh -c": Start("debian", UNSEEN, "sh -c", args="'npm start'"),
    "args with a shell": Start("debian", UNSEEN, "docker-entrypoint.sh", args="sh -c 'npm start'"),
    "args with npm's path": Start("debian", UNSEEN, "tini --", args="/usr/local/bin/npm start"),
    "args with a release, official image": Start("debian", UNSEEN, "docker-entrypoint.sh", args=f"{YARN4} start"),
    "args for node, npm's own file": Start("debian", UNSEEN, "node", args=f"{NPM} start".removeprefix("node ")),
    "args with a shell's path": Start("debian", UNSEEN, "tini --", args="/usr/bin/bash -c 'npm start'"),
    "args for tini without --": Start("debian", UNSEEN, "tini", args="npm start"),
    "args for a script that splits words": Start("debian", UNSEEN, "/words.sh", args="npm start"),
    "args for a script that looks at them": Start("debian", UNSEEN, "/strict.sh", args="npm start"),
    **{
        f"args for a declared ENTRYPOINT: {entrypoint}": Start(
            "debian", LAUNCHED, entrypoint, args="npm start", says={"image-command.app": json.dumps(entrypoint.split())}
        )
        for entrypoint in ("docker-entrypoint.sh", "tini -g --", "tini", "/usr/bin/env")
    },
    "a release for a declared ENTRYPOINT node": Start(
        "distroless", UNPROVEN, "node", args=f"{YARN4} start", says={"image-command.app": '["node"]'}
    ),
    # What people write most.
    "npm": Start("debian", LAUNCHED, command="npm start"),
    "npm by its path": Start("debian", LAUNCHED, command="/usr/local/bin/npm start"),
    "npx": Start("debian", LAUNCHED, command="npx node probe.js"),
    "yarn 1": Start("debian", LAUNCHED, command="yarn start"),
    "yarn 4": Start("debian, yarn 4", LAUNCHED, command="yarn start"),
    "pnpm": Start("debian", LAUNCHED, command="pnpm", args="run start"),
    "a shell's string": Start("debian", LAUNCHED, command="/bin/sh -c 'npm start'"),
    "a string that changes the folder": Start("debian", LAUNCHED, command="bash -ec 'cd /app && exec npm start'"),
    "the official entrypoint": Start("debian", LAUNCHED, command="docker-entrypoint.sh npm start"),
    "an entrypoint of one's own": Start("debian", LAUNCHED, command="/exec.sh npm start"),
    "tini -g and npm": Start("debian", LAUNCHED, command="tini -g -- npm start"),
    "tini without --": Start("debian", LAUNCHED, command="tini npm start"),
    "tini -g without --": Start("debian", LAUNCHED, command="/usr/bin/tini -g npm start"),
    "catatonit without --": Start("debian", LAUNCHED, command="catatonit npm start"),
    "tini without --, and an option": Start("debian", "Uncertain", command="tini npm start -s"),
    "tini without --, and a wrapper": Start("debian", "Uncertain", command="tini env A=1 npm start"),
    "dumb-init and npm": Start("debian", LAUNCHED, command="dumb-init npm start"),
    "env, nice and npm": Start("debian", LAUNCHED, command="env A=1 nice npm start"),
    "another user for npm": Start(
        "debian", LAUNCHED, command="setpriv --reuid=1000 --regid=1000 --clear-groups npm start"
    ),
    "variables of the Pod": Start("debian", "Uncertain", command="$(PM) run $(SCRIPT)", env=VARIABLES),
    "a variable as an argument": Start("debian", LAUNCHED, command="npm run $(SCRIPT) $$(X) $(Y)", env=VARIABLES),
    "its CMD": Start("debian", "ImageCommandUnknown", "docker-entrypoint.sh", "npm start"),
    "its CMD, declared": Start(
        "debian",
        LAUNCHED,
        "docker-entrypoint.sh",
        "npm start",
        says={"image-command.app": '["docker-entrypoint.sh", "npm", "start"]'},
    ),
    "told that there is a shell": Start("debian", LAUNCHED, command=f"node {YARN4} start", says={"image-shell": "yes"}),
    "told of one container that it has none": Start(
        "debian", "ShellDenied", command="npm start", says={"image-shell.app": "no"}
    ),
    # Shells of several kinds and ages.
    "busybox 1.35": Start("alpine", LAUNCHED, command="npm start"),
    "busybox 1.35: args": Start("alpine", UNSEEN, "docker-entrypoint.sh", args="pnpm start"),
    **{f"{shell} as sh": Start(f"{shell} as sh", LAUNCHED, command="npm start") for shell in OTHER_SHELLS},
    **{f"{shell} -c": Start(f"{shell} as sh", LAUNCHED, command="sh -c 'npm start'") for shell in OTHER_SHELLS},
    # What a Pod is not given.
    "user 1000": Start("debian", LAUNCHED, command="npm start", user="node"),
    "read-only root": Start("debian", LAUNCHED, command="npm start", given="read-only root"),
    "read-only root, user 1000": Start("alpine", LAUNCHED, command="npm start", user="node", given="read-only root"),
    "read-only /proc": Start("debian", LAUNCHED, command="npm start", given="read-only /proc"),
    "hidepid": Start("debian", LAUNCHED, command="npm start", user="node", given="hidepid"),
    "hidepid, another user for npm": Start(
        "debian",
        LAUNCHED,
        command="setpriv --reuid=1000 --regid=1000 --clear-groups npm start",
        given="hidepid",
    ),
    "no /proc": Start("debian", LAUNCHED, command="npm start", given="no /proc", ends=UNTOLD),
    "no setsid": Start("no setsid", LAUNCHED, command="npm start"),
    "no setsid, user 1000": Start("no setsid", LAUNCHED, command="npm start", user="node"),
    "no setsid, a string": Start("no setsid", LAUNCHED, command="sh -c 'npm start'", user="node"),
    "no setsid behind tini": Start("no setsid, tini", LAUNCHED, command="tini -- npm start", user="node"),
    "no setsid behind tini -g": Start("no setsid, tini", LAUNCHED, command="tini -g -- npm start", user="node"),
}

# What the Pod does not show, and lastcall gets wrong: these do not start any more. The annotation helps.
KNOWN: Mapping[str, Start] = {
    "yarn 4 by name where there is no shell": Start("no sh, yarn 4", LAUNCHED, command="yarn start"),
    "pnpm with yarn's shell where there is no other": Start(
        "no sh, pnpm", LAUNCHED, command="pnpm start", env=EMULATED
    ),
}
FORCED = [([], [NODE, f"/app/{YARN4}", "start"]), ([NODE], [YARN4, "start"])]


@pytest.fixture(scope="session", name="app")
def _app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return roots.project(tmp_path_factory.mktemp("app") / "app")


@pytest.mark.parametrize("name", STARTS)
def test_what_starts_before_starts_after(name: str, app: Path, tmp_path: Path) -> None:
    """The application is given the same and is told to stop, or the command is left as it came, with a reason."""
    start = STARTS[name]
    root = roots.lay_out(IMAGES[start.image], app, tmp_path / "root")
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
    told, answered, codes = start.ends
    assert (after.told, after.answered) == (told, answered), after
    assert after.code in codes, after
    assert verdict.reason == start.reason


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_not_to_start_after_is_left_alone_if_the_pod_says_so(
    name: str, app: Path, tmp_path: Path
) -> None:
    """A start that is known to break is listed, and lastcall leaves it alone where the Pod forbids a rewrite."""
    start = KNOWN[name]
    root = roots.lay_out(IMAGES[start.image], app, tmp_path / "root")
    before = starts.run(start, start.argv(start.pod()), root)
    assert "ready" in before.events, before
    verdict = starts.decide(start)
    after = starts.run(start, start.argv(verdict.pod), root)
    assert (after.events, verdict.reason) == ([], start.reason)
    forbidden = replace(start, says={"image-shell": "no"})
    assert start.argv(starts.decide(forbidden).pod) == start.argv(start.pod())


@pytest.mark.parametrize(("entrypoint", "argv"), FORCED)
def test_the_table_sees_a_rewrite_that_does_not_start(
    entrypoint: list[str], argv: list[str], app: Path, tmp_path: Path
) -> None:
    """The negative control: with the launcher in front of it all the same, neither distroless shape starts."""
    start = Start("distroless", "")
    root = roots.lay_out(IMAGES[start.image], app, tmp_path / "root")
    assert "ready" in starts.run(start, entrypoint + argv, root).events
    forced = starts.run(start, entrypoint + cases.wrapped("init", argv), root)
    assert (forced.events, forced.code) == ([], 1 if entrypoint else 127), forced
