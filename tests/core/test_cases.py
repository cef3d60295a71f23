"""Golden folders: each goes through every path that a Pod can take.

- ``input.yaml``: a manifest; ``settings.yaml``: a profile's settings, optional.
- ``expected.yaml``: what ``preview -o yaml`` prints, with the launcher's text by its name.
- ``expected.txt``: what it says.

``pytest --update-cases`` writes the last two anew.
"""

from __future__ import annotations

import base64
import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import jsonpatch
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from tests.serving.running import review
from tests.support.asgi import no_flask, post
from tests.support.paths import CASES as TREE
from webhook import manifests
from webhook.cli import main
from webhook.core.layers import Layer
from webhook.core.mutate import mutate
from webhook.core.pod import read
from webhook.core.rules import violations
from webhook.launcher import MODES, text, texts
from webhook.manifests import Document
from webhook.report import render
from webhook.serving.asgi import Front
from webhook.serving.metrics import Telemetry
from webhook.serving.reviewer import Reviewer

if TYPE_CHECKING:
    from pathlib import Path

    from webhook.core.decision import Report

CASES = sorted(path.parent for path in TREE.glob("*/*/input.yaml"))
FILES = {"input.yaml", "settings.yaml", "expected.yaml", "expected.txt"}
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")


def documents(case: Path) -> list[Document]:
    found = list(manifests.read("input.yaml", (case / "input.yaml").read_text()))
    assert all(isinstance(document, Document) for document in found)
    return [document for document in found if isinstance(document, Document)]


def settings(case: Path) -> dict[str, Any]:
    path = case / "settings.yaml"
    return dict(YAML(typ="safe", pure=True).load(path)) if path.exists() else {}


def reports(case: Path) -> list[Report]:
    layers = (Layer.of_profile("case", settings(case)),)
    return [mutate(workload.pod, layers) for document in documents(case) for workload in document.workloads]


def named(value: Any) -> Any:
    """Put a name in place of the launcher's text."""
    match value:
        case dict():
            return {key: named(item) for key, item in value.items()}
        case list():
            return [named(item) for item in value]
        case str():
            names = {text(mode): f"<launcher {mode}>" for mode in MODES} | {texts.HOOK: "<signal hook>"}
            return names.get(value, value)
    return value


def normalised(output: str) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    stream = StringIO()
    yaml.dump_all([named(document) for document in yaml.load_all(output)], stream)
    return stream.getvalue()


def preview(case: Path, tmp_path: Path, output: str) -> Any:
    profiles = tmp_path / "profiles.yaml"
    profiles.write_text(json.dumps({"case": settings(case)}))
    arguments = ["preview", "-f", str(case / "input.yaml"), "-o", output, "--profile", "case"]
    return CliRunner().invoke(main, [*arguments, "--profiles", str(profiles)], catch_exceptions=False)


@cases
def test_preview_prints_the_expected_manifest(case: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """`preview -o yaml` prints the expected manifest."""
    result = preview(case, tmp_path, "yaml")
    assert result.exit_code == 0
    if request.config.getoption("--update-cases"):
        (case / "expected.yaml").write_text(normalised(result.stdout))
    assert normalised(result.stdout) == (case / "expected.yaml").read_text()


@cases
def test_the_reasons_are_as_expected(case: Path, request: pytest.FixtureRequest) -> None:
    """Every decision and its sentence are as expected."""
    said = "".join(f"{line}\n" for report in reports(case) for line in render.lines(report))
    if request.config.getoption("--update-cases"):
        (case / "expected.txt").write_text(said)
    assert said == (case / "expected.txt").read_text()


@cases
def test_a_second_round_changes_nothing(case: Path) -> None:
    """The webhook's own output is left as it is."""
    layers = (Layer.of_profile("case", settings(case)),)
    assert [mutate(report.after, layers).operations for report in reports(case)] == [() for _ in reports(case)]


@cases
def test_the_patch_applies_with_the_reference_library(case: Path) -> None:
    """The jsonpatch library makes of the patch what our own strict apply makes of it."""
    for report in reports(case):
        assert jsonpatch.apply_patch(report.before, list(report.operations)) == report.after


@cases
def test_the_result_passes_the_api_servers_rules(case: Path) -> None:
    """Nothing that is patched would be rejected by the API server."""
    for report in reports(case):
        if report.operations:
            assert violations(read(report.after)) == frozenset()


@cases
def test_the_server_answers_the_same_patch(case: Path) -> None:
    """An AdmissionReview that is posted to the ASGI application gets the patch that the core makes."""
    front = Front(Reviewer({"default": {}, "case": settings(case)}, Telemetry()), no_flask)
    for report in reports(case):
        response = post(front, "/mutate/case", review(report.before)).response
        assert response["allowed"] is True
        assert json.loads(base64.b64decode(response.get("patch", "W10="))) == list(report.operations)
        assert ("patchType" in response) == bool(report.operations)
        assert response["auditAnnotations"]


def test_every_file_of_the_cases_is_used() -> None:
    """A file that no test reads is a mistake in its name."""
    files = {path for path in TREE.rglob("*") if path.is_file()}
    assert {path for path in files if path.name not in FILES or path.parent not in CASES} == set()
