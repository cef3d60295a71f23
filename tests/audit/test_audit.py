"""``lastcall audit`` on files: which workloads lose requests, where in the file, every output, the exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from webhook.cli import main
from webhook.predict import Harm as Reasons

if TYPE_CHECKING:
    from pathlib import Path

FLEET = """\
# a comment
apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: good, namespace: shop}
    spec:
      template:
        spec:
          containers:
            - name: web
              command: [node, server.js]
              lifecycle: {preStop: {sleep: {seconds: 5}}}
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: npm, namespace: shop}
    spec:
      template:
        spec:
          containers:
            - name: metrics
              lifecycle: {preStop: {sleep: {seconds: 5}}}
            - name: web
              command: [npm, start]
---
apiVersion: v1
kind: Pod
metadata: {name: "a,b:<c>%", annotations: {lastcall.webhook/signal-hook: "off"}}
spec:
  containers: [{name: shell, command: [sh, -c, "java -jar app.jar"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: impatient}
spec:
  terminationGracePeriodSeconds: 599
  containers: [{name: web, command: [node, server.js]}]
---
apiVersion: v1
kind: Pod
metadata: {name: static, annotations: {kubernetes.io/config.mirror: x}}
spec:
  containers: [{name: web}]
"""


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fleet.yaml").write_text(FLEET)
    monkeypatch.chdir(tmp_path)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments], catch_exceptions=False)


@pytest.mark.usefixtures("fleet")
def test_lines() -> None:
    """In a pipe there is one line for each workload, the worst first; the summary goes to stderr."""
    result = call("fleet.yaml")
    assert [line.split("\t") for line in result.stdout.splitlines()] == [
        [
            "both",
            "Deployment shop/npm",
            "fleet.yaml:20",
            "the package manager does not forward SIGTERM (SignalDropped); a sidecar ends first (SidecarEndsFirst); "
            "stops before its endpoint is withdrawn (EndsBeforeTraffic)",
            "loses nothing",
        ],
        ["requests", "Pod a,b:<c>%", "fleet.yaml:27", "a shell does not forward SIGTERM (SignalKept)", "still loses"],
        [
            "connections",
            "Pod impatient",
            "fleet.yaml:33",
            "stops before its endpoint is withdrawn (EndsBeforeTraffic)",
            "refused (GraceAboveMaximum)",
        ],
        ["none", "Deployment shop/good", "fleet.yaml:10", "loses nothing", "nothing to do"],
        [
            "unknown",
            "Pod static",
            "fleet.yaml:40",
            "a static Pod: the kubelet runs the file on its node, and deleting the mirror stops nothing",
            "not changed (MirrorPod)",
        ],
    ]
    assert result.stderr == "5 workloads, 3 lose requests, lastcall fixes 1, 1 refused, 1 unknown\n"


@pytest.mark.usefixtures("fleet")
def test_json() -> None:
    """The JSON has a summary, and every workload with its findings and their lines."""
    found = json.loads(call("-f", "fleet.yaml", "-o", "json").stdout)
    assert found["summary"]["losing"] == 3
    worst = found["workloads"][0]
    assert (worst["harm"], worst["outcome"], worst["fixed"]) == ("both", "patched", True)
    assert {(f["code"], f["target"], f["line"]) for f in worst["findings"]} == {
        ("SignalDropped", "container/web", 24),
        ("EndsBeforeTraffic", "container/web", 24),
        ("SidecarEndsFirst", "container/web", 24),
    }


@pytest.mark.usefixtures("fleet")
def test_sarif() -> None:
    """SARIF names the container's line; what lastcall fixes is a warning, what it does not fix is an error."""
    (run,) = json.loads(call("fleet.yaml", "-o", "sarif").stdout)["runs"]
    places = [
        (r["ruleId"], r["level"], r["locations"][0]["physicalLocation"]["region"]["startLine"]) for r in run["results"]
    ]
    assert ("SignalDropped", "warning", 24) in places
    assert ("SignalKept", "error", 31) in places
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {reason.code for reason in Reasons}


@pytest.mark.usefixtures("fleet")
def test_junit() -> None:
    """JUnit has a case for each workload; those that lose requests fail, those that cannot be predicted are skipped."""
    suite = ET.fromstring(call("fleet.yaml", "-o", "junit").stdout)
    assert (suite.get("tests"), suite.get("failures")) == ("5", "3")
    assert [case.get("name") for case in suite if case.find("failure") is not None][1] == "Pod a,b:<c>%"
    assert len(suite.findall("testcase/skipped")) == 1


@pytest.mark.usefixtures("fleet")
def test_github() -> None:
    """GitHub's annotations are one line each, and nothing in a name ends a property or a command."""
    lines = call("fleet.yaml", "-o", "github").stdout.splitlines()
    assert lines[0].startswith(
        "::warning file=fleet.yaml,line=24,title=SignalDropped%3A Deployment shop/npm::Deployment"
    )
    assert any(
        line.startswith("::error file=fleet.yaml,line=31,title=SignalKept%3A Pod a%2Cb%3A<c>%25::") for line in lines
    )


@pytest.mark.usefixtures("fleet")
def test_html() -> None:
    """The page contains the numbers and the rows."""
    text = call("fleet.yaml", "-o", "html").stdout
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    assert data["audit"]["tiles"][1] == [3, "lose requests", "bad"]
    assert data["audit"]["rows"][1]["cells"][1] == "Pod a,b:<c>%"


EXITS = [("never", 0), ("loses", 1), ("not-fixed", 1), ("refused", 1)]


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(("fail_on", "code"), EXITS)
def test_fail_on(fail_on: str, code: int, tmp_path: Path) -> None:
    """--fail-on selects the workloads that make the exit code 1."""
    assert call("fleet.yaml", "--fail-on", fail_on).exit_code == code
    (tmp_path / "good.yaml").write_text(
        FLEET.partition("  - apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: npm")[0]
    )
    assert call("good.yaml", "--fail-on", fail_on).exit_code == 0


@pytest.mark.usefixtures("fleet")
def test_bad_input(tmp_path: Path) -> None:
    """An unreadable or missing file is one line and exit code 2; the other files are audited."""
    (tmp_path / "bad.yaml").write_text("a: b: c\n")
    result = call(".", "missing.yaml")
    assert (result.exit_code, len(result.stdout.splitlines())) == (2, 5)
    assert "bad.yaml, document 1: line 1, column 5: " in result.stderr
    assert "missing.yaml: No such file" in result.stderr


def test_files_or_a_cluster() -> None:
    """Files together with a cluster are a usage error."""
    assert call("x.yaml", "-A").exit_code == 2
