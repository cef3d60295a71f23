"""One JSON line per thing that happened, on standard output."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any


def log(what: str, level: str = "info", **fields: Any) -> None:
    """Print one line; no field ever holds a key."""
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "msg": what} | fields
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
