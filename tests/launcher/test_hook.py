"""The signal hook with real processes: a request in flight is answered, the application told once, its code kept."""

import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.launcher import hook, lab, shapes, tools

Project = Callable[[str], Path]
CODE = 7
SERVE = shlex.join(hook.stand_in("serve"))
# "BIN" stands for the folder of inits and scripts. What is told without a hook, too, stands apart.
KEPT = {
    "sh -c": ["/bin/sh", "-c", f"{SERVE}; exit $?"],
    "bash -c with a pipe": ["/bin/bash", "-c", f"{SERVE} | cat; exit ${{PIPESTATUS[0]}}"],
    "in the background": ["/bin/sh", "-c", f"{SERVE} & wait $!"],
    "two servers": ["/bin/sh", "-c", f"{shlex.join(hook.stand_in('handler', 'side'))} & {SERVE} & wait $!"],
    "nested shells": ["/bin/sh", "-c", f'/bin/sh -c "{SERVE}; exit \\$?"; exit $?'],
    "bash in sh": ["/bin/sh", "-c", f'/bin/bash -c "{SERVE}; exit \\$?"; exit $?'],
    "a script": ["BIN/script"],
    "a script in a shell": ["/bin/sh", "-c", "BIN/script; exit $?"],
    "sh -c behind tini": ["BIN/tini", "--", "/bin/sh", "-c", f"{SERVE}; exit $?"],
    "sh -c behind docker-init": ["BIN/docker-init", "--", "/bin/sh", "-c", f"{SERVE}; exit $?"],
    "sh -c behind dumb-init -c": ["BIN/dumb-init", "-c", "/bin/sh", "-c", f"{SERVE}; exit $?"],
    "sh -c behind catatonit": ["BIN/catatonit", "--", "/bin/sh", "-c", f"{SERVE}; exit $?"],
    "tini in sh -c": ["/bin/sh", "-c", f"BIN/tini -s -- {SERVE}; exit $?"],
    "dumb-init in sh -c": ["/bin/sh", "-c", f"BIN/dumb-init {SERVE}; exit $?"],
    "a script behind tini": ["BIN/tini", "--", "BIN/script"],
}
HEARD = {
    "itself": SERVE.split(),
    "sh -c exec": ["/bin/sh", "-c", f"exec {SERVE}"],
    "a script with exec": ["BIN/script-exec"],
    "a script with trap": ["BIN/script-trap"],
    "tini": ["BIN/tini", "--", *SERVE.split()],
    "tini to the group": ["BIN/tini", "-g", "--", *SERVE.split()],
    "docker-init": ["BIN/docker-init", "--", *SERVE.split()],
    "dumb-init": ["BIN/dumb-init", *SERVE.split()],
    "catatonit": ["BIN/catatonit", "--", *SERVE.split()],
}
SCRIPTS = {
    "script": f"#!/bin/sh\n{SERVE}\nexit $?\n",
    "script-exec": f"#!/bin/sh\nexec {SERVE}\n",
    "script-trap": f"#!/bin/sh\ntrap 'kill $c' TERM\n{SERVE} & c=$!\nwait $c\nwait $c\nexit $?\n",
}


@pytest.fixture(name="bin_", scope="module")
def _bin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bin")
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    for name in ("tini", "dumb-init", "catatonit"):
        (folder / name).symlink_to(tools.program(name))
    (folder / "docker-init").symlink_to(tools.program("tini"))
    (folder / "node").symlink_to(tools.program("node"))
    return folder


def stop_all(chosen: dict[str, list[str]], folder: Path, shell: str, **options: object) -> dict[str, hook.Ended]:
    """Stop a container of every shape, several at a time, since they mostly wait."""

    def stop(argv: list[str]) -> hook.Ended:
        argv = [part.replace("BIN", str(folder)) for part in argv]
        given = {"cwd": folder, "path": tools.SYSTEM_PATH, "shell": shell, "env": {"PROBE_CODE": str(CODE)}}
        given |= {"waits_for": "ready app", **options}
        return hook.stop(argv, **given)  # type: ignore[arg-type]

    with ThreadPoolExecutor(6) as pool:
        return dict(zip(chosen, pool.map(stop, chosen.values()), strict=True))


def check_kept(seen: dict[str, hook.Ended]) -> None:
    told = {name: ended.container.events.count("told SIGTERM app") for name, ended in seen.items()}
    verdicts = {name: (told[name], *ended.verdict[1:]) for name, ended in seen.items()}
    assert verdicts == dict.fromkeys(KEPT, (1, True, CODE))
    assert seen["two servers"].container.told == 2


@pytest.mark.parametrize("shell", lab.SHELLS)
def test_a_process_that_sigterm_does_not_reach_is_told(shell: str, bin_: Path) -> None:
    """Behind shells, scripts and inits the application is told once and answers, and its code is the container's."""
    check_kept(stop_all(KEPT, bin_, shell))
    lost = stop_all(KEPT, bin_, shell, hook=(), grace=1)
    assert [name for name, ended in lost.items() if ended.container.answered] == [], "control"


def test_mksh_runs_the_hook(bin_: Path) -> None:
    """The text is right in mksh, too, which counts with 32 bits and hides what it starts as a container's own shell."""
    check_kept(stop_all(KEPT, bin_, "dash", hook=(tools.program("mksh"), *hook.HOOK[1:])))


@pytest.mark.parametrize("shell", lab.SHELLS)
def test_a_process_that_hears_sigterm_is_told_by_the_kubelet_alone(shell: str, bin_: Path) -> None:
    """Where the kubelet's SIGTERM arrives the hook tells nobody: the application is told once."""
    seen = stop_all(HEARD, bin_, shell, hook=hook.WATCHED)
    assert {name: ended.verdict for name, ended in seen.items()} == dict.fromkeys(HEARD, (1, True, CODE))
    assert {name: ended.kills + ended.signalled_early for name, ended in seen.items()} == {name: [] for name in HEARD}


FRONT = {"npm": [], "tini": ["BIN/tini", "--"], "tini -g": ["BIN/tini", "-g", "--"], "dumb-init": ["BIN/dumb-init"]}


@pytest.mark.parametrize("shell", lab.SHELLS)
def test_npm_is_no_application(shell: str, project: Project, bin_: Path) -> None:
    """Alone and behind inits, npm's script is told once and answers; also where it starts a program in a folder bin."""
    started = {name: [*front, *shapes.command("npm", "plain")] for name, front in FRONT.items()}
    started["sh -c"] = ["/bin/sh", "-c", "npm run pipe; exit $?"]
    started["npx"] = ["npx", f"{bin_}/node", "probe.js"]
    options = {"cwd": project("npm"), "path": shapes.path("npm"), "env": {}, "waits_for": "ready"}
    seen = stop_all(started, bin_, shell, **options)
    assert {name: ended.verdict[:2] for name, ended in seen.items()} == dict.fromkeys(started, (1, True))
    # npm ends some milliseconds after its script; the kubelet's SIGTERM between the two makes up a code of its own
    assert {ended.container.code for ended in seen.values()} <= {0, 143}
