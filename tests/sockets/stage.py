"""Where run.py plays: a sandbox with its faulty server, and clients of one kind."""

import asyncio
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from scenarios import BEFORE, WRITES
from sendgrid_campaigns import Clock, Retry
from sendgrid_campaigns.sandbox import Canned, Knobs, RequestRecord, Sandbox
from sendgrid_campaigns.sandbox.example import KEY
from sendgrid_campaigns.sandbox.service import operation
from sockets.kinds import KINDS

HOST = "127.0.0.1"
SHORT = 0.1
"""Seconds that a client waits for what never comes."""
LONG = 30.0
"""Seconds that a client waits elsewhere: no machine is so slow."""
LARGE = "[unsubscribe]" + "x" * 900_000
"""A text for a request that is not read in one piece."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request."""

    plan: Mapping[str, Any] | None = None
    """As `Sandbox.fault` takes it, with ID for the campaign's id; None: an earlier plan strikes, or `address`."""
    connects: bool = False
    """Whether the fault meets the connection, before a byte of the request is read."""
    expected: tuple[str, ...] = ()
    """The proofs that are right, where that is clear beforehand."""
    pause: float = 0.0
    """Seconds of real time before the request is sent."""
    counts: bool = True
    """Whether this is the faulty request, and not the one after it."""
    address: str | None = None
    """`refused`: nobody listens where the request goes; `full`: connecting takes for ever."""


@dataclass(kw_only=True)
class Performance:
    """One call of a client, what is to go wrong with its requests, and how it went."""

    name: str
    operation: str
    """A name in the catalogue of writes."""
    writes: Sequence[Fault | None]
    """By the number of the attempt."""
    reads: Sequence[Fault | None]
    """The first is made before the write, where the operation reads first."""
    settle: float
    fresh: bool | None = None
    """Whether each request has a new connection; None: either."""
    tls: bool | None = None
    """Whether over TLS; None: either."""
    large: bool = False
    """Whether the request has a large body, where it has one."""
    campaign_id: int = 0
    struck: dict[int, Fault] = field(default_factory=dict[int, Fault])
    """What went wrong, by the number of the request in the call."""
    requests: int = 0
    outcome: Any = None
    """What the client returned or raised."""

    @property
    def hasty(self) -> bool:
        """Whether the client waits for something that does not come."""
        faults = [fault for fault in (*self.reads, *self.writes) if fault]
        plans = [fault.plan or {} for fault in faults]
        waits = any(plan.get("ending") == "silence" or "drip" in plan for plan in plans)
        return waits or any(fault.address == "full" for fault in faults)

    def mark(self, number: int) -> str:
        return f"{self.name}/{number}"


class Ledger(NamedTuple):
    """What the service has seen, in the end."""

    requests: Mapping[str | None, Sequence[RequestRecord]]  # by their mark
    mailings: Mapping[int, int]  # by campaign


class Shifted(Clock):
    """The machine's clock, and on top of it every wait, which takes no time."""

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
        await asyncio.sleep(0)  # takes no time: other tasks go on


def nowhere() -> dict[str, socket.socket]:
    """Bind addresses where no server answers. Their sockets are to be closed."""
    refused, full = socket.socket(), socket.socket()
    refused.bind((HOST, 0))  # and never listens
    full.bind((HOST, 0))
    full.listen(0)
    waiting = {f"waiting {number}": socket.socket() for number in range(4)}
    for each in waiting.values():  # fill the backlog
        each.setblocking(False)
        each.connect_ex(full.getsockname())
    return {"refused": refused, "full": full, **waiting}


# --- the stage ---

ID, OTHER_ID = b"<id>", b"<other id>"


def _about(campaign_id: int, plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the ids into a plan."""

    def filled(text: bytes) -> bytes:
        return text.replace(ID, b"%d" % campaign_id).replace(OTHER_ID, b"%d" % (campaign_id + 1))

    made = plan.get("answer")
    if isinstance(made, Canned):
        return {**plan, "answer": Canned(made.status_code, made.headers, filled(made.body))}
    return {**plan, "raw": filled(plan["raw"])} if "raw" in plan else plan


class Marking:
    """An exchange that marks every request, and plans what is to go wrong with it."""

    def __init__(self, inner: Any, before: Callable[[Any], tuple[str, str]]) -> None:
        self._inner = inner
        self._before = before

    def attempt(self, ask: Any, on_behalf_of: str | None, timeout: float) -> Any:
        mark, base_url = self._before(ask)
        self._inner._target = replace(self._inner._target, base_url=base_url)
        return self._inner.attempt(ask, mark, timeout)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Stage:
    """A sandbox with its faulty server, and clients of one kind. One call is made at a time.

    Every request is marked: `on-behalf-of` names the call and the number of the request in it. The service knows no
    such account and takes the parent's; so its ledger tells of each request whether it came, however late.
    """

    def __init__(self, kind: str, certificates: Path | None) -> None:
        self._kind = KINDS[kind]
        self._clock = Shifted()
        self._sandbox = Sandbox(
            clock=self._clock.time, knobs=Knobs(unknown_on_behalf_of="parent", campaign_limit=10**9)
        )
        tls = None
        if certificates:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificates / "certificate.pem", certificates / "key.pem")
        self._server = self._sandbox.serve_faulty(tls)
        self._nowhere = nowhere()
        self._clients: dict[tuple[float, float, bool], Any] = {}
        self._now: Performance | None = None
        self._seen = Counter[str]()
        self._planned: int | None = None
        """The request whose plan may not have been met yet."""

    @property
    def spoiled(self) -> bool:
        """Whether a plan is left that the next call would meet."""
        return bool(self._sandbox.unused_faults())

    async def perform(self, performance: Performance) -> None:
        """Make a call."""
        write = WRITES[performance.operation]
        start = write.starts[0]
        due = self._sandbox.now() + timedelta(seconds=start.due) if start.due else None
        id = self._sandbox.create_campaign(status=start.status or "Draft", send_at=due, **BEFORE)
        performance.campaign_id = id
        self._now, self._planned = performance, None
        self._seen.clear()
        key = SHORT if performance.hasty else LONG, performance.settle, bool(performance.fresh)
        if key not in self._clients:
            self._clients[key] = self._client(*key)
        arguments = {**write.arguments, "plain_content": LARGE} if performance.large else write.arguments
        call = partial(replace(write, arguments=arguments).call, self._clients[key], self._clock.time(), id)
        try:
            performance.outcome = await (call() if self._kind.is_async else asyncio.to_thread(call))
        except Exception as error:  # whatever comes is judged
            performance.outcome = error
        self._look_back()
        self._now = None

    def _before(self, ask: Any) -> tuple[str, str]:
        """Plan what is to become of a request, and return its mark and where it goes."""
        performance = self._now
        assert performance is not None
        self._look_back()
        performance.requests += 1
        number, method = performance.requests, ask.operation.method
        mark, kind = performance.mark(number), "reads" if method == "GET" else "writes"
        faults = performance.reads if kind == "reads" else performance.writes
        self._seen[kind] += 1
        fault = faults[self._seen[kind] - 1] if self._seen[kind] <= len(faults) else None
        if fault is None or self.spoiled:
            return mark, self._server.url
        if fault.plan is not None:
            name = "connect" if fault.connects else operation(method, ask.operation.path.format(campaign_id=1))
            assert name is not None
            self._sandbox.fault(name, **_about(performance.campaign_id, fault.plan))
            self._planned = number
        if fault.counts:
            performance.struck[number] = fault
        time.sleep(fault.pause)  # real time, some ms: the kernel is to see an idle connection closed before it is used
        if fault.address is None:
            return mark, self._server.url
        scheme, (host, port) = self._server.url.partition(":")[0], self._nowhere[fault.address].getsockname()
        return mark, f"{scheme}://{host}:{port}"

    def _look_back(self) -> None:
        """Forget a fault that was not met: the request never came to where the fault was planned."""
        if self._planned is not None and self.spoiled:
            time.sleep(0.02)  # real time: the server, a thread of its own, may be on its way there
            if self.spoiled:
                assert self._now is not None
                self._now.struck.pop(self._planned, None)
        self._planned = None

    def _client(self, timeout: float, settle: float, fresh: bool) -> Any:
        # A third of the timeout for TCP and again for TLS: httpcore closes no socket whose handshake is cancelled.
        settings: dict[str, Any] = {"timeout": timeout, "connect_timeout": timeout / 3, "retry": Retry(settle=settle)}
        client = self._kind.client(KEY, base_url=self._server.url, clock=self._clock, **settings)
        if fresh:
            self._kind.keep_no_connection(client)
        client._exchange = Marking(client._exchange, self._before)
        return client

    async def close(self) -> Ledger:
        """Close the clients and the server; nothing can happen any more."""
        for client in self._clients.values():
            await client.aclose() if self._kind.is_async else client.close()
        self._server.close()
        for each in self._nowhere.values():
            each.close()
        self._clock.offset += 200_000  # what is late comes, and what is scheduled goes out
        requests: dict[str | None, list[RequestRecord]] = {}
        for record in self._sandbox.requests():
            requests.setdefault(record.on_behalf_of, []).append(record)
        mailings = Counter(mailing.campaign_id for mailing in self._sandbox.mailings())
        with suppress(AssertionError):  # of faults that no request has met
            self._sandbox.close()
        return Ledger(requests, mailings)
