"""``lastcall launcher``: print the text that is put in front of npm, yarn and pnpm."""

from __future__ import annotations

import click

from webhook.launcher import MODES, text


@click.command()
@click.argument("mode", type=click.Choice(MODES), default="init")
@click.option(
    "--raw", is_flag=True, help="Print it as the shell reads it: every $ single, not doubled for the kubelet."
)
def command(mode: str, raw: bool) -> None:
    """Print the launcher's text as in a patched Pod, for review and for policies.

    The command becomes: sh -c TEXT lastcall <the original command>.
    """
    launcher = text(next(m for m in MODES if m == mode))
    click.echo(launcher.replace("$$", "$") if raw else launcher)
