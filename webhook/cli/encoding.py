"""The encoding of what is printed: ASCII for people whose terminal has no symbols, UTF-8 for programs."""

from __future__ import annotations

import codecs
import io
import os
import sys

SYMBOLS = {
    "✔": "+",
    "✘": "x",
    "→": ">",
    "·": "-",
    "…": "~",
    "━": "=",
    "╍": "!",
    "░": ":",
    "─": "-",
    "█": "#",
    "▒": "%",
    "▼": "V",
    "┤": "|",
    "┊": ".",
}
"""Symbol -> the character of ASCII in its place; one for one, so that charts keep their columns."""
_TABLE = str.maketrans(SYMBOLS)
_CODEC = "lastcall-ascii"
"""A codec of our own: click would write UTF-8 to a stream whose encoding is called ASCII."""


def _encode(text: str, _errors: str = "strict") -> tuple[bytes, int]:
    return text.translate(_TABLE).encode("ascii", "replace"), len(text)


class _Encoder(codecs.IncrementalEncoder):
    def encode(self, text: str, final: bool = False) -> bytes:  # noqa: ARG002 - the base's signature
        return _encode(text)[0]


def _codec(name: str) -> codecs.CodecInfo | None:
    if name.replace("_", "-") != _CODEC:
        return None
    return codecs.CodecInfo(_encode, codecs.lookup("ascii").decode, incrementalencoder=_Encoder, name=_CODEC)


codecs.register(_codec)


def for_people() -> None:
    """Print ASCII where the locale is C, or where the encoding has no symbols; read UTF-8, as from files."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not (_has_symbols(stream.encoding) and _wants_symbols()):
            stream.reconfigure(encoding=_CODEC)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8")


def for_programs() -> None:
    """Print UTF-8, whatever the terminal: manifests and reports must not change."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def _has_symbols(encoding: str) -> bool:
    try:
        "".join(SYMBOLS).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _wants_symbols() -> bool:
    """Tell whether the locale is another than C, in which Python writes UTF-8 (PEP 540)."""
    chosen = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "")
    return chosen not in ("C", "POSIX")
