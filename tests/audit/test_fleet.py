"""The text of an audit, and an audit of very many Pods."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.paths import ROOT
from webhook.audit import Entry, Harm, judge, table
from webhook.predict import Cause, Scenario, Verdict
from webhook.predict import Harm as Reasons

if TYPE_CHECKING:
    from pathlib import Path

SPEC = "{containers: [{name: web, command: [npm, start]}]}"


def test_text_for_people() -> None:
    """On a terminal each harm has a sign, and a needed rollout is named."""
    entry = Entry(
        kind="Deployment", namespace="shop", name="web", harm=Harm.BOTH, sentence="loses", pods=3, patched_pods=1
    )
    entry.today, entry.with_lastcall, entry.killed = Verdict.LOSES, Verdict.SAFE, 2
    entry.outcome = next(o for o in type(entry.outcome) if o == "patched")
    lines = [str(line) for line in table.blocks([entry], 80, live=True)]
    assert lines == [
        "✘✘ both  Deployment shop/web  Pods with lastcall: 1/3",
        "    2 exited with 137",
        "    with lastcall: ✔ loses nothing, after a rollout",
    ]
    assert table.for_page([entry], live=True)["tiles"][-2] == [1, "need a rollout", ""]


def test_an_entry_that_is_predicted_again_keeps_nothing() -> None:
    """A workload whose running Pod cannot be predicted keeps no finding and no fix of its template."""
    entry = Entry(kind="Deployment", namespace="shop", name="web")
    judge(entry, {"spec": {"containers": [{"name": "web", "command": ["npm", "start"]}]}}, Scenario(), ())
    assert (entry.fixed, bool(entry.findings), entry.lost_seconds) == (True, True, 2.5)
    judge(entry, {"spec": {"containers": [{"name": "web"}]}}, Scenario(cause=Cause.LIVENESS), ())
    assert (entry.harm, entry.fixed, entry.findings, entry.lost_seconds) == (Harm.UNKNOWN, False, (), 0)


def test_every_reason_has_a_few_words() -> None:
    """The table has words for every reason."""
    assert set(table.SHORT) == {reason.code for reason in Reasons}


def test_memory_is_bounded(tmp_path: Path) -> None:
    """Each further Pod takes less than 2.5 kB, so that 100,000 of them stay below 300 MB."""
    code = "import resource, sys; from webhook.cli.audit import command\n"
    code += "try: command()\nfinally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    peaks = []
    for number in (200, 2200):
        pods = (f"---\nkind: Pod\napiVersion: v1\nmetadata: {{name: web-{n}}}\nspec: {SPEC}\n" for n in range(number))
        (tmp_path / "pods.yaml").write_text("".join(pods))
        argv = [sys.executable, "-c", code, str(tmp_path / "pods.yaml")]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT)
        assert len(done.stdout.splitlines()) == number
        peaks.append(int(done.stderr.splitlines()[-1]))
    assert (peaks[1] - peaks[0]) / 2000 < 2.5, peaks
