"""Mutual TLS between API server and webhook, with the commands and files of docs/operations.md."""

from __future__ import annotations

import json
import re
from textwrap import dedent
from typing import TYPE_CHECKING

from tests.cluster import faults
from tests.cluster.installed import NAMESPACE
from tests.cluster.lab import cluster as lab
from tests.cluster.lab.common import INSIDE, sh
from tests.cluster.lab.roll import rolled_out
from tests.serving.running import review
from tests.support.paths import ROOT
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.existing import Cluster

FOLDER = "/etc/kubernetes/lastcall"
"""Where the page puts what the API server reads."""


class Mutual:
    """The page's files in a directory of the test, and its steps."""

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        self.cluster, self.directory = cluster, directory
        page = (ROOT / "docs/operations.md").read_text()
        self.commands = next(text for text in blocks(page, "sh") if "openssl" in text)
        named = [text.split("\n", 1) for text in blocks(page, "yaml") if text.startswith("# ")]
        self.files = {line.removeprefix("# "): text for line, text in named}
        self.given: dict[str, str | Path] = {}
        self.demanded = False

    def configure_api_server(self) -> None:
        """Issue the certificates, write the files, and restart the API server with them."""
        sh("sh", "-ec", f"cd {self.directory}; {self.commands}")
        for name, text in self.files.items():
            (self.directory / name).write_text(text.replace(FOLDER, str(self.directory)))
        self.given = {"admission-control-config-file": self.directory / "admission.yaml"}
        lab.restart_api_server(self.given)

    def restore_api_server(self) -> None:
        """Restart the API server as it was."""
        lab.restart_api_server({})
        self.given = {}

    def demand(self) -> None:
        """Let the webhook require a client certificate."""
        bundle = f"--from-file={self.directory / 'clients.crt'}"
        self.cluster.kubectl("create", "configmap", "lastcall-clients", "-n", NAMESPACE, bundle)
        self.demanded = True
        patch = f"--patch-file={self.directory / 'mutual-tls.yaml'}"
        self.cluster.kubectl("patch", "deployment", "lastcall", "-n", NAMESPACE, "--type=json", patch)
        self._rolled_out()
        until("the old Pods' end", lambda: len(faults.webhook_pods(self.cluster.api)) == 2, 240)

    def forgo(self) -> None:
        """Undo every step that was done."""
        if self.given:
            self.restore_api_server()
        if self.demanded:
            self.cluster.kubectl("rollout", "undo", "deployment/lastcall", "-n", NAMESPACE)
            self._rolled_out()
            self.cluster.kubectl("delete", "configmap", "lastcall-clients", "-n", NAMESPACE)
            self.demanded = False

    def _rolled_out(self) -> None:
        until("the rollout", lambda: rolled_out(self.cluster.api, NAMESPACE, "lastcall"), 240)

    def answer(self, *certificate: str) -> str:
        """Send a review to a webhook's Pod, with curl's options for a certificate; return the HTTP status, or 000."""
        address = f"https://{faults.serving(self.cluster.api)[0]['status']['podIP']}:10250/mutate"
        sent = ("-H", "Content-Type: application/json", "--data", json.dumps(review()))
        shown = ("-sk", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}")
        return sh(*INSIDE, "curl", *shown, *certificate, *sent, address, check=False)

    @property
    def certificate(self) -> tuple[str, ...]:
        """Curl's options for the API server's certificate."""
        return ("--cert", f"{self.directory}/kube-apiserver.crt", "--key", f"{self.directory}/kube-apiserver.key")


def blocks(page: str, language: str) -> list[str]:
    """Return a page's code blocks of one language."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", page, re.DOTALL | re.MULTILINE)
    return [dedent(text) for text in found]
