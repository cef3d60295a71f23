"""The server exposes every metric that the dashboard and the alerts query."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from tests.serving.running import review
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.serving.running import Running

FOLDER = ROOT / "deploy/monitoring"
NAME = re.compile(r"\b(lastcall_\w+|apiserver_\w+)")
LABEL = re.compile(r"(\w+)\s*(?:=~|=|!=|!~)\s*\"")
BY = re.compile(r"\bby \(([^)]*)\)")
OF_THE_API_SERVER = {
    "apiserver_admission_webhook_fail_open_count",
    "apiserver_admission_webhook_admission_duration_seconds_bucket",
}
"""https://kubernetes.io/docs/reference/instrumentation/metrics/"""
OF_THE_SCRAPE = {"pod", "name"}
"""Labels that Prometheus or the API server adds."""


def expressions() -> Iterator[str]:
    """Yield every query of the rules and of the dashboard."""
    rule = YAML(typ="safe").load(FOLDER / "prometheus-rule.yaml")
    yield from (rule["expr"] for group in rule["spec"]["groups"] for rule in group["rules"])
    dashboard = json.loads((FOLDER / "lastcall.json").read_text())
    yield from (target["expr"] for panel in dashboard["panels"] for target in panel["targets"])


def exposed(running: Running) -> str:
    """Return the metrics after a review, a refusal, a wrong annotation and a request that is no review."""
    pod = {
        "metadata": {"annotations": {"lastcall.webhook/pre-stop-sleep-seconds": "soon"}},
        "spec": {"containers": [{"name": "web", "image": "x"}]},
    }
    running.request("POST", "/mutate", review(pod))
    running.request("GET", "/mutate")
    return running.request("GET", "/metrics")[1]


def test_every_query_uses_existing_metrics(server: Running) -> None:
    """Names and labels of all queries are in the exposition, or are the API server's own."""
    text = exposed(server)
    for expression in expressions():
        names = set(NAME.findall(expression))
        assert names, expression
        labels = {label for group in BY.findall(expression) for label in group.replace(" ", "").split(",")}
        labels |= set(LABEL.findall(expression))
        for name in names - OF_THE_API_SERVER:
            assert re.search(rf"^{name}[ {{]", text, re.MULTILINE), name
        known = set(LABEL.findall(text)) | OF_THE_SCRAPE
        assert labels <= known, expression


def test_every_metric_is_in_a_query(server: Running) -> None:
    """Each metric of the server is in the dashboard or an alert."""
    asked = " ".join(expressions())
    families = re.findall(r"^# TYPE (lastcall_\w+) ", exposed(server), re.MULTILINE)
    assert len(families) >= 10
    assert [family for family in families if family not in asked] == []


def test_every_alert_is_described() -> None:
    """Each has a severity, a summary and a description."""
    rule = YAML(typ="safe").load(FOLDER / "prometheus-rule.yaml")
    for group in rule["spec"]["groups"]:
        for alert in group["rules"]:
            assert set(alert["annotations"]) == {"summary", "description"}, alert["alert"]
            assert alert["labels"]["severity"] in ("info", "warning", "critical"), alert["alert"]


def test_labels_are_closed_sets(server: Running) -> None:
    """No value of a Pod, a namespace or a client is a label."""
    for number in range(20):
        server.request("POST", "/mutate", review(uid=f"u{number}", namespace=f"namespace-{number}", name=f"p{number}"))
        server.request("POST", f"/mutate/nope-{number}", review())
    text = exposed(server)
    assert not re.search(r"namespace-|nope-|u1\d", text)
    assert set(LABEL.findall(text)) == {"outcome", "mutation", "reason", "code", "le", "version"}
