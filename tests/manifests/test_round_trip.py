"""What is not changed keeps every byte: generated documents in every style, and those of examples/ and deploy/."""

from __future__ import annotations

import difflib
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from tests.manifests.styles import texts
from tests.support.paths import ROOT
from webhook import manifests
from webhook.cli import main
from webhook.core.layers import Layer
from webhook.core.mutate import mutate
from webhook.manifests import Document

if TYPE_CHECKING:
    from pathlib import Path

LAYERS = (Layer.of_profile("default", {}),)
TOUCHED = re.compile(r"command|args|lifecycle|terminationGracePeriodSeconds|annotations|metadata|containers|npm|\{")
GOLDEN = sorted([*(ROOT / "examples").rglob("*.yaml"), *(ROOT / "deploy").rglob("*.yaml")])


def patched(text: str) -> tuple[str, list[Any], bool]:
    """Return the file with all patches, its data, and whether there was a patch."""
    result, data, changed = "", [], False
    for document in manifests.read("x.yaml", text):
        assert isinstance(document, Document), document
        for workload in document.workloads:
            report = mutate(workload.pod, LAYERS)
            changed |= bool(report.operations)
            document.apply(workload, report.operations)
        result += document.head + document.dump() + document.tail
        data.append(document.data)
    return result, data, changed


def check(text: str) -> None:
    result, data, changed = patched(text)
    again = list(manifests.read("x.yaml", result))
    assert [d.data for d in again if isinstance(d, Document)] == data
    assert changed or result == text
    old, new = (re.split(r"\r?\n", each) for each in (text, result))
    removed = [line[2:] for line in difflib.ndiff(old, new) if line.startswith("- ")]
    assert [line for line in removed if line.strip() and not TOUCHED.search(line)] == []
    for comment in set(re.findall(r"# c\d+", text)):
        assert result.count(comment) == text.count(comment)
    assert ("\r\n" in text) == ("\r\n" in result)
    assert not re.search(r"[^\r]\n", result) or "\r\n" not in text


@settings(deadline=None, max_examples=300)
@given(texts())
def test_untouched_text_survives(text: str) -> None:
    """Line ends, byte order mark, comments, flow style, quotes and indentation; the result holds the patched data."""
    check(text)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_golden_files_survive(path: Path) -> None:
    """Files that people wrote."""
    check(path.read_text())


@settings(deadline=None, max_examples=25)
@given(texts())
def test_the_diff_applies_with_patch(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """patch(1) makes of the file what `-o yaml` prints."""
    folder = tmp_path_factory.mktemp("patch")
    (folder / "web.yaml").write_bytes(text.encode())
    call = CliRunner()
    diff = call.invoke(main, ["preview", "-f", str(folder / "web.yaml"), "-o", "diff"], catch_exceptions=False)
    assert diff.exit_code == 0, diff.output
    if "\n@@ " in diff.stdout:
        argv = ["patch", "--binary", "--fuzz=0", str(folder / "web.yaml")]
        subprocess.run(argv, input=diff.stdout_bytes, check=True, capture_output=True)
    assert (folder / "web.yaml").read_bytes().decode() == patched(text)[0]


BODY = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n"


@pytest.mark.parametrize(
    "spec",
    [
        "  containers:\n  - &a\n    name: web\n    command: [npm, start]\n  - <<: *a\n    name: app\n",
        "  x: &c [npm, start]\n  containers:\n  - name: web\n    command: *c\n",
        "  x: &c {name: web, command: [npm, start]}\n  containers:\n  - *c\n",
        "  containers:\n  - name: web\n    command: &c [npm, start]\n  x: *c\n",
        "  containers:\n  - - name: web\n",
        "  containers:\n  - {name: web, command: [npm, start]}\n  <<: {terminationGracePeriodSeconds: 30}\n",
        "  containers:\n  - name: web\n    env:\n    - {name: a, value: b}\n    x: |+\n      text\n\n\n",
        "  containers:\n  - name: web\n    x: |\n      text",
        "  ? containers\n  : - name: web\n      ? command\n      : [npm, start]\n",
        '  "containers":\n    - "name": web\n      !!str command: !!seq [npm, start]\n',
        "  containers:\n  - name: web\n    command:\n      [npm, start] # c1\n",
        "  containers: [{name: web, command: [\n    npm, # c1\n    start,\n  ],}]\n",
    ],
)
def test_unusual_forms_hold_the_patched_data(spec: str) -> None:
    """Anchors, merge keys, explicit keys, kept line ends: the data is right, whatever becomes of the text."""
    if "- -" in spec:
        (error,) = manifests.read("x.yaml", BODY + spec)
        assert isinstance(error, manifests.BadManifest)
        return
    result, data, changed = patched(BODY + spec)
    assert changed
    (again,) = manifests.read("x.yaml", result)
    assert isinstance(again, Document), again
    assert again.data == data[0]


def test_json_stays_json() -> None:
    """A changed JSON file is JSON."""
    import json  # noqa: PLC0415

    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "web", "command": ["npm", "start"]}]}}
    result, data, changed = patched(json.dumps(pod, indent=2))
    assert changed
    assert [json.loads(result)] == data


def test_files_without_marker_are_separated(tmp_path: Path) -> None:
    """`-o yaml` of a directory is one stream of documents, without a second byte order mark."""
    for name in ("a", "b"):
        text = f"\ufeffapiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}"
        (tmp_path / f"{name}.yaml").write_text(text)
    (tmp_path / "c.yaml").write_text("# only a comment\n")
    shown = CliRunner().invoke(main, ["preview", "-f", str(tmp_path), "-o", "yaml"], catch_exceptions=False).stdout
    service = "apiVersion: v1\nkind: Service\nmetadata: {{name: {}}}\n"
    expected = f"\ufeff{service.format('a')}---\n{service.format('b')}---\n# only a comment\n"
    assert shown == expected
