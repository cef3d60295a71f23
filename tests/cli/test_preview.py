"""The command line: preview."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.support.paths import ROOT
from webhook.cli import main
from webhook.report import render

if TYPE_CHECKING:
    from click.testing import Result

EXAMPLES = ROOT / "examples"
WEB = str(EXAMPLES / "npm-deployment.yaml")


def lastcall(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin, catch_exceptions=False)


def test_in_a_pipe_every_decision_is_a_line(tmp_path: Path) -> None:
    """The fields are separated by tabs: outcome, reason, workload, target, mutation, message, place."""
    lines = [line.split("\t") for line in lastcall("preview", "-f", WEB).stdout.splitlines()]
    assert [line[:5] for line in lines] == [
        ["patched", "LauncherAdded", "Deployment web", "container/web", "entrypoint"],
        ["patched", "SleepAdded", "Deployment web", "container/web", "pre-stop"],
        ["patched", "GraceRaised", "Deployment web", "pod", "grace-period"],
    ]
    assert {(len(line), line[6]) for line in lines} == {(7, f"{WEB}, document 1")}
    strange = {"name": "a\tb\nc", "namespace": "shop", "annotations": {"lastcall.webhook/drain-seconds": "soon"}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": strange, "spec": {"containers": [{"name": "web"}]}}
    (tmp_path / "pod.json").write_text(json.dumps(pod))
    lines = [line.split("\t") for line in lastcall("preview", "-f", str(tmp_path)).stdout.splitlines()]
    assert {(len(line), line[2]) for line in lines} == {(7, "Pod shop/a b c")}
    assert lines[-1][:2] == ["ignored", "InvalidSetting"]


def test_preview_exits_with_1_only_where_asked_and_needed() -> None:
    """`--exit-code` tells scripts whether something would change."""
    assert lastcall("preview", "-f", WEB).exit_code == 0
    assert lastcall("preview", "-f", WEB, "--exit-code").exit_code == 1
    assert lastcall("preview", "-f", str(EXAMPLES / "job.yaml"), "--exit-code").exit_code == 0


def test_preview_of_its_own_output_changes_nothing() -> None:
    """What `-o yaml` prints can be fed back, and the report goes to stderr."""
    first = lastcall("preview", "-f", WEB, "-o", "yaml")
    assert "LauncherAdded" in first.stderr
    assert "LauncherAdded" not in first.stdout
    again = lastcall("preview", "-f", "-", "-o", "yaml", "--exit-code", stdin=first.stdout)
    assert again.exit_code == 0
    assert again.stdout == first.stdout


def test_preview_keeps_comments_order_and_what_it_does_not_know() -> None:
    """The user's file stays the user's: only what is patched differs."""
    written = lastcall("preview", "-f", WEB, "-o", "yaml").stdout
    assert written.startswith("# A web server as thousands are deployed")
    assert "# the image has no ENTRYPOINT" in written
    assert written.endswith(Path(WEB).read_text().split("---")[1])


def test_a_diff_shows_the_change_and_names_the_launcher() -> None:
    """A terminal gets the launcher's name, a pipe its text, which patch(1) needs. Each change has its reason."""
    shown = lastcall("preview", "-f", WEB, "-o", "diff").stdout
    assert "+      terminationGracePeriodSeconds: 35" in shown
    assert "-          command: [npm, start] # the image has no ENTRYPOINT" in shown
    assert "# patched  grace-period" in shown
    assert "child_process" in shown
    written = lastcall("preview", "-f", WEB, "-o", "yaml").stdout
    assert "<the launcher; `lastcall launcher` prints it>" in render.shorten(written)
    assert "child_process" not in render.shorten(written)


def test_json_patch_and_report_are_json() -> None:
    """Programs get JSON: the objects, the patches, the decisions."""
    objects = json.loads(lastcall("preview", "-f", WEB, "-o", "json").stdout)
    assert [item["kind"] for item in objects["items"]] == ["Deployment", "Service"]
    assert objects["items"][0]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 35
    (patch,) = json.loads(lastcall("preview", "-f", WEB, "-o", "patch").stdout)
    assert {operation["op"] for operation in patch["patch"]} == {"add", "replace"}
    (report,) = json.loads(lastcall("preview", "-f", WEB, "-o", "report").stdout)
    assert [decision["reason"] for decision in report["decisions"]] == ["LauncherAdded", "SleepAdded", "GraceRaised"]


def test_profile_and_set_are_in_force(tmp_path: Path) -> None:
    """A profile of the operator's file and `--set` change the preview."""
    (tmp_path / "p.yaml").write_text("slow: {pre-stop-sleep-seconds: 45}")
    chosen = ("--profiles", str(tmp_path / "p.yaml"), "--profile", "slow")
    assert "sleeps 45 s" in lastcall("preview", "-f", WEB, *chosen).stdout
    assert "sleeps 3 s" in lastcall("preview", "-f", WEB, *chosen, "--set", "pre-stop-sleep-seconds=3").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "pre-stop-sleep-seconds=soon"), "must be whole seconds, as in 30"),
        (("--set", "sleep=5"), "there is no setting sleep"),
        (("--set", "sleep"), "write name=value"),
        (("--profile", "none"), "no profile 'none'; there are: alb, default, ingress, nlb"),
        (("--profiles", "/nowhere.yaml"), "/nowhere.yaml: "),
    ],
)
def test_wrong_options_are_usage_errors(arguments: tuple[str, ...], message: str) -> None:
    """Exit 2, and the message says what would be right."""
    result = lastcall("preview", "-f", WEB, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "document 1: line 2, column 1: "),
        ("---\na: 1\n---\nkind: Pod\nb: {\n", "document 2: line 6, column 1: "),
        (
            "a: {{ .Values.b }}\n",
            "document 1: line 1, column 5: a key must be text, a number or a boolean; a template has",
        ),
        ("a: *b\n", "document 1: line 1, column 4: found undefined alias"),
        ("a: &a [*a]\n", "document 1: line 1, column 4: an anchor contains itself"),
        ("a: .inf\n", "document 1: line 1, column 4: JSON has no number .inf"),
        ("a: !!int x\n", "document 1: line 1, column 4: `x` is not of the type !!int"),
        ("a: {<<: 1}\n", "document 1: line 1, column 9: a merge key needs a mapping, or a list of them"),
        ("apiVersion: apps/v1\nkind: Deployment\nspec: {}\n", "document 1: Deployment has no spec.template"),
        ("apiVersion: apps/v1\nkind: Deployment\nspec: [1]\n", "document 1: Deployment has no spec.template"),
        ("x: \x00", "document 1: "),
    ],
)
def test_a_broken_document_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    """Exit 2, file, document, line and column."""
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    result = lastcall("preview", "-f", str(path))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {path}, {message}")


def test_a_broken_document_does_not_hide_the_others(tmp_path: Path) -> None:
    """The other documents and files are shown all the same, and the exit code is 2."""
    (tmp_path / "a.yaml").write_text("a: [1\n---\n" + Path(WEB).read_text())
    (tmp_path / "b.yml").write_bytes(b"\xff\xfe")
    (tmp_path / "c.json").write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}}))
    (tmp_path / "ignored.txt").write_text("a: [1")
    result = lastcall("preview", "-f", str(tmp_path))
    assert result.exit_code == 2
    assert "Deployment web" in result.stdout
    assert [line.split(": ")[1:3] for line in result.stderr.splitlines()] == [
        [f"{tmp_path}/a.yaml, document 1", "line 2, column 1"],
        [f"{tmp_path}/b.yml", "'utf-8' codec can't decode byte 0xff in position 0"],
        [f"{tmp_path}/c.json, document 1", "line 1, Pod (no name), spec.containers"],
    ]


@pytest.mark.parametrize("output", ["yaml", "json", "diff", "patch"])
def test_nothing_that_is_piped_on_is_printed_if_a_document_is_bad(output: str) -> None:
    """`kubectl apply` gets nothing, not half of the input."""
    text = Path(WEB).read_text()
    assert lastcall("preview", "-f", "-", "-o", output, stdin=text).stdout
    result = lastcall("preview", "-f", "-", "-o", output, stdin=f"{text}\n---\na: [1\n")
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_file_that_is_not_there_is_reported() -> None:
    """Exit 2 and one line."""
    result = lastcall("preview", "-f", "/nowhere.yaml")
    assert (result.exit_code, result.stderr) == (2, "error: /nowhere.yaml: No such file or directory\n")


def test_a_pod_that_the_api_server_would_reject_is_an_error(tmp_path: Path) -> None:
    """Exit 2, and line and field are named."""
    path = tmp_path / "pod.yaml"
    path.write_text("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {name: a, command: [1]}\n")
    result = lastcall("preview", "-f", str(path), "-o", "yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "line 5, Pod (no name), spec.containers.0.command.0: Expected `str`, got `int`" in result.stderr


def test_a_kind_of_the_same_name_in_another_group_is_left_alone(tmp_path: Path) -> None:
    """A StatefulSet of example.org is not a StatefulSet of apps."""
    path = tmp_path / "other.yaml"
    path.write_text("apiVersion: example.org/v1\nkind: StatefulSet\nspec: {}\n")
    result = lastcall("preview", "-f", str(path))
    assert (result.exit_code, result.stdout) == (0, "no document creates a Pod\n")
