"""The async client on aiohttp itself. The extra `aiohttp` installs aiohttp.

from sendgrid_campaigns.transport.aiohttp import AiohttpCampaignsClient
"""

import asyncio
from io import BytesIO
from typing import Any

import httpx

from sendgrid_campaigns.campaigns import AsyncCampaignsClient
from sendgrid_campaigns.config import Clock, check
from sendgrid_campaigns.transport.event_loop import running_loop
from sendgrid_campaigns.transport.evidence import Evidence, current
from sendgrid_campaigns.transport.exchange import AsyncExchange
from sendgrid_campaigns.transport.requests import Target, proxy_of

try:
    import aiohttp
except ImportError as _missing:
    raise ImportError("AiohttpCampaignsClient needs aiohttp: pip install 'sendgrid-campaigns[aiohttp]'") from _missing


class _Connector(aiohttp.TCPConnector):
    """Connections. Each request gets one, only once, and none that holds an answer already."""

    async def connect(self, *arguments: Any, **named: Any) -> aiohttp.connector.Connection:
        """Return a connection. From then on, the request counts as written."""
        if current.get().writes:  # aiohttp sends a GET or DELETE again by itself when the connection breaks
            raise aiohttp.ClientConnectionError("the connection broke before there was an answer")
        for _ in range(2):  # the event loop looks at its sockets, and learns which are closed or hold bytes already
            await asyncio.sleep(0)
        connection = await super().connect(*arguments, **named)
        if connection.protocol is None or connection.protocol.should_close:
            connection.close()
            raise aiohttp.ClientConnectionError("an answer was there before the request was written")
        current.get().writes += 1
        return connection


class AiohttpExchange(AsyncExchange):
    """The aiohttp sessions behind a client and its views, one for each event loop."""

    def __init__(self, target: Target, clock: Clock, http_client: object, max_connections: int) -> None:
        """Look up the proxy of the environment.

        Raises ConfigurationError for any http_client, and for a proxy that aiohttp does not know.
        """
        check(http_client is None, "this client makes its own aiohttp sessions", "Leave http_client out.")
        self._target, self._clock, self._limit = target, clock, max_connections
        self._foreign, self._reports, self._closed = None, True, False
        self._sessions: dict[Any, aiohttp.ClientSession] = {}
        self._proxy = proxy_of(target)
        check((self._proxy or "http").startswith("http"), "the proxy is no http(s) URL", "Look at HTTPS_PROXY.")

    async def _close_sessions(self, mine: object = None) -> None:
        # Those of other event loops may be in use, and another thread may close the same ones.
        ended = [self._sessions.pop(each, None) for each in [*self._sessions] if each is mine or each.is_closed()]
        await asyncio.gather(*(session.close() for session in ended if session))

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        self._closed = True
        await self._close_sessions(running_loop())

    def usable(self) -> tuple[list[httpx.AsyncClient], Any]:
        """Return a free place: aiohttp keeps its own. Raises ConfigurationError when closed, or outside of asyncio."""
        check(not self._closed, "this client is closed", "Make its calls inside its `with` block, or a new client.")
        running_loop()
        return [], asyncio.Semaphore(1)

    async def _send(self, request: httpx.Request, evidence: Evidence) -> None:
        evidence.reports, loop = True, running_loop()
        if loop not in self._sessions:
            trusted = self._target.base_url.startswith("http:") or httpx.create_ssl_context()  # as the other clients
            self._sessions[loop] = aiohttp.ClientSession(
                connector=_Connector(ssl=trusted, limit=self._limit, resolver=aiohttp.ThreadedResolver()),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # an encoding that aiohttp does not know would cost the status, too: R5
                proxy=self._proxy,  # trust_env would look into .netrc, and refuse a request for what is there
                skip_auto_headers=("Content-Type",),  # a POST without a body would get one
            )
            await self._close_sessions()  # at the end: meanwhile, other tasks make their first calls
        sent = BytesIO(request.content) if request.content else None  # aiohttp warns of more than 1 MB of bytes
        timeout = aiohttp.ClientTimeout(sock_connect=request.extensions["timeout"]["connect"])
        async with self._sessions[loop].request(
            request.method, str(request.url), headers=request.headers, data=sent, allow_redirects=False, timeout=timeout
        ) as response:
            evidence.status_code, evidence.headers = response.status, response.headers
            packed = (
                {"content-encoding": "gzip"} if response.headers.get("content-encoding", "").lower() == "gzip" else {}
            )
            async for chunk in httpx.Response(200, headers=packed, content=response.content.iter_any()).aiter_bytes():
                evidence.add(chunk)
            evidence.whole = True


class AiohttpCampaignsClient(AsyncCampaignsClient):
    """SendGrid's Campaigns API for asyncio, on aiohttp. It takes no http_client."""

    _new_exchange = AiohttpExchange
