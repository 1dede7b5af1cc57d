"""The sandbox's front end for any client in any language: HTTP on loopback, by uvicorn."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

try:
    import uvicorn
except ImportError as _missing:
    _text = "The sandbox's server needs the extra `sandbox`: pip install 'sendgrid-campaigns[sandbox]'"
    raise ImportError(_text) from _missing

from sendgrid_campaigns.sandbox.faults import CannotPlay, Network, full_headers
from sendgrid_campaigns.sandbox.service import Request, operation

HOST = "127.0.0.1"

LARGEST_BODY = 16 * 2**20
"""The largest body of a request, in bytes."""


class Server:
    """An HTTP server on loopback. Close the server before its sandbox."""

    def __init__(self, network: Network, port: int) -> None:
        self._socket = socket.create_server((HOST, port))
        # As asyncio does for its own sockets. Without this option, each answer waits 40 ms for an acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.url: str = f"http://{HOST}:{self._socket.getsockname()[1]}"
        """The base URL, such as http://127.0.0.1:49152."""
        config = uvicorn.Config(
            _application(network), log_level="warning", access_log=False, lifespan="off", date_header=False,
            server_header=False, timeout_graceful_shutdown=5,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Serve in this thread, until SIGINT or SIGTERM."""
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Serve in a new thread, until `close`."""
        self._thread = threading.Thread(target=self.run, name="sendgrid-campaigns sandbox", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """Stop the server after the requests in flight are answered."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._socket.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _application(network: Network) -> Callable[..., Awaitable[None]]:
    """Return the ASGI application of a sandbox."""

    async def application(
        scope: Mapping[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        body = bytearray()
        more = True
        while more:
            try:
                message = await receive()
            except asyncio.CancelledError:  # the server stops before the whole request has arrived
                return
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > LARGEST_BODY:
                await send({"type": "http.response.start", "status": 413, "headers": []})
                await send({"type": "http.response.body"})
                return
        request = Request(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=bytes(body),
        )
        try:
            reply = network.carry(network.plan(operation(request.method, request.path), "serve()"), request)
        except CannotPlay as error:
            reply = error.reply()
        assert reply is not None  # Network.plan refuses lost answers for serve()
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in full_headers(reply).items()]
        await send({"type": "http.response.start", "status": reply.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    return application
