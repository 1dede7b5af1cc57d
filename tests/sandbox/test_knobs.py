"""What is assumed of the live service, each turned off by its knob; and that with every knob at rest it holds."""

import math
from typing import Any

import httpx
import pytest

from sendgrid_campaigns.sandbox import Knobs, Sandbox

START = 1_800_000_000
URL = "https://api.sendgrid.com/v3/campaigns"


class World:
    """A sandbox, asked by HTTP; time stands still but for what is asked to pass."""

    def __init__(self, **knobs: Any) -> None:
        self.sandbox = Sandbox(clock=lambda: START, knobs=Knobs(**knobs))
        self.http = httpx.Client(transport=self.sandbox.transport(), headers={"Authorization": "Bearer SG.sandbox"})

    def ask(self, method: str, path: str = "/4900", body: Any = None) -> httpx.Response:
        return self.http.request(method, URL + path, json=body)

    def send(self) -> int:
        return self.ask("POST", "/4900/schedules/now").status_code

    def schedule(self, seconds: float) -> int:
        return self.ask("POST", "/4900/schedules", {"send_at": int(self.now + seconds)}).status_code

    def unschedule(self) -> int:
        return self.ask("DELETE", "/4900/schedules").status_code

    def wait(self, seconds: float) -> "World":
        self.sandbox.advance(seconds)
        return self

    @property
    def now(self) -> float:
        return self.sandbox.now().timestamp()

    @property
    def status(self) -> str | None:
        """As a read shows it; None when there is no such campaign."""
        answer = self.ask("GET")
        return answer.json()["status"] if answer.status_code == 200 else None

    @property
    def scheduled(self) -> Any:
        return self.ask("GET", "/4900/schedules").json().get("send_at")

    @property
    def listed(self) -> list[tuple[int, str]]:
        return [(item["id"], item["status"]) for item in self.ask("GET", "").json()["result"]]

    @property
    def mailed(self) -> list[float]:
        """When, in seconds from the start."""
        return [mailing.at.timestamp() - START for mailing in self.sandbox.mailings()]


# --- A1: one send passes ---


def test_sends_that_race() -> None:
    world = World(race=5)
    assert [world.send(), world.send(), world.wait(4.9).send(), world.wait(0.1).send()] == [201, 201, 201, 403]
    assert world.mailed == pytest.approx([0, 0, 4.9])
    assert [mailing.request.number for mailing in world.sandbox.mailings() if mailing.request] == [1, 2, 3]


def test_sends_that_race_before_mail_goes_out() -> None:
    world = World(race=5, lead=60)
    assert [world.send(), world.wait(1).send()] == [201, 201]
    assert (world.status, world.mailed) == ("Scheduled", [])
    assert world.wait(100).mailed == [60, 61]
    assert world.wait(60).status == "Sent"


def test_unscheduling_and_deleting_stop_all_of_them() -> None:
    for stop in ("/4900/schedules", "/4900"):
        world = World(race=5, lead=60)
        assert [world.send(), world.send(), world.ask("DELETE", stop).status_code] == [201, 201, 204]
        assert world.wait(100).mailed == []


def test_what_was_unscheduled_is_sent_as_any_draft() -> None:
    world = World(race=5, lead=60)
    assert [world.send(), world.unschedule(), world.send(), world.status] == [201, 204, 201, "Scheduled"]
    assert world.wait(100).mailed == [60]


def test_only_sends_race() -> None:
    world = World(race=5)
    assert [world.schedule(100), world.send()] == [201, 403]
    world = World(race=5)
    assert [world.send(), world.schedule(100), world.ask("PATCH", body={"subject": "x"}).status_code] == [201, 403, 403]
    world.sandbox.set_status(4900, "Paused")
    assert world.send() == 403


# --- A2: reads are fresh ---


def test_stale_reads_show_what_was() -> None:
    world = World(staleness=10, lead=5, duration=20)
    world.send()
    seen = [(0, world.status, world.scheduled, world.listed)]
    for seconds in (9, 1, 4.5, 1, 19, 1):
        world.wait(seconds)
        seen.append((world.now - START, world.status, world.scheduled, world.listed))
    assert seen == [
        (at, status, None if status == "Draft" else START + 5, [(4900, status)])
        for at, status in (
            *((0, "Draft"), (9, "Draft"), (10, "Scheduled"), (14.5, "Scheduled")),
            *((15.5, "In Progress"), (34.5, "In Progress"), (35.5, "Sent")),
        )
    ]
    assert world.mailed == [5]


def test_stale_reads_of_what_nobody_looked_at() -> None:
    """All of it happens when somebody asks, and each at its own time."""
    world = World(staleness=10, lead=5, duration=20)
    world.send()
    assert world.wait(30).status == "In Progress"
    world = World(staleness=10)
    world.sandbox.fault("send", effect="late", delay=30, answer=503)
    world.send()
    assert [world.wait(39).status, world.wait(1).status] == ["Draft", "In Progress"]


def test_writes_act_on_what_is() -> None:
    world = World(staleness=10, lead=60)
    assert [world.send(), world.status, world.send()] == [201, "Draft", 403]
    assert [world.unschedule(), world.send()] == [204, 201]
    assert world.ask("PATCH", body={"subject": "new"}).status_code == 403


def test_creation_and_deletion_are_seen_later_too() -> None:
    world = World(staleness=10)
    assert world.ask("POST", "", {"title": "new"}).json()["id"] == 4903
    assert (world.ask("GET", "/4903").status_code, world.listed) == (404, [(4900, "Draft")])
    assert world.ask("DELETE").status_code == 204
    assert (world.status, world.ask("DELETE").status_code) == ("Draft", 404)
    assert world.wait(10).listed == [(4903, "Draft")]
    assert world.status is None
    assert world.ask("GET", "/4900/schedules").status_code == 404


def test_each_change_is_seen_in_its_turn() -> None:
    world = World(staleness=10)
    subjects = []
    for number in range(30):
        world.ask("PATCH", body={"subject": str(number)})
        world.wait(1)
        subjects.append(world.ask("GET").json()["subject"])
    assert subjects[9:] == [str(number) for number in range(21)]
    assert set(subjects[:9]) == {"New Products for Spring!"}
    history = world.sandbox._state.rows("SELECT * FROM history")
    assert len(history) <= 11  # no more than is needed


def test_what_others_do_is_seen_later_and_what_a_test_sets_up_is_there() -> None:
    world = World(staleness=10)
    world.sandbox.set_status(4900, "Paused")
    assert [world.status, world.wait(10).status] == ["Draft", "Paused"]
    made = world.sandbox.create_campaign(status="Sent")
    assert world.ask("GET", f"/{made}").json()["status"] == "Sent"


def test_what_is_stale_is_an_accounts_own() -> None:
    world = World(staleness=10)
    world.ask("PATCH", body={"subject": "x"})
    answer = world.http.get(f"{URL}/4900", headers={"on-behalf-of": "acme"})
    assert answer.status_code == 404


# --- A3: the status moves with the 201 ---


def test_a_send_that_shows_later() -> None:
    world = World(leaves_draft_after=10)
    assert [world.send(), world.status, world.scheduled, world.listed, world.send()] == [
        *(201, "Draft", None, [(4900, "Draft")], 403)
    ]
    assert world.mailed == [0]
    assert [world.wait(9.9).status, world.wait(0.1).status] == ["Draft", "In Progress"]
    assert world.scheduled == START


def test_only_a_send_shows_later() -> None:
    world = World(leaves_draft_after=10, lead=60)
    assert [world.schedule(100), world.status] == [201, "Scheduled"]
    world.unschedule()
    assert [world.send(), world.unschedule(), world.schedule(200), world.status] == [201, 204, 201, "Scheduled"]
    world = World(leaves_draft_after=10)
    world.send()
    world.sandbox.set_status(4900, "Canceled")
    assert world.status == "Canceled"


def test_both_kinds_of_late_add_up() -> None:
    world = World(leaves_draft_after=10, staleness=5)
    world.send()
    assert [world.wait(14.9).status, world.wait(0.1).status] == ["Draft", "In Progress"]


# --- A5: 429 is a refusal ---


@pytest.mark.parametrize(("knob", "mailed"), [(False, []), (True, [0])])
def test_over_the_limit(knob: bool, mailed: list[float]) -> None:
    world = World(rate_limit=0, executes_limited=knob)
    answer = world.ask("POST", "/4900/schedules/now")
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (429, "too many requests")
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert world.send() == 429
    assert world.mailed == mailed
    assert [request.status_code for request in world.sandbox.requests()] == [429, 429]


def test_over_the_limit_nothing_is_let_in_that_else_would_not_be() -> None:
    world = World(rate_limit=0, executes_limited=True)
    world.sandbox.add_key("SG.reader", scopes=["marketing_campaigns.read"])
    for headers in ({"Authorization": "Bearer SG.reader"}, {"on-behalf-of": "nobody"}):
        assert world.http.post(f"{URL}/4900/schedules/now", headers=headers).status_code == 429
    assert world.mailed == []


# --- A6: unscheduling makes a Draft ---


def test_unscheduled_to_something_else() -> None:
    world = World(unscheduled_status="Canceled")
    assert world.unschedule() == 204
    assert [world.status, world.schedule(100), world.unschedule(), world.status] == ["Draft", 201, 204, "Canceled"]
    assert [world.send(), world.wait(200).mailed] == [403, []]


# --- A7: a past send_at is refused ---


@pytest.mark.parametrize(
    ("tolerance", "accepted", "refused"), [(0, [1], [0, -1]), (60, [0, -60], [-61]), (math.inf, [0, -(10**9)], [])]
)
def test_a_time_that_is_past(tolerance: float, accepted: list[int], refused: list[int]) -> None:
    for seconds in refused:
        assert World(past_tolerance=tolerance).schedule(seconds) == 400
    for seconds in accepted:
        world = World(past_tolerance=tolerance)
        assert world.schedule(seconds) == 201
        assert world.wait(1).mailed == [max(seconds, 0)]  # at once, and not before it was asked
        assert (world.status, world.scheduled) == ("In Progress", START + seconds)
        world = World(past_tolerance=tolerance)
        world.schedule(100)
        body = {"send_at": START + seconds}
        assert world.ask("PATCH", "/4900/schedules", body).status_code == 200
        assert world.wait(1).mailed == [max(seconds, 0)]


# --- A8: deleting stops the mail ---


@pytest.mark.parametrize(("stops", "mailed"), [(True, []), (False, [100])])
def test_mail_of_a_deleted_campaign(stops: bool, mailed: list[float]) -> None:
    world = World(delete_stops=stops)
    assert [world.schedule(100), world.ask("DELETE").status_code, world.status] == [201, 204, None]
    assert world.wait(1_000).mailed == mailed
    for mailing in world.sandbox.mailings():
        assert (mailing.campaign_id, mailing.recipients, mailing.request) == (4900, 1630, world.sandbox.requests()[0])


def test_a_deleted_draft_mails_nothing() -> None:
    world = World(delete_stops=False)
    assert [world.schedule(100), world.unschedule(), world.ask("DELETE").status_code] == [201, 204, 204]
    assert world.wait(1_000).mailed == []


# --- A9: an id is given once ---


@pytest.mark.parametrize(("reuses", "ids"), [(False, [4903, 4904]), (True, [4900, 4903])])
def test_ids_of_deleted_campaigns(reuses: bool, ids: list[int]) -> None:
    world = World(reuses_ids=reuses)
    world.ask("DELETE")
    assert [world.ask("POST", "", {"title": "new"}).json()["id"] for _ in range(2)] == ids


def test_a_late_copy_meets_another_campaign_of_the_same_id() -> None:
    world = World(reuses_ids=True)
    world.sandbox.fault("delete", effect="late", delay=30, ending="reset")
    with pytest.raises(httpx.ReadError):
        world.ask("DELETE")
    world.ask("DELETE")
    world.ask("POST", "", {"title": "new"})
    assert [world.status, world.wait(30).status] == ["Draft", None]


# --- knobs that are none ---


@pytest.mark.parametrize(
    "knobs",
    [
        {"race": -1},
        {"race": math.inf},
        {"staleness": math.nan},
        {"leaves_draft_after": 1e10},
        {"executes_limited": 1},
        {"unscheduled_status": ""},
        {"unscheduled_status": None},
        {"past_tolerance": -1},
        {"past_tolerance": math.nan},
        {"delete_stops": "no"},
        {"reuses_ids": None},
    ],
    ids=str,
)
def test_knobs_that_are_none(knobs: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Knobs(**knobs)
