"""Shake hands in memory: would a strict client accept this server? Standard library only, no socket."""

from __future__ import annotations

import ssl
from typing import Any

ROUNDS = 10
"""More than any TLS handshake has flights."""


def verify(server: ssl.SSLContext, bundle_pem: bytes, host: str) -> dict[str, Any]:
    """Return the server's certificate as `SSLSocket.getpeercert` does, after a complete handshake.

    The client trusts `bundle_pem` and nothing else, asks for `host` and is strict (VERIFY_X509_STRICT).
    ssl.SSLError where it refuses; an `ssl.SSLCertVerificationError` says why.
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
