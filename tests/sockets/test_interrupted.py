"""An exception from outside ends a call in flight at once, as it is; doubt is a note and a warning; nothing follows."""

import asyncio
import ctypes
import gc
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sendgrid_campaigns import CampaignsClient, Retry
from sockets.kinds import KINDS
from sockets.raw import Request, Service, serve

DOUBT = "it is unknown whether campaign 1 was sent"


class Limit(Exception):
    """As Celery's."""


class OwnTimeout(TimeoutError):
    """As RQ's."""


KIND_OF_LIMIT: list[type[BaseException]] = [Limit, OwnTimeout, TimeoutError, KeyboardInterrupt]


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


@pytest.fixture
def limit() -> Iterator[Callable[[BaseException], None]]:
    """Make SIGALRM raise an exception."""
    before = signal.getsignal(signal.SIGALRM)

    def set_handler(error: BaseException) -> None:
        def interrupt(number: int, frame: object) -> None:
            raise error

        signal.signal(signal.SIGALRM, interrupt)

    yield set_handler
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def check(slow: Slow, requests: list[Request], error: BaseException, log: pytest.LogCaptureFixture) -> None:
    """Check that an interruption told of doubt where there was doubt, and that no request followed it."""
    in_doubt = slow.phase != "GET"
    notes = "".join(getattr(error, "__notes__", ()))
    warnings = [each for each in log.records if (each.name, each.levelname) == ("sendgrid_campaigns", "WARNING")]
    assert (DOUBT in notes, bool(warnings)) == (in_doubt, in_doubt)
    assert [request.method for request in requests] == ["GET", "POST"][: 1 + in_doubt]
    assert bool(slow.service.mailed) is in_doubt


@pytest.mark.parametrize("phase", ["GET", "POST", "head", "body"])
@pytest.mark.parametrize("how", KIND_OF_LIMIT)
def test_a_signal_handler(how: type[BaseException], phase: str, limit: Any, caplog: pytest.LogCaptureFixture) -> None:
    slow, error = Slow(phase), how("the time is up")
    limit(error)
    with serve(slow) as (url, requests), CampaignsClient("SG.key", base_url=url) as campaigns:
        caller = threading.get_ident()
        threading.Thread(target=lambda: slow.began.wait() and signal.pthread_kill(caller, signal.SIGALRM)).start()
        with pytest.raises(how) as raised:
            campaigns.send(1)
        assert not slow.over.is_set()
        slow.over.set()
    assert raised.value is error
    check(slow, requests, error, caplog)


@pytest.mark.parametrize("phase", ["GET", "POST"])
@pytest.mark.parametrize("how", [Limit, OwnTimeout, KeyboardInterrupt])  # nobody could tell TimeoutError from the OS's
def test_another_thread(how: type[BaseException], phase: str, caplog: pytest.LogCaptureFixture) -> None:
    """By PyThreadState_SetAsyncExc, which takes effect when the blocking read returns."""
    slow, ended = Slow(phase), list[BaseException]()

    def work(url: str) -> None:
        with CampaignsClient("SG.key", base_url=url) as campaigns:
            try:
                campaigns.send(1)
            except BaseException as error:
                ended.append(error)

    with serve(slow) as (url, requests):
        thread = threading.Thread(target=work, args=(url,))
        thread.start()
        slow.began.wait()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(how))
        slow.over.set()
        thread.join()
    assert type(ended[0]) is how
    check(slow, requests, ended[0], caplog)


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


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_hundred_sends_at_random_moments(limit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every limit that fires comes out, and the ledger agrees with what is said."""
    seed = random.SystemRandom().randrange(2**32)
    moments, service = random.Random(seed), Service()  # noqa: S311
    answered: dict[int, float] = {}
    fired: list[tuple[float, OwnTimeout]] = []

    def handle(connection: socket.socket, request: Request) -> None:
        time.sleep(0.004)
        whole = service.answer(request)
        if request.method == "POST":
            answered[service.mailed[-1]] = time.monotonic()
        connection.sendall(whole)

    def interrupt(number: int, frame: object) -> None:
        fired.append((time.monotonic(), OwnTimeout("the time is up")))
        raise fired[-1][1]

    limit(OwnTimeout())
    signal.signal(signal.SIGALRM, interrupt)
    out, wrong = list[BaseException](), 0
    with serve(handle) as (url, _), CampaignsClient("SG.key", base_url=url, retry=Retry(settle=0.05)) as campaigns:
        campaigns.send(1000)
        signal.setitimer(signal.ITIMER_REAL, 0.002)
        with pytest.raises(OwnTimeout):
            campaigns.send(1001)
        fired.clear()
        # Python loses an exception that is raised while it finalizes an object: none is, as long as this test lasts.
        exchange, kept = campaigns._exchange, list[Any]()
        new_http = exchange._new_http
        monkeypatch.setattr(exchange, "_new_http", lambda: kept.append(exchange._http) or new_http())
        gc.disable()
        for id in range(1, 101):
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, moments.uniform(0.0005, 0.025))
                    campaigns.send(id)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except OwnTimeout as error:
                out.append(error)
                time.sleep(0.01)  # a request under way arrives
                # Behind the answer, the call may be over already: then there is nothing to note.
                over = id in answered and answered[id] < fired[-1][0]
                wrong += not (hasattr(error, "__notes__") or over or id not in service.mailed)
            else:
                wrong += id not in service.mailed
    gc.enable()
    for connection in [connection for http in kept for connection in http._transport._pool.connections]:
        connection.close()
    assert not wrong, f"seed {seed}"
    assert out == [error for _, error in fired], f"seed {seed}"
    assert len(out) > 10, f"seed {seed}"
    assert len(service.mailed) == len(set(service.mailed)), f"seed {seed}"
