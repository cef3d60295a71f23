"""A stream of Pod creations, and the result of each."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from typing import TYPE_CHECKING, Self

from tests.cluster.manifests import pod
from webhook.core.status import STATUS

if TYPE_CHECKING:
    from tests.cluster.existing import Cluster
    from tests.cluster.lab.api import Api, Object

PATCHED, UNPATCHED, NO_API = "patched", "unpatched", "no API server"


class Creations:
    """Pods created twenty a second (dry run: each is admitted in full, and none is started), from two threads.

    `results` counts the results: patched, unpatched, no API server, or the API server's error.
    """

    def __init__(self, api: Api, namespace: str) -> None:
        self.api, self.namespace = api, namespace
        self.results: Counter[str] = Counter()
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.flow, daemon=True) for _ in range(2)]

    def flow(self) -> None:
        """Create one Pod after the other; each counts in the period in which it was sent."""
        while not self.stop.wait(0.1):
            results = self.results
            results[self.create()] += 1

    def create(self) -> str:
        """Create one Pod and return the result."""
        try:
            answer = self.api.create(pod("stream", self.namespace), dry_run=True)
        except (OSError, http.client.HTTPException, ValueError):  # the proxy before an API server that is gone
            return NO_API
        if answer.status != http.client.CREATED:
            return str(answer.object.get("message"))
        return PATCHED if is_patched(answer.object) else UNPATCHED

    def anew(self) -> Counter[str]:
        """Start a new count for creations that are sent from now on; return the previous count."""
        before, self.results = self.results, Counter()
        return before

    def __enter__(self) -> Self:
        """Start it."""
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.stop.set()
        for thread in self.threads:
            thread.join(timeout=60)


def is_patched(stored: Object) -> bool:
    """Tell whether a Pod has the status annotation."""
    return STATUS in stored["metadata"].get("annotations", {})


def failed_open(cluster: Cluster) -> int:
    """Return how often, by the API server's metrics, a Pod was admitted without lastcall's answer."""
    lines = cluster.kubectl("get", "--raw", "/metrics").splitlines()
    ours = (line for line in lines if line.startswith(METRIC) and 'lastcall.webhook"' in line)
    return sum(int(float(line.rpartition(" ")[2])) for line in ours)


METRIC = "apiserver_admission_webhook_fail_open_count{"
