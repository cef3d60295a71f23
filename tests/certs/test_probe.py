"""Probes of replicas, with real sockets and handshakes."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from certs.authority import Authority
from certs.pem import read_bundle
from certs.probe import Endpoint, endpoints, probe
from certs.state import Replica
from tests.certs.servers import DAY, HOUR, NOW, context

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAF = Authority.create("lastcall CA generation 1", NOW, DAY).issue(["localhost"], NOW, HOUR)


@contextmanager
def server(*, tls: bool) -> Iterator[int]:
    """Accept one connection; shake hands or hang up."""

    def answer() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            if tls:
                context(LEAF).wrap_socket(connection, server_side=True).close()

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def slice_of(port: int | None, *listed: dict[str, Any]) -> dict[str, Any]:
    return {"ports": [{"name": "https", "port": port}], "endpoints": list(listed)}


def test_a_replica_is_reported_with_the_certificate_it_presents() -> None:
    """Its issuer does not matter; the replica's name is that of its Pod."""
    with server(tls=True) as port:
        listed = {"addresses": ["127.0.0.1"], "targetRef": {"name": "webhook-a"}, "conditions": {"ready": False}}
        assert probe([slice_of(port, listed)]) == (Replica("webhook-a", read_bundle(LEAF.chain_pem)[0]),)


def test_no_handshake_is_no_leaf() -> None:
    """A closed connection and a closed port give no leaf."""
    with server(tls=False) as port, closing(socket.create_server(("127.0.0.1", 0))) as unused:
        closed = unused.getsockname()[1]
        unused.close()
        listed = {"addresses": ["127.0.0.1"], "conditions": {"terminating": True}}
        assert [replica.leaf for replica in probe([slice_of(port, listed), slice_of(closed, listed)])] == [
            None,
            None,
        ]


def test_every_endpoint_is_probed_ready_or_not() -> None:
    """Several slices, several ports, missing fields; a slice without a port has no endpoint."""
    slices = [
        slice_of(1, {"addresses": ["10.0.0.1"]}, {"addresses": ["10.0.0.2"], "conditions": {"terminating": True}}),
        slice_of(2, {"addresses": ["10.0.0.3"], "conditions": None}),
        slice_of(None, {"addresses": ["10.0.0.4"]}),
        {"ports": None, "endpoints": None},
    ]
    assert list(endpoints(slices)) == [
        Endpoint("10.0.0.1", "10.0.0.1", 1, terminating=False),
        Endpoint("10.0.0.2", "10.0.0.2", 1, terminating=True),
        Endpoint("10.0.0.3", "10.0.0.3", 2, terminating=False),
    ]
