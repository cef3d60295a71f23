"""``lastcall audit`` on files: which workloads lose requests, where in the file, every output, the exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from webhook.cli import main
from webhook.predict import Harm as Reasons

FLEET = Path(__file__).with_name("fleet.yaml").read_text(encoding="utf-8")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fleet.yaml").write_text(FLEET)
    monkeypatch.chdir(tmp_path)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments], catch_exceptions=False)


LINES = [
    [
        "both",
        "Deployment shop/npm",
        "fleet.yaml:20",
        "the package manager does not forward SIGTERM (SignalDropped); a sidecar ends first (SidecarEndsFirst); "
        "stops before its endpoint is withdrawn (EndsBeforeTraffic)",
        "✔ loses nothing",
    ],
    [
        "requests",
        "Pod a,b:<c>%",
        "fleet.yaml:28",
        "a shell or launcher does not forward SIGTERM (SignalKept)",
        "✘ still loses",
    ],
    [
        "connections",
        "Pod impatient",
        "fleet.yaml:39",
        "stops before its endpoint is withdrawn (EndsBeforeTraffic)",
        "✘ refused (GraceAboveMaximum)",
    ],
    [
        "unknown",
        "Pod image",
        "fleet.yaml:34",
        "its command stands in the image only (CommandUnknown)",
        "? not changed (ImageCommandUnknown, HookAlreadySet, GraceSuffices)",
    ],
    [
        "unknown",
        "Pod static",
        "fleet.yaml:46",
        "a static Pod: the kubelet runs the file on its node, and deleting the mirror stops nothing",
        "? not changed (MirrorPod)",
    ],
    ["none", "Deployment shop/good", "fleet.yaml:10", "loses nothing", "✔ nothing to do"],
]


@pytest.mark.usefixtures("fleet")
def test_lines() -> None:
    """In a pipe there is one line for each workload, the worst first; the summary goes to stderr."""
    result = call("fleet.yaml")
    assert [line.split("\t") for line in result.stdout.splitlines()] == LINES
    assert result.stderr == (
        "6 workloads; today 3 lose requests, 1 safe, 2 unknown; with lastcall 2 lose requests, 2 safe, 2 unknown; "
        "lastcall fixes 1; 1 refused\n"
    )


@pytest.mark.usefixtures("fleet")
def test_json() -> None:
    """The JSON has a summary, and every workload with its findings and their lines."""
    found = json.loads(call("-f", "fleet.yaml", "-o", "json").stdout)
    assert found["version"] == 1
    assert found["summary"]["today"] == {"loses": 3, "safe": 1, "unknown": 2}
    assert found["summary"]["with_lastcall"] == {"loses": 2, "safe": 2, "unknown": 2}
    worst = found["workloads"][0]
    assert (worst["harm"], worst["today"], worst["with_lastcall"], worst["fixed"]) == ("both", "loses", "safe", True)
    assert {(f["code"], f["target"], f["line"]) for f in worst["findings"]} == {
        ("SignalDropped", "container/web", 25),
        ("EndsBeforeTraffic", "container/web", 25),
        ("SidecarEndsFirst", "container/web", 25),
    }


@pytest.mark.usefixtures("fleet")
def test_sarif() -> None:
    """SARIF names the container's line; what lastcall fixes is a warning, what it does not fix is an error."""
    (run,) = json.loads(call("fleet.yaml", "-o", "sarif").stdout)["runs"]
    places = [
        (r["ruleId"], r["level"], r["locations"][0]["physicalLocation"]["region"]["startLine"]) for r in run["results"]
    ]
    assert ("SignalDropped", "warning", 25) in places
    assert ("SignalKept", "error", 32) in places
    assert ("CommandUnknown", "warning", 37) in places
    assert run["results"][0]["properties"] == {"today": "loses", "with_lastcall": "safe"}
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {reason.code for reason in Reasons}


@pytest.mark.usefixtures("fleet")
def test_junit() -> None:
    """JUnit has a case for each workload; those that lose requests fail, those that cannot be predicted are skipped."""
    suite = ET.fromstring(call("fleet.yaml", "-o", "junit").stdout)
    assert (suite.get("tests"), suite.get("failures")) == ("6", "3")
    assert [case.get("name") for case in suite if case.find("failure") is not None][1] == "Pod a,b:<c>%"
    messages = [skipped.get("message", "") for skipped in suite.findall("testcase/skipped")]
    assert messages[0].startswith("? unknown: its command")
    assert messages[1].startswith("a static Pod")


@pytest.mark.usefixtures("fleet")
def test_github() -> None:
    """GitHub's annotations are one line each, and nothing in a name ends a property or a command."""
    lines = call("fleet.yaml", "-o", "github").stdout.splitlines()
    assert lines[0].startswith(
        "::warning file=fleet.yaml,line=25,title=SignalDropped%3A Deployment shop/npm::Deployment"
    )
    assert any(
        line.startswith("::error file=fleet.yaml,line=32,title=SignalKept%3A Pod a%2Cb%3A<c>%25::") for line in lines
    )


@pytest.mark.usefixtures("fleet")
def test_html() -> None:
    """The page contains the numbers and the rows."""
    text = call("fleet.yaml", "-o", "html").stdout
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    assert data["audit"]["tiles"][1:4] == [[3, "lose requests", "bad"], [2, "unknown", "unsure"], [1, "safe", "good"]]
    assert data["audit"]["rows"][1]["cells"][1] == "Pod a,b:<c>%"


EXITS = [("never", 0), ("loses", 1), ("not-fixed", 1), ("unknown", 1), ("refused", 1)]


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
    assert (result.exit_code, len(result.stdout.splitlines())) == (2, 6)
    assert "bad.yaml, document 1: line 1, column 5: " in result.stderr
    assert "missing.yaml: No such file" in result.stderr


def test_files_or_a_cluster() -> None:
    """Files together with a cluster are a usage error."""
    assert call("x.yaml", "-A").exit_code == 2
