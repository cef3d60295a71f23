"""``lastcall explain``: explain a reason and what to do about it."""

from __future__ import annotations

import difflib
import shutil
import textwrap
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from webhook.core import mutate
from webhook.predict import Harm

if TYPE_CHECKING:
    from webhook.core.decision import Reason

TABLES: tuple[type[Reason], ...] = (*mutate.TABLES, Harm)
REASONS: dict[str, Reason] = {**mutate.REASONS, **{reason.code: reason for reason in Harm}}
EPILOG = """\b
Examples:
  lastcall explain                       all reasons
  lastcall explain ImageCommandUnknown   one of them
"""


def _complete(_context: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    return [
        CompletionItem(code, help=reason.sentence)
        for code, reason in REASONS.items()
        if code.lower().startswith(typed.lower())
    ]


@click.command(epilog=EPILOG)
@click.argument("reason", required=False, shell_complete=_complete)
def command(reason: str | None) -> None:
    """Explain what a reason means and what to do about it.

    Reasons are in the output of `preview`, `timeline`, `audit` and `ui`, in warnings, audit annotations, log lines and
    metrics.
    """
    if reason is None:
        for table in TABLES:
            click.secho((table.__doc__ or "").splitlines()[0], bold=True)
            for member in table:
                click.echo(f"  {member.code:<26} {member.sentence}")
        return
    match = next((r for code, r in REASONS.items() if code.lower() == reason.lower()), None)
    if not match:
        near = difflib.get_close_matches(reason, REASONS, 1)
        hint = f"; did you mean {near[0]}?" if near else "; `lastcall explain` lists them"
        raise click.UsageError(f"no reason {reason!r}{hint}")
    click.secho(match.code, bold=True)
    width = shutil.get_terminal_size().columns
    for words, text in (("what it means", match.sentence), ("what to do", match.advice)):
        click.echo(textwrap.fill(text, width, initial_indent=f"  {words:<16}", subsequent_indent=" " * 18))
