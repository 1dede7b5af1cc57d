"""A server that answers at once, so that what is measured is the client: plain HTTP, and TLS when it has a certificate.

server.py [CERTIFICATE]   a PEM file with key and chain. Prints its ports as JSON; ends when its standard input does.

It reads no more of a request than it must: method, path, Content-Length. The answers are made once.
"""

import asyncio
import json
import ssl
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import ClassVar

from sendgrid_campaigns.sandbox.example import READY

HOST = "127.0.0.1"
LARGEST = 1_000_000
"""Bytes of a request."""
_PARAGRAPH = "<p>Check out our spring line! Every new dress, jacket and scarf is made of linen and cotton.</p>"
CAMPAIGN = {
    **READY,
    "id": 4900,
    "status": "Draft",
    "custom_unsubscribe_url": "",
    "html_content": f"<html><body>{_PARAGRAPH * 30}<p>[unsubscribe]</p></body></html>",
    "plain_content": "Check out our spring line!\n" * 20 + "\n[unsubscribe]",
    "editor": "code",
}
"""A Draft that lacks nothing, of 4 KB."""


def _made(status: str, body: object) -> bytes:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nServer: nginx\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return head.encode() + b"X-Frame-Options: DENY\r\nStrict-Transport-Security: max-age=600\r\n\r\n" + content


def answer(method: bytes, path: bytes) -> bytes:
    """The bytes of an answer: every campaign is there and a Draft, and every send is accepted."""
    known, _, rest = path.partition(b"/v3/campaigns/")
    campaign_id, _, rest = rest.partition(b"/")
    if not known and campaign_id.isdigit():
        if (method, rest) == (b"GET", b""):
            return _made("200 OK", {**CAMPAIGN, "id": int(campaign_id)})
        if (method, rest) == (b"POST", b"schedules/now"):
            return _made("201 Created", {"id": int(campaign_id), "status": "Scheduled"})
    return _made("404 Not Found", {"errors": [{"field": None, "message": "not found"}]})


class Instant(asyncio.Protocol):
    """One connection."""

    _answers: ClassVar[dict[tuple[bytes, bytes], bytes]] = {}

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._got += data
        while (end := self._got.find(b"\r\n\r\n")) >= 0:
            head = self._got[:end]
            lower = head.lower()
            _, _, length = lower.partition(b"\r\ncontent-length:")
            size = end + 4 + int(length.partition(b"\r\n")[0] or 0)
            if len(self._got) < size:
                break
            self._got = self._got[size:]
            method, path, _ = head.partition(b"\r\n")[0].split(b" ", 2)
            found = self._answers.get((method, path))
            if found is None:
                found = answer(method, path)
                if len(self._answers) < 1_000:
                    self._answers[method, path] = found
            self._transport.write(found)
            if b"\r\nconnection: close" in lower:  # the official client, each time
                self._transport.close()
                return
        if len(self._got) > LARGEST:
            self._transport.abort()


async def listening(
    stack: AsyncExitStack, protocol: Callable[[], asyncio.Protocol], context: ssl.SSLContext | None = None
) -> int:
    """A port on which such connections are accepted, as long as the stack is not closed."""
    loop = asyncio.get_running_loop()
    # As many may come at once as the benchmark ever has in flight: a full queue would cost a client a second.
    server = await loop.create_server(protocol, HOST, 0, ssl=context, backlog=2_048)
    stack.callback(server.close)
    port: int = server.sockets[0].getsockname()[1]
    return port


def context_of(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def until_input_ends(ports: dict[str, int]) -> None:
    """Tell the ports, and stay until whoever started this process has ended or closed its end of the pipe."""
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def main(certificate: str | None, told: Callable[[dict[str, int]], Awaitable[None]] = until_input_ends) -> None:
    async with AsyncExitStack() as stack:
        ports = {"plain": await listening(stack, Instant)}
        if certificate is not None:
            ports["tls"] = await listening(stack, Instant, context_of(certificate))
        await told(ports)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if sys.argv[1:] else None))
