"""The eleven operations: each in each status, each refusal with its text, by plain HTTP and by the SDK's clients."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sandbox.helpers import AT, OPERATIONS, START, FixedSandbox, Operation
from sendgrid_campaigns.sandbox.example import READY
from sendgrid_campaigns.sandbox.service import ALL_SCOPES

SET = int(START) + 3_600
"""The `send_at` of Scheduled campaigns before a test's request."""

every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def make(**knobs: Any) -> FixedSandbox:
    return FixedSandbox(start=START + 15, **{"lead": 600, **knobs})  # 15 s into a window of rate limits


def a_campaign(sandbox: FixedSandbox, status: str, **fields: Any) -> int:
    send_at = datetime.fromtimestamp(SET, UTC) if status == "Scheduled" else None
    return sandbox.create_campaign(status=status, send_at=send_at, **fields)


def shown(id: int, status: str = "Draft", **fields: Any) -> dict[str, Any]:
    """The service's answer about a complete campaign."""
    return {"id": id, **READY, "custom_unsubscribe_url": None, "editor": "code", "status": status, **fields}


NOTHING = dict.fromkeys((*READY, "custom_unsubscribe_url"))
del NOTHING["title"]
"""The optional fields, unset."""


Problem = tuple[str | None, str]


def refusal(*problems: Problem) -> dict[str, Any]:
    return {"errors": [{"field": field, "message": message} for field, message in problems]}


def check_answer(answer: httpx.Response, status_code: int, body: Any) -> None:
    assert (answer.status_code, answer.json() if answer.content else None) == (status_code, body)
    assert answer.headers.get("Content-Type") == (None if body is None else "application/json")
    assert answer.headers["Date"] == "Fri, 15 Jan 2027 08:00:15 GMT"


STATUSES = ["Draft", "Scheduled", "In Progress", "Sent", "Paused", "Canceled"]

NOT_UPDATED = refusal((None, "You may only update a campaign when it is in draft mode."))
NOT_SCHEDULED = refusal(
    (
        None,
        "You cannot POST to a campaign that has already sent or scheduled."
        " However you can update a scheduled campaign with a PATCH.",
    )
)
NOT_RESCHEDULED = refusal(("send_at", "You cannot update the send_at value of non-scheduled campaign."))
NOT_SENT = refusal((None, "You may only send a campaign when it is in draft mode."))
SCHEDULED = {"id": 0, "send_at": AT, "status": "Scheduled"}  # the tests put the id in
MADE = shown(0, title="A new one", **NOTHING)

Cells = dict[str, tuple[int, Any, str | None]]
"""By the status before: the status code, the body, and the status afterwards."""


def cells(refused: Callable[[str], Any], **accepted: Any) -> Cells:
    """Return the cells of an operation that the service refuses with 403 in all other statuses."""
    return {**{status: (403, refused(status), status) for status in STATUSES}, **accepted}


CELLS: dict[str, Cells] = {
    "update": cells(lambda _: NOT_UPDATED, Draft=(200, shown(0, subject="Changed"), "Draft")),
    "schedule": cells(lambda _: NOT_SCHEDULED, Draft=(201, SCHEDULED, "Scheduled")),
    "reschedule": cells(lambda _: NOT_RESCHEDULED, Scheduled=(200, SCHEDULED, "Scheduled")),
    "unschedule": cells(
        lambda status: refusal((None, f"This campaign is already {status}.")),
        **dict.fromkeys(("Draft", "Scheduled"), (204, None, "Draft")),
    ),
    "send": cells(lambda _: NOT_SENT, Draft=(201, {"id": 0, "status": "Scheduled"}, "Scheduled")),
    "delete": dict.fromkeys(STATUSES, (204, None, None)),
    "get": {status: (200, shown(0, status), status) for status in STATUSES},
    "send_test": {status: (201, {"to": "a@example.com"}, status) for status in STATUSES},
    "get_schedule": {
        **{status: (200, {"send_at": int(START) + 15}, status) for status in STATUSES},  # when the mail went out
        "Draft": (200, {"send_at": None}, "Draft"),
        "Scheduled": (200, {"send_at": SET}, "Scheduled"),
    },
}


@pytest.mark.parametrize(("name", "status"), [(name, status) for name in CELLS for status in STATUSES])
def test_an_operation_in_a_status(name: str, status: str) -> None:
    sandbox = make()
    id = a_campaign(sandbox, status)
    status_code, body, after = CELLS[name][status]
    answer = sandbox.do(name, id)
    check_answer(answer, status_code, {**body, "id": id} if body and "id" in body else body)
    assert sandbox.status(id) == after
    request = sandbox.requests()[0]
    assert (request.method, request.path) == (OPERATIONS[name].of.method, answer.request.url.path)
    assert request.status_code == status_code
    assert sandbox.mailed == []  # mail goes out after the lead
    assert len(sandbox.tests()) == (name == "send_test")


def test_create_and_list() -> None:
    sandbox = make()
    check_answer(sandbox.do("create"), 201, {**MADE, "id": 4903})
    check_answer(sandbox.do("list"), 200, {"result": [{**MADE, "id": 4903}, shown(4900)]})


LIMIT = ("limit", "limit must be at least 1")
OFFSET = ("offset", "offset must be at least 0")


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("", range(4914, 4904, -1)),
        ("limit=2", [4914, 4913]),
        ("limit=" + "0" * 30 + "1", [4914]),
        ("limit=2&offset=11", [4903, 4900]),
        ("limit=2&offset=12", [4900]),
        ("offset=13", []),
        (f"offset={10**30}", []),
        ("limit=1000", [*range(4914, 4902, -1), 4900]),
        (f"limit={10**30}", [*range(4914, 4902, -1), 4900]),
        *[(f"limit={limit}", LIMIT) for limit in ("0", "0" * 30, "", "-1", "ten", "x&offset=x")],
        *[(f"offset={offset}", OFFSET) for offset in ("-1", "1.5")],
    ],
)
def test_pages(query: str, page: Any) -> None:
    sandbox = make()
    for _ in range(12):
        sandbox.create_campaign()
    answer = sandbox.ask("GET", f"?{query}")
    if isinstance(page, tuple):
        check_answer(answer, 400, refusal(page))
    else:
        assert [item["id"] for item in answer.json()["result"]] == list(page)


UNPARSED = (None, "The JSON you have submitted cannot be parsed.")
FUTURE = ("send_at", "Please choose a future time for sending your campaign.")
BOTH = (
    "unsubscribes",
    "Either suppression_group_id or custom_unsubscribe_url may be set/used, but not both."
    " Please remove one before setting the other.",
)
EDITOR = (
    "editor",
    "editor must be 'code' or 'design' if included. If not included, 'code' will be selected by default.",
)
SWITCH = ("editor", "You cannot switch editors once a campaign has been created.")
NO_TITLE = ("title", "title can't be blank")
CATEGORIES = ("categories", "categories exceeds 10 category limit")
NO_SENDER = ("sender_id", "sender_id does not exist")
NO_LIST = ("list_ids", "list_ids do not all exist")
NO_SEGMENT = ("segment_ids", "segment_ids do not all exist")
NO_POOL = ("ip_pool", "The ip pool you provided is invalid")
SUBJECT = ("subject", "subject can't be blank")
SENDER = ("sender_id", "sender_id can't be blank")
CONTENT = ("plain_content", "plain_content can't be blank, please provide plain text or html content")
AUDIENCE = ("list_id", "You must select at least 1 segment or 1 list to send to.")
TAG = ("unsubscribe_tag", "An [unsubscribe] tag in both your html and plain content is required to send a campaign.")
CHOICE = (
    "suppression_group_id",
    "Either a suppression_group_id or custom_unsubscribe_url is required to send a campaign.",
)
CREDITS = (
    None,
    "You do not have enough credits to send this campaign. Upgrade your plan to send more:"
    " https://app.sendgrid.com/settings/billing",
)
TEST_SUBJECT = ("subject", "Please add a subject to your campaign before sending a test.")
TEST_CONTENT = (
    "plain_content",
    "Plain content and html content can't both be blank. Please set one of these values before sending a test.",
)
TEST_SENDER = ("sender_id", "Please assign a sender identity to your campaign before sending a test.")
NO_ADDRESS = ("to", "Please provide an email address to which the test should be sent.")
TOO_MANY = ("to", "You can only send tests to 10 addresses at a time.")


@dataclass(frozen=True)
class Refused:
    operation: str
    problems: list[Problem]
    body: Any = ...
    """The request's body; `...`: the operation's usual body."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Fields of the campaign."""
    credits: int = 1630

    def __str__(self) -> str:
        cause = self.problems[0][0] or self.problems[0][1][:12]
        return f"{self.operation}-{cause}-{repr(self.body)[:25]}-{repr(self.fields)[:25]}"


MEGABYTE = "x" * 2**20
URL = "https://example.com/out"
BAD_CONTENTS: list[tuple[dict[str, Any], list[Problem]]] = [
    ({"title": ""}, [NO_TITLE]),
    ({"title": None}, [NO_TITLE]),
    ({"title": "x" * 101}, [("title", "title is too long (maximum is 100 characters)")]),
    ({"categories": ["x"] * 11}, [CATEGORIES]),
    ({"html_content": MEGABYTE + "x"}, [("html_content", "html_content exceeds the 1MB limit")]),
    ({"plain_content": "ä" * 2**19 + "x"}, [("plain_content", "plain_content exceeds the 1MB limit")]),
    ({"sender_id": 7}, [NO_SENDER]),
    ({"sender_id": 8}, [("sender_id", "sender_id is not a verified sender identity")]),
    ({"list_ids": [110, 7]}, [NO_LIST]),
    ({"segment_ids": [110, 124]}, [NO_SEGMENT]),
    ({"segment_ids": [110] * 11}, [UNPARSED]),
    ({"ip_pool": "nowhere"}, [NO_POOL]),
    ({"suppression_group_id": 7}, [("suppression_group_id", "suppression_group_id does not exist")]),
    ({"suppression_group_id": 42, "custom_unsubscribe_url": URL}, [BOTH]),
    ({"editor": "word"}, [EDITOR]),
    ({"editor": None}, [EDITOR]),
    ({"title": "", "categories": ["x"] * 11, "sender_id": 7}, [NO_TITLE, CATEGORIES, NO_SENDER]),
    ({"list_ids": [7], "segment_ids": [7], "ip_pool": "nowhere"}, [NO_LIST, NO_SEGMENT, NO_POOL]),
]
NOT_JSON: list[Any] = [
    *(b"", b"{", b"\xff", b"\xff{}", b"[" * 100_000, b"null", [], "text", 5),
    *(b'{"title": "x", "other": NaN}', '{"title": "x"}'.encode("utf-16")),
]
NOT_VALUES: dict[str, list[Any]] = {
    "title": [5],
    "subject": [["x"]],
    "sender_id": ["124451", True],
    "suppression_group_id": [1.5],
    "list_ids": [110, ["110"], [110.5]],
    "segment_ids": [[True]],
    "categories": [[1], "x"],
    "ip_pool": ["\ud800"],
}
NOT_FIELDS = [{name: value} for name, values in NOT_VALUES.items() for value in values]
INCOMPLETE: list[tuple[dict[str, Any], list[Problem]]] = [
    ({"subject": None}, [SUBJECT]),
    ({"subject": ""}, [SUBJECT]),
    ({"sender_id": None}, [SENDER]),
    ({"html_content": "", "plain_content": None}, [CONTENT]),
    ({"list_ids": [], "segment_ids": None}, [AUDIENCE]),
    ({"html_content": "<p>"}, [TAG]),
    ({"plain_content": "unsubscribe"}, [TAG]),
    ({"suppression_group_id": None, "custom_unsubscribe_url": ""}, [CHOICE]),
    (NOTHING, [SUBJECT, SENDER, CONTENT, AUDIENCE, CHOICE]),
    ({"subject": "", "html_content": "<p>", "suppression_group_id": None}, [SUBJECT, TAG, CHOICE]),
]
NOT_TIMES = ["soon", str(AT), AT + 0.5, True, None, [AT], 10**30]
SCHEDULE = [
    *[Refused("schedule", [UNPARSED], body) for body in (*NOT_JSON, {})],
    *[Refused("schedule", [UNPARSED], {"send_at": send_at}) for send_at in NOT_TIMES],
    *[Refused("schedule", [FUTURE], {"send_at": at}) for at in (int(START) + 15, int(START) + 14, 0, -1, -(2**63))],
]
REFUSED = [
    *[Refused("create", problems, {"title": "x", **given}) for given, problems in BAD_CONTENTS],
    *[Refused("update", problems, given) for given, problems in BAD_CONTENTS],
    Refused("create", [NO_TITLE], {}),
    Refused("update", [BOTH], {"custom_unsubscribe_url": URL}),
    Refused("update", [SWITCH], {"editor": "design"}),
    *[Refused(name, [UNPARSED], body) for name in ("create", "update", "send_test") for body in NOT_JSON],
    *[Refused(name, [UNPARSED], body) for name in ("create", "update") for body in NOT_FIELDS],
    *[Refused(name, problems, fields=given) for name in ("send", "schedule") for given, problems in INCOMPLETE],
    *[Refused(name, [CREDITS], credits=1629) for name in ("send", "schedule")],
    *[Refused(name, [SENDER, CREDITS], fields={"sender_id": None}, credits=0) for name in ("send", "schedule")],
    Refused("schedule", [SUBJECT, FUTURE], {"send_at": 1}, {"subject": None}),
    *SCHEDULE,
    *[replace(case, operation="reschedule") for case in SCHEDULE],
    *[Refused("send_test", [NO_ADDRESS], body) for body in ({"to": []}, {"to": ""}, {"to": None}, {})],
    Refused("send_test", [TOO_MANY], {"to": ["a@example.com"] * 11}),
    *[Refused("send_test", [UNPARSED], {"to": to}) for to in (5, ["a@example.com", None])],
    Refused("send_test", [TEST_SUBJECT], fields={"subject": ""}),
    Refused("send_test", [TEST_CONTENT], fields={"html_content": None, "plain_content": ""}),
    Refused("send_test", [TEST_SENDER], fields={"sender_id": None}),
    Refused("send_test", [TEST_SUBJECT, TEST_CONTENT, TEST_SENDER], fields=NOTHING),
]


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_refusal_changes_nothing(case: Refused) -> None:
    sandbox = make()
    sandbox.add_resource("sender", 8, verified=False)
    sandbox.set_credits(case.credits)
    id = a_campaign(sandbox, OPERATIONS[case.operation].status, **case.fields)
    before = sandbox.do("get", id).content
    check_answer(sandbox.do(case.operation, id, case.body), 400, refusal(*case.problems))
    assert sandbox.do("get", id).content == before
    assert [item["id"] for item in sandbox.do("list").json()["result"]] == [id, 4900]
    assert sandbox.tests() == []
    assert sandbox.wait(601).mailed == []


TO = {"to": "a@example.com"}
STRAY = {"subject": 1, "sender_id": "0"}  # fields of the wrong type that the operation does not know


@pytest.mark.parametrize(
    ("name", "body", "fields"),
    [
        ("create", {"title": "x" * 100, "categories": ["x"] * 10, "segment_ids": [110] * 10}, {}),
        ("create", {"title": "x", "html_content": MEGABYTE, "plain_content": "ä" * 2**19}, {}),
        ("create", {"title": "x", "suppression_group_id": 42, "custom_unsubscribe_url": ""}, {}),
        ("create", {"title": "x", "editor": "design", "unknown": [{}]}, {}),
        ("create", {"title": "x", "list_ids": [110.0]}, {}),  # as in JSON Schema, an integer
        ("update", {"editor": "code"}, {}),
        ("update", {"id": 1, "status": "Sent"}, {}),
        ("update", {"suppression_group_id": None, "custom_unsubscribe_url": URL}, {}),
        *[(name, {"send_at": at}, {}) for name in ("schedule", "reschedule") for at in (int(START) + 16, 2**63 - 1)],
        ("schedule", {"send_at": AT, **STRAY}, {}),
        ("reschedule", {"send_at": AT}, {"subject": None}),
        ("send_test", {"to": [f"{i}@example.com" for i in range(10)]}, {}),
        ("send_test", {**TO, **STRAY}, {}),
        *[("send_test", TO, {name: None}) for name in ("html_content", "plain_content")],
        ("send_test", TO, {"list_ids": None, "segment_ids": None, "suppression_group_id": None}),
        *[("send", None, {name: None}) for name in ("list_ids", "segment_ids", "html_content", "plain_content")],
        ("send", None, {"suppression_group_id": None, "custom_unsubscribe_url": URL}),
        ("send", None, {"ip_pool": None, "categories": None}),
        ("send", None, {"html_content": "<p>[Unsubscribe]</p>", "plain_content": "[UNSUBSCRIBE]"}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_just_accepted(name: str, body: Any, fields: dict[str, Any]) -> None:
    sandbox = make()
    id = a_campaign(sandbox, OPERATIONS[name].status, **fields)
    answer = sandbox.do(name, id, body)
    assert answer.is_success, answer.text
    if name in ("create", "update"):
        said = answer.json()
        fields = {name: value for name, value in body.items() if name in (*NOTHING, "title")}
        unset = NOTHING if name == "create" else {}
        assert said == shown(said["id"], **{**unset, **fields, "editor": body.get("editor", "code")})
        assert name == "create" or said["id"] == id
        assert sandbox.do("get", said["id"]).json() == said
    if "send_at" in (body or {}):
        assert sandbox.do("get_schedule", id).json() == {"send_at": body["send_at"]}


@pytest.mark.parametrize("name", ["create", "update"])
def test_an_empty_ip_pool_is_unset(name: str) -> None:
    sandbox = make()
    answer = sandbox.do(name, body={"title": "x", "ip_pool": ""})
    assert answer.is_success
    assert sandbox.do("get", answer.json()["id"]).json()["ip_pool"] is answer.json()["ip_pool"] is None


def test_the_limit_of_campaigns_is_one_accounts() -> None:
    sandbox = make()
    for _ in range(248):
        sandbox.create_campaign()
    assert sandbox.do("create").status_code == 201
    reached = None, "You've reached your limit of 250 campaigns. Please delete one or more and try again."
    check_answer(sandbox.do("create"), 400, refusal(reached))
    check_answer(sandbox.do("create", body={"title": ""}), 400, refusal(NO_TITLE, reached))
    assert sandbox.do("create", headers={"on-behalf-of": "acme"}).status_code == 201


@every_operation
def test_401_403_404_429(operation: Operation) -> None:
    sandbox = make()
    sandbox.add_key("SG.less", scopes=[scope for scope in ALL_SCOPES if scope != operation.scope])
    sandbox.add_key("SG.only", scopes=[operation.scope])
    id = a_campaign(sandbox, operation.status)
    check_answer(sandbox.do(operation.name, id, key="SG.other"), 401, refusal((None, "authorization required")))
    check_answer(sandbox.do(operation.name, id, key="SG.less"), 403, refusal((None, "access forbidden")))
    for absent in (1, 4901, 4902, 9999) if "{" in operation.of.path else ():
        check_answer(sandbox.do(operation.name, absent), 404, refusal((None, "not found")))
    assert sandbox.status(id) == operation.status
    assert sandbox.do(operation.name, id, key="SG.only").is_success
    check_answer(make(rate_limit=0).do(operation.name), 429, refusal((None, "too many requests")))


def test_windows_count_the_requests_of_each_key() -> None:
    sandbox = FixedSandbox(start=START + 15, rate_limit=2, rate_window=10)  # 5 s into a window
    sandbox.add_key("SG.reader", scopes=["marketing_campaigns.read"])
    for name, key, seconds, *expected in (
        ("get", "SG.sandbox", 0, 200, "1", 20),
        ("get", "SG.sandbox", 4, 200, "0", 20),
        ("get", "SG.sandbox", 0, 429, "0", 20),
        ("send", "SG.reader", 0, 403, "1", 20),  # counts, too
        ("send", "SG.other", 0, 401, None, None),  # an unknown key
        ("get", "SG.sandbox", 1, 200, "1", 30),
        ("get", "SG.reader", 0, 200, "1", 30),
    ):
        answer = sandbox.wait(seconds).do(name, key=key)
        remaining, reset = (answer.headers.get(f"x-ratelimit-{name}") for name in ("remaining", "reset"))
        assert [answer.status_code, remaining, reset and int(reset) - int(START)] == expected
        assert answer.headers.get("x-ratelimit-limit") == (remaining and "2")
    assert "x-ratelimit-limit" not in make().do("get").headers
    answer = FixedSandbox(start=START + 0.5, rate_limit=5, rate_reset="delta").do("get")
    assert answer.headers["x-ratelimit-reset"] == "60"  # seconds left, rounded up
