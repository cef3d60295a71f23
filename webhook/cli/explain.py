"""``lastcall explain``: what a reason means and what to do."""

from __future__ import annotations

import difflib

import click

from webhook.core.mutate import REASONS, TABLES

EPILOG = """\b
Examples:
  lastcall explain                       all reasons
  lastcall explain ImageCommandUnknown   one of them
"""


@click.command(epilog=EPILOG)
@click.argument("reason", required=False)
def command(reason: str | None) -> None:
    """Say what a reason means and what to do about it.

    Reasons stand in `lastcall preview`, in warnings, audit annotations, log lines and metrics.
    """
    if reason is None:
        for table in TABLES:
            click.secho((table.__doc__ or "").splitlines()[0], bold=True)
            for member in table:
                click.echo(f"  {member.code:<26} {member.sentence}")
        return
    found = next((r for code, r in REASONS.items() if code.lower() == reason.lower()), None)
    if not found:
        near = difflib.get_close_matches(reason, REASONS, 1)
        hint = f"; did you mean {near[0]}?" if near else "; `lastcall explain` lists them"
        raise click.UsageError(f"no reason {reason!r}{hint}")
    click.secho(found.code, bold=True)
    click.echo(f"  what it means   {found.sentence}")
    click.echo(f"  what to do      {found.advice}")
