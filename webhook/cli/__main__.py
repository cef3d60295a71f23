"""``python -m webhook.cli``: the same as ``lastcall``."""

from webhook.cli import main

main(prog_name="lastcall")
