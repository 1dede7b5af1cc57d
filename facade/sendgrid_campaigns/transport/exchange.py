"""One attempt over httpx: an Ask becomes a request, and what comes back becomes an Answer or a NoAnswer."""

import os
import re
import sys
from contextlib import aclosing, suppress
from typing import Any

import httpx

from sendgrid_campaigns.config import Clock, check
from sendgrid_campaigns.errors import ConfigurationError, shown
from sendgrid_campaigns.protocol.flow import Answer, Ask, NoAnswer
from sendgrid_campaigns.transport.event_loop import aio, close_if_unread, running_loop, take
from sendgrid_campaigns.transport.evidence import Evidence, current, forget_frames, from_outside
from sendgrid_campaigns.transport.requests import Target, build, proxy_of

UNSENT = (httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, ConfigurationError)
"""What is raised before there is even a connection: by httpx; and by us, when the client is closed during a call."""

NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
"""What httpx raises while it connects, and other transports later, too: believed only when the transport reports."""


class AsyncExchange:
    """The HTTP client behind a client and its views, and single attempts over it."""

    _tls: Any = False
    """The certificates to trust. To read them takes longer than an import of httpx."""

    def __init__(self, target: Target, clock: Clock, http: httpx.AsyncClient | None, max_connections: int) -> None:
        """Take over an HTTP client of the caller's, or make one.

        Raises ConfigurationError for an HTTP client that cannot be used.
        """
        usable = isinstance(http, httpx.AsyncClient | None)  # pyright: ignore[reportUnnecessaryIsInstance]
        check(usable, f"http_client is a {type(http).__module__}.{type(http).__name__}", "Give an httpx.AsyncClient.")
        self._target, self._clock, self._limit = target, clock, max_connections
        self._foreign, self._closes = http, http is None
        """The HTTP client of the caller's; and whether closing the client closes the HTTP client."""
        self._reports = self._closed = False
        self._owner: object = None
        self._pool: tuple[list[httpx.AsyncClient], Any] = [http or self._new_http()], aio().Semaphore(max_connections)
        """Idle HTTP clients of one connection each, and places for requests. For every request, httpx's own pool for
        asyncio looks at every connection: with a hundred of them, that takes ten times as long as the request."""

    def _new_http(self) -> httpx.AsyncClient:
        # httpcore is a fifth of an import, and a client needs it.
        from sendgrid_campaigns.transport.streams import guard

        # With trust_env httpx fails by a NO_PROXY such as ::1/128. Plain http, of loopback, needs no certificates.
        try:
            self._tls = self._tls or (self._target.base_url.startswith("https:") and httpx.create_ssl_context())
            limits = httpx.Limits(max_connections=1)
            http = httpx.AsyncClient(verify=self._tls, trust_env=False, proxy=proxy_of(self._target), limits=limits)
        except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:  # what the environment holds
            # What is said about a wrong URL may quote the proxy's password.
            told = shown(error) if isinstance(error, ImportError | OSError) else type(error).__name__
            cause = f"httpx cannot make a client: {self._target.key.redact(told)}"
            hint = "Look at HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE, or give an http_client=."
            raise ConfigurationError(cause=cause, hint=hint) from None
        guard(http, bool(self._tls))
        return http

    def usable(self) -> tuple[list[httpx.AsyncClient], Any]:
        """Return the connections for this process and event loop. Raises ConfigurationError when there are none."""
        owner, foreign = (os.getpid(), running_loop()), self._foreign
        closed = self._closed or (foreign is not None and foreign.is_closed)
        check(not closed, "this client is closed", "Make its calls before it is closed, or make another.")
        if self._owner not in (None, owner):
            moves = not hasattr(getattr(foreign, "_transport", None), "_pool")
            check(moves, "http_client belongs to another process or event loop", "Make one in each, with its client.")
            # After a fork, or in another event loop, the old connections are not this caller's.
            self._pool = [self._foreign or self._new_http()], aio().Semaphore(self._limit)
        self._owner = owner
        return self._pool

    async def aclose(self) -> None:
        """Close the connections, unless the HTTP client is the caller's."""
        self._closed = self._closes
        with suppress(RuntimeError):  # the connections' event loop has ended before
            for http in self._pool[0] if self._closed else ():
                await http.aclose()

    async def attempt(self, ask: Ask, on_behalf_of: str | None, timeout: float) -> Answer | NoAnswer:
        """Make one request, and return what came of it within `timeout` seconds.

        An exception from outside, such as a cancellation, comes out as it is, without the frames that hold the key.
        """
        outer = sys.exception()
        try:
            return await self._attempt(ask, on_behalf_of, timeout)
        except BaseException as error:
            outside = from_outside(error) or error
            forget_frames(outside, outer)
            if isinstance(outside, Exception | KeyboardInterrupt) and self._foreign is None:
                # A signal handler that raises may leave locks of httpcore locked: the next call makes a new pool.
                self._owner = ()
        raise outside

    async def _attempt(self, ask: Ask, on_behalf_of: str | None, timeout: float) -> Answer | NoAnswer:
        request = build(ask, self._target, on_behalf_of, timeout)
        try:
            places = self.usable()[1]
        except ConfigurationError as error:
            return NoAnswer(error.cause, not_sent=True)
        if not await take(places, min(timeout, ask.within)):
            return NoAnswer(f"all {self._limit} connections were in use", not_sent=True)
        current.set(evidence := Evidence(self._clock.monotonic, timeout))
        try:
            async with aio().timeout(timeout):
                await self._send(request, evidence)
        except Exception as error:
            if from_outside(error) is not None:
                raise
            if evidence.status_code is None:
                # Test libraries patch the transport of a client's own pool: silence proves nothing there either.
                reported = evidence.reports and (self._foreign is None or isinstance(error, NO_CONNECTION))
                # Tasks that were given the same context tell the last of them what all of them do.
                not_sent = current.get() is evidence and not evidence.writes and (isinstance(error, UNSENT) or reported)
                proxy = proxy_of(self._target) if self._foreign is None else None
                told = shown(error, longest=300) + (f", through the proxy {proxy}" if proxy else "")
                # A URL in the text may hold a proxy's password, and that any character.
                cause = self._target.key.redact(re.sub(r"(?s)//((?!//).)*[@…]", "//", told))
                return evidence.no_answer(cause, not_sent=not_sent)
        finally:
            places.release()
        self._reports = self._reports or evidence.reports
        return evidence.answer(self._target.key, reported=self._reports)

    async def _send(self, request: httpx.Request, evidence: Evidence) -> None:
        """Write the request, and give its answer to the evidence as it arrives."""
        idle = self.usable()[0]  # the client may have been closed during the wait for a place
        http = idle.pop() if idle else self._foreign or self._new_http()
        if self._foreign is not None or not hasattr(http._transport, "_pool"):  # pyright: ignore[reportPrivateUsage]
            request.extensions["trace"] = evidence.trace_async
        async with aclosing(await http.send(request, auth=None, follow_redirects=False, stream=True)) as response:
            if evidence.reads == 0:
                raise httpx.RemoteProtocolError("an answer was there before the request was written")
            evidence.status_code, evidence.headers = response.status_code, response.headers
            # Only what was asked for is unpacked: 2 KB of `gzip, gzip` may become gigabytes at once.
            gzip = response.is_stream_consumed or response.headers.get("content-encoding", "").strip().lower() == "gzip"
            async for chunk in response.aiter_bytes() if gzip else response.aiter_raw():
                evidence.add(chunk)
                del chunk  # a traceback that shows locals must not show what a server may quote
            evidence.whole = True
        await close_if_unread(response.extensions.get("network_stream"))
        idle.append(http)  # an exception from outside may leave it in any state
        if self._closed:
            await self.aclose()
