"""Hostile servers: slow, huge, early, and strangers."""

import asyncio
import gzip
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sendgrid_campaigns import NotAppliedError, OutcomeUnknownError, Retry, SendGridError, SendReceipt
from sendgrid_campaigns.sandbox import Sandbox
from sockets.kinds import KINDS, Kind
from sockets.raw import Request, Service, answer, serve
from sockets.stage import Shifted

PATIENCE = Retry(attempts=2, settle=0.3, deadline=5)


def use(kind: Kind, url: str, work: Callable[[Any], Any], **settings: Any) -> Any:
    """Return what a call returns or raises; its waits take no time."""
    try:
        return kind.use(work, base_url=url, **{"clock": Shifted(), "retry": PATIENCE, "timeout": 5, **settings})
    except SendGridError as error:
        return error


# --- time ---


@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_drips_ends_with_the_timeout(kind: Kind, part: str, method: str) -> None:
    service = Service()

    def handle(connection: socket.socket, request: Request) -> None:
        whole = service.answer(request)
        start = whole.index(b"\r\n\r\n") + 4 if part == "body" else 0
        if request.method != method:
            connection.sendall(whole)
            return
        connection.sendall(whole[:start])
        for byte in whole[start:] + b" " * 200:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)  # real time: the server drips, and the limit on sockets is what this test is about

    with serve(handle) as (url, requests):
        began = time.monotonic()
        found = use(kind, url, lambda campaigns: campaigns.send(1), timeout=0.4, retry=Retry(attempts=1, settle=0.1))
        seconds = time.monotonic() - began
    assert seconds < 3, "a whole answer takes more than 10"
    assert max(attempt.seconds for attempt in found.attempts) < 2
    if method == "GET":
        assert isinstance(found, NotAppliedError)
        assert not service.mailed
    else:
        assert found.known_from == ("read-back" if part == "head" else "answer")
    assert sum(request.method == "POST" for request in requests) == (method == "POST")


# --- size ---

BIG: Sequence[tuple[str, int, bytes]] = (
    ("get", 400, b'{"errors":[' + b"1," * 4_150_000 + b"1]}"),
    ("get", 400, b'{"errors":[' + b'{"message":"%s"},' % (b"x" * 490) * 16_000 + b"1]}"),
    ("get", 400, b'{"errors":[' + b'{"message":"%s"},' % (b"x" * 900) * 64 + b"1]}"),
    ("get", 200, b'{"id":1,"status":"Draft","x":[' + b"[]," * 2_700_000 + b"1]}"),
    ("get", 200, b"[" * 8_000_000),
    ("get", 200, bytes(100_000_000)),
    ("list", 200, b'{"result":[],"x":[' + b"[]," * 22_000_000 + b"1]}"),
    ("list", 200, b'{"result":[' + b'{"id":1},' * 7_000_000 + b'{"id":1}]}'),
    ("list", 200, b'{"result":[],"x":[' + b'"a"' * 20_000_000 + b"," * 200_000),
)
CALLS = """
import resource, sys, time
from sendgrid_campaigns import Retry, SendGridError
from sockets.kinds import KINDS
kind, url, *methods = sys.argv[1:]
def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
for method in methods:
    before, began, found = most(), time.process_time(), ""
    try:
        arguments = [1] if method == "get" else []
        settings = {"base_url": url, "timeout": 60, "retry": Retry(attempts=1)}
        KINDS[kind].use(lambda campaigns: getattr(campaigns, method)(*arguments), **settings)
    except SendGridError as error:
        found = str(error)
    print(time.process_time() - began, most() - before, len(found))
"""


@pytest.mark.parametrize("name", KINDS)
def test_small_answers_that_are_huge_when_unpacked_cost_little(name: str) -> None:
    bodies = BIG if name == "sync" else BIG[::4]  # the same code unpacks and parses for all
    packed = "Content-Encoding: gzip\r\n"
    coming = iter([answer(code, gzip.compress(body, 1), packed) for _, code, body in bodies])
    with serve(lambda connection, request: connection.sendall(next(coming))) as (url, _):
        command = [sys.executable, "-c", CALLS, name, url, *(method for method, *_ in bodies)]
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    for line in done.stdout.splitlines():
        seconds, megabytes, characters = map(float, line.split())
        assert (seconds < 3, megabytes < 400, characters <= 8_001) == (True, True, True), done.stdout
    assert len(done.stdout.splitlines()) == len(bodies)


@pytest.mark.parametrize("name", KINDS)
def test_an_encoding_that_nobody_knows_does_not_cost_the_status(name: str) -> None:
    """R5: the status line decides."""
    accepted = answer(201, {"id": 1, "status": "Scheduled"}, "Content-Encoding: br\r\nLocation: ÿ\r\n")
    with serve(lambda connection, request: connection.sendall(accepted)) as (url, requests):
        receipt = KINDS[name].use(lambda campaigns: campaigns.ensure_sent(1), base_url=url)
    assert (receipt.known_from, len(requests)) == ("answer", 1)


# --- answers before their question ---

EXTRA = {
    "201": answer(201, {"id": 1, "status": "Scheduled"}),
    "400": answer(400, {"errors": [{"message": "Bad request"}]}),
    "429": answer(429, {"errors": []}, "Retry-After: 200\r\n"),
    "408": answer(408, b"", "Connection: close\r\n"),
}


@pytest.mark.parametrize("extra", EXTRA)
@pytest.mark.parametrize("reads_on", [True, False])
def test_an_answer_that_was_there_before_proves_nothing(kind: Kind, reads_on: bool, extra: str) -> None:
    """What no transport can see: an answer that arrives after the POST began, and answers no request or another."""
    service = Service()

    def handle(connection: socket.socket, request: Request) -> bool:
        first = len(requests) == 1
        connection.sendall(service.answer(request) + EXTRA[extra] * first)
        return reads_on or not first

    with serve(handle) as (url, requests):
        found = use(kind, url, lambda campaigns: campaigns.send(1))
    if isinstance(found, SendReceipt):
        assert service.mailed == [1]
    elif not isinstance(found, OutcomeUnknownError):
        assert service.mailed == []


@pytest.mark.parametrize("name", ["async", "aiohttp"])
def test_an_answer_that_was_there_before_over_tls(name: str, trusted: Path) -> None:
    """Each answer is a TLS record, and both are read from the socket at once: the server is in the same event loop."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted / "certificate.pem", trusted / "key.pem")
    service, methods = Service(), list[str]()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                method, path, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
                methods.append(method)
                writer.write(service.answer(Request(method, path, {})))
                if len(methods) == 1:
                    writer.write(EXTRA["429"])
        writer.close()

    async def main() -> SendReceipt:
        async with await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context) as server:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with KINDS[name].client("SG.key", base_url=url, clock=Shifted(), retry=PATIENCE) as campaigns:
                receipt: SendReceipt = await campaigns.send(1)
                return receipt

    receipt = asyncio.run(main())
    assert [attempt.proof for attempt in receipt.attempts] == ["accepted", "accepted"]
    assert methods == ["GET", "POST"]


# --- other hosts ---


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("wrong", [None, "unknown", "of another host"])
def test_nothing_is_sent_to_a_server_with_a_wrong_certificate(
    kind: Kind, wrong: str | None, certificates: Path, request: pytest.FixtureRequest
) -> None:
    if wrong != "unknown":
        request.getfixturevalue("trusted")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "certificate.pem", certificates / "key.pem")
    with Sandbox() as sandbox:
        with sandbox.serve_faulty(context) as server:
            url = server.url.replace("127.0.0.1", "localhost") if wrong == "of another host" else server.url
            found = use(kind, url, lambda campaigns: campaigns.ensure_sent(4900), api_key="SG.sandbox")
        assert bool(sandbox.requests()) is (wrong is None)
    assert isinstance(found, SendReceipt if wrong is None else NotAppliedError)
    # A second look at a certificate would see the same one.
    assert [attempt.proof for attempt in found.attempts] == ["accepted" if wrong is None else "not sent"]


# --- no connection ---

PROXY = (b"HTTP/1.1 403 No\r\n\r\n", answer(407, b"no"), b"HTTP/1.1 30", b"", b"garbage\r\n\r\n")


@pytest.mark.parametrize("said", PROXY)
def test_a_proxy_that_opens_no_tunnel(kind: Kind, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def handle(connection: socket.socket, request: Request) -> bool:
        connection.sendall(said)
        return False

    with serve(handle) as (url, requests):
        monkeypatch.setenv("HTTPS_PROXY", url.replace("//", "//user:secret@"))
        monkeypatch.setenv("NO_PROXY", "::1/128,[fd00::]/8")  # httpx by itself fails by these
        found = use(kind, "https://sendgrid.invalid", lambda campaigns: campaigns.ensure_sent(1))
    assert isinstance(found, NotAppliedError)
    assert [attempt.proof for attempt in found.attempts] == ["not sent"] * 2
    assert f"through the proxy {url}" in str(found)
    assert "secret" not in str(found)
    assert {request.method for request in requests} == {"CONNECT"}
    assert not any("authorization" in request.headers for request in requests)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("died", [False, True])
def test_a_proxy_that_opens_a_tunnel(kind: Kind, died: bool, trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """died: in the TLS handshake behind the proxy, so that nothing was sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted / "certificate.pem", trusted / "key.pem")

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def handle(connection: socket.socket, request: Request) -> bool:
        host, _, port = request.path.partition(":")
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        if not died:
            with socket.create_connection((host, int(port))) as behind:
                back = Thread(target=carry, args=(behind, connection))
                back.start()
                carry(connection, behind)
                back.join()
        return False

    with Sandbox() as sandbox, sandbox.serve_faulty(context) as server, serve(handle) as (proxy, requests):
        monkeypatch.delenv("NO_PROXY")
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        found = use(kind, server.url, lambda campaigns: campaigns.ensure_sent(4900), api_key="SG.sandbox")
    assert {request.method for request in requests} == {"CONNECT"}
    assert isinstance(found, NotAppliedError if died else SendReceipt)
    assert [attempt.proof for attempt in found.attempts] == (["not sent"] * 2 if died else ["accepted"])


PROXIES = (
    "http://127.0.0.1:9/secret@127.0.0.1:9",
    "http://user:word secret@127.0.0.1:9",
    "http://user:secret/word@127.0.0.1:9",
    "user:secret@127.0.0.1:9",
)
"""With passwords that should have been percent-encoded, and without a scheme."""


@pytest.mark.parametrize("proxy", PROXIES)
def test_no_text_quotes_the_password_of_a_proxy_that_is_written_wrongly(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    found = use(KINDS["sync"], "https://sendgrid.invalid", lambda campaigns: campaigns.get(1))
    assert isinstance(found, SendGridError)
    assert "secret" not in str(found)
    assert "HTTPS_PROXY" in str(found)
