"""Shapes of real workloads, held aside: no verdict is safe where it must not be, and few are false alarms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from webhook.predict import Scenario
from webhook.predict.forecast import forecast

SHAPES: list[dict[str, Any]] = YAML(typ="safe").load(Path(__file__).with_name("shapes.yaml"))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["shape"])
def test_shape(shape: dict[str, Any]) -> None:
    """Both verdicts are those that were written by hand; whatever is unknown names what supplies it."""
    spec = shape["spec"]
    lists = (spec["containers"], spec.get("initContainers", ()))
    for number, container in enumerate(each for listed in lists for each in listed):
        container.setdefault("name", f"c{number}")
    annotations = {"lastcall.webhook/image-shell": shape["shell"]} if "shell" in shape else {}
    found = forecast({"metadata": {"annotations": annotations}, "spec": spec}, Scenario())
    assert [found.today, found.with_lastcall] == shape["is"]
    for finding in (*found.before.findings, *found.after.findings):
        assert not finding.unknown or "--" in finding.advice
