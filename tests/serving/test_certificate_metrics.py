"""Metrics and readiness of the certificate in use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from certs.authority import Authority
from tests.support.waiting import until
from webhook.serving.metrics import Telemetry
from webhook.serving.tls import Certificate, Files

if TYPE_CHECKING:
    from pathlib import Path

NAME = "lastcall.lastcall.svc"


def write(folder: Path, authority: Authority, bundle: bytes, lifetime: timedelta = timedelta(hours=1)) -> Files:
    leaf = authority.issue([NAME], datetime.now(UTC), lifetime)
    (folder / "tls.crt").write_bytes(leaf.chain_pem)
    (folder / "tls.key").write_bytes(leaf.key_pem)
    (folder / "ca.crt").write_bytes(bundle)
    return Files(folder / "tls.crt", folder / "tls.key", folder / "ca.crt", NAME)


def authority(lifetime: timedelta = timedelta(hours=2)) -> Authority:
    return Authority.create("test", datetime.now(UTC), lifetime)


def value(telemetry: Telemetry, name: str) -> float | None:
    return telemetry.registry.get_sample_value(f"lastcall_{name}")


def test_the_expiry_of_leaf_and_bundle_are_metrics(tmp_path: Path) -> None:
    """For a bundle of two CAs it is the earlier expiry."""
    long, short, telemetry = authority(), authority(timedelta(minutes=30)), Telemetry()
    certificate = Certificate(write(tmp_path, long, long.certificate_pem + short.certificate_pem), telemetry)
    assert certificate.check() == ""
    ends = value(telemetry, "ca_not_after_seconds")
    leaf = value(telemetry, "certificate_not_after_seconds")
    now = datetime.now(UTC).timestamp()
    assert ends is not None
    assert leaf is not None
    assert now < ends < now + 1801 < leaf < now + 3601
    assert value(telemetry, "certificate_loads_total") == 1
    assert value(telemetry, "certificate_bundle_mismatch") == 0


def test_a_bundle_that_does_not_verify_the_certificate_is_a_metric(tmp_path: Path) -> None:
    """The last valid pair stays in use, and the metric is 1 until bundle and certificate match again."""
    ours, other, telemetry = authority(), authority(), Telemetry()
    files = write(tmp_path, ours, ours.certificate_pem)
    certificate = Certificate(files, telemetry)
    assert certificate.check() == ""
    (tmp_path / "ca.crt").write_bytes(other.certificate_pem)
    until("the mismatch", lambda: [certificate.check(), value(telemetry, "certificate_bundle_mismatch")] == ["", 1])
    write(tmp_path, other, other.certificate_pem)
    until("the new pair", lambda: [certificate.check(), value(telemetry, "certificate_bundle_mismatch")] == ["", 0])
    assert value(telemetry, "certificate_loads_total") == 2


def test_a_server_with_an_expired_certificate_is_not_ready(tmp_path: Path) -> None:
    """No client accepts its certificate, so it should get no traffic."""
    ours, telemetry = authority(), Telemetry()
    certificate = Certificate(write(tmp_path, ours, ours.certificate_pem, timedelta(seconds=3)), telemetry)
    assert certificate.check() == ""
    until("the end", lambda: certificate.check() == "the certificate has expired")
