"""Short ways to write the Pods of the tests, and to read their timelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webhook.core import pod
from webhook.core.settings import resolve
from webhook.predict import Cause, ContainerTimeline, Scenario, Timeline, predict

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON = dict[str, Any]


def sleep(seconds: int) -> JSON:
    return {"lifecycle": {"preStop": {"sleep": {"seconds": seconds}}}}


def run(*command: str) -> JSON:
    return {"lifecycle": {"preStop": {"exec": {"command": list(command)}}}}


def http() -> JSON:
    return {"lifecycle": {"preStop": {"httpGet": {"path": "/stop", "port": 80}}}}


def container(name: str = "app", **fields: Any) -> JSON:
    return {"name": name, "command": ["node", "server.js"], **fields}


def sidecar(name: str = "sidecar", **fields: Any) -> JSON:
    return container(name, restartPolicy="Always", **fields)


def make(
    grace: int, *containers: JSON, init: Sequence[JSON] = (), annotations: JSON | None = None, **more: Any
) -> pod.Pod:
    spec = {
        "terminationGracePeriodSeconds": grace,
        "containers": list(containers) or [container()],
        "initContainers": list(init),
        **more.pop("spec", {}),
    }
    return pod.read({"metadata": {"annotations": annotations or {}}, "spec": spec, **more})


def timeline(of: pod.Pod, cause: Cause = Cause.DELETE, **assumed: Any) -> Timeline:
    return predict(of, Scenario(cause=cause, **assumed), resolve((), of.annotations))


def story(container: ContainerTimeline) -> str:
    """Describe a container as the tables of this folder do: ``hook 0-10 ran, SIGTERM 10, exited 15``."""
    words = []
    if container.hook:
        words.append(f"hook {container.started:g}-{container.hook.end:g} {container.hook.outcome}")
    if container.signal_at is not None:
        words.append(f"{container.signal} {container.signal_at:g}")
    return ", ".join([*words, f"{container.ended_by} {container.end:g}"])


def stories(found: Timeline) -> dict[str, str]:
    return {container.name: story(container) for container in found.containers}


def codes(found: Timeline) -> set[str]:
    return {finding.code for finding in found.findings}
