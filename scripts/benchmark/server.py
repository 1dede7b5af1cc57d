"""Answer every request at once with prepared bytes, so that a measurement shows the client.

server.py [CERTIFICATE]   serve plain http, and https with a PEM file of key and chain; print the ports as JSON, and
                          end when standard input ends

Every GET reads a complete Draft of 4 KB, and every POST sends the campaign.
"""

import asyncio
import json
import ssl
import sys
from functools import cache

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


class Instant(asyncio.Protocol):
    """One connection. Of a request, only method, Content-Length and Connection are read."""

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
            self.transport.write(answer(method))
            if b"\r\nconnection: close" in head:  # the official client closes every connection
                self.transport.close()


async def main(certificate: str | None) -> None:
    loop, ports = asyncio.get_running_loop(), {}
    contexts: dict[str, ssl.SSLContext | None] = {"plain": None}
    if certificate is not None:
        context = contexts["tls"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    for name, used in contexts.items():
        # A full backlog would cost a client a second.
        server = await loop.create_server(Instant, HOST, 0, ssl=used, backlog=2_048)
        ports[name] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if sys.argv[1:] else None))
