"""server.js in Python: on SIGTERM stop accepting, finish what is in flight, exit 0."""

from __future__ import annotations

import asyncio
import os
import signal

DELAY = int(os.environ.get("DELAY_MS", "100")) / 1000
ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}"


class App:
    """Connections that are kept alive until the application is told to stop."""

    def __init__(self) -> None:
        self.closing = asyncio.Event()
        self.idle: set[asyncio.StreamWriter] = set()
        self.conversations: set[asyncio.Task[None] | None] = set()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other."""
        self.conversations.add(asyncio.current_task())
        while not self.closing.is_set():
            self.idle.add(writer)
            try:
                request = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            finally:
                self.idle.discard(writer)
            await self.answer(request, writer)
        writer.close()
        self.conversations.discard(asyncio.current_task())

    async def answer(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        """Answer a request, in a while unless it is a probe's."""
        await asyncio.sleep(0 if request.startswith(b"GET /healthz") else DELAY)
        text = f"{os.environ.get('HOSTNAME')} pid {os.getpid()}\n"
        close = "Connection: close\r\n" if self.closing.is_set() else ""
        writer.write(ANSWER.format(len(text), close, text).encode())
        await writer.drain()

    async def run(self) -> None:
        """Serve until SIGTERM."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.closing.set)
        server = await asyncio.start_server(self.converse, port=int(os.environ.get("PORT", "8080")), backlog=511)
        await self.closing.wait()
        server.close()
        for writer in self.idle:
            writer.close()
        await asyncio.gather(*(task for task in self.conversations if task))


async def main() -> None:
    """Make the application in its loop."""
    await App().run()


asyncio.run(main())
