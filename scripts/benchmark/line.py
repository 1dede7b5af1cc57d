"""Forward connections with a delay: half a round trip in each direction, in order.

line.py PORT SECONDS   forward to a port of this machine, with a round trip of so many seconds; print the own port as
                       JSON, and end when standard input ends

A connection to a proxy on the same machine costs nothing, a connection to a far server one round trip. So bytes that a
client sends before the first answer wait one more round trip. Bandwidth is unlimited, and nothing is lost.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress

HOST = "127.0.0.1"


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: Callable[[], float]) -> None:
    """Write every part to `writer` `delay` seconds after the part was read; the end of the stream too."""
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue[tuple[float, bytes]]()

    async def deliver() -> None:
        part = b"-"
        while part:
            due, part = await queue.get()
            await asyncio.sleep(due - loop.time())
            with suppress(OSError):
                writer.write(part)
                await writer.drain()
        writer.close()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver())
        part = b"-"
        while part:
            try:
                part = await reader.read(65_536)
            except OSError:  # a reset ends the stream
                part = b""
            queue.put_nowait((loop.time() + delay(), part))


async def main(port: int, round_trip: float) -> None:
    async def connected(near: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        far, requests = await asyncio.open_connection(HOST, port)
        answered = False

        def home() -> float:
            nonlocal answered
            answered = True
            return round_trip / 2

        def out() -> float:
            return round_trip / 2 if answered else round_trip * 3 / 2

        async with asyncio.TaskGroup() as group:
            group.create_task(carry(far, answers, home))
            group.create_task(carry(near, requests, out))

    server = await asyncio.start_server(connected, HOST, 0)
    print(json.dumps({"far": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
