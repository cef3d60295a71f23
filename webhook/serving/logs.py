"""One JSON object a line, on stderr."""

from __future__ import annotations

import logging
import os
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("lastcall")


def write(level: str, message: str, values: Mapping[str, Any]) -> None:
    """Write one JSON object as a line to stderr; a newline in a value is escaped, so it cannot forge a second line.

    A line that cannot be written (for example to a full disk) is dropped; the review is answered.
    """
    line = {"time": _second(int(time.time())), "level": level, "message": message, **values}
    with suppress(OSError):
        os.write(2, msgspec.json.encode(line) + b"\n")


@lru_cache(maxsize=1)
def _second(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat()


class JsonHandler(logging.Handler):
    """Writes records of ``logging`` in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        values = dict(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0]:
            # Without the exception's text, which may quote values of a Pod.
            values["error"] = record.exc_info[0].__name__
            values["at"] = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(record.exc_info[2])]
        write(record.levelname.lower(), record.getMessage(), values)


CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"()": JsonHandler}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        name: {"level": "INFO", "handlers": ["stderr"], "propagate": False} for name in ("lastcall", "gunicorn.error")
    },
}
