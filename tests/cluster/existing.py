"""The cluster under test: the lab's, or with USE_EXISTING_CLUSTER=true that of KUBECONFIG."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import manifests
from tests.cluster.lab.api import Api
from tests.cluster.lab.common import binary, sh
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Cluster:
    """Its API, kubectl for what only kubectl does, and whether it is the lab's own."""

    api: Api
    kubectl: Callable[..., str]
    is_lab: bool

    def namespace(self, name: str, **labels: str) -> None:
        """Create a namespace, and wait until Pods can be created in it."""
        self.api.apply(manifests.namespace(name, **labels))
        until("the service account", lambda: self.api.find("ServiceAccount", "default", name))


@contextmanager
def existing() -> Iterator[Cluster]:
    """Give the cluster of the current context, which must be able to pull the images named in README.md."""
    own = binary("kubectl")
    program = str(own) if own.exists() else shutil.which("kubectl") or "kubectl"
    with tempfile.TemporaryDirectory() as directory:
        socket = Path(directory) / "api.sock"
        argv = [program, "proxy", f"--unix-socket={socket}", "--reject-paths=^$"]
        proxy = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        try:
            until("the API socket", socket.exists)
            with closing(Api(socket)) as api:
                yield Cluster(api, lambda *words: sh(program, *words), is_lab=False)
        finally:
            proxy.terminate()
            proxy.wait()
