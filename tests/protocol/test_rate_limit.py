"""No request starts while the service says that the rate limit is used up."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from doubles import DRAFT, FakeClock, Flows, Server, StillClock, Style, no
from sendgrid_campaigns import RateLimitError, Retry
from sendgrid_campaigns.protocol.flow import Answer, Ask, NoAnswer, Sleep

OK = b'{"id": 4900, "status": "Scheduled"}'


def told(remaining: object, reset: object, limit: object = 10) -> dict[str, str]:
    said = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"x-ratelimit-{name}": str(value) for name, value in said.items() if value is not None}


def counted(remaining: object, reset: object, limit: object = 10, code: int = 200, **body: Any) -> httpx.Response:
    """Return an answer that tells a count of the rate limit."""
    return httpx.Response(code, json={**DRAFT, **body}, headers=told(remaining, reset, limit))


# --- requests of several calls, by flows ---


class Calls:
    """Calls of one client, each a flow of its own that is begun and answered by hand."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.campaigns: Any = Flows(clock=clock)

    def begin(self) -> tuple[Any, Ask | Sleep]:
        flow = self.campaigns.ensure_sent(4900)
        return flow, next(flow)

    def starts(self) -> int:
        """Return how many calls start now before one has to sleep; all stay unanswered."""
        count = 0
        self.unanswered: list[Any] = []
        while count < 50:
            flow, step = self.begin()
            self.unanswered.append(flow)
            if isinstance(step, Sleep):
                self.slept = step.seconds
                flow.close()
                break
            count += 1
        return count

    def answer(self, flow: Any, answer: Answer | NoAnswer) -> None:
        with suppress(StopIteration):
            flow.send(answer)

    def learn(self, remaining: object, reset: object, limit: object = 10) -> None:
        flow, _ = self.begin()
        self.answer(flow, Answer(201, told(remaining, reset, limit), OK))


@pytest.fixture
def calls(clock: FakeClock) -> Calls:
    return Calls(clock)


def test_nothing_waits_until_an_answer_tells_a_count(calls: Calls) -> None:
    assert calls.starts() == 50


def test_as_many_start_as_are_left_and_the_next_looks_again_in_a_second(calls: Calls) -> None:
    calls.learn(4, 30)
    assert calls.starts() == 4
    assert calls.slept == 1.0  # the answers of those in flight may tell of more


def test_with_nothing_in_flight_it_waits_for_the_next_window(calls: Calls, clock: FakeClock) -> None:
    calls.learn(0, 30)
    clock.now += 5
    assert (calls.starts(), calls.slept) == (0, 25.0)
    clock.now += 25
    assert calls.starts() == 10
    assert calls.slept == 1.0


def test_a_window_that_no_answer_confirms_ends_after_some_seconds(calls: Calls, clock: FakeClock) -> None:
    calls.learn(0, 30)
    clock.now += 30
    assert calls.starts() == 10
    for flow in calls.unanswered:
        flow.close()  # given up: in flight no more
    clock.now += 5
    assert calls.starts() == 10


@pytest.mark.parametrize(("late", "starts"), [(9, 2), (1, 1)], ids=["older count", "newer count"])
def test_of_one_window_the_smallest_count_holds(calls: Calls, late: int, starts: int) -> None:
    calls.learn(2, 30)
    calls.learn(late, 29)
    assert calls.starts() == starts


def test_the_count_of_another_window_replaces(calls: Calls, clock: FakeClock) -> None:
    flow, _ = calls.begin()
    calls.learn(0, 30)
    clock.now += 29.5  # the service began its next window sooner than it said
    calls.answer(flow, Answer(201, told(9, 59.5), OK))
    assert calls.starts() == 9


@pytest.mark.parametrize(
    "said",
    [
        told(0, 0),
        told(0, None),
        told(0, 1e300),
        told(0, "soon"),
        told("x", 20),
        told(None, 20),
        told("nan", 20),
        {},
    ],
    ids=str,
)
def test_what_cannot_be_a_count_is_ignored(calls: Calls, said: dict[str, str]) -> None:
    flow, _ = calls.begin()
    calls.answer(flow, Answer(201, said, OK))
    assert calls.starts() == 50


@pytest.mark.parametrize("limit", [0, "x", None])
def test_a_limit_that_is_none_is_not_taken_over(calls: Calls, clock: FakeClock, limit: object) -> None:
    calls.learn(0, 30, limit)
    clock.now += 30
    assert calls.starts() == 50


@pytest.mark.parametrize("end", ["answered", "not sent", "interrupted", "closed"])
def test_what_ended_is_not_in_flight(calls: Calls, end: str) -> None:
    calls.learn(1, 30)
    flow, step = calls.begin()
    assert isinstance(step, Ask)
    assert isinstance(calls.begin()[1], Sleep)
    ends: dict[str, Callable[[], object]] = {
        "answered": lambda: calls.answer(flow, Answer(201, {}, OK)),
        "not sent": lambda: calls.answer(flow, NoAnswer("refused", not_sent=True)),
        "interrupted": lambda: flow.throw(KeyboardInterrupt()),
        "closed": flow.close,
    }
    with suppress(KeyboardInterrupt):
        ends[end]()
    assert isinstance(calls.begin()[1], Ask)


# --- whole calls ---


def test_a_call_waits_for_the_window_and_views_share_the_count(style: Style, campaigns: Any, server: Server) -> None:
    clock = campaigns._session.clock
    server.get(counted(0, 20), counted(9, 60))
    style.do(campaigns.get, 4900)
    assert clock.waits == []
    style.do(campaigns.on_behalf_of("acme").get, 4900)
    assert clock.waits == [20.0]
    style.do(campaigns.on_behalf_of(account_id="A1").get, 4900)
    assert clock.waits == [20.0]


def test_a_429_stops_the_next_call(style: Style, server: Server, clock: FakeClock) -> None:
    campaigns = style.client(server, retry=Retry(attempts=1), clock=clock)
    server.get(no(429, X_RateLimit_Reset="20"), counted(9, 60))
    style.error(RateLimitError, campaigns.get, 4900)
    style.do(campaigns.get, 4900)
    assert clock.waits == [20.0]


@pytest.mark.parametrize("deadline", [20.0, 5.0])
def test_what_cannot_wait_so_long_gets_the_services_answer(
    style: Style, server: Server, clock: FakeClock, deadline: float
) -> None:
    campaigns = style.client(server, retry=Retry(deadline=deadline), clock=clock)
    server.get(counted(0, 20))
    for _ in range(3):
        style.do(campaigns.get, 4900)
    assert (clock.waits, len(server.requests)) == ([], 3)


def test_a_delete_waits_before_its_read_and_not_between(
    style: Style, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    """The service does not check the status for a delete: between read and delete, others may schedule the campaign."""
    server.get(counted(0, 20), counted(0, 60))
    style.do(campaigns.get, 4900)
    style.do(campaigns.delete, 4900)
    assert (server.methods, clock.waits) == (["GET", "GET", "DELETE"], [20.0])


def test_an_interruption_while_a_write_waits_leaves_no_doubt(style: Style, server: Server) -> None:
    class Stops(FakeClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    server.get(counted(0, 20))
    stopped = style.error(KeyboardInterrupt, style.client(server, clock=Stops()).send, 4900)
    assert not hasattr(stopped, "__notes__")
    assert server.methods == ["GET"]


def test_a_clock_that_stands_still_ends_every_wait(style: Style, server: Server) -> None:
    """As frozen time in tests: what was slept counts."""
    clock = StillClock()
    campaigns = style.client(server, clock=clock)
    server.get(counted(0, 20))
    for _ in range(2):
        style.do(campaigns.get, 4900)
    assert 20 <= sum(clock.waits) <= 120
    server.post(httpx.ReadTimeout("slow"))
    began = sum(clock.waits)
    with pytest.raises(Exception, match="it is unknown whether campaign 4900 was sent"):
        style.do(campaigns.send, 4900)
    assert sum(clock.waits) - began <= 121
