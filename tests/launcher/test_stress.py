"""The verdicts of the stress test: it can fail."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.launcher import lab, stress
from webhook import launcher

SENT = 10_000.0
"""Milliseconds on the monotonic clock at which the signal was sent."""


@pytest.mark.parametrize(
    ("mode", "events", "code", "killed", "seconds", "verdict"),
    [
        ("init", [], 143, False, 0.1, "ok"),
        ("init", ["begun 9900.0 app", "told SIGTERM"], 0, False, 0.8, "ok"),
        ("init", ["begun 9990.0 app"], 143, False, 0.1, "ok"),  # it had begun, without a handler
        ("init", ["begun 9990.0 app", "told SIGTERM"], 143, False, 0.1, "wrong code"),
        ("init", [], 0, False, 0.1, "wrong code"),
        ("init", ["begun 9900.0 app", "told SIGTERM", "told SIGTERM"], 0, False, 0.8, "told twice"),
        ("init", ["begun 9900.0 app", "told SIGTERM"], 0, False, 10.7, "late"),
        ("init", ["begun 10400.0 app", "told SIGTERM"], 0, False, 10.7, "started after SIGTERM"),
        ("init", ["begun 10005.0 app", "told SIGTERM"], 0, False, 1.8, "started after SIGTERM"),
        ("init", ["begun 10005.0 app"], 143, False, 0.1, "ok"),  # its shell had become it, and it died of the signal
        ("init", ["begun 9900.0 app"], 137, True, 14.0, "never ended"),
        ("exec", ["begun 9990.0 app", "handled 10030.0"], 137, True, 14.0, "deaf"),
        ("exec", ["begun 8000.0 app", "handled 8030.0"], 137, True, 14.0, "never ended"),
        ("supervise", ["begun 10300.0 app", "told SIGTERM"], 0, False, 1.9, "ok"),
        ("supervise", ["begun 10300.0 app", "told SIGTERM"], 0, False, 10.8, "late"),
    ],
)
def test_a_run_is_judged(
    mode: launcher.Mode, events: Sequence[str], code: int, killed: bool, seconds: float, verdict: str
) -> None:
    """A container that ends late, by force, twice told or with a wrong code is wrong; a deaf PID 1 is counted apart."""
    outcome = lab.Outcome(events=list(events), code=code, killed=killed)
    assert stress.judge(mode, SENT, outcome, seconds) == verdict


def test_moments_are_spread_evenly_and_repeat_with_the_seed(tmp_path: Path) -> None:
    """Every mode and shell gets as many runs, a fourth of them early, and a seed names the moments."""
    written = {mode.upper(): mode for mode in launcher.MODES}
    made = stress.jobs(72, 7, written, tmp_path)
    assert made == stress.jobs(72, 7, written, tmp_path)
    assert made != stress.jobs(72, 8, written, tmp_path)
    kinds = [(job.mode, job.shell) for job in made]
    assert {kinds.count(kind) for kind in kinds} == {8}
    assert sum(job.moment <= 0.06 for job in made) >= 18
    assert max(job.moment for job in made) > 1
    assert max(job.moment for job in stress.jobs(72, 7, written, tmp_path, (0.004,))) <= 0.004
