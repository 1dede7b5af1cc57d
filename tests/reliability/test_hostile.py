"""Writes against a hostile network: no answer moves the key away, fills memory, or makes a "no" of what was sent."""

import gzip
import json
import random
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from conformance.play import START, Watched, WatchedClock, at
from doubles import Colour, FakeClock
from sandbox.certificates import self_signed
from sendgrid_campaigns import (
    BadRequestError,
    NotSentError,
    OutcomeUnknownError,
    Retry,
    SendReceipt,
)
from sendgrid_campaigns.sandbox import Canned, Sandbox

MB = 2**20
PUBLIC = ssl.create_default_context()
PATIENCE = Retry(settle=1, attempts=2)

WRITES: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "create": lambda c: (c.create, "April"),
    "update": lambda c: (c.update, 4900, "Spring"),
    "delete": lambda c: (c.delete, 4900),
    "schedule": lambda c: (c.schedule, 4900, at(7200)),
    "reschedule": lambda c: (c.reschedule, 4903, at(7200)),
    "unschedule": lambda c: (c.unschedule, 4903),
    "send": lambda c: (c.send, 4900),
    "send_test": lambda c: (c.send_test, 4900, "a@example.com"),
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=lambda: START) as sandbox:
        sandbox.create_campaign(status="Scheduled", send_at=at(10_800))
        yield sandbox


def watching(colour: Colour, sandbox: Sandbox, **http: Any) -> tuple[Any, Watched]:
    transport = Watched(sandbox.transport(), [])
    clock = WatchedClock(sandbox, [])
    settings = {"http_client": colour.http_class(transport=transport, **http), "clock": clock, "retry": PATIENCE}
    return colour.client_class("SG.sandbox", **settings), transport


def do(colour: Colour, campaigns: Any, name: str) -> Any:
    method, *arguments = WRITES[name](campaigns)
    if name == "update":
        return colour.do(method, arguments[0], subject=arguments[1])
    return colour.do(method, *arguments)


# --- other hosts ---


@pytest.mark.parametrize(
    ("name", "code"), [(name, code) for i, name in enumerate(WRITES) for code in (307, (301, 302, 303, 308)[i % 4])]
)
def test_no_write_follows_a_redirect(colour: Colour, sandbox: Sandbox, name: str, code: int) -> None:
    """Not even with an HTTP client that was told to."""
    headers = {"location": "https://elsewhere.example/v3/campaigns/4900", "refresh": "0; url=https://elsewhere.example"}
    campaigns, transport = watching(colour, sandbox, follow_redirects=True)
    sandbox.fault(name, times=1 if name in ("create", "send_test") else 2, answer=Canned(code, headers))
    with pytest.raises(OutcomeUnknownError):
        do(colour, campaigns, name)
    assert transport.hosts == {"api.sendgrid.com"}


def test_nobody_else_is_connected_to(colour: Colour, sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere, sandbox.serve_faulty() as server:
        elsewhere.setblocking(False)
        there = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/v3/campaigns/4900/schedules/now"
        sandbox.fault("send", times=2, answer=Canned(307, {"location": there}))
        http = colour.http_class(follow_redirects=True, verify=PUBLIC)
        settings = {"base_url": server.url, "http_client": http, "clock": FakeClock(), "retry": PATIENCE}
        campaigns = colour.client_class("SG.sandbox", **settings)
        colour.error(OutcomeUnknownError, campaigns.send, 4900)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
        colour.do(http.aclose if isinstance(http, httpx.AsyncClient) else http.close)


# --- certificates ---


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("wrong", [None, "nobody trusts it", "it is another host's"])
@pytest.mark.parametrize("name", ["create", "send"])
def test_nothing_is_said_to_who_cannot_prove_who_it_is(
    colour: Colour, sandbox: Sandbox, tls: tuple[ssl.SSLContext, ssl.SSLContext], name: str, wrong: str | None
) -> None:
    known = PUBLIC if wrong == "nobody trusts it" else tls[1]
    with sandbox.serve_faulty(tls[0]) as server:
        url = server.url.replace("127.0.0.1", "localhost") if wrong == "it is another host's" else server.url
        http = colour.http_class(verify=known)
        campaigns = colour.client_class("SG.sandbox", base_url=url, http_client=http, clock=FakeClock())
        if wrong is None:
            do(colour, campaigns, name)
        else:
            with pytest.raises(NotSentError) as raised:
                do(colour, campaigns, name)
            assert {attempt.verdict for attempt in raised.value.attempts} == {"never left"}
        colour.do(http.aclose if isinstance(http, httpx.AsyncClient) else http.close)
    assert bool(sandbox.requests()) is (wrong is None)


# --- size ---


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """0.2 MB that become 200, and go on."""
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    first, each = (packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    data = first + each * 199
    assert len(data) < 0.25 * MB
    return data


@pytest.fixture
def most_memory() -> Iterator[Callable[[], float]]:
    """The most that was allocated since, in MB."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1] / MB
    tracemalloc.stop()


@pytest.mark.parametrize("place", ["the answer", "a refusal", "a read-back"])
def test_a_bomb_does_not_fill_memory(
    colour: Colour, sandbox: Sandbox, bomb: bytes, most_memory: Callable[[], float], place: str
) -> None:
    packed = {"content-encoding": "gzip"}
    campaigns, _ = watching(colour, sandbox)
    match place:
        case "the answer":
            sandbox.fault("send", effect="done", answer=Canned(201, packed, bomb))
            assert colour.do(campaigns.send, 4900) == SendReceipt(4900, None)
        case "a refusal":
            sandbox.fault("send", answer=Canned(400, packed, bomb))
            assert colour.error(BadRequestError, campaigns.send, 4900).errors == ()
        case "a read-back":
            sandbox.fault("send", effect="done", ending="reset")
            sandbox.fault("get", 2, answer=Canned(200, packed, bomb))
            assert colour.do(campaigns.send, 4900) == SendReceipt(4900, "In Progress", "read-back")
    assert most_memory() < 20


class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self) -> None:
        self.given = 0

    def __iter__(self) -> Iterator[bytes]:
        while self.given < 64 * MB:  # nobody reads so far
            self.given += 2**16
            yield bytes(2**16)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part


def test_a_body_without_an_end_is_given_up(colour: Colour, most_memory: Callable[[], float]) -> None:
    endless = Endless()

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"id": 4900, "status": "Draft"})
        return httpx.Response(201, stream=endless)

    assert colour.do(colour.client(handler).send, 4900) == SendReceipt(4900, None)
    assert endless.given < 10 * MB
    assert most_memory() < 25


# --- JSON ---

GOOD = json.dumps({"id": 4900, "title": "März", "status": "Draft"}, ensure_ascii=False)
DEEP: list[bytes] = [
    b"[" * 200_000,
    b'{"id":' * 100_000,
    b'{"id": 4900, "status": "Draft", "title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"id": ' + b"9" * 100_000 + b"}",
    b'{"id": 1e400, "status": "Draft"}',
    b'{"id": -Infinity, "status": NaN}',
    b'{"id": 4901, "id": 4900, "status": "Sent", "status": "Draft"}',
    b'{"id": 4900, "status": "\\ud800"}',
    b'{"id": 4900, "status": "\xff\xfe"}',
    b"\xef\xbb\xbf" + GOOD.encode(),
    GOOD.encode("utf-16"),
    GOOD.encode("utf-32-be"),
    GOOD.encode("latin-1"),
    b"\x00" * 100,
    b'{"id": true, "status": "Draft"}',
    b'{"id": "4900", "status": ["Draft"]}',
]


def mangled(dice: random.Random) -> bytes:
    """The good one, with a few bytes changed, left out or put in."""
    body = bytearray(GOOD.encode())
    for _ in range(dice.randrange(1, 6)):
        where = dice.randrange(len(body))
        match dice.randrange(4):
            case 0:
                body[where] = dice.randrange(256)
            case 1:
                del body[where : where + dice.randrange(1, 9)]
            case 2:
                body[where:where] = dice.choice([b"{", b"[", b'"', b"\\u", b"null", b"1e9", b",", b"\xc3"])
            case _:
                body[where:where] = body[: dice.randrange(9)]
        body = body or bytearray(b"{")
    return bytes(body)


BODIES = [*DEEP, *(mangled(random.Random(seed)) for seed in range(10))]  # noqa: S311 - no secret


@pytest.mark.parametrize("body", BODIES, ids=lambda body: f"{body[:20]!r}")
def test_no_body_makes_a_no_of_what_was_sent(colour: Colour, sandbox: Sandbox, body: bytes) -> None:
    """As an answer the status line decides; as a read-back it tells nothing, or something, and never fails."""
    campaigns, _ = watching(colour, sandbox)
    sandbox.fault("send", effect="done", answer=Canned(201, {}, body))
    with suppress(OutcomeUnknownError):
        assert colour.do(campaigns.send, 4900).known_from in ("answer", "read-back")
    other = sandbox.create_campaign()
    about_it = body.replace(b"4900", str(other).encode())
    sandbox.fault("send", effect="done", ending="reset")
    sandbox.fault("get", 2, answer=Canned(200, {}, about_it))
    with suppress(OutcomeUnknownError):
        assert colour.do(campaigns.send, other).known_from == "read-back"
    assert len(sandbox.mailings()) == 2


def test_truncated_gzip_is_noticed(sandbox: Sandbox) -> None:
    """At every length: a campaign that would be whole JSON without the end of its packing is not believed."""
    data = gzip.compress(json.dumps({"id": 4900, "status": "Draft"}).encode(), mtime=0)
    with sandbox.client(retry=PATIENCE) as campaigns:
        for length in range(len(data)):
            sandbox.fault("get", answer=Canned(200, {"content-encoding": "gzip"}, data[:length]), times=2)
            with pytest.raises(NotSentError):
                campaigns.send(4900)
        sandbox.fault("get", answer=Canned(200, {"content-encoding": "gzip"}, data))
        assert campaigns.send(4900).known_from == "answer"
