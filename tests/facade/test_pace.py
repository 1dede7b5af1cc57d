"""The rate limit is met and not hit: what the client learns of it, and how long a job takes under it."""

import asyncio
import gc
import math
import threading
from collections import Counter
from typing import Any, Literal

import httpx
import pytest

from benchmark.virtual_time import LoopClock, Slow, VirtualLoop
from doubles import DRAFT, Colour, FakeClock, Server
from sendgrid_campaigns import AsyncCampaignsClient, ConfigurationError, NotSentError, RateLimitError, Retry
from sendgrid_campaigns.pace import Pace, Place, Room
from sendgrid_campaigns.sandbox import Knobs, Sandbox

# --- one window after the other ---


class Counted(Pace):
    """A pace that keeps the places itself: the first that went is the first that landed."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, list[Place]] = {GET: [], POST: []}

    def wait(self, route: str, now: float, patience: float, places: int = 1) -> Any:
        place = super().wait(route, now, patience, places)
        if isinstance(place, float):
            return place
        self.places[route].append(place)
        return 0.0

    def landed(self, route: Any, now: float, room: Room | None, *, counted: bool = True) -> None:
        super().landed(self.places[route].pop(0), now, room, counted=counted)


GET, POST = "GET /v3/campaigns/{campaign_id}", "POST /v3/campaigns/{campaign_id}/schedules/now"


def test_nothing_waits_as_long_as_no_answer_names_a_limit() -> None:
    pace = Counted()
    for _ in range(1000):
        assert pace.wait(GET, 0.0, 60.0) == 0.0
        pace.landed(GET, 0.0, None)


def known(limit: int, remaining: int, seconds: float) -> Counted:
    """A pace that has learned this at second 0."""
    pace = Counted()
    assert pace.wait(GET, 0.0, 60.0) == 0.0
    pace.landed(GET, 0.0, Room(limit, remaining, seconds))
    return pace


def went(pace: Counted, now: float, route: str = GET, patience: float = 60.0) -> int:
    """How many go before one has to wait."""
    count = 0
    while pace.wait(route, now, patience) == 0.0:
        count += 1
        assert count < 1000
    return count


def test_as_many_go_as_the_window_holds_and_the_next_waits_for_its_end() -> None:
    pace = known(10, 4, 30.0)
    assert went(pace, 5.0) == 4
    assert pace.wait(GET, 5.0, 60.0) == 25.0


def test_with_the_next_window_the_whole_limit_is_there_again() -> None:
    pace = known(10, 0, 30.0)
    assert went(pace, 30.0) == 10


def test_the_end_of_a_window_is_the_earliest_that_was_told() -> None:
    """The service counts in whole seconds, and answers take time to come: all that it says is later than the truth."""
    pace = known(10, 5, 30.0)
    assert [pace.wait(GET, 0.0, 60.0), pace.wait(GET, 0.0, 60.0)] == [0.0, 0.0]
    pace.landed(GET, 1.0, Room(10, 4, 28.5))
    pace.landed(GET, 2.0, Room(10, 0, 29.0))
    assert pace.wait(GET, 2.0, 60.0) == 27.5


def test_what_somebody_else_uses_of_the_same_key_is_seen() -> None:
    pace = known(10, 8, 30.0)
    assert pace.wait(GET, 0.0, 60.0) == 0.0
    pace.landed(GET, 0.0, Room(10, 2, 30.0))
    assert went(pace, 0.0) == 2


def test_an_answer_that_came_late_gives_no_room_back() -> None:
    pace = known(10, 8, 30.0)
    assert went(pace, 0.0) == 8
    pace.landed(GET, 0.0, Room(10, 7, 30.0))
    assert pace.wait(GET, 0.0, 60.0) == 30.0


def test_requests_in_flight_when_the_limit_is_learned_are_counted() -> None:
    pace = Counted()
    assert [pace.wait(GET, 0.0, 60.0) for _ in range(5)] == [0.0] * 5
    pace.landed(GET, 0.0, Room(10, 9, 30.0))
    assert went(pace, 0.0) == 5


def test_an_answer_of_the_window_before_says_nothing_about_this_one() -> None:
    pace = known(10, 0, 30.0)
    assert pace.wait(GET, 30.0, 60.0) == 0.0
    pace.landed(GET, 30.0, Room(10, 0, 0.0))
    assert went(pace, 30.0) == 9


def test_a_window_that_the_service_began_sooner_than_expected_is_taken_over() -> None:
    pace = known(10, 1, 30.0)
    assert [pace.wait(GET, 29.0, 60.0), pace.wait(GET, 29.0, 30.0)] == [0.0, 1.0]
    pace.landed(GET, 29.5, Room(10, 9, 59.5))
    assert went(pace, 29.5) == 9
    assert pace.wait(POST, 29.5, 60.0) == Pace.nap


def test_a_limit_that_no_answer_confirms_is_kept_while_answers_are_due_and_then_forgotten() -> None:
    pace = known(10, 0, 30.0)
    assert went(pace, 30.0) == 10
    assert pace.wait(GET, 30.0, 60.0) == Pace.unanswered
    assert pace.wait(GET, 36.0, 60.0) == Pace.unanswered
    for _ in range(10):
        pace.landed(GET, 37.0, None)
    for _ in range(1000):
        assert pace.wait(GET, 45.0, 60.0) == 0.0


def test_who_is_not_as_patient_goes() -> None:
    pace = known(10, 0, 30.0)
    assert pace.wait(GET, 0.0, 30.0) == 0.0
    assert pace.wait(GET, 0.0, 0.0) == 0.0
    assert pace.wait(GET, 0.0, 30.1) == 30.0


def test_who_needs_two_places_waits_for_two_and_takes_one() -> None:
    pace = known(10, 3, 30.0)
    assert [pace.wait(GET, 0.0, 60.0, places=2) for _ in range(3)] == [0.0, 0.0, 30.0]
    assert pace.wait(GET, 0.0, 60.0) == 0.0
    assert went(known(1, 1, 30.0), 0.0) == 1
    assert known(1, 1, 30.0).wait(GET, 0.0, 60.0, places=2) == 0.0, "there are never two"


def test_what_never_left_took_no_room() -> None:
    pace = known(10, 2, 30.0)
    for _ in range(9):
        assert pace.wait(GET, 0.0, 60.0) == 0.0
        pace.landed(GET, 0.0, None, counted=False)
    assert went(pace, 0.0) == 2


def test_endpoints_share_a_count_as_long_as_nothing_says_otherwise() -> None:
    pace = known(10, 5, 30.0)
    assert pace.wait(POST, 0.0, 60.0) == 0.0
    pace.landed(POST, 0.0, Room(10, 4, 30.0))
    assert went(pace, 0.0) == 4
    assert pace.wait(POST, 0.0, 60.0) == 30.0


@pytest.mark.parametrize("proof", [Room(5, 4, 30.0), Room(10, 9, 30.0)], ids=["another limit", "more than is left"])
def test_an_answer_that_cannot_be_of_the_shared_count_parts_the_endpoints(proof: Room) -> None:
    pace = known(10, 4, 30.0)
    assert pace.wait(POST, 0.0, 60.0) == 0.0
    pace.landed(POST, 0.0, proof)
    assert went(pace, 0.0, POST) == proof.remaining
    assert pace.wait(GET, 0.0, 60.0) == 0.0, "of that one it knows nothing any more"
    pace.landed(GET, 0.0, Room(10, 2, 30.0))
    assert went(pace, 0.0, GET) == 2


class Contended(int):
    """A count that lets another thread in between its being read and being written."""

    def __sub__(self, other: int) -> "Contended":
        threading.Event().wait(1e-9)  # 0 would let no other thread in
        return Contended(int(self) - other)


def test_threads_together_go_as_often_as_there_is_room() -> None:
    pace, counts = known(200, 100, 30.0), list[int]()
    pace._windows[""].left = Contended(100)
    threads = [threading.Thread(target=lambda: counts.append(went(pace, 0.0))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 100


# --- calls ---


def limited(left: int, seconds: int, status_code: int = 200, **more: str) -> httpx.Response:
    said = {"limit": "10", "remaining": str(left), "reset": str(seconds), **more}
    headers = {f"X-RateLimit-{name}": value for name, value in said.items()}
    return httpx.Response(status_code, json=DRAFT, headers=headers)


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


@pytest.mark.parametrize("said", [{"limit": "0"}, {"limit": "x"}, {"remaining": "-3"}, {"reset": "1e300"}])
def test_what_cannot_be_a_limit_is_none(colour: Colour, campaigns: Any, server: Server, said: dict[str, str]) -> None:
    server.get(limited(0, 20, **said))
    for _ in range(3):
        colour.do(campaigns.get, 4900)
    assert campaigns._settings.clock.waits == []


def test_a_429_of_something_else_is_no_limit(colour: Colour, server: Server) -> None:
    campaigns = colour.client(server, retry=Retry(attempts=1))
    server.get(httpx.Response(429, headers={"Retry-After": "50"}), limited(5, 20))
    colour.error(RateLimitError, campaigns.get, 4900)
    colour.do(campaigns.get, 4900)
    assert campaigns._settings.clock.waits == []


def test_a_delete_waits_before_its_look_for_room_for_both_and_not_between(
    colour: Colour, campaigns: Any, server: Server
) -> None:
    server.get(limited(1, 20), limited(0, 60))
    colour.do(campaigns.get, 4900)
    colour.do(campaigns.delete, 4900)
    assert campaigns._settings.clock.waits == [20.0]
    assert server.methods == ["GET", "GET", "DELETE"]


def test_a_first_attempt_leaves_time_for_finding_out(colour: Colour, server: Server) -> None:
    """Doubt that begins at the deadline cannot be settled."""
    campaigns = colour.client(server, retry=Retry(deadline=60, settle=41))
    server.get(limited(0, 20))
    colour.do(campaigns.send, 4900)
    assert campaigns._settings.clock.waits == []
    campaigns = colour.client(server, retry=Retry(deadline=60, settle=39))
    colour.do(campaigns.send, 4900)
    assert campaigns._settings.clock.waits == [20.0]


def test_a_clock_that_stands_still_holds_nobody(colour: Colour, server: Server) -> None:
    class Still(FakeClock):
        def sleep(self, seconds: float) -> None:
            self.waits.append(seconds)
            assert len(self.waits) < 10, "it waits for ever"

    campaigns = colour.client(server, clock=Still())
    server.get(limited(0, 20))
    for _ in range(3):
        colour.do(campaigns.get, 4900)
    assert campaigns._settings.clock.waits == [20.0, 20.0]


def test_a_request_that_never_left_took_no_room(colour: Colour, server: Server) -> None:
    campaigns = colour.client(server, retry=Retry(attempts=1))
    server.get(limited(2, 20), httpx.ConnectError("refused"))
    colour.do(campaigns.get, 4900)
    for _ in range(5):
        colour.error(NotSentError, campaigns.get, 4900)
    assert campaigns._settings.clock.waits == []


def test_what_is_cancelled_is_not_in_flight_for_ever(colour: Colour, server: Server) -> None:
    def cancelled(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    campaigns = colour.client(server)
    server.get(cancelled)
    for _ in range(12):
        with pytest.raises(KeyboardInterrupt):
            colour.do(campaigns.get, 4900)
    gc.collect()
    server.get(limited(9, 60))
    for _ in range(10):
        colour.do(campaigns.get, 4900)
    assert campaigns._settings.clock.waits == []


def test_what_is_tried_again_goes_by_a_state_that_has_not_grown_old(colour: Colour, server: Server) -> None:
    clock, times = FakeClock(), list[float]()

    def noted(request: httpx.Request) -> httpx.Response:
        times.append(clock.now)
        return server(request)

    campaigns = colour.client(noted, clock=clock, retry=Retry(settle=5))
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


class Apart(httpx.AsyncBaseTransport):
    """A service that counts each method by itself."""

    def __init__(self, clock: LoopClock, **limits: int) -> None:
        self.clock = clock
        self.limits = limits
        self.used = Counter[tuple[str, int]]()
        self.answers = Counter[int]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        now = self.clock.time()
        window, limit = int(now // WINDOW), self.limits[request.method]
        self.used[request.method, window] += 1
        left = limit - self.used[request.method, window]
        code = 429 if left < 0 else 200 if request.method == "GET" else 201
        self.answers[code] += 1
        campaign_id = int(request.url.path.split("/")[3])
        said = {"Limit": limit, "Remaining": max(left, 0), "Reset": (window + 1) * WINDOW}
        headers = {f"X-RateLimit-{name}": str(value) for name, value in said.items()}
        return httpx.Response(code, headers=headers, json={**DRAFT, "id": campaign_id})


@pytest.mark.parametrize("limits", [(600, 30), (30, 600), (100, 100)])
def test_a_job_takes_what_each_endpoint_allows(limits: tuple[int, int]) -> None:
    loop = VirtualLoop()
    service = Apart(LoopClock(loop, BEGIN), GET=limits[0], POST=limits[1])
    campaigns = AsyncCampaignsClient(
        "SG.key", http_client=httpx.AsyncClient(transport=Slow(service, 0.08)), clock=service.clock
    )
    ids = [*range(1, 301)] if min(limits) > 30 else [*range(1, 91)]
    windows = math.ceil(len(ids) / min(limits))

    async def worker() -> None:
        while ids:
            await campaigns.send(ids.pop())

    async def work() -> None:
        async with asyncio.TaskGroup() as workers:
            for _ in range(8):
                workers.create_task(worker())

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work())
    assert loop.now <= 1.05 * windows * WINDOW
    assert service.answers[429] <= 16


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
