"""``lastcall serve``: answer the API server."""

from __future__ import annotations

import ipaddress
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webhook import profiles

if TYPE_CHECKING:
    from webhook.tls import Files

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
SELF_SIGNED_LIFETIME = timedelta(days=1)


@click.command(epilog=EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 in a container.")
@click.option("--port", default=8443, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--cert", type=click.Path(path_type=Path), help="Certificate chain (PEM), read again when it changes.")
@click.option("--key", type=click.Path(path_type=Path), help="Private key (PEM) of the certificate.")
@click.option("--ca", type=click.Path(path_type=Path), help="CA bundle (PEM) that the API server verifies with.")
@click.option("--server-name", help="<service>.<namespace>.svc, which the certificate must be good for.")
@click.option("--self-signed", is_flag=True, help="Issue a CA and a certificate of one day; prints where the CA is.")
@click.option("--no-tls", is_flag=True, help="Plain HTTP, on a loopback address only.")
@click.option("--profiles", "profiles_file", type=click.Path(path_type=Path), help="Your own profiles (YAML).")
def command(
    host: str,
    port: int,
    cert: Path | None,
    key: Path | None,
    ca: Path | None,
    server_name: str | None,
    self_signed: bool,
    no_tls: bool,
    profiles_file: Path | None,
) -> None:
    """Serve the webhook over HTTPS.

    Say where the certificate comes from: --cert and --key, --self-signed, or --no-tls.
    """
    if [bool(cert or key), self_signed, no_tls].count(True) != 1:
        raise click.UsageError("give --cert and --key, or --self-signed, or --no-tls")
    if (cert is None) != (key is None):
        raise click.UsageError("--cert and --key belong together")
    if no_tls and not _is_loopback(host):
        raise click.UsageError(f"--no-tls is for loopback addresses only, not {host}")
    try:
        known = profiles.load(profiles_file)
    except profiles.BadProfiles as error:
        raise click.UsageError(str(error)) from None
    from webhook.gunicorn_conf import serve  # noqa: PLC0415 - `--help` need not wait for Flask and gunicorn
    from webhook.tls import Files  # noqa: PLC0415

    if cert and key:
        serve(known, host, port, Files(cert, key, ca, server_name))
    elif no_tls:
        serve(known, host, port, None)
    else:
        folder = Path(tempfile.mkdtemp(prefix="lastcall-"))
        try:
            serve(known, host, port, _self_signed(folder, host))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


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
    from webhook.tls import Files  # noqa: PLC0415

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
