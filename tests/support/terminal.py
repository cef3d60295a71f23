"""A command as a person runs it: on a terminal of a given width."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

from tests.support.paths import ROOT

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(*arguments: str, columns: int, **environment: str) -> tuple[int, str]:
    """Run ``lastcall`` on a pseudo-terminal; return the exit code, and the output without colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    command = [sys.executable, "-m", "webhook.cli", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env={**inherited, "TERM": "xterm", **environment}, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        written = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return process.returncode, _COLOURS.sub("", written.decode()).replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    """Read what there is; nothing once the program has closed the terminal (Linux raises EIO then)."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""
