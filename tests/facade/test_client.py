"""The I/O of the clients, and reads: redirects, bodies, encodings, timeouts, and whose the HTTP client is."""

import asyncio
import gzip
import inspect
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, get_type_hints
from unittest import mock

import httpx
import pytest

from doubles import ACCEPTED, DRAFT, Colour, FakeClock, Server
from sendgrid_campaigns import (
    APIStatusError,
    AsyncCampaignsClient,
    BadRequestError,
    Campaign,
    CampaignsClient,
    ConfigurationError,
    NotFoundError,
    NotSentError,
    RateLimitError,
    Retry,
    SendGridError,
    SendReceipt,
    ServerError,
    UnreadableResponseError,
)

FULL = {
    "id": 4900,
    "title": "March Newsletter",
    "subject": "New Products for Spring!",
    "sender_id": 124451,
    "list_ids": [110, 124],
    "segment_ids": [110],
    "categories": ["spring line"],
    "suppression_group_id": 42,
    "custom_unsubscribe_url": "",
    "ip_pool": "marketing",
    "html_content": "<html>",
    "plain_content": "plain",
    "editor": "code",
    "status": "Draft",
}


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, in both colours; an exception among them is raised when its turn comes."""

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


# --- get ---


def test_get_gives_every_field(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json={**FULL, "new_field": {"a": 1}}))
    campaign = colour.do(campaigns.get, 4900)
    assert campaign == Campaign(
        id=4900,
        title="March Newsletter",
        subject="New Products for Spring!",
        sender_id=124451,
        list_ids=(110, 124),
        segment_ids=(110,),
        categories=("spring line",),
        suppression_group_id=42,
        custom_unsubscribe_url="",
        ip_pool="marketing",
        html_content="<html>",
        plain_content="plain",
        editor="code",
        status="Draft",
        extra={"new_field": {"a": 1}},
    )
    assert campaign.is_draft
    assert server.methods == ["GET"]


@pytest.mark.parametrize("absent", ["left out", "null"])
def test_what_the_service_has_not_is_none(colour: Colour, campaigns: Any, server: Server, absent: str) -> None:
    server.get(httpx.Response(200, json={"id": 4900} if absent == "left out" else {**dict.fromkeys(FULL), "id": 4900}))
    campaign = colour.do(campaigns.get, 4900)
    assert campaign == Campaign(id=4900)
    assert not campaign.is_draft
    assert {type(getattr(campaign, name)).__name__ for name in FULL} == {"int", "NoneType"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(400), BadRequestError),
        (httpx.Response(404), NotFoundError),
        (httpx.Response(402), APIStatusError),
        (httpx.Response(418), APIStatusError),
        (httpx.Response(429), RateLimitError),
        (httpx.Response(500), ServerError),
        (httpx.Response(520), ServerError),
        (httpx.Response(504, text="<html>"), ServerError),
        (httpx.Response(201, json=FULL), UnreadableResponseError),
        (httpx.Response(204), UnreadableResponseError),
        (httpx.Response(302, headers={"Location": "/"}), UnreadableResponseError),
        (httpx.Response(200, text="<html>"), UnreadableResponseError),
        (httpx.Response(200, json={"errors": [{"message": "no"}]}), UnreadableResponseError),
        (httpx.Response(200, json=[]), UnreadableResponseError),
        (httpx.Response(200, json={**FULL, "id": 4901}), UnreadableResponseError),
        (httpx.Response(200, json={**FULL, "id": "4900"}), UnreadableResponseError),
        (httpx.Response(200, json={**FULL, "subject": 5}), UnreadableResponseError),
        (httpx.Response(200, json={**FULL, "sender_id": True}), UnreadableResponseError),
        (httpx.Response(200, json={**FULL, "list_ids": [True]}), UnreadableResponseError),
        (httpx.Response(200, json={**FULL, "list_ids": {"a": 1}}), UnreadableResponseError),
        (httpx.Response(200, json={**FULL, "list_ids": ["a"]}), UnreadableResponseError),
        (httpx.Response(200, content=b"[" * 200_000), UnreadableResponseError),
        (httpx.Response(200, content=b'{"id": ' + b"9" * 5_000 + b"}"), UnreadableResponseError),
        (httpx.Response(200, content=b"\xff\xfe"), UnreadableResponseError),
        (httpx.Response(200, headers={"Content-Encoding": "br"}, content=b"?"), UnreadableResponseError),
        (httpx.ReadTimeout("slow"), UnreadableResponseError),
        (httpx.ConnectError("refused"), NotSentError),
    ],
    ids=str,
)
def test_get_that_fails(colour: Colour, campaigns: Any, server: Server, answer: Any, kind: type[Exception]) -> None:
    server.get(answer)
    assert str(colour.error(kind, campaigns.get, 4900)).startswith("campaign 4900 was not read")


@pytest.mark.parametrize(
    ("answer", "attempts"),
    [
        (httpx.Response(500), 4),
        (httpx.Response(503), 4),
        (httpx.Response(408), 4),
        (httpx.Response(302), 4),
        (httpx.Response(429), 4),
        (httpx.ReadTimeout("slow"), 4),
        (httpx.RemoteProtocolError("cut off"), 4),
        (httpx.ConnectError("refused"), 4),
        (httpx.Response(400), 1),
        (httpx.Response(401), 1),
        (httpx.Response(403), 1),
        (httpx.Response(404), 1),
        (httpx.Response(418), 1),
        (httpx.Response(200, text="<html>"), 1),
    ],
    ids=str,
)
def test_which_reads_are_repeated(colour: Colour, campaigns: Any, server: Server, answer: Any, attempts: int) -> None:
    server.get(answer)
    with pytest.raises(Exception, match="campaign 4900 was not read"):
        colour.do(campaigns.get, 4900)
    assert len(server.requests) == attempts


def test_a_read_that_works_in_the_end(colour: Colour, campaigns: Any, server: Server, clock: FakeClock) -> None:
    server.get(httpx.ReadTimeout("slow"), httpx.Response(502), httpx.Response(200, json=FULL))
    assert colour.do(campaigns.get, 4900).status == "Draft"
    assert clock.waits == [0.375, 0.75]


# --- bodies ---


def streamed(*pieces: bytes | Exception, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(200, headers=named, stream=Stream(*pieces))


JSON = httpx.Response(200, json=FULL).content


@pytest.mark.parametrize("encode", [gzip.compress, zlib.compress])
def test_compressed(colour: Colour, campaigns: Any, server: Server, encode: Any) -> None:
    data = encode(JSON)
    encoding = "gzip" if encode is gzip.compress else "deflate"
    server.get(streamed(data[:20], data[20:], Content_Encoding=encoding))
    assert colour.do(campaigns.get, 4900).title == "March Newsletter"


@pytest.mark.parametrize(
    "pieces",
    [
        (JSON[:50], httpx.ReadError("reset")),
        (JSON[:50], httpx.ReadTimeout("slow")),
        (b" " * 2**20,) * 9,
    ],
    ids=["cut off", "stalled", "too large"],
)
def test_a_body_that_does_not_come_whole(
    colour: Colour, campaigns: Any, server: Server, pieces: tuple[Any, ...]
) -> None:
    server.get(streamed(*pieces))
    error = colour.error(UnreadableResponseError, campaigns.get, 4900)
    assert error.status_code == 200
    assert "cut off or is too large" in str(error)


@pytest.mark.parametrize("data", [gzip.compress(JSON)[:-9], gzip.compress(b" " * 2**28), b"no gzip"])
def test_compressed_bodies_that_are_not_whole(colour: Colour, campaigns: Any, server: Server, data: bytes) -> None:
    server.get(streamed(data, Content_Encoding="gzip"))
    colour.error(UnreadableResponseError, campaigns.get, 4900)


@pytest.mark.parametrize("piece", [httpx.ReadError("reset"), httpx.ReadTimeout("slow"), RuntimeError("what?")], ids=str)
def test_201_whose_body_dies_is_sent(colour: Colour, campaigns: Any, server: Server, piece: Exception) -> None:
    server.post(lambda request: httpx.Response(201, stream=Stream(b'{"id": 4900', piece)))
    assert colour.do(campaigns.send, 4900) == SendReceipt(4900, None)
    assert server.methods == ["GET", "POST"]


@pytest.mark.parametrize("encoding", ["GZIP", " gzip ", "Gzip"])
def test_encodings_are_spelt_in_many_ways(colour: Colour, campaigns: Any, server: Server, encoding: str) -> None:
    server.get(streamed(gzip.compress(JSON), Content_Encoding=encoding))
    assert colour.do(campaigns.get, 4900).title == "March Newsletter"


def test_what_follows_a_compressed_body_is_not_read_for_ever(colour: Colour, campaigns: Any, server: Server) -> None:
    read = 0

    class Endless(Stream):
        def __iter__(self) -> Iterator[bytes]:
            nonlocal read
            yield gzip.compress(JSON)
            while True:
                read += 1
                yield bytes(2**16)

    server.get(lambda request: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Endless()))
    colour.error(UnreadableResponseError, campaigns.get, 4900)
    assert read < 8


def test_every_response_is_closed(colour: Colour, campaigns: Any, server: Server) -> None:
    streams = [Stream(JSON), Stream(b"{", httpx.ReadError("reset")), Stream(b" " * 2**24), Stream(b"")]
    for stream in streams:
        server.get(lambda request, stream=stream: httpx.Response(404 if stream is streams[-1] else 200, stream=stream))
        with suppress(SendGridError):
            colour.do(campaigns.get, 4900)
        assert stream.closed


# --- connections ---


def test_no_redirect_is_followed(colour: Colour) -> None:
    hosts: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        if request.method == "GET":
            return httpx.Response(200, json=DRAFT)
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/"})

    http = colour.http_class(transport=httpx.MockTransport(handler), follow_redirects=True)
    campaigns = colour.client_class("SG.key", http_client=http, clock=FakeClock())
    with pytest.raises(Exception, match="it is unknown whether campaign 4900 was sent"):
        colour.do(campaigns.send, 4900)
    assert set(hosts) == {"api.sendgrid.com"}
    colour.close(campaigns)
    assert not http.is_closed


def test_no_cookie_comes_back(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json=DRAFT, headers={"Set-Cookie": "session=acme"}))
    colour.do(campaigns.on_behalf_of("acme").send, 4900)
    colour.do(campaigns.get, 4900)
    assert [request.headers.get("cookie") for request in server.requests] == [None] * 3


def test_each_request_has_its_timeouts(colour: Colour, server: Server) -> None:
    colour.do(colour.client(server).get, 4900)
    colour.do(colour.client(server, timeout=2, connect_timeout=5).get, 4900)
    first, second = (request.extensions["timeout"] for request in server.requests)
    assert first == {"connect": 5.0, "read": 30.0, "write": 30.0, "pool": 27.0}
    # Waiting for a connection ends before the attempt does, so that it is known for what it is.
    assert second == {"connect": 1.8, "read": 2, "write": 2, "pool": 1.8}


def test_an_attempt_for_asyncio_ends_in_time_whatever_the_transport_does() -> None:
    class Never(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def main() -> None:
        http = httpx.AsyncClient(transport=Never())
        campaigns = AsyncCampaignsClient(
            "SG.key", http_client=http, timeout=0.001, retry=Retry(attempts=1), clock=FakeClock()
        )
        await campaigns.get(4900)

    with pytest.raises(UnreadableResponseError, match="TimeoutError"):
        asyncio.run(main())


def test_a_body_that_takes_longer_than_the_timeout(clock: FakeClock) -> None:
    def slowly(request: httpx.Request) -> httpx.Response:
        class Drip(Stream):
            def __iter__(self) -> Iterator[bytes]:
                for byte in JSON:
                    clock.now += 1
                    yield bytes([byte])

        return httpx.Response(200, stream=Drip())

    http = httpx.Client(transport=httpx.MockTransport(slowly))
    campaigns = CampaignsClient("SG.key", http_client=http, clock=clock, retry=Retry(attempts=1))
    with pytest.raises(UnreadableResponseError):
        campaigns.get(4900)
    assert clock.now < 1_800_000_000 + 40


def test_no_more_connections_are_open_than_was_said(colour: Colour) -> None:
    pools: list[Any] = [
        colour.client_class("SG.key", **said)._http._transport._pool for said in ({}, {"max_connections": 7})
    ]
    assert [(pool._max_connections, pool._max_keepalive_connections) for pool in pools] == [(100, 20), (7, 7)]


@pytest.mark.parametrize("value", [0, -1, None, True, 2.5, "7"])
def test_there_is_at_least_one_connection(colour: Colour, value: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_connections is"):
        colour.client_class("SG.key", max_connections=value)


def test_its_own_pool_is_closed_with_it(colour: Colour) -> None:
    campaigns = colour.client_class("SG.key")

    async def with_block() -> None:
        async with campaigns as entered:
            assert entered is campaigns

    if colour.client_class is AsyncCampaignsClient:
        colour.do(with_block)
    else:
        with campaigns as entered:
            assert entered is campaigns
    assert campaigns._http.is_closed


# --- what help() and editors show ---


SIGNATURES = {
    "get": f"(self, campaign_id: int) -> {inspect.formatannotation(Campaign)}",
    "send": f"(self, campaign_id: int, *, check: bool = False) -> {inspect.formatannotation(SendReceipt)}",
    "delete": "(self, campaign_id: int, *, stop: bool = False) -> None",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    for client_class in (CampaignsClient, AsyncCampaignsClient):
        method = getattr(client_class, name)
        assert str(inspect.signature(method)) == SIGNATURES[name]
        assert method.__name__ == name
        assert "https://www.twilio.com/docs/sendgrid/" in (inspect.getdoc(method) or "")
        assert inspect.iscoroutinefunction(method) is (client_class is AsyncCampaignsClient)


def test_autospec() -> None:
    campaigns = mock.create_autospec(CampaignsClient, instance=True)
    campaigns.send(4900)
    with pytest.raises(TypeError):
        campaigns.send()
    with pytest.raises(TypeError):
        campaigns.send(4900, 4901)
    assert isinstance(mock.create_autospec(AsyncCampaignsClient, instance=True).send, mock.AsyncMock)
    assert get_type_hints(CampaignsClient.send)["return"] is SendReceipt


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    help(CampaignsClient.send)
    shown = capsys.readouterr().out
    assert "send(self, campaign_id: int, *, check: bool = False) -> sendgrid_campaigns.models.SendReceipt" in shown
    assert "Send a draft to its whole audience, now." in shown
    help(CampaignsClient)
    assert "Read one campaign." in capsys.readouterr().out


def test_a_receipt_of_one_colour_is_that_of_the_other(server: Server) -> None:
    http = httpx.Client(transport=httpx.MockTransport(server))
    receipt = CampaignsClient("SG.key", http_client=http).send(4900)
    assert receipt == SendReceipt(ACCEPTED["id"], "Scheduled")
