"""Log lines: JSON, one object per line, on standard output."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any


def log(text: str, level: str = "info", **fields: Any) -> None:
    """Print one line. Never pass a private key."""
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "msg": text} | fields
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
