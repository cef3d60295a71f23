"""Handshakes: trust, TLS versions, and the reload of certificates."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from tests.serving.running import SERVE, Pair, Running, review
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def served(running: Running) -> bytes:
    """Return the certificate that the server presents on a new connection, in DER."""
    assert running.tls
    address = ("127.0.0.1", running.port)
    with socket.create_connection(address, 10) as raw, running.tls.wrap_socket(raw, server_hostname="localhost") as tls:
        return tls.getpeercert(binary_form=True) or b""


def on_disk(pair: Pair) -> bytes:
    """Return the certificate of the files, in DER."""
    return ssl.PEM_cert_to_DER_cert((pair.folder / "tls.crt").read_text())


def test_another_ca_is_not_trusted(shared: Running, tmp_path: Path) -> None:
    """The negative control: with another CA the client rejects the server."""
    stranger = Running(shared.process, shared.output, Pair.issue(tmp_path).client(), shared.port)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer|self-signed|signature failure"):
        stranger.request("GET", "/healthz")


@pytest.mark.parametrize(
    ("version", "ciphers", "accepted"),
    [
        pytest.param(ssl.TLSVersion.TLSv1_3, "", True, id="1.3"),
        pytest.param(ssl.TLSVersion.TLSv1_2, "ECDHE+AESGCM", True, id="1.2 with an AEAD suite"),
        pytest.param(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256", False, id="1.2 with CBC"),
        pytest.param(ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0", False, id="1.1"),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_old_tls_is_rejected(
    shared: Running, pair: Pair, version: ssl.TLSVersion, ciphers: str, accepted: bool
) -> None:
    """TLS 1.2 with AEAD suites is the minimum."""
    context = pair.client()
    context.minimum_version, context.maximum_version = min(version, ssl.TLSVersion.TLSv1_2), version
    context.minimum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    client = Running(shared.process, shared.output, context, shared.port)
    if accepted:
        assert client.request("GET", "/healthz")[0] == 200
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            client.request("GET", "/healthz")


def test_only_http_1_1_is_offered(shared: Running, pair: Pair) -> None:
    """A client that prefers HTTP/2 gets HTTP/1.1."""
    context = pair.client()
    context.set_alpn_protocols(["h2", "http/1.1"])
    address = ("127.0.0.1", shared.port)
    with socket.create_connection(address, 10) as raw, context.wrap_socket(raw, server_hostname="localhost") as tls:
        assert tls.selected_alpn_protocol() == "http/1.1"


def test_a_new_certificate_is_loaded(own_pair: Pair, start: Callable[..., Running]) -> None:
    """It needs no signal and no restart, and open connections stay open."""
    running = start(own_pair.client(), *SERVE, "--port", "0", *own_pair.options)
    connection = running.connection()
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b"ok\n"
    before = served(running)
    own_pair.renew()
    assert before != on_disk(own_pair)
    until("the new certificate", lambda: served(running) == on_disk(own_pair))
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


def test_half_a_change_keeps_the_last_valid_pair(own_pair: Pair, tmp_path: Path, start: Callable[..., Running]) -> None:
    """A key that does not match the certificate is logged and counted; the old pair stays in use."""
    running = start(own_pair.client(), *SERVE, "--port", "0", *own_pair.options)
    before, old_key = served(running), (own_pair.folder / "tls.key").read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    (own_pair.folder / "tls.key").write_bytes((Pair.issue(other).folder / "tls.key").read_bytes())
    until("the warning", lambda: served(running) == before and "the last valid one stays" in running.log())
    assert "lastcall_certificate_reload_errors_total 0.0" not in running.request("GET", "/metrics")[1]
    assert running.request("GET", "/readyz")[0] == 200
    (own_pair.folder / "tls.key").write_bytes(old_key)
    own_pair.renew()
    until("the next valid pair", lambda: served(running) == on_disk(own_pair))


def test_deleted_files_keep_the_last_valid_pair(own_pair: Pair, start: Callable[..., Running]) -> None:
    """A deleted Secret does not stop a running server."""
    running = start(own_pair.client(), *SERVE, "--port", "0", *own_pair.options)
    before = served(running)
    (own_pair.folder / "tls.crt").unlink()
    until("the warning", lambda: served(running) == before and "the last valid one stays" in running.log())
    assert running.request("POST", "/mutate", review())[0] == 200


def test_without_a_valid_pair_the_server_waits_for_one(own_pair: Pair, start: Callable[..., Running]) -> None:
    """The log has the reason; when the files are valid, the server answers without a restart."""
    (own_pair.folder / "tls.crt").unlink()
    running = start(own_pair.client(), *SERVE, "--port", "0", *own_pair.options)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        served(running)
    assert "certificate not usable: " in running.log()
    own_pair.renew()

    def answered() -> bool:
        try:
            return running.request("POST", "/mutate", review())[0] == 200
        except OSError:
            return False

    until("an answer", answered)
