"""Find out which certificate each replica serves, by a TLS handshake with each endpoint of the webhook's Service.

A Pod could report it by an annotation, but the webhook holds no credentials to write one, and a field of the Secret
says what was written, not what was loaded. Only a handshake shows the certificate that the API server gets. A probe
needs `list` on EndpointSlices and network access to the webhook's port. It runs during a rollover, and for `status`.
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
"""Seconds for a connection, and again for its handshake."""


class Endpoint(NamedTuple):
    """The address of one replica."""

    name: str
    address: str
    port: int
    terminating: bool


def endpoints(slices: Sequence[Object]) -> Iterator[Endpoint]:
    """Yield each replica of these EndpointSlices, ready or not: any of them can become ready at any moment."""
    for endpoint_slice in slices:
        port = next((int(port["port"]) for port in endpoint_slice.get("ports") or [] if port.get("port")), 0)
        for endpoint in (endpoint_slice.get("endpoints") or []) if port else []:
            address = endpoint["addresses"][0]
            terminating = bool((endpoint.get("conditions") or {}).get("terminating"))
            yield Endpoint((endpoint.get("targetRef") or {}).get("name", address), address, port, terminating)


def probe(slices: Sequence[Object]) -> tuple[Replica, ...]:
    """Return each replica with its leaf. 32 are probed at the same time."""
    with ThreadPoolExecutor(max_workers=32) as pool:
        listed = sorted(set(endpoints(slices)))
        leaves = pool.map(lambda endpoint: presented_certificate(endpoint.address, endpoint.port), listed)
        return tuple(Replica(e.name, leaf, e.terminating) for e, leaf in zip(listed, leaves, strict=True))


def presented_certificate(address: str, port: int) -> Certificate | None:
    """Return the certificate that this address presents; None if no handshake succeeds."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent, and the certificate is the result
    try:
        with (
            socket.create_connection((address, port), TIMEOUT) as connection,
            context.wrap_socket(connection) as tls,
        ):
            der = tls.getpeercert(binary_form=True)
    except OSError:
        return None
    return read_bundle(ssl.DER_cert_to_PEM_cert(der).encode())[0] if der else None
