"""Certificates are verified by handshakes; each success has its negative control."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.authority import Authority, service_names
from tests.certs.servers import DAY, HOUR, NOW, context, verify

Kind = TypeVar("Kind", bound=x509.ExtensionType)
NAMES = service_names("lastcall", "hooks")
CA = Authority.create("lastcall CA generation 1", NOW, DAY)
LEAF = CA.issue([*NAMES, "127.0.0.1", "::1"], NOW, HOUR)


def facts(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def extension(pem: bytes, kind: type[Kind]) -> x509.Extension[Kind]:
    return facts(pem).extensions.get_extension_for_class(kind)


@pytest.mark.parametrize("host", [*NAMES, "127.0.0.1", "::1"])
def test_a_strict_client_accepts_every_name_and_address(host: str) -> None:
    """Python's client with VERIFY_X509_STRICT completes the handshake for each name."""
    assert verify(context(LEAF), CA.certificate_pem, host)["subjectAltName"]


@pytest.mark.parametrize("host", ["lastcall.other.svc", "hooks", "127.0.0.2", "::2"])
def test_the_same_client_rejects_any_other_host(host: str) -> None:
    """The negative control: the handshakes above succeed because of the name."""
    with pytest.raises(ssl.SSLCertVerificationError, match=r"Hostname mismatch|IP address mismatch"):
        verify(context(LEAF), CA.certificate_pem, host)


def test_the_same_client_rejects_another_ca_of_the_same_name() -> None:
    """The negative control: another CA is rejected, even one with the same name."""
    other = Authority.create("lastcall CA generation 1", NOW, DAY)
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        verify(context(LEAF), other.certificate_pem, NAMES[2])


def test_a_bundle_of_two_generations_verifies_leaves_of_both() -> None:
    """The order of the CAs in the bundle does not matter."""
    new = Authority.create("lastcall CA generation 2", NOW, DAY)
    for bundle in (CA.certificate_pem + new.certificate_pem, new.certificate_pem + CA.certificate_pem):
        assert verify(context(LEAF), bundle, NAMES[2])
        assert verify(context(new.issue(NAMES, NOW, HOUR)), bundle, NAMES[2])


def test_an_expired_leaf_is_rejected() -> None:
    """A leaf that expired yesterday does not verify, although its CA is valid."""
    old = Authority.create("lastcall CA generation 1", NOW - DAY, 3 * DAY)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        verify(context(old.issue(NAMES, NOW - DAY, HOUR)), old.certificate_pem, NAMES[2])


def test_generations_differ_in_subject_and_key() -> None:
    """Two authorities never share subject, key identifier or serial number."""
    first, second = (facts(Authority.create("lastcall CA", NOW, DAY).certificate_pem) for _ in range(2))
    assert first.subject != second.subject
    assert first.serial_number != second.serial_number
    assert first.public_key() != second.public_key()


def test_an_authority_is_a_root_that_signs_leaves_only() -> None:
    """BasicConstraints and KeyUsage are critical, the path ends at the leaf, both key identifiers are there."""
    constraints = extension(CA.certificate_pem, x509.BasicConstraints)
    usage = extension(CA.certificate_pem, x509.KeyUsage)
    own = extension(CA.certificate_pem, x509.SubjectKeyIdentifier).value
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert extension(CA.certificate_pem, x509.AuthorityKeyIdentifier).value.key_identifier == own.digest


def test_a_leaf_serves_and_signs_nothing() -> None:
    """A leaf may authenticate a server, points at its CA's key, and is no CA."""
    usage = extension(LEAF.chain_pem, x509.KeyUsage).value
    own = extension(CA.certificate_pem, x509.SubjectKeyIdentifier).value
    assert extension(LEAF.chain_pem, x509.BasicConstraints).value == x509.BasicConstraints(False, None)  # noqa: FBT003
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert list(extension(LEAF.chain_pem, x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert extension(LEAF.chain_pem, x509.AuthorityKeyIdentifier).value.key_identifier == own.digest


def test_certificates_are_ecdsa_p256_with_sha256_and_long_serials() -> None:
    """Curve, digest and a positive random serial number of at most 20 bytes (RFC 5280, 4.1.2.2)."""
    for certificate in (facts(CA.certificate_pem), facts(LEAF.chain_pem)):
        key = certificate.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP256R1)
        assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
        assert 2**64 < certificate.serial_number < 2**159


def test_validity_begins_five_minutes_early() -> None:
    """A verifier whose clock is up to five minutes slow accepts a fresh certificate."""
    for certificate in (facts(CA.certificate_pem), facts(LEAF.chain_pem)):
        assert certificate.not_valid_before_utc == NOW.replace(microsecond=0) - timedelta(minutes=5)


def test_a_leaf_never_outlives_its_ca() -> None:
    """A leaf with a longer lifetime expires with its CA, to the second."""
    leaf = CA.issue(NAMES, NOW + 23 * HOUR, 2 * HOUR)
    assert leaf.not_after == facts(leaf.chain_pem).not_valid_after_utc == facts(CA.certificate_pem).not_valid_after_utc


@pytest.mark.parametrize("moment", [NOW - HOUR, NOW + 2 * DAY], ids=["before it is valid", "after it has expired"])
def test_an_authority_that_is_not_valid_issues_nothing(moment: datetime) -> None:
    """Its leaf could not verify."""
    with pytest.raises(ValueError, match="the authority is not valid at"):
        CA.issue(NAMES, moment, HOUR)


def test_a_leaf_without_a_name_is_rejected() -> None:
    """No client would accept it."""
    with pytest.raises(ValueError, match="at least one host name or address"):
        CA.issue([], NOW, HOUR)


def test_a_loaded_authority_issues_leaves() -> None:
    """They verify against the certificate that was loaded."""
    again = Authority.load(CA.certificate_pem, CA.key_pem)
    assert verify(context(again.issue(NAMES, NOW, HOUR)), CA.certificate_pem, NAMES[0])


def test_load_rejects_a_foreign_key() -> None:
    """Certificate and key must be a pair."""
    with pytest.raises(ValueError, match="does not belong to the certificate"):
        Authority.load(CA.certificate_pem, Authority.create("lastcall CA", NOW, DAY).key_pem)


def test_load_rejects_another_kind_of_key() -> None:
    """An RSA key is an error that names the expected kind."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="not an elliptic curve key"):
        Authority.load(CA.certificate_pem, key)


def test_keys_are_not_shown_in_tracebacks() -> None:
    """Neither repr contains the private key."""
    assert "PRIVATE" not in f"{CA!r}{LEAF!r}"


def test_service_names_are_the_four_of_the_cluster() -> None:
    """From the short name to the one that ends in the cluster's domain."""
    assert NAMES == ("lastcall", "lastcall.hooks", "lastcall.hooks.svc", "lastcall.hooks.svc.cluster.local")
