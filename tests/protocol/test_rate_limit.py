"""No request starts while the service says that the rate limit is used up."""

from typing import Any

import httpx
import pytest

import sendgrid_campaigns as sg
from doubles import DRAFT, FakeClock, Server, StillClock, Style, cases
from sendgrid_campaigns.protocol.flow import Answer, Ask, NoAnswer, Sleep


def told(remaining: object, reset: object, limit: object = 10) -> dict[str, str]:
    said = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"x-ratelimit-{name}": str(value) for name, value in said.items() if value is not None}


def counted(remaining: int, reset: int) -> httpx.Response:
    return httpx.Response(200, json=DRAFT, headers=told(remaining, reset))


class Calls:
    """Calls of one client that are begun and answered by hand."""

    def __init__(self, clock: FakeClock) -> None:
        self.campaigns: Any = sg.CampaignsClient("SG.key", http_client=httpx.Client(), clock=clock)
        self.campaigns._run = lambda flow: flow

    def begin(self) -> tuple[Any, Ask | Sleep]:
        flow = self.campaigns.ensure_sent(4900)
        return flow, next(flow)

    def learn(self, flow: Any, headers: dict[str, str]) -> None:
        with pytest.raises(StopIteration):
            flow.send(Answer(201, headers, b""))

    def starts(self) -> tuple[int, float]:
        """Return how many calls start now, and how long the next one sleeps; all are given up then."""
        flows = []
        while len(flows) < 50:
            flow, step = self.begin()
            flows.append(flow)
            if isinstance(step, Sleep):
                break
        for flow in flows:
            flow.close()
        return (len(flows) - 1, step.seconds) if isinstance(step, Sleep) else (50, 0.0)


@pytest.fixture
def calls(clock: FakeClock) -> Calls:
    return Calls(clock)


ANY = (50, 0.0)


@cases(
    "headers starts",
    (told(4, 30), (4, 1.0)),  # the answers of those in flight may tell of more
    (told(0, 30), (0, 30.0)),
    *[(told(left, reset), ANY) for left, reset in ((0, 0), (0, None), (0, 1e300), (0, "soon"), ("x", 9), (None, 9))],
    ({}, ANY),
)
def test_as_many_start_as_an_answer_tells(calls: Calls, headers: dict[str, str], starts: tuple[int, float]) -> None:
    assert calls.starts() == ANY
    calls.learn(calls.begin()[0], headers)
    assert calls.starts() == starts


@pytest.mark.parametrize(("limit", "starts"), [(10, (10, 1.0)), (0, ANY), ("x", ANY), (None, ANY)])
def test_the_next_window_allows_as_much_as_the_last(calls: Calls, clock: FakeClock, limit: Any, starts: Any) -> None:
    calls.learn(calls.begin()[0], told(0, 30, limit))
    clock.now += 5
    assert calls.starts() == (0, 25.0)
    for _ in range(2):  # also when no answer confirms that
        clock.now += 25
        assert calls.starts() == starts


@pytest.mark.parametrize(
    ("late", "starts"),
    [(told(9, 29), (2, 1.0)), (told(1, 29), (1, 1.0)), (told(9, 59), (9, 1.0))],
    ids=["an older count", "a newer count", "another window"],
)
def test_counts_that_overtake_each_other(calls: Calls, late: dict[str, str], starts: tuple[int, float]) -> None:
    flow, _ = calls.begin()
    calls.learn(calls.begin()[0], told(2, 30))
    calls.learn(flow, late)
    assert calls.starts() == starts


def test_what_ended_is_not_in_flight(calls: Calls) -> None:
    calls.learn(calls.begin()[0], told(1, 30))
    for end in (
        lambda flow: calls.learn(flow, {}),
        lambda flow: flow.send(NoAnswer("refused", not_sent=True)),
        lambda flow: flow.close(),
    ):
        flow, _ = calls.begin()
        assert isinstance(calls.begin()[1], Sleep)
        end(flow)
        assert calls.starts() == (1, 1.0)


# --- whole calls ---


def test_views_share_the_count(style: Style, campaigns: Any, server: Server, clock: FakeClock) -> None:
    server.get(counted(0, 20), counted(9, 60))
    for client, waits in ((campaigns, []), (campaigns.on_behalf_of("acme"), [20.0]), (campaigns, [20.0])):
        style.do(client.get, 4900)
        assert clock.waits == waits


def test_an_account_that_is_counted_apart_waits_for_no_other(
    style: Style, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    quiet = campaigns.on_behalf_of("quiet")
    answers = [counted(5, 60), counted(9, 60), counted(0, 60), counted(8, 60), counted(0, 50)]
    server.get(*answers, counted(9, 60))
    busy = campaigns.on_behalf_of("busy")
    for client, waits in (
        (busy, []), (quiet, []),  # one count for both would have fallen to 4
        (busy, []), (quiet, []), (quiet, []), (quiet, [50.0]), (busy, [50.0, 10.0]),
    ):  # fmt: skip
        style.do(client.get, 4900)
        assert clock.waits == waits


def test_an_answer_of_the_next_window_shows_no_second_count(
    style: Style, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    """The service's window may end some seconds before its answers told, for they were on their way so long."""
    server.get(counted(5, 3), counted(9, 60), counted(0, 60))
    acme = campaigns.on_behalf_of("acme")
    for client, waits in ((acme, []), (campaigns, []), (acme, []), (campaigns, [60.0])):
        style.do(client.get, 4900)
        assert clock.waits == waits


def test_what_cannot_wait_so_long_gets_the_services_answer(style: Style, server: Server, clock: FakeClock) -> None:
    campaigns = style.client(server, retry=sg.Retry(deadline=20), clock=clock)
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


def test_a_clock_that_stands_still_ends_every_wait(style: Style, server: Server) -> None:
    """As frozen time in tests: what was slept counts."""
    campaigns = style.client(server, clock=(clock := StillClock()))
    server.get(counted(0, 20))
    for _ in range(2):
        style.do(campaigns.get, 4900)
    assert 20 <= sum(clock.waits) <= 120
