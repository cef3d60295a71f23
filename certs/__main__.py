"""python -m certs: the certificate controller, and commands for operators."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import click
from rich.console import Console

from certs.authority import Authority, service_names
from certs.controller import Controller, run
from certs.lease import Lease
from certs.log import log
from certs.objects import request_rotation
from certs.probe import probe
from certs.report import summary, table
from certs.resources import Names
from certs.steps import Policy
from certs.store import Conflict, Failure, Store, connect

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType[timedelta]):
    """A number and a unit: 30d, 12h, 90m, 20s."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the time span."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,5})([smhd])", value)
        if not found:
            self.fail(f"{value!r} is not a duration such as 30d, 12h, 90m or 20s", param, ctx)
        return timedelta(seconds=int(found[1]) * UNITS[found[2]])


class Cli(click.Group):
    """Prints a failure as one line and exits with status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (Failure, ValueError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Cli, context_settings={"auto_envvar_prefix": "LASTCALL_CERTS", "show_default": True})
@click.option("--namespace", default="lastcall", help="namespace of the webhook")
@click.option("--service", default="lastcall", help="name of the webhook's Service")
@click.option("--configuration", default="lastcall", help="name of the MutatingWebhookConfiguration")
@click.option("--tls-secret", default="lastcall-tls", help="Secret that the webhook mounts")
@click.option("--ca-secret", default="lastcall-ca", help="Secret with CA keys and state; only the controller reads it")
@click.option("--lease", default="lastcall-certs", help="Lease of the controller that writes")
@click.option(
    "--x509-strict/--no-x509-strict",
    default=True,
    help="verify the API server's certificate with VERIFY_X509_STRICT",
)
@click.pass_context
def main(ctx: click.Context, /, tls_secret: str, ca_secret: str, x509_strict: bool, **names: str) -> None:
    """Manage the certificates of an admission webhook: its CA, its leaf, and the caBundle that trusts them."""
    ctx.obj = Names(serving=tls_secret, ledger=ca_secret, **names), x509_strict


@main.command("run")
@click.option("--ca-lifetime", type=Duration(), default="365d", help="validity of a new CA")
@click.option("--leaf-lifetime", type=Duration(), default="30d", help="validity of a new leaf")
@click.option("--soak", type=Duration(), default="2m", help="time in which every API server loads a new bundle")
@click.option("--keep-foreign/--no-keep-foreign", default=False, help="keep unexpired CAs of others in caBundle")
@click.option("--lease-seconds", type=click.FloatRange(1, 60), default=15.0, help="duration of the Lease")
@click.pass_obj
def run_command(obj: tuple[Names, bool], /, lease_seconds: float, **policy: Any) -> None:
    """Issue, publish, renew and repair certificates until stopped."""
    names, strict = obj
    times = Policy(service_names(names.service, names.namespace), **policy)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    store = Store(connect(strict=strict), names)
    identity = f"{socket.gethostname()}_{os.getpid()}"
    controller = Controller(store, Lease(store, identity, lease_seconds), times)
    log("started", identity=identity, **{name: str(value) for name, value in policy.items()})
    run(controller, stop)
    log("stopped")


@main.command()
@click.option("--ca", is_flag=True, help="request a new CA, which takes four phases, instead of a new leaf")
@click.pass_obj
def rotate(obj: tuple[Names, bool], ca: bool) -> None:
    """Request a new leaf, or a new CA, from the controller."""
    names, strict = obj
    role, name = ("ledger", names.ledger) if ca else ("serving", names.serving)
    store = Store(connect(strict=strict), names)
    for _ in range(5):
        secret = store.read(role)
        if secret is None:
            raise Failure(f"there is no Secret {name} in namespace {names.namespace}: is the controller running?")
        try:
            store.write(role, request_rotation(secret))
        except Conflict:
            continue
        click.echo("Requested. The controller checks every 20 seconds; to follow it, run: python -m certs status")
        return
    raise Failure(f"Secret {name} was changed during each of 5 attempts: try again")


@main.command()
@click.pass_obj
def status(obj: tuple[Names, bool]) -> None:
    """Show CA generations, expiry, phase and the leaf of each replica; exit with 1 if something is wrong."""
    names, strict = obj
    store = Store(connect(strict=strict), names)
    controller = Controller(store, Lease(store, ""), Policy(service_names(names.service, names.namespace)))
    observed = controller.observe({role: store.read(role) for role in ("serving", "configuration", "ledger")})
    observed = replace(observed, replicas=probe(store.endpoint_slices()))
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 200)
    console.print(table(observed, store.now))
    lines = list(summary(observed, store.now))
    console.print(*lines, sep="\n", markup=False, highlight=False)
    if any(line.startswith("wrong") for line in lines):
        sys.exit(1)


@main.command()
@click.option(
    "--host", "hosts", multiple=True, help="DNS name or IP address, repeatable  [default: the Service's names]"
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="directory of the files")
@click.option("--ca-lifetime", type=Duration(), default="365d", help="validity of a new CA")
@click.option("--leaf-lifetime", type=Duration(), default="90d", help="validity of the leaf")
@click.pass_obj
def issue(
    obj: tuple[Names, bool], hosts: tuple[str, ...], out: Path, ca_lifetime: timedelta, leaf_lifetime: timedelta
) -> None:
    """Write a CA and a leaf into files, for development or bring-your-own. A CA in the directory is used again."""
    names = obj[0]
    now = datetime.now(UTC)
    out.mkdir(parents=True, exist_ok=True)
    certificate, key = out / "ca.crt", out / "ca.key"
    if certificate.exists() and key.exists():
        authority = Authority.load(certificate.read_bytes(), key.read_bytes())
    else:
        authority = Authority.create("lastcall by hand", now, ca_lifetime)
        _write(certificate, authority.certificate_pem)
        _write(key, authority.key_pem)
    leaf = authority.issue(hosts or service_names(names.service, names.namespace), now, leaf_lifetime)
    _write(out / "tls.crt", leaf.chain_pem)
    _write(out / "tls.key", leaf.key_pem)
    click.echo(f"""Valid until {leaf.not_after:%Y-%m-%d %H:%M}Z. Next:
  kubectl -n {names.namespace} create secret generic {names.serving} --type=kubernetes.io/tls \\
    --from-file={out}/tls.crt --from-file={out}/tls.key --from-file={out}/ca.crt
  lastcall manifests --ca {certificate} | kubectl apply -f -
Do not store {key} in the cluster: it can sign a certificate for any server in the webhook's place.""")


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; it is created with mode 0600."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


if __name__ == "__main__":
    main(prog_name="python -m certs")
