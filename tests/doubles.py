"""What tests share: the sync and the async client behind one interface, a clock that never waits, a scripted server."""

import asyncio
import inspect
import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import httpx
import pytest

from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient, Clock
from sendgrid_campaigns.errors import shown
from sendgrid_campaigns.protocol.flow import Answer, Ask, NoAnswer
from sendgrid_campaigns.sandbox import Sandbox

FORKS = multiprocessing.get_context("forkserver")
"""Processes, each forked from one that has imported nearly everything."""
FORKS.set_forkserver_preload(
    [
        "asyncio",
        "pytest",
        "sendgrid_campaigns.bulk.terminal",
        "sendgrid_campaigns.cli",
        "sendgrid_campaigns.sandbox.wire",
    ]
)


def program_on(terminal: str, program: str, arguments: Sequence[str], environment: dict[str, str]) -> None:
    """Be a program on a terminal, in a process of FORKS: no new Python has to start."""
    os.environ.clear()
    os.environ.update(environment)
    device = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    for stream in range(3):
        os.dup2(device, stream)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    sys.argv[1:] = arguments
    exec(program, {})


NOW = 1_800_000_000
"""The FakeClock's time at first: Fri, 15 Jan 2027 08:00:00 GMT."""
DRAFT = {"id": 4900, "title": "March Newsletter", "status": "Draft"}
ACCEPTED = {"id": 4900, "status": "Scheduled"}

Script = Callable[..., tuple[int, str]]
Reply = httpx.Response | BaseException | Callable[[httpx.Request], httpx.Response]


def no(status_code: int, message: str = "no", field: str | None = None, **headers: str) -> httpx.Response:
    """Return a refusal in the service's own form; headers by name, with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status_code, json={"errors": [{"field": field, "message": message}]}, headers=named)


def cases(names: str, *rows: Any) -> Any:
    """Parametrize a test: names with spaces between them, and a row of values for each case."""

    def named(value: object) -> str:  # the repr of a function has its address, which workers do not agree on
        return str(getattr(value, "__name__", "")) or shown(value)

    return pytest.mark.parametrize(tuple(names.split()) if " " in names else names, rows, ids=named)


class FakeClock(Clock):
    """Time passes only by sleeping, and `random` is always a half."""

    def __init__(self) -> None:
        self.now = float(NOW)
        self.waits: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def random(self) -> float:
        return 0.5

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


class StillClock(FakeClock):
    """A clock that stands still, as frozen time does in tests; sleeping ends at once."""

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        assert len(self.waits) < 200, "the call waits for ever"


class Hurried(Clock):
    """Sleeping takes no time, but counts."""

    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


CONNECTING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)


def report(request: httpx.Request, event: str, method: bytes = b"POST") -> None:
    """Report what httpcore reports of what it does, to the sync or the async client."""
    if "trace" in request.extensions:
        trace = request.extensions["trace"].__self__.trace
        trace(event, {"request": SimpleNamespace(method=method)})


class Server:
    """Answers each method with the next line of its script; the last line of each stays."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.script: dict[str, list[Reply]] = {
            "GET": [httpx.Response(200, json=DRAFT)],
            "POST": [httpx.Response(201, json=ACCEPTED)],
            "PATCH": [httpx.Response(200, json=DRAFT)],
            "DELETE": [httpx.Response(204)],
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.reply(request.method, request.url.path)
        report(request, "connection.connect_tcp.started")
        if not isinstance(reply, CONNECTING):
            report(request, "http11.send_request_headers.started")
        if isinstance(reply, BaseException):
            raise reply
        if isinstance(reply, httpx.Response):
            return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)
        return reply(request)

    def reply(self, method: str, path: str) -> Reply:
        """Return the next line of the script."""
        lines = self.script[method]
        if method == "GET" and path.endswith("/schedules"):
            lines = self.script.get("GET schedules", lines)
        return lines.pop(0) if len(lines) > 1 else lines[0]

    def get(self, *lines: Reply) -> None:
        self.script["GET"] = list(lines)

    def post(self, *lines: Reply) -> None:
        self.script["POST"] = list(lines)

    def schedule(self, *send_at: int | None) -> None:
        """Set what the reads of the schedule show."""
        self.script["GET schedules"] = [httpx.Response(200, json={"send_at": time}) for time in send_at]

    def answer(self, method: str, *lines: Reply) -> None:
        self.script[method] = list(lines)

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]


class Style:
    """One of the two clients: makes it, and runs what its methods return."""

    def __init__(
        self, client_class: type[CampaignsClient] | type[AsyncCampaignsClient], runner: asyncio.Runner
    ) -> None:
        self.is_async = client_class is AsyncCampaignsClient
        self.client_class: Any = client_class
        self.http_class: Any = httpx.AsyncClient if self.is_async else httpx.Client
        self._runner = runner

    def client(self, handler: Any, api_key: str | None = "SG.key", **settings: Any) -> Any:
        """Return a client whose requests `handler` answers: a function, or an httpx transport."""
        transport = handler if isinstance(handler, httpx.BaseTransport) else httpx.MockTransport(handler)
        settings = {"clock": FakeClock(), "http_client": self.http_class(transport=transport), **settings}
        return self.client_class(api_key, **settings)

    def of(self, sandbox: Sandbox, api_key: str = "SG.sandbox", **settings: Any) -> Any:
        """Return a client of a sandbox."""
        return (sandbox.async_client if self.is_async else sandbox.client)(api_key, **settings)

    def do(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call a method, wait for its result in the async style, and return the result."""
        result = method(*arguments, **named)
        return self._runner.run(result) if inspect.iscoroutine(result) else result

    def error(self, kind: type[BaseException], method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Return what the method raises, which must be of exactly this class."""
        with pytest.raises(kind) as raised:
            self.do(method, *arguments, **named)
        assert type(raised.value) is kind
        return raised.value

    def take(self, iterator: Any, into: list[Any], count: int | None = None) -> None:
        """Append the first `count` items of an iterator to a list, or all."""
        if not self.is_async:
            into.extend(islice(iterator, count))  # extends as it goes, also when the iterator raises
            return

        async def read() -> None:
            while count is None or len(into) < count:
                try:
                    into.append(await anext(iterator))
                except StopAsyncIteration:
                    break
            await iterator.aclose()

        self.do(read)

    def close(self, client: Any) -> None:
        self.do(client.aclose if self.is_async else client.close)


def http_client_of(client: Any) -> Any:
    """Return an HTTP client of a client's that is idle."""
    pool = client._exchange._pool
    return (pool[0] if isinstance(pool, tuple) else pool)[0]


UNUSED = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(500)))
"""Made once, for that takes longer than a test."""


class DirectStyle(Style):
    """The sync client on a handler without a transport, which is fast: for tests of protocol/."""

    def client(self, handler: Any, api_key: str | None = "SG.key", **settings: Any) -> Any:
        client = CampaignsClient(api_key, **{"clock": FakeClock(), "http_client": UNUSED, **settings})
        client._exchange = DirectExchange(handler)  # type: ignore[assignment]
        return client


class DirectExchange:
    """Asks a handler, and makes an Answer or a NoAnswer of its reply as the transport does."""

    def __init__(self, handler: Callable[[Any], Any]) -> None:
        self._handler = handler
        self.on_behalf_of: list[str | None] = []

    def usable(self) -> None: ...

    def attempt(self, ask: Ask, on_behalf_of: str | None, timeout: float) -> Answer | NoAnswer:
        self.on_behalf_of.append(on_behalf_of)
        url = SimpleNamespace(path=ask.operation.path.format(**ask.parameters), params=ask.parameters)
        request: Any = SimpleNamespace(method=ask.operation.method, url=url, extensions={})
        try:
            reply = self._handler(request)
        except CONNECTING as error:
            return NoAnswer(repr(error), not_sent=True)
        except httpx.HTTPError as error:
            return NoAnswer(repr(error))
        if isinstance(reply, Answer | NoAnswer):
            return reply
        return Answer(reply.status_code, {name.lower(): value for name, value in reply.headers.items()}, reply.content)


class Interruption:
    """A Ctrl-C at the n-th point of some files' code at which Python lets one in.

    These are where a function begins to run, and where a call of a function written in C has returned.
    """

    def __init__(self, at: int, strikes: Callable[[str], bool]) -> None:
        self.at = at
        self.strikes = strikes
        self.points = 0
        self.where = ""
        self.error = KeyboardInterrupt("now")

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        file = frame.f_code.co_filename
        if event in ("call", "c_return") and self.strikes(file):
            self.points += 1
            if self.points == self.at:
                caller = frame.f_back.f_code.co_filename if frame.f_back else ""
                self.where = f"{Path(file).name}:{frame.f_lineno}, called by {Path(caller).name}"
                raise self.error

    def during(self, call: Callable[[], object]) -> BaseException | None:
        """Return the interruption of a call; None when it came to its end."""
        before = sys.getprofile()
        try:
            sys.setprofile(self)
            call()
        except KeyboardInterrupt as error:
            return error
        finally:
            sys.setprofile(before)
        return None
