"""An exception from outside ends a call in flight at once, as it is; doubt is a note and a warning; nothing follows."""

import asyncio
import ctypes
import signal
import socket
import threading
from itertools import product
from typing import Any

import pytest

from sendgrid_campaigns import CampaignsClient
from sockets.kinds import KINDS
from sockets.raw import Request, Service, serve

DOUBT = "it is unknown whether campaign 1 was sent"


class Limit(Exception):
    """As Celery's."""


class OwnTimeout(TimeoutError):
    """As RQ's."""


WAYS = [
    *product(["signal"], [Limit, OwnTimeout, TimeoutError, KeyboardInterrupt]),
    *product(["thread"], [Limit, OwnTimeout, KeyboardInterrupt]),  # nobody could tell TimeoutError from the OS's
]


class Slow:
    """A service that waits in one phase of a send, until the test says that the call is over."""

    def __init__(self, phase: str) -> None:
        self.service, self.phase, self.began, self.over = Service(), phase, threading.Event(), threading.Event()

    def __call__(self, connection: socket.socket, request: Request) -> None:
        whole = self.service.answer(request)
        early = {"body": 60, "head": 20}.get(self.phase, 0)
        if request.method == ("GET" if self.phase == "GET" else "POST") and not self.began.is_set():
            connection.sendall(whole[:early])
            self.began.set()
            self.over.wait(9)
            connection.sendall(whole[early:])
        else:
            connection.sendall(whole)


def check(slow: Slow, requests: list[Request], error: BaseException, log: pytest.LogCaptureFixture) -> None:
    """Check that an interruption told of doubt where there was doubt, and that no request followed it."""
    in_doubt = slow.phase != "GET"
    notes = "".join(getattr(error, "__notes__", ()))
    warnings = [each for each in log.records if (each.name, each.levelname) == ("sendgrid_campaigns", "WARNING")]
    assert (DOUBT in notes, bool(warnings)) == (in_doubt, in_doubt)
    assert [request.method for request in requests] == ["GET", "POST"][: 1 + in_doubt]
    assert bool(slow.service.mailed) is in_doubt


@pytest.mark.parametrize("phase", ["GET", "POST", "head", "body"])
@pytest.mark.parametrize(("by", "how"), WAYS)
def test_sync(by: str, how: type[BaseException], phase: str, caplog: pytest.LogCaptureFixture) -> None:
    """By a signal handler, or by PyThreadState_SetAsyncExc, which takes effect when the blocking read returns."""
    slow, error, caller = Slow(phase), how("the time is up"), threading.get_ident()

    def handler(number: int, frame: object) -> None:
        raise error

    def interrupt() -> None:
        slow.began.wait()
        if by == "signal":
            signal.pthread_kill(caller, signal.SIGALRM)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(caller), ctypes.py_object(how))
            slow.over.set()

    before = signal.signal(signal.SIGALRM, handler)
    with serve(slow) as (url, requests), CampaignsClient("SG.key", base_url=url) as campaigns:
        threading.Thread(target=interrupt).start()
        with pytest.raises(how) as raised:
            campaigns.send(1)
        assert slow.over.is_set() is (by == "thread")
        slow.over.set()
    signal.signal(signal.SIGALRM, before)
    assert raised.value is error or by == "thread"
    check(slow, requests, raised.value, caplog)


@pytest.mark.parametrize("phase", ["GET", "POST", "head", "body"])
@pytest.mark.parametrize("how", ["cancel", "timeout"])
@pytest.mark.parametrize("name", [name for name in KINDS if KINDS[name].is_async])
def test_asyncio(name: str, how: str, phase: str, caplog: pytest.LogCaptureFixture) -> None:
    slow, ended = Slow(phase), list[BaseException]()

    async def work(campaigns: Any) -> None:
        task = asyncio.create_task(campaigns.send(1))
        await asyncio.to_thread(slow.began.wait)
        if how == "timeout":
            with pytest.raises(TimeoutError) as timed_out:
                async with asyncio.timeout(0.05):
                    await task
            ended.append(timed_out.value.__cause__ or timed_out.value)
        else:
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await task
            ended.append(cancelled.value)

    with serve(slow) as (url, requests):
        KINDS[name].use(work, base_url=url)
        slow.over.set()
    check(slow, requests, ended[0], caplog)
