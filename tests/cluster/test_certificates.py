"""The certificate controller against a real API server: repairs, exceptions, and the Lease."""

from __future__ import annotations

import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from certs.authority import Authority
from certs.pem import read_bundle
from tests.cluster.replica import NAME
from tests.cluster.rotation import Rig, account, running_rig
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.existing import Cluster
    from tests.cluster.lab.api import Object

pytestmark = pytest.mark.cluster
FOREIGN = Authority.create("somebody else", datetime.now(UTC), timedelta(days=1)).certificate_pem


OPTIONS = ("--leaf-lifetime=60s", "--ca-lifetime=1d", "--soak=1s", "--lease-seconds=2")


@pytest.fixture(scope="module")
def rig(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Give a configuration that matches no Pod, and a controller for it."""
    if not cluster.is_lab:
        pytest.skip("the controller runs beside the lab's API server")
    with running_rig(cluster.api, tmp_path_factory.mktemp("certs"), "nobody") as rig:
        yield rig


@pytest.fixture
def healthy(rig: Rig) -> Rig:
    """Give the rig with all permissions, a running controller, and a trusted leaf."""
    rig.api.apply(*account())
    annotations = {"annotations": {"cert-manager.io/inject-ca-from": None}}
    rig.api.merge("MutatingWebhookConfiguration", NAME, "", {"metadata": annotations})
    if rig.controller is None or rig.controller.poll() is not None:
        rig.start_controller(*OPTIONS)
    until("a trusted leaf", rig.trusted)
    return rig


@pytest.mark.parametrize("pem", [FOREIGN, b""], ids=["foreign", "empty"])
def test_a_foreign_bundle_is_repaired(healthy: Rig, pem: bytes) -> None:
    """An overwritten caBundle is repaired, with the same CA as before."""
    before = healthy.bundle()
    healthy.overwrite(pem)
    until("the bundle", lambda: healthy.bundle() == before, 20)


def test_a_bundle_managed_by_cert_manager_is_not_written(healthy: Rig) -> None:
    """With cert-manager's annotation on the configuration the controller only renews its Lease."""
    healthy.overwrite(FOREIGN, **{"cert-manager.io/inject-ca-from": "lastcall/lastcall-tls"})
    version = healthy.find("Lease", "lastcall-certs")
    healthy.api.delete("Secret", "lastcall-tls", NAME)
    until("three renewals of the Lease", lambda: renewals(healthy, version) >= 3, 20)
    assert healthy.bundle() == FOREIGN
    assert not healthy.pair()


def renewals(rig: Rig, since: Object | None) -> int:
    lease = rig.find("Lease", "lastcall-certs")
    assert lease
    assert since
    moments = [datetime.fromisoformat(each["spec"]["renewTime"]) for each in (since, lease)]
    return int((moments[1] - moments[0]).total_seconds() / 0.6)


@pytest.mark.parametrize("names", [["lastcall-tls"], ["lastcall-ca"], ["lastcall-tls", "lastcall-ca"]])
def test_deleted_secrets_come_back(healthy: Rig, names: list[str]) -> None:
    """Whichever is deleted: the published CAs stay trusted, and the new leaf is trusted."""
    before = healthy.bundle()
    for name in names:
        healthy.api.delete("Secret", name, NAME)
    until("both Secrets", lambda: all(healthy.find("Secret", name) for name in ("lastcall-ca", *names)), 30)
    assert set(read_bundle(before)) <= set(read_bundle(healthy.bundle()))
    until("a trusted leaf", healthy.trusted, 30)


def test_a_broken_pair_is_replaced(healthy: Rig) -> None:
    """A broken key, as of a wrong kubectl edit, is replaced."""
    before = healthy.pair()
    broken = {"data": {"tls.key": b64encode(b"broken").decode()}}
    healthy.api.merge("Secret", "lastcall-tls", NAME, broken)
    until("another key", lambda: healthy.pair()["tls.key"] not in {b"broken", before["tls.key"]}, 20)
    assert healthy.trusted()


def test_rotate_requests_a_ca_and_status_shows_it(healthy: Rig) -> None:
    """`rotate --ca` adds a generation; `status` shows it, the phase, and what is wrong."""
    number = 1 + max(ca.generation or 0 for ca in read_bundle(healthy.bundle()))
    assert healthy.run("rotate", "--ca").stdout.startswith("Requested.")
    until("another CA", lambda: read_bundle(healthy.bundle())[-1].generation == number, 30)
    shown = healthy.run("status")
    assert f"lastcall CA generation {number}" in shown.stdout
    assert "phase: " in shown.stdout
    assert shown.returncode == 0
    healthy.kill_controller()
    healthy.overwrite(FOREIGN)
    wrong = healthy.run("status")
    assert wrong.returncode == 1
    assert "does not trust the leaf" in wrong.stdout


def test_every_rotation_is_one_event(healthy: Rig) -> None:
    """Each rotation adds exactly one Event about the Secret."""

    def events() -> int:
        found = healthy.api.get("Event", "", NAME)["items"]
        return sum(event["reason"] == "LeafRotated" and "requested" in event["message"] for event in found)

    before, leaf = events(), healthy.pair()["tls.crt"]
    healthy.run("rotate")
    until("another leaf", lambda: healthy.pair()["tls.crt"] != leaf, 30)
    until("its Event", lambda: events() == before + 1, 10)


@pytest.mark.parametrize(
    ("kind", "permission", "missing"),
    [
        ("Role", "secrets", "update secrets/lastcall-tls -n rotation"),
        ("Role", "leases", "get leases.coordination.k8s.io/lastcall-certs -n rotation"),
        ("ClusterRole", "mutating", "get mutatingwebhookconfigurations.admissionregistration.k8s.io/rotation"),
    ],
)
def test_a_missing_permission_is_named_in_one_line(healthy: Rig, kind: str, permission: str, missing: str) -> None:
    """The line has verb, resource and name, as arguments of `kubectl auth can-i`."""
    place = NAME if kind == "Role" else ""
    rules = healthy.api.get(kind, "rotation-certs", place)["rules"]
    left = [rule for rule in rules if not rule["resources"][0].startswith(permission)]
    if permission == "secrets":
        left.append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]})
    healthy.api.merge(kind, "rotation-certs", place, {"rules": left})
    healthy.api.merge("Secret", "lastcall-tls", NAME, {"data": {"tls.key": ""}})
    until("the line", lambda: any(missing in line.get("error", "") for line in healthy.log()), 30)
    line = next(line for line in healthy.log() if missing in line.get("error", ""))
    assert line["error"] == f"missing permission: {missing}"


def test_another_controller_takes_over_within_thirty_seconds(healthy: Rig) -> None:
    """With the default Lease: the second waits while the first runs, and writes after the first was killed."""

    def holder() -> str:
        lease = healthy.find("Lease", "lastcall-certs")
        return str(lease["spec"]["holderIdentity"]) if lease else ""

    healthy.kill_controller()
    killed = holder()
    healthy.start_controller("--lease-seconds=15")
    until("the first holder", lambda: holder() != killed, 30)
    first, holding = healthy.controller, holder()
    healthy.start_controller("--lease-seconds=15")
    assert first
    first.kill()
    first.wait()
    until("the second holder", lambda: holder() != holding, 30)
    healthy.kill_controller()


def test_a_writer_that_loses_the_lease_stops_at_once(healthy: Rig) -> None:
    """With another holder in the Lease, a broken bundle is not repaired until that Lease has expired."""
    lease = healthy.find("Lease", "lastcall-certs")
    assert lease
    stolen = {"spec": {"holderIdentity": "another", "leaseDurationSeconds": 12}}
    healthy.api.merge("Lease", "lastcall-certs", NAME, stolen)
    time.sleep(2)  # longer than two thirds of its own Lease, for which it trusts its last renewal
    healthy.overwrite(FOREIGN)
    began = time.monotonic()
    while time.monotonic() - began < 5:
        assert healthy.bundle() == FOREIGN
        time.sleep(0.2)
    until("the repair, after the other Lease has expired", healthy.trusted, 30)
