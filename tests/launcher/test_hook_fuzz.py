"""What the hook must never do, in random trees of processes with probes and sessions beside them."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.launcher import hook, lab, tools, trees

SESSIONS = (
    hook.stand_in("handler", "session"),
    ["/bin/sh", "-c", " ".join([*hook.stand_in("handler", "session"), "; true"])],
    # what a session has left behind becomes a child of PID 1
    ["/bin/sh", "-c", " ".join([*hook.stand_in("handler", "session"), "&"])],
)


def complaints(seed: int, folder: Path) -> list[str]:
    """Run the hook in the tree of this seed, and say what is not as it has to be."""
    tree = trees.Grower(seed, folder).grow()
    choose = random.Random(seed)
    with (
        lab.container(tree.argv, cwd=folder, path=tools.SYSTEM_PATH, shell=choose.choice(lab.SHELLS)) as box,
        ExitStack() as stack,
    ):
        for label in tree.labels:
            assert box.wait_for(f"ready {label}", lab.PATIENCE), (seed, tree, box.outcome)
        for number in range(choose.randint(0, 2)):
            command = [part.replace("session", f"session{number}") for part in choose.choice(SESSIONS)]
            stack.enter_context(hook.session(box, command))
            assert box.wait_for(f"ready session{number}"), (seed, command)
        ended = hook.run(box, hook.WATCHED)
        told = sorted(f"told SIG{signal} {label}" for label, signal in tree.signals.items())
        for event in told:
            box.wait_for(event)
        seen_told = sorted(event for event in box.outcome.events if event.startswith("told"))
        ready = [event.split() for event in box.outcome.events if event.startswith("ready")]
        pids = {label: pid for _, label, pid in ready}
    signals = sorted(f"-{signal} {pids[label]}" for label, signal in tree.signals.items())
    seen = (sorted(ended.kills), seen_told, ended.hook_code in (0, 137))
    return [] if seen == (signals, told, True) else [f"{seed}: {seen} is not {(signals, told)}: {tree}"]


def check(seeds: Iterable[int], folder: Path) -> None:
    hook.links(folder, *trees.NAMES)
    with ThreadPoolExecutor(8) as pool:
        assert [text for found in pool.map(lambda seed: complaints(seed, folder), seeds) for text in found] == []


def test_the_hook_signals_the_real_processes_and_nobody_else(tmp_path: Path) -> None:
    """Of random trees it signals each application once, and no wrapper, deaf process, probe or session; and it ends."""
    check(range(24), tmp_path / "bin")


@pytest.mark.matrix
@pytest.mark.timeout(1800)
def test_the_hook_signals_the_real_processes_of_many_trees(tmp_path: Path) -> None:
    """The same, of five hundred trees."""
    check(range(1000, 1500), tmp_path / "bin")
