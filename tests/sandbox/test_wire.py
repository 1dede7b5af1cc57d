"""The faulty server: every planned fault on real bytes, plain and TLS; and nothing left behind."""

import gzip
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest

from doubles import Colour
from sandbox.certificates import self_signed
from sendgrid_campaigns import CampaignsClient
from sendgrid_campaigns.sandbox import Canned, Sandbox
from sendgrid_campaigns.sandbox.wire import FaultyServer

START = 1_800_000_000.0
KEY = {"Authorization": "Bearer SG.sandbox"}
GET, SEND = "/v3/campaigns/4900", "/v3/campaigns/4900/schedules/now"
PLAIN = ssl.create_default_context()  # made once: it takes longer than a test
SHORT = 0.03
"""Seconds that a client waits where nothing comes."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=lambda: START) as sandbox:
        yield sandbox


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[FaultyServer]:
    with sandbox.serve_faulty() as server:
        yield server


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return self_signed(tmp_path_factory.mktemp("tls"))


class Peer:
    """A client that sees the bytes."""

    def __init__(self, server: FaultyServer, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", httpx.URL(server.url).port or 0), timeout=5)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1", suppress_ragged_eofs=False)

    def ask(self, path: str = GET, method: str = "GET", *lines: str) -> "Peer":
        head = [f"{method} {path} HTTP/1.1", "Host: x", "Authorization: Bearer SG.sandbox", *lines, "", ""]
        self.socket.sendall("\r\n".join(head).encode())
        return self

    def read(self, silent_after: int | None = None) -> tuple[bytes, str]:
        """All that comes, and how it ends; after so many bytes nothing is waited for."""
        found = bytearray()
        while True:
            self.socket.settimeout(5 if silent_after is None or len(found) < silent_after else SHORT)
            try:
                part = self.socket.recv(2**16)
            except ConnectionResetError:
                return bytes(found), "reset"
            except TimeoutError:
                return bytes(found), "silence"
            except ssl.SSLEOFError:  # some versions of Python say so of a reset, too
                return bytes(found), "cut off"
            if not part:
                return bytes(found), "closed"
            found += part

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()


def raw(
    server: FaultyServer, path: str = GET, method: str = "GET", *, silent_after: int | None = None
) -> tuple[bytes, str]:
    with Peer(server) as peer:
        return peer.ask(path, method, "Connection: close").read(silent_after)


def ledger(sandbox: Sandbox) -> list[tuple[int, str]]:
    return [(request.status_code, request.origin) for request in sandbox.requests()]


# --- as the sandbox answers ---


def test_it_answers_as_the_other_doors_do(sandbox: Sandbox, server: FaultyServer) -> None:
    requests: list[tuple[str, str, Any]] = [
        ("POST", "/v3/campaigns", {"title": "Grüße"}),
        ("GET", "/v3/campaigns?limit=1&offset=1", None),
        ("GET", "/v3/campaigns?limit=0", None),
        ("PATCH", GET, {"subject": "x" * 500_000}),
        ("POST", GET + "/schedules/test", {"to": "a@example.com"}),
        ("POST", SEND, None),
        ("POST", SEND, None),
        ("GET", GET, None),
        ("GET", "/v3/campaigns/4901", None),
        ("PUT", GET, None),
        ("GET", "/", None),
        ("DELETE", GET, None),
    ]
    with Sandbox(clock=lambda: START) as twin:
        in_process = httpx.Client(transport=twin.transport(), base_url="http://x.example", headers=KEY)
        with httpx.Client(base_url=server.url, headers=KEY, trust_env=False, verify=PLAIN) as http:
            for method, path, body in requests:
                answer, expected = (client.request(method, path, json=body) for client in (http, in_process))
                assert (answer.status_code, answer.content) == (expected.status_code, expected.content)
                headers, same = dict(answer.headers), dict(expected.headers)
                assert (headers if answer.content else {**headers, "content-length": "0"}) == {
                    "content-length": "0",
                    **same,
                }
        assert [(r.method, r.path, r.status_code) for r in sandbox.requests()] == [
            (r.method, r.path, r.status_code) for r in twin.requests()
        ]


def test_connections_are_kept_until_the_client_is_done(sandbox: Sandbox, server: FaultyServer) -> None:
    with Peer(server) as peer:
        for _ in range(3):
            peer.ask()
            assert peer.socket.recv(2**16).startswith(b"HTTP/1.1 200 OK\r\n")
        found, end = peer.ask().ask(GET, "GET", "Connection: close").read()  # two at once
        assert (found.count(b"HTTP/1.1 200 OK\r\n"), end) == (2, "closed")
    assert ledger(sandbox) == [(200, "client")] * 5


def test_a_body_in_chunks(server: FaultyServer) -> None:
    with httpx.Client(base_url=server.url, headers=KEY, trust_env=False, verify=PLAIN) as http:
        assert http.patch(GET, content=iter([b'{"subject":', b'"x"}'])).json()["subject"] == "x"


@pytest.mark.parametrize("said", [b"\x16\x03\x01\x00", b"no HTTP\r\n\r\n", b"GET / HTTP/1.1\r\n", b""])
def test_what_clients_say_wrong_hurts_nobody(server: FaultyServer, said: bytes) -> None:
    with Peer(server) as peer:
        peer.socket.sendall(said)
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.read() == (b"", "closed")
    assert raw(server)[0].startswith(b"HTTP/1.1 200")


def test_the_facade_sends_through_it(sandbox: Sandbox, server: FaultyServer) -> None:
    with CampaignsClient("SG.sandbox", base_url=server.url) as campaigns:
        assert campaigns.send(4900).id == 4900
    assert len(sandbox.mailings()) == 1


# --- lost answers ---

EFFECTS: dict[str, tuple[dict[str, Any], list[tuple[int, str]]]] = {
    "none": ({}, []),
    "done": ({}, [(201, "client")]),
    "late": ({"delay": 30}, [(201, "late copy")]),
    "twice": ({}, [(201, "client"), (403, "second copy")]),
}


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("ending", ["reset", "closed", "silence"])
def test_what_is_done_and_what_is_seen_are_two_things(
    sandbox: Sandbox, server: FaultyServer, effect: Any, ending: Any
) -> None:
    more, handled = EFFECTS[effect]
    sandbox.fault("send", effect=effect, ending=ending, **more)
    done = threading.Event()
    sandbox.act("send", 1, lambda sandbox: done.set(), when="after")
    assert raw(server, SEND, "POST", silent_after=0 if ending == "silence" else None) == (b"", ending)
    assert done.wait(5)
    assert sandbox.now().timestamp() == START  # real silence takes real time
    sandbox.advance(30)
    assert ledger(sandbox) == handled
    assert len(sandbox.mailings()) == (effect != "none")


@pytest.mark.parametrize("ending", ["reset", "closed", "silence"])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_cut_anywhere(
    sandbox: Sandbox, secure: bool, tls: tuple[ssl.SSLContext, ssl.SSLContext], ending: Any
) -> None:
    contexts = tls if secure else (None, None)
    with sandbox.serve_faulty(contexts[0]) as server:
        with Peer(server, contexts[1]) as peer:
            whole, _ = peer.ask(GET, "GET", "Connection: close").read()
        for cut in (0, 1, 9, whole.index(b"\r\n\r\n") + 4, len(whole) - 1, len(whole), 10**6):
            sandbox.fault("get", cut=cut, ending=ending)
            with Peer(server, contexts[1]) as peer:
                found, end = peer.ask().read(min(cut, len(whole)) if ending == "silence" else None)
                assert found == whole[:cut]
                assert end == ending or (secure and end == "cut off" and ending != "silence")


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("ending", ["reset", "closed", "silence"])
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "reused"])
def test_httpx_sees_it_break(
    colour: Colour,
    sandbox: Sandbox,
    secure: bool,
    tls: tuple[ssl.SSLContext, ssl.SSLContext],
    ending: Any,
    fresh: bool,
) -> None:
    context, trust = tls if secure else (None, PLAIN)
    with sandbox.serve_faulty(context) as server:
        http = colour.http_class(base_url=server.url, headers=KEY, trust_env=False, verify=trust, timeout=5)
        if not fresh:
            assert colour.do(http.get, GET).status_code == 200
        for effect in ("none", "done"):
            sandbox.fault("send", effect=effect, ending=ending)
            done = threading.Event()
            sandbox.act("send", 1, lambda sandbox, done=done: done.set(), when="after")  # type: ignore[misc]
            with pytest.raises(httpx.TransportError) as raised:
                colour.do(http.post, SEND, timeout=httpx.Timeout(5, read=SHORT if ending == "silence" else 5))
            assert isinstance(raised.value, httpx.ReadTimeout) == (ending == "silence")
            assert done.wait(5)
            assert len(sandbox.mailings()) == (effect == "done")
        if ending != "silence":
            sandbox.fault("get", cut=400, ending=ending)
            response = colour.do(http.send, http.build_request("GET", GET), stream=True)
            assert response.status_code == 200  # the status arrives, and then the body dies
            with pytest.raises(httpx.TransportError):
                colour.do(response.read if colour.http_class is httpx.Client else response.aread)
        assert colour.do(http.get, GET).status_code == 200
        colour.do(http.close if colour.http_class is httpx.Client else http.aclose)


def test_made_up_answers_keep_the_connection(sandbox: Sandbox, server: FaultyServer) -> None:
    sandbox.fault("get", 1, answer=502)
    sandbox.fault("get", 2, answer=204)
    sandbox.fault("get", 3, effect="twice", answer=Canned(599, {"X-Own": "1"}, b"no"))
    sandbox.act("get", 4, lambda sandbox: sandbox.set_status(4900, "Paused"))
    with Peer(server) as peer:
        answers = []
        for _ in range(4):
            peer.ask()
            answers.append(peer.socket.recv(2**16).replace(b"\r\n", b"\n"))
    assert answers[0].startswith(b"HTTP/1.1 502 Bad Gateway\ncontent-type: text/html\ncontent-length: ")
    assert answers[1] == b"HTTP/1.1 204 No Content\ncontent-type: text/html\n\n"
    assert answers[2] == b"HTTP/1.1 599 \nX-Own: 1\ncontent-length: 2\n\nno"
    assert b'"status": "Paused"' in answers[3]
    assert len(sandbox.requests()) == 3


def test_an_answer_that_drips(sandbox: Sandbox, server: FaultyServer) -> None:
    sandbox.fault("send", drip=0.0001)
    found, _ = raw(server, SEND, "POST")
    assert found.endswith(b'{"id": 4900, "status": "Scheduled"}')
    sandbox.fault("get", drip=SHORT)
    with Peer(server) as peer:
        peer.ask()
        assert [peer.socket.recv(2**16) for _ in range(3)] == [b"H", b"T", b"T"]


# --- any bytes ---

DRAFT = b'{"id": 4900, "status": "Scheduled"}'
BOMB = gzip.compress(bytes(10**7))
HEAD = b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n"
RAW: dict[str, tuple[bytes, int | type[httpx.HTTPError]]] = {
    "half a status line": (b"HTTP/1.1 20", httpx.RemoteProtocolError),
    "garbage": (b"\x00\xffgarbage\r\n\r\n", httpx.RemoteProtocolError),
    "nothing": (b"", httpx.RemoteProtocolError),
    "two lengths": (HEAD % 3 + b"Content-Length: 35\r\n\r\n" + DRAFT, httpx.RemoteProtocolError),
    "a large head": (HEAD % 35 + b"X: " + b"x" * 300_000 + b"\r\n\r\n" + DRAFT, httpx.RemoteProtocolError),
    "100 and 103 first": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD % 35 + b"\r\n" + DRAFT,
        201,
    ),
    "half a gzip": (
        HEAD % 20 + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(DRAFT)[:20],
        201,  # httpx takes it for whole
    ),
    "a gzip bomb": (HEAD % len(BOMB) + b"Content-Encoding: gzip\r\n\r\n" + BOMB, 201),
    "until the end": (b"HTTP/1.0 201 Created\r\n\r\n" + DRAFT, 201),
}


@pytest.mark.parametrize("name", RAW)
def test_any_bytes_in_place_of_the_answer(sandbox: Sandbox, server: FaultyServer, name: str) -> None:
    said, outcome = RAW[name]
    sandbox.fault("send", effect="done", raw=said)
    assert raw(server, SEND, "POST") == (said, "closed")
    assert len(sandbox.mailings()) == 1
    sandbox.fault("send", effect="none", raw=said)
    with httpx.Client(base_url=server.url, headers=KEY, trust_env=False, verify=PLAIN) as http:
        if isinstance(outcome, int):
            assert http.post(SEND).status_code == outcome
        else:
            with pytest.raises(httpx.TransportError):
                http.post(SEND)
    sandbox.fault("send", effect="none", raw=b"HTTP/1", ending="silence", drip=0.001)
    assert raw(server, SEND, "POST", silent_after=6) == (b"HTTP/1", "silence")


# --- connections ---


@pytest.mark.parametrize("ending", ["reset", "closed", "silence"])
@pytest.mark.parametrize("after", [None, 0, 1, 40])
def test_a_connection_that_breaks_before_a_request_is_read(
    sandbox: Sandbox, server: FaultyServer, ending: Any, after: int | None
) -> None:
    sandbox.fault("connect", 2, ending=ending, after=after)
    assert raw(server)[0].startswith(b"HTTP/1.1 200")
    try:
        with Peer(server) as peer:
            with suppress(BrokenPipeError):
                peer.ask(SEND, "POST")
            seen = peer.read(0 if ending == "silence" else None)
    except ConnectionResetError:  # before it was asked anything
        seen = b"", "reset"
    assert seen == (b"", ending)
    assert raw(server)[0].startswith(b"HTTP/1.1 200")
    assert ledger(sandbox) == [(200, "client")] * 2


def test_a_handshake_that_dies(colour: Colour, sandbox: Sandbox, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    with sandbox.serve_faulty(tls[0]) as server:
        for ending in ("reset", "closed", "silence"):
            sandbox.fault("connect", ending=ending, after=10)
            http = colour.http_class(base_url=server.url, headers=KEY, trust_env=False, verify=tls[1])
            with pytest.raises((httpx.ConnectError, httpx.ConnectTimeout)):
                colour.do(http.post, SEND, timeout=SHORT if ending == "silence" else 5)
            assert colour.do(http.get, GET).status_code == 200
            colour.do(http.close if colour.http_class is httpx.Client else http.aclose)
        with pytest.raises(httpx.TransportError):
            httpx.get(server.url.replace("https", "http") + GET, trust_env=False)
    assert {request.method for request in sandbox.requests()} == {"GET"}


@pytest.mark.parametrize("ending", ["reset", "closed", "silence"])
def test_a_request_of_which_a_part_is_read(sandbox: Sandbox, server: FaultyServer, ending: Any) -> None:
    sandbox.fault("update", ending=ending, after=1_000)
    with httpx.Client(base_url=server.url, headers=KEY, trust_env=False, verify=PLAIN) as http:
        assert http.get(GET).status_code == 200
        with pytest.raises(httpx.TransportError):
            http.patch(GET, content=bytes(15_000_000), timeout=0.1)
        assert http.get(GET).status_code == 200
    assert ledger(sandbox) == [(200, "client")] * 2


@pytest.mark.parametrize("operation", ["update", "connect"])
def test_so_much_is_read_before_the_end(sandbox: Sandbox, server: FaultyServer, operation: str) -> None:
    size = 15_000_000  # more than lies in between
    sandbox.fault(operation, ending="closed", after=size)
    with Peer(server) as peer:
        peer.ask(GET, "PATCH", f"Content-Length: {size}").socket.sendall(bytes(size))
        assert peer.read() == (b"", "closed")


@pytest.mark.parametrize("how", [{"ending": "silence"}, {"ending": "closed"}, {"ending": "silence", "after": 0}])
def test_a_connection_is_held_no_longer_than_its_client_does(
    sandbox: Sandbox, server: FaultyServer, how: dict[str, Any]
) -> None:
    sandbox.fault("update", **how)
    with Peer(server) as peer:
        peer.ask(GET, "PATCH", "Content-Length: 2").socket.sendall(b"{}")
        peer.read(silent_after=0)
        (thread,) = server._open
    thread.join(5)
    assert not thread.is_alive()


def test_a_connection_that_is_closed_while_it_is_idle(colour: Colour, sandbox: Sandbox, server: FaultyServer) -> None:
    for ending in ("closed", "reset"):
        sandbox.fault("get", cut=10**6, ending=ending)
        found, end = raw(server)
        assert (found[:12], found[-2:], end) == (b"HTTP/1.1 200", b'"}', ending)
        http = colour.http_class(base_url=server.url, headers=KEY, trust_env=False, verify=PLAIN)
        assert colour.do(http.get, GET).status_code == 200
        sandbox.fault("send", effect="none", after=0, ending=ending)  # it is closed as the next request comes
        with pytest.raises(httpx.TransportError):
            colour.do(http.post, SEND)
        colour.do(http.close if colour.http_class is httpx.Client else http.aclose)
    assert sandbox.mailings() == []


def test_what_cannot_be_played_on_a_socket(server: FaultyServer) -> None:
    sandbox = Sandbox()
    sandbox.fault("send", ending="refused")
    with sandbox.serve_faulty() as other:
        found, end = raw(other, SEND, "POST")
    assert (found[:12], end) == (b"HTTP/1.1 501", "closed")
    assert b"use transport(): this connection is there already" in found
    with pytest.raises(AssertionError, match=r"serve_faulty\(\) cannot play"):
        sandbox.close()


def test_an_outage(sandbox: Sandbox, server: FaultyServer) -> None:
    sandbox.outage(60)
    assert raw(server)[0].startswith(b"HTTP/1.1 503")
    sandbox.outage(60, ending="reset")
    assert raw(server) == (b"", "reset")
    sandbox.advance(60)
    assert raw(server)[0].startswith(b"HTTP/1.1 200")


# --- many, and none left ---


def held() -> tuple[int, int]:
    """Threads and descriptors."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def test_many_faults_at_once_and_nothing_left(sandbox: Sandbox) -> None:
    before = held()
    with sandbox.serve_faulty() as server:
        faults: list[dict[str, Any]] = [
            {"ending": "reset"}, {"ending": "closed"}, {"cut": 9}, {"cut": 300, "ending": "reset"}, {"raw": b"?"},
            {"answer": 503},
        ]  # fmt: skip
        for number in range(300):
            sandbox.fault("get", number + 1, **faults[number % len(faults)])
        ends = []

        def ask(_: int) -> None:
            found, end = raw(server)
            ends.append((found[:12], end))

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(ask, range(300)))
        assert {end: ends.count(end) for end in set(ends)} == {
            (b"", "reset"): 50,
            (b"", "closed"): 50,
            (b"HTTP/1.1 ", "closed"): 50,
            (b"HTTP/1.1 200", "reset"): 50,
            (b"?", "closed"): 50,
            (b"HTTP/1.1 503", "closed"): 50,
        }
    assert held() == before
    assert ledger(sandbox) == [(200, "client")] * 250


def test_a_server_is_closed_in_the_middle_of_everything(
    sandbox: Sandbox, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    before = held()
    reached = threading.Barrier(9)

    def arrive(sandbox: Sandbox) -> None:
        reached.wait(5)

    plain, secure = sandbox.serve_faulty(), sandbox.serve_faulty(tls[0])
    sandbox.fault("get", 1, ending="silence", times=2)
    sandbox.fault("get", 3, drip=1000, times=2)
    sandbox.fault("get", 5, cut=10**6, ending="closed", times=2)
    sandbox.fault("update", effect="none", after=0, ending="silence", times=2)
    for number in range(1, 7):
        sandbox.act("get", number, arrive, when="before")
    for number in (1, 2):
        sandbox.act("send", number, arrive)
    peers = [Peer(plain) if number % 2 else Peer(secure, tls[1]) for number in range(8)]
    for peer in peers[:6]:
        peer.ask()
    for peer in peers[6:]:
        peer.ask(SEND, "POST")  # answered, and idle then
    reached.wait(5)
    peers += [Peer(plain).ask(GET, "PATCH", "Content-Length: 10"), Peer(plain), Peer(secure)]
    plain.close()
    secure.close()
    plain.close()  # once more does no harm
    for peer in peers:
        assert peer.read()[1] in ("closed", "reset", "cut off")
        peer.socket.close()
    assert held() == before
    sandbox._network._faults.clear()  # one that nobody came to meet


def test_the_listening_socket_is_on_loopback(server: FaultyServer) -> None:
    assert server._listener.getsockname()[0] == "127.0.0.1"
    assert server.url.startswith("http://127.0.0.1:")
