"""A rolling restart under load: what was lost, and how every old container ended."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Self, TypeAlias

from tests.support.waiting import until

from .api import url as api_url
from .common import CLIENT_NET, HERE, INSIDE

if TYPE_CHECKING:
    from collections.abc import Callable

    from .api import Api, Object

ROOT = HERE.parents[2]
Progress: TypeAlias = "Callable[[str, int], None]"
"""Is given the stage of a rollout and the requests counted so far."""
PATIENCE = 240  # seconds for a rollout and for the end of its old Pods: a busy machine is no failure


@dataclass
class Counts:
    """A report of the load generator: requests, those lost by kind, and those that crossed a close and were retried."""

    requests: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    crossed: int = 0
    lag: float = 0
    """The longest that the load generator itself came late, in seconds."""
    overdue: int = 0
    """How many requests have been waiting for an answer for two seconds or more."""

    def since(self, before: Counts) -> Counts:
        """Return what was counted after an earlier report."""
        lost = {kind: n - before.lost.get(kind, 0) for kind, n in self.lost.items()}
        lost = {kind: n for kind, n in lost.items() if n}
        return Counts(self.requests - before.requests, lost, self.crossed - before.crossed)


@dataclass
class Roll:
    """One rolling restart: the counts, and (container, exit code) of every old Pod's containers."""

    counts: Counts
    rollout_seconds: float
    exits: list[tuple[str, int]] = field(default_factory=list)

    @property
    def exit_codes(self) -> list[int]:
        """The exit codes alone, in order."""
        return sorted(code for _, code in self.exits)


class Traffic:
    """The load generator as a process in the cluster's network; `counts` is its latest report.

    Two at a time need `sources`, networks of client addresses, that do not overlap.
    """

    def __init__(self, url: str, sources: str = CLIENT_NET) -> None:
        argv = [*INSIDE, sys.executable, "-m", "tests.cluster.lab.load", url, f"--sources={sources}"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, cwd=ROOT, text=True)
        self.counts = Counts()
        self.lag = 0.0
        self.recent: deque[Counts] = deque(maxlen=8)
        self.reader = threading.Thread(target=self.read, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def read(self, lines: IO[str]) -> None:
        """Take the reports as they come."""
        for line in lines:
            self.counts = Counts(**json.loads(line))
            self.lag = max(self.lag, self.counts.lag)
            self.recent.append(self.counts)

    def steady(self) -> bool:
        """Tell whether for three seconds requests were answered, none lost, and none still waiting.

        A request to the address of a Pod of the last rollout is counted as lost after 3 s only.
        """
        assert self.process.poll() is None, f"the load generator ended with {self.process.returncode}"
        if len(self.recent) < 8:
            return False
        first, *_, last = self.recent
        return last.requests > first.requests and last.lost == first.lost and not last.overdue

    def __enter__(self) -> Self:
        """Return it running."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill it: in-flight requests are not counted."""
        self.process.kill()
        self.process.wait()
        self.reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


class Ends:
    """Watches a Deployment's Pods: their names, and the exit codes of their containers."""

    def __init__(self, api: Api, namespace: str, selector: dict[str, str]) -> None:
        self.codes: dict[tuple[str, str], int] = {}
        query = ",".join(f"{key}={value}" for key, value in selector.items())
        self.api, self.namespace, self.query = api, namespace, query
        # Version 0 is what the API server has in memory; Debian's etcd lets it wait in vain for the very latest.
        self.stream = api.stream(api_url("Pod", "", namespace, labelSelector=query, watch="1", resourceVersion="0"))
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def pods(self) -> set[str]:
        """Return the names of the existing Pods."""
        found = self.api.get("Pod", namespace=self.namespace, labelSelector=self.query)
        return {pod["metadata"]["name"] for pod in found["items"]}

    def follow(self) -> None:
        """Record every terminated container until the watch ends."""
        for line in self.stream:
            pod = json.loads(line)["object"]
            for status in pod["status"].get("containerStatuses", []):
                if end := status["state"].get("terminated"):
                    self.codes[pod["metadata"]["name"], status["name"]] = end["exitCode"]

    def __enter__(self) -> Self:
        """Return it following."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the watch."""
        self.stream.stop()
        self.thread.join(timeout=10)


def restart(api: Api, namespace: str, name: str) -> None:
    """Do what `kubectl rollout restart` does."""
    stamp = {"kubectl.kubernetes.io/restartedAt": str(time.time_ns())}
    api.merge("Deployment", name, namespace, {"spec": {"template": {"metadata": {"annotations": stamp}}}})


def is_ready(pod: Object) -> bool:
    """Tell whether a Pod is ready."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def rolled_out(api: Api, namespace: str, name: str) -> bool:
    """Tell, as `kubectl rollout status` does, whether a Deployment's Pods are all new and available."""
    deployment = api.get("Deployment", name, namespace)
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    counts = [status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas")]
    return status.get("observedGeneration", 0) >= deployment["metadata"]["generation"] and counts == [wanted] * 3


def _silent(stage: str, requests: int) -> None:
    """Report no progress."""


def roll(
    api: Api, namespace: str, name: str, traffic: Traffic, *, at_least: int = 0, progress: Progress = _silent
) -> Roll:
    """Restart a Deployment under load; return when the old Pods are gone and `at_least` requests were counted."""

    def at(stage: str, ready: Callable[[], bool]) -> None:
        def reached() -> bool:
            progress(stage, traffic.counts.requests)
            return ready()

        until(stage, reached, PATIENCE)

    labels = api.get("Deployment", name, namespace)["spec"]["selector"]["matchLabels"]
    with Ends(api, namespace, labels) as ends:
        at("steady traffic", traffic.steady)
        before, old, begin = traffic.counts, ends.pods(), time.monotonic()
        traffic.lag = 0
        restart(api, namespace, name)
        at("the rollout", lambda: rolled_out(api, namespace, name))
        seconds = time.monotonic() - begin
        at("the end of the old Pods", lambda: not old & ends.pods())
        at("the requests", lambda: traffic.counts.requests >= before.requests + at_least)
        at("steady traffic again", traffic.steady)
    exits = [(container, code) for (pod, container), code in sorted(ends.codes.items()) if pod in old]
    return Roll(replace(traffic.counts.since(before), lag=traffic.lag), round(seconds, 1), exits)
