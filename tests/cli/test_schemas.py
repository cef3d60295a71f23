"""The JSON of ``audit`` and ``timeline`` is what the schemas in docs/ say."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.support.paths import ROOT
from tests.support.schema import problems
from webhook.cli import main

COMMANDS = [("audit", ["audit", "tests/audit/fleet.yaml"]), ("timeline", ["timeline", "-f", "examples"])]


@pytest.mark.parametrize(("name", "arguments"), COMMANDS)
def test_output_follows_the_schema(name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every field is as the schema says; a wrong version, verdict or a missing field is found."""
    monkeypatch.chdir(ROOT)
    schema = json.loads((ROOT / f"docs/{name}.schema.json").read_text(encoding="utf-8"))
    found = json.loads(CliRunner().invoke(main, [*arguments, "-o", "json"], catch_exceptions=False).stdout)
    assert len(found["workloads"]) > 1
    assert problems(found, schema, schema) == []
    workload = found["workloads"][0]
    assert problems(found | {"version": 0}, schema, schema)
    assert problems(found | {"workloads": [workload | {"today": "perhaps"}]}, schema, schema)
    assert problems(found | {"workloads": [{k: v for k, v in workload.items() if k != "name"}]}, schema, schema)
