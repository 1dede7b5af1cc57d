# Generated from transport/exchange.py by scripts/unasync.py: do not edit; change the source and run `make generate`.
"""One attempt over httpx: an Ask becomes a request, and what comes back becomes an Answer or a NoAnswer."""

import sys
from contextlib import closing
from http.cookiejar import DefaultCookiePolicy

import httpx

from sendgrid_campaigns.config import Clock, check_count
from sendgrid_campaigns.errors import ConfigurationError
from sendgrid_campaigns.protocol.flow import Answer, Ask, NoAnswer
from sendgrid_campaigns.transport.attempt import Attempt, current, forget_frames, from_outside, text_of
from sendgrid_campaigns.transport.owner import no_time_limit, process
from sendgrid_campaigns.transport.requests import Target, build, largest_body

NO_REQUEST = (httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)
"""What httpx raises before it has even a connection. Other errors prove nothing, unless the transport reports."""


class Exchange:
    """The HTTP client behind a client and its views, and single attempts over it."""

    def __init__(self, target: Target, clock: Clock, http_client: httpx.Client | None, max_connections: int) -> None:
        """Take over a foreign HTTP client, or make one.

        Raises ConfigurationError for an HTTP client that cannot be used.
        """
        check_count("max_connections", max_connections, 1)
        if not isinstance(http_client, httpx.Client | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            kind = f"{type(http_client).__module__}.{type(http_client).__qualname__}"
            raise ConfigurationError(f"http_client is a {kind}", "Give an httpx.Client.")
        self.target = target
        self._clock = clock
        self.closes: bool = http_client is None
        """Whether closing the client closes the HTTP client."""
        self._foreign = http_client is not None
        # Of httpx's own default for what is kept open, 20: with 100, its pool for asyncio has an eighth of the rate.
        self._limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=min(20, max_connections))
        self._guarded = False
        self._reports = False
        self._owner: object = None
        self._http = self._new_http() if http_client is None else http_client

    def _new_http(self) -> httpx.Client:
        from sendgrid_campaigns._sync.streams import (
            guard,
        )  # httpcore is a fifth of an import, and a client needs it

        try:
            http = httpx.Client(
                follow_redirects=False,
                # Over plain http the environment's proxy would be shown the key: loopback needs none.
                trust_env=self.target.base_url.startswith("https:"),
                limits=self._limits,
            )
        except Exception as error:  # whatever the environment holds
            raise ConfigurationError(
                f"httpx cannot make a client: {text_of(error, self.target.key)}",
                "Look at HTTPS_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE, or give an http_client=.",
            ) from None
        http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._guarded = guard(http)
        return http

    def usable_http(self) -> httpx.Client:
        """Return the HTTP client for this process. Raises ConfigurationError when there is none."""
        owner = process()
        if self._http.is_closed:
            raise ConfigurationError(
                "this client is closed", "Make its calls inside its `with` block, or make a new client."
            )
        if self._owner not in (None, owner):
            if self._foreign and hasattr(self._http._transport, "_pool"):  # pyright: ignore[reportPrivateUsage]
                raise ConfigurationError(
                    "http_client was used in another process before",
                    "Make a client, and its http_client, in each process.",
                )
            # After a fork the old connections are not this caller's.
            self._http = self._http if self._foreign else self._new_http()
        self._owner = owner
        return self._http

    def close(self) -> None:
        """Close the connections, unless the HTTP client is the caller's."""
        if self.closes:
            self._http.close()

    def attempt(self, ask: Ask, on_behalf_of: str | None) -> Answer | NoAnswer:
        """Make one request, and return what came of it within the timeout.

        An exception from outside, such as a cancellation, comes out as it is, without the frames that hold the key.
        """
        outer = sys.exception()
        try:
            return self._attempt(ask, on_behalf_of)
        except BaseException as error:
            outside = from_outside(error) or error
            forget_frames(outside, outer)
        raise outside

    def _attempt(self, ask: Ask, on_behalf_of: str | None) -> Answer | NoAnswer:
        process()  # before anything that needs an event loop
        attempt = Attempt(self._clock.monotonic, self.target.timeout, largest_body(ask), counts_reads=self._guarded)
        current.set(attempt)
        request = build(ask, self.target, on_behalf_of)
        try:
            with no_time_limit(self.target.timeout):
                self._send(request, attempt)
        except Exception as error:
            if from_outside(error) is not None:
                raise
            if attempt.status_code is None:
                self._reports = self._reports or attempt.reports
                return attempt.no_answer(text_of(error, self.target.key), not_sent=_not_sent(error, attempt))
            attempt.lose_body()
        self._reports = self._reports or attempt.reports
        return attempt.answer(self.target.key, reported=self._reports)

    def _send(self, request: httpx.Request, attempt: Attempt) -> None:
        """Write the request, and give its answer to the attempt as it arrives."""
        request.extensions["trace"] = attempt.trace
        try:
            response = self.usable_http().send(request, auth=None, follow_redirects=False, stream=True)
        except httpx.HTTPStatusError as error:  # an event hook has raised for the status of an answer
            if error.response.request is not request:
                raise
            response = error.response
        with closing(response):
            read = response.is_stream_consumed  # by a mock transport or an event hook
            attempt.begin_answer(response.status_code, response.headers, decoded=read)
            if read:
                attempt.add(response.content)
                return
            for chunk in response.iter_raw():
                goes_on = attempt.add(chunk)
                del chunk  # a traceback that shows locals must not show what a server may quote
                if not goes_on:
                    break


def _not_sent(error: Exception, attempt: Attempt) -> bool:
    return attempt.writes == 0 and (attempt.reports or isinstance(error, NO_REQUEST))
