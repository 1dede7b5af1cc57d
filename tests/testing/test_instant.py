"""`InstantClock`: sleeps that take no time but count, alone, and for every client; with respx and pytest-httpx."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest
import respx
from pytest_httpx import HTTPXMock

from doubles import DRAFT, FakeClock, Server, Style
from sendgrid_campaigns import CampaignsClient, Clock, NotAppliedError, ServerError
from sendgrid_campaigns.testing import InstantClock, instant_clock


@pytest.fixture(autouse=True)
def no_real_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(seconds: float) -> None:
        raise AssertionError(f"slept {seconds} s of real time")

    monkeypatch.setattr(time, "sleep", sleep)


def test_each_sleep_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)
    clock = InstantClock()
    clock.sleep(10)
    assert (clock.time(), clock.monotonic(), clock.sleeps) == (1_010.0, 15.0, [10])
    assert asyncio.run(clock.sleep_async(2.5)) is None
    assert clock.sleeps == [10, 2.5]


def test_tasks_and_threads_sleep_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    clock = InstantClock()

    async def task() -> float:
        await clock.sleep_async(30)
        return clock.time()

    async def tasks() -> list[float]:
        return await asyncio.gather(*(task() for _ in range(5)))

    assert asyncio.run(tasks()) == [1_030.0] * 5
    together = Barrier(5)

    def thread(_: int) -> float:
        together.wait()  # five threads
        clock.sleep(0.5)
        return clock.time()

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(thread, range(5))) == [1_000.5] * 5
    assert (clock.time(), sum(clock.sleeps)) == (1_000.0, 152.5)


def test_other_tasks_run_while_one_sleeps() -> None:
    order: list[str] = []

    async def other() -> None:
        order.append("other")

    async def main() -> None:
        task = asyncio.create_task(other())
        await InstantClock().sleep_async(5)
        order.append("slept")
        await task

    asyncio.run(main())
    assert order == ["other", "slept"]


def test_a_mocked_503_takes_no_time(style: Style) -> None:
    server = Server()
    server.get(httpx.Response(503))
    clock = InstantClock()
    client = style.client(server, clock=clock)
    style.error(ServerError, client.get, 4900)
    assert (len(server.requests), len(clock.sleeps)) == (4, 3)


def test_every_client_has_the_clock(style: Style) -> None:
    server = Server()
    server.get(httpx.Response(503))
    made_before, own = style.client(server, clock=Clock()), FakeClock()
    with instant_clock() as clock:
        for client in (made_before, style.client(server, clock=Clock()), style.client(server, clock=own)):
            style.error(ServerError, client.get, 4900)
        assert len(clock.sleeps) == 6
    assert len(own.waits) == 3
    with pytest.raises(AssertionError, match="real time"):
        CampaignsClient("SG.key", http_client=httpx.Client(transport=httpx.MockTransport(server))).get(4900)


def test_a_wait_for_the_rate_limit_ends(style: Style) -> None:
    server = Server()
    limits = {"x-ratelimit-limit": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}
    server.get(httpx.Response(200, json=DRAFT, headers=limits), httpx.Response(200, json=DRAFT))
    clock = InstantClock()
    client = style.client(server, clock=clock)
    for _ in range(2):
        assert style.do(client.get, 4900).id == 4900
    assert sum(clock.sleeps) == pytest.approx(60, abs=2)


def test_with_respx(sendgrid_instant_clock: InstantClock) -> None:
    with respx.mock(base_url="https://api.sendgrid.com") as mock:
        route = mock.get("/v3/campaigns/4900").mock(return_value=httpx.Response(503))
        with CampaignsClient("SG.key") as campaigns, pytest.raises(NotAppliedError):
            campaigns.send(4900)
        assert route.call_count == 4
    assert len(sendgrid_instant_clock.sleeps) == 3


def test_with_pytest_httpx(sendgrid_instant_clock: InstantClock, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(503, is_reusable=True)
    with CampaignsClient("SG.key") as campaigns, pytest.raises(ServerError):
        campaigns.get(4900)
    assert len(sendgrid_instant_clock.sleeps) == 3
