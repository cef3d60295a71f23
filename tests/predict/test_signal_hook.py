"""What the kubelet and the signal hook do together; the same Pods without the hook are the control."""

from __future__ import annotations

from typing import Any

import pytest

from tests.predict.pods import codes, container, make, run, stories, timeline
from webhook.launcher import signal_hook
from webhook.predict import FAILS, IGNORES, Verdict

HOOK = run(*signal_hook(5))
NPM = ["npm", "start"]
SHELL = ["sh", "-c", "python app.py"]


@pytest.mark.parametrize(
    ("command", "hook", "assumed", "expected"),
    [
        pytest.param(NPM, {}, {}, "SIGTERM 0, dropped 0.5", id="npm alone drops the request"),
        pytest.param(NPM, HOOK, {}, "hook 0-5 ran, SIGTERM 5, exited 10", id="the process below npm drains"),
        pytest.param(SHELL, {}, {}, "SIGTERM 0, killed 30", id="a shell keeps the signal"),
        pytest.param(SHELL, HOOK, {}, "hook 0-5 ran, SIGTERM 5, exited 10", id="the process below a shell drains"),
        pytest.param(
            NPM,
            HOOK,
            {"drain": IGNORES},
            "hook 0-5 ran, SIGTERM 5, dropped 30.5",
            id="the hook is cut at the grace, and npm ends for the kubelet's SIGTERM",
        ),
        pytest.param(
            SHELL, HOOK, {"drain": IGNORES}, "hook 0-5 ran, SIGTERM 5, killed 30", id="the hook has ended: no later"
        ),
        pytest.param(
            NPM,
            HOOK,
            {"hooks": {"app": FAILS}},
            "hook 0-0 failed, SIGTERM 0, dropped 0.5",
            id="an image without a shell ends as without lastcall",
        ),
        pytest.param(["node", "x.js"], HOOK, {}, "hook 0-5 ran, SIGTERM 5, exited 10", id="the application is PID 1"),
        pytest.param(NPM, HOOK, {"exits": {"app": 2}}, "hook 0-2 failed, by itself 2", id="it ends during the sleep"),
    ],
)
def test_the_hook_signals_at_the_end_of_its_sleep(
    command: list[str], hook: dict[str, Any], assumed: dict[str, Any], expected: str
) -> None:
    """The real process gets SIGTERM when the sleep is over, and has what is left of the grace period."""
    found = stories(timeline(make(30, container(command=command, **hook)), **assumed))["app"]
    assert found == expected


def test_nothing_is_lost_with_the_hook() -> None:
    """The harm of npm is not found with the hook, and no length is assumed for it."""
    assert "SignalDropped" in codes(timeline(make(30, container(command=NPM))))
    assert codes(timeline(make(30, container(command=NPM, **HOOK)))) == set()


@pytest.mark.parametrize(
    ("command", "known"),
    [
        (["sh", "-c", "python app.py"], True),
        (["bash", "-c", "cd /app && node server.js | tee log"], True),
        (["sh", "-c", "sh -c 'gunicorn app:app'; true"], True),
        (["sh", "-c", "nginx -g 'daemon off;'; true"], True),
        ([], True),
        (["sh", "-c", "uwsgi app.ini; true"], False),
        (["sh", "-c", "php -S 0.0.0.0:80; true"], False),
        (["sh", "-c", "flock lock node server.js"], False),
        (["sh", "-c", ". ./run.sh"], False),
        (["bash", "-c", "trap 'rm x' EXIT; node server.js"], False),
        (["./start.sh"], False),
        (["sh", "-c", "node $(cat file | head -1) 2>&1 <<EOF"], False),
        (["sh", "-c", "$SERVER; true"], False),
    ],
)
def test_the_hook_is_believed_where_what_it_signals_is_known(command: list[str], known: bool) -> None:
    """A script, a trap, or a program that the hook leaves alone gives no verdict; it is never safe."""
    hooked = timeline(make(30, container(command=command, **HOOK)))
    assert (hooked.verdict is Verdict.SAFE) == known, hooked.findings
    assert hooked.verdict is (Verdict.SAFE if known else Verdict.UNKNOWN)


def test_what_the_hook_cannot_be_believed_in() -> None:
    """Another text than this version's, and a Pod of the node's process namespace."""
    other = run("/bin/sh", "-c", "another text", "lastcall", "5")
    assert timeline(make(30, container(command=SHELL, **other))).verdict is Verdict.UNKNOWN
    assert timeline(make(30, container(command=SHELL, **HOOK), spec={"hostPID": True})).verdict is Verdict.LOSES


def test_windows_has_no_shell() -> None:
    """An exec hook of a shell fails on a Windows node."""
    found = timeline(make(30, container(command=NPM, **HOOK), spec={"os": {"name": "windows"}}))
    assert stories(found)["app"].startswith("hook 0-0 failed")
