"""The client on aiohttp, on real sockets. tests/sockets plays every fault on it; here is what only aiohttp does."""

import asyncio
import gc
import gzip
import importlib
import re
import socket
import sys
from collections.abc import Callable, Iterator
from operator import methodcaller
from pathlib import Path
from typing import Any

import httpx
import pytest

from doubles import FakeClock
from sendgrid_campaigns import AsyncCampaignsClient, Retry, errors
from sendgrid_campaigns.sandbox import Canned, Sandbox
from sendgrid_campaigns.transport.aiohttp import AiohttpCampaignsClient
from sockets.raw import Request, serve

BODY = b'{"id": 4900, "status": "Draft"}'
DRAFT = b"HTTP/1.1 200 OK\r\nSet-Cookie: theirs=1\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
NO = b'HTTP/1.1 400 No\r\nContent-Length: 34\r\n\r\n{"errors": [{"message": "never"}]}'


@pytest.fixture
def served() -> Iterator[tuple[Sandbox, str]]:
    with Sandbox(clock=lambda: 1.8e9) as sandbox, sandbox.serve_faulty() as server:
        yield sandbox, server.url


GET = methodcaller("get", 4900)
POST = methodcaller("create", "A title", plain_content="[unsubscribe]")


def client(url: str, kind: Any = AiohttpCampaignsClient, **settings: Any) -> Any:
    return kind("SG.sandbox", base_url=url, **{"retry": Retry(attempts=2), "clock": FakeClock(), **settings})


def run(url: str, *calls: Callable[[Any], Any], **settings: Any) -> list[Any]:
    """Return what calls of one client return or raise, one after the other."""

    async def main() -> list[Any]:
        async with client(url, **settings) as campaigns:
            return [(await asyncio.gather(call(campaigns), return_exceptions=True))[0] for call in calls]

    return asyncio.run(main())


def draft(connection: socket.socket, request: Request) -> None:
    connection.sendall(DRAFT)


def acme(campaigns: Any) -> Any:
    return campaigns.on_behalf_of("acme").get(4901)


def test_it_does_what_the_client_on_httpx_does() -> None:
    texts = dict.fromkeys(("html_content", "plain_content"), "[unsubscribe]" + "ü" * 450_000)
    calls = [GET, methodcaller("update", 4900, **texts), POST, methodcaller("send", 4900), acme, methodcaller("list")]
    seen = []
    for kind in (AsyncCampaignsClient, AiohttpCampaignsClient):
        with Sandbox(clock=lambda: 1.8e9) as sandbox, sandbox.serve_faulty() as server:
            results = run(server.url, *calls, GET, methodcaller("delete", 4900), kind=kind)
            ledger = [(each.method, each.path, each.status_code, each.on_behalf_of) for each in sandbox.requests()]
        seen.append((re.sub(r"seconds=[\d.e-]+|127.0.0.1:\d+", "", repr(results)), ledger))
    assert len(seen[0][1]) >= len(calls)
    assert seen[0] == seen[1]


def test_the_same_goes_over_the_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests differ in the order and case of headers, and in a length of 0 with DELETE."""
    (tmp_path / "netrc").write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("NO_PROXY", "")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    written = []
    for kind in (AsyncCampaignsClient, AiohttpCampaignsClient):
        with serve(draft) as (url, requests):
            there = url.replace("127.0.0.1", "localhost") + "/a%2Fb/c+d"  # aiohttp keeps no cookies of addresses
            run(there, acme, methodcaller("ensure_sent", 4900), methodcaller("delete", 4900), kind=kind)
        written.append([(request.method, request.path, request.headers) for request in requests])
        for method, _, headers in written[-1]:
            del headers["host"]
            if method == "DELETE":
                headers.pop("content-length", "")
    assert {method for method, *_ in written[0]} == {"GET", "POST", "DELETE"}
    assert written[0] == written[1]


# --- not sent ---


def check_not_sent(error: Any, cause: str) -> None:
    assert type(error) is errors.NotAppliedError
    assert [attempt.proof for attempt in error.attempts] == ["not sent"] * 2
    assert re.search(cause, error.attempts[-1].cause)


def test_there_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*arguments: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        there = f"http://127.0.0.1:{bound.getsockname()[1]}"
        check_not_sent(run(there, POST)[0], "ClientConnectorError")
        bound.listen(0)
        with socket.create_connection(bound.getsockname()):  # the backlog is full
            check_not_sent(run(there, POST, connect_timeout=0.1)[0], "ConnectionTimeoutError")
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    check_not_sent(run("https://sendgrid.invalid", POST)[0], "ClientConnectorDNSError.*no such name")


# --- unknown, and never twice ---


def test_answers_are_taken_as_they_are(served: Any) -> None:
    sandbox, url = served
    sandbox.fault("create", effect="done", answer=Canned(307, {"location": "/elsewhere"}))
    sandbox.fault("get", answer=Canned(200, {"content-encoding": "gzip"}, gzip.compress(BODY)))
    error, campaign = run(url, POST, GET)
    assert [(attempt.proof, attempt.status_code) for attempt in error.attempts] == [("unknown", 307)]
    assert (campaign.status, [each.method for each in sandbox.requests()]) == ("Draft", ["POST"])


@pytest.mark.parametrize("operation", ["get", "delete"])
def test_aiohttp_repeats_nothing(served: Any, operation: str) -> None:
    sandbox, url = served
    calls = {"get": [GET, GET], "delete": [methodcaller("delete", 4900)]}[operation]
    sandbox.fault(operation, len(calls), effect="done", ending="reset")
    result = run(url, *calls, retry=Retry(attempts=1))[-1]
    said = [each.status_code for each in sandbox.requests() if each.method == operation.upper()]
    assert said == {"get": [200, 200], "delete": [204]}[operation]
    if operation == "get":
        assert str(result.attempts[0].cause).endswith("the connection broke before there was an answer")


@pytest.mark.parametrize("before", ["in one segment", "seen by the loop", "not seen by the loop", "the end"])
def test_bytes_before_the_request(before: str) -> None:
    """A connection that holds an answer before the request, or that is closed, is not used."""

    async def main(url: str) -> Any:
        async with client(url) as campaigns:
            await campaigns.get(4900)
            if before == "the end":
                used[0].shutdown(socket.SHUT_RDWR)
            elif before != "in one segment":
                used[0].sendall(NO)
            for _ in range(5 * (before == "seen by the loop")):
                await asyncio.sleep(0)
            return await campaigns.ensure_sent(4900)

    used: list[socket.socket] = []

    def handle(connection: socket.socket, request: Request) -> None:
        used.append(connection)
        posted = request.method == "POST"
        early = NO * (before == "in one segment")
        connection.sendall(DRAFT.replace(b"200 OK", b"201 Created") if posted else DRAFT + early)

    with serve(handle) as (url, requests):
        assert asyncio.run(main(url)).known_from == "answer"
    assert [request.method for request in requests] == ["GET", "POST"]
    assert used[0] is not used[1]


def test_what_it_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.ConfigurationError, match="makes its own aiohttp sessions"):
        client("https://api.sendgrid.com", http_client=httpx.AsyncClient())
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(errors.ConfigurationError, match=r"no http\(s\) URL"):
        client("https://api.sendgrid.com")
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "sendgrid_campaigns.transport.aiohttp")
    with pytest.raises(ImportError, match=r"pip install 'sendgrid-campaigns\[aiohttp\]'"):
        importlib.import_module("sendgrid_campaigns.transport.aiohttp")


def test_each_event_loop_has_a_session() -> None:
    async def use() -> Any:
        await asyncio.gather(*[GET(campaigns.on_behalf_of("acme")) for _ in range(9)])
        await campaigns.on_behalf_of("acme").aclose()
        await GET(campaigns)
        return list(campaigns._exchange._sessions.values())[-1]

    async def close() -> None:
        await campaigns.aclose()
        with pytest.raises(errors.ConfigurationError, match="this client is closed"):
            await acme(campaigns)

    closing = DRAFT.replace(b"OK", b"OK\r\nConnection: close")  # asyncio warns of those that are open when a loop ends
    with serve(lambda connection, request: connection.sendall(closing)) as (url, _):
        campaigns = client(url, max_connections=9)
        first, second = asyncio.run(use()), asyncio.run(use())
        assert (first.closed, second.closed, second.connector.limit) == (True, False, 9)
        with asyncio.Runner() as one, asyncio.Runner() as another:
            third, fourth = one.run(use()), another.run(use())
            another.run(close())
            assert (second.closed, third.closed, fourth.closed) == (True, False, True)
            one.run(close())
        assert third.closed
    gc.collect()  # of sessions that are left open, aiohttp warns
