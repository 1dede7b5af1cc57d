"""The client on aiohttp, on real sockets: it does what the other one does, and each verdict is true."""

import asyncio
import gc
import gzip
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from doubles import FakeClock
from sandbox.certificates import self_signed
from sendgrid_campaigns import (
    AsyncCampaignsClient,
    ConfigurationError,
    NotSentError,
    OutcomeUnknownError,
    Retry,
    SendGridError,
    UnreadableResponseError,
)
from sendgrid_campaigns.aiohttp import AiohttpCampaignsClient
from sendgrid_campaigns.sandbox import Canned, Sandbox
from sendgrid_campaigns.sandbox.wire import FaultyServer

KEY = "SG.sandbox"
START = 1_800_000_000.0
SHORT = 0.1
"""Seconds that a client waits where nothing comes."""
LONGER = 0.5
"""Seconds that it waits where something comes before that."""
BODY = b'{"id": 4900, "status": "Draft"}'
DRAFT = b"HTTP/1.1 200 OK\r\nSet-Cookie: theirs=1\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
LARGE = "[unsubscribe]" + "x" * 900_000


def client(url: str, kind: Any = AiohttpCampaignsClient, **settings: Any) -> Any:
    settings = {"retry": Retry(attempts=2), "clock": FakeClock(), **settings}
    return kind(KEY, base_url=url, **settings)


def run(url: str, *calls: Callable[[Any], Any], **settings: Any) -> list[Any]:
    """What calls of one client give or raise, one after the other."""

    async def main() -> list[Any]:
        results = []
        async with client(url, **settings) as campaigns:
            for call in calls:
                try:
                    results.append(await call(campaigns))
                except SendGridError as error:
                    results.append(error)
        return results

    return asyncio.run(main())


def get(campaigns: Any) -> Any:
    return campaigns.get(4900)


def verdicts(error: SendGridError) -> set[str]:
    return {attempt.verdict for attempt in error.attempts}


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Neither descriptors, nor sessions, of which aiohttp complains when they are collected."""
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    yield
    gc.collect()
    assert not before or len(os.listdir("/proc/self/fd")) <= before


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=lambda: START) as sandbox:
        yield sandbox


PLAIN = ssl.create_default_context()  # made once: it takes longer than a test


@pytest.fixture
def url(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: PLAIN)
    with sandbox.serve_faulty() as server:
        yield server.url


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    folder = tmp_path_factory.mktemp("tls")
    return self_signed(folder)[0], folder / "certificate.pem"


class Peer:
    """Reads requests without a body, and says to each what it is told to say, or hangs up where that is nothing."""

    def __init__(self, say: Callable[[bytes], bytes], *, at_most: int = 99) -> None:
        """at_most: so many requests over one connection, and then it hangs up without a word of it before."""
        self.requests: list[bytes] = []
        self.hung_up = threading.Event()
        self._say = say
        self._at_most = at_most
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._closing = False

    def _serve(self) -> None:
        while not self._closing:
            connection, _ = self._listener.accept()
            with connection, suppress(OSError):
                for _ in range(self._at_most):
                    asked = b""
                    while b"\r\n\r\n" not in asked and (part := connection.recv(2**16)):
                        asked += part
                    if not asked:
                        break
                    self.requests.append(asked)
                    said = self._say(asked)
                    if not said:
                        break
                    connection.sendall(said)
            self.hung_up.set()

    def __enter__(self) -> "Peer":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing = True
        socket.create_connection(self._listener.getsockname()).close()  # wakes the thread
        self._thread.join()
        self._listener.close()


# --- as the other client ---

IN_A_WEEK = datetime.fromtimestamp(START + 604_800, UTC)
CALLS: list[Callable[[Any], Any]] = [
    get,
    lambda campaigns: campaigns.list(limit=2),
    lambda campaigns: campaigns.create("Märchen", html_content="<p>ü</p>[unsubscribe]", plain_content="[unsubscribe]"),
    lambda campaigns: campaigns.update(4900, subject="Spring!"),
    lambda campaigns: campaigns.check(4900),
    lambda campaigns: campaigns.schedule(4901, IN_A_WEEK),
    lambda campaigns: campaigns.get_schedule(4901),
    lambda campaigns: campaigns.unschedule(4901),
    lambda campaigns: campaigns.send_test(4900, "me@example.com"),
    lambda campaigns: campaigns.send(4900),
    lambda campaigns: campaigns.send(4900),
    lambda campaigns: campaigns.delete(4901),
    lambda campaigns: campaigns.get(4901),
    lambda campaigns: campaigns.on_behalf_of("acme").get(4900),
]


@pytest.mark.parametrize("door", ["serve", "serve_faulty"])
def test_it_does_what_the_other_does(door: str) -> None:
    seen = []
    for kind in (AsyncCampaignsClient, AiohttpCampaignsClient):
        with Sandbox(clock=lambda: START) as sandbox, getattr(sandbox, door)() as server:
            results = run(server.url, *CALLS, kind=kind)
            ledger = [(each.method, each.path, each.status_code, each.on_behalf_of) for each in sandbox.requests()]
        seen.append(([re.sub(r"seconds=[\d.e-]+", "", repr(result)) for result in results], ledger))
    assert len(seen[0][1]) >= len(CALLS)
    assert seen[0] == seen[1]


def test_the_same_goes_over_the_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of headers in lower case, and a length of 0 with DELETE: that is all the difference."""
    (tmp_path / "netrc").write_text("machine localhost login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    written = []
    for kind in (AsyncCampaignsClient, AiohttpCampaignsClient):
        with Peer(lambda request: DRAFT) as peer:
            run(
                peer.url.replace("127.0.0.1", "localhost") + "/a%2Fb/c+d",  # aiohttp keeps no cookies of addresses
                lambda campaigns: campaigns.on_behalf_of("acme").get(4900),
                lambda campaigns: campaigns.send(4900),
                lambda campaigns: campaigns.delete(4900),
                kind=kind,
            )
        heads = [request.partition(b"\r\n\r\n")[0].split(b"\r\n") for request in peer.requests]
        written.append(
            [[head[0], *(line.partition(b":")[0].lower() + line.partition(b":")[2] for line in head[2:])]
             for head in heads]
        )  # fmt: skip
    ours, theirs = written
    assert {head[0].split()[0] for head in ours} == {b"GET", b"POST", b"DELETE"}
    assert any(b"content-length 0" in head and head[0].startswith(b"POST") for head in theirs)
    for head in theirs:
        if head[0].startswith(b"DELETE"):
            head.remove(b"content-length 0")
    assert ours == theirs


@pytest.mark.parametrize("code", [301, 307])
def test_no_redirect_is_followed(sandbox: Sandbox, url: str, code: int) -> None:
    sandbox.fault("send", times=2, answer=Canned(code, {"location": f"{url}/elsewhere"}))
    (error,) = run(url, lambda campaigns: campaigns.send(4900))
    assert type(error) is OutcomeUnknownError
    assert "/elsewhere" not in {each.path for each in sandbox.requests()}


# --- it never left ---


def create(campaigns: Any) -> Any:
    """A single POST."""
    return campaigns.create("A title", plain_content="[unsubscribe]")


def check_never_left(error: Any, cause: str) -> None:
    assert type(error) is NotSentError
    assert [attempt.verdict for attempt in error.attempts] == ["never left"] * 2
    assert re.match(cause, str(error.attempts[-1].cause))


def test_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        (error,) = run(f"http://127.0.0.1:{bound.getsockname()[1]}", create)
    check_never_left(error, "ConnectError")


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*arguments: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    (error,) = run("https://sendgrid.invalid", create)
    check_never_left(error, "ConnectError.*no such name")


def test_a_certificate_that_nobody_trusts(sandbox: Sandbox, certificate: tuple[ssl.SSLContext, Path]) -> None:
    with sandbox.serve_faulty(certificate[0]) as server:
        (error,) = run(server.url, create)
    check_never_left(error, "ConnectError.*certificate")
    assert not sandbox.requests()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("after", [0, 100])
@pytest.mark.parametrize("ending", ["reset", "closed", "silence"])
def test_a_handshake_that_dies(
    sandbox: Sandbox, certificate: tuple[ssl.SSLContext, Path], ending: Any, after: int
) -> None:
    with sandbox.serve_faulty(certificate[0]) as server:
        sandbox.fault("connect", times=2, ending=ending, after=after)
        (error,) = run(server.url, create, connect_timeout=SHORT if ending == "silence" else 5)
    check_never_left(error, "ConnectTimeout" if ending == "silence" else "ConnectError")


def test_connecting_takes_for_ever() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        there = f"http://127.0.0.1:{listener.getsockname()[1]}"
        # By the share of connecting; and by the whole attempt, which is cut off from outside.
        for settings, cause in (
            ({"connect_timeout": SHORT}, "ConnectTimeout"),
            ({"timeout": SHORT}, "ConnectTimeout|TimeoutError"),
        ):
            (error,) = run(there, create, **settings)
            check_never_left(error, cause)
        for each in waiting:
            each.close()


def test_no_connection_is_free(sandbox: Sandbox) -> None:
    """One request waits for its answer, the other for a connection: each is judged by what became of itself."""

    async def main(server: FaultyServer) -> list[Any]:
        async with client(server.url) as campaigns:
            campaigns._http._transport.limits = httpx.Limits(max_connections=1)
            there, loop = asyncio.Event(), asyncio.get_running_loop()
            sandbox.fault("create", ending="silence")
            sandbox.act("create", 1, lambda sandbox: loop.call_soon_threadsafe(there.set), when="after")
            first = asyncio.create_task(create(campaigns))
            await there.wait()
            impatient = client(server.url, timeout=SHORT, http_client=campaigns._http)
            (second,) = await asyncio.gather(create(impatient), return_exceptions=True)
            await asyncio.to_thread(server.close)
            return [second, *await asyncio.gather(first, return_exceptions=True)]

    with sandbox.serve_faulty() as server:
        second, first = asyncio.run(main(server))
    check_never_left(second, "ConnectTimeout|TimeoutError")
    assert (type(first), verdicts(first)) == (OutcomeUnknownError, {"doubt"})


# --- it may have ---


async def impatiently(sandbox: Sandbox, name: str, call: Any) -> Any:
    """Let a minute pass for the loop, once the request is there."""
    loop, passed = asyncio.get_running_loop(), [0.0]
    time = loop.time

    def minute(sandbox: Sandbox) -> None:
        passed.append(60.0)
        loop.call_soon_threadsafe(lambda: None)  # wakes it

    sandbox.act(name, 1, minute, when="after")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "time", lambda: time() + passed[-1])
        return await call


@pytest.mark.parametrize("kept", [False, True], ids=["new", "kept"])
@pytest.mark.parametrize("effect", ["none", "done"])
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"ending": "reset"}, "ReadError|RemoteProtocolError"),
        ({"ending": "closed"}, "RemoteProtocolError"),
        ({"ending": "silence"}, "ReadTimeout|TimeoutError"),
        ({"cut": 20, "ending": "closed"}, "RemoteProtocolError"),
        ({"raw": b"garbage\r\n\r\n"}, "RemoteProtocolError"),
        ({"raw": b"HTTP/1.1 101 Switching Protocols\r\n\r\n"}, "None|Remote"),
    ],
    ids=str,
)
def test_an_answer_that_does_not_come(
    sandbox: Sandbox, url: str, fault: dict[str, Any], cause: str, effect: Any, kept: bool
) -> None:
    effect = "done" if "cut" in fault else effect
    sandbox.fault("create", effect=effect, **fault)
    calls = [*[get] * kept, create]
    if fault.get("ending") == "silence":
        calls[-1] = lambda campaigns: impatiently(sandbox, "create", create(campaigns))
    error = run(url, *calls)[-1]
    assert type(error) is OutcomeUnknownError
    assert [attempt.verdict for attempt in error.attempts] == ["doubt"]
    assert re.match(cause, str(error.attempts[0].cause))
    assert [each.method for each in sandbox.requests()].count("POST") == (effect == "done")


@pytest.mark.parametrize("ending", ["reset", "closed", "silence"])
@pytest.mark.parametrize("after", [0, 1000])
def test_a_request_that_is_not_read(sandbox: Sandbox, url: str, ending: Any, after: int) -> None:
    sandbox.fault("create", after=after, ending=ending)
    timeout = LONGER if ending == "silence" else 30
    (error,) = run(url, lambda campaigns: campaigns.create("A title", plain_content=LARGE), timeout=timeout)
    assert (type(error), verdicts(error)) == (OutcomeUnknownError, {"doubt"})


def test_an_answer_that_drips(sandbox: Sandbox, url: str) -> None:
    sandbox.fault("create", effect="done", drip=LONGER / 5)
    (error,) = run(url, create, timeout=LONGER)  # each byte comes in time for aiohttp
    assert (type(error), verdicts(error)) == (OutcomeUnknownError, {"doubt"})


@pytest.mark.parametrize("kept", [False, True], ids=["new", "kept"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_nothing_is_sent_twice(kept: bool, method: str) -> None:
    """aiohttp would do it by itself, with these, over a new connection and a kept one."""

    def say(request: bytes) -> bytes:
        if request.startswith(b"DELETE") or (method == "GET" and len(peer.requests) > 1):
            return b""
        return DRAFT if kept else DRAFT.replace(b"OK", b"OK\r\nConnection: close")

    with Peer(say) as peer:
        calls = [get, get] if method == "GET" else [lambda campaigns: campaigns.delete(4900)]
        error = run(peer.url, *calls, retry=Retry(attempts=1, settle=0.01))[-1]
    struck = [attempt for attempt in error.attempts if attempt.method == method]
    assert [(attempt.verdict, attempt.status_code) for attempt in struck] == [("doubt", None)]
    before = 1 if method == "GET" else 0
    assert [request.startswith(method.encode()) for request in peer.requests].count(True) == before + 1


def test_a_connection_that_was_closed_is_not_used_again() -> None:
    async def main(peer: Peer) -> Any:
        async with client(peer.url, retry=Retry(attempts=1)) as campaigns:
            await campaigns.get(4900)
            peer.hung_up.wait(5)  # while the loop stands still, and cannot have noticed
            return await campaigns.get(4900)

    with Peer(lambda request: DRAFT, at_most=1) as peer:
        assert asyncio.run(main(peer)).status == "Draft"


def test_a_call_that_is_cancelled_says_what_it_cannot_know(sandbox: Sandbox, url: str) -> None:
    async def main() -> BaseException:
        async with client(url) as campaigns:
            there, loop = asyncio.Event(), asyncio.get_running_loop()
            sandbox.fault("send", effect="done", ending="silence")
            sandbox.act("send", 1, lambda sandbox: loop.call_soon_threadsafe(there.set), when="after")
            task = asyncio.create_task(campaigns.send(4900))
            await there.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as raised:
                await task
            return raised.value

    assert "unknown whether campaign 4900 was sent" in asyncio.run(main()).__notes__[0]


# --- bodies ---


def test_a_compressed_body(sandbox: Sandbox, url: str) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    sandbox.fault("get", answer=Canned(200, headers, gzip.compress(BODY)))
    assert run(url, get)[0].status == "Draft"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-encoding": "gzip"}, gzip.compress(bytes(2**24), 1)),
        ({"content-encoding": "gzip"}, gzip.compress(BODY)[:-9]),
        ({}, b" " * (9 * 2**20)),
    ],
    ids=["a bomb", "cut off", "too large"],
)
def test_a_body_that_is_not_taken(sandbox: Sandbox, url: str, headers: dict[str, str], body: bytes) -> None:
    sandbox.fault("get", times=2, answer=Canned(200, headers, body))
    error, campaign = run(url, get, get)
    assert type(error) is UnreadableResponseError
    assert "cut off or is too large" in str(error)
    assert campaign.status == "Draft"


@pytest.mark.parametrize("ending", ["reset", "closed", "silence"])
def test_a_201_whose_body_dies_is_a_201(sandbox: Sandbox, url: str, ending: Any) -> None:
    raw = b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"
    sandbox.fault("send", effect="done", raw=raw, ending=ending)
    timeout = LONGER if ending == "silence" else 30
    (receipt,) = run(url, lambda campaigns: campaigns.send(4900), timeout=timeout)
    assert (receipt.known_from, receipt.status) == ("answer", None)


def test_a_large_request(sandbox: Sandbox, url: str) -> None:
    (campaign,) = run(url, lambda campaigns: campaigns.update(4900, html_content=LARGE, plain_content=LARGE))
    assert campaign.html_content == LARGE


# --- TLS and proxies ---


@pytest.mark.parametrize("told_by", ["environment", "httpx"])
def test_it_trusts_whom_httpx_trusts(
    sandbox: Sandbox, certificate: tuple[ssl.SSLContext, Path], told_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    if told_by == "environment":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    else:
        trusting = ssl.create_default_context(cafile=certificate[1])
        monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: trusting)
    with sandbox.serve_faulty(certificate[0]) as server:
        receipt, again = run(server.url, lambda campaigns: campaigns.send(4900), get)
    assert (receipt.known_from, again.status) == ("answer", "In Progress")


@pytest.mark.parametrize("refusal", [b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 502 No\r\n\r\n"])
def test_a_proxy_that_opens_no_tunnel(refusal: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(lambda request: refusal) as peer:
        monkeypatch.setenv("HTTPS_PROXY", peer.url)
        (error,) = run("https://sendgrid.invalid", create)
    check_never_left(error, "ProxyError")
    assert [request.split(b"\r\n")[0] for request in peer.requests] == [b"CONNECT sendgrid.invalid:443 HTTP/1.1"] * 2
    assert KEY.encode() not in b"".join(peer.requests)


def test_proxies_that_aiohttp_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match="aiohttp knows no socks5 proxies"):
        client("https://api.sendgrid.com")


# --- whose it is ---


def test_it_is_made_outside_of_a_loop_and_closed_with_what_it_has(url: str) -> None:
    unused, campaigns = client(url), client(url)

    async def main() -> None:
        view = campaigns.on_behalf_of("acme")
        await asyncio.gather(*[campaigns.get(4900) for _ in range(20)])
        await view.aclose()
        await campaigns.get(4900)
        session = campaigns._http._transport.client
        assert isinstance(session, aiohttp.ClientSession)
        assert not session.closed
        await campaigns.aclose()
        assert session.closed
        await unused.aclose()
        with pytest.raises(ConfigurationError, match="this AiohttpCampaignsClient is closed"):
            await view.get(4900)

    asyncio.run(main())


def test_a_fork_may_not_use_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    campaigns = client(url)
    with monkeypatch.context() as forked:
        forked.setattr("os.getpid", lambda: 1)
        with pytest.raises(ConfigurationError, match="before this process was forked"):
            asyncio.run(campaigns.get(4900))


def test_it_takes_no_http_client() -> None:
    with pytest.raises(ConfigurationError, match="Use an AsyncCampaignsClient for it"):
        client("https://api.sendgrid.com", http_client=httpx.AsyncClient())
