"""The launcher as the tests start it, and the verdict on what a rewritten command did."""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.launcher import lab, shapes
from webhook import launcher

Form = Literal["native", "init", "exec", "supervise"]


def wrapped(form: Form, argv: Sequence[str]) -> list[str]:
    """Return the argv that the container runtime gets: the kubelet has turned ``$$`` into ``$``."""
    if form == "native":
        return list(argv)
    text_at = 2
    made = launcher.wrap(form, list(argv))
    made[text_at] = re.sub(r"\$\$", "$", made[text_at])
    return made


@dataclass(frozen=True)
class Case:
    """One run: a package manager, the container's shell, how it is started, the shape of the script."""

    manager: str
    shell: str
    form: Form
    shape: str

    def run(self, folder: Path, grace: float = lab.PATIENCE) -> lab.Outcome:
        """Start it with a request in flight, tell PID 1 to stop, and return what became of it."""
        argv = wrapped(self.form, shapes.command(self.manager, self.shape))
        return lab.stop_in_flight(argv, cwd=folder, path=shapes.path(self.manager), shell=self.shell, grace=grace)

    def complaint(self, outcome: lab.Outcome) -> str | None:
        """Say what is wrong, unless the application is told once, answers, and its code is the container's."""
        own = self.shape in shapes.OWN_CODE
        told = outcome.told >= 1 if own else outcome.told == 1
        if told and outcome.answered and not outcome.killed and (own or outcome.code == 0):
            return None
        return f"{self}: {outcome}"


def run_all(
    chosen: Iterable[Case], folders: dict[str, Path], workers: int, grace: float = lab.PATIENCE
) -> list[tuple[Case, lab.Outcome]]:
    """Run the cases, several at a time, since they mostly wait."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda case: (case, case.run(folders[case.manager], grace)), chosen))


def complaints(chosen: Iterable[Case], folders: dict[str, Path], workers: int) -> list[str]:
    """Run the cases and return what is wrong with them."""
    said = (case.complaint(outcome) for case, outcome in run_all(chosen, folders, workers))
    return [text for text in said if text is not None]
