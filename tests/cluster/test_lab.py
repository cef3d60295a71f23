"""The lab leaves nothing behind, after any end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.lab.common import binary
from tests.cluster.lab.teardown import mounts, mounts_below
from tests.cluster.manifests import IMAGES
from tests.support.paths import ROOT
from tests.support.waiting import until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
NAME = f"lab{os.getpid()}"
DIRECTORY = Path(f"/tmp/{NAME}-lab")
LABS = ("/tmp/", "/run/netns")
"""Where this lab and those beside it mount; on nothing else of the machine may anything be mounted."""


def lab(*argv: str) -> subprocess.Popen[str]:
    """Start a command of a lab beside the session's own."""
    command = [sys.executable, "-m", "tests.cluster.lab", *argv]
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "LASTCALL_LAB": NAME}, stdout=subprocess.PIPE, text=True
    )


def finished(*argv: str) -> str:
    """Run a command of that lab to its end."""
    with lab(*argv) as process:
        output = process.communicate(timeout=240)[0]
    assert process.returncode == 0
    return output


def traces() -> list[str]:
    """Return what is left of that lab: processes, mounts, namespaces, cgroups, files."""
    found = [str(DIRECTORY)] if DIRECTORY.exists() else []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(DIRECTORY) in process.read_bytes().decode(errors="replace"):
                found.append(str(process))
        except OSError:  # it has just ended
            continue
    found += mounts_below(DIRECTORY)
    found += [point for point in elsewhere() if elsewhere().count(point) > MOUNTED.count(point)]
    found += [str(path) for path in (Path("/run/netns") / NAME,) if path.exists()]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"{NAME}*")]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/{NAME}")]
    found += [str(path) for path in Path("/var/lib/cni/results").glob(f"{NAME}-*")]
    links = Path("/var/log/containers")
    found += [
        str(link) for link in (links.iterdir() if links.exists() else ()) if link.readlink().is_relative_to(DIRECTORY)
    ]
    return found


def elsewhere() -> list[str]:
    """Return the mount points that no lab has made."""
    return [point for point in mounts() if not point.startswith(LABS)]


MOUNTED = elsewhere()


def components() -> dict[str, list[int | str]]:
    """Return what runs of that lab: name -> (pid, start time)."""
    pids = DIRECTORY / "pids.json"
    return dict(json.loads(pids.read_text())) if pids.exists() else {}


def test_binaries_of_the_user_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TEST_ASSET_* names a file and KUBEBUILDER_ASSETS a directory, as for controller-runtime's envtest."""
    for name in ("KUBEBUILDER_ASSETS", "TEST_ASSET_KUBECTL"):
        monkeypatch.delenv(name, raising=False)
    ours = binary("kubectl")
    (tmp_path / "kubectl").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert (binary("kubectl"), binary("kubelet")) == (tmp_path / "kubectl", ours.with_name("kubelet"))
    monkeypatch.setenv("TEST_ASSET_KUBECTL", "/opt/kubectl")
    assert binary("kubectl") == Path("/opt/kubectl")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_leaves_nothing(number: signal.Signals) -> None:
    """Ctrl-C or SIGTERM during the start removes the cluster."""
    with lab("up") as process:
        until("the API server's process", lambda: "kube-apiserver" in components())
        process.send_signal(number)
        assert process.wait(timeout=120) == 130
    assert traces() == []


def test_a_crashed_cluster_is_removed(tmp_path: Path) -> None:
    """After its kubelet, containerd and API server were killed with a Pod running, `down` leaves nothing."""
    finished("up")
    try:
        run = ["run", "--", "kubectl"]
        finished(*run, "run", "left", f"--image={IMAGES['dash']}", "--image-pull-policy=Never", "--", "sleep", "600")
        finished(*run, "wait", "--for=condition=Ready", "pod/left", "--timeout=200s")
        assert traces() != []
        for name in ("kubelet", "containerd", "kube-apiserver"):
            os.kill(int(components()[name][0]), signal.SIGKILL)
    finally:
        finished("down")
    assert traces() == []
