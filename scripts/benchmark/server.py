"""Answer every request with prepared bytes, so that a measurement shows the client.

server.py ROUND_TRIP DELAY CERTIFICATE   serve plain http; plain http that answers DELAY seconds later; with a PEM file
                                         of key and chain, https; and https behind a line with a round trip of so many
                                         seconds. Print the ports as JSON, and end with standard input.

Every GET reads a complete Draft of 4 KB, and every POST sends the campaign.
"""

import asyncio
import json
import ssl
import sys
from collections.abc import Awaitable, Callable
from functools import cache, partial

from sendgrid_campaigns.sandbox.example import READY

HOST = "127.0.0.1"
PARAGRAPH = "<p>Check out our spring line! Every new dress, jacket and scarf is made of linen and cotton.</p>"
CAMPAIGN: dict[str, object] = {
    **READY,
    "id": 4900,
    "status": "Draft",
    "custom_unsubscribe_url": "",
    "html_content": f"<html><body>{PARAGRAPH * 30}<p>[unsubscribe]</p></body></html>",
    "plain_content": "Check out our spring line!\n" * 20 + "\n[unsubscribe]",
    "editor": "code",
}


@cache
def answer(method: bytes) -> bytes:
    status, body = "200 OK", CAMPAIGN
    if method == b"POST":
        status, body = "201 Created", {"id": 4900, "status": "Scheduled"}
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


class Connection(asyncio.Protocol):
    """Of a request, only method, Content-Length and, when there is no delay, Connection are read."""

    def __init__(self, delay: float = 0.0) -> None:
        self.delay = delay

    transport: asyncio.Transport
    got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.got += data
        while (end := self.got.find(b"\r\n\r\n")) >= 0:
            head = self.got[:end].lower()
            length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            size = end + 4 + int(length or 0)
            if len(self.got) < size:
                break
            method, _, _ = self.got.partition(b" ")
            self.got = self.got[size:]
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self.transport.write, answer(method))
                continue
            self.transport.write(answer(method))
            if b"\r\nconnection: close" in head:  # the official client closes every connection
                self.transport.close()


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Write every part to `writer` `delay` seconds after the part was read, in order; the end of the stream too."""
    loop, due, part = asyncio.get_running_loop(), 0.0, b"-"
    while part:
        try:
            part = await reader.read(65_536)
        except OSError:  # a reset ends the stream
            part = b""
        due = max(due + 1e-6, loop.time() + delay)  # the loop keeps no order of calls at the same time
        loop.call_at(due, writer.write if part else lambda _: writer.close(), part)


def line(port: int, round_trip: float) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Return what forwards a connection with a delay. Bandwidth is unlimited, and nothing is lost."""

    async def connected(near: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        far, requests = await asyncio.open_connection(HOST, port)
        await asyncio.sleep(round_trip)  # what a connection to a far server costs, and none on the same machine
        await asyncio.gather(carry(far, answers, round_trip / 2), carry(near, requests, round_trip / 2))

    return connected


async def main(round_trip: float, delay: float, certificate: str) -> None:
    loop = asyncio.get_running_loop()
    # A full backlog would cost a client a second.
    servers = {"plain http": await loop.create_server(Connection, HOST, 0, backlog=2_048)}
    later = partial(Connection, delay)
    servers["plain http, 100 ms away"] = await loop.create_server(later, HOST, 0, backlog=2_048)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    near = servers["TLS"] = await loop.create_server(Connection, HOST, 0, ssl=context, backlog=2_048)
    forward = line(near.sockets[0].getsockname()[1], round_trip)
    servers["TLS, 50 ms away"] = await asyncio.start_server(forward, HOST, 0)
    print(json.dumps({name: server.sockets[0].getsockname()[1] for name, server in servers.items()}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
