"""SIGTERM at random moments: ``python -m tests.launcher.stress [--runs N] [--texts FILE] [--out FILE]``.

Every run is a container whose PID 1 is sent SIGTERM at a random moment after its shell has set its first trap: within
the first 60 ms in every fourth run, else within 1.5 s; with --first N, within N seconds. It must end
by itself and promptly; either the application is told exactly once, and then the container's code is its own, or the
code is 143, and the application never begins after the signal. Prints what was seen for each mode and shell, and ends
with 1 where a run was wrong.

In exec mode the application itself becomes PID 1, and the kernel drops signals that PID 1 has no handler for
(pid_namespaces(7)): a signal between that moment and the application's own handler is counted apart, as ``deaf``.
"""

import argparse
import random
import re
import runpy
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.launcher import lab, shapes
from webhook import launcher
from webhook.launcher import texts

WORKERS = 8
WINDOWS = (0.06, 1.5, 1.5, 1.5)
"""Seconds within which the moments lie, in turn."""
GRACE = 14.0
PROMPT = 6.0
"""Seconds within which a container must be gone: on a busy machine recording takes 1, the application's answer 0.7."""
AFTER = 250.0
"""Milliseconds between the signal and a process' first word that make it one that was started after the signal."""
BEGUN = """
(function () {
  var now = process.hrtime();
  say("begun " + ((now[0] + now[1] / 1e9 - process.uptime()) * 1e3).toFixed(1) + " " + (first || "app"));
})();
"""
HANDLED = '\nif (server) say("handled " + (process.hrtime()[0] * 1e3 + process.hrtime()[1] / 1e6).toFixed(1));\n'


@dataclass(frozen=True)
class Job:
    """A container to start, and the seconds after its first trap at which it is told to stop."""

    text: str
    shell: str
    mode: launcher.Mode
    moment: float
    folder: Path


@dataclass(frozen=True)
class Result:
    """What came of a job: ``ok``, ``deaf`` or what was violated; the seconds that it took from the signal on."""

    job: Job
    verdict: str
    seconds: float
    detail: str

    def line(self) -> str:
        """Return it as a line of tab-separated values."""
        return "\t".join(
            (self.job.shell, self.job.mode, f"{self.job.moment:.4f}", self.verdict, f"{self.seconds:.2f}", self.detail)
        )


def project(root: Path) -> Path:
    """Make the project: a step and a server, both of which say when they were started, on the monotonic clock."""
    folder = shapes.project(root, "npm", {"prestart": "node probe.js step", "start": "node probe.js"})
    probe = (folder / "probe.js").read_text()
    head, brace, rest = probe.partition('if (first === "step")')
    assert brace, "probe.js has changed: where does it begin?"
    (folder / "probe.js").write_text(head + BEGUN + brace + rest + HANDLED)
    return folder


def _times(outcome: lab.Outcome, sent: float, pattern: str) -> list[float]:
    """Return the milliseconds after the signal of the events that match, the first group being the time."""
    found = (re.fullmatch(pattern, event) for event in outcome.events)
    return [float(match[1]) - sent for match in found if match]


def judge(mode: launcher.Mode, sent: float, outcome: lab.Outcome, seconds: float) -> str:
    """Return ``ok``, ``deaf`` or what was violated; ``sent`` is in milliseconds."""
    begun = _times(outcome, sent, r"begun (\S+) app")
    handled = _times(outcome, sent, r"handled (\S+)")
    if mode == "exec" and not outcome.told and begun and begun[0] < AFTER and handled and handled[0] > -AFTER:
        return "deaf"
    if outcome.told > 1:
        return "told twice"
    # Who begins after the signal and is told has been told later. (A package manager between two scripts hears nothing;
    # where it stays, in supervise mode, it can start the next one.)
    if mode != "supervise" and begun and (begun[0] > AFTER or (begun[0] > 0 and outcome.told)):
        return "started after SIGTERM"
    if outcome.killed:
        return "never ended"
    if seconds > PROMPT:
        return "late"
    codes = {0} if outcome.told else {143}
    if mode == "supervise":  # npm makes up its own code where it is what gets the signal
        codes = {0, 1, 143}
    return "ok" if outcome.code in codes else "wrong code"


def run(job: Job) -> Result:
    """Start the container, tell it to stop at the moment, and judge."""
    argv = ["/bin/sh", "-c", job.text, launcher.MARK, "npm", "start"]
    with lab.container(argv, cwd=job.folder, path=shapes.path("npm"), shell=job.shell) as box:
        lab.armed(box)
        box.wait_for("never", job.moment)
        sent = time.monotonic()
        box.send(signal.SIGTERM)
        outcome = box.end(GRACE)
        seconds = time.monotonic() - sent
    verdict = judge(job.mode, sent * 1e3, outcome, seconds)
    output = re.sub(r"\s+", " ", outcome.output)[-200:]
    detail = "" if verdict == "ok" else f"code {outcome.code}, sent {sent * 1e3:.1f}, {outcome.events}, {output}"
    return Result(job, verdict, seconds, detail)


def jobs(
    runs: int, seed: int, written: Mapping[str, Any], folder: Path, windows: Sequence[float] = WINDOWS
) -> list[Job]:
    """Return so many jobs, spread evenly over shells and modes, with moments from a seeded generator."""
    dice = random.Random(seed)
    kinds = [(shell, mode) for mode in launcher.MODES for shell in lab.SHELLS]
    made = []
    for number in range(runs):
        shell, mode = kinds[number % len(kinds)]
        moment = dice.uniform(0, windows[number // len(kinds) % len(windows)])
        made.append(Job(written[mode.upper()], shell, mode, moment, folder))
    return made


def summary(results: Sequence[Result]) -> list[str]:
    """Return a line for each mode and shell."""
    lines = []
    for kind in dict.fromkeys((result.job.mode, result.job.shell) for result in results):
        same = [result for result in results if (result.job.mode, result.job.shell) == kind]
        verdicts = ", ".join(f"{word} {number}" for word, number in sorted(Counter(r.verdict for r in same).items()))
        lines.append(f"{kind[0]} {kind[1]}: {verdicts}; longest {max(result.seconds for result in same):.1f} s")
    return lines


def main() -> int:
    """Run, write every run to a file, print the summary, and say whether all was right."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--texts", help="another version's texts.py, to compare")
    parser.add_argument("--runs", type=int, default=2025)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--first", type=float, help="seconds within which all moments lie")
    parser.add_argument("--out", default="/dev/null", help="a file for a line a run")
    given = parser.parse_args()
    written = runpy.run_path(given.texts) if given.texts else vars(texts)
    windows = (given.first,) if given.first else WINDOWS
    results = []
    with (
        tempfile.TemporaryDirectory(prefix="lc") as root,
        ThreadPoolExecutor(WORKERS) as pool,
        Path(given.out).open("w") as out,
    ):
        for result in pool.map(run, jobs(given.runs, given.seed, written, project(Path(root)), windows)):
            results.append(result)
            out.write(result.line() + "\n")
    wrong = [result for result in results if result.verdict not in ("ok", "deaf")]
    for line in (*summary(results), *(result.line() for result in wrong)):
        sys.stdout.write(line + "\n")
    sys.stdout.write(f"{len(results) - len(wrong)} passed, {len(wrong)} failed\n")
    sys.stdout.write(f"seed {given.seed}\n")
    return 1 if wrong or not results else 0


if __name__ == "__main__":
    sys.exit(main())
