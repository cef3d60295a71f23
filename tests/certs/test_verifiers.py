"""The two other strict verifiers: Go's, which is the API server's, and OpenSSL's with -x509_strict."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from certs.authority import Authority, service_names
from tests.certs.servers import DAY, HOUR, NOW

NAMES = service_names("lastcall", "hooks")
HERE = Path(__file__).parent
OLD, NEW = (Authority.create(f"lastcall CA generation {number}", NOW, DAY) for number in (1, 2))
GO = shutil.which("go")


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the Go client, built."""
    if not GO:
        pytest.skip("needs Go")
    program = tmp_path_factory.mktemp("go") / "verifier"
    # With these flags Go's own packages come from the cache that building the cluster's binaries has filled.
    command = [GO, "build", "-trimpath", "-o", str(program), str(HERE / "verifier.go")]
    subprocess.run(command, check=True, timeout=500, env=os.environ | {"CGO_ENABLED": "0"})
    return str(program)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Give a folder with a leaf of the new CA, and three bundles."""
    leaf = NEW.issue(NAMES, NOW, HOUR)
    contents = {
        "tls.crt": leaf.chain_pem,
        "tls.key": leaf.key_pem,
        "new.crt": NEW.certificate_pem,
        "both.crt": OLD.certificate_pem + NEW.certificate_pem,
        "old.crt": OLD.certificate_pem,
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def ask_go(program: str, files: Path, bundle: str, host: str) -> str:
    command = [program, *(str(files / name) for name in (bundle, "tls.crt", "tls.key")), host]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def ask_openssl(files: Path, bundle: str, host: str, *, strict: bool = True) -> str:
    options = [
        *(["-x509_strict"] if strict else []),
        "-purpose",
        "sslserver",
        "-verify_hostname",
        host,
        "-CAfile",
        str(files / bundle),
    ]
    command = ["openssl", "verify", *options, str(files / "tls.crt")]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60).stderr.strip()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bundle", ["new.crt", "both.crt"])
def test_go_accepts_the_leaf(go: str, files: Path, bundle: str) -> None:
    """By the new CA alone, and by the bundle of a rollover."""
    assert [ask_go(go, files, bundle, host) for host in NAMES] == ["ok"] * 4


@pytest.mark.timeout(600)
def test_go_refuses_the_wrong_ca_and_the_wrong_name(go: str, files: Path) -> None:
    """The API server's words for it."""
    assert "signed by unknown authority" in ask_go(go, files, "old.crt", NAMES[2])
    assert "not other.hooks.svc" in ask_go(go, files, "new.crt", "other.hooks.svc")


@pytest.mark.parametrize("bundle", ["new.crt", "both.crt"])
def test_openssl_accepts_the_leaf_strictly(files: Path, bundle: str) -> None:
    """With X509_STRICT, as a server's certificate, for each name."""
    assert [ask_openssl(files, bundle, host) for host in NAMES] == [""] * 4


def test_openssl_refuses_the_wrong_ca_and_the_wrong_name(files: Path) -> None:
    """The same command is able to fail."""
    assert "unable to get local issuer certificate" in ask_openssl(files, "old.crt", NAMES[2])
    assert "hostname mismatch" in ask_openssl(files, "new.crt", "other.hooks.svc")


def test_openssl_finds_what_strictness_asks_for_missing(files: Path) -> None:
    """Strictness is real: a leaf of the same CA without key identifiers does not pass, nor with the option only."""
    (files / "tls.crt").write_bytes(_bare_leaf())
    assert "Missing Authority Key Identifier" in ask_openssl(files, "new.crt", "bare")
    assert ask_openssl(files, "new.crt", "bare", strict=False) == ""


def _bare_leaf() -> bytes:
    root = x509.load_pem_x509_certificate(NEW.certificate_pem)
    key = serialization.load_pem_private_key(NEW.key_pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    builder = (
        x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(root.subject).public_key(key.public_key())
    )
    builder = builder.serial_number(1).not_valid_before(NOW - HOUR).not_valid_after(NOW + HOUR)
    names = x509.SubjectAlternativeName([x509.DNSName("bare")])
    return (
        builder.add_extension(names, critical=True).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
