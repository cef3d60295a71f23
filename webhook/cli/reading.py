"""The files that a command reads, and the options for them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webhook.manifests import TEMPLATES, BadManifest, read, rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from webhook.manifests import Document, Templates

_PLACE = re.compile(r"([A-Z]\w*(?:\.[a-z0-9][a-z0-9.-]*)?)=((?:\.\w+(?:\[\*\])?)+)")
_KEY = "webhook.inputs."


def _templates(context: click.Context, _param: click.Parameter, values: Sequence[str]) -> None:
    more: dict[str, tuple[str, ...]] = {}
    for value in values:
        match = _PLACE.fullmatch(value)
        if not match:
            raise click.BadParameter(f"{value}: write Kind.group=.path, as in Widget.example.com=.spec.template")
        more[match[1]] = (*more.get(match[1], ()), match[2])
    context.meta[f"{_KEY}templates"] = {**TEMPLATES, **more}


def _render(context: click.Context, _param: click.Parameter, value: str) -> None:
    context.meta[f"{_KEY}render"] = value == "auto"


template_path_option = click.option(
    "--template-path",
    multiple=True,
    expose_value=False,
    callback=_templates,
    metavar="KIND.GROUP=PATH",
    help="Read the Pod template of this kind at PATH, as in Widget.example.com=.spec.template. Repeatable.",
)
_render_option = click.option(
    "--render",
    type=click.Choice(("auto", "off")),
    default="auto",
    expose_value=False,
    callback=_render,
    help="Render charts and kustomizations in directories with helm, kustomize or kubectl, where installed, or not.",
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that ``read_all`` follows."""
    return template_path_option(_render_option(command))


def templates() -> Templates:
    """Return where each kind has its Pod templates."""
    context = click.get_current_context(silent=True)
    found: Templates = context.meta.get(f"{_KEY}templates", TEMPLATES) if context else TEMPLATES
    return found


def read_all(names: Sequence[str]) -> Iterator[Document | BadManifest]:
    """Read every document of files, directories and stdin; yield an error for one that cannot be read.

    Print what is not looked at to stderr.
    """
    unknown = 0
    for name in names:
        for path in [Path(name)] if name == "-" else rendered.find(Path(name)):
            for document in _documents(path, is_stdin=name == "-"):
                if not isinstance(document, BadManifest):
                    for note in document.notes:
                        click.echo(f"note: {document.where}: {note}", err=True)
                        unknown += note.unknown
                yield document
    if unknown:
        click.echo(f"note: objects with a Pod template inside that are not looked at: {unknown}", err=True)


def _documents(path: Path | rendered.Source, *, is_stdin: bool) -> Iterator[Document | BadManifest]:
    source = "stdin" if is_stdin else str(path.path if isinstance(path, rendered.Source) else path)
    try:
        if isinstance(path, rendered.Source):
            if not (click.get_current_context().meta[f"{_KEY}render"] and path.command):
                click.echo(f"note: {path.hint}", err=True)
                return
            text = path.render()
        else:
            # Bytes: text mode would turn CRLF into LF.
            text = (sys.stdin.buffer.read() if is_stdin else path.read_bytes()).decode()
    except BadManifest as error:
        yield error
    except (OSError, UnicodeDecodeError) as error:
        yield BadManifest(f"{source}: {getattr(error, 'strerror', None) or error}")
    else:
        yield from read(source, text, templates())
