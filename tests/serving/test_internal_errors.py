"""An internal error never rejects a Pod, and no log line contains a secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.serving.bodies import ANSWERED, NOT_ANSWERABLE
from tests.serving.running import POD, review

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.serving.running import Pair, Running

DEFECTIVE = "from webhook.serving.application import *; serve({'default': None, 'good': {}}, Options(port=0))"
"""A server with an invalid profile, which no file can have: it fails in the core."""
SECRET = "hunter2-5f1c"


def secretive(pod: dict[str, Any] = POD) -> dict[str, Any]:
    """Return the Pod with a secret wherever users put secrets."""
    container = pod["spec"]["containers"][0] | {
        "command": ["npm", "start", f"--token={SECRET}"],
        "args": [SECRET],
        "env": [{"name": "PASSWORD", "value": SECRET}],
    }
    odd = [
        {"name": "odd", "command": ["sh", "-c", f"PASSWORD={SECRET} npm start"], "env": SECRET},
        {"name": "hook", "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", SECRET]}}}},
    ]
    return pod | {"spec": pod["spec"] | {"containers": [container, *odd]}}


def test_an_internal_error_allows_the_pod(start: Callable[..., Running]) -> None:
    """The answer is allowed without a patch; the error is logged with the review's uid and counted."""
    running = start(None, "-c", DEFECTIVE)
    status, text = running.request("POST", "/mutate", review(uid="the-uid"))
    assert (status, json.loads(text)["response"]) == (200, {"uid": "the-uid", "allowed": True})
    lines = [json.loads(line) for line in running.log().splitlines() if "internal error" in line]
    assert [line["uid"] for line in lines] == ["the-uid"]
    assert "Traceback" not in text
    metrics = running.request("GET", "/metrics")[1]
    assert "lastcall_internal_errors_total 1.0" in metrics
    assert "lastcall_reviews_in_flight 0.0" in metrics


def test_an_internal_error_affects_one_review(start: Callable[..., Running]) -> None:
    """The next review, with a profile that works, gets its patch."""
    running = start(None, "-c", DEFECTIVE)
    running.request("POST", "/mutate", review())
    assert "patch" in json.loads(running.request("POST", "/mutate/good", review())[1])["response"]


def test_no_log_line_contains_env_or_args(start: Callable[..., Running]) -> None:
    """Valid reviews, broken ones and internal errors, with a secret in env, command, args and hooks."""
    running = start(None, "-c", DEFECTIVE)
    good = json.dumps(review(secretive())).encode()
    bodies = [good, good[:-9], good.replace(b'"name": "odd"', b'"name": 5'), good.replace(b"CREATE", b"UPDATE")]
    bodies += [body.replace(b"npm", SECRET.encode()) for body in (*ANSWERED.values(), *NOT_ANSWERABLE.values())]
    for body in bodies:
        for path in ("/mutate", "/mutate/good"):
            assert SECRET not in running.request("POST", path, body)[1]
    assert running.log().count("internal error") >= 20
    assert running.log().count('"message":"review"') >= 60
    assert SECRET not in running.log()


def test_one_line_describes_a_review(server: Running) -> None:
    """The line is JSON: uid, namespace, Pod, profile, outcome and every decision."""
    server.request("POST", "/mutate/ingress", review(uid="logged"))
    line = next(json.loads(line) for line in server.log().splitlines() if '"logged"' in line)
    assert {name: line[name] for name in ("uid", "namespace", "pod", "profile", "outcome", "dry_run")} == {
        "uid": "logged",
        "namespace": "shop",
        "pod": "web-",
        "profile": "ingress",
        "outcome": "patched",
        "dry_run": False,
    }
    assert "pre-stop: patched SleepAdded container/web" in line["decisions"]


def test_a_name_cannot_forge_a_log_line(server: Running) -> None:
    """A newline in a client's data is escaped."""
    forged = 'x\n{"message":"review","uid":"forged"}'
    server.request("POST", "/mutate", review(POD | {"metadata": {"name": forged}}, namespace=forged))
    assert "forged" not in [json.loads(line).get("uid") for line in server.log().splitlines()]


def test_no_log_line_contains_the_private_key(pair: Pair, server: Running) -> None:
    """The output has no part of the key file."""
    key = (pair.folder / "tls.key").read_text().splitlines()[1]
    assert key not in server.log()
