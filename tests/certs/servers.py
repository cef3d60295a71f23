"""Helpers of the certificate tests: real handshakes with the standard library, in memory."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from certs.authority import Leaf

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ROUNDS = 10
"""More than any TLS handshake has flights."""


def context(leaf: Leaf) -> ssl.SSLContext:
    """Return a server's context; OpenSSL loads a pair from files only."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder, "tls.crt"), Path(folder, "tls.key")
        chain.write_bytes(leaf.chain_pem)
        key.write_bytes(leaf.key_pem)
        server.load_cert_chain(chain, key)
    return server


def verify(server: ssl.SSLContext, bundle_pem: bytes, host: str) -> dict[str, Any]:
    """Return the server's certificate as `SSLSocket.getpeercert` does, after a complete handshake.

    The client trusts `bundle_pem` and nothing else, asks for `host` and is strict (VERIFY_X509_STRICT).
    ssl.SSLError if it rejects the server; an `ssl.SSLCertVerificationError` says why.
    """
    context = ssl.create_default_context(cadata=bundle_pem.decode("ascii"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname=host)
    sides = [client, server.wrap_bio(to_server, to_client, server_side=True)]
    for _ in range(ROUNDS):
        sides = [side for side in sides if not _finished(side)]
    if sides:
        raise ssl.SSLError("the handshake does not end")
    return client.getpeercert() or {}


def _finished(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
