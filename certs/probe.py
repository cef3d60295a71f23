"""Ask every replica what it serves: a TLS handshake with each endpoint of the webhook's Service.

A Pod could tell it by an annotation, but the webhook holds no credentials to write one with; a field of the Secret
tells what was written, not what was loaded. What the API server will be shown is seen in a handshake only. It
needs `list` on EndpointSlices and a way to the webhook's port, and happens during a rollover only, and for `status`.
"""

from __future__ import annotations

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from certs.pem import read_bundle
from certs.state import Certificate, Replica

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certs.objects import Object

PATIENCE = 2.0
"""Seconds for a connection and a handshake."""


class Endpoint(NamedTuple):
    """Where one replica listens."""

    name: str
    address: str
    port: int
    terminating: bool


def endpoints(slices: Sequence[Object]) -> Iterator[Endpoint]:
    """Yield each replica of these EndpointSlices, ready or not: one that is not ready may become so any moment."""
    for piece in slices:
        port = next((int(port["port"]) for port in piece.get("ports") or [] if port.get("port")), 0)
        for endpoint in (piece.get("endpoints") or []) if port else []:
            address = endpoint["addresses"][0]
            terminating = bool((endpoint.get("conditions") or {}).get("terminating"))
            yield Endpoint((endpoint.get("targetRef") or {}).get("name", address), address, port, terminating)


def look(slices: Sequence[Object]) -> tuple[Replica, ...]:
    """Return what each replica serves; all are asked at once, so it takes `PATIENCE` at most for a few."""
    with ThreadPoolExecutor(max_workers=32) as pool:
        found = sorted(set(endpoints(slices)))
        leaves = pool.map(lambda endpoint: served(endpoint.address, endpoint.port), found)
        return tuple(Replica(e.name, leaf, e.terminating) for e, leaf in zip(found, leaves, strict=True))


def served(address: str, port: int) -> Certificate | None:
    """Return the certificate shown at this address; None where there is no handshake."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent or believed: what is shown is the answer
    try:
        with (
            socket.create_connection((address, port), PATIENCE) as connection,
            context.wrap_socket(connection) as tls,
        ):
            shown = tls.getpeercert(binary_form=True)
    except OSError:
        return None
    return read_bundle(ssl.DER_cert_to_PEM_cert(shown).encode())[0] if shown else None
