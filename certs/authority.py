"""Issue a certificate authority and its leaves, in memory: no disk, no network, no clock.

Each certificate has the extensions that a strict verifier demands (SKI, AKI, key usage, basic constraints): Python
3.13 and OpenSSL's `-x509_strict` reject certificates without them.
https://www.rfc-editor.org/rfc/rfc5280#section-4.2
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.state import BACKDATE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


@dataclass(frozen=True, repr=False)
class Leaf:
    """A server's certificate: `chain_pem` to send, `key_pem` (PKCS #8) to keep, valid before `not_after`."""

    chain_pem: bytes
    key_pem: bytes
    not_after: datetime


@dataclass(frozen=True, repr=False)
class Authority:
    """A root that signs leaves; `key_pem` (PKCS #8) is the secret part."""

    certificate_pem: bytes
    key_pem: bytes

    @classmethod
    def create(cls, name: str, now: datetime, lifetime: timedelta) -> Self:
        """Return a new root named `name`, valid for `lifetime` from `now` (aware).

        Each has its own key and its own subject, even under the same name: two generations with one subject
        confuse the search for a chain (https://github.com/open-policy-agent/gatekeeper/issues/1045).
        """
        key = ec.generate_private_key(ec.SECP256R1())
        serial = x509.random_serial_number()
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, name),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, f"{serial:040x}"[:16]),
            ]
        )
        certificate = (
            _builder(subject, key.public_key(), serial)
            .issuer_name(subject)
            .not_valid_before(_seconds(now - BACKDATE))
            .not_valid_after(_seconds(now + lifetime))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key))

    @classmethod
    def load(cls, certificate_pem: bytes, key_pem: bytes) -> Self:
        """Return the root of these two PEM texts; ValueError if one is broken or they are not a pair."""
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        if _private_key(key_pem).public_key() != certificate.public_key():
            raise ValueError("the private key does not belong to the certificate")
        return cls(certificate_pem, key_pem)

    def issue(self, hosts: Sequence[str], now: datetime, lifetime: timedelta) -> Leaf:
        """Return a leaf for `hosts` (DNS names or IP addresses), valid for `lifetime` from `now` (aware).

        It expires with its authority at the latest. ValueError if `hosts` is empty or the authority is not valid.
        """
        if not hosts:
            raise ValueError("a leaf needs at least one host name or address")
        root = x509.load_pem_x509_certificate(self.certificate_pem)
        if not root.not_valid_before_utc <= now < root.not_valid_after_utc:
            raise ValueError(f"the authority is not valid at {now:%Y-%m-%dT%H:%M:%S%z}")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lastcall")])
        certificate = (
            _builder(subject, key.public_key(), x509.random_serial_number())
            .issuer_name(root.subject)
            .not_valid_before(max(_seconds(now - BACKDATE), root.not_valid_before_utc))
            .not_valid_after(min(_seconds(now + lifetime), root.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
            .add_extension(_authority_key_identifier(root), critical=False)
            .sign(self._signing_key(), hashes.SHA256())
        )
        chain_pem = certificate.public_bytes(serialization.Encoding.PEM)
        return Leaf(chain_pem, _key_pem(key), certificate.not_valid_after_utc)

    def _signing_key(self) -> ec.EllipticCurvePrivateKey:
        return _private_key(self.key_pem)


def service_names(service: str, namespace: str) -> tuple[str, ...]:
    """Return the DNS names of a Service; the API server verifies the third (`<service>.<namespace>.svc`).

    https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#service-reference
    """
    name = f"{service}.{namespace}"
    return service, name, f"{name}.svc", f"{name}.svc.cluster.local"


def _builder(subject: x509.Name, public_key: ec.EllipticCurvePublicKey, serial: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public_key)
        .serial_number(serial)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key_identifier(root: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    own = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key: PrivateKeyTypes = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the private key is not an elliptic curve key")  # noqa: TRY004 - the PEM is broken input
    return key


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _seconds(moment: datetime) -> datetime:
    """Cut the fraction of a second, which X.509 does not have."""
    return moment.replace(microsecond=0)
