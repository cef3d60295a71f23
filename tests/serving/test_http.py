"""Requests and answers over a real TLS socket."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import jsonpatch
import pytest
from click.testing import CliRunner

from tests.serving.running import POD, SERVE, review, send_header
from tests.support.asgi import no_flask, post
from tests.support.waiting import until
from webhook.cli import main
from webhook.serving.asgi import Application
from webhook.serving.flask_app import create_app
from webhook.serving.metrics import Telemetry
from webhook.serving.reviewer import MAX_BODY_BYTES, Reviewer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.serving.running import Pair, Running


def test_a_pod_gets_a_patch(shared: Running) -> None:
    """The answer has the uid, a patch that applies, and an audit annotation for each mutation."""
    status, text = shared.request("POST", "/mutate?timeout=10s", review())
    response = json.loads(text)["response"]
    after = jsonpatch.apply_patch(POD, base64.b64decode(response["patch"]).decode())
    assert (status, response["uid"], response["allowed"]) == (200, review()["request"]["uid"], True)
    assert after["spec"]["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}
    assert after["spec"]["terminationGracePeriodSeconds"] == 35
    assert {"entrypoint", "pre-stop", "grace-period"} <= set(response["auditAnnotations"])


def test_the_path_chooses_the_profile(shared: Running) -> None:
    """``/mutate/alb`` sleeps as long as the profile says."""
    _, text = shared.request("POST", "/mutate/alb", review())
    assert b'"seconds":60' in base64.b64decode(json.loads(text)["response"]["patch"])


def test_a_second_review_of_the_result_changes_nothing(shared: Running) -> None:
    """The second answer has no patch, and the reasons."""
    _, text = shared.request("POST", "/mutate", review())
    patch = base64.b64decode(json.loads(text)["response"]["patch"]).decode()
    _, text = shared.request("POST", "/mutate", review(jsonpatch.apply_patch(POD, patch)))
    response = json.loads(text)["response"]
    assert response["allowed"] is True
    assert "patch" not in response
    assert response["auditAnnotations"]["pre-stop"].startswith("skipped")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "words"),
    [
        pytest.param("POST", "/mutate/nope", {}, 404, "there are: alb, default, ingress, nlb", id="unknown profile"),
        pytest.param("POST", "/", {}, 404, "not found", id="unknown path"),
        pytest.param("GET", "/mutate", {}, 405, "not allowed", id="wrong method"),
        pytest.param("POST", "/healthz", {}, 405, "not allowed", id="wrong method for a probe"),
        pytest.param("POST", "/mutate", {"Content-Type": "text/plain"}, 415, "application/json", id="wrong type"),
        pytest.param("POST", "/mutate", {"Content-Type": ""}, 415, "application/json", id="no type"),
    ],
)
def test_a_request_that_is_not_a_review_is_rejected(
    shared: Running, method: str, path: str, headers: dict[str, str], status: int, words: str
) -> None:
    """The answer has a status and the reason in one line."""
    answer, text = shared.request(method, path, review() if method == "POST" else None, **headers)
    assert answer == status
    assert words in text
    assert text.count("\n") == 1


@pytest.mark.parametrize("content_type", [b"Application/JSON", b"application/json ; charset=utf-8"])
def test_the_content_type_is_read_as_http_says(content_type: bytes) -> None:
    """Case and parameters do not matter: https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1."""
    application = Application(Reviewer({"default": {}}, Telemetry()), no_flask)
    assert "patch" in post(application, "/mutate", review(), content_type).response
    assert post(application, "/mutate", review(), b"application/jsonp").status == 415


def test_flask_answers_no_review() -> None:
    """The application behind the health port has no ``/mutate``."""
    client = create_app(Telemetry(), lambda: "").test_client()
    assert client.get("/healthz").status_code == 200
    assert client.post("/mutate", json=review()).status_code == 404


def test_a_body_of_unknown_length_is_rejected(shared: Running) -> None:
    """A chunked body gets a 411."""
    connection = shared.connection()
    connection.request("POST", "/mutate", iter([b"{}"]), {"Content-Type": "application/json"}, encode_chunked=True)
    response = connection.getresponse()
    assert (response.status, response.read()) == (411, b"a Content-Length is required\n")
    connection.close()


def test_a_body_over_seven_mebibytes_is_rejected_by_its_length(shared: Running) -> None:
    """The 413 is sent before the body arrives."""
    connection = shared.connection()
    send_header(connection, MAX_BODY_BYTES + 1, b"")
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_of_seven_mebibytes_is_answered(shared: Running) -> None:
    """The limit itself is allowed."""
    head, tail = json.dumps(review(padding="")).encode().split(b'"padding": ""')
    body = head + b'"padding": "' + b"x" * (MAX_BODY_BYTES - len(head) - len(tail) - 13) + b'"' + tail
    status, text = shared.request("POST", "/mutate", body)
    assert (len(body), status, json.loads(text)["response"]["allowed"]) == (MAX_BODY_BYTES, 200, True)


def test_a_client_that_disconnects_is_no_error(server: Running) -> None:
    """After half a body the server continues, and counts no internal error."""
    connection = server.connection()
    send_header(connection, 1000, b"{")
    connection.close()
    assert server.request("POST", "/mutate", review())[0] == 200
    assert "lastcall_internal_errors_total 0.0" in server.request("GET", "/metrics")[1]


def test_metrics_count_decisions_and_rejected_requests(server: Running) -> None:
    """Each decision is counted by mutation, outcome and reason; each rejected request by its status."""
    server.request("POST", "/mutate", review())
    server.request("GET", "/mutate")
    text = server.request("GET", "/metrics")[1]
    for line in (
        'lastcall_decisions_total{mutation="pre-stop",outcome="patched",reason="SleepAdded"} 1.0',
        'lastcall_reviews_total{outcome="patched"} 1.0',
        'lastcall_rejected_requests_total{code="405"} 1.0',
        "lastcall_review_duration_seconds_count 1.0",
        "lastcall_internal_errors_total 0.0",
    ):
        assert line in text.splitlines()


def test_probes_answer(shared: Running) -> None:
    """``/healthz`` and ``/readyz`` return 200."""
    assert shared.request("GET", "/healthz") == (200, "ok\n")
    assert shared.request("GET", "/readyz") == (200, "ok\n")


def test_self_signed_prints_where_its_ca_is(start: Callable[..., Running]) -> None:
    """The server verifies against the CA at the printed path; the files are deleted when the server exits."""
    import ssl  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    running = start(None, *SERVE, "--port", "0", "--self-signed")
    path = until("the CA's path", lambda: [line for line in running.log().splitlines() if line.startswith("CA: ")])[0]
    ca = Path(path.removeprefix("CA: "))
    running.tls = ssl.create_default_context(cafile=ca)
    assert running.request("POST", "/mutate", review())[0] == 200
    assert running.stop() == 0
    assert not ca.parent.exists()


def test_plain_http_serves_on_loopback(start: Callable[..., Running]) -> None:
    """``--no-tls`` answers the same reviews."""
    running = start(None, *SERVE, "--port", "0", "--no-tls")
    assert running.request("POST", "/mutate", review())[0] == 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "--self-signed"),
        (("--cert", "tls.crt"), "belong together"),
        (("--self-signed", "--no-tls"), "or --no-tls"),
        (("--no-tls", "--host", "0.0.0.0"), "loopback addresses only, not 0.0.0.0"),
        (("--no-tls", "--host", "example.com"), "loopback addresses only"),
        (("--no-tls", "--port", "70000"), "70000 is not in the range"),
        (("--no-tls", "--profiles", "/nonexistent.yaml"), "/nonexistent.yaml"),
    ],
    ids=" ".join,
)
def test_wrong_options_are_explained(options: tuple[str, ...], words: str) -> None:
    """The command exits with 2 and names the correct options."""
    result = CliRunner().invoke(main, ["serve", *options])
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_an_own_profile_is_served(tmp_path: Path, pair: Pair, start: Callable[..., Running]) -> None:
    """A profile of ``--profiles`` has a path of its own."""
    (tmp_path / "profiles.yaml").write_text("slow:\n  pre-stop-sleep-seconds: 45\n")
    profiles = ("--profiles", str(tmp_path / "profiles.yaml"))
    running = start(pair.client(), *SERVE, "--port", "0", *pair.options, *profiles)
    _, text = running.request("POST", "/mutate/slow", review())
    assert b'"seconds":45' in base64.b64decode(json.loads(text)["response"]["patch"])
