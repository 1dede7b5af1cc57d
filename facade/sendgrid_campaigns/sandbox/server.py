"""The sandbox's front end for any client in any language, and for people: HTTP by uvicorn, on loopback by default.

Three things are served: the emulated API, the control API (control.py) and a page (page/) that uses the control API.

A page of another site must neither read nor steer. Such a page reaches a server on loopback in two ways. Under a host
name of its own that leads to 127.0.0.1, its requests are of the same origin for the browser, but their Host is that
name: every path checks the Host. Under the server's own address, the browser says whose request it is: the control API
checks Sec-Fetch-Site and Origin, and accepts only a body of JSON, which no page may send to another origin unasked.
"""

import asyncio
import ipaddress
import json
import logging
import re
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

try:
    import uvicorn
except ImportError as _missing:
    _text = "The sandbox's server needs the extra `sandbox`: pip install 'sendgrid-campaigns[sandbox]'"
    raise ImportError(_text) from _missing

from sendgrid_campaigns.sandbox.control import PREFIX, Control, refused
from sendgrid_campaigns.sandbox.faults import CannotPlay, Ending, Network, full_headers
from sendgrid_campaigns.sandbox.service import Reply, Request, operation

LARGEST_BODY = 16 * 2**20
"""The largest body of a request, in bytes."""

EVENTS = PREFIX + "events"

_TICK = 0.2
"""Seconds between two looks for a change, while a page is open. Another process may have made the change."""

_FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    PREFIX + "page.js": ("page.js", "text/javascript; charset=utf-8"),
    PREFIX + "page.css": ("page.css", "text/css; charset=utf-8"),
    PREFIX + "control.yaml": ("control.yaml", "text/plain; charset=utf-8"),
}

# Mail is shown in a frame that inherits this policy: styles inside of the mail apply, and nothing is fetched.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-dns-prefetch-control": "off",
}

LOG = logging.getLogger("sendgrid_campaigns.sandbox")

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Server:
    """An HTTP server of a sandbox, with a page. Close the server before its sandbox.

    Each request is an INFO record of the logger `sendgrid_campaigns.sandbox`: method, path, on-behalf-of and status.
    """

    def __init__(self, control: Control, network: Network, host: str, port: int) -> None:
        self._control = control
        self._network = network
        self._host = host.lower()
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self._socket = socket.create_server(address[:2], family=family)
        # As asyncio does for its own sockets. Without this option, each answer waits 40 ms for an acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound = ipaddress.ip_address(self._socket.getsockname()[0])
        self.is_open: bool = not bound.is_loopback
        """Whether other machines may reach the server."""
        name = "127.0.0.1" if bound.is_unspecified else f"[{bound}]" if bound.version == 6 else str(bound)
        self.url: str = f"http://{name}:{self._socket.getsockname()[1]}"
        """The base URL, such as http://127.0.0.1:49152; in a browser, the page."""
        config = uvicorn.Config(
            self._application, log_level="warning", access_log=False, lifespan="off", date_header=False,
            server_header=False, timeout_graceful_shutdown=5, ws="none", interface="asgi3",
            proxy_headers=False,
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

    # --- requests ---

    async def _application(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request: the ASGI application."""
        body = await _body(receive)
        if body is None:
            return
        method, path = scope["method"], scope["raw_path"].decode("latin-1")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        of_control = path.startswith(PREFIX) and path not in _FILES
        if len(body) > LARGEST_BODY:
            reply: Reply | Ending = refused(413, f"the body has more than {LARGEST_BODY} bytes")
        elif problem := self._foreign(headers, of_control):
            reply = refused(403, problem)
        elif path == EVENTS and method == "GET":
            _log(method, path, headers, 200)
            return await self._events(receive, send)
        elif path in _FILES and method in ("GET", "HEAD"):
            reply = _file(path)
        elif of_control:
            reply = self._control.answer(method, path, _query(scope), headers, body)
        else:
            request = Request(method=method, path=path, query=_query(scope), headers=headers, body=body)
            reply = self._carry(request)
        if isinstance(reply, Reply):
            _log(method, path, headers, reply.status_code)
            await _send(send, reply)
        else:
            _log(method, path, headers, f"no answer ({reply})")
            await self._lose(reply, scope["client"], receive)

    def _foreign(self, headers: Mapping[str, str], of_control: bool) -> str | None:
        """Return why a request may be of another site's page, and is refused; None when it is not."""
        host = headers.get("host", "")
        if not self._is_served(host):
            return (
                f"the sandbox does not answer as {host!r}, for a page of another site may have given it that name. Use"
                " its IP address or localhost, or start it for that name: `sandbox --host NAME`, or serve(host=NAME)"
            )
        site, origin = headers.get("sec-fetch-site", "none"), headers.get("origin", f"http://{host}")
        if of_control and (site not in ("none", "same-origin") or origin.lower() != f"http://{host}".lower()):
            return "the sandbox's control API is for its own page and for programs, not for pages of other origins"
        return None

    def _is_served(self, host: str) -> bool:
        """Return whether a Host header names this server: no browser leaves the header out."""
        name = re.sub(r":[0-9]*$", "", host).lower().strip("[]").removesuffix(".")
        if name in ("", "localhost", self._host) or name.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _carry(self, request: Request) -> Reply | Ending:
        """Return the emulated service's answer, or how the connection ends without one."""
        try:
            plan = self._network.plan(operation(request.method, request.path), "serve()")
        except CannotPlay as error:
            return error.reply()
        reply = self._network.carry(plan, request)
        if plan.fault is not None and plan.fault.ending is not None:
            return plan.fault.ending
        assert reply is not None  # only an answer that is lost may be missing
        return reply

    async def _lose(self, ending: Ending, client: object, receive: Receive) -> None:
        """End the connection of a request without an answer."""
        connections: set[Any] = {*self._server.server_state.connections}
        transport = next(each.transport for each in connections if each.client == client)
        if ending == "reset":  # sends a reset on close
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if ending == "silence":
            await self._until_gone(receive)
        transport.abort()
        await _gone(receive)

    async def _until_gone(self, receive: Receive, at_tick: Callable[[], Awaitable[None]] | None = None) -> None:
        """Wait until the client disconnects, or the server stops."""
        gone = asyncio.ensure_future(_gone(receive))
        try:
            while not self._server.should_exit and not gone.done():
                if at_tick is not None:
                    await at_tick()
                await asyncio.wait({gone}, timeout=_TICK)
        finally:
            gone.cancel()

    async def _events(self, receive: Receive, send: Send) -> None:
        """Send the overview now, and after each change: as server-sent events."""
        seen: list[object] = [None, None]

        async def look() -> None:
            version = self._control.version()
            if version == seen[0]:
                return
            overview = self._control.overview()
            contents = {name: value for name, value in overview.items() if name != "now"}
            if contents != seen[1]:
                data = f"data: {json.dumps(overview)}\n\n".encode()
                await send({"type": "http.response.body", "body": data, "more_body": True})
            seen[:] = version, contents

        headers = {
            "content-type": "text/event-stream",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        await _start(send, 200, headers)
        await self._until_gone(receive, look)
        await send({"type": "http.response.body"})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> bytes | None:
    """Return the body of a request, or the first bytes of one that is too large; None when the client is gone."""
    body = bytearray()
    more = True
    while more and len(body) <= LARGEST_BODY:
        try:
            message = await receive()
        except asyncio.CancelledError:  # the server stops before the whole request has arrived
            return None
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _query(scope: Mapping[str, Any]) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def _file(path: str) -> Reply:
    name, kind = _FILES[path]
    body = (files("sendgrid_campaigns.sandbox") / "page" / name).read_bytes()
    return Reply(status_code=200, headers={"content-type": kind, **_PAGE_HEADERS}, body=body)


async def _start(send: Send, status_code: int, headers: Mapping[str, str]) -> None:
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status_code, "headers": encoded})


async def _send(send: Send, reply: Reply) -> None:
    await _start(send, reply.status_code, full_headers(reply))
    await send({"type": "http.response.body", "body": reply.body})


def _log(method: str, path: str, headers: Mapping[str, str], status: int | str) -> None:
    """Log a request, without anything that looks like a key."""
    if LOG.isEnabledFor(logging.INFO):
        line = f"{method} {path} {headers.get('on-behalf-of', '-')} {status}"
        LOG.info("%s", re.sub(r"SG\.[\w.-]+", "SG.***", line))
