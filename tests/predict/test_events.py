"""What happens in a timeline, in order, and that lastcall leaves nothing to lose."""

from __future__ import annotations

import pytest

from tests.predict.pods import codes, container, make, sidecar, sleep, stories, timeline
from webhook.core.mutate import mutate
from webhook.core.pod import read
from webhook.predict import Cause


def test_liveness_withdraws_the_endpoint_after_the_end() -> None:
    """A liveness kill loses requests from the container's end until the endpoint is withdrawn, hook or not."""
    pod = make(30, container(**sleep(5), livenessProbe={"httpGet": {"port": 80}}))
    found = timeline(pod, Cause.LIVENESS)
    assert (found.withdrawn, found.lost_seconds, codes(found)) == (13, 8, {"EndsBeforeTraffic"})


def test_events_are_in_order() -> None:
    """Events come in the order of time, and of the containers where that is equal."""
    pod = make(30, container(**sleep(10)), init=(sidecar(),))
    events = [(event.at, event.container, event.what) for event in timeline(pod).events]
    assert events == [
        (0, "app", "hook starts"),
        (3, "", "endpoint withdrawn"),
        (10, "app", "hook ran"),
        (10, "app", "SIGTERM"),
        (15, "app", "exited"),
        (15, "sidecar", "SIGTERM"),
        (20, "sidecar", "exited"),
        (20, "", "gone"),
    ]


def test_what_never_happens_is_no_event() -> None:
    """A hook that is not run and a signal that is not sent are no events; a Pod that is gone has only its end."""
    pod = make(30, container(**sleep(10)))
    early = [event.what for event in timeline(pod, kubelet=(1, 29), exits={"app": -1}).events]
    assert early == ["by itself", "gone", "endpoint withdrawn"]
    assert [event.what for event in timeline(make(30, status={"phase": "Failed"})).events] == ["gone"]


@pytest.mark.parametrize("command", [["npm", "start"], ["sh", "-c", "npm start"], ["node", "server.js"]])
def test_after_lastcall_nothing_is_lost(command: list[str]) -> None:
    """A Pod that loses requests loses none once it has been mutated."""
    document = make(30, {"name": "app", "command": command}).document
    assert timeline(read(document)).loses
    after = timeline(read(mutate(document).after))
    assert (after.loses, stories(after)) == (False, {"app": "hook 0-5 ran, SIGTERM 5, exited 10"})


def test_a_container_that_ends_by_itself_loses_nothing() -> None:
    """In a Pod that serves, one that is not always restarted gets no requests, and none waits for it (KEP-5307)."""
    found = timeline(make(60, container(**sleep(10)), container("job", restartPolicy="Never")))
    assert (found.serves, found.loses) == (True, False)
    both = timeline(make(60, container(**sleep(10)), container("job")))
    assert both.loses, "control: one that is always restarted does"


def test_a_container_that_is_always_restarted_serves() -> None:
    """It serves in a Pod that is not always restarted."""
    found = timeline(make(60, container(restartPolicy="Always"), spec={"restartPolicy": "Never"}))
    assert (found.serves, found.loses) == (True, True)
    assert not timeline(make(60, container(), spec={"restartPolicy": "Never"})).serves
