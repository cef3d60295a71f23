"""A container that only helps loses nothing, and no other is said to end before it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.predict.pods import codes, container, make, sleep, timeline

LOOP = "while :; do date; sleep 1; done"
HELPERS = [
    pytest.param({"command": ["sh", "-c", LOOP]}, True, id="a loop"),
    pytest.param({"command": ["/bin/sh", "-c"], "args": ["tail -n+1 -F /var/log/x"]}, True, id="a log"),
    pytest.param({"command": ["sh", "-c", "exec tail -f x"]}, True, id="a log, with exec"),
    pytest.param({"command": ["sleep", "infinity"]}, True, id="a sleep"),
    pytest.param({"command": ["sh", "-c", LOOP], "ports": [{"containerPort": 80}]}, False, id="a port"),
    pytest.param({"command": ["sh", "-c", LOOP], "readinessProbe": {"exec": {}}}, False, id="a probe"),
    pytest.param({"command": ["sh", "-c", "java -jar x"]}, False, id="a server in a shell"),
    pytest.param({"command": ["sh", "-c", "exec java"]}, False, id="a server behind exec"),
    pytest.param({"command": ["sh", "-c", 'x "$(y "z")"']}, False, id="a string that cannot be read"),
    pytest.param({"args": ["sleep", "1"]}, False, id="an image's ENTRYPOINT may serve"),
]


@pytest.mark.parametrize(("fields", "helps"), HELPERS)
def test_helpers(fields: dict[str, Any], helps: bool) -> None:
    """The app beside a helper is judged as if it were alone."""
    found = timeline(make(30, container(**sleep(5)), {"name": "helper", **fields}))
    assert (found.verdict == "safe") == helps
    assert ("SidecarEndsFirst" in codes(found)) <= (not helps)
