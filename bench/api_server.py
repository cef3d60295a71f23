"""Measure what a mutator adds to the creation of a Pod, through a real API server: ``make bench-api-server``.

Namespaces take turns request by request: one without a mutator, and one each for a MutatingAdmissionPolicy (CEL, in the
API server itself), the controller-runtime webhook and lastcall; the medians of the differences within a turn are
printed. All mutators add a sleep and a longer grace period; `launcher` is lastcall with Pods started by npm, whose
patch has four KiB more. Needs what ``make test-cluster`` needs.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.compare import header, row
from bench.servers import HERE, Server, build, certificates, commands
from tests.cluster.lab.api import Api
from tests.cluster.lab.cluster import API_SOCKET, cluster, restart_api_server
from tests.cluster.lab.common import INSIDE
from tests.cluster.lab.pki import PKI

GATES = {
    "feature-gates": "MutatingAdmissionPolicy=true",
    "runtime-config": "admissionregistration.k8s.io/v1beta1=true",
}
ARMS = {"none": "node", "policy": "node", "goref": "node", "lastcall": "node", "launcher": "npm"}
"""The arms, and the program that their Pods start."""
LABEL = "bench"
SECONDS = 60.0
"""Until a configuration is in force; the API server does not report it."""
HOOK = "Object.spec.containers.lifecycle"
EXPRESSION = f"""
Object{{spec: Object.spec{{
  terminationGracePeriodSeconds: object.spec.terminationGracePeriodSeconds + 5,
  containers: object.spec.containers.filter(c, !has(c.lifecycle)).map(c, Object.spec.containers{{
    name: c.name,
    lifecycle: {HOOK}{{preStop: {HOOK}.preStop{{sleep: {HOOK}.preStop.sleep{{seconds: 5}}}}}}
  }})
}}}}"""
PODS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}


def selector(arm: str) -> dict[str, Any]:
    return {"matchLabels": {LABEL: arm}}


def policy() -> list[dict[str, Any]]:
    """Return the policy and its binding.

    https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
    """
    spec = {
        "matchConstraints": {"resourceRules": [PODS], "namespaceSelector": selector("policy")},
        "failurePolicy": "Fail",
        "reinvocationPolicy": "IfNeeded",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": EXPRESSION}}],
    }
    version = "admissionregistration.k8s.io/v1beta1"
    return [
        {"apiVersion": version, "kind": kind, "metadata": {"name": LABEL}, "spec": content}
        for kind, content in (
            ("MutatingAdmissionPolicy", spec),
            ("MutatingAdmissionPolicyBinding", {"policyName": LABEL}),
        )
    ]


def webhook(arm: str, port: int, bundle: bytes) -> dict[str, Any]:
    """Return the configuration that sends an arm's Pods to its server."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": f"{LABEL}-{arm}"},
        "webhooks": [
            {
                "name": f"{arm}.{LABEL}.example",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "reinvocationPolicy": "IfNeeded",
                "clientConfig": {
                    "url": f"https://127.0.0.1:{port}/mutate",
                    "caBundle": base64.b64encode(bundle).decode(),
                },
                "rules": [PODS],
                "namespaceSelector": selector(arm),
            }
        ],
    }


def creations(count: int) -> dict[str, list[float]]:
    """Create Pods until every arm patches as it should, then measure."""
    command = [*INSIDE, sys.executable, "-m", "bench.creations", f"--pki={PKI}", f"--count={count}"]
    command += [f"{LABEL}-{arm}={program}" for arm, program in ARMS.items()]
    end = time.monotonic() + SECONDS
    while True:
        done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            found: dict[str, list[float]] = json.loads(done.stdout)
            return {arm: found[f"{LABEL}-{arm}"] for arm in ARMS}
        if time.monotonic() > end:
            raise RuntimeError(done.stderr)


def configure(api: Api, servers: list[Server], bundle: bytes) -> None:
    for arm in ARMS:
        name = f"{LABEL}-{arm}"
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {LABEL: arm}}})
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
        api.apply(account)
    ports = {server.name: server.port for server in servers}
    ports["launcher"] = ports["lastcall"]
    api.apply(*policy(), *(webhook(arm, port, bundle) for arm, port in ports.items()))


def report(durations: dict[str, list[float]]) -> None:
    header("Pod creation (server-side dry run)", "admission", "p50 ms", "added ms, paired", "x")
    base = durations["none"]
    added = {
        arm: statistics.median(own - of for own, of in zip(results, base, strict=True))
        for arm, results in durations.items()
    }
    for arm, results in durations.items():
        row(arm, statistics.median(results), added[arm], added[arm] / added["goref"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, help="turns")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lastcall-bench-") as name, cluster():
        folder = Path(name)
        build(folder)
        certificates(folder)
        known = commands(folder)
        restart_api_server(GATES)
        servers = [Server(arm, [*INSIDE, *known[arm]], folder) for arm in ARMS if arm in known]
        try:
            with closing(Api(API_SOCKET)) as api:
                configure(api, servers, (folder / "ca.crt").read_bytes())
            report(creations(options.count))
        finally:
            for server in servers:
                server.stop()


if __name__ == "__main__":
    main()
