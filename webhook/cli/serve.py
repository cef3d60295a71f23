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
  lastcall serve --cert tls.crt --key tls.key        with your own certificate
  lastcall serve --no-tls                            behind a proxy on this machine

\b
Paths:
  POST /mutate            an AdmissionReview, answered with the profile `default`
  POST /mutate/<profile>  the same with another profile
  GET  /healthz           200 while the process runs
  GET  /readyz            200 while the certificate is usable, until the drain begins
  GET  /metrics           Prometheus metrics

\b
Try it:
  curl --cacert CA https://127.0.0.1:8443/readyz

\b
On SIGTERM it answers the in-flight requests and exits with 0.
"""
FILE = click.Path(path_type=Path)
PORT = click.IntRange(0, 65535)
DRAIN_HELP = "After SIGTERM, answer new connections for this long; /readyz fails, and answers close their connection."
SELF_SIGNED_LIFETIME = timedelta(days=1)


@click.command(epilog=EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 in a container.")
@click.option("--port", default=8443, show_default=True, type=PORT, help="Port to listen on; 0 takes a free one.")
@click.option("--cert", type=FILE, help="Certificate chain (PEM), read again when it changes.")
@click.option("--key", type=FILE, help="Private key (PEM) of the certificate.")
@click.option("--ca", type=FILE, help="CA bundle (PEM) that the API server verifies with.")
@click.option("--server-name", help="Name that the certificate must be valid for: <service>.<namespace>.svc.")
@click.option("--self-signed", is_flag=True, help="Issue a CA and a certificate for one day; print the path of the CA.")
@click.option("--no-tls", is_flag=True, help="Serve plain HTTP, on a loopback address only.")
@click.option(
    "--tls-min",
    default="1.2",
    show_default=True,
    type=click.Choice(["1.2", "1.3"]),
    help="Oldest TLS version to accept.",
)
@click.option("--client-ca", type=FILE, help="CA bundle (PEM) that must have issued the clients' certificates.")
@click.option("--client-name", multiple=True, help="Common name of a client to answer. Repeatable; all by default.")
@click.option("--health-port", type=PORT, help="Separate port for /healthz, /readyz and /metrics, over plain HTTP.")
@click.option("--drain-seconds", default=0.0, type=click.FloatRange(0, 3600), help=DRAIN_HELP)
@profiles_option
def command(known: Profiles, self_signed: bool, no_tls: bool, **options: Any) -> None:
    """Serve the webhook over HTTPS.

    Choose where the certificate comes from: --cert and --key, --self-signed, or --no-tls.
    """
    _check(self_signed, no_tls, options)
    # PID 1 of a container receives only signals that it has a handler for; gunicorn installs its own later.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    from webhook.serving.application import Options, serve  # noqa: PLC0415 - `--help` need not wait for Flask and gunicorn

    serving = Options(
        host=options["host"],
        port=options["port"],
        tls_minimum=ssl.TLSVersion.TLSv1_3 if options["tls_min"] == "1.3" else None,
        client_names=frozenset(options["client_name"]),
        health_port=options["health_port"],
        drain_seconds=options["drain_seconds"],
    )
    with _files(self_signed, no_tls, options) as files:
        serve(known, replace(serving, files=files))


def _check(self_signed: bool, no_tls: bool, options: dict[str, Any]) -> None:
    """Raise a usage error for options that do not fit together."""
    if [bool(options["cert"] or options["key"]), self_signed, no_tls].count(True) != 1:
        raise click.UsageError("give --cert and --key, or --self-signed, or --no-tls")
    if (options["cert"] is None) != (options["key"] is None):
        raise click.UsageError("--cert and --key belong together")
    if no_tls and not _is_loopback(options["host"]):
        raise click.UsageError(f"--no-tls is for loopback addresses only, not {options['host']}")
    if options["client_name"] and not options["client_ca"]:
        raise click.UsageError("--client-name needs --client-ca")
    if options["client_ca"] and no_tls:
        raise click.UsageError("--client-ca needs TLS")


@contextlib.contextmanager
def _files(self_signed: bool, no_tls: bool, options: dict[str, Any]) -> Iterator[Files | None]:
    """Yield the files of the certificate; a self-signed one is deleted when the server ends."""
    from webhook.serving.tls import Files  # noqa: PLC0415

    if no_tls:
        yield None
    elif self_signed:
        with tempfile.TemporaryDirectory(prefix="lastcall-", ignore_cleanup_errors=True) as folder:
            yield replace(_self_signed(Path(folder), options["host"]), client_ca=options["client_ca"])
    else:
        yield Files(options["cert"], options["key"], options["ca"], options["server_name"], options["client_ca"])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _self_signed(folder: Path, host: str) -> Files:
    """Issue a certificate for this machine and print the path of the CA."""
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
