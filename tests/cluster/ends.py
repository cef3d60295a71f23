"""Follow Pods until they end: the log of every container, and the last state in the API."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from tests.cluster.lab.api import url

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.existing import Cluster
    from tests.cluster.lab.api import Stream


class Seen:
    """The log of every container, and the last state of every Pod."""

    def __init__(self, cluster: Cluster, space: str) -> None:
        self.said: dict[tuple[str, str], dict[str, float]] = {}
        self.latest: dict[tuple[str, str], float] = {}
        self.last: dict[str, dict[str, Any]] = {}
        self.gone: set[str] = set()
        self.deleted: dict[str, float] = {}
        self.cluster, self.space = cluster, space
        self.streams: list[Stream] = []
        self.threads: list[threading.Thread] = []

    def follow(self, path: str, take: Callable[[bytes], None]) -> None:
        """Read the lines of a stream in a separate thread."""
        stream = self.cluster.api.stream(path)

        def read() -> None:
            for line in stream:
                take(line)

        self.streams.append(stream)
        self.threads.append(threading.Thread(target=read))
        self.threads[-1].start()

    def log(self, pod: str, name: str) -> None:
        """Follow a container's log: the time of the first line with each text, and of the last line."""
        said = self.said[pod, name] = {}

        def take(line: bytes) -> None:
            at, _, what = line.decode(errors="replace").strip().partition(" ")
            if at.isdigit():
                self.latest[pod, name] = int(at) / 1000
                said.setdefault(what, self.latest[pod, name])

        self.follow(f"{url('Pod', pod, self.space)}/log?container={name}&follow=true", take)

    def watch(self) -> None:
        """Follow the Pods."""

        def take(line: bytes) -> None:
            event = json.loads(line)
            if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                name = event["object"]["metadata"]["name"]
                self.last[name] = event["object"]
                if event["type"] == "DELETED":
                    self.gone.add(name)

        self.follow(url("Pod", "", self.space, watch="1"), take)

    def code(self, pod: str, name: str) -> int:
        """Return a container's exit code."""
        status = self.last[pod]["status"]
        listed = [*(status.get("initContainerStatuses") or []), *status["containerStatuses"]]
        return int(next(s for s in listed if s["name"] == name)["state"]["terminated"]["exitCode"])

    def stop(self) -> None:
        """End every stream."""
        for stream in self.streams:
            stream.stop()
        for thread in self.threads:
            thread.join()
