"""One attempt over httpx: what counts as not sent, bodies, event hooks, and whose the HTTP client is."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import httpcore
import httpx
import pytest
from pytest_httpx import HTTPXMock

import sendgrid_campaigns as sg
from doubles import DRAFT, FakeClock, Server, Style, http_client_of, no, report

JSON = httpx.Response(200, json=DRAFT).content
ONCE = sg.Retry(attempts=1, settle=1)

# --- how far a request got ---

EXCEPTIONS = [value for value in vars(httpx).values() if isinstance(value, type) and issubclass(value, Exception)]
NO_REQUEST = {"PoolTimeout", "UnsupportedProtocol", "LocalProtocolError", "InvalidURL"}
NO_CONNECTION = {"ConnectError", "ConnectTimeout", "ProxyError"}


@pytest.mark.parametrize("progress", ["nothing", "connecting", "tunnel", "writing"])
@pytest.mark.parametrize("kind", [*EXCEPTIONS, OSError, TimeoutError], ids=lambda kind: kind.__name__)
def test_every_exception_of_httpx(style: Style, kind: type[Exception], progress: str) -> None:
    """A connection error proves "not sent" only while the transport reports that it wrote nothing."""

    def failing(request: httpx.Request) -> httpx.Response:
        if progress != "nothing":
            report(request, "connection.connect_tcp.started")
        if progress in ("tunnel", "writing"):
            report(request, "http11.send_request_headers.started", b"CONNECT" if progress == "tunnel" else b"POST")
        error: Any = kind.__new__(kind)
        error.args = ("why",)
        raise error

    reports = progress in ("connecting", "tunnel")
    not_sent = reports if kind.__name__ in NO_CONNECTION else kind.__name__ in NO_REQUEST and progress != "writing"
    campaigns = style.client(failing, retry=ONCE)
    error = style.error(sg.NotAppliedError if not_sent else sg.OutcomeUnknownError, campaigns.create, "x")
    assert kind.__name__ in error.cause
    read = style.error(sg.APIConnectionError, campaigns.get, 4900)
    assert read.attempts[0].proof == ("not sent" if not_sent else "unknown")


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_evidence_is_counted(style: Style, writes: int) -> None:
    """A transport that repeats may have carried out a request before the refusal; a cache never sent one."""

    def answering(request: httpx.Request) -> httpx.Response:
        report(request, "connection.connect_tcp.started")
        for _ in range(writes):
            report(request, "http11.send_request_headers.started")
        return no(400)

    kind = sg.BadRequestError if writes == 1 else sg.OutcomeUnknownError
    style.error(kind, style.client(answering, retry=ONCE).create, "x")


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, MemoryError, KeyboardInterrupt])
def test_other_exceptions_come_out_as_they_are(style: Style, campaigns: Any, server: Server, kind: Any) -> None:
    """R10: only what HTTP libraries and the OS raise says something about a request."""
    server.post(error := kind("a hook of the caller's"))
    raised = style.error(kind, campaigns.send, 4900)
    assert raised is error
    assert len(raised.__notes__) == 1
    assert server.methods == ["GET", "POST"]


# --- bodies ---


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, sync and async; an exception among them is raised when its turn comes."""

    def __init__(self, *pieces: bytes | Exception, clock: FakeClock | None = None) -> None:
        self._pieces = pieces
        self._clock = clock
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if self._clock:
                self._clock.now += 1
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


PACKED = gzip.compress(JSON, mtime=0)
RESET = httpx.ReadError("reset")
BROKEN: dict[str, tuple[Any, str]] = {
    "cut off": ((JSON[:50], RESET), ""),
    "stalled": ((JSON[:50], httpx.ReadTimeout("slow")), ""),
    "too large": ((b" " * 2**20,) * 70, ""),
    "packed and cut": ((PACKED[:40],), "gzip"),
    "a bomb": ((gzip.compress(b" " * 2**27),), "gzip"),
    "no gzip": ((b"no gzip",), "gzip"),
    "deflate": ((zlib.compress(JSON),), "deflate"),
    "packed twice": ((gzip.compress(PACKED),), "gzip, gzip"),
}


def streams(encoding: str, code: int, *pieces: Any) -> Any:
    headers = {"Content-Encoding": encoding} if encoding else {}
    return lambda request: httpx.Response(code, headers=headers, stream=Stream(*pieces))


@pytest.mark.parametrize("name", BROKEN)
def test_a_body_that_does_not_come_whole(style: Style, server: Server, name: str) -> None:
    pieces, encoding = BROKEN[name]
    campaigns = style.client(server, retry=ONCE)
    server.get(streams(encoding, 200, *pieces))
    error = style.error(sg.InvalidResponseError, campaigns.get, 4900)
    assert error.status_code == 200
    assert "cut off, could not be decoded, or was too large" in error.cause or "no JSON" in error.cause
    server.get(httpx.Response(200, json=DRAFT))
    server.post(streams(encoding, 201, *pieces))
    assert style.do(campaigns.send, 4900) == sg.SendReceipt(4900, None)  # R5


def test_bodies_that_do(style: Style, server: Server, clock: FakeClock) -> None:
    campaigns = style.client(server, retry=ONCE, clock=clock)
    for data, encoding in ((PACKED, "gzip"), (PACKED, " GZIP "), (JSON, "identity"), (JSON, "")):
        server.get(streams(encoding, 200, data[:20], data[20:]))
        assert style.do(campaigns.get, 4900).title == "March Newsletter"
    server.get(streams("", 200, b'{"result": [', *[b" " * 2**20] * 20, b"]}"))  # a page of long texts
    assert style.do(campaigns.list) == ()
    for pieces in ((JSON,), (b"{", RESET), (b" " * 2**27,), (b"",)):
        stream = Stream(*pieces)
        server.get(lambda request, stream=stream: httpx.Response(200, stream=stream))  # type: ignore[misc]
        with suppress(sg.SendGridError):
            style.do(campaigns.get, 4900)
        assert stream.closed
    began = clock.now
    server.get(lambda request: httpx.Response(200, stream=Stream(*[b" "] * 100, clock=clock)))
    style.error(sg.InvalidResponseError, campaigns.get, 4900)
    assert clock.now - began <= 31  # the timeout of the whole attempt


# --- the HTTP client ---


def test_no_redirect_and_no_cookie(style: Style) -> None:
    seen: list[tuple[str, str | None]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, request.headers.get("cookie")))
        headers = {"Location": "https://elsewhere.example/", "Set-Cookie": "session=acme"}
        return httpx.Response(200 if request.method == "GET" else 307, json=DRAFT, headers=headers)

    http = style.http_class(transport=httpx.MockTransport(handler), follow_redirects=True)
    campaigns = style.client(handler, http_client=http, retry=ONCE)
    style.error(sg.OutcomeUnknownError, campaigns.on_behalf_of("acme").send, 4900)
    style.do(campaigns.get, 4900)
    assert {*seen} == {("api.sendgrid.com", None)}
    style.close(campaigns)
    assert not http.is_closed


def test_each_request_has_its_timeouts(style: Style, server: Server) -> None:
    style.do(style.client(server).get, 4900)
    style.do(style.client(server, timeout=2, connect_timeout=5).get, 4900)
    first, second = (request.extensions["timeout"] for request in server.requests)
    assert first == {"connect": 5.0, "read": 30.0, "write": 30.0, "pool": 27.0}
    # Waiting for a connection ends before the attempt does, so that it is known that nothing was sent.
    assert second == {"connect": 1.8, "read": 2, "write": 2, "pool": 1.8}


def test_no_request_waits_for_a_connection_beyond_the_deadline_or_on_an_old_state(style: Style, server: Server) -> None:
    server.answer("DELETE", httpx.Response(204))
    style.do(style.client(server, retry=sg.Retry(deadline=20)).delete, 4900)
    read, deleted = (request.extensions["timeout"]["pool"] for request in server.requests)
    assert (read, deleted) == (20.0, 5.0)  # to delete rests on the state just read


def test_an_async_attempt_ends_in_time_whatever_the_transport_does() -> None:
    class Never(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def main() -> None:
        settings = {"timeout": 0.001, "retry": ONCE, "clock": FakeClock()}
        await sg.AsyncCampaignsClient("SG.key", http_client=httpx.AsyncClient(transport=Never()), **settings).get(4900)

    with pytest.raises(sg.APIConnectionError, match="TimeoutError"):
        asyncio.run(main())


# --- many in flight, on asyncio ---


class Slow(httpx.AsyncBaseTransport):
    """Answers after some rounds of the event loop; after 0, never. Notes in which order, and the most at once."""

    def __init__(self, rounds: int = 5) -> None:
        self.rounds, self.order, self.now, self.most = rounds, list[str](), 0, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        id = request.url.path.rpartition("/")[2]
        self.order.append(id)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            for _ in range(self.rounds):
                await asyncio.sleep(0)
            if not self.rounds:
                await asyncio.Event().wait()
        finally:
            self.now -= 1
        return httpx.Response(200, json={"id": int(id), "status": "Draft"})


@pytest.fixture
def slow() -> Slow:
    return Slow()


def crowded(slow: Slow, **settings: Any) -> sg.AsyncCampaignsClient:
    http = httpx.AsyncClient(transport=slow)
    return sg.AsyncCampaignsClient("SG.key", http_client=http, retry=ONCE, clock=FakeClock(), **settings)


def test_no_more_requests_than_connections_and_each_in_its_turn(slow: Slow) -> None:
    async def main() -> None:
        campaigns = crowded(slow, max_connections=7)
        await asyncio.gather(*(campaigns.get(id) for id in range(1, 501)))

    slow.rounds = 3
    asyncio.run(main())
    assert slow.most == 7
    assert slow.order == [str(id) for id in range(1, 501)]


def test_a_place_is_given_back_by_a_call_that_is_cancelled(slow: Slow) -> None:
    async def main() -> None:
        campaigns = crowded(slow, max_connections=1)
        for _ in range(3):
            tasks = [asyncio.create_task(campaigns.get(id)) for id in (1, 2, 3)]
            await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        slow.rounds = 1
        await campaigns.get(4)

    slow.rounds = 0
    asyncio.run(main())
    assert slow.order == ["1", "1", "1", "4"]


@pytest.mark.parametrize("options", [{"timeout": 0.001}, {"retry": sg.Retry(attempts=1, deadline=0.001)}])
def test_a_request_that_finds_no_place_was_not_sent(slow: Slow, options: dict[str, Any]) -> None:
    async def main() -> None:
        campaigns = crowded(slow, max_connections=1)
        first = asyncio.create_task(campaigns.get(1))
        await asyncio.sleep(0)  # takes no time: the call takes the only place
        async with asyncio.timeout(5):  # far below the other limit
            with pytest.raises(sg.NotAppliedError, match="all 1 connections were in use"):
                await campaigns.with_options(**options).ensure_sent(2)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    slow.rounds = 0
    asyncio.run(main())
    assert slow.order == ["1"]


# --- the own connections ---


def test_the_own_pool(style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    for settings, limits in (({}, (20, 20)), ({"max_connections": 7}, (7, 7)), ({"max_connections": 50}, (25, 25))):
        campaigns = style.client_class("SG.key", **settings)
        http = http_client_of(campaigns)
        pool = http._transport._pool
        # An async client has an HTTP client for each connection.
        assert (pool._max_connections, pool._max_keepalive_connections) == ((1, 1) if style.is_async else limits)
        assert not isinstance(pool._network_backend, httpcore.SyncBackend | httpcore.AnyIOBackend), "keeps no time"
        assert not http.follow_redirects
        style.close(campaigns)
        assert http.is_closed
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for base_url, proxied in (("http://localhost:9", False), ("https://api.sendgrid.com", True)):
        campaigns = style.client_class("SG.key", base_url=base_url)  # no proxy is shown the key over plain http
        assert any(transport for transport in http_client_of(campaigns)._mounts.values()) is proxied
        style.close(campaigns)


def test_an_instrumented_client_works(style: Style, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by tracing tools, which put transports without a pool in place of httpx's own."""

    def instrumented(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self._transport = httpx.MockTransport(server)

    original = style.http_class.__init__
    monkeypatch.setattr(style.http_class, "__init__", instrumented)
    campaigns = style.client_class("SG.key", clock=FakeClock())
    assert style.do(campaigns.send, 4900).status == "Scheduled"
    server.post(httpx.ReadTimeout("slow"))
    style.error(sg.OutcomeUnknownError, campaigns.send, 4900)
    style.close(campaigns)


def test_another_process_or_event_loop(style: Style, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The own pool is made anew; a foreign one is refused; a transport without connections goes on."""
    own, foreign = style.client_class("SG.key"), style.client_class("SG.key", http_client=style.http_class())
    in_memory = style.client(server)

    def usable_now(client: Any) -> Any:
        client._exchange.usable()
        return http_client_of(client)

    async def usable_async(client: Any) -> Any:
        return usable_now(client)

    def usable(client: Any) -> Any:
        return style.do(usable_async, client) if style.is_async else usable_now(client)

    first = usable(own)
    assert (usable(own), usable(foreign)) == (first, foreign._exchange._foreign)
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert (usable(own) is not first, usable(in_memory)) == (True, in_memory._exchange._foreign)
    assert "belongs to another process" in style.error(sg.ConfigurationError, usable, foreign).cause
    if style.is_async:
        second = usable(own)
        assert asyncio.run(usable_async(own)) is not second
        with pytest.raises(sg.ConfigurationError, match="event loop"):
            asyncio.run(usable_async(foreign))


@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize("account", [None, "acme@example.com"])
def test_the_wire(style: Style, httpx_mock: HTTPXMock, account: str | None, foreign: bool) -> None:
    """To the byte. Nothing of a foreign HTTP client reaches the wire."""
    now = "https://gateway.example/4900/v3/campaigns/4900/schedules/now"
    httpx_mock.add_response(method="GET", json={"id": 4900, "status": "Draft"})
    httpx_mock.add_response(method="POST", url=now, status_code=201, json={"id": 4900, "status": "Scheduled"})
    theirs: dict[str, Any] = {"headers": {"x-theirs": "1", "on-behalf-of": "others"}, "cookies": {"session": "theirs"}}
    theirs |= {"params": {"a": "1"}, "auth": ("user", "password"), "base_url": "https://elsewhere.example/v9"}
    settings = {"http_client": style.http_class(**theirs)} if foreign else {}
    campaigns = style.client_class("SG.wire", base_url="https://gateway.example/4900/", **settings)
    style.do((campaigns.on_behalf_of(account) if account else campaigns).send, 4900)
    read, posted = httpx_mock.get_requests()
    assert (str(read.url), str(posted.url)) == ("https://gateway.example/4900/v3/campaigns/4900", now)
    always = {
        "accept": "application/json",
        "accept-encoding": "gzip",
        "cache-control": "no-cache, no-store",
        "user-agent": f"sendgrid-campaigns/{sg.__version__} httpx/{httpx.__version__}",
        **({"on-behalf-of": account} if account else {}),
        "authorization": "Bearer SG.wire",
    }
    host = {"host": "gateway.example"}
    # No body: HTTP says so by a length of 0 (RFC 9110, 8.6), and there is nothing for a Content-Type to describe.
    for request, expected in ((read, {**host, **always}), (posted, {**host, "content-length": "0", **always})):
        assert [(name.lower().decode(), value.decode()) for name, value in request.headers.raw] == [*expected.items()]
        assert request.content == b""
    style.close(campaigns)
