"""The reference pages, made from the code that they describe; a test fails where one is stale."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools.programs_page import programs_page
from webhook.cli import COMMANDS, main
from webhook.core import settings
from webhook.core.mutate import TABLES
from webhook.core.mutations import MUTATIONS
from webhook.predict import Harm
from webhook.report.setting_docs import setting_docs, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.core.decision import Reason

WIDTH = 100
"""Columns of a terminal that the help texts are laid out for."""
HEADER = "<!-- Written by `make docs` from the code; change it there. -->\n\n"


def settings_page() -> str:
    """Return docs/settings.md."""
    return HEADER + "\n".join(_settings()) + "\n"


def mutations_page() -> str:
    """Return docs/mutations.md."""
    return HEADER + "\n".join(_mutations()) + "\n"


def cli_page() -> str:
    """Return docs/cli.md: the help text of every command."""
    return HEADER + "\n".join(_commands()) + "\n"


def _commands() -> Iterator[str]:
    yield "# The command line\n\nWhat `--help` prints. As a kubectl plugin: `kubectl lastcall COMMAND`.\n"
    top = click.Context(main, info_name="lastcall", **{**main.context_settings, "terminal_width": WIDTH})
    for name in COMMANDS:
        command = main.get_command(top, name)
        assert command is not None  # noqa: S101 - for the type checker
        context = click.Context(command, info_name=name, parent=top, terminal_width=WIDTH)
        yield f"## lastcall {name}\n\n```text\n{command.get_help(context)}\n```\n"


def _settings() -> Iterator[str]:
    yield "# Settings\n"
    yield (inspect.getdoc(settings) or "").replace("::\n\n", ":\n\n").replace("``", "`") + "\n"
    for name, text in setting_docs().items():
        default = getattr(settings.DEFAULTS, settings.NAMES[name].name)
        yield f"## {name}\n\nDefault: {show(default)}. {text}\n"
    yield "## Profiles\n\n| profile | settings |\n|---|---|"
    for name, layer in settings.PROFILES.items():
        yield f"| `{name}` | {', '.join(f'{k}: {v}' for k, v in layer.items()) or 'the defaults'} |"
    yield f"\n## Labels and annotations\n\n`{settings.INJECT}` on a namespace opts in: `enabled`, or a profile's name."
    yield f"`{settings.INJECT}: disabled` on a Pod, as label or annotation, opts out."
    yield f"`{settings.PREFIX}<setting>` on a Pod overrides a setting."
    yield (
        f"`{settings.PREFIX}image-command.<container>` on a Pod declares what the image starts, as a JSON list:"
        " ENTRYPOINT and CMD, or the ENTRYPOINT alone where the Pod has args."
    )
    yield f'`{settings.PREFIX}image-shell.<container>: "yes"` (`"no"`, `"unknown"`) sets image-shell for one container.'
    yield f"`{settings.PREFIX}status` is written by lastcall: what was changed, and the original values."


def _mutations() -> Iterator[str]:
    yield "# Mutations and reasons\n\nIn this order; each mutation sees the Pod as changed by the ones before it.\n"
    for mutation in MUTATIONS:
        module = sys.modules[mutation.decide.__module__]
        yield f"## {mutation.name}\n\n{(inspect.getdoc(module) or '').replace('``', '`')}\n"
        yield from _reasons(mutation.reasons)
    others: tuple[type[Reason], ...] = (*TABLES, Harm)
    for table in others:
        if table not in {mutation.reasons for mutation in MUTATIONS}:
            yield f"## {(table.__doc__ or '').splitlines()[0].rstrip('.')}\n"
            yield from _reasons(table)


def _reasons(table: type[Reason]) -> Iterator[str]:
    yield "| reason | what it means | what to do |\n|---|---|---|"
    for reason in table:
        yield f"| `{reason.code}` | {_cell(reason.sentence)} | {_cell(reason.advice)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


PAGES = {
    "docs/settings.md": settings_page,
    "docs/mutations.md": mutations_page,
    "docs/cli.md": cli_page,
    "docs/programs.md": programs_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        Path(name).write_text(page(), encoding="utf-8")
