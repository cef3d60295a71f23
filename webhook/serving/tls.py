"""The serving certificate: loaded from files, reloaded when they change, replaced only by a valid one.

Files of a mounted Secret change at any time, inotify does not report it reliably, and a pair that is read between two
writes does not match. So the content is compared, certificate and key come from one snapshot, a handshake verifies
them, and the last valid pair stays in use.
"""

from __future__ import annotations

import os
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import IO, TYPE_CHECKING

from webhook.serving.logs import logger

if TYPE_CHECKING:
    from pathlib import Path

    from webhook.serving.metrics import Telemetry

CHECK_SECONDS = 1.0
"""Minimum time between two reads of the files."""
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""TLS 1.2 suites: forward secrecy and AEAD only."""


@dataclass(frozen=True)
class Files:
    """Paths of the pair. ``ca`` is the bundle that the API server verifies with; the file may be absent."""

    certificate: Path
    key: Path
    ca: Path | None = None
    server_name: str | None = None
    """``<service>.<namespace>.svc``, which the API server verifies; None checks no name."""
    client_ca: Path | None = None
    """The CA bundle for clients' certificates; None requires no certificate."""

    def read(self) -> tuple[bytes, bytes, bytes, bytes]:
        """Return certificate, key, bundle and the clients' bundle. OSError if a file cannot be read."""
        ca = self.ca.read_bytes() if self.ca and self.ca.exists() else b""
        client_ca = self.client_ca.read_bytes() if self.client_ca else b""
        return self.certificate.read_bytes(), self.key.read_bytes(), ca, client_ca


class Certificate:
    """The TLS context in use. Safe to use from any thread."""

    def __init__(self, files: Files, telemetry: Telemetry, minimum: ssl.TLSVersion | None = None) -> None:
        self.files = files
        self._telemetry = telemetry
        self._minimum = minimum or ssl.TLSVersion.TLSv1_2
        self._lock = Lock()
        self._checked_at = float("-inf")
        self._snapshot: tuple[bytes, bytes, bytes, bytes] | None = None
        self._context: ssl.SSLContext | None = None
        self._not_after = 0.0
        self.not_ready = "no certificate has been loaded"
        """Why there is no certificate to serve with, or empty."""

    def listener_context(self) -> ssl.SSLContext:
        """Return the context for listeners: it has no certificate, each handshake continues with the current context.

        TLS versions, cipher suites and whether a client certificate is required are those of the listener's context.
        The certificate and the clients' CA are those of the current one.
        """
        context = _context(self._minimum)
        if self.files.client_ca:
            context.verify_mode = ssl.CERT_REQUIRED

        def use_current(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> int | None:
            try:
                connection.context = self.current_context()
            except ssl.SSLError:
                return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
            return None

        context.sni_callback = use_current
        return context

    def current_context(self) -> ssl.SSLContext:
        """Return the current context, after a check of the files; raise ``ssl.SSLError`` if no pair was ever valid."""
        with self._lock:
            if time.monotonic() - self._checked_at >= CHECK_SECONDS:
                self._checked_at = time.monotonic()
                self._refresh()
            if self._context is None:
                raise ssl.SSLError(self.not_ready)
            return self._context

    def check(self) -> str:
        """Return why the server is not ready, or an empty string."""
        with suppress(ssl.SSLError):
            self.current_context()
        return self.not_ready or ("the certificate has expired" if time.time() > self._not_after else "")

    def _refresh(self) -> None:
        try:
            snapshot = self.files.read()
            if snapshot == self._snapshot:
                return
            context = load(snapshot[0], snapshot[1], snapshot[3])
            not_after = verify(
                context, snapshot[2] or snapshot[0], self.files.server_name, full_chain=bool(snapshot[2])
            )
            if self.files.client_ca:
                context.verify_mode = ssl.CERT_REQUIRED  # not earlier: the client in ``verify`` has no certificate
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            self._telemetry.reload_errors.inc()
            self._telemetry.bundle_mismatch.set(self._mismatch())
            reason = f"certificate not usable: {getattr(error, 'verify_message', '') or error}"
            logger.warning(reason if self._context is None else f"{reason}; the last valid one stays in use")
            if self._context is None:
                self.not_ready = reason
            return
        self._snapshot, self._context, self._not_after, self.not_ready = snapshot, context, not_after, ""
        self._telemetry.loads.inc()
        self._telemetry.bundle_mismatch.set(0)
        self._telemetry.not_after.set(not_after)
        if snapshot[2]:
            self._telemetry.ca_not_after.set(first_expiry(snapshot[2]))
        logger.info("certificate loaded", extra={"fields": {"not_after": int(not_after)}})

    def _mismatch(self) -> bool:
        """Tell whether the certificate in use does not verify against the current bundle."""
        if self._context is None or self._snapshot is None:
            return True
        try:
            bundle = self.files.read()[2]
            verify(
                load(*self._snapshot[:2]), bundle or self._snapshot[0], self.files.server_name, full_chain=bool(bundle)
            )
        except (OSError, ValueError):
            return True
        return False


def load(certificate: bytes, key: bytes, client_ca: bytes = b"") -> ssl.SSLContext:
    """Return a server context for PEM texts; ``ssl.SSLError`` if they are broken or not a pair."""
    context = _context()
    if client_ca:
        context.load_verify_locations(cadata=client_ca.decode("ascii"))
    # OpenSSL loads paths only: these files are in memory, so they have the content of the snapshot.
    with _memory_file(certificate) as chain, _memory_file(key) as private:
        context.load_cert_chain(f"/proc/self/fd/{chain.fileno()}", f"/proc/self/fd/{private.fileno()}")
    return context


def _context(minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = minimum
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])  # the API server uses no other with webhooks (kubernetes#75791)
    context.options |= ssl.OP_NO_TICKET  # Go's client resumes no sessions; a ticket would outlive the certificate
    context.num_tickets = 0
    return context


def verify(context: ssl.SSLContext, ca: bytes, server_name: str | None, *, full_chain: bool = True) -> float:
    """Do a handshake in memory as the API server does; return the certificate's expiry in Unix time.

    ``full_chain`` verifies the chain up to a root; otherwise the certificate is its own anchor, and only dates count.
    ``ssl.SSLCertVerificationError`` says why an API server would reject it.
    """
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = server_name is not None
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT if full_chain else ssl.VERIFY_X509_PARTIAL_CHAIN
    client_context.load_verify_locations(cadata=ca.decode("ascii"))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=server_name)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return float(ssl.cert_time_to_seconds(str((client.getpeercert() or {})["notAfter"])))


def first_expiry(bundle: bytes) -> float:
    """Return the earliest expiry of a certificate in a PEM bundle, in Unix time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=bundle.decode("ascii"))
    return min(float(ssl.cert_time_to_seconds(str(ca["notAfter"]))) for ca in context.get_ca_certs())


def _memory_file(content: bytes) -> IO[bytes]:
    file = os.fdopen(os.memfd_create("lastcall"), "wb", buffering=0)
    file.write(content)
    return file
