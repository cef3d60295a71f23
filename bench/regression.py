"""Fail if a review takes far more CPU than before, as a ratio to an ASGI echo in the same run."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from bench.compare import measure, ratio
from bench.servers import Server, build, certificates, commands

LIMITS = {"lastcall": 3.0, "lastcall-distinct": 6.0}
"""Measured: 1.1 and 2.1. Three times that is not noise, but for example another pass over the body."""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="lastcall-bench-") as name:
        folder = Path(name)
        build(folder)
        certificates(folder)
        known = commands(folder)
        servers = [Server(arm, known[arm], folder) for arm in ("echo-asgi", *LIMITS)]
        try:
            for server in servers:
                server.cold()
            rounds = measure(servers, connections=1, rounds=7, seconds=2)
        finally:
            for server in servers:
                server.stop()
    failed = sum(one["failed"] for results in rounds.values() for one in results)
    middle = {arm: statistics.median(one["cpu_us"] for one in results) for arm, results in rounds.items()}
    times = {arm: ratio(rounds, arm, "cpu_us") for arm in LIMITS}
    print(f"CPU us: echo {middle['echo-asgi']:.0f}")
    for arm, limit in LIMITS.items():
        print(f"{arm}: {middle[arm]:.0f}, {times[arm]:.1f} times the echo's, {limit} allowed")
    print(f"{failed} failed")
    return failed > 0 or any(times[arm] > limit for arm, limit in LIMITS.items())


if __name__ == "__main__":
    sys.exit(main())
