"""The knobs: each turns off one assumption about the live service. With the defaults, each assumption holds."""

import math
from typing import Any

import pytest

from sandbox.helpers import FixedSandbox
from sendgrid_campaigns.sandbox import Knobs

LATE = {"leaves_draft_after": 10}
STALE = {"staleness": 10}
SCRIPTS: list[tuple[dict[str, Any], str]] = [
    # race: the service accepts several sends
    ({"race": 5}, "send 201; send 201; wait 4.9; send 201; wait 0.1; send 403; mailed 0 0 4.9"),
    ({"race": 5, "lead": 60}, "send 201; wait 1; send 201; status Scheduled; mailed; wait 100; mailed 60 61"),
    ({"race": 5, "lead": 60}, "send 201; wait 1; send 201; wait 160; status Sent"),
    ({"race": 5, "lead": 60}, "send 201; send 201; unschedule 204; wait 100; mailed"),
    ({"race": 5, "lead": 60}, "send 201; send 201; delete 204; wait 100; mailed"),
    ({"race": 5, "lead": 60}, "send 201; unschedule 204; send 201; status Scheduled; wait 100; mailed 60"),
    ({"race": 5}, "schedule 100 201; send 403"),
    ({"race": 5}, "send 201; schedule 100 403; update 403; set Paused; send 403"),
    # staleness: reads lag, writes do not
    ({"staleness": 10, "lead": 5, "duration": 20}, "send 201; wait 30; status In Progress; mailed 5"),
    (
        {"staleness": 10, "lead": 5, "duration": 20},
        "send 201; wait 9.9; status Draft; scheduled None; listed 4900 Draft;"
        " wait 0.1; status Scheduled; scheduled 5; listed 4900 Scheduled; wait 4.9; status Scheduled;"
        " wait 0.1; status In Progress; scheduled 5; listed 4900 In Progress; wait 19.9; status In Progress;"
        " wait 0.1; status Sent; scheduled 5; listed 4900 Sent; mailed 5",
    ),
    (STALE, "send 201; status Draft; send 403; wait 9.9; status Draft; wait 0.1; status In Progress; mailed 0"),
    (STALE, "schedule 100 201; status Draft; unschedule 204; schedule 100 201; update 403; scheduled None"),
    (STALE, "create 201; listed 4900 Draft; delete 204; delete 404; status Draft; wait 10; listed 4903 Draft"),
    (STALE, "delete 204; get_schedule 200; get 200; wait 10; get_schedule 404; get 404"),
    (STALE, "set Paused; status Draft; wait 10; status Paused"),
    # leaves_draft_after: after the 201 of a send, reads still show a Draft
    (LATE, "send 201; status Draft; scheduled None; listed 4900 Draft; send 403; mailed 0"),
    (LATE, "send 201; wait 9.9; status Draft; wait 0.1; status In Progress; scheduled 0; listed 4900 In Progress"),
    ({**LATE, "lead": 60}, "schedule 100 201; status Scheduled"),
    ({**LATE, "lead": 60}, "send 201; unschedule 204; schedule 200 201; status Scheduled"),
    (LATE, "send 201; set Canceled; status Canceled"),
    ({**LATE, "staleness": 5}, "send 201; wait 14.9; status Draft; wait 0.1; status In Progress"),
    # past_tolerance: a past send_at is accepted; the mail goes out at once, and not before the request
    *[({"past_tolerance": 0}, f"schedule {past} 400; schedule 1 201; reschedule {past} 400") for past in (0, -1)],
    ({"past_tolerance": 60}, "schedule -61 400; schedule 100 201; reschedule -61 400"),
    *[
        ({"past_tolerance": tolerance}, f"{schedule}; wait 1; mailed 0; status In Progress; scheduled {past}")
        for tolerance, past in ((60, "0"), (60, "-60"), (math.inf, "0"), (math.inf, "-1e+09"))
        for schedule in (f"schedule {past} 201", f"schedule 100 201; reschedule {past} 200")
    ],
    # the others
    (
        {"lead": 10, "duration": 60},
        "send 201; wait 9.9; status Scheduled; mailed; wait 0.1; status In Progress; mailed 10;"
        " wait 59.9; status In Progress; wait 0.1; status Sent; wait 10000; status Sent; mailed 10",
    ),
    ({}, "schedule 100 201; wait 99; mailed; wait 10000; mailed 100; scheduled 100; status Sent"),
    ({}, "schedule 100 201; reschedule 200 200; wait 10000; mailed 200; scheduled 200"),
    ({}, "schedule 100 201; unschedule 204; wait 10000; mailed; scheduled None; status Draft"),
    ({"unscheduled_status": "Canceled"}, "unschedule 204; status Draft; schedule 100 201; unschedule 204"),
    ({"unscheduled_status": "Canceled"}, "schedule 9 201; unschedule 204; status Canceled; send 403; wait 9; mailed"),
    ({"delete_stops": True}, "schedule 100 201; delete 204; status None; wait 1000; mailed"),
    ({"delete_stops": False}, "schedule 100 201; delete 204; status None; wait 1000; mailed 100"),
    ({"delete_stops": False}, "schedule 100 201; unschedule 204; delete 204; wait 1000; mailed"),
    ({"unschedule_draft": 403}, "unschedule 403; schedule 100 201; unschedule 204"),
    ({"schedule_of_draft": 404}, "get_schedule 404; schedule 100 201; scheduled 100"),
    ({"reuses_ids": False}, "delete 204; create 201; create 201; listed 4904 Draft, 4903 Draft"),
    ({"reuses_ids": True}, "delete 204; create 201; create 201; listed 4903 Draft, 4900 Draft"),
    ({"campaign_limit": 2}, "create 201; create 400; delete 204; create 201"),
]


@pytest.mark.parametrize(("knobs", "script"), SCRIPTS, ids=str)
def test_a_knob(knobs: dict[str, Any], script: str) -> None:
    FixedSandbox(**knobs).play(script)


@pytest.mark.parametrize(
    ("script", "numbers"),
    [
        ("send 201; send 201; delete 204; wait 100; mailed 60 60", [2, 1]),
        ("schedule 100 201; wait 100; mailed 100", [1]),
        ("schedule 50 201; reschedule 100 200; wait 100; mailed 100", [2]),
    ],
)
def test_a_mailing_names_the_request_that_caused_it(script: str, numbers: list[int]) -> None:
    sandbox = FixedSandbox(race=5, lead=60, delete_stops=False)
    sandbox.play(script)
    requests = sandbox.requests()
    found = [(mailing.campaign_id, mailing.recipients, mailing.request) for mailing in sandbox.mailings()]
    assert found == [(4900, 1630, requests[number - 1]) for number in numbers]


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
    assert sandbox.status(sandbox.create_campaign(status="Sent")) == "Sent"


@pytest.mark.parametrize(("knob", "stored"), [(False, ["Spring", "line"]), (True, ["spring", "line"])])
def test_categories(knob: bool, stored: list[str]) -> None:
    sandbox = FixedSandbox(lowers_categories=knob)
    for name in ("create", "update"):
        answer = sandbox.do(name, body={"title": "x", "categories": ["Spring", "line"]}).json()
        assert answer["categories"] == stored
        assert sandbox.do("get", answer["id"]).json()["categories"] == stored
        assert sandbox.do(name, body={"title": "x", "categories": None}).json()["categories"] is None


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


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *[(name, [-1, math.inf, math.nan, 1e10]) for name in ("lead", "duration", "race", "staleness")],
        ("leaves_draft_after", [-1, math.inf, math.nan, 1e10]),
        ("past_tolerance", [-1, math.nan]),
        ("campaign_limit", [-1, None]),
        ("rate_limit", [-1, "5"]),
        ("rate_window", [0]),
        ("rate_reset", ["both"]),
        ("unknown_on_behalf_of", ["parents", 404]),
        ("unschedule_draft", [200]),
        ("schedule_of_draft", [204]),
        *[(name, [1, "no", None]) for name in ("executes_limited", "delete_stops", "lowers_categories")],
        ("unscheduled_status", ["", None]),
        ("weather", ["fine"]),
    ],
)
def test_invalid_knobs(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises((ValueError, TypeError)):
            Knobs(**{name: value})
