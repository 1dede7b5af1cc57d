"""The two clients: what they are told, the connection pool, views on behalf of others, and the I/O.

CampaignsClient blocks, AsyncCampaignsClient is for asyncio. Both run the generators of operations.py, step by step.
"""

import copy
import os
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, aclosing, closing
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, ClassVar, Generic, NoReturn, Self, TypeVar, overload

import attrs
import httpx

from sendgrid_campaigns.arguments import require_least
from sendgrid_campaigns.errors import ConfigurationError
from sendgrid_campaigns.exchange import Answer, NoAnswer, Seen, Steps, Turn, Wait, Watch
from sendgrid_campaigns.impersonation import header_value
from sendgrid_campaigns.models import Campaign
from sendgrid_campaigns.operations import Awaiting, Blocking, Operations
from sendgrid_campaigns.reads import Pages
from sendgrid_campaigns.settings import BASE_URL, ApiKey, Clock, Retry, Settings

Http = TypeVar("Http", httpx.Client, httpx.AsyncClient)
T = TypeVar("T")


class _Client(Operations, Generic[Http]):
    """What both clients have in common: all but the I/O."""

    _new_http: ClassVar[Any]
    _other_http: ClassVar[str]
    """What to do with an http_client that is none of these."""
    _http: Http
    _closes_http: bool

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str = BASE_URL,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        max_connections: int = 100,
        retry: Retry = Retry(),  # noqa: B008 - frozen
        http_client: Http | None = None,
        clock: Clock = Clock(),  # noqa: B008 - holds no state
    ) -> None:
        """Settings are checked here and never change.

        api_key: without it, the environment variable SENDGRID_API_KEY.
        base_url: https, or http to loopback; may hold a path.
        timeout: seconds for one attempt of a request, in all; connect_timeout: the share that connecting may take.
        max_connections: at one time, all views together; a call waits for a free one within its timeout.
        retry: how patiently a call repeats what is safe to repeat, and its deadline.
        http_client: an httpx client of yours, for a proxy, certificates or a transport. It is never closed, and of its
        own headers, cookies, authentication and base URL nothing is used. httpx adds cookies of answers to its jar.
        clock: for tests.

        Raises ConfigurationError for anything that cannot be right.
        """
        try:
            key = ApiKey(api_key)
        finally:
            del api_key  # A traceback that shows locals must not show it.
        self._settings = Settings(
            key=key, base_url=base_url, timeout=timeout, connect_timeout=connect_timeout, retry=retry, clock=clock
        )
        if http_client is not None and not isinstance(http_client, self._new_http):
            raise ConfigurationError(
                problem=f"http_client is a {type(http_client).__name__}, which {type(self).__name__} cannot use",
                remedy=self._other_http,
            )
        from sendgrid_campaigns.deadline import Deadline  # httpcore is a fifth of an import, and a client needs it

        self._closes_http = http_client is None
        self._deadline = Deadline(clock.monotonic)
        self._http = self._own_http(max_connections) if http_client is None else http_client
        self._process = os.getpid()
        self._turns: dict[int | str, Any] = {}
        """What calls of this client and its views write to at the moment."""
        self._turn_given_back = threading.Condition()

    @overload
    def on_behalf_of(self, subuser: str, /) -> Self: ...
    @overload
    def on_behalf_of(self, /, *, account_id: str) -> Self: ...
    def on_behalf_of(self, subuser: str | None = None, /, *, account_id: str | None = None) -> Self:
        """A view of this client that acts for a Subuser, by username, or for a customer account, by id.

        The view shares pool and settings; each of its requests carries the header, and no other client's does.
        Closing a view closes nothing. It takes the parent account's key.

        Raises ConfigurationError for a value that cannot be right.

        https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/on-behalf-of
        """
        view = copy.copy(self)
        view._settings = attrs.evolve(self._settings, on_behalf_of=header_value(subuser, account_id))
        return view

    def _own_http(self, max_connections: int) -> Any:
        require_least("max_connections", max_connections, 1)
        # Of httpx's own default for what is kept open, 20: with 100, its pool for asyncio has an eighth of the rate.
        limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=min(20, max_connections))
        # Over plain http the environment's proxy would be shown the key: loopback needs none.
        trust_env = self._settings.base_url.startswith("https:")
        try:
            http = self._new_http(follow_redirects=False, trust_env=trust_env, limits=limits)
        except Exception as error:  # whatever the environment holds
            raise ConfigurationError(
                problem=f"httpx cannot make a client: {error}",
                remedy="Look at HTTPS_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE, or give an http_client=.",
            ) from None
        http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return http

    def _check_usable(self) -> None:
        if self._http.is_closed:
            raise ConfigurationError(
                problem=f"this {type(self).__name__} is closed",
                remedy="Make its calls inside its `with` block, or make a new client. No request was made.",
            )
        if self._process != os.getpid():
            # Two processes on one connection read each other's answers.
            raise ConfigurationError(
                problem=f"this {type(self).__name__} was made before this process was forked",
                remedy="Make a client in each process. No request was made.",
            )

    def __copy__(self) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__, _closes_http=False)
        return twin

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} is not pickled: it holds an API key and connections. Make one in each process."
        )

    def __repr__(self) -> str:
        settings: Settings | None = getattr(self, "_settings", None)  # None in a traceback out of __init__
        if settings is None:
            return f"{type(self).__name__}(...)"
        return f"{type(self).__name__}(base_url={settings.base_url!r}, on_behalf_of={settings.on_behalf_of!r})"


def _telling(watch: Watch) -> Callable[[object, BaseException | None, object], None]:
    """An exit of an ExitStack."""

    def exit(kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None:
            watch.told(error)

    return exit


class CampaignsClient(_Client[httpx.Client], Blocking):
    """SendGrid's Campaigns API, blocking. Safe to share between threads; use it as a context manager, or close it."""

    _new_http = httpx.Client
    _other_http = "Give an httpx.Client."

    def close(self) -> None:
        """Close the connections, unless they are somebody else's: http_client= and views keep theirs."""
        if self._closes_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def iterate(self, *, page_size: int = 20) -> Iterator[Campaign]:
        """Every campaign, newest first, read page by page as you go.

        One that exists all the while is given exactly once, whatever is created or deleted meanwhile. One that is
        created or deleted while this runs may or may not be given.
        """
        pages = Pages(page_size)
        while not pages.done:
            yield from pages.take(self.list(limit=page_size, offset=pages.offset))

    def _run(self, steps: Steps[T]) -> T:
        self._check_usable()
        with ExitStack() as at_end:
            try:
                step = next(steps)
                while True:
                    seen: Seen = None
                    match step:
                        case Wait():
                            self._settings.clock.sleep(step.seconds)
                        case Turn():
                            seen = self._take(step, at_end)
                        case Watch():
                            at_end.push(_telling(step))
                        case _:
                            seen = self._fetch(step)
                    step = steps.send(seen)
            except StopIteration as done:
                result: T = done.value
                return result

    def _take(self, turn: Turn, at_end: ExitStack) -> bool:
        owner = object()
        for _ in range(
            2
        ):  # before it is taken, and twice: an interruption must not keep it, not even one of the giving back
            at_end.callback(self._give_back, turn.key, owner)
        with self._turn_given_back:
            free = self._turn_given_back.wait_for(lambda: turn.key not in self._turns, turn.seconds)
            if free:
                self._turns[turn.key] = owner
            return free

    def _give_back(self, key: int | str, owner: object) -> None:
        with self._turn_given_back:
            if self._turns.get(key) is owner:
                del self._turns[key]
                self._turn_given_back.notify_all()

    def _own_http(self, max_connections: int) -> Any:
        http = super()._own_http(max_connections)
        self._deadline.guard(http)
        return http

    def _fetch(self, request: httpx.Request) -> Answer | NoAnswer:
        with self._deadline.within(self._settings.timeout):
            return self._fetch_in_time(request)

    def _fetch_in_time(self, request: httpx.Request) -> Answer | NoAnswer:
        attempt = _Attempt(self._settings, request)
        request.extensions["trace"] = attempt.trace
        try:
            response = self._http.send(request, auth=None, follow_redirects=False, stream=True)
        except Exception as error:
            if (answered := attempt.raised_for_its_status(error)) is None:
                return attempt.no_answer(error)
            response = answered
        try:
            with closing(response):
                if attempt.begin_body(response):
                    for chunk in response.iter_raw():
                        attempt.add(chunk)
                        del chunk  # a traceback that shows locals must not show what a server may quote
        except Exception:
            attempt.lose_body()
        return attempt.answer(response)


class AsyncCampaignsClient(_Client[httpx.AsyncClient], Awaiting):
    """SendGrid's Campaigns API for asyncio. Use it as an asynchronous context manager, or `await client.aclose()`."""

    _new_http = httpx.AsyncClient
    _other_http = "Give an httpx.AsyncClient."

    async def aclose(self) -> None:
        """Close the connections, unless they are somebody else's: http_client= and views keep theirs."""
        if self._closes_http:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def iterate(self, *, page_size: int = 20) -> AsyncIterator[Campaign]:
        """Every campaign, newest first, read page by page as you go.

        One that exists all the while is given exactly once, whatever is created or deleted meanwhile. One that is
        created or deleted while this runs may or may not be given.
        """
        pages = Pages(page_size)
        while not pages.done:
            for campaign in pages.take(await self.list(limit=page_size, offset=pages.offset)):
                yield campaign

    async def _run(self, steps: Steps[T]) -> T:
        self._check_usable()
        with ExitStack() as at_end:
            try:
                step = next(steps)
                while True:
                    seen: Seen = None
                    match step:
                        case Wait():
                            await self._settings.clock.sleep_async(step.seconds)
                        case Turn():
                            seen = await self._take(step, at_end)
                        case Watch():
                            at_end.push(_telling(step))
                        case _:
                            seen = await self._fetch(step)
                    step = steps.send(seen)
            except StopIteration as done:
                result: T = done.value
                return result

    async def _take(self, turn: Turn, at_end: ExitStack) -> bool:
        import asyncio

        try:
            async with asyncio.timeout(turn.seconds):
                while turn.key in self._turns:
                    await self._turns[turn.key].wait()
        except TimeoutError:
            return False
        self._turns[turn.key] = given_back = asyncio.Event()
        at_end.callback(given_back.set)
        at_end.callback(self._turns.pop, turn.key)
        return True

    async def _fetch(self, request: httpx.Request) -> Answer | NoAnswer:
        import asyncio  # a third of an import of this package, which blocking code need not pay

        attempt = _Attempt(self._settings, request)
        request.extensions["trace"] = attempt.trace_async
        end = asyncio.get_running_loop().time() + self._settings.timeout
        try:
            async with asyncio.timeout_at(end):
                response = await self._http.send(request, auth=None, follow_redirects=False, stream=True)
        except Exception as error:
            if (answered := attempt.raised_for_its_status(error)) is None:
                return attempt.no_answer(error)
            response = answered
        try:
            async with asyncio.timeout_at(end), aclosing(response):
                if attempt.begin_body(response):
                    async for chunk in response.aiter_raw():
                        attempt.add(chunk)
                        del chunk
        except Exception:
            attempt.lose_body()
        return attempt.answer(response)


class _Attempt:
    """One request in flight: how far it got, and the body as it arrives, decoded and never over the largest size."""

    def __init__(self, settings: Settings, request: httpx.Request) -> None:
        self._settings = settings
        self._request = request
        self._largest_body: int = request.extensions["largest_body"]
        self._began = settings.clock.monotonic()
        self._started: bool | None = None
        self._headers: Mapping[str, str] = {}
        self._decoder: Any = None
        self._raw_size = 0
        self._body = bytearray()
        self._body_lost = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Told by httpcore what it does: what fails before it began to write the request has never left.

        https://www.encode.io/httpcore/extensions/#trace
        """
        if self._started:
            return
        # A proxy is asked for a tunnel by a request of its own, before ours.
        writes = event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT"
        self._started = writes

    async def trace_async(self, event: str, info: Mapping[str, Any]) -> None:
        self.trace(event, info)

    def raised_for_its_status(self, error: Exception) -> httpx.Response | None:
        """The answer to this very request, when an event hook has raised for its status."""
        if isinstance(error, httpx.HTTPStatusError) and error.response.request is self._request:
            return error.response
        return None

    def begin_body(self, response: httpx.Response) -> bool:
        """Whether there is a body to be added; none when a mock transport or an event hook has read it already."""
        raw = response.headers.raw
        self._headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
        if response.is_stream_consumed:
            self._body = bytearray(response.content)
            return False
        encoding = self._headers.get("content-encoding", "").strip().lower() or "identity"
        if encoding in ("gzip", "deflate"):
            self._decoder = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)  # 32: finds out which of the two it is
        elif encoding != "identity":
            raise ValueError(f"unknown encoding {encoding}")
        return True

    def add(self, chunk: bytes) -> None:
        self._raw_size += len(chunk)
        room = self._largest_body + 1 - len(self._body)
        behind_its_end = self._decoder is not None and self._decoder.eof
        self._body += self._decoder.decompress(chunk, room) if self._decoder else chunk[:room]
        if behind_its_end or max(self._raw_size, len(self._body)) > self._largest_body:
            raise ValueError("too large")
        if self._seconds() > self._settings.timeout:
            raise TimeoutError

    def lose_body(self) -> None:
        self._body_lost = True

    def answer(self, response: httpx.Response) -> Answer:
        whole = not self._body_lost and (self._decoder is None or self._decoder.eof)
        return Answer(
            status_code=response.status_code,
            headers=self._headers,
            body=bytes(self._body) if whole else None,
            seconds=self._seconds(),
        )

    def no_answer(self, error: Exception) -> NoAnswer:
        return NoAnswer(error=error, started=self._started, seconds=self._seconds())

    def _seconds(self) -> float:
        return self._settings.clock.monotonic() - self._began
