"""Certificates of clients, as an API server has one for its webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True)
class Clients:
    """A CA of clients, in ``clients.crt`` of a folder."""

    folder: Path
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make the CA."""
        return cls(folder, ec.generate_private_key(ec.SECP256R1()))

    def _sign(self, name: str, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta, *, ca: bool) -> bytes:
        builder = (
            x509.CertificateBuilder(_name("clients"), _name(name), key.public_key(), x509.random_serial_number())
            .not_valid_before(now - life)
            .not_valid_after(now + life)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str, now: datetime, life: timedelta) -> tuple[Path, Path]:
        """Return the files of a certificate and its key for a client of this name."""
        (self.folder / "clients.crt").write_bytes(self._sign("clients", self.key, now, life, ca=True))
        key = ec.generate_private_key(ec.SECP256R1())
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        certificate, private = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        certificate.write_bytes(self._sign(name, key, now, life, ca=False))
        private.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
        return certificate, private
