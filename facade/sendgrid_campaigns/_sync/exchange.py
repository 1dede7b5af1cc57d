# Generated from transport/exchange.py by scripts/unasync.py: do not edit; change the source and run `make generate`.
"""One attempt over httpx: an Ask becomes a request, and what comes back becomes an Answer or a NoAnswer."""

import os
import re
import sys
from contextlib import closing, nullcontext, suppress
from threading import get_native_id
from typing import Any

import httpx

from sendgrid_campaigns.config import Clock, check
from sendgrid_campaigns.errors import ConfigurationError, shown
from sendgrid_campaigns.protocol.flow import Answer, Ask, NoAnswer
from sendgrid_campaigns.transport.evidence import Evidence, current, forget_frames, from_outside
from sendgrid_campaigns.transport.requests import Target, build, proxy_of

UNSENT = (httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, ConfigurationError)
"""What is raised before there is even a connection: by httpx; and by us, when the client is closed during a call."""

NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
"""What httpx raises while it connects, and other transports later, too: believed only when the transport reports."""


class Exchange:
    """The HTTP client behind a client and its views, and single attempts over it."""

    _tls: Any = False
    """The certificates to trust. To read them takes longer than an import of httpx."""

    def __init__(self, target: Target, clock: Clock, http: httpx.Client | None, max_connections: int) -> None:
        """Take over an HTTP client of the caller's, or make one.

        Raises ConfigurationError for an HTTP client that cannot be used.
        """
        usable = isinstance(http, httpx.Client | None)  # pyright: ignore[reportUnnecessaryIsInstance]
        check(usable, f"http_client is a {type(http).__module__}.{type(http).__name__}", "Give an httpx.Client.")
        self._target, self._clock, self._limit = target, clock, max_connections
        self._foreign, self._closes = http, http is None
        """The HTTP client of the caller's; and whether closing the client closes the HTTP client."""
        self._reports = self._closed = False
        self._owner: object = None
        self._pool: list[httpx.Client] = [
            http or self._new_http() for _ in range(1 if http else max(1, self._limit // 20))
        ]
        """HTTP clients: a thread always uses the same."""

    def _new_http(self) -> httpx.Client:
        # httpcore is a fifth of an import, and a client needs it.
        from sendgrid_campaigns._sync.streams import guard

        # With trust_env httpx fails by a NO_PROXY such as ::1/128. Plain http, of loopback, needs no certificates.
        try:
            self._tls = self._tls or (self._target.base_url.startswith("https:") and httpx.create_ssl_context())
            limits = httpx.Limits(max_connections=self._limit // max(1, self._limit // 20))
            http = httpx.Client(verify=self._tls, trust_env=False, proxy=proxy_of(self._target), limits=limits)
        except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:  # what the environment holds
            # What is said about a wrong URL may quote the proxy's password.
            told = shown(error) if isinstance(error, ImportError | OSError) else type(error).__name__
            cause = f"httpx cannot make a client: {self._target.key.redact(told)}"
            hint = "Look at HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE, or give an http_client=."
            raise ConfigurationError(cause=cause, hint=hint) from None
        guard(http, bool(self._tls))
        return http

    def usable(self) -> list[httpx.Client]:
        """Return the connections for this process. Raises ConfigurationError when there are none."""
        owner, foreign = os.getpid(), self._foreign
        closed = self._closed or (foreign is not None and foreign.is_closed)
        check(not closed, "this client is closed", "Make its calls before it is closed, or make another.")
        if self._owner not in (None, owner):
            moves = not hasattr(getattr(foreign, "_transport", None), "_pool")
            check(moves, "http_client belongs to another process", "Make one in each, with its client.")
            # After a fork the old connections are not this caller's.
            self._pool = [
                self._foreign or self._new_http() for _ in range(1 if self._foreign else max(1, self._limit // 20))
            ]
        self._owner = owner
        return self._pool

    def close(self) -> None:
        """Close the connections, unless the HTTP client is the caller's."""
        self._closed = self._closes
        with suppress(RuntimeError):  # the connections' event loop has ended before
            for http in self._pool if self._closed else ():
                http.close()

    def attempt(self, ask: Ask, on_behalf_of: str | None, timeout: float) -> Answer | NoAnswer:
        """Make one request, and return what came of it within `timeout` seconds.

        An exception from outside, such as a cancellation, comes out as it is, without the frames that hold the key.
        """
        outer = sys.exception()
        try:
            return self._attempt(ask, on_behalf_of, timeout)
        except BaseException as error:
            outside = from_outside(error) or error
            forget_frames(outside, outer)
            if isinstance(outside, Exception | KeyboardInterrupt) and self._foreign is None:
                # A signal handler that raises may leave locks of httpcore locked: the next call makes a new pool.
                self._owner = ()
        raise outside

    def _attempt(self, ask: Ask, on_behalf_of: str | None, timeout: float) -> Answer | NoAnswer:
        request = build(ask, self._target, on_behalf_of, timeout)
        try:
            self.usable()
        except ConfigurationError as error:
            return NoAnswer(error.cause, not_sent=True)
        current.set(evidence := Evidence(self._clock.monotonic, timeout))
        try:
            with nullcontext(timeout):
                self._send(request, evidence)
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
        self._reports = self._reports or evidence.reports
        return evidence.answer(self._target.key, reported=self._reports)

    def _send(self, request: httpx.Request, evidence: Evidence) -> None:
        """Write the request, and give its answer to the evidence as it arrives."""
        idle = self.usable()
        http = idle[get_native_id() % len(idle)]
        if self._foreign is not None or not hasattr(http._transport, "_pool"):  # pyright: ignore[reportPrivateUsage]
            request.extensions["trace"] = evidence.trace
        with closing(http.send(request, auth=None, follow_redirects=False, stream=True)) as response:
            if evidence.reads == 0:
                raise httpx.RemoteProtocolError("an answer was there before the request was written")
            evidence.status_code, evidence.headers = response.status_code, response.headers
            # Only what was asked for is unpacked: 2 KB of `gzip, gzip` may become gigabytes at once.
            gzip = response.is_stream_consumed or response.headers.get("content-encoding", "").strip().lower() == "gzip"
            for chunk in response.iter_bytes() if gzip else response.iter_raw():
                evidence.add(chunk)
                del chunk  # a traceback that shows locals must not show what a server may quote
            evidence.whole = True
