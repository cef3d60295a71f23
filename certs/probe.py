"""Ask every replica what it serves: a TLS handshake with each endpoint of the webhook's Service.

A Pod could tell it by an annotation, but the webhook holds no credentials to write one with; a field of the Secret
tells what was written, not what was loaded. Only a handshake shows what the API server is shown. It
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

TIMEOUT = 2.0
"""Seconds for a connection and a handshake."""


class Endpoint(NamedTuple):
    """Where one replica listens."""

    name: str
    address: str
    port: int
    terminating: bool


def endpoints(slices: Sequence[Object]) -> Iterator[Endpoint]:
    """Yield each replica of these EndpointSlices, ready or not: one that is not ready may become so any moment."""
    for endpoint_slice in slices:
        port = next((int(port["port"]) for port in endpoint_slice.get("ports") or [] if port.get("port")), 0)
        for endpoint in (endpoint_slice.get("endpoints") or []) if port else []:
            address = endpoint["addresses"][0]
            terminating = bool((endpoint.get("conditions") or {}).get("terminating"))
            yield Endpoint((endpoint.get("targetRef") or {}).get("name", address), address, port, terminating)


def probe(slices: Sequence[Object]) -> tuple[Replica, ...]:
    """Return what each replica serves; all are asked at once, so it takes `TIMEOUT` at most for a few."""
    with ThreadPoolExecutor(max_workers=32) as pool:
        listed = sorted(set(endpoints(slices)))
        leaves = pool.map(lambda endpoint: presented_certificate(endpoint.address, endpoint.port), listed)
        return tuple(Replica(e.name, leaf, e.terminating) for e, leaf in zip(listed, leaves, strict=True))


def presented_certificate(address: str, port: int) -> Certificate | None:
    """Return the certificate presented at this address; None where there is no handshake."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent or believed: the certificate presented is the answer
    try:
        with (
            socket.create_connection((address, port), TIMEOUT) as connection,
            context.wrap_socket(connection) as tls,
        ):
            der = tls.getpeercert(binary_form=True)
    except OSError:
        return None
    return read_bundle(ssl.DER_cert_to_PEM_cert(der).encode())[0] if der else None
