"""A client that is closed during a call: the call says what that means for its write."""

import asyncio
import socket
from threading import Event, Thread
from typing import Any

import pytest

from doubles import http_client_of
from sendgrid_campaigns import AsyncCampaignsClient, NotAppliedError, OutcomeUnknownError, Retry
from sockets.kinds import Kind
from sockets.raw import Request, Service, reset, serve
from sockets.stage import Shifted


def test_what_waits_for_a_place_starts_no_more_and_nothing_stays_open() -> None:
    service, came, closed = Service(), Event(), Event()

    def handle(connection: socket.socket, request: Request) -> None:
        came.set()
        closed.wait(9)
        connection.sendall(service.answer(request))

    async def main(url: str) -> list[Any]:
        campaigns = AsyncCampaignsClient("SG.key", base_url=url, max_connections=1)
        calls = asyncio.gather(campaigns.get(1), campaigns.ensure_sent(2), return_exceptions=True)
        await asyncio.to_thread(came.wait)
        await campaigns.aclose()
        closed.set()
        first, second = await calls
        assert http_client_of(campaigns).is_closed
        return [first, second]

    with serve(handle) as (url, requests):
        first, second = asyncio.run(main(url))
    assert first.id == 1
    assert isinstance(second, NotAppliedError)
    assert "this client is closed" in str(second)
    assert [each.path for each in requests] == ["/v3/campaigns/1"]


@pytest.mark.parametrize(("method", "error"), [("GET", NotAppliedError), ("POST", OutcomeUnknownError)])
def test_a_client_that_is_closed_during_a_call(kind: Kind, method: str, error: type[Exception]) -> None:
    service, came, closed = Service(), Event(), Event()

    def handle(connection: socket.socket, request: Request) -> bool:
        whole = service.answer(request)
        if request.method != method:
            connection.sendall(whole)
            return True
        came.set()
        closed.wait(9)
        return reset(connection)

    async def close_async(campaigns: Any) -> None:
        task = asyncio.create_task(campaigns.send(1))
        await asyncio.to_thread(came.wait)
        await campaigns.aclose()
        closed.set()
        await task

    def close(campaigns: Any) -> None:
        def work() -> None:
            came.wait()
            campaigns.close()
            closed.set()

        Thread(target=work).start()
        campaigns.send(1)

    with serve(handle) as (url, requests), pytest.raises(error):
        kind.use(close_async if kind.is_async else close, base_url=url, clock=Shifted(), retry=Retry(settle=1))
    assert [each.method for each in requests] == ["GET", "POST"][: 2 if method == "POST" else 1]
    assert service.mailed == [1] * (method == "POST")
