"""What tests stand on: both colours of the client, a clock that never waits, a server that follows a script."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient, Clock

DRAFT = {"id": 4900, "title": "March Newsletter", "status": "Draft"}
ACCEPTED = {"id": 4900, "status": "Scheduled"}

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class FakeClock(Clock):
    """Time that passes only when somebody waits, and dice that always show the same."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
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


CONNECTING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)


def report(request: httpx.Request, event: str, method: bytes = b"POST") -> None:
    """Report what httpcore reports of what it does, in either colour."""
    trace = request.extensions["trace"].__self__.trace
    trace(event, {"request": type("Request", (), {"method": method})()})


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
        lines = self.script[request.method]
        if request.method == "GET" and request.url.path.endswith("/schedules"):
            lines = self.script.get("GET schedules", lines)
        reply = lines.pop(0) if len(lines) > 1 else lines[0]
        if isinstance(reply, Exception):
            if isinstance(reply, CONNECTING):
                report(request, "connection.connect_tcp.started")
            raise reply
        if isinstance(reply, httpx.Response):
            return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)
        return reply(request)

    def get(self, *lines: Reply) -> None:
        self.script["GET"] = list(lines)

    def post(self, *lines: Reply) -> None:
        self.script["POST"] = list(lines)

    def schedule(self, *send_at: int | None) -> None:
        """What the reads of the schedule show."""
        self.script["GET schedules"] = [httpx.Response(200, json={"send_at": time}) for time in send_at]

    def answer(self, method: str, *lines: Reply) -> None:
        self.script[method] = list(lines)

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]


class Colour:
    """One of the two clients: makes it, and runs what its methods return."""

    def __init__(
        self, client_class: type[CampaignsClient] | type[AsyncCampaignsClient], runner: asyncio.Runner
    ) -> None:
        self.client_class: Any = client_class
        self.http_class: Any = httpx.Client if client_class is CampaignsClient else httpx.AsyncClient
        self._runner = runner

    def client(self, handler: Any, api_key: str | None = "SG.key", **settings: Any) -> Any:
        """A client whose requests `handler` answers: a function, or an httpx transport."""
        transport = handler if isinstance(handler, httpx.BaseTransport) else httpx.MockTransport(handler)
        settings = {"clock": FakeClock(), "http_client": self.http_class(transport=transport), **settings}
        return self.client_class(api_key, **settings)

    def do(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """What the method returns, when it has been waited for."""
        result = method(*arguments, **named)
        return self._runner.run(result) if inspect.iscoroutine(result) else result

    def error(self, kind: type[Exception], method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """What the method raises, which must be of exactly this kind."""
        with pytest.raises(kind) as raised:
            self.do(method, *arguments, **named)
        assert type(raised.value) is kind
        return raised.value

    def close(self, client: Any) -> None:
        self.do(client.aclose if isinstance(client, AsyncCampaignsClient) else client.close)
