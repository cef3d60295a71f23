"""``lastcall timeline``: its outputs, its options and its exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from webhook.cli import main
from webhook.core.mutate import REASONS
from webhook.predict import Harm

if TYPE_CHECKING:
    from pathlib import Path

NPM = "examples/npm-deployment.yaml"
POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: web, annotations: {{"{annotation}": "7"}}}}
spec: {{containers: [{{name: web, command: [node, server.js]}}]}}
"""


def call(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(main, ["timeline", *arguments], input=given, catch_exceptions=False)


def test_chart() -> None:
    """By default it draws the Pod's end before and after, and says what is fixed."""
    result = call("-f", NPM)
    assert result.exit_code == 0
    assert "Deployment web  examples/npm-deployment.yaml" in result.stdout
    assert "✔ with lastcall: loses nothing" in result.stdout
    assert "→ container/web  SignalDropped  lastcall fixes it" in result.stdout


def test_json() -> None:
    """The JSON has both timelines with containers, events and verdict, beside the decisions."""
    data = json.loads(call("-f", NPM, "-o", "json").stdout)
    (found,) = data["workloads"]
    assert data["version"] == 1
    assert (found["today"], found["with_lastcall"], found["outcome"]) == ("loses", "safe", "patched")
    assert [e["what"] for e in found["after"]["events"]][-2:] == ["exited", "gone"]
    assert found["after"]["containers"][0]["signal_at"] == 5


@pytest.mark.parametrize(("output", "start"), [("svg", "<svg "), ("html", "<!doctype html>")])
def test_pictures(output: str, start: str) -> None:
    """SVG and HTML are whole files."""
    result = call("-f", "examples", "-o", output)
    assert (result.exit_code, result.stdout[: len(start)]) == (0, start)


OPTIONS = [
    pytest.param(["--cause", "spot"], "gone", 10, id="a cause"),
    pytest.param(["--cause", "delete:3", "--drain", "ignore"], "gone", 5, id="a cause with seconds"),
    pytest.param(["--drain", "1"], "gone", 6, id="a drain for all"),
    pytest.param(["--drain", "web=2.5"], "gone", 7.5, id="a drain for one"),
    pytest.param(["--signal-delivery", "web=kept", "--set", "signal-hook=off"], "gone", 35, id="a signal that is kept"),
    pytest.param(["--stop-signal", "web=SIGQUIT"], "gone", 10, id="an image's stop signal"),
    pytest.param(["--propagation", "9"], "lost_seconds", 4, id="a slow load balancer"),
    pytest.param(["--profile", "alb"], "withdrawn", 45, id="a profile brings its load balancer"),
    pytest.param(["--set", "pre-stop-sleep-seconds=7"], "gone", 12, id="a setting"),
    pytest.param(["--set", "drain-seconds=20"], "gone", 25, id="the drain, as a setting"),
    pytest.param(["--drain", "web=2", "--set", "drain-seconds=20"], "gone", 7, id="a drain for one before the setting"),
    pytest.param(["--kubelet-version", "v1.29.3"], "lost_seconds", 3, id="an old kubelet"),
    pytest.param(["--hook", "web=fail"], "lost_seconds", 3, id="a hook that fails"),
]


@pytest.mark.parametrize(("options", "field", "expected"), OPTIONS)
def test_options(options: list[str], field: str, expected: float) -> None:
    """Every assumption can be set."""
    (found,) = json.loads(call("-f", NPM, "-o", "json", *options).stdout)["workloads"]
    assert found["after"][field] == expected


def test_a_profile_sets_the_drain(tmp_path: Path) -> None:
    """The drain of a profile is predicted as written and with lastcall, and the Pod's annotation wins over it."""
    (tmp_path / "profiles.yaml").write_text("slow:\n  drain-seconds: 20\n")
    chosen = ["-o", "json", "--profiles", str(tmp_path / "profiles.yaml"), "--profile", "slow"]
    (found,) = json.loads(call("-f", "-", *chosen, given=POD.format(annotation="other/thing")).stdout)["workloads"]
    assert [found[when]["containers"][0]["drain"] for when in ("before", "after")] == [20, 20]
    (found,) = json.loads(
        call("-f", "-", *chosen, given=POD.format(annotation="lastcall.webhook/drain-seconds")).stdout
    )["workloads"]
    assert [found[when]["containers"][0]["drain"] for when in ("before", "after")] == [7, 7]


BAD = [
    pytest.param(["--cause", "boredom"], "write one of delete, drain", id="no such cause"),
    pytest.param(["--cause", "delete:soon"], "after a colon", id="a cause's seconds"),
    pytest.param(["--drain", "long"], "write seconds or ignore", id="a drain"),
    pytest.param(["--hook", "5"], "name the container", id="a hook without a container"),
    pytest.param(["--signal-delivery", "web=maybe"], "write received, kept or cut", id="a delivery"),
    pytest.param(["--stop-signal", "SIGQUIT"], "name the container", id="a stop signal without a container"),
    pytest.param(["--kubelet-version", "new"], "as in 1.34", id="a version"),
    pytest.param(["--profile", "none"], "there are: ", id="a profile"),
]


@pytest.mark.parametrize(("options", "says"), BAD)
def test_bad_options(options: list[str], says: str) -> None:
    """What cannot be read is answered with the accepted form and exit code 2."""
    result = call("-f", NPM, *options)
    assert (result.exit_code, says in " ".join(result.stderr.split())) == (2, True)


def test_bad_document(tmp_path: Path) -> None:
    """An unreadable document is one line with file, line and column; the others are shown; the exit code is 2."""
    (tmp_path / "bad.yaml").write_text("kind: [\n")
    result = call("-f", str(tmp_path), "-f", NPM)
    assert (result.exit_code, "✔ with lastcall" in result.stdout) == (2, True)
    assert "bad.yaml, document 1: line 2, column 1" in result.stderr


def test_exit_code() -> None:
    """With --exit-code, requests that are lost even with lastcall give 1."""
    assert call("-f", NPM, "--exit-code").exit_code == 0
    assert call("-f", NPM, "--exit-code", "--propagation", "60").exit_code == 1


def test_nothing_to_predict() -> None:
    """A cause that does not apply is reported on stderr, and a file without Pods on stdout."""
    assert "skipped: no container has a liveness probe" in call("-f", NPM, "--cause", "liveness").stderr
    assert "no document creates a Pod" in call("-f", "-", given="kind: Service\napiVersion: v1\n").stdout


def test_reasons_are_explained() -> None:
    """`lastcall explain` knows what a timeline finds, beside what the mutations decide."""
    explained = CliRunner().invoke(main, ["explain", "killedindrain"], catch_exceptions=False)
    assert "Raise terminationGracePeriodSeconds" in explained.stdout
    assert set(REASONS).isdisjoint(harm.code for harm in Harm)
