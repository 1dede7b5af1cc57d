"""One attempt over httpx: what counts as not sent, bodies, event hooks, and whose the HTTP client is."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import httpcore
import httpx
import pytest
from pytest_httpx import HTTPXMock

from doubles import DRAFT, FakeClock, Server, Style, no, report
from sendgrid_campaigns import (
    APIConnectionError,
    AsyncCampaignsClient,
    CampaignsClient,
    ConfigurationError,
    InvalidResponseError,
    NotAppliedError,
    OutcomeUnknownError,
    Retry,
    SendGridError,
    SendReceipt,
    __version__,
)

JSON = httpx.Response(200, json=DRAFT).content
ONCE = Retry(attempts=1, settle=1)
FOREIGN = {
    "headers": {"x-theirs": "1", "on-behalf-of": "others"},
    "cookies": {"session": "theirs"},
    "params": {"a": "1"},
}


# --- how far a request got ---


def exceptions_of_httpx() -> list[type[Exception]]:
    return [value for value in vars(httpx).values() if isinstance(value, type) and issubclass(value, Exception)]


NO_REQUEST = {"PoolTimeout", "UnsupportedProtocol", "LocalProtocolError", "InvalidURL"}
NO_CONNECTION = {"ConnectError", "ConnectTimeout", "ProxyError"}


@pytest.mark.parametrize("progress", ["nothing", "connecting", "tunnel", "writing"])
@pytest.mark.parametrize("kind", [*exceptions_of_httpx(), OSError, TimeoutError], ids=lambda kind: kind.__name__)
def test_every_exception_of_httpx(style: Style, server: Server, kind: type[Exception], progress: str) -> None:
    """An exception proves "not sent" only while the transport reports that it wrote nothing."""

    def failing(request: httpx.Request) -> httpx.Response:
        if progress != "nothing":
            report(request, "connection.connect_tcp.started")
        if progress == "tunnel":
            report(request, "http11.send_request_headers.started", b"CONNECT")
        if progress == "writing":
            report(request, "http11.send_request_headers.started")
        error = kind.__new__(kind)
        error.args = ("why",)
        error.response = httpx.Response(404, request=httpx.Request("GET", "https://metrics.example"))  # type: ignore[attr-defined]
        raise error

    reports = progress in ("connecting", "tunnel")
    not_sent = reports if kind.__name__ in NO_CONNECTION else kind.__name__ in NO_REQUEST and progress != "writing"
    campaigns = style.client(failing, retry=ONCE)
    error = style.error(NotAppliedError if not_sent else OutcomeUnknownError, campaigns.create, "x")
    assert kind.__name__ in error.cause
    assert style.error(APIConnectionError, campaigns.get, 4900).attempts[0].proof == (
        "not sent" if not_sent else "unknown"
    )


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_evidence_is_counted(style: Style, server: Server, writes: int) -> None:
    """A transport that repeats may have carried out a request before the refusal; a cache never sent one."""

    def answering(request: httpx.Request) -> httpx.Response:
        report(request, "connection.connect_tcp.started")
        for _ in range(writes):
            report(request, "http11.send_request_headers.started")
        return no(400)

    with pytest.raises(SendGridError) as raised:
        style.do(style.client(answering, retry=ONCE).create, "x")
    assert isinstance(raised.value, OutcomeUnknownError) is (writes != 1)


@pytest.mark.parametrize("whose", ["the service's", "another's"])
def test_event_hooks_that_raise_leave_doubt(style: Style, server: Server, whose: str) -> None:
    metrics = httpx.Response(404, request=httpx.Request("POST", "https://metrics.example/"))

    def hook(response: httpx.Response) -> None:
        if response.request.method == "POST":
            (response if whose == "the service's" else metrics).raise_for_status()

    async def hook_async(response: httpx.Response) -> None:
        hook(response)

    hooks = {"response": [hook_async if style.is_async else hook]}
    http = style.http_class(transport=httpx.MockTransport(server), event_hooks=hooks)
    server.post(no(404))
    style.error(OutcomeUnknownError, style.client(server, http_client=http, retry=ONCE).send, 4900)


class Speechless(Exception):
    """An exception of a transport that fails to say what it is."""

    __module__ = "httpx"

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


def test_an_exception_that_cannot_say_what_it_is(style: Style, campaigns: Any, server: Server) -> None:
    server.post(Speechless())
    assert "Speechless" in style.error(OutcomeUnknownError, campaigns.send, 4900).cause


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, MemoryError])
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

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = pieces
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
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


def streamed(*pieces: bytes | Exception, encoding: str = "", code: int = 200) -> Any:
    headers = {"Content-Encoding": encoding} if encoding else {}
    return lambda request: httpx.Response(code, headers=headers, stream=Stream(*pieces))


PACKED = gzip.compress(JSON, mtime=0)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        *[(PACKED, encoding) for encoding in ("gzip", "GZIP", " gzip ")],
        (JSON, "identity"),
        (JSON, ""),
    ],
    ids=repr,
)
def test_encodings(style: Style, campaigns: Any, server: Server, data: bytes, encoding: str) -> None:
    server.get(streamed(data[:20], data[20:], encoding=encoding))
    assert style.do(campaigns.get, 4900).title == "March Newsletter"


@pytest.mark.parametrize(
    ("pieces", "encoding"),
    [
        ((JSON[:50], httpx.ReadError("reset")), ""),
        ((JSON[:50], httpx.ReadTimeout("slow")), ""),
        ((b" " * 2**20,) * 70, ""),
        ((PACKED[:-9],), "gzip"),
        ((gzip.compress(b" " * 2**27),), "gzip"),
        ((b"no gzip",), "gzip"),
        ((PACKED, *[bytes(2**16)] * 500), "gzip"),
        ((JSON,), "br"),
        ((JSON,), "deflate"),
    ],
    ids=[
        "cut off",
        "stalled",
        "too large",
        "packed and cut",
        "a bomb",
        "no gzip",
        "data behind its end",
        "br",
        "deflate",
    ],
)
def test_a_body_that_does_not_come_whole(style: Style, server: Server, pieces: Any, encoding: str) -> None:
    campaigns = style.client(server, retry=ONCE)
    server.get(streamed(*pieces, encoding=encoding))
    error = style.error(InvalidResponseError, campaigns.get, 4900)
    assert error.status_code == 200
    assert "cut off, could not be decoded, or was too large" in error.cause
    server.get(httpx.Response(200, json=DRAFT))
    server.post(streamed(*pieces, encoding=encoding, code=201))
    assert style.do(campaigns.send, 4900) == SendReceipt(4900, None)  # R5


def test_a_page_of_a_list_may_be_larger(style: Style, campaigns: Any, server: Server) -> None:
    server.get(streamed(b'{"result": [', *[b" " * 2**20] * 20, b"]}"))
    assert style.do(campaigns.list) == ()


def test_every_response_is_closed(style: Style, server: Server) -> None:
    campaigns = style.client(server, retry=ONCE)
    for pieces in ((JSON,), (b"{", httpx.ReadError("reset")), (b" " * 2**24,), (b"",)):
        stream = Stream(*pieces)
        server.get(lambda request, stream=stream: httpx.Response(200, stream=stream))  # type: ignore[misc]
        with suppress(SendGridError):
            style.do(campaigns.get, 4900)
        assert stream.closed


def test_a_body_that_takes_longer_than_the_timeout(style: Style, clock: FakeClock) -> None:
    class Drip(Stream):
        def __iter__(self) -> Iterator[bytes]:
            for byte in JSON * 10:
                clock.now += 1
                yield bytes([byte])

    campaigns = style.client(lambda request: httpx.Response(200, stream=Drip()), clock=clock, retry=ONCE)
    began = clock.now
    style.error(InvalidResponseError, campaigns.get, 4900)
    assert clock.now - began <= 31


# --- the HTTP client ---


def test_no_redirect_and_no_cookie(style: Style) -> None:
    seen: list[tuple[str, str | None]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, request.headers.get("cookie")))
        code = 200 if request.method == "GET" else 307
        headers = {"Location": "https://elsewhere.example/", "Set-Cookie": "session=acme"}
        return httpx.Response(code, json=DRAFT, headers=headers)

    http = style.http_class(transport=httpx.MockTransport(handler), follow_redirects=True)
    campaigns = style.client(handler, http_client=http, retry=ONCE)
    style.error(OutcomeUnknownError, campaigns.on_behalf_of("acme").send, 4900)
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


def test_an_async_attempt_ends_in_time_whatever_the_transport_does() -> None:
    class Never(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def main() -> None:
        http = httpx.AsyncClient(transport=Never())
        await AsyncCampaignsClient("SG.key", http_client=http, timeout=0.001, retry=ONCE, clock=FakeClock()).get(4900)

    with pytest.raises(APIConnectionError, match="TimeoutError"):
        asyncio.run(main())


def test_the_own_pool(style: Style) -> None:
    for settings, limits in (({}, (100, 20)), ({"max_connections": 7}, (7, 7))):
        campaigns = style.client_class("SG.key", **settings)
        http = campaigns._exchange._http
        pool = http._transport._pool
        assert (pool._max_connections, pool._max_keepalive_connections) == limits
        assert not isinstance(pool._network_backend, httpcore.SyncBackend | httpcore.AnyIOBackend), "keeps no time"
        assert not http.follow_redirects
        style.close(campaigns)
        assert http.is_closed
    for value in (0, -1, None, True, 2.5, "7"):
        error = style.error(ConfigurationError, lambda value=value: style.client_class("SG.key", max_connections=value))
        assert "max_connections is" in error.problem


def test_a_context_manager(style: Style) -> None:
    campaigns = style.client_class("SG.key")

    async def entered() -> Any:
        async with campaigns as entered:
            return entered

    if style.is_async:
        assert style.do(entered) is campaigns
    else:
        with campaigns as found:
            assert found is campaigns
    assert campaigns._exchange._http.is_closed


def test_no_proxy_is_shown_the_key_over_plain_http(style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for base_url, proxied in (("http://localhost:9", False), ("https://api.sendgrid.com", True)):
        client = style.client_class("SG.key", base_url=base_url)
        mounts = [transport for transport in client._exchange._http._mounts.values() if transport is not None]
        assert bool(mounts) is proxied
        style.close(client)


def test_an_instrumented_client_works(style: Style, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by tracing tools, which put transports without a pool in place of httpx's own."""

    def instrumented(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self._transport = httpx.MockTransport(server)

    original = style.http_class.__init__
    monkeypatch.setattr(style.http_class, "__init__", instrumented)
    campaigns = style.client_class("SG.key", clock=FakeClock())
    assert style.do(campaigns.send, 4900).status == "Scheduled"
    style.close(campaigns)


def test_after_a_fork_the_own_pool_is_a_new_one(style: Style, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    own = style.client_class("SG.key")
    before = own._exchange._http
    foreign = style.client_class("SG.key", http_client=style.http_class())
    in_memory = style.client(server)
    style.do(in_memory.get, 4900)

    async def uses() -> tuple[Any, Any]:
        return own._exchange._usable_http(), foreign._exchange._usable_http()

    used = style.do(uses) if style.is_async else (own._exchange._usable_http(), foreign._exchange._usable_http())
    assert used == (before, foreign._exchange._http)
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert style.do(in_memory.get, 4900).is_draft
    error = style.error(ConfigurationError, foreign.get, 4900)
    assert "in another process" in error.problem

    async def new() -> Any:
        return own._exchange._usable_http()

    assert (style.do(new) if style.is_async else own._exchange._usable_http()) is not before
    for client in (own, foreign):
        client._exchange._http = None


def test_another_event_loop(server: Server) -> None:
    http = httpx.AsyncClient()

    async def owner() -> Any:
        return own._exchange._usable_http()

    async def foreign() -> Any:
        return client._exchange._usable_http()

    own, client = AsyncCampaignsClient("SG.key"), AsyncCampaignsClient("SG.key", http_client=http)
    assert asyncio.run(owner()) is not asyncio.run(owner())
    assert asyncio.run(foreign()) is http
    with pytest.raises(ConfigurationError, match="event loop"):
        asyncio.run(foreign())
    with pytest.raises(ConfigurationError, match="no asyncio event loop is running"):
        own._exchange._usable_http()


# --- on the wire, to the byte ---


@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize("account", [(), (b"on-behalf-of", b"acme@example.com")], ids=["own", "Subuser"])
def test_headers(style: Style, httpx_mock: HTTPXMock, account: tuple[bytes, bytes], foreign: bool) -> None:
    """Nothing of a foreign HTTP client reaches the wire."""
    now = "https://gateway.example/4900/v3/campaigns/4900/schedules/now"
    httpx_mock.add_response(method="GET", json={"id": 4900, "status": "Draft"})
    httpx_mock.add_response(method="POST", url=now, status_code=201, json={"id": 4900, "status": "Scheduled"})
    given = {**FOREIGN, "auth": ("user", "password"), "base_url": "https://elsewhere.example/v9"}
    http = {"http_client": style.http_class(**given)} if foreign else {}
    campaigns = style.client_class("SG.wire", base_url="https://gateway.example/4900/", **http)
    style.do((campaigns.on_behalf_of(account[1].decode()) if account else campaigns).send, 4900)
    read, posted = httpx_mock.get_requests()
    assert (str(read.url), str(posted.url)) == ("https://gateway.example/4900/v3/campaigns/4900", now)
    always = [
        (b"accept", b"application/json"),
        (b"accept-encoding", b"gzip"),
        (b"cache-control", b"no-cache, no-store"),
        (b"user-agent", f"sendgrid-campaigns/{__version__} httpx/{httpx.__version__}".encode()),
        *([account] if account else []),
        (b"authorization", b"Bearer SG.wire"),
    ]
    host = (b"host", b"gateway.example")
    # No body: HTTP says so by a length of 0 (RFC 9110, 8.6), and there is nothing for a Content-Type to describe.
    expected = [[host, *always], [host, (b"content-length", b"0"), *always]]
    assert [[(name.lower(), value) for name, value in each.headers.raw] for each in (read, posted)] == expected
    assert posted.content == read.content == b""
    style.close(campaigns)


def test_a_receipt_of_one_client_is_that_of_the_other(style: Style, campaigns: Any) -> None:
    assert style.do(campaigns.send, 4900) == SendReceipt(4900, "Scheduled")
    assert CampaignsClient.send.__module__ != AsyncCampaignsClient.send.__module__
