"""Where faults.py plays: a sandbox with its faulty server, doors in front of it, and the clients of the SDK."""

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from datetime import timedelta
from itertools import count, cycle
from pathlib import Path
from random import Random
from typing import Any, Literal

import attrs
import httpx

from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient, Clock, Retry
from sendgrid_campaigns.sandbox import Canned, Knobs, RequestRecord, Sandbox
from sendgrid_campaigns.sandbox.example import KEY
from sendgrid_campaigns.sandbox.service import operation

HOST = "127.0.0.1"
SHORT = 0.1
"""Seconds that a client waits where nothing is to come."""
LONG = 30.0
"""Seconds that it waits elsewhere: no machine is so slow."""
HOUR = timedelta(hours=1)
LARGE = "[unsubscribe]" + "x" * 900_000
"""A text for a request that is not read in one piece."""

Colour = Literal["sync", "async"]
Door = Literal["server", "refused", "gone", "gone later", "full", "proxy", "pool"]


@attrs.frozen
class Blow:
    """What goes wrong with one request."""

    fault: Mapping[str, Any] | None = None
    """As `Sandbox.fault` takes it, with ID for the campaign's; None: the door strikes, or what was planned before."""
    connects: bool = False
    """Whether it strikes the connection, before anything of it is read."""
    expected: tuple[str, ...] = ()
    """The verdicts that are right, where it is clear beforehand."""
    pause: float = 0.0
    """Seconds of real time before the request is sent."""
    counts: bool = True
    """Whether this is the faulty request, and not the next one."""


@attrs.frozen
class Script:
    """One call of a client, and what goes wrong with its requests."""

    operation: str
    writes: Sequence[Blow | None] = ()
    """By the number of the attempt."""
    reads: Sequence[Blow | None] = ()
    """The first is made before the write, where the operation needs one."""
    fresh: bool | None = None
    """Whether each request has a connection of its own; None: either way."""
    tls: bool | None = None
    """Whether it is over TLS; None: either way."""
    large: bool = False
    """Whether the request has a large body, where it has one."""
    door: Door = "server"
    settle: float = SHORT

    @property
    def hasty(self) -> bool:
        """Whether there is something that the client had better not wait for."""
        faults = [blow.fault or {} for blow in (*self.reads, *self.writes) if blow]
        waits = any(fault.get("ending") == "silence" or "drip" in fault for fault in faults)
        return waits or self.door in ("full", "pool")


class Shifted(Clock):
    """The machine's clock, and on top of it every wait that nobody has waited."""

    def __init__(self) -> None:
        self.offset = 0.0

    def time(self) -> float:
        return time.time() + self.offset

    def monotonic(self) -> float:
        return time.monotonic() + self.offset

    def sleep(self, seconds: float) -> None:
        self.offset += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.offset += seconds
        await asyncio.sleep(0)


# --- doors ---


def _bound(address: tuple[str, int]) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(address)
    return bound


REFUSALS = (
    b"HTTP/1.1 403 Forbidden\r\n\r\n",
    b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno",
    b"HTTP/1.1 429 Too Many Requests\r\n\r\n",
    b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
)
"""What a proxy says that opens no tunnel."""
GARBLED = (b"", b"HTTP/1.1 30", b"garbage\r\n\r\n")
"""And one that is out of order."""


class Gate:
    """A door that lets so many connections through to a server. Then it is gone, or refuses as a proxy does."""

    def __init__(self, url: str, through: int, refusals: Sequence[bytes] = ()) -> None:
        """refusals: what a proxy says, in turn."""
        self._server = (HOST, httpx.URL(url).port or 0)
        self._through = through
        self._proxies = bool(refusals)
        self._refusals = cycle(refusals)
        # Keeps the port when nobody listens any more: nobody else is to be met there.
        self._reserved = _bound((HOST, 0))
        self.address: tuple[str, int] = self._reserved.getsockname()
        self._sockets = [self._reserved]
        self._threads: list[threading.Thread] = []
        if through:
            listener = _bound(self.address)
            listener.listen()
            self._sockets.append(listener)
            self._start(self._accept, listener)

    def _start(self, work: Callable[..., None], *sockets: socket.socket) -> None:
        thread = threading.Thread(target=work, args=sockets, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        # A proxy stays, and says of each connection whether it may go on; any other door closes behind the last.
        with suppress(OSError):
            for number in count(1):
                connection, _ = listener.accept()
                self._sockets.append(connection)
                if number == self._through and not self._proxies:
                    listener.close()
                if self._proxies and not self._grants(connection, number):
                    continue
                server = socket.create_connection(self._server)
                self._sockets.append(server)
                self._start(self._carry, connection, server)
                self._start(self._carry, server, connection)

    def _grants(self, connection: socket.socket, number: int) -> bool:
        asked = b""
        while b"\r\n\r\n" not in asked and (part := connection.recv(2**16)):
            asked += part
        granted = number <= self._through
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if granted else next(self._refusals))
        if not granted:
            connection.shutdown(socket.SHUT_WR)
        return granted

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(2**16):
                target.sendall(part)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for thread in self._threads:
            while thread.is_alive():
                for each in [*self._sockets]:
                    with suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR)
                thread.join(0.01)
        for each in self._sockets:
            each.close()


class Full:
    """A door at which the queue is full: who connects waits for ever."""

    def __init__(self) -> None:
        listener = socket.socket()
        listener.bind((HOST, 0))
        listener.listen(0)
        self.address: tuple[str, int] = listener.getsockname()
        self._sockets = [listener]
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(self.address)
            self._sockets.append(waiting)

    def close(self) -> None:
        for each in self._sockets:
            each.close()


# --- the stage ---

ID, OTHER_ID = b"<id>", b"<other id>"


def _about(campaign_id: int, fault: Mapping[str, Any]) -> Mapping[str, Any]:
    """A fault with the ids put in."""

    def told(text: bytes) -> bytes:
        return text.replace(ID, b"%d" % campaign_id).replace(OTHER_ID, b"%d" % (campaign_id + 1))

    made = fault.get("answer")
    if isinstance(made, Canned):
        return {**fault, "answer": Canned(made.status_code, made.headers, told(made.body))}
    return {**fault, "raw": told(fault["raw"])} if "raw" in fault else fault


@attrs.frozen
class Certificate:
    """A certificate for the loopback address that nobody has signed but itself."""

    file: Path
    key: Path

    @classmethod
    def made(cls, folder: Path) -> "Certificate":
        openssl = shutil.which("openssl")
        if openssl is None:
            raise SystemExit("the command openssl is needed")
        made = cls(folder / "certificate.pem", folder / "key.pem")
        subprocess.run(
            [
                *(openssl, "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt"),
                *("ec_paramgen_curve:prime256v1", "-subj", "/CN=sandbox", "-addext", f"subjectAltName=IP:{HOST}"),
                *("-keyout", str(made.key), "-out", str(made.file)),
            ],
            check=True,
            capture_output=True,
        )
        return made

    def environment(self) -> dict[str, str]:
        """What makes a client trust it, and go to it by no proxy."""
        return {"SSL_CERT_FILE": str(self.file), "NO_PROXY": HOST, "no_proxy": HOST}

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


@attrs.define
class Performance:
    """One call as it went."""

    name: str
    script: Script
    fresh: bool
    campaign_id: int = 0
    struck: dict[int, Blow] = attrs.field(factory=dict[int, Blow])
    """What went wrong, by the number of the request in the call."""
    requests: int = 0
    outcome: Any = None
    """What the client returned or raised."""

    def mark(self, number: int) -> str:
        return f"{self.name}/{number}"


@attrs.frozen(kw_only=True)
class Ledger:
    """What the service has seen, in the end."""

    requests: Mapping[str | None, Sequence[RequestRecord]]
    """By their mark."""
    mailings: Mapping[int, int]
    """By campaign."""


class Stage:
    """A sandbox with its faulty server, and clients of one colour in front of it. One call is made at a time.

    Every request is marked: `on-behalf-of` names the call and the number of the request in it. The service looks for
    such an account in vain and takes the parent's; so its ledger tells of each request whether it came, however late.
    """

    def __init__(self, colour: Colour, certificate: Certificate | None) -> None:
        self.unmet = 0
        """Plans that no request has met."""
        self._colour = colour
        self._clock = Shifted()
        knobs = Knobs(unknown_on_behalf_of="parent", campaign_limit=10**9)
        self._sandbox = Sandbox(clock=self._clock.time, knobs=knobs)
        self._server = self._sandbox.serve_faulty(certificate.server() if certificate else None)
        self._trust = ssl.create_default_context(cafile=certificate.file) if certificate else False
        self._clients: dict[tuple[float, float], Any] = {}
        self._now: Performance | None = None
        self._seen = Counter[str]()
        self._planned: int | None = None
        """The request whose plan may not have been met yet."""

    # --- one call ---

    def perform(self, performance: Performance) -> None:
        """Make a call with the blocking client."""
        with ExitStack() as left_behind:
            client, http, door = self._begin(performance)
            if http is not None:
                left_behind.callback(door.close)
                left_behind.callback(http.close)
                if performance.script.door == "pool":
                    left_behind.callback(http.send(http.build_request("GET", self._server.url), stream=True).close)
            try:
                performance.outcome = self._call(client, performance)
            except Exception as error:  # whatever comes is judged
                performance.outcome = error
        self._end()

    async def perform_async(self, performance: Performance) -> None:
        """Make a call with the client for asyncio."""
        async with AsyncExitStack() as left_behind:
            client, http, door = self._begin(performance)
            if http is not None:
                left_behind.callback(door.close)
                left_behind.push_async_callback(http.aclose)
                if performance.script.door == "pool":
                    held = await http.send(http.build_request("GET", self._server.url), stream=True)
                    left_behind.push_async_callback(held.aclose)
            try:
                performance.outcome = await self._call(client, performance)
            except Exception as error:
                performance.outcome = error
        self._end()

    @property
    def spoiled(self) -> bool:
        """Whether a plan is left that the next call would meet."""
        return bool(self._sandbox.unused_faults())

    def _begin(self, performance: Performance) -> tuple[Any, Any, Any]:
        """The client for a call; if it is for this call alone, with its pool and the door."""
        script = performance.script
        later = self._sandbox.now() + HOUR if script.operation in ("reschedule", "unschedule") else None
        performance.campaign_id = self._sandbox.create_campaign(status="Scheduled" if later else "Draft", send_at=later)
        self._now, self._planned = performance, None
        self._seen.clear()
        self._clock.offset += 60  # the client may read as often as at first
        timeout = SHORT if script.hasty else LONG
        if script.door != "server":
            return self._at_a_door(performance, timeout)
        key = timeout, script.settle
        if key not in self._clients:
            self._clients[key] = self._client(*key)
        return self._clients[key], None, None

    def _call(self, client: Any, performance: Performance) -> Any:
        """What a client's method returns: a result, or a coroutine."""
        id, name = performance.campaign_id, performance.script.operation
        at = self._sandbox.now().replace(microsecond=0) + 2 * HOUR
        text = LARGE if performance.script.large else "[unsubscribe]"
        method = getattr(client, name)
        match name:
            case "create":
                return method(performance.name, plain_content=text)
            case "update":
                return method(id, subject=performance.name, plain_content=text)
            case "schedule" | "reschedule":
                return method(id, at)
            case "send_test":
                return method(id, "somebody@example.com")
        return method(id)

    def _end(self) -> None:
        self._look_back()
        self._now = None

    def _before(self, request: httpx.Request) -> float:
        """Mark a request, and plan what is to become of it. Seconds to wait before it is sent."""
        performance = self._now
        if performance is None or "authorization" not in request.headers:
            return 0.0  # it is none of the SDK's
        self._look_back()
        performance.requests += 1
        number = performance.requests
        request.headers["on-behalf-of"] = performance.mark(number)
        if performance.fresh:
            request.headers["connection"] = "close"
        kind, script = ("reads" if request.method == "GET" else "writes"), performance.script
        blows = script.reads if kind == "reads" else script.writes
        self._seen[kind] += 1
        blow = blows[self._seen[kind] - 1] if self._seen[kind] <= len(blows) else None
        if blow is None or self.spoiled:
            return 0.0
        if blow.fault is not None:
            name = "connect" if blow.connects else operation(request.method, request.url.path)
            assert name is not None
            self._sandbox.fault(name, **_about(performance.campaign_id, blow.fault))
            self._planned = number
        if blow.counts:
            performance.struck[number] = blow
        return blow.pause

    def _look_back(self) -> None:
        """Forget a blow that did not strike: the request never came to where it was planned."""
        if self._planned is not None and self.spoiled:
            time.sleep(0.02)  # the server may be on its way there
            if self.spoiled:
                assert self._now is not None
                self._now.struck.pop(self._planned, None)
        self._planned = None

    # --- clients ---

    def _client(self, timeout: float, settle: float, url: str | None = None, http: Any = None) -> Any:
        kind: Any = CampaignsClient if self._colour == "sync" else AsyncCampaignsClient
        client = kind(
            KEY,
            base_url=url or self._server.url,
            timeout=timeout,
            # For TCP and again for TLS. httpcore closes no socket whose handshake the whole timeout cancels.
            connect_timeout=timeout / 3,
            retry=Retry(settle=settle),
            http_client=http,
            clock=self._clock,
        )
        client._http.event_hooks = {"request": [self._hook if self._colour == "sync" else self._hook_async]}
        return client

    def _hook(self, request: httpx.Request) -> None:
        time.sleep(self._before(request))

    async def _hook_async(self, request: httpx.Request) -> None:
        await asyncio.sleep(self._before(request))

    def _at_a_door(self, performance: Performance, timeout: float) -> tuple[Any, Any, Any]:
        """A client that comes by another door, its pool, and the door."""
        url, door = self._server.url, performance.script.door
        options: dict[str, Any] = {"verify": self._trust, "trust_env": False}
        made: Gate | Full
        if door == "full":
            made = Full()
        elif door == "proxy":
            dice = Random(performance.name)  # noqa: S311 - no secret
            said = [*REFUSALS, *GARBLED] if dice.random() < 0.5 else [*REFUSALS]
            dice.shuffle(said)
            made = Gate(url, 1, said)
        else:
            made = Gate(url, {"gone": 1, "gone later": 2}.get(door, 0))
        if door == "proxy":
            options["proxy"] = f"http://{HOST}:{made.address[1]}"
        elif door == "pool":
            options["limits"] = httpx.Limits(max_connections=1)
        else:
            url = f"{url.partition(':')[0]}://{HOST}:{made.address[1]}"
        http = httpx.Client(**options) if self._colour == "sync" else httpx.AsyncClient(**options)
        return self._client(timeout, SHORT, url, http), http, made

    # --- the end ---

    def close(self) -> Ledger:
        """Close the clients of the blocking kind and the server; nothing can happen any more."""
        for client in self._clients.values():
            client.close()
        return self._closed()

    async def aclose(self) -> Ledger:
        """The same for clients of the other kind."""
        for client in self._clients.values():
            await client.aclose()
        return self._closed()

    def _closed(self) -> Ledger:
        self._server.close()
        self._clock.offset += 5 * HOUR.total_seconds()  # what is late comes, and what is scheduled goes out
        requests: dict[str | None, list[RequestRecord]] = {}
        for record in self._sandbox.requests():
            requests.setdefault(record.on_behalf_of, []).append(record)
        mailings = Counter(mailing.campaign_id for mailing in self._sandbox.mailings())
        self.unmet = len(self._sandbox.unused_faults())
        with suppress(AssertionError):  # which says the same
            self._sandbox.close()
        return Ledger(requests=requests, mailings=mailings)
