"""1,000 reviews a second for a minute: nothing fails, and the memory does not grow."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.servers import Server, build, certificates, commands

GROWTH = 0.05


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1000, help="reviews a second")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lastcall-bench-") as name:
        folder = Path(name)
        build(folder)
        certificates(folder)
        arm = "lastcall-distinct"  # no answer comes from the cache, and each replaces another in it
        server = Server(arm, commands(folder)[arm], folder)
        try:
            server.cold()
            load = ("-c", "16", "-rate", str(options.rate), "-d")
            server.load(*load, "10s")  # fill caches, and copy pages that were shared
            before = server.mebibytes("Rss")
            results = server.load(*load, f"{options.seconds}s")
            after = server.mebibytes("Rss")
        finally:
            server.stop()
    growth = after / before - 1
    print(f"{results['ok']} answered, {results['failed']} failed, {results['per_second']:.0f} a second")
    print(f"RSS {before:.1f} MiB before, {after:.1f} MiB after: {growth:+.1%}")
    return growth >= GROWTH or results["failed"] > 0


if __name__ == "__main__":
    sys.exit(main())
