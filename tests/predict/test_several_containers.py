"""Containers beside each other, and native sidecars after them; the words are those of test_kubelet.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.predict.pods import container, make, sidecar, sleep, stories, timeline
from webhook.predict import IGNORES

if TYPE_CHECKING:
    from webhook.core.pod import Pod

TWO = [
    pytest.param(
        make(30, container(**sleep(10)), container("proxy")),
        {"drains": {"proxy": 1}},
        {"app": "hook 0-10 ran, SIGTERM 10, exited 15", "proxy": "SIGTERM 0, exited 1"},
        id="a classic sidecar without a hook dies first",
    ),
    pytest.param(
        make(30, container(**sleep(10)), init=(sidecar(),)),
        {"drains": {"sidecar": 1}},
        {"app": "hook 0-10 ran, SIGTERM 10, exited 15", "sidecar": "SIGTERM 15, exited 16"},
        id="a native sidecar stops after the app",
    ),
    pytest.param(
        make(30, container(**sleep(10)), init=(sidecar(),)),
        {"drain": IGNORES},
        {"app": "hook 0-10 ran, SIGTERM 10, killed 30", "sidecar": "SIGTERM 30, killed 32"},
        id="a native sidecar whose grace is over gets 2 s",
    ),
    pytest.param(
        make(30, container(**sleep(4)), init=(sidecar(**sleep(4)),)),
        {"drain": 3},
        {"app": "hook 0-4 ran, SIGTERM 4, exited 7", "sidecar": "hook 0-4 ran, SIGTERM 7, exited 10"},
        id="a native sidecar's hook runs from the start, beside the app's",
    ),
    pytest.param(
        make(6, container(**sleep(6)), init=(sidecar(),)),
        {"drains": {"app": 1, "sidecar": IGNORES}},
        {"app": "hook 0-6 ran, SIGTERM 6, exited 7", "sidecar": "SIGTERM 6, killed 8"},
        id="the order is lost when the hook takes the whole grace",
    ),
    pytest.param(
        make(30, init=(sidecar("first"), sidecar("second"))),
        {"drain": 3},
        {"app": "SIGTERM 0, exited 3", "first": "SIGTERM 6, exited 9", "second": "SIGTERM 3, exited 6"},
        id="native sidecars stop in reverse order",
    ),
    pytest.param(
        make(30, init=({"name": "migrate", "command": ["./migrate"]}, sidecar())),
        {"drain": 3},
        {"app": "SIGTERM 0, exited 3", "sidecar": "SIGTERM 3, exited 6"},
        id="an ordinary init container has ended before",
    ),
    pytest.param(
        make(30, init=(sidecar(**sleep(30)),)),
        {"drain": 3},
        {"app": "SIGTERM 0, exited 3", "sidecar": "hook 0-30 ran, SIGTERM 30, killed 32"},
        id="a sidecar's own hook may take the whole grace",
    ),
    pytest.param(
        make(30, container(**sleep(20)), init=(sidecar(),)),
        {"exits": {"app": 3}, "drain": 1},
        {"app": "hook 0-20 ran, by itself 3", "sidecar": "SIGTERM 20, exited 21"},
        id="a sidecar waits for the sleep of an app that has ended",
    ),
    pytest.param(
        make(30, init=(sidecar(),)),
        {"kubelet": (1, 28)},
        {"app": "SIGTERM 0, exited 5", "sidecar": "SIGTERM 0, exited 5"},
        id="kubelet 1.28 has no order",
    ),
    pytest.param(
        make(30, init=(sidecar(),)),
        {"exits": {"sidecar": 3}},
        {"app": "SIGTERM 0, exited 5", "sidecar": "by itself 3"},
        id="a sidecar may exit while it waits for the app",
    ),
]


@pytest.mark.parametrize(("pod", "assumed", "expected"), TWO)
def test_several_containers(pod: Pod, assumed: dict[str, Any], expected: dict[str, str]) -> None:
    """Containers stop side by side, native sidecars after the apps and in reverse order."""
    assert stories(timeline(pod, **assumed)) == expected
