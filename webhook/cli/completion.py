"""``lastcall completion``: print the completion script of a shell."""

from __future__ import annotations

import sys

import click
from click.shell_completion import ShellComplete, get_completion_class

EPILOG = """\b
Examples:
  source <(lastcall completion bash)                                      this shell
  lastcall completion zsh > "${fpath[1]}/_lastcall"                       every shell
  lastcall completion fish > ~/.config/fish/completions/lastcall.fish

\b
`kubectl lastcall` is completed by kubectl itself, which finds kubectl_complete-lastcall on PATH.
"""
_FILES, _NO_FILES = ":0", ":4"
"""End the list that kubectl asks for: complete with files, or with the list only (cobra's ShellCompDirective)."""


@click.command(epilog=EPILOG)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """Print the completion script of a shell."""
    script = get_completion_class(shell)
    assert script is not None  # noqa: S101 - for the type checker; click knows all three
    root = click.get_current_context().find_root().command
    click.echo(script(root, {}, "lastcall", "_LASTCALL_COMPLETE").source())


def kubectl() -> None:
    """Complete for kubectl, which calls this with the words typed so far; the last one is incomplete."""
    from webhook.cli import main  # noqa: PLC0415 - that module imports this one

    *words, incomplete = sys.argv[1:] or [""]
    items = ShellComplete(main, {}, "lastcall", "").get_completions(words, incomplete)
    for item in items:
        if item.type == "plain":
            click.echo(item.value)
    click.echo(_FILES if any(item.type != "plain" for item in items) else _NO_FILES)
