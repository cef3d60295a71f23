"""HTTP load in a separate process: `python -m tests.cluster.lab.load URL`, JSON lines until its stdin ends.

Fresh connections come at a fixed rate, independent of the answers (open loop); keep-alive connections each send a
request, wait for the answer, think, and go on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .wire import Crossed, Streams, ask, drop, reason, sources, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

OVERDUE_SECONDS = 2.0
"""Longer than any answer takes, shorter than the 3 s after which the kernel gives up on a Pod's address."""


class Load:
    """Counts requests as ok, or by how they were lost; `crossed` requests were retried and count once.

    `lag` is the longest delay, in seconds, with which this process sent a request since the last report: it shows a
    lack of CPU.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        parts = urlsplit(args.url)
        self.host, self.port, self.path = parts.hostname or "", parts.port or 80, parts.path or "/"
        self.args = args
        self.counts: dict[str, Counter[str]] = {"fresh": Counter(), "keepalive": Counter()}
        self.crossed = 0
        self.lag = 0.0
        self.flying: dict[object, float] = {}
        self.sources = sources(args.sources)
        self.stop = asyncio.Event()

    async def run(self) -> None:
        """Run until standard input ends, then finish the in-flight requests."""
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, sys.stdin.read).add_done_callback(lambda _: self.stop.set())
        tasks = {asyncio.create_task(self.client(i / self.args.keepalive)) for i in range(self.args.keepalive)}
        tasks.add(asyncio.create_task(self.report()))
        due = time.perf_counter()
        while not self.stop.is_set():
            task = asyncio.create_task(self.fresh())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            due += 1 / self.args.rate
            early = due - time.perf_counter()
            self.lag = max(self.lag, -early)
            await asyncio.sleep(max(0, early))
        await asyncio.gather(*tasks)
        self.say()

    async def report(self) -> None:
        """Print the counts twice a second."""
        while not self.stop.is_set():
            self.say()
            await asyncio.sleep(0.5)

    def say(self) -> None:
        """Print the counts so far as one line of JSON."""
        lost = {f"{kind} {why}": n for kind, c in self.counts.items() for why, n in c.items() if why != "ok"}
        requests = sum(counter.total() for counter in self.counts.values())
        now = time.monotonic()
        overdue = sum(now - began > OVERDUE_SECONDS for began in self.flying.values())
        counts = {"requests": requests, "lost": lost, "crossed": self.crossed, "overdue": overdue}
        sys.stdout.write(json.dumps({**counts, "lag": round(self.lag, 2)}) + "\n")
        self.lag = 0.0
        sys.stdout.flush()

    @contextmanager
    def flight(self, kind: str) -> Iterator[list[str]]:
        """Count a request by the result that is put into the list."""
        request, result = object(), ["ok"]
        self.flying[request] = time.monotonic()
        yield result
        del self.flying[request]
        self.counts[kind][result[0]] += 1

    async def fresh(self) -> None:
        """Send one request on a new connection."""
        streams: Streams | None = None
        with self.flight("fresh") as result:
            try:
                async with asyncio.timeout(self.args.timeout):
                    streams = await self.connect()
                    result[0] = verdict(await ask(streams, self.host, self.path, "close"))
            except Exception as error:  # noqa: BLE001 - whatever it was, the request is lost
                result[0] = reason(error)
            drop(streams)

    async def client(self, phase: float) -> None:
        """One keep-alive connection; it is opened again after an announced close or one while idle."""
        streams: Streams | None = None
        await asyncio.sleep(phase * self.args.think)
        while not self.stop.is_set():
            with self.flight("keepalive") as result:
                streams, result[0] = await self.asked(streams)
            await asyncio.sleep(self.args.think)
            if streams and (streams[0].at_eof() or streams[0].exception()):
                drop(streams)
                streams = None
        drop(streams)

    async def asked(self, streams: Streams | None) -> tuple[Streams | None, str]:
        """Send a request on an open connection or a new one, and again if the server closed it at the same time."""
        result = "crossed"
        for _ in range(2):
            used = streams is not None
            try:
                async with asyncio.timeout(self.args.timeout):
                    streams = streams or await self.connect()
                    answer = await ask(streams, self.host, self.path, "keep-alive", reused=used)
                result = verdict(answer)
                if answer.keep:
                    return streams, result
            except Crossed:
                self.crossed += 1
            except Exception as error:  # noqa: BLE001 - whatever it was, the request is lost
                result = reason(error)
            drop(streams)
            streams = None
            if result != "crossed":
                break
        return None, result

    async def connect(self) -> Streams:
        """Open a connection from an address and port that were not used for hours."""
        return await asyncio.open_connection(self.host, self.port, local_addr=next(self.sources))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=200, help="fresh connections per second")
    parser.add_argument("--keepalive", type=int, default=50, help="persistent connections")
    parser.add_argument("--think", type=float, default=0.15, help="seconds a persistent connection pauses")
    parser.add_argument("--timeout", type=float, default=30, help="seconds until a request counts as lost")
    parser.add_argument("--sources", metavar="NET", help="source addresses, e.g. 198.18.254.0/24")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(Load(arguments()).run())
