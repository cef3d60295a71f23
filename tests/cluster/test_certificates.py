"""The certificate controller against a real API server: what it repairs, what it leaves, and who may write."""

from __future__ import annotations

import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from certs.authority import Authority
from certs.pem import read_bundle
from tests.cluster.replica import NAME
from tests.cluster.rotation import Stand, account, built
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.existing import Cluster
    from tests.cluster.lab.api import Object

pytestmark = pytest.mark.cluster
FOREIGN = Authority.create("somebody else", datetime.now(UTC), timedelta(days=1)).certificate_pem


OPTIONS = ("--leaf-lifetime=60s", "--ca-lifetime=1d", "--soak=1s", "--lease-seconds=2")


@pytest.fixture(scope="module")
def stand(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Give a configuration that no Pod passes through, and a controller that looks after it."""
    if not cluster.is_lab:
        pytest.skip("the controller runs beside the lab's API server")
    with built(cluster.api, tmp_path_factory.mktemp("certs"), "nobody") as made:
        yield made


@pytest.fixture
def kept(stand: Stand) -> Stand:
    """Give the stand with all its rights, a controller that runs, and everything in order."""
    stand.api.apply(*account())
    annotations = {"annotations": {"cert-manager.io/inject-ca-from": None}}
    stand.api.merge("MutatingWebhookConfiguration", NAME, "", {"metadata": annotations})
    if stand.controller is None or stand.controller.poll() is not None:
        stand.start_controller(*OPTIONS)
    until("a trusted leaf", stand.trusted)
    return stand


@pytest.mark.parametrize("pem", [FOREIGN, b""], ids=["foreign", "empty"])
def test_a_foreign_bundle_is_repaired(kept: Stand, pem: bytes) -> None:
    """Whoever overwrites caBundle sees it put right, with the same CA as before."""
    before = kept.bundle()
    kept.overwrite(pem)
    until("the bundle", lambda: kept.bundle() == before, 20)


def test_a_bundle_that_is_somebody_elses_is_left_alone(kept: Stand) -> None:
    """With cert-manager's annotation on the configuration the controller writes nothing more, and goes on looking."""
    kept.overwrite(FOREIGN, **{"cert-manager.io/inject-ca-from": "lastcall/lastcall-tls"})
    version = kept.find("Lease", "lastcall-certs")
    kept.api.delete("Secret", "lastcall-tls", NAME)
    until("three renewals of the Lease", lambda: renewals(kept, version) >= 3, 20)
    assert kept.bundle() == FOREIGN
    assert not kept.pair()


def renewals(stand: Stand, since: Object | None) -> int:
    lease = stand.find("Lease", "lastcall-certs")
    assert lease
    assert since
    moments = [datetime.fromisoformat(each["spec"]["renewTime"]) for each in (since, lease)]
    return int((moments[1] - moments[0]).total_seconds() / 0.6)


@pytest.mark.parametrize("names", [["lastcall-tls"], ["lastcall-ca"], ["lastcall-tls", "lastcall-ca"]])
def test_deleted_secrets_come_back(kept: Stand, names: list[str]) -> None:
    """Whichever is deleted, what was published goes on being trusted, and in the end all fits again."""
    before = kept.bundle()
    for name in names:
        kept.api.delete("Secret", name, NAME)
    until("both Secrets", lambda: all(kept.find("Secret", name) for name in ("lastcall-ca", *names)), 30)
    assert set(read_bundle(before)) <= set(read_bundle(kept.bundle()))
    until("a trusted leaf", kept.trusted, 30)


def test_a_broken_pair_is_replaced(kept: Stand) -> None:
    """Somebody's kubectl edit does not last."""
    before = kept.pair()
    broken = {"data": {"tls.key": b64encode(b"broken").decode()}}
    kept.api.merge("Secret", "lastcall-tls", NAME, broken)
    until("another key", lambda: kept.pair()["tls.key"] not in {b"broken", before["tls.key"]}, 20)
    assert kept.trusted()


def test_rotate_and_status_are_for_people(kept: Stand) -> None:
    """`rotate --ca` brings another generation; `status` shows it and its phase, and says what is wrong."""
    number = 1 + max(ca.generation or 0 for ca in read_bundle(kept.bundle()))
    assert kept.run("rotate", "--ca").stdout.startswith("Asked.")
    until("another CA", lambda: read_bundle(kept.bundle())[-1].generation == number, 30)
    shown = kept.run("status")
    assert f"lastcall CA generation {number}" in shown.stdout
    assert "phase: " in shown.stdout
    assert shown.returncode == 0
    kept.kill_controller()
    kept.overwrite(FOREIGN)
    wrong = kept.run("status")
    assert wrong.returncode == 1
    assert "does not trust the leaf" in wrong.stdout


def test_every_rotation_is_one_event(kept: Stand) -> None:
    """`kubectl describe secret` tells when and why, and counts right."""

    def events() -> int:
        found = kept.api.get("Event", "", NAME)["items"]
        return sum(one["reason"] == "LeafRotated" and "asked for" in one["message"] for one in found)

    before, leaf = events(), kept.pair()["tls.crt"]
    kept.run("rotate")
    until("another leaf", lambda: kept.pair()["tls.crt"] != leaf, 30)
    until("its Event", lambda: events() == before + 1, 10)


@pytest.mark.parametrize(
    ("kind", "rights", "missing"),
    [
        ("Role", "secrets", "update secrets/lastcall-tls -n rotation"),
        ("Role", "leases", "get leases.coordination.k8s.io/lastcall-certs -n rotation"),
        ("ClusterRole", "mutating", "get mutatingwebhookconfigurations.admissionregistration.k8s.io/rotation"),
    ],
)
def test_a_missing_permission_is_named_in_one_line(kept: Stand, kind: str, rights: str, missing: str) -> None:
    """Verb, resource and name, as `kubectl auth can-i` takes them."""
    place = NAME if kind == "Role" else ""
    rules = kept.api.get(kind, "rotation-certs", place)["rules"]
    left = [rule for rule in rules if not rule["resources"][0].startswith(rights)]
    if rights == "secrets":
        left.append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]})
    kept.api.merge(kind, "rotation-certs", place, {"rules": left})
    kept.api.merge("Secret", "lastcall-tls", NAME, {"data": {"tls.key": ""}})
    until("the line", lambda: any(missing in line.get("error", "") for line in kept.log()), 30)
    line = next(line for line in kept.log() if missing in line.get("error", ""))
    assert line["error"] == f"missing permission: {missing}"


def test_another_controller_takes_over_within_thirty_seconds(kept: Stand) -> None:
    """With the default Lease: the second waits while the first lives, and writes when that was killed."""

    def holder() -> str:
        lease = kept.find("Lease", "lastcall-certs")
        return str(lease["spec"]["holderIdentity"]) if lease else ""

    kept.kill_controller()
    killed = holder()
    kept.start_controller("--lease-seconds=15")
    until("the first holder", lambda: holder() != killed, 30)
    first, holding = kept.controller, holder()
    kept.start_controller("--lease-seconds=15")
    assert first
    first.kill()
    first.wait()
    until("the second holder", lambda: holder() != holding, 30)
    kept.kill_controller()


def test_a_writer_that_loses_the_lease_stops_at_once(kept: Stand) -> None:
    """Another holder's name in the Lease is enough: what is broken then stays broken, until that one's time is over."""
    lease = kept.find("Lease", "lastcall-certs")
    assert lease
    stolen = {"spec": {"holderIdentity": "another", "leaseDurationSeconds": 12}}
    kept.api.merge("Lease", "lastcall-certs", NAME, stolen)
    time.sleep(2)  # two thirds of its own Lease, for which it may trust what it read
    kept.overwrite(FOREIGN)
    seen = time.monotonic()
    while time.monotonic() - seen < 5:
        assert kept.bundle() == FOREIGN
        time.sleep(0.2)
    until("the repair, when the other one is gone", kept.trusted, 30)
