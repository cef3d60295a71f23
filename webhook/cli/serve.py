"""``lastcall serve``: answer the API server."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import ssl
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webhook.cli.layers import profiles_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.cli.layers import Profiles
    from webhook.serving.tls import Files

EPILOG = """\b
Examples:
  lastcall serve --self-signed                       try it out, on https://127.0.0.1:8443
  lastcall serve --cert tls.crt --key tls.key        with a certificate of yours
  lastcall serve --no-tls                            behind a proxy on this machine

\b
Paths:
  POST /mutate            an AdmissionReview, answered with the profile `default`
  POST /mutate/<profile>  the same with another profile
  GET  /healthz /readyz   alive; ready (the certificate is usable)
  GET  /metrics           Prometheus metrics

\b
Try it:
  curl --cacert CA https://127.0.0.1:8443/readyz

\b
SIGTERM stops it politely: what is in flight is answered, and the exit code is 0.
"""
FILE = click.Path(path_type=Path)
PORT = click.IntRange(0, 65535)
DRAIN_HELP = "After SIGTERM, answer new connections for so long; not ready, and each is closed after its answer."
SELF_SIGNED_LIFETIME = timedelta(days=1)


@click.command(epilog=EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 in a container.")
@click.option("--port", default=8443, show_default=True, type=PORT, help="Port to listen on; 0 takes a free one.")
@click.option("--cert", type=FILE, help="Certificate chain (PEM), read again when it changes.")
@click.option("--key", type=FILE, help="Private key (PEM) of the certificate.")
@click.option("--ca", type=FILE, help="CA bundle (PEM) that the API server verifies with.")
@click.option("--server-name", help="<service>.<namespace>.svc, which the certificate must be good for.")
@click.option("--self-signed", is_flag=True, help="Issue a CA and a certificate of one day; prints where the CA is.")
@click.option("--no-tls", is_flag=True, help="Plain HTTP, on a loopback address only.")
@click.option("--tls-min", default="1.2", show_default=True, type=click.Choice(["1.2", "1.3"]), help="Oldest TLS.")
@click.option("--client-ca", type=FILE, help="CA bundle (PEM) that clients must have a certificate of.")
@click.option("--client-name", multiple=True, help="Common name of a client that may ask (repeatable; none: all).")
@click.option("--health-port", type=PORT, help="Port of its own for /healthz, /readyz and /metrics, over plain HTTP.")
@click.option("--drain-seconds", default=0.0, type=click.FloatRange(0, 3600), help=DRAIN_HELP)
@profiles_option
def command(known: Profiles, self_signed: bool, no_tls: bool, **given: Any) -> None:
    """Serve the webhook over HTTPS.

    Say where the certificate comes from: --cert and --key, --self-signed, or --no-tls.
    """
    _check(self_signed, no_tls, given)
    # PID 1 of a container hears only what it has a handler for; gunicorn's come later.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    from webhook.serving.application import Options, serve  # noqa: PLC0415 - `--help` need not wait for Flask and gunicorn

    options = Options(
        host=given["host"],
        port=given["port"],
        tls_minimum=ssl.TLSVersion.TLSv1_3 if given["tls_min"] == "1.3" else None,
        client_names=frozenset(given["client_name"]),
        health_port=given["health_port"],
        drain_seconds=given["drain_seconds"],
    )
    with _files(self_signed, no_tls, given) as files:
        serve(known, replace(options, files=files))


def _check(self_signed: bool, no_tls: bool, given: dict[str, Any]) -> None:
    """Refuse what does not go together, with what to give instead."""
    if [bool(given["cert"] or given["key"]), self_signed, no_tls].count(True) != 1:
        raise click.UsageError("give --cert and --key, or --self-signed, or --no-tls")
    if (given["cert"] is None) != (given["key"] is None):
        raise click.UsageError("--cert and --key belong together")
    if no_tls and not _is_loopback(given["host"]):
        raise click.UsageError(f"--no-tls is for loopback addresses only, not {given['host']}")
    if given["client_name"] and not given["client_ca"]:
        raise click.UsageError("--client-name needs --client-ca")
    if given["client_ca"] and no_tls:
        raise click.UsageError("--client-ca needs TLS")


@contextlib.contextmanager
def _files(self_signed: bool, no_tls: bool, given: dict[str, Any]) -> Iterator[Files | None]:
    """Yield where the certificate is; one of our own goes away with the server."""
    from webhook.serving.tls import Files  # noqa: PLC0415

    if no_tls:
        yield None
    elif self_signed:
        with tempfile.TemporaryDirectory(prefix="lastcall-", ignore_cleanup_errors=True) as folder:
            yield replace(_self_signed(Path(folder), given["host"]), client_ca=given["client_ca"])
    else:
        yield Files(given["cert"], given["key"], given["ca"], given["server_name"], given["client_ca"])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _self_signed(folder: Path, host: str) -> Files:
    """Issue a pair for this machine and say where the CA is."""
    try:
        from certs.authority import Authority  # noqa: PLC0415 - cryptography is an extra
    except ImportError:
        raise click.UsageError("--self-signed needs the extra: pip install 'lastcall[certs]'") from None
    from webhook.serving.tls import Files  # noqa: PLC0415

    now = datetime.now(UTC)
    authority = Authority.create("lastcall self-signed", now, SELF_SIGNED_LIFETIME)
    leaf = authority.issue(sorted({"localhost", "127.0.0.1", "::1", host}), now, SELF_SIGNED_LIFETIME)
    files = Files(folder / "tls.crt", folder / "tls.key", folder / "ca.crt")
    (folder / "tls.crt").write_bytes(leaf.chain_pem)
    (folder / "tls.key").touch(mode=0o600)
    (folder / "tls.key").write_bytes(leaf.key_pem)
    (folder / "ca.crt").write_bytes(authority.certificate_pem)
    click.echo(f"CA: {folder / 'ca.crt'}", err=True)
    return files
