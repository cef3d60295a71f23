"""The server behind the page: which requests it answers, and how."""

from __future__ import annotations

import http.client
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browser import page_served
from webhook.report import page
from webhook.report.page.server import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with page_served() as found:
        yield found


def ask(port: int, headers: dict[str, str], body: Any) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/api/forecast", json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


JSON_TYPE = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        pytest.param(JSON_TYPE, {"manifest": SAMPLE}, 200, id="the page itself"),
        pytest.param(JSON_TYPE | {"Host": "evil.example"}, {"manifest": SAMPLE}, 421, id="a name rebound to loopback"),
        pytest.param({"Content-Type": "text/plain"}, {"manifest": SAMPLE}, 415, id="a form of another origin"),
        pytest.param(JSON_TYPE, {"manifest": SAMPLE, "profile": "no"}, 400, id="no such profile"),
        pytest.param(JSON_TYPE, {"manifest": SAMPLE, "cause": "no"}, 400, id="no such cause"),
        pytest.param(JSON_TYPE, {"manifest": SAMPLE, "drain": "-1"}, 400, id="a negative duration"),
        pytest.param(JSON_TYPE, {"manifest": SAMPLE, "drain": "nan"}, 400, id="no number"),
        pytest.param(JSON_TYPE, {"manifest": SAMPLE, "kubelet": "1.x"}, 400, id="no version"),
        pytest.param(JSON_TYPE, ["no"], 400, id="no object"),
    ],
)
def test_which_requests_are_answered(port: int, headers: dict[str, str], body: Any, status: int) -> None:
    """The server answers its own page, and no other origin."""
    found, text = ask(port, headers, body)
    assert (found, text.startswith('{"view"')) == (status, status == 200)


def test_a_cause_that_does_not_apply(port: int) -> None:
    """Where nothing can be predicted the decisions are shown, with the reason."""
    _, text = ask(port, JSON_TYPE, {"manifest": SAMPLE, "cause": "liveness"})
    view, assumed = map(json.loads, text.splitlines())
    assert assumed["assumed"].startswith("liveness, kubelet 1.34; assumed: ")
    view = view["view"]
    assert (view["note"], view["outcome"], view["svg"]) == ("no container has a liveness probe", "patched", "")


def test_data_cannot_end_its_element() -> None:
    """Neither ``</script>`` nor a mark of the template in the data changes the page around it."""
    made = page.html({"mode": "report", "note": "</script><!-- @JS@ @CSP@"})
    assert made.count("</script>") == 2
    assert json.loads(re.findall(r'id="data">(.*?)</script>', made)[0])["note"] == "</script><!-- @JS@ @CSP@"
