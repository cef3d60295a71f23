"""Hooks that begin the shutdown: new connections fail from there on."""

from __future__ import annotations

import pytest

from tests.predict.pods import codes, container, make, run, timeline

HOOKS = [
    pytest.param(["nginx", "-s", "quit"], 0, "loses", id="nginx -s quit"),
    pytest.param(["/usr/sbin/nginx", "-c", "/x", "-s", "quit"], 0, "loses", id="with a directory and options"),
    pytest.param(["sh", "-c", "apachectl -k graceful-stop"], 0, "loses", id="Apache"),
    pytest.param(["sh", "-c", "kill -TERM 1"], 0, "loses", id="kill"),
    pytest.param(["nodetool", "drain"], 0, "loses", id="Cassandra"),
    pytest.param(["rabbitmqctl", "stop_app"], 0, "loses", id="RabbitMQ"),
    pytest.param(["/wait-shutdown"], 0, "loses", id="ingress-nginx"),
    pytest.param(["sh", "-c", "sleep 5; nginx -s quit"], 5, "safe", id="a sleep first"),
    pytest.param(["sh", "-c", "sleep 2; nginx -s quit"], 2, "loses", id="a sleep that is too short"),
    pytest.param(["sh", "-c", "sleep 0.05m && kill 1"], 3, "safe", id="minutes"),
    pytest.param(["sh", "-c", "sleep 4; nodetool drain"], 4, "unknown", id="a drain of unknown length"),
    pytest.param(["sh", "-c", "sleep 4; kill 1; ./wait"], 4, "unknown", id="... and something behind it"),
    pytest.param(["./stop.sh"], None, "unknown", id="a script"),
    pytest.param(["sh", "-c", 'x "$(y "z")"'], None, "unknown", id="a string that cannot be read"),
    pytest.param(["sleep", "5"], None, "safe", id="a sleep only delays"),
]


@pytest.mark.parametrize(("command", "begins", "verdict"), HOOKS)
def test_the_shutdown_begins_in_the_hook(command: list[str], begins: float | None, verdict: str) -> None:
    """Requests that arrive behind that moment are lost, as without a hook; a sleep in front of it delays it."""
    found = timeline(make(30, container(**run(*command))))
    hook = found.containers[0].hook
    assert hook is not None
    assert (hook.shutdown, found.verdict) == (begins, verdict)
    assert ("EndsBeforeTraffic" in codes(found)) == (verdict == "loses")


def test_a_hook_that_is_cut() -> None:
    """The shutdown begins although the grace period ends the hook."""
    found = timeline(make(4, container(**run("nodetool", "drain"))), unknown_hook=60)
    assert {"HookCut", "EndsBeforeTraffic"} <= codes(found)
