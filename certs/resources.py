"""Names and API paths of the objects that the controller reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Names:
    """The names of the objects."""

    namespace: str = "lastcall"
    service: str = "lastcall"
    configuration: str = "lastcall"
    serving: str = "lastcall-tls"
    ledger: str = "lastcall-ca"
    lease: str = "lastcall-certs"


@dataclass(frozen=True)
class Resource:
    """One object's API resource; `namespace` is empty for a cluster-scoped one."""

    api_version: str
    kind: str
    plural: str
    name: str
    namespace: str = ""
    type: str = ""

    @property
    def collection(self) -> str:
        """The path of all objects of the kind."""
        root = "/api/" if "/" not in self.api_version else "/apis/"
        inside = f"/namespaces/{quote(self.namespace)}" if self.namespace else ""
        return f"{root}{self.api_version}{inside}/{self.plural}"

    def __str__(self) -> str:
        """Return it as `kubectl auth can-i <verb>` takes it: `secrets/lastcall-tls -n lastcall`."""
        group = self.api_version.rpartition("/")[0]
        words = [self.plural, *([group] if group else [])]
        name = f"/{self.name}" if self.name else ""
        return ".".join(words) + name + (f" -n {self.namespace}" if self.namespace else "")


def resources(names: Names) -> dict[str, Resource]:
    """Return the objects by role: ledger, serving, lease, configuration."""
    space = names.namespace
    return {
        "ledger": Resource("v1", "Secret", "secrets", names.ledger, space, "Opaque"),
        "serving": Resource("v1", "Secret", "secrets", names.serving, space, "kubernetes.io/tls"),
        "lease": Resource("coordination.k8s.io/v1", "Lease", "leases", names.lease, space),
        "configuration": Resource(
            "admissionregistration.k8s.io/v1",
            "MutatingWebhookConfiguration",
            "mutatingwebhookconfigurations",
            names.configuration,
        ),
    }
