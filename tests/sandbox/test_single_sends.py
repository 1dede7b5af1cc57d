"""Single Sends in the sandbox: each operation, knob and fault; every answer is checked against the fragment."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from doubles import cases
from sandbox.helpers import HEADERS, START, FixedSandbox
from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns.sandbox.example import READY_SINGLE_SEND, SINGLE_SENDS
from sendgrid_campaigns.sandbox.service import ALL_SCOPES
from sendgrid_campaigns.sandbox.single_sends import FIELDS
from sendgrid_single_sends_api import operations as api
from spec_diff.reader import load

FRAGMENT = load((Path(__file__).parents[2] / "openapi" / "single_sends.yaml").read_text("utf-8"))
OPERATIONS = {each.name: each for each in vars(api).values() if isinstance(each, api.Operation)}
ID, ACMES, _ = SINGLE_SENDS
ABSENT = "00000000-0000-4000-8000-000000000000"
LIST, SEGMENT = READY_SINGLE_SEND["list_ids"][0], READY_SINGLE_SEND["segment_ids"][0]
BODIES: dict[str, Any] = {
    "create_single_send": {"name": "A new one"},
    "update_single_send": {"email_config": {"subject": "Changed"}},
    "schedule_single_send": {"send_at": "now"},
    "search_single_sends": {},
    "duplicate_single_send": {},
}
WRITES = ["create", "update", "delete", "duplicate", "schedule", "unschedule"]


def check_answer(name: str, answer: httpx.Response) -> None:
    """Check that the fragment documents the answer."""
    operation = OPERATIONS[name]
    described = FRAGMENT["paths"][operation.path][operation.method.lower()]["responses"][str(answer.status_code)]
    if "$ref" in described:
        described = FRAGMENT["components"]["responses"][described["$ref"].rpartition("/")[2]]
    if "content" not in described:
        assert answer.content == b""
        return
    schema = described["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": FRAGMENT["components"]}).validate(answer.json())


def request_of(name: str, id: str = ID, body: Any = ...) -> tuple[str, str, bytes | None]:
    body = BODIES.get(name) if body is ... else body
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    id = LIST if id == ID and name == "get_contact_list" else id
    return OPERATIONS[name].method, OPERATIONS[name].path.format(single_send_id=id, list_id=id), content


def do(sandbox: FixedSandbox, name: str, id: str = ID, body: Any = ..., **given: Any) -> httpx.Response:
    method, path, content = request_of(name, id, body)
    answer = sandbox.ask(method, f"https://api.sendgrid.com{path}", content=content, **given)
    check_answer(name, answer)
    return answer


def get(sandbox: FixedSandbox, id: str = ID) -> dict[str, Any]:
    found: dict[str, Any] = do(sandbox, "get_single_send", id).json()
    return found


def at(seconds: float) -> str:
    return datetime.fromtimestamp(START + seconds, UTC).isoformat().replace("+00:00", "Z")


def play(sandbox: FixedSandbox, script: str) -> None:
    """Run steps as `FixedSandbox.play` does, for the single send of the example."""
    for step in script.split(";"):
        name, *words = step.split()
        if name == "wait":
            sandbox.advance(float(words[0]))
        elif name == "mailed":
            assert (step, [f"{seconds:g}" for seconds in sandbox.mailed]) == (step, words)
        elif name in WRITES:
            body = ... if len(words) == 1 else {"send_at": "now" if words[0] == "now" else at(float(words[0]))}
            try:
                found = str(do(sandbox, f"{name}_single_send", body=body).status_code)
            except httpx.TransportError:
                found = "lost"
            assert (step, found) == (step, words[-1])
        else:  # a field
            found = "gone" if do(sandbox, "get_single_send").status_code == 404 else get(sandbox)[name]
            assert (step, found) == (step, None if words == ["None"] else at(float(words[0])) if name == "send_at"
                                     else words[0])  # fmt: skip


# --- operations ---


def test_the_sandbox_names_the_fields_of_the_fragment() -> None:
    schemas = FRAGMENT["components"]["schemas"]
    named = [schemas[f"{name}Request"]["properties"].keys() for name in ("CreateSingleSend", "SendTo", "EmailConfig")]
    assert FIELDS.keys() == {*named[0], *named[1], *named[2]} - {"send_to", "email_config"}


CODES = {"create": 201, "update": 202, "delete": 204, "duplicate": 201, "schedule": 201, "unschedule": 200}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation(sandbox: FixedSandbox, name: str) -> None:
    operation = OPERATIONS[name]
    right = {"GET": "read", "POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}[operation.method]
    scope = f"{'marketing_campaigns' if name == 'list_legacy_lists' else 'marketing'}.{right}"
    sandbox.add_key("SG.less", scopes=[each for each in ALL_SCOPES if each != scope])
    sandbox.add_key("SG.only", scopes=[scope])
    assert do(sandbox, name, key="SG.other").status_code == 401
    assert do(sandbox, name, key="SG.less").status_code == (200 if name == "list_scopes" else 403)
    limited = FixedSandbox(rate_limit=0)
    assert do(limited, name).status_code == 429
    for absent in (ABSENT, "110", ACMES) if "{" in operation.path else ():
        assert do(sandbox, name, absent).status_code == 404
    answer = do(sandbox, name, ID.upper() if "single_send_id" in operation.path else ID, key="SG.only")
    assert answer.status_code == CODES.get(name.partition("_")[0], 200)
    assert operation.success.keys() == {answer.status_code}


def test_a_new_one_shows_every_field(sandbox: FixedSandbox) -> None:
    config = dict.fromkeys(
        ("subject", "html_content", "plain_content", "suppression_group_id", "custom_unsubscribe_url", "sender_id")
    )
    made = do(sandbox, "create_single_send").json()
    assert made == {
        "id": made["id"],
        "name": "A new one",
        "status": "draft",
        **dict.fromkeys(("categories", "send_at", "warnings")),
        **dict.fromkeys(("created_at", "updated_at"), at(0)),
        "send_to": {"list_ids": [], "segment_ids": [], "all": False},
        "email_config": {**config, "ip_pool": None, "generate_plain_content": True, "editor": "code"},
    }
    assert get(sandbox, made["id"]) == made
    (first, second) = do(sandbox, "list_single_sends").json()["result"]
    assert (first["id"], second["id"]) == (made["id"], ID)
    assert first == {
        **{name: made[name] for name in ("id", "name", "status", "categories", "send_at", "created_at", "updated_at")},
        "abtest": None,
        "is_abtest": False,
    }


NEW: list[tuple[dict[str, Any], list[str | None]]] = [
    ({}, ["name"]),
    ({"name": "x" * 101}, ["name"]),
    ({"name": 5}, [None]),
    ({"name": "x", "categories": [1]}, [None]),
    ({"name": "x", "send_to": []}, [None]),
    ({"name": "x", "email_config": None}, [None]),
    ({"name": "x", "email_config": {"subject": None}}, [None]),
    ({"name": "x", "send_to": {"all": 1}}, [None]),
    ({"name": "x", "send_to": {"list_ids": LIST}}, [None]),
    ({"name": "x", "email_config": {"sender_id": "124451"}}, [None]),
    ({"name": "x", "categories": [*"abcdefghijk"]}, ["categories"]),
    ({"name": "x", "categories": ["a", "a"]}, ["categories"]),
    ({"name": "x", "send_at": "now"}, ["send_at"]),
    ({"name": "x", "send_to": {"list_ids": [LIST] * 51}}, ["send_to.list_ids"]),
    ({"name": "x", "send_to": {"segment_ids": [SEGMENT] * 11}}, ["send_to.segment_ids"]),
    ({"name": "x", "send_to": {"list_ids": ["110"]}}, ["send_to.list_ids"]),
    ({"name": "x", "send_to": {"segment_ids": [LIST]}}, ["send_to.segment_ids"]),
    ({"name": "x", "email_config": {"editor": "word"}}, ["email_config.editor"]),
    ({"name": "x", "email_config": {"sender_id": 7}, "categories": [*"aa"]}, ["categories", "email_config.sender_id"]),
    ({"name": "x", "email_config": {"ip_pool": "x"}}, ["email_config.ip_pool"]),
    ({"name": "x", "email_config": {"sender_id": 8}}, ["email_config.sender_id"]),
    ({"name": "x", "email_config": {"suppression_group_id": 7}}, ["email_config.suppression_group_id"]),
]  # fmt: skip
GROUP = "email_config.suppression_group_id"
INCOMPLETE: list[tuple[dict[str, Any], list[str | None]]] = [
    ({"subject": None}, ["email_config.subject"]),
    ({"sender_id": None}, ["email_config.sender_id"]),
    ({"html_content": None}, ["email_config.html_content"]),
    ({"list_ids": [], "segment_ids": []}, ["send_to"]),
    ({"suppression_group_id": None}, [GROUP]),
    ({"custom_unsubscribe_url": "https://example.com/out"}, [GROUP]),
    ({"html_content": "<p>"}, ["email_config.html_content"]),
    ({"subject": None, "sender_id": None}, ["email_config.subject", "email_config.sender_id"]),
]
REFUSED = [
    *[("create_single_send", body, {}, fields) for body, fields in NEW],
    *[("update_single_send", body, {}, fields) for body, fields in NEW[1:]],
    *[(name, body, {}, [None]) for name in BODIES for body in (b"{", [], b'"x"')],
    *[("schedule_single_send", ..., given, fields) for given, fields in INCOMPLETE],
    *[("schedule_single_send", {"send_at": time}, {}, [None]) for time in (None, 5, True)],
    *[
        ("schedule_single_send", {"send_at": time}, {}, ["send_at"])
        for time in ("soon", "NOW", "2027-02-01", "2027-02-30T08:00:00Z", "2027-02-01T08:00:00", at(0), at(-1))
        + ("0001-01-01T00:00:00+05:00",)
    ],
    ("duplicate_single_send", {"name": ""}, {}, ["name"]),
    ("duplicate_single_send", {"name": None}, {}, [None]),
    ("search_single_sends", {"name": ""}, {}, ["name"]),
    ("search_single_sends", {"status": "draft"}, {}, [None]),
]


@cases("name body given problems", *REFUSED)
def test_a_refusal_changes_nothing(
    sandbox: FixedSandbox, name: str, body: Any, given: dict[str, Any], problems: list[str | None]
) -> None:
    sandbox.add_resource("sender", 8, verified=False)
    id = sandbox.create_single_send(**given)
    before = get(sandbox, id)
    answer = do(sandbox, name, id, body)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, problems)
    assert get(sandbox, id) == before
    assert len(do(sandbox, "list_single_sends").json()["result"]) == 2
    assert sandbox.wait(600).mailed == []


@cases(
    "given",
    {"suppression_group_id": None, "custom_unsubscribe_url": "https://example.com/out"},
    {"subject": None, "html_content": None, "design_id": "d"},
    {"list_ids": [], "segment_ids": [], "all": True},
    {"html_content": None, "generate_plain_content": False, "plain_content": "{{{unsubscribe}}}"},
)
def test_just_complete(sandbox: FixedSandbox, given: dict[str, Any]) -> None:
    id = sandbox.create_single_send(**given)
    assert do(sandbox, "schedule_single_send", id).status_code == 201
    (mailing,) = sandbox.mailings(id)
    assert mailing.recipients == (1550 if "all" in given else 1630)


def test_an_update_clears_nothing(sandbox: FixedSandbox) -> None:
    before = get(sandbox)
    blank: dict[str, Any] = {"name": "", "categories": [], "send_at": None, "send_to": {"list_ids": []}}
    do(sandbox, "update_single_send", body={**blank, "email_config": {"subject": "", "ip_pool": None}})
    assert get(sandbox) == before
    config = {
        "html_content": "<title>T</title><p>Hi &amp;\n bye<br>x <b>y</b></p><style>z</style>",
        "plain_content": "no",
    }
    changed = {
        "send_at": "2027-02-01T10:00:00.5+02:00",
        "send_to": {"list_ids": [LIST.upper()]},
        "email_config": config,
    }
    sandbox.advance(60)
    answer = do(sandbox, "update_single_send", body=changed).json()
    assert answer == get(sandbox)
    assert answer["email_config"] == {**before["email_config"], **config, "plain_content": "Hi & bye\nx y"}
    assert answer["send_to"] == {**before["send_to"], "list_ids": [LIST]}
    assert (answer["status"], answer["send_at"]) == ("draft", "2027-02-01T08:00:00Z")
    assert (answer["created_at"], answer["updated_at"]) == (at(0), at(60))
    plain = {"generate_plain_content": False, "plain_content": "own", "suppression_group_id": -1}
    assert (
        do(sandbox, "update_single_send", body={"email_config": plain}).json()["email_config"].items() >= plain.items()
    )


@cases("given name", ({"name": "Mine"}, "Mine"), ({}, "Copy of " + "x" * 92), (None, "Copy of " + "x" * 92))
def test_a_copy(sandbox: FixedSandbox, given: Any, name: str) -> None:
    do(sandbox, "update_single_send", body={"name": "x" * 100, "send_at": None})
    sandbox.set_status(ID, "triggered")
    copy = do(sandbox, "duplicate_single_send", body=given).json()
    original = get(sandbox)
    assert copy == {**original, "id": copy["id"], "name": name, "status": "draft"}
    assert copy["id"] != ID


def followed(sandbox: FixedSandbox, url: str) -> list[Any]:
    page = sandbox.ask("GET", url).json()
    following = page["_metadata"].get("next")
    items = page.get("result", page.get("results"))
    return [len(items), *(followed(sandbox, following) if following else [])]


def test_pages(sandbox: FixedSandbox) -> None:
    url = "https://sandbox.invalid/v3/marketing/singlesends"
    for _ in range(4):
        sandbox.create_single_send(status="triggered")
    assert followed(sandbox, f"{url}?page_size=2") == [2, 2, 1]
    assert followed(sandbox, "https://sandbox.invalid/v3/marketing/lists?page_size=1") == [1, 1]
    first = sandbox.ask("GET", f"{url}?page_size=2").json()["_metadata"]
    second = sandbox.ask("GET", first["next"]).json()["_metadata"]
    assert second == {"prev": first["self"], "self": first["next"], "next": second["next"], "count": 5}
    assert followed(sandbox, f"{url}?page_size=0&page_token=x") == [5]
    for path in ("lists?page_size=1001", "lists?page_size=0", "lists?page_token=x", "stats/singlesends?page_size=100"):
        assert sandbox.ask("GET", f"https://sandbox.invalid/v3/marketing/{path}").status_code == 400
    for item in sandbox.ask("GET", url).json()["result"]:
        do(sandbox, "delete_single_send", item["id"])
    none = do(sandbox, "list_single_sends").json()
    assert (none["result"], none["_metadata"]["count"], "next" in none["_metadata"]) == (None, 0, False)


@cases(
    "given names",
    ({}, ["Two", "One", "March Newsletter"]),
    (None, ["Two", "One", "March Newsletter"]),
    ({"name": "wO"}, ["Two"]),
    ({"status": ["triggered", "scheduled"]}, ["One"]),
    ({"categories": ["b", "spring line"]}, ["Two", "March Newsletter"]),
    ({"name": "o", "categories": ["a"]}, ["Two", "One"]),
    ({"name": "o", "categories": ["a"], "status": ["draft"]}, ["Two"]),
    ({"status": ["Sent"]}, None),
)
def test_search(sandbox: FixedSandbox, given: dict[str, Any] | None, names: list[str] | None) -> None:
    sandbox.create_single_send(name="One", categories=["a"], status="triggered")
    sandbox.create_single_send(name="Two", categories=["b", "a"])
    found = do(sandbox, "search_single_sends", body=given).json()["result"]
    assert (found and [item["name"] for item in found]) == names
    assert do(sandbox, "list_single_send_categories").json() == {"categories": ["a", "b", "spring line"]}


@cases("knob code", (200, 200), (404, 404))
def test_stats_come_after_the_mailing(knob: Any, code: int) -> None:
    sandbox = FixedSandbox(stats_before_sent=knob)
    do(sandbox, "schedule_single_send")
    assert do(sandbox.wait(59), "get_single_send_stats").status_code == code
    assert do(sandbox, "list_single_send_stats").json()["results"] == []
    (counted,) = do(sandbox.wait(1), "get_single_send_stats").json()["results"]
    assert (counted["id"], counted["aggregation"], counted["stats"]["delivered"]) == (ID, "total", 1630)
    url = "https://x.example/v3/marketing/stats/singlesends"
    for query, found in (
        *(("", [counted]), (f"?singlesend_ids={ID},{ABSENT}", [counted]), (f"?singlesend_ids={ABSENT}", [])),
        *((f"/{ID}?start_date=2027-01-15&end_date=2027-01-15", [counted]), (f"/{ID}?start_date=2027-01-16", [])),
    ):
        answer = sandbox.ask("GET", url + query)
        assert answer.json().get("results", []) == found
    for query in (f"/{ID}?start_date=soon", "?singlesend_ids=" + ",".join([ID] * 26)):
        assert sandbox.ask("GET", url + query).status_code == 400


def test_what_single_sends_refer_to(sandbox: FixedSandbox) -> None:
    sandbox.add_resource("list", 555, name="Partners", recipients=20)
    sandbox.add_resource("list", ABSENT, name="Partners", recipients=21)
    sandbox.add_resource("segment", ABSENT, recipients=5)
    legacy = do(sandbox, "list_legacy_lists").json()["lists"]
    assert [(each["id"], each["name"], each["recipient_count"]) for each in legacy] == [
        *((110, "Newsletter", 1200), (124, "Customers", 350), (555, "Partners", 20))
    ]
    lists = do(sandbox, "list_contact_lists").json()["result"]
    assert [(each["name"], each["contact_count"]) for each in lists] == [
        *(("Newsletter", 1200), ("Customers", 350), ("Partners", 21))
    ]
    assert do(sandbox, "get_contact_list", ABSENT).json() == lists[2]
    segments = do(sandbox, "list_segments").json()["results"]
    assert [(each["name"], each["contacts_count"]) for each in segments] == [
        *(("Bought in spring", 80), (f"segment {ABSENT}", 5))
    ]
    assert "custom_fields" not in do(sandbox, "list_field_definitions").json()
    sandbox.add_resource("custom_field", "e1_T", name="pet")
    fields = do(sandbox, "list_field_definitions").json()
    assert [each["name"] for each in fields["custom_fields"]] == ["pet"]
    assert {"first_name", "email"} < {each["name"] for each in fields["reserved_fields"]}
    for status, locked in (("draft", True), ("triggered", False)):
        sandbox.set_status(ID, status)
        sandbox.set_status(4900, "Sent")
        (sender,) = do(sandbox, "list_senders").json()
        assert (sender["id"], sender["verified"], sender["locked"]) == (124451, True, locked)
    assert do(FixedSandbox(senders_as="object"), "list_senders").json()["results"][0]["id"] == 124451
    sandbox.add_key("SG.reader", scopes=["marketing.read"])
    assert do(sandbox, "list_scopes", key="SG.reader").json() == {"scopes": ["marketing.read"]}
    assert {"marketing.read", "marketing_campaigns.read"} < {*do(sandbox, "list_scopes").json()["scopes"]}


def test_an_invalid_method_has_an_empty_answer(sandbox: FixedSandbox) -> None:
    answer = sandbox.ask("POST", f"https://x.example/v3/marketing/singlesends/{ID}/schedule")
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (405, b"", "PUT, DELETE")


# --- knobs ---

LATE = {"leaves_draft_after": 10}
SCRIPTS: list[tuple[dict[str, Any], str]] = [
    ({}, "schedule now 201; status triggered; send_at 0; unschedule 403; update 400; delete 204; mailed 0"),
    ({}, "schedule 100 201; status scheduled; send_at 100; wait 99; mailed; wait 1; status triggered; mailed 100"),
    ({"lead": 9}, "schedule now 201; status scheduled; send_at 0; wait 9; status triggered; send_at 0; mailed 9"),
    ({"duration": 5}, "schedule now 201; wait 99; status triggered; mailed 0"),
    ({}, "unschedule 200; status draft; send_at None"),
    ({"unschedule_draft": 403}, "unschedule 403; schedule 9 201; unschedule 200; send_at None"),
    # SS1
    ({"schedules_triggered": False}, "schedule now 201; wait 1; schedule now 400; schedule 9 400; wait 9; mailed 0"),
    ({"schedules_triggered": True}, "schedule now 201; wait 1; schedule now 201; status triggered; mailed 0 1"),
    ({"schedules_triggered": True, **LATE}, "schedule now 201; wait 10; schedule 99 201; status scheduled"),
    ({"race": 5}, "schedule now 201; wait 4.9; schedule now 201; wait 0.1; schedule now 400; mailed 0 4.9"),
    ({"race": 5, "lead": 60}, "schedule now 201; wait 1; schedule now 201; wait 99; mailed 60 61"),
    # SS2
    ({"schedule_moves": True}, "schedule 100 201; schedule 200 201; send_at 200; wait 300; mailed 200"),
    ({"schedule_moves": True}, "schedule 100 201; schedule now 201; wait 300; mailed 0"),
    ({"schedule_moves": False}, "schedule 100 201; schedule 200 201; send_at 200; wait 300; mailed 100 200"),
    ({"schedule_moves": False}, "schedule 100 201; schedule 200 201; unschedule 200; wait 300; mailed"),
    # SS3
    (LATE, "schedule now 201; status draft; schedule now 400; wait 9.9; status draft; wait 0.1; status triggered"),
    (LATE, "schedule 100 201; status draft; send_at None; wait 10; send_at 100; schedule 50 201; status scheduled"),
    ({"staleness": 10}, "schedule 100 201; status draft; wait 10; status scheduled; wait 99; status scheduled"),
    ({"staleness": 10}, "schedule now 201; delete 204; status draft; wait 10; status gone"),
    # SS4
    ({"past_tolerance": 0}, "schedule 0 400; schedule 1 201"),
    ({"past_tolerance": 60}, "schedule -61 400; schedule -60 201; status triggered; send_at -60; mailed 0"),
    # SS5
    ({"now_reads_back": None}, "schedule now 201; send_at None; status triggered; mailed 0"),
    ({"now_reads_back": None}, "schedule 9 201; send_at 9"),
    # SS6
    ({}, "schedule 9 201; unschedule 200; status draft; send_at None; wait 9; mailed"),
    ({"unscheduled_status": "Canceled"}, "schedule 9 201; unschedule 200; status canceled; unschedule 403; update 400"),
    ({"unschedule_triggered": 200}, "schedule now 201; unschedule 200; status triggered; mailed 0"),
    # SS7
    ({"delete_stops": True}, "schedule 9 201; delete 204; status gone; wait 9; mailed"),
    ({"delete_stops": False}, "schedule 9 201; delete 204; status gone; wait 9; mailed 9"),
    # SS10
    ({"updates_scheduled": False}, "schedule 9 201; update 400; unschedule 200; update 202"),
    ({"updates_scheduled": True}, "schedule 9 201; update 202; status scheduled; wait 9; update 400; mailed 9"),
]


@pytest.mark.parametrize(("knobs", "script"), SCRIPTS, ids=str)
def test_a_knob(knobs: dict[str, Any], script: str) -> None:
    play(FixedSandbox(**knobs), script)


def test_reads_lag_behind_both_kinds_of_changes() -> None:
    sandbox = FixedSandbox(staleness=10)
    made = do(sandbox, "create_single_send").json()["id"]
    copy = do(sandbox, "duplicate_single_send").json()["id"]
    sandbox.do("update", body={"subject": "Changed"})
    do(sandbox, "schedule_single_send")

    def listed() -> list[str]:
        ids = [item["id"] for item in do(sandbox, "list_single_sends").json()["result"]]
        assert [item["id"] for item in sandbox.do("list").json()["result"]] == [4900]
        return ids

    assert (listed(), do(sandbox, "get_single_send", made).status_code) == ([ID], 404)
    sandbox.advance(10)
    assert listed() == [copy, made, ID]
    assert do(sandbox.wait(59), "get_single_send_stats").json()["results"] == []
    assert len(do(sandbox.wait(1), "get_single_send_stats").json()["results"]) == 1


def test_the_time_of_a_draft_schedules_nothing() -> None:
    sandbox = FixedSandbox(now_reads_back=None)
    do(sandbox, "update_single_send", body={"send_at": at(50)})
    play(sandbox, "send_at 50; wait 60; status draft; schedule now 201; status triggered; send_at None; mailed 60")
    id = sandbox.create_single_send(send_at=None)
    do(sandbox, "update_single_send", id, body={"send_at": at(500)})
    for name, send_at in (("schedule_single_send", at(99)), ("unschedule_single_send", None)):
        do(sandbox, name, id, body={"send_at": at(99)})
        assert get(sandbox, id)["send_at"] == send_at


def test_the_answers_about_a_schedule() -> None:
    for knob, said in (("accepted", at(0)), (None, "now")):
        sandbox = FixedSandbox(now_reads_back=knob)
        answer = do(sandbox, "schedule_single_send").json()
        assert answer == {"send_at": said, "status": "scheduled"}
    sandbox = FixedSandbox()
    do(sandbox, "schedule_single_send", body={"send_at": "2027-01-15T10:00:00+01:00"})
    assert do(sandbox, "unschedule_single_send").json() == {"send_at": "2027-01-15T09:00:00Z", "status": "draft"}
    assert do(sandbox, "unschedule_single_send").json() == {"send_at": None, "status": "draft"}


@cases("knob code accounts", ("account", 201, ["acme"]), (403, 403, []), ("parent", 404, []))
def test_ss8_on_behalf_of(knob: Any, code: int, accounts: list[str]) -> None:
    sandbox = FixedSandbox(single_sends_on_behalf_of=knob)
    acme = {"headers": {"on-behalf-of": "acme"}}
    own = do(sandbox, "list_contact_lists").json()["result"]
    assert do(sandbox, "schedule_single_send", ACMES, **acme).status_code == code
    assert [mailing.account for mailing in sandbox.mailings()] == accounts
    lists = do(sandbox, "list_contact_lists", **acme)
    assert lists.status_code == (200 if code != 403 else 403)
    assert code == 403 or (lists.json()["result"] == own) == (knob == "parent")
    assert do(sandbox, "list_senders", **acme).status_code == 200
    parents = do(sandbox, "schedule_single_send", ID, **(acme if knob == "parent" else {}))  # what may be mailed then
    assert (parents.status_code, len(sandbox.mailings(ID))) == (201, 1)


@cases("knob codes", ("create", [400, 400]), ("schedule", [201, 400]))
def test_ss9_the_audience_is_checked_at(knob: Any, codes: list[int]) -> None:
    sandbox = FixedSandbox(audience_checked_at=knob)
    answer = do(sandbox, "create_single_send", body={"name": "x", "send_to": {"list_ids": [ABSENT]}})
    id = sandbox.create_single_send(list_ids=[ABSENT])
    assert [answer.status_code, do(sandbox, "schedule_single_send", id).status_code] == codes


@cases("knob code", (True, 400), (False, 201))
def test_ss11_an_unsubscribe_tag(knob: Any, code: int) -> None:
    sandbox = FixedSandbox(needs_unsubscribe_tag=knob)
    assert do(sandbox, "schedule_single_send", sandbox.create_single_send(html_content="<p>Hi")).status_code == code


def test_ss12_a_rate_limit_of_its_own() -> None:
    sandbox = FixedSandbox(rate_limit=1, single_sends_rate_limit=2)
    names = ["get_single_send"] * 3 + ["list_legacy_lists"] * 2
    assert [do(sandbox, name).status_code for name in names] == [200, 200, 429, 200, 429]
    sandbox = FixedSandbox(rate_limit=1)
    assert [do(sandbox, name).status_code for name in names[2:4]] == [200, 429]


def test_categories_in_lower_case() -> None:
    sandbox = FixedSandbox(lowers_categories=True)
    made = do(sandbox, "create_single_send", body={"name": "x", "categories": ["Spring"]})
    assert made.json()["categories"] == ["spring"]


@cases(
    "name values",
    ("single_sends_on_behalf_of", ["honoured", None]),
    ("single_sends_rate_limit", [-1, "5"]),
    *[(name, [0, None]) for name in ("schedules_triggered", "schedule_moves", "updates_scheduled")],
    ("needs_unsubscribe_tag", [1]),
    ("now_reads_back", ["now"]),
    ("unschedule_triggered", [204]),
    ("audience_checked_at", ["update"]),
    ("stats_before_sent", [204]),
    ("senders_as", ["results"]),
)
def test_invalid_knobs(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ValueError, match=name):
            Knobs(**{name: value})


# --- faults, front ends, files ---


@cases(
    "plan script",
    (lambda it: it.fault("schedule_single_send", effect="done", ending="reset"), "schedule now lost; mailed 0"),
    (lambda it: it.lose_answer("schedule_single_send"), "schedule now lost; status triggered"),
    (
        lambda it: it.fault("schedule_single_send", effect="late", delay=30, ending="reset"),
        "schedule now lost; status draft; wait 29; mailed; wait 1; status triggered; mailed 30",
    ),
    (  # a late copy of a time that is past by then does nothing
        lambda it: it.fault("schedule_single_send", effect="late", delay=30, ending="reset"),
        "schedule 20 lost; wait 99; status draft; mailed",
    ),
    (lambda it: it.fault("schedule_single_send", effect="twice"), "schedule now 201; mailed 0"),
    (lambda it: it.fault("schedule_single_send", effect="twice", answer="second"), "schedule 9 201; wait 9; mailed 9"),
    (lambda it: it.fault("schedule_single_send", effect="twice", answer="second"), "schedule now 400; mailed 0"),
    (lambda it: it.make_outcome_unknown("unschedule_single_send", effect="done"), "schedule 9 201; unschedule lost;"
     "wait 180; status draft; mailed"),
    (lambda it: it.act("update_single_send", 1, lambda it: it.set_status(ID, "triggered")), "update 400"),
    (lambda it: it.fault("delete_single_send", ending="reset"), "delete lost; status gone"),
)  # fmt: skip
def test_a_fault(sandbox: FixedSandbox, plan: Callable[[FixedSandbox], Any], script: str) -> None:
    plan(sandbox)
    play(sandbox, script)


def test_every_operation_has_a_fault(sandbox: FixedSandbox) -> None:
    for name in OPERATIONS:
        sandbox.lose_answer(name)
    for name in OPERATIONS:
        with pytest.raises(httpx.ReadError):
            do(sandbox, name)
    with pytest.raises(ValueError, match="only the outcome of a write"):
        sandbox.make_outcome_unknown("search_single_sends")


@pytest.mark.parametrize("serve", [Sandbox.serve, Sandbox.serve_faulty])
def test_served_from_a_file(tmp_path: Path, serve: Callable[[Sandbox], Any]) -> None:
    later = {"send_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")}
    method, path, content = request_of("schedule_single_send", body=later)
    with Sandbox(tmp_path / "kept.db") as sandbox, serve(sandbox) as server:
        http = httpx.Client(base_url=server.url, headers=HEADERS, trust_env=False)
        assert http.request(method, path, content=content).status_code == 201
        page = http.get("/v3/marketing/lists?page_size=1").json()["_metadata"]["next"]
        assert page.startswith(server.url)
        assert http.get(page).json()["result"][0]["name"] == "Customers"
        http.close()
    with Sandbox(tmp_path / "kept.db") as sandbox:
        assert sandbox.mailings() == []
        sandbox.advance(3600)
        (mailing,) = sandbox.mailings(ID)
        assert mailing.request is not None
        assert mailing.request.method == "PUT"


# --- Python calls ---


def test_mailings_are_in_one_ledger(sandbox: FixedSandbox) -> None:
    scheduled = sandbox.create_single_send(
        status="scheduled", send_at=sandbox.now() + timedelta(hours=1), account_id="A123", subject="Own"
    )
    sandbox.send()
    do(sandbox, "schedule_single_send")
    campaign, single_send, other = sandbox.wait(3600).mailings()
    assert (campaign.campaign_id, campaign.single_send_id) == (4900, None)
    assert (single_send.campaign_id, single_send.single_send_id) == (None, ID)
    assert (single_send.subject, single_send.sender_id, single_send.recipients) == (campaign.subject, 124451, 1630)
    assert single_send.list_ids == (*READY_SINGLE_SEND["list_ids"],)
    assert single_send.plain_content == "Check out our spring line!\n{{{unsubscribe}}}"
    assert (other.single_send_id, other.subject, other.account) == (scheduled, "Own", "account-id A123")
    assert (other.at, other.request) == (sandbox.now(), None)
    assert sandbox.mailings(ID) == [single_send]
    assert sandbox.mailings(4900) == [campaign]
    sandbox.set_credits(0)
    assert do(sandbox, "schedule_single_send", sandbox.create_single_send()).json()["errors"][0]["field"] is None


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda it: it.create_single_send(subjekt="x"),
            TypeError,
            "single sends have no field subjekt; they have name",
        ),
        (lambda it: it.create_single_send(list_ids=[110]), TypeError, "wrong type"),
        (lambda it: it.create_single_send(status="Draft"), ValueError, "'Draft' is none of draft, scheduled"),
        (lambda it: it.create_single_send(status="scheduled"), ValueError, "send_at"),
        (lambda it: it.create_single_send(on_behalf_of="nobody"), ValueError, "no account"),
        (lambda it: it.set_status(ABSENT, "draft"), ValueError, f"there is no campaign {ABSENT}"),
    ],
    ids=["field", "type", "status", "time", "account", "id"],
)
def test_invalid_calls(sandbox: FixedSandbox, call: Callable[[Sandbox], Any], kind: Any, text: str) -> None:
    with pytest.raises(kind, match=text):
        call(sandbox)
    assert len(do(sandbox, "list_single_sends").json()["result"]) == 1
