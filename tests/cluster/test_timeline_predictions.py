"""What `lastcall timeline` predicts is what a real kubelet does: every signal, exit and kill within a second."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.cluster import manifests
from tests.cluster.ends import Seen
from tests.support.waiting import until
from webhook.core import pod as view
from webhook.core.settings import Resolved
from webhook.launcher import signal_hook
from webhook.predict import FAILS, IGNORES, Cause, End, Scenario, SignalDelivery, predict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.cluster.existing import Cluster
    from webhook.predict import ContainerTimeline

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
SECOND = 1.0
AT_ONCE = 4
"""Pods that are deleted at the same time: a machine of two processors is to keep up with them."""
ATTEMPTS = 3
"""How often a Pod is tried: a machine that was busy elsewhere shows in one attempt, a wrong rule in every one."""
NEVER = "never"
APP = """
const note = (what) => console.log(Date.now(), what);
process.on('SIGTERM', () => { note('SIGTERM');
  if (process.env.DRAIN !== 'never') setTimeout(() => { note('exit'); process.exit(0); }, process.env.DRAIN * 1e3); });
setInterval(() => note('alive'), 100); note('start');
"""


def container(name: str = "app", drain: float | str = 2, hook: dict[str, Any] | None = None, **more: Any) -> Any:
    """Return a container that tells what it hears and that it is alive, and drains so many seconds."""
    lifecycle = {"lifecycle": {"preStop": hook}} if hook else {}
    env = [{"name": "DRAIN", "value": str(drain)}]
    image = {"image": manifests.IMAGES["dash"], "imagePullPolicy": "Never"}
    return {"name": name, "command": ["node", "-e", APP], "env": env, **image, **lifecycle, **more}


def sleep(seconds: int) -> dict[str, Any]:
    return {"sleep": {"seconds": seconds}}


def run(*command: str) -> dict[str, Any]:
    return {"exec": {"command": list(command)}}


def sidecar(drain: float | str = 1, hook: dict[str, Any] | None = None) -> Any:
    return container("sidecar", drain, hook, restartPolicy="Always")


class Case(NamedTuple):
    """A Pod, how it is deleted, and what only the test knows of it."""

    grace: int
    containers: list[Any]
    init: tuple[Any, ...] = ()
    delete: int | None = None
    fails: bool = False


PACKAGE: Any = {"package.json": json.dumps({"scripts": {"start": "node app.js"}}), "app.js": APP}
VOLUMES: list[Any] = [{"name": "package", "configMap": {"name": "package"}}]
MOUNTED: Any = {"workingDir": "/package", "volumeMounts": [{"name": "package", "mountPath": "/package"}]}
HOOK = run(*signal_hook(4))
NODE = f'node -e "{APP}"'.replace("\n", " ")
CASES = {
    "sleep-then-drain": Case(12, [container(hook=sleep(4), drain=3)]),
    "ignores-sigterm": Case(8, [container(hook=sleep(4), drain=NEVER)]),
    "sleep-eats-the-grace": Case(6, [container(hook=sleep(6), drain=NEVER)]),
    "exec-hook-is-cut": Case(6, [container(hook=run("sleep", "60"), drain=NEVER)]),
    "exec-hook-fails": Case(10, [container(hook=run("sh", "-c", "exit 3"), drain=1)], fails=True),
    "exec-hook-is-missing": Case(10, [container(hook=run("no-such-program"), drain=1)], fails=True),
    "no-hook": Case(6, [container(drain=NEVER)]),
    "grace-of-one": Case(1, [container(drain=NEVER)]),
    "classic-sidecar-dies-first": Case(20, [container(hook=sleep(5)), container("classic", 1)]),
    "native-sidecar-is-last": Case(20, [container(drain=3)], (sidecar(),)),
    "native-sidecar-sleeps-too": Case(20, [container(hook=sleep(4), drain=3)], (sidecar(1, sleep(4)),)),
    "order-is-lost": Case(6, [container(hook=sleep(6), drain=1)], (sidecar(NEVER),)),
    "deleted-in-a-hurry": Case(20, [container(hook=sleep(10), drain=NEVER)], delete=4),
    "a-shell-keeps-sigterm": Case(5, [container(command=["sh", "-c", NODE + "; true"])]),
    "npm-drops-sigterm": Case(9, [container(command=["npm", "start"], **MOUNTED)]),
    "signal-hook-under-npm": Case(14, [container("app", 3, HOOK, command=["npm", "start"], **MOUNTED)]),
    "signal-hook-under-a-shell": Case(14, [container("app", 3, HOOK, command=["sh", "-c", NODE + "; true"])]),
    "signal-hook-at-pid-1": Case(14, [container("app", 3, HOOK)]),
    "signal-hook-is-cut-under-npm": Case(8, [container("app", NEVER, HOOK, command=["npm", "start"], **MOUNTED)]),
    "signal-hook-ignored-under-a-shell": Case(
        8, [container("app", NEVER, HOOK, command=["sh", "-c", NODE + "; true"])]
    ),
    "signal-hook-in-a-hurry": Case(20, [container("app", 3, HOOK, command=["npm", "start"], **MOUNTED)], delete=2),
}


def document(name: str, case: Case) -> dict[str, Any]:
    """Return the case's Pod."""
    spec: dict[str, Any] = {"terminationGracePeriodSeconds": case.grace, "initContainers": list(case.init)}
    made = manifests.pod(name, "", **spec)
    made["spec"]["containers"] = case.containers
    made["spec"]["volumes"] = VOLUMES if case.containers[0].get("volumeMounts") else []
    return made


def drain(made: dict[str, Any], name: str) -> float:
    listed = [*made["spec"]["containers"], *made["spec"]["initContainers"]]
    told = next(c for c in listed if c["name"] == name)["env"][0]["value"]
    return IGNORES if told == NEVER else float(told)


def predicted(made: dict[str, Any], case: Case) -> tuple[ContainerTimeline, ...]:
    names = [c["name"] for c in (*case.containers, *case.init)]
    scenario = Scenario(
        cause=Cause.DELETE,
        cause_seconds=case.delete,
        drains={name: drain(made, name) for name in names},
        hooks=dict.fromkeys(names, FAILS) if case.fails else {},
    )
    return predict(view.read(made), scenario, Resolved()).containers


@pytest.fixture(scope="module")
def problems(cluster: Cluster) -> dict[str, list[str]]:
    """Return for every case how the kubelet deviates from the prediction, in its best attempt."""
    found: dict[str, list[str]] = {}
    left = list(CASES)
    for attempt in range(ATTEMPTS):
        seen = observe(cluster, f"timeline-predictions-{attempt}", left)
        found |= {name: deviations(seen, name) for name in left}
        left = [name for name in left if found[name]]
    return found


def observe(cluster: Cluster, space: str, names: Iterable[str]) -> Seen:
    """Delete Pods, a few at a time, and follow them to their ends."""
    cluster.namespace(space)
    metadata = {"name": "package", "namespace": space}
    cluster.api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": PACKAGE})
    made = {name: document(name, CASES[name]) for name in names}
    for thing in made.values():
        thing["metadata"]["namespace"] = space
        cluster.api.apply(thing)
    found = Seen(cluster, space)
    found.watch()
    until("the Pods", lambda: len(found.last) == len(made) and all(map(_ready, list(found.last.values()))), 300)
    for name, thing in made.items():
        for one in (*thing["spec"]["containers"], *thing["spec"]["initContainers"]):
            found.log(name, one["name"])
    until("the containers", lambda: all("start" in said for said in found.said.values()), 120)
    for batch in batched(made, AT_ONCE):
        for name in batch:
            seconds = CASES[name].delete
            cluster.api.delete("Pod", name, space, **({} if seconds is None else {"gracePeriodSeconds": str(seconds)}))
            found.deleted[name] = time.time()
        until("the ends", lambda: found.gone >= set(found.deleted), 120)
    found.stop()
    cluster.api.delete("Namespace", space)
    return found


def deviations(seen: Seen, name: str) -> list[str]:
    """Compare what a Pod's containers did with the prediction."""
    case = CASES[name]
    zero = seen.deleted[name]
    problems = []
    for container in predicted(document(name, case), case):
        said, code = seen.said[name, container.name], seen.code(name, container.name)
        ended = seen.latest[name, container.name] - zero
        heard = said["SIGTERM"] - zero if "SIGTERM" in said else None
        expected = container.signal_at if container.signal_delivery is SignalDelivery.RECEIVED else None
        if (heard is None) != (expected is None) or abs((heard or 0) - (expected or 0)) > SECOND:
            problems.append(f"{container.name}: SIGTERM at {heard}, predicted {expected}")
        if abs(ended - container.end) > SECOND:
            problems.append(f"{container.name}: ended at {ended:.1f}, predicted {container.end}")
        if (code == 137) != (container.ended_by is End.KILLED):  # 128 + SIGKILL
            problems.append(f"{container.name}: exit code {code}, predicted {container.ended_by}")
    return problems


def batched(names: Iterable[str], size: int) -> list[list[str]]:
    listed = list(names)
    return [listed[n : n + size] for n in range(0, len(listed), size)]


def _ready(pod: dict[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


@pytest.mark.parametrize("name", CASES)
def test_a_real_kubelet_does_what_is_predicted(problems: dict[str, list[str]], name: str) -> None:
    """Each container is signalled, exits or is killed in the predicted second, and SIGKILL leaves 137."""
    assert not problems[name], "; ".join(problems[name])
