"""Pods that share their process namespace: two containers below one PID 1, told apart by their control groups."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.launcher import hook, lab, tools

ROOT = Path("/sys/fs/cgroup")
HANDLER = " ".join(hook.stand_in("handler", "LABEL"))
# Each container's first process: what the hook tells below it, and what the kubelet's SIGTERM does not reach.
FIRST = ["/bin/sh", "-c", f"{HANDLER}; true"]


@pytest.fixture(name="groups")
def _groups() -> Iterator[list[Path]]:
    """Return the control groups of two containers, in version 2 or in a hierarchy of version 1."""
    root = ROOT if (ROOT / "cgroup.procs").exists() else ROOT / "freezer"
    made = [root / f"lastcall-{os.getpid()}-{name}" for name in "ab"]
    for group in made:
        group.mkdir()
    yield made
    for group in made:
        group.rmdir()


@contextmanager
def container(pause: lab.Container, group: Path, command: list[str]) -> Iterator[None]:
    """Start another container's process, or a session in it, below the same PID 1."""
    join = ["/bin/sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(group)]
    environ = {"PROBE_EVENTS": f"{pause.folder.name}/events", "KILLS": f"{pause.folder.name}/kills"}
    with subprocess.Popen([*join, *hook.inside(pause, command, environ)], stdin=subprocess.DEVNULL) as process:
        yield
        pause.send(signal.SIGKILL)
        pause.process.wait(lab.PATIENCE)
        process.wait(lab.PATIENCE)


def labelled(label: str) -> list[str]:
    return [part.replace("LABEL", label) for part in FIRST]


@pytest.mark.parametrize("shell", lab.SHELLS)
@pytest.mark.parametrize("mine", [0, 1])
def test_only_the_own_container_is_told(mine: int, shell: str, groups: list[Path], tmp_path: Path) -> None:
    """Neither PID 1, nor the other container, nor a session of either hears of a hook in one of them."""
    pause = hook.stand_in("busy", "pause", name=str(hook.links(tmp_path / "bin", "pause") / "pause"))
    with lab.container(pause, cwd=tmp_path, path=tools.SYSTEM_PATH, shell=shell) as box, ExitStack() as stack:
        assert box.wait_for("ready pause")
        for label, group in zip(("a", "b"), groups, strict=True):
            stack.enter_context(container(box, group, labelled(label)))
            assert box.wait_for(f"ready {label} ")
        for label, group in zip(("session-a", "session-b"), groups, strict=True):
            stack.enter_context(container(box, group, labelled(label)))
            assert box.wait_for(f"ready {label} ")
        pids = dict(event.split()[1:] for event in box.outcome.events)
        enter = ["/bin/sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(groups[mine])]
        environ = {"KILLS": f"{box.folder.name}/kills"}
        done = subprocess.run([*enter, *hook.inside(box, hook.WATCHED, environ)], check=False, timeout=lab.PATIENCE)
        box.wait_for("never", 0.01)
        kills = Path(box.folder.name, "kills").read_text().split("\n")[:-1]
    label = "ab"[mine]
    assert done.returncode == 0
    assert kills == [f"-TERM {pids[label]}"]
    assert [event for event in box.outcome.events if event.startswith("told")] == [f"told SIGTERM {label}"]


def test_a_hook_that_belongs_to_no_container_tells_nobody(groups: list[Path], tmp_path: Path) -> None:
    """Where no first process can be found, as in the node's process namespace, the hook ends."""
    pause = hook.stand_in("busy", "pause")
    with lab.container(pause, cwd=tmp_path, path=tools.SYSTEM_PATH) as box, ExitStack() as stack:
        assert box.wait_for("ready pause")
        stack.enter_context(container(box, groups[0], labelled("a")))
        assert box.wait_for("ready a ")
        enter = ["/bin/sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(groups[1])]
        environ = {"KILLS": f"{box.folder.name}/kills"}
        done = subprocess.run([*enter, *hook.inside(box, hook.WATCHED, environ)], check=False, timeout=lab.PATIENCE)
        assert not Path(box.folder.name, "kills").exists()
    assert done.returncode == 0
