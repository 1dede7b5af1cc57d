"""The sandbox's HTTP servers: both answer as in process; `serve_faulty` plays every fault on sockets, also with TLS."""

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sandbox.helpers import EFFECTS, HEADERS, START, FixedSandbox
from sendgrid_campaigns.sandbox import Canned
from sendgrid_campaigns.sandbox.wire import FaultyServer

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]

GET, SEND = "/v3/campaigns/4900", "/v3/campaigns/4900/schedules/now"
OK = ("GET", 200, "client")
ENDINGS = ["reset", "closed", "silence"]
PLAIN = ssl.create_default_context()  # made once: making one takes longer than a test
SHORT = 0.03
"""Seconds that a client waits for bytes that never come."""


@pytest.fixture
def server(sandbox: FixedSandbox) -> Iterator[FaultyServer]:
    with sandbox.serve_faulty() as server:
        yield server


def connect(url: str, verify: ssl.SSLContext = PLAIN) -> httpx.Client:
    return httpx.Client(base_url=url, headers=HEADERS, trust_env=False, verify=verify, timeout=5)


class Peer:
    """A client that sees the bytes of its connection."""

    def __init__(self, server: FaultyServer, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", httpx.URL(server.url).port or 0), timeout=5)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1", suppress_ragged_eofs=False)

    def ask(self, path: str = GET, method: str = "GET", *lines: str) -> "Peer":
        head = [f"{method} {path} HTTP/1.1", "Host: x", "Authorization: Bearer SG.sandbox", *lines, "", ""]
        self.socket.sendall("\r\n".join(head).encode())
        return self

    def read(self, silent_after: int | None = None) -> tuple[bytes, str]:
        """Return all bytes, and how the connection ends. After `silent_after` bytes, wait SHORT for more."""
        found = bytearray()
        while True:
            self.socket.settimeout(5 if silent_after is None or len(found) < silent_after else SHORT)
            try:
                part = self.socket.recv(2**16)
            except ConnectionResetError:
                return bytes(found), "reset"
            except TimeoutError:
                return bytes(found), "silence"
            except ssl.SSLEOFError:  # for a reset, too, in some versions of Python
                return bytes(found), "cut off"
            if not part:
                return bytes(found), "closed"
            found += part

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()


def fetch(server: FaultyServer, path: str = GET, method: str = "GET", silent: int | None = None) -> tuple[bytes, str]:
    with Peer(server) as peer:
        return peer.ask(path, method, "Connection: close").read(silent)


@pytest.mark.parametrize("serve", [FixedSandbox.serve, FixedSandbox.serve_faulty])
def test_a_server_answers_as_the_transport_does(serve: Callable[[FixedSandbox], Any]) -> None:
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v3/campaigns", {"json": {"title": "Grüße"}}),
        ("GET", "/v3/campaigns?limit=1&offset=1", {}),
        ("GET", "/v3/campaigns?limit=", {}),
        ("PATCH", GET, {"json": {"subject": "x" * 500_000}}),
        ("PATCH", GET, {"content": (b'{"subject":', b'"in chunks"}')}),
        ("GET", GET, {"headers": {"Authorization": "Bearer SG.other"}}),
        ("POST", SEND.replace("4900", "4901"), {"headers": {"on-behalf-of": "acme"}}),
        ("POST", GET + "/schedules/test", {"json": {"to": "a@example.com"}}),
        *[("POST", SEND, {}), ("POST", SEND, {}), ("GET", GET, {}), ("GET", "/v3/campaigns/4901", {})],
        *[("PUT", GET, {}), ("GET", "/other", {}), ("DELETE", GET, {})],
        *[("GET", path, {}) for path in ("/v3/campaigns/4900%2Fschedules", "/v3/campaigns/%34900")],
        ("GET", GET, {}),  # over the limit
    ]
    sandbox, twin = (FixedSandbox(rate_limit=len(requests) - 4) for _ in range(2))
    for each in (sandbox, twin):
        each.fault("get", 2, answer=502)
        each.fault("send", effect="twice", answer="second")
        each.act("send", 3, lambda sandbox: sandbox.set_status(4900, "Draft"))
    with serve(sandbox) as server, connect(server.url) as http:
        in_process = httpx.Client(transport=twin.transport(), base_url="http://x.example", headers=HEADERS)
        for method, path, given in requests:
            answer, expected = (client.request(method, path, **given) for client in (http, in_process))
            assert (answer.status_code, answer.content) == (expected.status_code, expected.content)
            no_body = {} if expected.content else {"content-length": "0"}
            assert {**no_body, **answer.headers} == {**no_body, **expected.headers}
    plain, expected_records = ([replace(each, headers={}) for each in one.requests()] for one in (sandbox, twin))
    assert plain == expected_records  # clients send headers of their own
    assert {request.status_code for request in twin.requests()} == {200, 201, 204, 400, 401, 403, 404, 405, 429}


def test_a_server_listens_on_loopback_only(sandbox: FixedSandbox, server: FaultyServer) -> None:
    with sandbox.serve() as other, connect(other.url) as http:
        assert [each.getsockname()[0] for each in (other._socket, server._listener)] == ["127.0.0.1"] * 2
        assert http.post("/v3/campaigns", content=bytes(17 * 2**20)).status_code == 413
    assert sandbox.requests() == []


@pytest.mark.parametrize("said", [b"\x16\x03\x01\x00", b"no HTTP\r\n\r\n", b"GET / HTTP/1.1\r\n", b""])
def test_the_server_survives_invalid_requests(server: FaultyServer, said: bytes) -> None:
    with Peer(server) as peer:
        peer.socket.sendall(said)
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.read() == (b"", "closed")
    assert fetch(server)[0].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_any_effect_with_any_ending(sandbox: FixedSandbox, server: FaultyServer, effect: str, ending: Any) -> None:
    plan, handled = EFFECTS[effect]
    sandbox.fault("send", ending=ending, **plan)
    done = threading.Event()
    sandbox.act("send", 1, lambda sandbox: done.set(), when="after")
    with Peer(server) as peer:
        assert peer.ask().socket.recv(2**16).startswith(b"HTTP/1.1 200")  # the connection is in use already
        assert peer.ask(SEND, "POST").read(0 if ending == "silence" else None) == (b"", ending)
    assert done.wait(5)
    assert sandbox.time == START  # silence takes real time
    assert sandbox.wait(30).ledger == [OK, *handled]
    assert len(sandbox.mailings()) == bool(handled)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_an_answer_cut_anywhere(sandbox: FixedSandbox, secure: bool, tls: Contexts, ending: Any) -> None:
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


def test_made_up_answers_keep_the_connection(sandbox: FixedSandbox, server: FaultyServer) -> None:
    sandbox.fault("get", 1, answer=502)
    sandbox.fault("get", 2, answer=204)
    sandbox.fault("get", 3, effect="twice", answer=Canned(599, {"X-Own": "1"}, b"no"))
    sandbox.act("get", 4, lambda sandbox: sandbox.set_status(4900, "Paused"))
    with Peer(server) as peer:
        answers = [peer.ask().socket.recv(2**16).replace(b"\r\n", b"\n") for _ in range(4)]
    assert answers[0].startswith(b"HTTP/1.1 502 Bad Gateway\ncontent-type: text/html\ncontent-length: ")
    assert answers[1] == b"HTTP/1.1 204 No Content\ncontent-type: text/html\n\n"
    assert answers[2] == b"HTTP/1.1 599 \nX-Own: 1\ncontent-length: 2\n\nno"
    assert b'"status": "Paused"' in answers[3]
    assert len(sandbox.requests()) == 3


def test_a_dripping_answer(sandbox: FixedSandbox, server: FaultyServer) -> None:
    sandbox.fault("send", drip=0.0001)
    assert fetch(server, SEND, "POST")[0].endswith(b'{"id": 4900, "status": "Scheduled"}')
    sandbox.fault("get", drip=SHORT)
    with Peer(server) as peer:
        peer.ask()
        assert [peer.socket.recv(2**16) for _ in range(3)] == [b"H", b"T", b"T"]


TWO_LENGTHS = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"
LARGE_HEAD = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n"


@pytest.mark.parametrize("said", [b"HTTP/1.1 20", b"\x00\xff\r\n\r\n", b"", TWO_LENGTHS, LARGE_HEAD], ids=len)
def test_raw_bytes(sandbox: FixedSandbox, server: FaultyServer, said: bytes) -> None:
    sandbox.fault("send", effect="done", raw=said)
    assert fetch(server, SEND, "POST") == (said, "closed")
    assert len(sandbox.mailings()) == 1
    sandbox.fault("send", effect="none", raw=b"HTTP/1", ending="silence", drip=0.001)
    assert fetch(server, SEND, "POST", silent=6) == (b"HTTP/1", "silence")
    assert sandbox.ledger == [("POST", 201, "client")]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("after", [None, 0, 1, 40])
def test_a_connection_that_ends_before_a_request(
    sandbox: FixedSandbox, server: FaultyServer, ending: Any, after: int | None
) -> None:
    sandbox.fault("connect", 2, ending=ending, after=after)
    assert fetch(server)[0].startswith(b"HTTP/1.1 200")
    try:
        with Peer(server) as peer:
            with suppress(BrokenPipeError):
                peer.ask(SEND, "POST")
            seen = peer.read(0 if ending == "silence" else None)
    except ConnectionResetError:  # the reset came before the request
        seen = b"", "reset"
    assert seen == (b"", ending)
    assert fetch(server)[0].startswith(b"HTTP/1.1 200")
    assert sandbox.ledger == [OK] * 2


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_handshake_that_fails(sandbox: FixedSandbox, tls: Contexts, ending: Any) -> None:
    with sandbox.serve_faulty(tls[0]) as server, connect(server.url, tls[1]) as http:
        sandbox.fault("connect", ending=ending, after=10)
        with pytest.raises((httpx.ConnectError, httpx.ConnectTimeout)):
            http.post(SEND, timeout=SHORT if ending == "silence" else 5)
        assert http.get(GET).status_code == 200
        with pytest.raises(httpx.TransportError), connect(server.url.replace("https", "http")) as plain:
            plain.get(GET)
    assert sandbox.ledger == [OK]


@pytest.mark.parametrize("operation", ["update", "connect"])
def test_the_server_reads_a_number_of_bytes(sandbox: FixedSandbox, server: FaultyServer, operation: str) -> None:
    size = 15_000_000  # more than the buffers of both sockets
    sandbox.fault(operation, ending="closed", after=size)
    with Peer(server) as peer:
        peer.ask(GET, "PATCH", f"Content-Length: {size}").socket.sendall(bytes(size))
        assert peer.read() == (b"", "closed")


@pytest.mark.parametrize("plan", [{"ending": "silence"}, {"ending": "closed"}, {"ending": "silence", "after": 0}])
def test_the_server_closes_when_its_client_does(sandbox: FixedSandbox, server: FaultyServer, plan: Any) -> None:
    sandbox.fault("update", **plan)
    with Peer(server) as peer:
        peer.ask(GET, "PATCH", "Content-Length: 2").socket.sendall(b"{}")
        peer.read(silent_after=0)
        (thread,) = server._open
    thread.join(5)
    assert not thread.is_alive()


def held() -> tuple[int, int]:
    """Count threads and file descriptors."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def test_a_server_closes_in_the_middle_of_everything(sandbox: FixedSandbox, tls: Contexts) -> None:
    before = held()
    reached = threading.Barrier(9)
    plain, secure = sandbox.serve_faulty(), sandbox.serve_faulty(tls[0])
    sandbox.fault("get", 1, ending="silence", times=2)
    sandbox.fault("get", 3, drip=1000, times=2)
    sandbox.fault("get", 5, cut=10**6, ending="closed", times=2)
    sandbox.fault("update", effect="none", after=0, ending="silence", times=2)
    for operation, number in (*(("get", number) for number in range(1, 7)), ("send", 1), ("send", 2)):
        sandbox.act(operation, number, lambda sandbox: reached.wait(5))
    peers = [Peer(plain) if number % 2 else Peer(secure, tls[1]) for number in range(8)]
    for number, peer in enumerate(peers):
        peer.ask(*([GET, "GET"] if number < 6 else [SEND, "POST"]))  # the connections of sends are idle then
    reached.wait(5)
    peers += [Peer(plain).ask(GET, "PATCH", "Content-Length: 10"), Peer(plain), Peer(secure)]
    for server in (plain, secure, plain):  # closing twice does no harm
        server.close()
    for peer in peers:
        assert peer.read()[1] in ("closed", "reset", "cut off")
        peer.socket.close()
    assert held() == before
    sandbox._network._faults.clear()  # an update may not have met its plan
