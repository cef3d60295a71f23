"""Measure servers side by side: ``python -m bench.compare --help``.

All run at the same time and get the load one after the other, in rotated order, so that a slow period of the machine
affects all of them. Ratios (columns "x") are to the first server within a round; the median is printed. CPU is user and
system time of all processes of a server, per answered review.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from bench.servers import Server, build, certificates, commands

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Rounds: TypeAlias = dict[str, list[dict[str, Any]]]


def rotated(servers: Sequence[Server], number: int) -> list[Server]:
    start = number % len(servers)
    return [*servers[start:], *servers[:start]]


def ratio(rounds: Rounds, name: str, key: str) -> float:
    """Return the median of the ratios to the first server, each of one round."""
    first = next(iter(rounds.values()))
    return float(statistics.median(own[key] / of[key] for own, of in zip(rounds[name], first, strict=True)))


def measure(servers: Sequence[Server], connections: int, rounds: int, seconds: float) -> Rounds:
    results: Rounds = {server.name: [] for server in servers}
    for number in range(rounds):
        for server in rotated(servers, number):
            results[server.name].append(server.load("-c", str(connections), "-d", f"{seconds}s"))
    return results


def row(*cells: object) -> None:
    """Print a row of a Markdown table."""
    print("|", " | ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells), "|")


def header(title: str, *cells: str) -> None:
    """Print the beginning of a Markdown table."""
    print(f"\n{title}\n")
    row(*cells)
    row(*["---"] * len(cells))


def table(rounds: Rounds, connections: int) -> None:
    title = f"{connections} connection" + "s" * (connections > 1)
    header(title, "server", "CPU us", "x", "p50 ms", "x", "p99 ms", "x", "reviews/s", "x", "failed")
    for name, results in rounds.items():
        cells: list[object] = [name]
        for key in ("cpu_us", "p50_ms", "p99_ms", "per_second"):
            middle = statistics.median(one[key] for one in results)
            cells += [round(middle) if middle >= 100 else middle, ratio(rounds, name, key)]
        row(*cells, sum(one["failed"] for one in results))


def cold_starts(arms: dict[str, list[str]], folder: Path, times: int) -> dict[str, list[float]]:
    """Start and stop each server so many times, in turns; return the milliseconds to the first answer."""
    results: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(times):
        for name, command in arms.items():
            server = Server(name, command, folder)
            try:
                results[name].append(server.cold())
            finally:
                server.stop()
    return results


def bursts(servers: Sequence[Server], sizes: Sequence[int], rounds: int) -> None:
    header("Bursts of new Go clients, five reviews each", "server", "clients", "answered", "failed", "slowest s")
    for server in servers:
        for size in sizes:
            results = server.load("-burst", str(size), "-rounds", str(rounds))
            row(server.name, size, results["ok"], results["failed"], results["max_ms"] / 1000)


def memory(servers: Sequence[Server], idle: Mapping[str, float], cold: Mapping[str, list[float]]) -> None:
    header("Memory and start", "server", "PSS MiB idle", "after load", "x", "RSS MiB", "cold start ms", "x")
    loaded = {server.name: server.mebibytes() for server in servers}
    start = {name: statistics.median(times) if times else float("nan") for name, times in cold.items()}
    first = servers[0].name
    for name, mebibytes in loaded.items():
        rss = next(server for server in servers if server.name == name).mebibytes("Rss")
        row(name, idle[name], mebibytes, mebibytes / loaded[first], rss, start[name], start[name] / start[first])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arms = "goref,lastcall,lastcall-distinct,flask,echo-wsgi,echo-asgi"
    parser.add_argument(
        "--arms", default=arms, help="servers, the first is the reference; with -distinct no two Pods are equivalent"
    )
    parser.add_argument(
        "--arm",
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="add a server; {port} and {folder} are replaced",
    )
    parser.add_argument("--connections", default="1,16", help="numbers of connections")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="duration of one load")
    parser.add_argument("--cold", type=int, default=5, help="cold starts of each server")
    parser.add_argument("--bursts", default="", help="sizes of bursts, as in 16,64,256")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lastcall-bench-") as name:
        run(options, Path(name))


def run(options: argparse.Namespace, folder: Path) -> None:
    build(folder)
    certificates(folder)
    known = commands(folder)
    arms = {arm: known[arm] for arm in options.arms.split(",")}
    for extra in options.arm:
        arm, _, command = extra.partition("=")
        arms[arm] = command.replace("{folder}", str(folder)).split()
    cold = cold_starts(arms, folder, options.cold)
    servers = [Server(arm, command, folder) for arm, command in arms.items()]
    try:
        for server in servers:
            server.cold()
        idle = {server.name: server.mebibytes() for server in servers}
        for connections in map(int, options.connections.split(",")):
            table(measure(servers, connections, options.rounds, options.seconds), connections)
        memory(servers, idle, cold)
        if options.bursts:
            bursts(servers, [int(size) for size in options.bursts.split(",")], 10)
    finally:
        for server in servers:
            server.stop()


if __name__ == "__main__":
    main()
