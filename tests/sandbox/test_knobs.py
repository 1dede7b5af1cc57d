"""The knobs: each turns off one assumption about the live service. With the defaults, each assumption holds."""

import math
from typing import Any

import pytest

from sandbox.helpers import START, FixedSandbox
from sendgrid_campaigns.sandbox import Knobs


def schedule(sandbox: FixedSandbox, seconds: float, name: str = "schedule") -> int:
    return sandbox.do(name, body={"send_at": int(sandbox.time + seconds)}).status_code


def unschedule(sandbox: FixedSandbox) -> int:
    return sandbox.do("unschedule").status_code


def scheduled(sandbox: FixedSandbox) -> Any:
    return sandbox.do("get_schedule").json().get("send_at")


def listed(sandbox: FixedSandbox) -> list[tuple[int, str]]:
    return [(item["id"], item["status"]) for item in sandbox.do("list").json()["result"]]


# --- race: several sends are accepted ---


def test_sends_that_race() -> None:
    sandbox = FixedSandbox(race=5)
    assert [sandbox.wait(seconds).send() for seconds in (0, 0, 4.9, 0.1)] == [201, 201, 201, 403]
    assert sandbox.mailed == pytest.approx([0, 0, 4.9])
    assert [mailing.request.number for mailing in sandbox.mailings() if mailing.request] == [1, 2, 3]


def test_sends_that_race_before_mail_goes_out() -> None:
    sandbox = FixedSandbox(race=5, lead=60)
    assert [sandbox.send(), sandbox.wait(1).send()] == [201, 201]
    assert (sandbox.status(), sandbox.mailed) == ("Scheduled", [])
    assert sandbox.wait(100).mailed == [60, 61]
    assert sandbox.wait(60).status() == "Sent"


@pytest.mark.parametrize("stop", ["unschedule", "delete"])
def test_unscheduling_and_deleting_stop_all_of_them(stop: str) -> None:
    sandbox = FixedSandbox(race=5, lead=60)
    assert [sandbox.send(), sandbox.send(), sandbox.do(stop).status_code] == [201, 201, 204]
    assert sandbox.wait(100).mailed == []


def test_only_sends_race() -> None:
    sandbox = FixedSandbox(race=5)
    assert [schedule(sandbox, 100), sandbox.send()] == [201, 403]
    sandbox = FixedSandbox(race=5, lead=60)
    assert [sandbox.send(), unschedule(sandbox), sandbox.send(), sandbox.status()] == [201, 204, 201, "Scheduled"]
    assert sandbox.wait(100).mailed == [60]
    sandbox = FixedSandbox(race=5)
    assert [sandbox.send(), schedule(sandbox, 100), sandbox.do("update").status_code] == [201, 403, 403]
    sandbox.set_status(4900, "Paused")
    assert sandbox.send() == 403


# --- staleness: reads lag ---


def test_stale_reads_show_an_earlier_state() -> None:
    sandbox = FixedSandbox(staleness=10, lead=5, duration=20)
    sandbox.send()
    seen = []
    for seconds in (0, 9, 1, 4.5, 1, 19, 1):
        sandbox.advance(seconds)
        seen.append((sandbox.time - START, sandbox.status(), scheduled(sandbox), listed(sandbox)))
    assert seen == [
        (at, status, None if status == "Draft" else START + 5, [(4900, status)])
        for at, status in (
            *((0, "Draft"), (9, "Draft"), (10, "Scheduled"), (14.5, "Scheduled")),
            *((15.5, "In Progress"), (34.5, "In Progress"), (35.5, "Sent")),
        )
    ]
    assert sandbox.mailed == [5]


def test_events_between_two_reads_keep_their_times() -> None:
    sandbox = FixedSandbox(staleness=10, lead=5, duration=20)
    sandbox.send()
    assert sandbox.wait(30).status() == "In Progress"
    sandbox = FixedSandbox(staleness=10)
    sandbox.fault("send", effect="late", delay=30, answer=503)
    sandbox.send()
    assert [sandbox.wait(39).status(), sandbox.wait(1).status()] == ["Draft", "In Progress"]


def test_writes_act_on_the_current_state() -> None:
    sandbox = FixedSandbox(staleness=10, lead=60)
    assert [sandbox.send(), sandbox.status(), sandbox.send()] == [201, "Draft", 403]
    assert [unschedule(sandbox), sandbox.send(), sandbox.do("update").status_code] == [204, 201, 403]


def test_reads_of_creation_and_deletion_lag_too() -> None:
    sandbox = FixedSandbox(staleness=10)
    assert sandbox.do("create").json()["id"] == 4903
    assert (sandbox.do("get", 4903).status_code, listed(sandbox)) == (404, [(4900, "Draft")])
    assert sandbox.do("delete").status_code == 204
    assert (sandbox.status(), sandbox.do("delete").status_code) == ("Draft", 404)
    assert listed(sandbox.wait(10)) == [(4903, "Draft")]
    assert sandbox.status() is None
    assert sandbox.do("get_schedule").status_code == 404


def test_each_of_many_changes_is_read_in_order() -> None:
    sandbox = FixedSandbox(staleness=10)
    subjects = []
    for number in range(30):
        sandbox.do("update", body={"subject": str(number)})
        subjects.append(sandbox.wait(1).do("get").json()["subject"])
    assert subjects[9:] == [str(number) for number in range(21)]
    assert set(subjects[:9]) == {"New Products for Spring!"}
    assert len(sandbox._state.rows("SELECT * FROM history")) <= 11  # no older versions
    assert sandbox.do("get", headers={"on-behalf-of": "acme"}).status_code == 404
    sandbox.set_status(4900, "Paused")
    assert [sandbox.status(), sandbox.wait(10).status()] == ["Draft", "Paused"]
    assert sandbox.status(sandbox.create_campaign(status="Sent")) == "Sent"


# --- leaves_draft_after: reads show a Draft after the 201 of a send ---


def test_a_send_that_shows_later() -> None:
    sandbox = FixedSandbox(leaves_draft_after=10)
    assert sandbox.send() == 201
    assert (sandbox.status(), scheduled(sandbox), listed(sandbox)) == ("Draft", None, [(4900, "Draft")])
    assert (sandbox.send(), sandbox.mailed) == (403, [0])
    assert [sandbox.wait(9.9).status(), sandbox.wait(0.1).status()] == ["Draft", "In Progress"]
    assert scheduled(sandbox) == START


def test_only_a_send_shows_later() -> None:
    sandbox = FixedSandbox(leaves_draft_after=10, lead=60)
    assert [schedule(sandbox, 100), sandbox.status(), unschedule(sandbox)] == [201, "Scheduled", 204]
    assert [sandbox.send(), unschedule(sandbox), schedule(sandbox, 200), sandbox.status()] == [
        *(201, 204, 201, "Scheduled")
    ]
    sandbox = FixedSandbox(leaves_draft_after=10)
    sandbox.send()
    sandbox.set_status(4900, "Canceled")
    assert sandbox.status() == "Canceled"


def test_staleness_adds_to_leaves_draft_after() -> None:
    sandbox = FixedSandbox(leaves_draft_after=10, staleness=5)
    sandbox.send()
    assert [sandbox.wait(14.9).status(), sandbox.wait(0.1).status()] == ["Draft", "In Progress"]


# --- executes_limited: requests answered with 429 are carried out ---


@pytest.mark.parametrize(("knob", "mailed"), [(False, []), (True, [0])])
def test_over_the_limit(knob: bool, mailed: list[float]) -> None:
    sandbox = FixedSandbox(rate_limit=0, executes_limited=knob)
    sandbox.add_key("SG.reader", scopes=["marketing_campaigns.read"])
    for given in ({"key": "SG.reader"}, {"headers": {"on-behalf-of": "nobody"}}):  # not authorized
        assert sandbox.do("send", **given).status_code == 429
    assert sandbox.mailed == []
    answer = sandbox.do("send")
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (429, "too many requests")
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert sandbox.send() == 429
    assert sandbox.mailed == mailed
    assert [request.status_code for request in sandbox.requests()] == [429] * 4


# --- the others ---


def test_a_draft_without_a_schedule() -> None:
    sandbox = FixedSandbox(unschedule_draft=403, schedule_of_draft=404)
    answers = [sandbox.do(name) for name in ("unschedule", "get_schedule")]
    assert [answer.status_code for answer in answers] == [403, 404]
    messages = [answer.json()["errors"][0]["message"] for answer in answers]
    assert messages == ["This campaign is already Draft.", "not found"]
    assert [schedule(sandbox, 100), scheduled(sandbox)] == [201, START + 100]


def test_unscheduled_status() -> None:
    sandbox = FixedSandbox(unscheduled_status="Canceled")
    assert [unschedule(sandbox), sandbox.status(), schedule(sandbox, 100)] == [204, "Draft", 201]
    assert [unschedule(sandbox), sandbox.status(), sandbox.send()] == [204, "Canceled", 403]
    assert sandbox.wait(200).mailed == []


@pytest.mark.parametrize(
    ("tolerance", "accepted", "refused"), [(0, [1], [0, -1]), (60, [0, -60], [-61]), (math.inf, [0, -(10**9)], [])]
)
@pytest.mark.parametrize("name", ["schedule", "reschedule"])
def test_a_past_send_at(name: str, tolerance: float, accepted: list[int], refused: list[int]) -> None:
    for seconds in (*refused, *accepted):
        sandbox = FixedSandbox(past_tolerance=tolerance)
        if name == "reschedule":
            schedule(sandbox, 100)
        if seconds in refused:
            assert schedule(sandbox, seconds, name) == 400
        else:
            assert schedule(sandbox, seconds, name) == (200 if name == "reschedule" else 201)
            assert sandbox.wait(1).mailed == [max(seconds, 0)]  # at once, and not before the request
            assert (sandbox.status(), scheduled(sandbox)) == ("In Progress", START + seconds)


@pytest.mark.parametrize(("stops", "mailed"), [(True, []), (False, [100])])
def test_mail_of_a_deleted_campaign(stops: bool, mailed: list[float]) -> None:
    sandbox = FixedSandbox(delete_stops=stops)
    assert [schedule(sandbox, 100), sandbox.do("delete").status_code, sandbox.status()] == [201, 204, None]
    assert sandbox.wait(1_000).mailed == mailed
    for mailing in sandbox.mailings():
        assert (mailing.campaign_id, mailing.recipients, mailing.request) == (4900, 1630, sandbox.requests()[0])
    draft = FixedSandbox(delete_stops=stops)
    assert [schedule(draft, 100), unschedule(draft), draft.do("delete").status_code] == [201, 204, 204]
    assert draft.wait(1_000).mailed == []


@pytest.mark.parametrize(("reuses", "ids"), [(False, [4903, 4904]), (True, [4900, 4903])])
def test_ids_of_deleted_campaigns(reuses: bool, ids: list[int]) -> None:
    sandbox = FixedSandbox(reuses_ids=reuses)
    sandbox.fault("delete", 2, effect="late", delay=30, answer=503)
    for _ in range(2):
        sandbox.do("delete")
    assert [sandbox.do("create").json()["id"] for _ in range(2)] == ids
    # A late copy of the deletion meets the new campaign of the same id.
    assert [item["id"] for item in sandbox.wait(30).do("list").json()["result"]] == [4904, 4903][reuses:]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *[(name, [-1, math.inf, math.nan, 1e10]) for name in ("lead", "duration", "race", "staleness")],
        ("leaves_draft_after", [-1, math.inf, math.nan, 1e10]),
        ("past_tolerance", [-1, math.nan]),
        ("campaign_limit", [-1, None]),
        ("rate_limit", [-1]),
        ("rate_window", [0]),
        ("rate_reset", ["both"]),
        ("unknown_on_behalf_of", ["parents", 404]),
        ("unschedule_draft", [200]),
        ("schedule_of_draft", [204]),
        *[(name, [1, "no", None]) for name in ("executes_limited", "delete_stops", "reuses_ids")],
        ("unscheduled_status", ["", None]),
        ("weather", ["fine"]),
    ],
)
def test_invalid_knobs(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises((ValueError, TypeError)):
            Knobs(**{name: value})
