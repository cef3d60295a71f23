"""The command line: one file a command, loaded when it is called."""

from __future__ import annotations

import importlib
import os

import click

from webhook import __version__

COMMANDS = {
    "preview": "what would change in a manifest, and why",
    "timeline": "what happens to a Pod when it ends, second by second",
    "audit": "who in a fleet loses requests, and why",
    "inspect": "what SIGTERM does to the processes of a running container",
    "ui": "preview and timeline as a page to look at",
    "explain": "what a reason means and what to do",
    "settings": "the settings in force, with origin",
    "launcher": "the text that is put in front of npm, yarn and pnpm",
    "manifests": "the objects in the cluster that depend on the profiles",
    "completion": "what makes a shell complete commands and options",
    "check": "whether a cluster is fit for lastcall, and whether it works there",
    "serve": "answer the API server",
}
"""Name -> what it does, in the order of ``lastcall --help``; the module of the same name has ``command``."""


class Commands(click.Group):
    """Imports a command's module only when it is asked for: ``preview`` need not wait for Flask."""

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
    epilog="Start with: lastcall preview -f deployment.yaml",
)
@click.version_option(__version__, prog_name="lastcall", message="%(prog)s %(version)s")
def main() -> None:
    """Let Pods end without losing a request: see what lastcall would change, or serve it to a cluster."""
    if os.environ.get("NO_COLOR"):  # https://no-color.org; rich looks for itself
        click.get_current_context().color = False
