"""Pods of many shapes that the API server accepts, and every Pod of the golden cases."""

from __future__ import annotations

import itertools
import json
import random
from typing import TYPE_CHECKING, Any

from tests.cluster.manifests import IMAGES, Object
from tests.support.paths import ROOT
from webhook import manifests
from webhook.manifests import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS: list[Object] = [
    {},
    {"command": ["npm", "start"]},
    {"command": ["npm", "run", "start", "--", "--port", "80"]},
    {"args": ["npm", "start"]},
    {"command": ["docker-entrypoint.sh"], "args": ["yarn", "start"]},
    {"command": ["pnpm", "run", "start"]},
    {"command": ["npx", "next", "start"]},
    {"command": ["sh", "-c", "npm run build && npm start"]},
    {"command": ["sh", "-c", "exec npm start"]},
    {"command": ["/bin/sh", "-c", "trap 'echo $(PORT) ä \"' TERM; yarn start"]},
    {"command": ["tini", "--", "npm", "start"]},
    {"command": ["env", "A=b", "pnpm", "start"]},
    {"command": ["node", "server.js"]},
    {"command": ["python", "-m", "http.server"]},
]
LIFECYCLES: list[Object] = [
    {},
    {"lifecycle": {}},
    {"lifecycle": {"preStop": {"sleep": {"seconds": 3}}}},
    {"lifecycle": {"preStop": {"exec": {"command": ["sleep", "7"]}}}},
    {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 40"]}}}},
    {"lifecycle": {"preStop": {"httpGet": {"path": "/stop", "port": 80}}}},
    {"lifecycle": {"postStart": {"exec": {"command": ["true"]}}}},
]
SPECS: list[Object] = [
    {},
    {"terminationGracePeriodSeconds": 0},
    {"terminationGracePeriodSeconds": 3},
    {"terminationGracePeriodSeconds": 90},
    {"terminationGracePeriodSeconds": 598},
    {"terminationGracePeriodSeconds": 3600},
    {"restartPolicy": "Never"},
    {"restartPolicy": "OnFailure"},
    {"os": {"name": "linux"}},
    {"os": {"name": "windows"}},
    {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"},
    {"shareProcessNamespace": True},
]
ANNOTATIONS: list[dict[str, str]] = [
    {},
    {"drain-seconds": "20"},
    {"pre-stop-sleep-seconds": "0"},
    {"pre-stop-sleep-seconds": "25", "drain-seconds": "70"},
    {"pre-stop-sleep-seconds": "soon"},
    {"max-grace-seconds": "10"},
    {"entrypoint": "exec"},
    {"entrypoint": "supervise"},
    {"entrypoint": "off"},
    {"inject": "disabled"},
    {"status": "{"},
    {"image-command.app": '["npm", "start"]'},
    {"sidecar-drain-seconds": "12"},
]
SIDECARS: list[list[Object]] = [[], [], [{"name": "proxy"}], [{"name": "proxy", "command": ["npm", "start"]}]]
NATIVE: list[list[Object]] = [
    [],
    [],
    [{"name": "mesh", "restartPolicy": "Always"}],
    [{"name": "init", "command": ["npm", "ci"]}, {"name": "mesh", "restartPolicy": "Always", **LIFECYCLES[2]}],
]


def generated(count: int, namespace: str) -> Iterator[Object]:
    """Give so many Pods, the same every time; first each command with each lifecycle, then random ones."""
    draw = random.Random(count)
    pairs = itertools.islice(itertools.cycle(itertools.product(COMMANDS, LIFECYCLES)), count)
    for number, (command, lifecycle) in enumerate(pairs):
        spec: Object = draw.choice(SPECS)
        app = {"name": "app", **command, **lifecycle}
        annotations = {f"lastcall.webhook/{name}": value for name, value in draw.choice(ANNOTATIONS).items()}
        yield placed(
            {
                "metadata": {"name": f"varied-{number}", "annotations": annotations, "labels": {"a.example/b": "c"}},
                "spec": {
                    **spec,
                    "containers": [app, *draw.choice(SIDECARS)],
                    "initContainers": draw.choice(NATIVE) if spec.get("restartPolicy", "Always") == "Always" else [],
                },
            },
            namespace,
        )


def golden(namespace: str) -> Iterator[tuple[str, Object]]:
    """Give (case, Pod) of every golden case, as `preview` reads it."""
    for path in sorted((ROOT / "tests/cases").glob("*/*/input.yaml")):
        for document in manifests.read(path.name, path.read_text()):
            assert isinstance(document, Document)
            for number, workload in enumerate(document.workloads):
                yield f"{path.parent.name} {number}", placed(workload.pod, namespace, f"golden-{number}")


def placed(pod: Object, namespace: str, name: str = "") -> Object:
    """Return a Pod that can be created in a namespace: with name and images, without owners that do not exist."""
    made: dict[str, Any] = without_nothing(json.loads(json.dumps(pod)))
    made |= {"apiVersion": "v1", "kind": "Pod"}
    metadata = made.setdefault("metadata", {})
    metadata |= {"namespace": namespace, "name": metadata.get("name") or name}
    for owner in metadata.get("ownerReferences", []):
        owner.setdefault("uid", "705ab4f5-6393-11e8-b7cc-42010a800002")
    for container in [*made["spec"]["containers"], *made["spec"].get("initContainers", [])]:
        container.setdefault("image", IMAGES["dash"])
    for container in made["spec"]["containers"]:
        container.pop(
            "restartPolicy", None
        )  # without the gate ContainerRestartRules the API server drops it (KEP-5307)
    return made


def without_nothing(value: Any) -> Any:
    """Drop nulls, and metadata's empty maps: the API server does not store them."""
    if isinstance(value, list):
        return [without_nothing(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: without_nothing(item) for key, item in value.items() if item is not None}
    return {key: item for key, item in kept.items() if item != {} or key not in {"annotations", "labels"}}
