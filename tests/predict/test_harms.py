"""What is said about a timeline: what is lost, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.predict.pods import codes, container, http, make, run, sidecar, sleep, stories, timeline
from webhook.core.pod import Pod, read
from webhook.predict import FAILS, IGNORES, Cause

STORIES = [
    pytest.param(["npm", "start"], {}, "SIGTERM 0, dropped 0.5", id="npm ends with its server"),
    pytest.param(["npm", "start"], {"drain": 0.1}, "SIGTERM 0, dropped 0.1", id="a fast server is faster than npm"),
    pytest.param(["sh", "-c", "npm start"], {}, "SIGTERM 0, killed 30", id="a shell's server is killed"),
    pytest.param(["sh", "-c", "npm start"], {"drain": 0}, "SIGTERM 0, killed 30", id="however fast it would be"),
]


@pytest.mark.parametrize(("command", "assumed", "expected"), STORIES)
def test_how_it_ends(command: list[str], assumed: dict[str, Any], expected: str) -> None:
    """A process that does not receive the signal never drains."""
    assert stories(timeline(make(30, {"name": "app", "command": command}), **assumed)) == {"app": expected}


FINDINGS = [
    pytest.param(make(30, container(**sleep(10))), {}, set(), "loses nothing", id="a sleep and room for the drain"),
    pytest.param(
        make(30), {}, {"EndsBeforeTraffic"}, "loses new connections for 3 s", id="no hook: new connections fail"
    ),
    pytest.param(make(30), {"propagation": 0}, set(), "loses nothing", id="no hook, but no request arrives"),
    pytest.param(
        make(10),
        {"drain": 60},
        {"EndsBeforeTraffic", "KilledInDrain"},
        "loses new connections for 3 s, and in-flight requests",
        id="no hook and a drain that is too long",
    ),
    pytest.param(
        make(15, container(**sleep(15))),
        {},
        {"HookEatsGrace", "KilledInDrain"},
        "loses in-flight requests",
        id="the hook takes the whole grace",
    ),
    pytest.param(
        make(15, container(**sleep(15))), {"drain": 1}, {"HookEatsGrace"}, "loses nothing", id="2 s may be enough"
    ),
    pytest.param(
        make(15, container(**run("sleep", "20"))),
        {},
        {"HookCut", "KilledInDrain"},
        "loses in-flight requests",
        id="the hook is cut",
    ),
    pytest.param(
        make(15, container(**run("./x"))),
        {"hooks": {"app": FAILS}},
        {"HookFailed", "EndsBeforeTraffic"},
        "loses new connections for 3 s",
        id="the hook fails",
    ),
    pytest.param(
        make(15, container(**sleep(5))),
        {"kubelet": (1, 29)},
        {"HookNotRun", "EndsBeforeTraffic"},
        "loses new connections for 3 s",
        id="the hook is not run",
    ),
    pytest.param(
        make(15, container(**http())),
        {},
        {"HookLengthAssumed"},
        "unknown: the length of its httpGet hook is unknown: 5 s are assumed",
        id="a hook of unknown length",
    ),
    pytest.param(
        make(15, container(**http())),
        {"hooks": {"app": 5}},
        set(),
        "loses nothing",
        id="a hook whose length is set",
    ),
    pytest.param(
        make(30, container(**sleep(5))),
        {"drain": IGNORES},
        {"IgnoresSignal"},
        "loses in-flight requests",
        id="a process that ignores the signal serves until it is killed",
    ),
    pytest.param(
        make(30, {"name": "app", "command": ["npm", "start"]}),
        {},
        {"SignalDropped", "EndsBeforeTraffic"},
        "loses new connections for 2.5 s, and in-flight requests",
        id="npm",
    ),
    pytest.param(
        make(30, {"name": "app", "command": ["sh", "-c", "npm start"]}),
        {},
        {"SignalKept"},
        "loses in-flight requests",
        id="a shell's server serves until it is killed",
    ),
    pytest.param(
        make(30, container(**sleep(20))),
        {"exits": {"app": 12}},
        {"HeldBySleep"},
        "loses nothing",
        id="an app that leaves by itself",
    ),
    pytest.param(
        make(30, container(**run("sleep", "20"))), {"exits": {"app": 12}}, set(), "loses nothing", id="... with exec"
    ),
    pytest.param(
        make(30, container(**sleep(10)), container("proxy")),
        {"drains": {"proxy": 4}},
        {"EndsBeforeTraffic", "SidecarEndsFirst"},
        "loses new connections for 3 s, and in-flight requests",
        id="a classic sidecar without a hook",
    ),
    pytest.param(
        make(30, container(**sleep(10)), container("b", **sleep(10))),
        {"drains": {"b": 1}},
        set(),
        "loses nothing",
        id="two apps that drain side by side",
    ),
    pytest.param(
        make(6, container(**sleep(6)), init=(sidecar(),)),
        {"drains": {"app": 1.5, "sidecar": 0.5}},
        {"HookEatsGrace", "SidecarEndsFirst"},
        "loses in-flight requests",
        id="a native sidecar that could not wait",
    ),
    pytest.param(make(30, container(**sleep(5)), init=(sidecar(),)), {}, set(), "loses nothing", id="one that could"),
    pytest.param(
        make(45, container(**sleep(15))),
        {"cause": Cause.SPOT},
        {"CauseTooShort", "HookEatsGrace", "KilledInDrain"},
        "loses in-flight requests",
        id="a node that does not wait",
    ),
    pytest.param(
        make(30, status={"phase": "Failed"}),
        {},
        set(),
        "the Pod is removed at once: none of its containers runs",
        id="a finished Pod",
    ),
]


@pytest.mark.parametrize(("pod", "assumed", "expected", "verdict"), FINDINGS)
def test_findings(pod: Pod, assumed: dict[str, Any], expected: set[str], verdict: str) -> None:
    """Every harm is named, and the verdict says in one sentence what is lost."""
    found = timeline(pod, **assumed)
    assert (codes(found), found.sentence) == (expected, verdict)
    words = {"loses nothing": "safe", "the Pod is removed at once: none of its containers runs": "safe"}
    assert found.verdict == words.get(verdict, verdict.partition(":")[0] if verdict.startswith("unknown") else "loses")


@pytest.mark.parametrize(
    "batch",
    [
        {"metadata": {"ownerReferences": [{"kind": "Job", "controller": True}]}},
        {"spec": {"restartPolicy": "Never"}},
    ],
)
def test_jobs_serve_no_requests(batch: dict[str, Any]) -> None:
    """A Pod that ends by itself gets no requests, so it loses none."""
    document = {"spec": {"containers": [{"name": "app", "command": ["npm", "run", "worker"]}]}}
    found = timeline(read(document | {key: document.get(key, {}) | value for key, value in batch.items()}))
    assert (codes(found), found.verdict, found.sentence) == ({"SignalDropped"}, "safe", "serves no requests")
    assert "endpoint withdrawn" not in {event.what for event in found.events}


def test_completion_of_a_sidecar_loses_nothing() -> None:
    """A native sidecar that stops alone ends before no other container."""
    assert codes(timeline(make(30, init=(sidecar(),)), Cause.COMPLETION)) == set()


def test_messages_name_seconds_and_advice() -> None:
    """A finding says what, where and when, and what to do about it."""
    (finding,) = timeline(make(30), propagation=2.5).findings
    assert finding.target == "container/app"
    assert (
        finding.message == "stops accepting at 0 s, but requests arrive until 2.5 s: 2.5 s of new connections are lost"
    )
    assert "preStop sleep" in finding.advice
    (finding,) = timeline(make(15, container(**http()))).findings
    assert finding.advice == "Set it with --hook app=SECONDS."
