"""The command line: one file for each command, loaded when it is called."""

from __future__ import annotations

import importlib
import os
from typing import Any

import click

from webhook import __version__
from webhook.cli import encoding

COMMANDS = {
    "preview": "show what would change in a manifest, and why",
    "timeline": "show what happens to a Pod when it stops, second by second",
    "audit": "list the workloads that lose requests, and why",
    "inspect": "show what SIGTERM does to the processes of a running container",
    "ui": "serve preview and timeline as a page for the browser",
    "explain": "explain a reason and what to do about it",
    "settings": "show the settings in force and where each comes from",
    "launcher": "print the text that is put in front of npm, yarn and pnpm",
    "manifests": "print the objects in the cluster that depend on the profiles",
    "completion": "print the completion script of a shell",
    "check": "check a cluster before and after the installation",
    "serve": "answer the API server",
    "version": "show the versions of this program and of the webhook in a cluster",
}
"""Name -> what it does, in the order of ``lastcall --help``; the module of the same name has ``command``."""
INTERRUPTED = 130
"""Exit code: 128 and the number of SIGINT."""


class Commands(click.Group):
    """Imports a command's module only when it is asked for: ``preview`` does not load Flask."""

    def main(self, *arguments: Any, **more: Any) -> Any:
        """Run a command; its output is ASCII where the terminal has no symbols."""
        encoding.for_people()
        return super().main(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; exit with 130 at Ctrl-C, as a shell does."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"webhook.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: lastcall preview deployment.yaml",
)
@click.version_option(__version__, prog_name="lastcall", message="%(prog)s %(version)s")
def main() -> None:
    """Let Pods stop without losing a request: show what lastcall would change, or serve the webhook."""
    if os.environ.get("NO_COLOR"):  # https://no-color.org; rich looks for itself
        click.get_current_context().color = False
