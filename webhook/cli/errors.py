"""Errors that end a command."""

from __future__ import annotations

import click


class InternalError(click.ClickException):
    """A defect of lastcall: exit code 3 and one line on stderr."""

    exit_code = 3

    def format_message(self) -> str:
        """Return the line that is printed, with what to do."""
        return f"internal error: {self.message}; please report this with the manifest"
