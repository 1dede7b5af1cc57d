"""The rate limit is met and not hit: what the client learns of it, and how long a job takes under it."""

import asyncio
import math
import threading
from collections import Counter
from typing import Any, Literal

import httpx
import pytest

from benchmark.virtual_time import LoopClock, Slow, VirtualLoop
from doubles import DRAFT, Colour, FakeClock, Server
from sendgrid_campaigns import AsyncCampaignsClient, ConfigurationError, RateLimitError, Retry
from sendgrid_campaigns.pace import Pace, Room
from sendgrid_campaigns.sandbox import Knobs, Sandbox

# --- one window after the other ---


def test_nothing_waits_as_long_as_no_answer_names_a_limit() -> None:
    pace = Pace()
    for _ in range(1000):
        assert pace.wait(0.0, 60.0) == 0.0
        pace.landed(0.0, None)


def known(limit: int, remaining: int, seconds: float) -> Pace:
    """A pace that has learned this at second 0."""
    pace = Pace()
    assert pace.wait(0.0, 60.0) == 0.0
    pace.landed(0.0, Room(limit, remaining, seconds))
    return pace


def went(pace: Pace, now: float, patience: float = 60.0) -> int:
    """How many go before one has to wait."""
    count = 0
    while pace.wait(now, patience) == 0.0:
        count += 1
        assert count < 1000
    return count


def test_as_many_go_as_the_window_holds_and_the_next_waits_for_its_end() -> None:
    pace = known(10, 4, 30.0)
    assert went(pace, 5.0) == 4
    assert pace.wait(5.0, 60.0) == 25.0


def test_with_the_next_window_the_whole_limit_is_there_again() -> None:
    pace = known(10, 0, 30.0)
    assert went(pace, 30.0) == 10


def test_the_end_of_a_window_is_the_earliest_that_was_told() -> None:
    """The service counts in whole seconds, and answers take time to come: all that it says is later than the truth."""
    pace = known(10, 5, 30.0)
    pace.landed(1.0, Room(10, 4, 28.5))
    pace.landed(2.0, Room(10, 0, 29.0))
    assert pace.wait(2.0, 60.0) == 27.5


def test_what_somebody_else_uses_of_the_same_key_is_seen() -> None:
    pace = known(10, 8, 30.0)
    assert pace.wait(0.0, 60.0) == 0.0
    pace.landed(0.0, Room(10, 2, 30.0))
    assert went(pace, 0.0) == 2


def test_an_answer_that_came_late_gives_no_room_back() -> None:
    pace = known(10, 8, 30.0)
    assert went(pace, 0.0) == 8
    pace.landed(0.0, Room(10, 7, 30.0))
    assert pace.wait(0.0, 60.0) == 30.0


def test_requests_in_flight_when_the_limit_is_learned_are_counted() -> None:
    pace = Pace()
    assert [pace.wait(0.0, 60.0) for _ in range(5)] == [0.0] * 5
    pace.landed(0.0, Room(10, 9, 30.0))
    assert went(pace, 0.0) == 5


def test_an_answer_of_the_window_before_says_nothing_about_this_one() -> None:
    pace = known(10, 0, 30.0)
    assert pace.wait(30.0, 60.0) == 0.0
    pace.landed(30.0, Room(10, 0, 0.0))
    assert went(pace, 30.0) == 9


def test_a_limit_that_no_answer_confirms_is_forgotten() -> None:
    pace = known(10, 0, 30.0)
    assert went(pace, 30.0) == 10
    assert pace.wait(30.0, 60.0) == Pace.unanswered
    for _ in range(1000):
        assert pace.wait(30.0 + Pace.unanswered, 60.0) == 0.0


def test_who_is_not_as_patient_goes() -> None:
    pace = known(10, 0, 30.0)
    assert pace.wait(0.0, 30.0) == 0.0
    assert pace.wait(0.0, 0.0) == 0.0
    assert pace.wait(0.0, 30.1) == 30.0


class Contended(int):
    """A count that lets another thread in between its being read and being written."""

    def __sub__(self, other: int) -> "Contended":
        threading.Event().wait(1e-9)  # 0 would let no other thread in
        return Contended(int(self) - other)


def test_threads_together_go_as_often_as_there_is_room() -> None:
    pace, counts = known(200, 100, 30.0), list[int]()
    pace._left = Contended(100)
    threads = [threading.Thread(target=lambda: counts.append(went(pace, 0.0))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 100


# --- calls ---


def limited(remaining: int, seconds: int, status_code: int = 200, **headers: str) -> httpx.Response:
    said = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(seconds)}
    return httpx.Response(status_code, json=DRAFT, headers={**said, **headers})


def test_a_call_waits_for_the_window_that_has_room(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(limited(0, 20), limited(9, 60))
    clock: FakeClock = campaigns._settings.clock
    colour.do(campaigns.get, 4900)
    assert clock.waits == []
    colour.do(campaigns.on_behalf_of("acme").get, 4900)  # a view: of the same key
    assert clock.waits == [20.0]


def test_a_429_is_a_window_without_room(colour: Colour, server: Server) -> None:
    campaigns = colour.client(server, retry=Retry(attempts=1))
    server.get(limited(3, 20, 429), limited(9, 60))
    colour.error(RateLimitError, campaigns.get, 4900)
    colour.do(campaigns.get, 4900)
    assert campaigns._settings.clock.waits == [20.0]


@pytest.mark.parametrize("retry", [Retry(pace=False), Retry(longest_wait=19.0), Retry(deadline=20.0)])
def test_it_goes_unpaced_when_told_so_or_when_the_wait_is_too_long(
    colour: Colour, server: Server, retry: Retry
) -> None:
    campaigns = colour.client(server, retry=retry)
    server.get(limited(0, 20))
    for _ in range(3):
        colour.do(campaigns.get, 4900)
    assert campaigns._settings.clock.waits == []


def test_a_limit_that_stays_ends_the_call_as_before(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(limited(0, 90, 429))
    assert colour.error(RateLimitError, campaigns.get, 4900).retry_after == 90
    assert colour.error(RateLimitError, campaigns.get, 4900).retry_after == 90
    assert server.methods == ["GET", "GET"]


def test_a_delete_does_not_wait_between_its_look_and_its_deed(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(limited(0, 20))
    colour.do(campaigns.delete, 4900)
    assert campaigns._settings.clock.waits == []


def test_what_is_tried_again_goes_by_a_state_that_has_not_grown_old(colour: Colour, server: Server) -> None:
    clock, times = FakeClock(), list[float]()

    def noted(request: httpx.Request) -> httpx.Response:
        times.append(clock.now)
        return server(request)

    campaigns = colour.client(noted, clock=clock)
    server.get(limited(0, 15))
    server.post(httpx.Response(500), limited(0, 15, 201))
    colour.do(campaigns.send, 4900)
    again = len(server.methods) - 1
    assert [*enumerate(server.methods)][again] == (again, "POST")
    assert times[again] == times[again - 1]


def test_an_interruption_while_a_write_waits_leaves_no_doubt(colour: Colour, server: Server) -> None:
    class Stops(FakeClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    campaigns = colour.client(server, clock=Stops())
    server.get(limited(0, 20))
    with pytest.raises(KeyboardInterrupt) as stopped:
        colour.do(campaigns.send, 4900)
    assert not hasattr(stopped.value, "__notes__")
    assert server.methods == ["GET"]


@pytest.mark.parametrize("value", [None, 1, "no"])
def test_pace_is_a_bool(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="pace"):
        Retry(pace=value)


# --- a whole job, in virtual time ---

LIMIT, WINDOW, SENDS = 120, 60, 300


def least() -> float:
    """Seconds that a job takes at the least, if its requests take no time and it begins with a window."""
    return (math.ceil(2 * SENDS / LIMIT) - 1) * WINDOW


def judged(sandbox: Sandbox, began: float, took: float) -> None:
    answers = Counter(request.status_code for request in sandbox.requests())
    assert len(sandbox.mailings()) == SENDS
    assert answers[201] == SENDS
    assert answers[429] < 0.01 * answers.total()
    begins_within = WINDOW - began % WINDOW
    assert least() - WINDOW < took <= 1.05 * (least() - WINDOW + begins_within)


def job(sandbox: Sandbox) -> list[int]:
    return [sandbox.create_campaign() for _ in range(SENDS)]


BEGIN = 1_800_000_000.0


@pytest.mark.parametrize("reset", ["epoch", "delta"])
@pytest.mark.parametrize("began", [BEGIN, BEGIN + 21.7])
def test_a_job_of_one_worker_ends_as_early_as_the_limit_allows(reset: Literal["epoch", "delta"], began: float) -> None:
    knobs = Knobs(rate_limit=LIMIT, rate_window=WINDOW, rate_reset=reset, campaign_limit=SENDS + 9)
    with Sandbox(knobs=knobs, clock=lambda: began) as sandbox, sandbox.client() as campaigns:
        for campaign_id in job(sandbox):
            campaigns.send(campaign_id)
        judged(sandbox, began, sandbox.now().timestamp() - began)


@pytest.mark.parametrize("reset", ["epoch", "delta"])
@pytest.mark.parametrize("began", [BEGIN, BEGIN + 21.7])
def test_a_job_of_32_workers_ends_as_early_as_the_limit_allows(reset: Literal["epoch", "delta"], began: float) -> None:
    loop = VirtualLoop()
    clock = LoopClock(loop, began)
    knobs = Knobs(rate_limit=LIMIT, rate_window=WINDOW, rate_reset=reset, campaign_limit=SENDS + 9)

    async def work(sandbox: Sandbox) -> None:
        http = httpx.AsyncClient(transport=Slow(sandbox.transport(), seconds=0.08))
        campaigns = AsyncCampaignsClient("SG.sandbox", http_client=http, clock=clock)
        ids = job(sandbox)

        async def worker() -> None:
            while ids:
                await campaigns.send(ids.pop())

        async with asyncio.TaskGroup() as workers:
            for _ in range(32):
                workers.create_task(worker())

    with Sandbox(knobs=knobs, clock=clock.time) as sandbox, asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work(sandbox))
        judged(sandbox, began, loop.now)
