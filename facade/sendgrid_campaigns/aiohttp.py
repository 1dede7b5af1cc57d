"""The client for asyncio on aiohttp's connections. The extra `aiohttp` brings it.

httpx-aiohttp carries the requests. Added here is what the verdicts rest on: the report of how far a request got, that
none is sent twice, and errors that say what happened.
"""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import httpx

try:
    import aiohttp
    import httpx_aiohttp
except ImportError as _missing:
    _text = "The client on aiohttp needs one more package: install sendgrid-campaigns with its extra, aiohttp"
    raise ImportError(_text) from _missing

from sendgrid_campaigns.client import AsyncCampaignsClient

MEANINGS: Mapping[type[Exception], type[httpx.TransportError]] = {
    aiohttp.InvalidURL: httpx.LocalProtocolError,
    aiohttp.ConnectionTimeoutError: httpx.ConnectTimeout,
    aiohttp.ClientProxyConnectionError: httpx.ProxyError,
    aiohttp.ClientHttpProxyError: httpx.ProxyError,
    aiohttp.ClientConnectorError: httpx.ConnectError,
    aiohttp.ServerTimeoutError: httpx.ReadTimeout,
    aiohttp.ClientOSError: httpx.ReadError,
    aiohttp.ClientError: httpx.RemoteProtocolError,
}
"""What aiohttp's errors mean; the first that fits. httpx-aiohttp says ConnectTimeout for most, a lost answer too."""


class _Sending:
    """One request on its way, and what aiohttp's signals tell of it, in httpcore's words.

    https://docs.aiohttp.org/en/stable/tracing_reference.html
    """

    def __init__(self, request: httpx.Request) -> None:
        self._request = request
        self._connected = False

    async def connecting(self) -> None:
        self._once()
        await self._tell("connection.connect_tcp.started")

    async def connected(self) -> None:
        """There is a connection, a new one or one of the pool's, and nothing of the request is written yet."""
        self._once()
        self._connected = True
        await self._tell("http11.send_request_headers.started")

    def _once(self) -> None:
        # aiohttp sends GET and DELETE again by itself, on another connection, when the first one breaks.
        if self._connected:
            raise httpx.RemoteProtocolError("the connection broke before there was an answer")

    async def _tell(self, event: str) -> None:
        await self._request.extensions["trace"](
            event, {"request": SimpleNamespace(method=self._request.method.encode())}
        )


_sending: ContextVar[_Sending] = ContextVar("sending")
"""The request of this task: httpx-aiohttp passes nothing on to aiohttp's signals."""


async def _connecting(session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
    await _sending.get().connecting()


async def _connected(session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
    await _sending.get().connected()


class _Transport(httpx_aiohttp.AiohttpTransport):
    def get_client(self) -> aiohttp.ClientSession:
        # Asked for by the first request: a session belongs to the event loop that it is made in.
        signals = aiohttp.TraceConfig()
        signals.on_connection_queued_start.append(_connecting)
        signals.on_connection_create_start.append(_connecting)
        signals.on_connection_create_end.append(_connected)
        signals.on_connection_reuseconn.append(_connected)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=self.ssl_context,
                limit=self.limits.max_connections or 0,
                keepalive_timeout=self.limits.keepalive_expiry,
                resolver=aiohttp.ThreadedResolver(),  # the system's, as for the other clients, though aiodns be there
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            trace_configs=[signals],
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)  # the loop notices what of the pool is closed: aiohttp does not look at its sockets
        before = _sending.set(_Sending(request))
        if request.content:  # as bytes, aiohttp warns of more than 1 MB
            request = httpx.Request(
                request.method,
                request.url,
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        try:
            return await super().handle_async_request(request)
        except Exception as error:
            said = error if isinstance(error, aiohttp.ClientError) else error.__cause__
            for theirs, meaning in MEANINGS.items():
                if isinstance(said, theirs):
                    raise meaning(str(said)) from None  # theirs may hold the headers, and so the key
            raise
        finally:
            _sending.reset(before)


class _Http(httpx.AsyncClient):
    """httpx decides by the environment which transports there are; tests notice when these names go."""

    def _init_transport(self, *args: Any, **options: Any) -> httpx.AsyncBaseTransport:
        return _Transport(**options)

    def _init_proxy_transport(self, proxy: httpx.Proxy, *args: Any, **options: Any) -> httpx.AsyncBaseTransport:
        if proxy.url.scheme not in ("http", "https"):
            raise ValueError(f"aiohttp knows no {proxy.url.scheme} proxies")
        return _Transport(proxy=proxy, **options)


class AiohttpCampaignsClient(AsyncCampaignsClient):
    """AsyncCampaignsClient on aiohttp's connections, which it makes itself: an http_client= is refused."""

    _new_http = _Http
    _other_http = "Use an AsyncCampaignsClient for it."
