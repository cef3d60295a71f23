"""What is not changed keeps every byte: generated documents in every style, and those of examples/ and deploy/."""

from __future__ import annotations

import difflib
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.paths import ROOT
from webhook import manifests
from webhook.cli import main
from webhook.core.layers import Layer
from webhook.core.mutate import mutate
from webhook.manifests import Document

if TYPE_CHECKING:
    from collections.abc import Callable
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
    old, new = text.split("\n"), result.split("\n")
    removed = [line[2:] for line in difflib.ndiff(old, new) if line.startswith("- ")]
    assert [line for line in removed if line.strip() and not TOUCHED.search(line)] == []
    for comment in set(re.findall(r"# c\d+", text)):
        assert result.count(comment) == text.count(comment)
    assert ("\r\n" in text) == ("\r\n" in result)
    assert not re.search(r"[^\r]\n", result) or "\r\n" not in text


class Writer:
    """Writes JSON data as YAML in a style that is drawn anew for every value."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self.draw = draw
        self.comments = 0

    def one_of(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def comment(self) -> str:
        self.comments += 1
        return self.one_of("", "", f" # c{self.comments}")

    def scalar(self, value: Any) -> str:
        if not isinstance(value, str):
            return "null" if value is None else str(value)
        return str(self.one_of(value, f'"{value}"', f"'{value}'"))

    def flow(self, value: Any) -> str:
        if isinstance(value, dict):
            space = self.one_of("", " ")
            return "{" + space + ", ".join(f"{k}: {self.flow(v)}" for k, v in value.items()) + space + "}"
        if isinstance(value, list):
            return "[" + self.one_of(", ", ",  ").join(map(self.flow, value)) + "]"
        return self.scalar(value)

    def below(self, value: Any, indent: int) -> str:
        """Return what stands behind a key or dash at this column, to the line's end and further."""
        if not isinstance(value, dict | list) or not value or self.one_of(False, False, False, True):
            return f" {self.flow(value)}{self.comment()}\n"
        inner = indent + (self.one_of(0, 2) if isinstance(value, list) else self.one_of(2, 2, 4))
        lines = self.comment() + "\n"
        for item in value.items() if isinstance(value, dict) else value:
            if self.one_of(False, False, True):
                lines += self.one_of("\n", f"{' ' * inner}# c{(self.comments := self.comments + 1)}\n")
            if isinstance(value, dict):
                lines += f"{' ' * inner}{item[0]}:" + self.below(item[1], inner)
            else:
                lines += f"{' ' * inner}-" + self.item(item, inner)
        return lines

    def item(self, item: Any, indent: int) -> str:
        """Return what stands behind a dash: a mapping may begin on the same line."""
        if not isinstance(item, dict) or not item or self.one_of(False, True):
            return self.below(item, indent + 1 if isinstance(item, list) else indent)
        pairs = [f"{k}:" + self.below(v, indent + 2) for k, v in item.items()]
        return " " + (" " * (indent + 2)).join(pairs)


NAMES = st.sampled_from(("web", "app", "proxy"))
COMMANDS = st.sampled_from((["npm", "start"], ["node", "server.js"], ["npx", "next"], ["sleep", "1d"]))
CONTAINER = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "image": st.just("a/b:1.2"),
        "command": COMMANDS,
        "args": st.just(["--port", "http"]),
        "ports": st.just([{"containerPort": 3000}]),
        "env": st.just([{"name": "A", "value": "b c"}]),
        "lifecycle": st.sampled_from((None, {"preStop": {"sleep": {"seconds": 3}}})),
    },
)
POD = st.fixed_dictionaries(
    {"spec": st.fixed_dictionaries(
        {"containers": st.lists(CONTAINER, min_size=1, max_size=2, unique_by=lambda c: c["name"])},
        optional={"terminationGracePeriodSeconds": st.sampled_from((None, 10, 60)), "nodeName": st.just("n")},
    )},
    optional={"metadata": st.sampled_from((None, {}, {"labels": {"app": "web"}}, {"annotations": {"a": "b"}}))},
)  # fmt: skip


@st.composite
def texts(draw: Callable[[Any], Any]) -> str:
    """Write a file with one to three documents."""
    writer, result = Writer(draw), draw(st.sampled_from(("", "# c0 licence\n---\n", "# c0\n\n", "---\n")))
    for number in range(draw(st.integers(1, 3))):
        head = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
        pod = {**head, "spec": {"replicas": 2, "template": draw(POD)}}
        body = "".join(f"{k}:" + writer.below(v, 0) for k, v in pod.items())
        result += ("---\n" * bool(number)) + body + draw(st.sampled_from(("", "", "---\n# c1000 only a comment\n")))
    result = result if draw(st.booleans()) else result.removesuffix("\n")
    result = result.replace("\n", draw(st.sampled_from(("\n", "\r\n"))))
    return draw(st.sampled_from(("", "\ufeff"))) + result


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
        (tmp_path / f"{name}.yaml").write_bytes(f"\ufeffapiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}".encode())
    (tmp_path / "c.yaml").write_text("# only a comment\n")
    shown = CliRunner().invoke(main, ["preview", "-f", str(tmp_path), "-o", "yaml"], catch_exceptions=False).stdout
    service = "apiVersion: v1\nkind: Service\nmetadata: {{name: {}}}\n"
    expected = f"\ufeff{service.format('a')}---\n{service.format('b')}---\n# only a comment\n"
    assert shown == expected
