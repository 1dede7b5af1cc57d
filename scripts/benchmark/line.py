"""A long line to a server: a proxy that delivers what it gets half a round trip later, each way, and in order.

line.py PORT SECONDS   to that port of this machine, with such a round trip. Prints its own port as JSON; ends when its
                       standard input does.

A connect to a proxy beside the client costs nothing, and to a far server a round trip. So what a client sends before it
has been answered anything waits one more. There is no limit to the line's breadth, no loss and no slow start.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

HOST = "127.0.0.1"
PART = 64 * 1024


class Line:
    """What goes one way: taken off one stream, given to the other when it is due."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: Callable[[], float]) -> None:
        self._reader = reader
        self._writer = writer
        self._delay = delay
        self._on_the_way = asyncio.Queue[tuple[float, bytes]]()
        self.delivered = False
        """Whether the first of it has arrived."""

    async def carry(self) -> None:
        """Until the stream ends; its end arrives as late as all else."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._take())
            both.create_task(self._give())

    async def _take(self) -> None:
        loop, part = asyncio.get_running_loop(), b"-"
        while part:
            try:
                part = await self._reader.read(PART)
            except OSError:  # a reset: here an end like any other
                part = b""
            self._on_the_way.put_nowait((loop.time() + self._delay(), part))

    async def _give(self) -> None:
        # A queue, and not a timer for each part: what was sent later is never delivered earlier.
        loop, part = asyncio.get_running_loop(), b"-"
        while part:
            due, part = await self._on_the_way.get()
            await asyncio.sleep(due - loop.time())
            with suppress(OSError):
                if part:
                    self._writer.write(part)
                    self.delivered = True
                    await self._writer.drain()
                elif self._writer.can_write_eof():
                    self._writer.write_eof()


async def connect(port: int, round_trip: float, near: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
    """Serve one connection."""
    try:
        far, requests = await asyncio.open_connection(HOST, port)
    except OSError:
        answers.transport.abort()
        return
    home = Line(far, answers, lambda: round_trip / 2)
    out = Line(near, requests, lambda: round_trip / 2 if home.delivered else round_trip * 3 / 2)
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(home.carry())
            both.create_task(out.carry())
    finally:
        for writer in (answers, requests):
            writer.close()


async def until_input_ends(port: int) -> None:
    print(json.dumps({"far": port}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def main(port: int, round_trip: float, told: Callable[[int], Awaitable[None]] = until_input_ends) -> None:
    server = await asyncio.start_server(lambda near, answers: connect(port, round_trip, near, answers), HOST, 0)
    await told(server.sockets[0].getsockname()[1])
    server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
