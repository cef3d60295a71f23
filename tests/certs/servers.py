"""Helpers of the certificate tests: the context of a server, as the standard library wants it."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certs.authority import Leaf

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def context(leaf: Leaf) -> ssl.SSLContext:
    """Return a server's context; OpenSSL loads a pair from files only."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder, "tls.crt"), Path(folder, "tls.key")
        chain.write_bytes(leaf.chain_pem)
        key.write_bytes(leaf.key_pem)
        server.load_cert_chain(chain, key)
    return server
