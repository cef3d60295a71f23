"""What every command that reads files or a cluster has in common: how they are named, and what is checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.support.api_server import Served, serve
from tests.support.paths import ROOT
from webhook.cli import main

if TYPE_CHECKING:
    from click.testing import Result

WEB = str(ROOT / "examples" / "npm-deployment.yaml")
READERS = ("preview", "timeline", "audit")
MISPLACED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {lastcall.webhook/inject: alb}, annotations: {lastcall.webhook/drain-seconds: "20"}}
spec:
  template:
    metadata: {annotations: {lastcall.webhook/max-grace-seconds: "60"}}
    spec: {containers: [{name: web, command: [npm, start]}], initContainers: [{name: proxy, restartPolicy: Always}]}
---
apiVersion: v1
kind: List
items:
  - apiVersion: batch/v1
    kind: CronJob
    metadata: {name: nightly, annotations: }
    spec:
      jobTemplate:
        metadata: {annotations: {lastcall.webhook/inject: disabled}}
        spec: {template: {spec: {containers: [{name: job}]}}}
"""


def call(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin, catch_exceptions=False)


@pytest.mark.parametrize("command", READERS)
def test_files_are_arguments(command: str) -> None:
    """FILE and -f are the same, and may stand together; - is stdin."""
    named = call(command, WEB)
    assert named.exit_code == 0
    assert (named.stdout, named.stderr) == (call(command, "-f", WEB).stdout, named.stderr)
    both = call(command, WEB, "-f", "-", stdin=Path(WEB).read_text().replace("name: web", "name: other"))
    assert "Deployment web" in both.stdout
    assert "Deployment other" in both.stdout


@pytest.mark.parametrize("command", ["preview", "timeline"])
def test_a_command_without_a_file(command: str) -> None:
    """Exit 2, and the message says what can be named."""
    result = call(command)
    assert (result.exit_code, "name a FILE, a directory, or - for stdin" in result.stderr) == (2, True)


@pytest.mark.parametrize("command", ["timeline", "audit"])
@pytest.mark.parametrize("option", ["--drain", "--hook"])
def test_a_container_that_no_pod_has(command: str, option: str) -> None:
    """Exit 2 with the names that there are; a name that one of the Pods has, and a value for all, are taken."""
    examples = str(ROOT / "examples")
    result = call(command, examples, option, "wep=20")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{option}: no container is named 'wep'; did you mean web?" in result.stderr
    assert "there are: app, log-shipper, migrate, nginx" in call(command, examples, option, "zzz=20").stderr
    assert call(command, examples, option, "log-shipper=20").exit_code == 0
    assert call(command, examples, "--drain", "20").exit_code == 0


def test_many_containers_are_not_all_named(tmp_path: Path) -> None:
    """The message names eight of them."""
    containers = ", ".join(f"{{name: c{number:02}}}" for number in range(20))
    (tmp_path / "pod.yaml").write_text(f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{containers}]}}\n")
    assert (
        "there are: c00, c01, c02, c03, c04, c05, c06, c07, ..."
        in call("audit", str(tmp_path), "--drain", "zzz=1").stderr
    )


@pytest.mark.parametrize("command", READERS)
def test_annotations_outside_the_pod_template(command: str) -> None:
    """An annotation on the Deployment itself has no effect, and a warning says where it belongs."""
    result = call(command, "-", stdin=MISPLACED)
    assert result.exit_code == 0
    web, job = "warning: Deployment web (stdin, document 1): ", "warning: CronJob nightly (stdin, document 2): "
    assert [line for line in result.stderr.splitlines() if line.startswith("warning")] == [
        f"{web}lastcall.webhook/drain-seconds in metadata.annotations has no effect; "
        "move it to spec.template.metadata.annotations",
        f"{web}lastcall.webhook/inject in metadata.labels has no effect; move it to the namespace's labels",
        f"{job}lastcall.webhook/inject in spec.jobTemplate.metadata.annotations has no effect; "
        "move it to spec.jobTemplate.spec.template.metadata.annotations",
    ]


def test_a_cluster_is_checked_in_the_same_way(tmp_path: Path) -> None:
    """A live audit warns of annotations on a Deployment, and knows the containers of templates and Pods."""
    template = {"spec": {"containers": [{"name": "web"}]}}
    metadata = {"name": "web", "namespace": "shop", "annotations": {"lastcall.webhook/drain-seconds": "20"}}
    pod = {"metadata": {"name": "bare", "namespace": "shop"}, "spec": {"containers": [{"name": "alone"}]}}
    objects = {"/apis/apps/v1/namespaces/shop/deployments": [{"metadata": metadata, "spec": {"template": template}}]}
    objects |= {f"/apis/apps/v1/namespaces/shop/{plural}": [] for plural in ("statefulsets", "daemonsets")}
    objects |= {"/apis/batch/v1/namespaces/shop/cronjobs": [], "/api/v1/namespaces/shop/pods": [pod]}
    objects["/api/v1/namespaces"] = [{"metadata": {"name": "shop"}}]
    with serve(Served(objects), tmp_path) as config:
        result = call("audit", "--kubeconfig", str(config), "-n", "shop", "--drain", "nosuch=3")
        good = call("audit", "--kubeconfig", str(config), "-n", "shop", "--drain", "web=3", "--drain", "alone=3")
    assert (result.exit_code, good.exit_code) == (2, 0)
    assert "no container is named 'nosuch'; there are: alone, web" in result.stderr
    assert good.stderr.startswith(
        "warning: Deployment shop/web: lastcall.webhook/drain-seconds in metadata.annotations"
    )
