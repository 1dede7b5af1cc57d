"""A client that is closed during a call: the call says what that means for its write."""

import asyncio
import socket
from threading import Event, Thread
from typing import Any

import pytest

from sendgrid_campaigns import NotAppliedError, OutcomeUnknownError, Retry
from sockets.kinds import Kind
from sockets.raw import Request, Service, reset, serve
from sockets.stage import Shifted


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
