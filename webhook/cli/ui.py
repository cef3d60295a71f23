"""``lastcall ui``: serve preview and timeline as a page for the browser."""

from __future__ import annotations

import logging
import webbrowser
from typing import TYPE_CHECKING

import click
from werkzeug.serving import make_server

from webhook.cli.layers import profiles_option
from webhook.report.page.server import create_app

if TYPE_CHECKING:
    from webhook.cli.layers import Profiles

EPILOG = """\b
Examples:
  lastcall ui                      open the page in a browser
  lastcall ui --port 8099 --no-browser

\b
Exit codes:
  0  stopped with Ctrl-C       2  bad input, or the port is taken
"""


@click.command(epilog=EPILOG)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; a free one by default.")
@click.option("--browser/--no-browser", default=True, help="Open the page in a browser (default).")
@profiles_option
def command(port: int, browser: bool, known: Profiles) -> None:
    """Serve a page that shows, for a manifest that you paste or drop, the diff, the reasons and the timelines.

    It listens on loopback only, loads nothing from the network and stores nothing.
    """
    try:
        server = make_server("127.0.0.1", port, create_app(known), threaded=True)
    except OSError as error:
        raise click.UsageError(f"port {port}: {error.strerror}") from None
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    address = f"http://127.0.0.1:{server.port}/"
    click.echo(f"lastcall serves {address} (Ctrl-C stops it)")
    if browser:
        webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("stopped")
