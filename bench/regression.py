"""Fail where a review costs far more CPU than it did, as a ratio to a bare ASGI echo in the same run."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from bench.compare import measure, ratio
from bench.servers import Server, build, certificates, commands

LIMIT = 6.0
"""Measured: 2 to 3. Twice that is no noise, but a diff, a second parse or a log line of debugging somewhere."""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="lastcall-bench-") as name:
        folder = Path(name)
        build(folder)
        certificates(folder)
        known = commands(folder)
        servers = [Server(arm, known[arm], folder) for arm in ("echo-asgi", "lastcall")]
        try:
            for server in servers:
                server.cold()
            rounds = measure(servers, connections=1, rounds=7, seconds=2)
        finally:
            for server in servers:
                server.stop()
    failed = sum(one["failed"] for seen in rounds.values() for one in seen)
    middle = {arm: statistics.median(one["cpu_us"] for one in seen) for arm, seen in rounds.items()}
    times = ratio(rounds, "lastcall", "cpu_us")
    print(f"CPU us: {middle['lastcall']:.0f}, echo {middle['echo-asgi']:.0f}: {times:.1f} times, {LIMIT} allowed")
    print(f"{failed} failed")
    return times > LIMIT or failed > 0


if __name__ == "__main__":
    sys.exit(main())
