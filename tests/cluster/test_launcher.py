"""Scripts of npm, yarn and pnpm as Pods on a kubelet: which processes get SIGTERM, which answer, and the exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.cluster import manifests
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.existing import Cluster
    from tests.cluster.manifests import Object

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
FINALIZER = "tests.example/seen"
"""Keeps a Pod that has ended until its status is read."""
# The application sends itself a request as soon as it listens, and answers it after SIGTERM.
SERVER = """
const fs = require("fs"), http = require("http");
const say = (word) => fs.appendFileSync("/dev/termination-log", word + " ");
let held;
const server = http.createServer((request, response) => {
  if (request.url === "/slow") held = response;
  else response.writeHead(held ? 200 : 503).end();
});
process.on("SIGTERM", () => {
  say("signalled");
  setTimeout(() => { server.close(); held.end("answered"); }, 1000);
});
server.listen(8080, () => http.get("http://127.0.0.1:8080/slow", { agent: false }, (answer) => {
  answer.on("data", say).on("end", () => process.exit(3));
}));
"""
RUN = {"npm": "npm run", "yarn": "yarn", "pnpm": "pnpm run"}
# A script and the code with which it ends: a pipeline's is that of its last command.
SHAPES = {
    "plain": ("node server.js", 3),
    "nested": ("NODE_ENV=production PM plain", 3),
    "lifecycle": ("node server.js", 3),
    "subshell": ("(cd /tmp; node /project/server.js)", 3),
    "pipe": ("node server.js | cat", 0),
}


class Start(NamedTuple):
    """How one Pod is started; mode `off` is the original."""

    tool: str
    shell: str
    mode: str
    shape: str

    @property
    def name(self) -> str:
        """The Pod's name."""
        return "-".join(self)

    def pod(self, namespace: str) -> Object:
        """Return the Pod."""
        container = {
            "image": manifests.IMAGES[self.shell],
            "command": [self.tool, "run", self.shape],
            "workingDir": "/project",
            "volumeMounts": [{"name": "project", "mountPath": "/project"}],
            "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        }
        volume = {"name": "project", "configMap": {"name": self.tool}}
        made = manifests.pod(self.name, namespace, container, volumes=[volume])
        annotations = {"entrypoint": self.mode, "pre-stop-sleep-seconds": "0"}
        made["metadata"]["annotations"] = {f"lastcall.webhook/{key}": value for key, value in annotations.items()}
        made["metadata"]["finalizers"] = [FINALIZER]
        return made


STARTS = [Start(tool, shell, "init", shape) for tool in RUN for shell in manifests.IMAGES for shape in SHAPES]
STARTS += [Start(tool, "dash", mode, "lifecycle") for tool in RUN for mode in ("exec", "supervise")]
ORIGINALS = [Start(tool, shell, "off", "pipe") for tool in RUN for shell in manifests.IMAGES]
ORIGINALS += [Start(tool, "dash", "off", "plain") for tool in RUN]


def project(tool: str, namespace: str) -> Object:
    """Return the ConfigMap with a project that has all shapes."""
    scripts = {name: text.replace("PM", RUN[tool]) for name, (text, _) in SHAPES.items()}
    package = {"name": "app", "version": "1.0.0", "scripts": {**scripts, "prelifecycle": "true"}}
    files = {"package.json": json.dumps(package), "server.js": SERVER}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": tool, "namespace": namespace}, "data": files}


def test_scripts_answer_on_a_kubelet(lastcall: Cluster, namespace: Callable[..., str]) -> None:
    """Each application gets SIGTERM once, answers, and sets the exit code of the container; the originals do not."""
    api, space = lastcall.api, namespace("enabled")
    api.apply(*(project(tool, space) for tool in RUN), *(start.pod(space) for start in STARTS + ORIGINALS))

    def containers() -> dict[str, Object]:
        pods = api.get("Pod", namespace=space)["items"]
        return {pod["metadata"]["name"]: (pod["status"].get("containerStatuses") or [{}])[0] for pod in pods}

    try:
        until("the Pods", lambda: all(status.get("ready") for status in containers().values()), 240)
        api.call("DELETE", f"/api/v1/namespaces/{space}/pods?gracePeriodSeconds=20")
        until("their end", lambda: all("terminated" in status["state"] for status in containers().values()), 120)
        ended = {name: status["state"]["terminated"] for name, status in containers().items()}
    finally:
        for start in STARTS + ORIGINALS:
            api.merge("Pod", start.name, space, {"metadata": {"finalizers": None}})
    results = {start: (ended[start.name].get("message", "").split(), ended[start.name]["exitCode"]) for start in STARTS}
    assert results == {start: (["signalled", "answered"], SHAPES[start.shape][1]) for start in STARTS}
    answered = [start for start in ORIGINALS if "answered" in ended[start.name].get("message", "")]
    assert answered == [], "control: natively the request is lost"
