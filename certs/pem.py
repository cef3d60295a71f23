"""Parse PEM: the facts of certificates that the rollover needs. The text may come from anybody."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization

from certs.state import Certificate


def read_bundle(pem: bytes) -> tuple[Certificate, ...]:
    """Return the facts of each certificate; an empty tuple if the text is broken."""
    try:
        return tuple(_facts(certificate) for certificate in x509.load_pem_x509_certificates(pem))
    except ValueError:
        return ()


def write_bundle(bundle: tuple[Certificate, ...]) -> bytes:
    """Return the certificates as PEM."""
    return b"".join(certificate.pem for certificate in bundle)


def is_pair(chain_pem: bytes, key_pem: bytes) -> bool:
    """Tell whether both can be parsed and have the same public key."""
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
        return key.public_key() == x509.load_pem_x509_certificates(chain_pem)[0].public_key()
    except (ValueError, TypeError, IndexError):
        return False


def verifies(leaf: Certificate, ca: Certificate) -> bool:
    """Tell whether the signature of `leaf` is that of `ca`; the key identifiers alone prove nothing."""
    try:
        x509.load_pem_x509_certificate(leaf.pem).verify_directly_issued_by(x509.load_pem_x509_certificate(ca.pem))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _facts(certificate: x509.Certificate) -> Certificate:
    extensions = certificate.extensions
    key_id, authority_id, hosts = "", "none", frozenset[str]()
    for extension in extensions:
        match extension.value:
            case x509.SubjectKeyIdentifier() as own:
                key_id = own.digest.hex()
            case x509.AuthorityKeyIdentifier() as authority if authority.key_identifier:
                authority_id = authority.key_identifier.hex()
            case x509.SubjectAlternativeName() as names:
                hosts = frozenset(str(name.value) for name in names)
    return Certificate(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        subject=certificate.subject.rfc4514_string(),
        key_id=key_id,
        authority_id=authority_id,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        hosts=hosts,
        pem=certificate.public_bytes(serialization.Encoding.PEM),
    )
