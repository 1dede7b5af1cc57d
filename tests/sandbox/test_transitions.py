"""Every cell of (status x operation) and every text of refusal, by HTTP and by the facade in both colours."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import attrs
import httpx
import pytest

from doubles import Colour
from sendgrid_campaigns import (
    AuthenticationError,
    BadRequestError,
    Campaign,
    ConfigurationError,
    NotFoundError,
    NotInDraftError,
    NotScheduledError,
    PermissionDeniedError,
    RateLimitError,
    Retry,
    Schedule,
    SendReceipt,
    StopNotAskedError,
)
from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns.sandbox.service import ALL_SCOPES, Reply, Request

START = 1_800_000_015.0  # 15 s into a window of rate limits
SET, ASKED = int(START) + 3_600, int(START) + 7_200
"""When a scheduled campaign is to go out, and when the operations ask it to."""

# --- the doors ---


class Switch:
    """The service that the one real server asks: the one of the sandbox that is under test."""

    handle: Callable[[Request], Reply]


@pytest.fixture(scope="module")
def door() -> Iterator[tuple[Switch, httpx.Client]]:
    switch = Switch()
    with Sandbox() as host:
        host._network._service = switch  # type: ignore[assignment]
        with (
            host.serve() as server,
            httpx.Client(base_url=server.url, headers={"Authorization": "Bearer SG.sandbox"}) as http,
        ):
            yield switch, http


def make(knobs: Knobs = Knobs()) -> Sandbox:  # noqa: B008 - frozen
    return Sandbox(knobs=attrs.evolve(knobs, lead=600.0), clock=lambda: START)


@attrs.frozen
class Raw:
    """The door of HTTP, with a sandbox of its own behind it."""

    sandbox: Sandbox
    http: httpx.Client

    def ask(self, operation: "Operation", id: int = 4900, body: Any = ..., key: str = "SG.sandbox") -> httpx.Response:
        given = operation.body if body is ... else body
        content = given if isinstance(given, bytes) else None if given is None else json.dumps(given).encode()
        headers = {"Authorization": f"Bearer {key}"}
        return self.http.request(operation.method, operation.path.format(id), content=content, headers=headers)

    def status(self, id: int) -> str | None:
        answer = self.http.get(f"/v3/campaigns/{id}")
        return answer.json()["status"] if answer.status_code == 200 else None


@pytest.fixture
def raw(door: tuple[Switch, httpx.Client]) -> Callable[..., Raw]:
    def behind_it(knobs: Knobs = Knobs()) -> Raw:  # noqa: B008
        switch, http = door
        sandbox = make(knobs)
        switch.handle = sandbox._service.handle
        return Raw(sandbox, http)

    return behind_it


def client(colour: Colour, sandbox: Sandbox, key: str = "SG.sandbox", retry: Retry | None = None) -> Any:
    made = sandbox.client if colour.http_class is httpx.Client else sandbox.async_client
    return made(key, retry=retry)


# --- the eleven operations ---


@attrs.frozen
class Operation:
    name: str
    method: str
    path: str
    body: Any = None
    arguments: tuple[Any, ...] = ()
    """Of the facade's method, after the id."""
    status: str = "Draft"
    """One in which it is accepted."""
    takes_id: bool = True

    @property
    def scope(self) -> str:
        names = {"GET": "read", "POST": "create", "PATCH": "update", "DELETE": "delete"}
        return f"marketing_campaigns.{names[self.method]}"

    def by_facade(self, campaigns: Any, id: int) -> Callable[[], Any]:
        """The call of the facade, to be made."""
        named = self.body if self.name in ("create", "update") else {}
        ids = [id] if self.takes_id else []
        return partial(getattr(campaigns, self.name), *ids, *self.arguments, **named)


CAMPAIGN = "/v3/campaigns/{}"
AT = datetime.fromtimestamp(ASKED, UTC)
OPERATIONS = [
    Operation("create", "POST", "/v3/campaigns", {"title": "A new one"}, takes_id=False),
    Operation("list", "GET", "/v3/campaigns", takes_id=False),
    Operation("get", "GET", CAMPAIGN),
    Operation("update", "PATCH", CAMPAIGN, {"subject": "Changed"}),
    Operation("delete", "DELETE", CAMPAIGN),
    Operation("schedule", "POST", CAMPAIGN + "/schedules", {"send_at": ASKED}, (AT,)),
    Operation("reschedule", "PATCH", CAMPAIGN + "/schedules", {"send_at": ASKED}, (AT,), status="Scheduled"),
    Operation("get_schedule", "GET", CAMPAIGN + "/schedules"),
    Operation("unschedule", "DELETE", CAMPAIGN + "/schedules", status="Scheduled"),
    Operation("send", "POST", CAMPAIGN + "/schedules/now"),
    Operation("send_test", "POST", CAMPAIGN + "/schedules/test", {"to": "a@example.com"}, ("a@example.com",)),
]
BY_NAME = {operation.name: operation for operation in OPERATIONS}

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def a_campaign(sandbox: Sandbox, status: str, **fields: Any) -> int:
    send_at = datetime.fromtimestamp(SET, UTC) if status == "Scheduled" else None
    return sandbox.create_campaign(status=status, send_at=send_at, **fields)


def shown(id: int, status: str = "Draft", **fields: Any) -> dict[str, Any]:
    """What the service answers of a campaign of the sandbox's."""
    return {
        "id": id,
        "title": "March Newsletter",
        "subject": "New Products for Spring!",
        "sender_id": 124451,
        "list_ids": [110, 124],
        "segment_ids": [110],
        "categories": ["spring line"],
        "suppression_group_id": 42,
        "custom_unsubscribe_url": None,
        "ip_pool": "marketing",
        "html_content": "<html><body><p>Check out our spring line!</p><p>[unsubscribe]</p></body></html>",
        "plain_content": "Check out our spring line!\n\n[unsubscribe]",
        "editor": "code",
        "status": status,
        **fields,
    }


NOTHING = dict.fromkeys(name for name in shown(0) if name not in ("id", "title", "editor", "status"))
"""The fields that a campaign need not have."""


def seen_as(body: dict[str, Any]) -> Campaign:
    """What the facade makes of it."""
    return Campaign(**{name: tuple(value) if isinstance(value, list) else value for name, value in body.items()})


def refusal(*problems: tuple[str | None, str]) -> dict[str, Any]:
    return {"errors": [{"field": field, "message": message} for field, message in problems]}


def check_answer(answer: httpx.Response, status_code: int, body: Any) -> None:
    assert (answer.status_code, answer.json() if answer.content else None) == (status_code, body)
    assert answer.headers.get("Content-Type") == (None if body is None else "application/json")
    assert answer.headers.get("Content-Length") == (None if body is None else str(len(answer.content)))
    assert answer.headers["Date"] == "Fri, 15 Jan 2027 08:00:15 GMT"


# --- statuses and operations ---

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


def not_unscheduled(status: str) -> dict[str, Any]:
    return refusal((None, f"This campaign is already {status}."))


SCHEDULED = {"id": 0, "send_at": ASKED, "status": "Scheduled"}  # the id is put in by the test
GONE = None

# For each operation: by status, the status code, the body, and the campaign's status afterwards.
CELLS: dict[str, dict[str, tuple[int, Any, str | None]]] = {
    "update": {
        "Draft": (200, shown(0, subject="Changed"), "Draft"),
        **{status: (403, NOT_UPDATED, status) for status in STATUSES[1:]},
    },
    "schedule": {
        "Draft": (201, SCHEDULED, "Scheduled"),
        **{status: (403, NOT_SCHEDULED, status) for status in STATUSES[1:]},
    },
    "reschedule": {
        **{status: (403, NOT_RESCHEDULED, status) for status in STATUSES},
        "Scheduled": (200, SCHEDULED, "Scheduled"),
    },
    "unschedule": {
        **{status: (403, not_unscheduled(status), status) for status in STATUSES},
        "Draft": (204, None, "Draft"),
        "Scheduled": (204, None, "Draft"),
    },
    "send": {
        "Draft": (201, {"id": 0, "status": "Scheduled"}, "Scheduled"),
        **{status: (403, NOT_SENT, status) for status in STATUSES[1:]},
    },
    "delete": dict.fromkeys(STATUSES, (204, None, GONE)),
    "get": {status: (200, shown(0, status), status) for status in STATUSES},
    "send_test": {status: (201, {"to": "a@example.com"}, status) for status in STATUSES},
    "get_schedule": {
        **{status: (200, {"send_at": int(START)}, status) for status in STATUSES},  # when it went out
        "Draft": (200, {"send_at": None}, "Draft"),
        "Scheduled": (200, {"send_at": SET}, "Scheduled"),
    },
}
every_cell = pytest.mark.parametrize(("name", "status"), [(name, status) for name in CELLS for status in STATUSES])


@every_cell
def test_a_cell_by_http(raw: Callable[..., Raw], name: str, status: str) -> None:
    door = raw()
    id = a_campaign(door.sandbox, status)
    status_code, body, after = CELLS[name][status]
    answer = door.ask(BY_NAME[name], id)
    check_answer(answer, status_code, {**body, "id": id} if body and "id" in body else body)
    assert door.status(id) == after
    (asked, _) = door.sandbox.requests()
    assert (asked.method, asked.path, asked.status_code) == (BY_NAME[name].method, answer.request.url.path, status_code)
    assert door.sandbox.mailings() == []  # with the lead, only later
    assert len(door.sandbox.tests()) == (name == "send_test")


RESULTS = {
    "update": lambda id, status: seen_as(shown(id, subject="Changed")),
    "schedule": lambda id, status: Schedule(id, AT, "Scheduled"),
    "reschedule": lambda id, status: Schedule(id, AT, "Scheduled"),
    "unschedule": lambda id, status: None,
    "send": lambda id, status: SendReceipt(id, "Scheduled"),
    "delete": lambda id, status: None,
    "get": lambda id, status: seen_as(shown(id, status)),
    "send_test": lambda id, status: None,
    "get_schedule": lambda id, status: {"Draft": None, "Scheduled": datetime.fromtimestamp(SET, UTC)}.get(
        status, datetime.fromtimestamp(int(START), UTC)
    ),
}


def refused_by_facade(name: str, status: str) -> type[Exception] | None:
    """What the facade raises when it has read the status; None when it asks the service."""
    if name in ("update", "schedule", "send") and status != "Draft":
        return NotInDraftError
    if name in ("reschedule", "unschedule") and status != "Scheduled":
        return NotScheduledError
    if name == "delete" and status in ("Scheduled", "In Progress", "Paused"):
        return StopNotAskedError
    return None


@every_cell
def test_a_cell_by_the_facade(colour: Colour, name: str, status: str) -> None:
    with make() as sandbox:
        campaigns = client(colour, sandbox)
        id = a_campaign(sandbox, status)
        kind = refused_by_facade(name, status)
        after = status if kind else CELLS[name][status][2]
        if kind is None:
            assert colour.do(BY_NAME[name].by_facade(campaigns, id)) == RESULTS[name](id, status)
        else:
            assert colour.error(kind, BY_NAME[name].by_facade(campaigns, id)).status == status
            assert [request.method for request in sandbox.requests()] == ["GET"]
        if after is GONE:
            colour.error(NotFoundError, campaigns.get, id)
        else:
            assert colour.do(campaigns.get, id).status == after


@pytest.mark.parametrize("status", STATUSES)
def test_delete_that_stops_by_the_facade(colour: Colour, status: str) -> None:
    with make() as sandbox:
        campaigns = client(colour, sandbox)
        id = a_campaign(sandbox, status)
        assert colour.do(campaigns.delete, id, stop=True) is None
        colour.error(NotFoundError, campaigns.get, id)
        sandbox.advance(10_000)
        assert sandbox.mailings() == []


@pytest.mark.parametrize("name", ["schedule", "reschedule", "unschedule", "send"])
def test_what_a_change_of_schedule_lets_go_out_and_when(raw: Callable[..., Raw], name: str) -> None:
    door = raw()
    id = a_campaign(door.sandbox, BY_NAME[name].status)
    assert door.ask(BY_NAME[name], id).is_success
    door.sandbox.advance(10_000)
    at = {"schedule": ASKED, "reschedule": ASKED, "send": START + 600}.get(name)
    found = [(mailing.campaign_id, mailing.at.timestamp()) for mailing in door.sandbox.mailings()]
    assert found == ([] if at is None else [(id, at)])
    assert all(mailing.request == door.sandbox.requests()[0] for mailing in door.sandbox.mailings())
    assert door.ask(BY_NAME["get_schedule"], id).json() == {"send_at": None if at is None else int(at)}
    assert door.status(id) == ("Draft" if at is None else "Sent")


def test_mail_goes_out_at_its_second_and_not_before(raw: Callable[..., Raw]) -> None:
    door = raw()
    door.ask(BY_NAME["schedule"])
    door.sandbox.advance(ASKED - START - 1)
    assert (door.status(4900), door.sandbox.mailings()) == ("Scheduled", [])
    door.sandbox.advance(1)
    assert (door.status(4900), len(door.sandbox.mailings())) == ("In Progress", 1)
    door.sandbox.advance(59)
    assert door.status(4900) == "In Progress"
    door.sandbox.advance(1)
    assert (door.status(4900), len(door.sandbox.mailings())) == ("Sent", 1)


def test_knobs_for_a_draft_that_has_no_schedule(colour: Colour, raw: Callable[..., Raw]) -> None:
    door = raw(Knobs(unschedule_draft=403, schedule_of_draft=404))
    check_answer(door.ask(BY_NAME["unschedule"]), 403, not_unscheduled("Draft"))
    check_answer(door.ask(BY_NAME["get_schedule"]), 404, refusal((None, "not found")))
    scheduled = a_campaign(door.sandbox, "Scheduled")
    check_answer(door.ask(BY_NAME["get_schedule"], scheduled), 200, {"send_at": SET})
    campaigns = client(colour, door.sandbox)
    colour.error(NotScheduledError, campaigns.unschedule, 4900)
    colour.error(NotFoundError, campaigns.get_schedule, 4900)


def test_create_and_list_by_every_door(colour: Colour, raw: Callable[..., Raw]) -> None:
    door = raw()
    made = shown(4903, title="A new one", **NOTHING)
    check_answer(door.ask(BY_NAME["create"]), 201, made)
    check_answer(door.ask(BY_NAME["list"]), 200, {"result": [made, shown(4900)]})
    campaigns = client(colour, door.sandbox)
    assert colour.do(campaigns.create, "A new one", **NOTHING) == seen_as({**made, "id": 4904})
    assert colour.do(campaigns.list) == (seen_as({**made, "id": 4904}), seen_as(made), seen_as(shown(4900)))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", list(range(4914, 4904, -1))),
        ("limit=2", [4914, 4913]),
        ("limit=2&offset=11", [4903, 4900]),
        ("limit=2&offset=12", [4900]),
        ("offset=13", []),
        ("limit=1000", [*range(4914, 4902, -1), 4900]),
    ],
)
def test_pages_newest_first(raw: Callable[..., Raw], query: str, ids: list[int]) -> None:
    door = raw()
    for _ in range(12):
        door.sandbox.create_campaign()
    assert [item["id"] for item in door.http.get(f"/v3/campaigns?{query}").json()["result"]] == ids


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("limit=0", ("limit", "limit must be at least 1")),
        ("limit=", ("limit", "limit must be at least 1")),
        ("limit=-1", ("limit", "limit must be at least 1")),
        ("limit=x&offset=x", ("limit", "limit must be at least 1")),
        ("offset=-1", ("offset", "offset must be at least 0")),
        ("offset=1.5", ("offset", "offset must be at least 0")),
    ],
)
def test_pages_that_cannot_be(raw: Callable[..., Raw], query: str, problem: tuple[str, str]) -> None:
    check_answer(raw().http.get(f"/v3/campaigns?{query}"), 400, refusal(problem))


# --- what is refused with 400 ---

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


@attrs.frozen
class Refused:
    operation: str
    says: list[tuple[str | None, str]]
    body: Any = ...
    """Of the request; `...`: the operation's own."""
    fields: dict[str, Any] = attrs.field(factory=dict)
    """Of the campaign that it is about."""
    facade: str = "asks"
    """`asks`: the facade passes the refusal on; `refuses`: it asks nobody; `cannot`: it cannot be told such a thing."""
    credits: int | None = None

    def __str__(self) -> str:
        cause = self.says[0][0] or self.says[0][1][:12]
        return f"{self.operation}-{cause}-{repr(self.body)[:25]}-{repr(self.fields)[:25]}"


MEGABYTE = "x" * 2**20
CONTENTS: list[tuple[dict[str, Any], list[tuple[str | None, str]], str]] = [
    ({"title": ""}, [("title", "title can't be blank")], "refuses"),
    ({"title": None}, [("title", "title can't be blank")], "refuses"),
    ({"title": "x" * 101}, [("title", "title is too long (maximum is 100 characters)")], "refuses"),
    ({"categories": ["x"] * 11}, [("categories", "categories exceeds 10 category limit")], "refuses"),
    ({"html_content": MEGABYTE + "x"}, [("html_content", "html_content exceeds the 1MB limit")], "asks"),
    ({"plain_content": "ä" * 2**19 + "x"}, [("plain_content", "plain_content exceeds the 1MB limit")], "asks"),
    ({"sender_id": 7}, [("sender_id", "sender_id does not exist")], "asks"),
    ({"sender_id": 8}, [("sender_id", "sender_id is not a verified sender identity")], "asks"),
    ({"list_ids": [110, 7]}, [("list_ids", "list_ids do not all exist")], "asks"),
    ({"segment_ids": [110, 124]}, [("segment_ids", "segment_ids do not all exist")], "asks"),
    ({"ip_pool": "nowhere"}, [("ip_pool", "The ip pool you provided is invalid")], "asks"),
    ({"suppression_group_id": 7}, [("suppression_group_id", "suppression_group_id does not exist")], "asks"),
    ({"suppression_group_id": 42, "custom_unsubscribe_url": "https://example.com/"}, [BOTH], "asks"),
    (
        {"title": "", "categories": ["x"] * 11, "sender_id": 7},
        [
            ("title", "title can't be blank"),
            ("categories", "categories exceeds 10 category limit"),
            ("sender_id", "sender_id does not exist"),
        ],
        "refuses",
    ),
    (
        {"list_ids": [7], "segment_ids": [7], "ip_pool": "nowhere"},
        [
            ("list_ids", "list_ids do not all exist"),
            ("segment_ids", "segment_ids do not all exist"),
            ("ip_pool", "The ip pool you provided is invalid"),
        ],
        "asks",
    ),
]
NOT_JSON: list[Any] = [b"", b"{", b"\xff", b"[" * 100_000, b"null", [], "text", 5]
NOT_FIELDS: list[Any] = [
    {"title": 5},
    {"subject": ["x"]},
    {"sender_id": "124451"},
    {"sender_id": True},
    {"suppression_group_id": 1.5},
    {"list_ids": 110},
    {"list_ids": ["110"]},
    {"segment_ids": [True]},
    {"categories": [1]},
    {"categories": "x"},
]
MISSING: list[tuple[dict[str, Any], list[tuple[str | None, str]]]] = [
    ({"subject": None}, [SUBJECT]),
    ({"sender_id": None}, [SENDER]),
    ({"html_content": "", "plain_content": None}, [CONTENT]),
    ({"list_ids": [], "segment_ids": None}, [AUDIENCE]),
    ({"html_content": "<p>"}, [TAG]),
    ({"plain_content": "unsubscribe"}, [TAG]),
    ({"suppression_group_id": None}, [CHOICE]),
    (NOTHING, [SUBJECT, SENDER, CONTENT, AUDIENCE, CHOICE]),
    ({"subject": "", "html_content": "<p>", "suppression_group_id": None}, [SUBJECT, TAG, CHOICE]),
]
REFUSED = [
    *[Refused("create", says, {"title": "x", **given}, facade=facade) for given, says, facade in CONTENTS],
    *[Refused("update", says, given, facade=facade) for given, says, facade in CONTENTS],
    Refused("create", [EDITOR], {"title": "x", "editor": "word"}, facade="cannot"),
    Refused("create", [("title", "title can't be blank")], {}, facade="cannot"),
    Refused("update", [BOTH], {"custom_unsubscribe_url": "https://example.com/out"}),
    Refused(
        "update",
        [("editor", "You cannot switch editors once a campaign has been created.")],
        {"editor": "design"},
        facade="cannot",
    ),
    *[
        Refused(name, [UNPARSED], body, facade="cannot")
        for name in ("create", "update", "schedule", "send_test")
        for body in NOT_JSON
    ],
    *[Refused(name, [UNPARSED], body, facade="cannot") for name in ("create", "update") for body in NOT_FIELDS],
    *[Refused(name, says, fields=fields) for name in ("send", "schedule") for fields, says in MISSING],
    *[Refused(name, [CREDITS], credits=1629) for name in ("send", "schedule")],
    *[Refused(name, [SENDER, CREDITS], fields={"sender_id": None}, credits=0) for name in ("send", "schedule")],
    *[
        Refused("schedule", [FUTURE], {"send_at": send_at}, facade="refuses")
        for send_at in (int(START), int(START) - 1, 0, -1)
    ],
    Refused("schedule", [SUBJECT, FUTURE], {"send_at": 1}, {"subject": None}, facade="refuses"),
    *[
        Refused("schedule", [UNPARSED], {"send_at": send_at}, facade="cannot")
        for send_at in ("soon", str(ASKED), ASKED + 0.5, True, None, [ASKED], 10**30)
    ],
    Refused("schedule", [UNPARSED], {}, facade="cannot"),
    Refused("send_test", [NO_ADDRESS], {"to": []}, facade="refuses"),
    Refused("send_test", [NO_ADDRESS], {"to": ""}, facade="refuses"),
    Refused("send_test", [NO_ADDRESS], {"to": None}, facade="cannot"),
    Refused("send_test", [NO_ADDRESS], {}, facade="cannot"),
    Refused("send_test", [TOO_MANY], {"to": ["a@example.com"] * 11}, facade="refuses"),
    Refused("send_test", [UNPARSED], {"to": 5}, facade="cannot"),
    Refused("send_test", [UNPARSED], {"to": ["a@example.com", None]}, facade="cannot"),
    Refused("send_test", [TEST_SUBJECT], fields={"subject": ""}),
    Refused("send_test", [TEST_CONTENT], fields={"html_content": None, "plain_content": ""}),
    Refused("send_test", [TEST_SENDER], fields={"sender_id": None}),
    Refused("send_test", [TEST_SUBJECT, TEST_CONTENT, TEST_SENDER], fields=NOTHING),
]
RESCHEDULED = [
    attrs.evolve(case, operation="reschedule") for case in REFUSED if case.operation == "schedule" and not case.fields
]
REFUSED += [case for case in RESCHEDULED if case.credits is None]  # it needs nothing but a time


def prepare(sandbox: Sandbox, case: Refused) -> int:
    sandbox.add_resource("sender", 8, verified=False)
    id = a_campaign(sandbox, BY_NAME[case.operation].status, **case.fields)
    if case.credits is not None:
        sandbox.set_credits(case.credits)
    return id


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_is_refused_by_http(raw: Callable[..., Raw], case: Refused) -> None:
    door = raw()
    id = prepare(door.sandbox, case)
    before = door.http.get(f"/v3/campaigns/{id}").content
    check_answer(door.ask(BY_NAME[case.operation], id, case.body), 400, refusal(*case.says))
    assert door.http.get(f"/v3/campaigns/{id}").content == before
    assert [item["id"] for item in door.ask(BY_NAME["list"]).json()["result"]] == [id, 4900]
    assert door.sandbox.tests() == []


def told(case: Refused) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of the facade's method, after the id, that make the body of the case."""
    operation = BY_NAME[case.operation]
    if case.body is ...:
        return operation.arguments, {}
    if case.operation in ("create", "update"):
        return (), case.body
    (value,) = case.body.values()
    return (datetime.fromtimestamp(value, UTC) if "send_at" in case.body else value,), {}


@pytest.mark.parametrize("case", [case for case in REFUSED if case.facade != "cannot"], ids=str)
def test_what_is_refused_by_the_facade(colour: Colour, case: Refused) -> None:
    with make() as sandbox:
        id = prepare(sandbox, case)
        method = getattr(client(colour, sandbox), case.operation)
        arguments, named = told(case)
        arguments = (id, *arguments) if case.operation != "create" else arguments
        if case.facade == "refuses":
            colour.error(ConfigurationError, method, *arguments, **named)
            assert sandbox.requests() == []
        else:
            error = colour.error(BadRequestError, method, *arguments, **named)
            assert (error.status_code, [(item.field, item.message) for item in error.errors]) == (400, case.says)


def test_segments_over_the_limit_are_refused_by_the_facade_alone(colour: Colour) -> None:
    """The documents have no text for it."""
    with make() as sandbox:
        colour.error(ConfigurationError, client(colour, sandbox).create, "x", segment_ids=[110] * 11)
        assert sandbox.requests() == []


@pytest.mark.parametrize(
    ("name", "body", "fields"),
    [
        ("create", {"title": "x" * 100, "categories": ["x"] * 10}, {}),
        ("create", {"title": "x", "html_content": MEGABYTE, "plain_content": "ä" * 2**19}, {}),
        ("create", {"title": "x", "suppression_group_id": 42, "custom_unsubscribe_url": ""}, {}),
        ("create", {"title": "x", "editor": "design", "unknown": [{}]}, {}),
        ("update", {"editor": "code"}, {}),
        ("update", {"id": 1, "status": "Sent"}, {}),
        ("update", {"suppression_group_id": None, "custom_unsubscribe_url": "https://example.com/out"}, {}),
        ("schedule", {"send_at": int(START) + 1}, {}),
        ("reschedule", {"send_at": int(START) + 1}, {}),
        ("reschedule", {"send_at": ASKED}, {"subject": None}),
        ("send_test", {"to": [f"{i}@example.com" for i in range(10)]}, {}),
        ("send_test", {"to": "a@example.com"}, {"html_content": None}),
        ("send_test", {"to": "a@example.com"}, {"plain_content": None}),
        ("send_test", {"to": "a@example.com"}, {"list_ids": None, "segment_ids": None, "suppression_group_id": None}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_just_accepted(raw: Callable[..., Raw], name: str, body: Any, fields: dict[str, Any]) -> None:
    door = raw()
    id = a_campaign(door.sandbox, BY_NAME[name].status, **fields)
    answer = door.ask(BY_NAME[name], id, body)
    assert answer.is_success, answer.text
    if name in ("create", "update"):
        said = answer.json()
        expected = {name: value for name, value in body.items() if name in NOTHING or name == "title"}
        assert said == {**(shown(said["id"], **NOTHING) if name == "create" else shown(id)), **expected} | {
            "editor": body.get("editor") or "code"
        }
        assert door.http.get(f"/v3/campaigns/{said['id']}").json() == said


@pytest.mark.parametrize("credits", [1630, 1631])
@pytest.mark.parametrize("name", ["send", "schedule"])
def test_enough_credits(raw: Callable[..., Raw], name: str, credits: int) -> None:
    door = raw()
    door.sandbox.set_credits(credits)
    assert door.ask(BY_NAME[name]).status_code == 201


def limited(limit: int) -> tuple[None, str]:
    return None, f"You've reached your limit of {limit} campaigns. Please delete one or more and try again."


def test_the_limit_of_campaigns(colour: Colour, raw: Callable[..., Raw]) -> None:
    door = raw()
    for _ in range(248):
        door.sandbox.create_campaign()
    assert door.ask(BY_NAME["create"]).status_code == 201
    check_answer(door.ask(BY_NAME["create"]), 400, refusal(limited(250)))
    blank = refusal(("title", "title can't be blank"), limited(250))
    check_answer(door.ask(BY_NAME["create"], body={"title": ""}), 400, blank)
    campaigns = client(colour, door.sandbox)
    assert colour.error(BadRequestError, campaigns.create, "x").errors[0].message == limited(250)[1]
    colour.do(campaigns.on_behalf_of("acme").create, "x")  # the limit is an account's own
    colour.do(campaigns.delete, 4900)
    colour.do(campaigns.create, "x")


def test_the_limit_of_campaigns_is_a_knob(raw: Callable[..., Raw]) -> None:
    check_answer(raw(Knobs(campaign_limit=1)).ask(BY_NAME["create"]), 400, refusal(limited(1)))


# --- what any operation is refused with ---


def a_campaign_for(sandbox: Sandbox, operation: Operation) -> int:
    return a_campaign(sandbox, operation.status)


@every_operation
def test_401(colour: Colour, raw: Callable[..., Raw], operation: Operation) -> None:
    door = raw()
    id = a_campaign_for(door.sandbox, operation)
    check_answer(door.ask(operation, id, key="SG.other"), 401, refusal((None, "authorization required")))
    campaigns = client(colour, door.sandbox, "SG.other")
    error = colour.error(AuthenticationError, operation.by_facade(campaigns, id))
    assert [(item.field, item.message) for item in error.errors] == [(None, "authorization required")]
    assert door.status(id) == operation.status


@every_operation
def test_403_without_the_scope(colour: Colour, raw: Callable[..., Raw], operation: Operation) -> None:
    door = raw()
    door.sandbox.add_key("SG.less", scopes=[scope for scope in ALL_SCOPES if scope != operation.scope])
    door.sandbox.add_key("SG.only", scopes=[operation.scope])
    id = a_campaign_for(door.sandbox, operation)
    check_answer(door.ask(operation, id, key="SG.less"), 403, refusal((None, "access forbidden")))
    campaigns = client(colour, door.sandbox, "SG.less")
    error = colour.error(PermissionDeniedError, operation.by_facade(campaigns, id))
    assert (error.status_code, [item.message for item in error.errors]) == (403, ["access forbidden"])
    assert door.status(id) == operation.status
    assert door.ask(operation, id, key="SG.only").is_success


@pytest.mark.parametrize("id", [1, 4901, 4902, 9999])
@pytest.mark.parametrize(
    "operation", [operation for operation in OPERATIONS if operation.takes_id], ids=lambda operation: operation.name
)
def test_404_for_what_is_nobodys_or_anothers(
    colour: Colour, raw: Callable[..., Raw], operation: Operation, id: int
) -> None:
    door = raw()
    check_answer(door.ask(operation, id), 404, refusal((None, "not found")))
    error = colour.error(NotFoundError, operation.by_facade(client(colour, door.sandbox), id))
    assert [(item.field, item.message) for item in error.errors] == [(None, "not found")]


@pytest.mark.parametrize(("form", "reset"), [("epoch", str(int(START) + 45)), ("delta", "45")])
@every_operation
def test_429(colour: Colour, raw: Callable[..., Raw], operation: Operation, form: Any, reset: str) -> None:
    door = raw(Knobs(rate_limit=0, rate_reset=form))
    id = a_campaign_for(door.sandbox, operation)
    answer = door.ask(operation, id)
    check_answer(answer, 429, refusal((None, "too many requests")))
    assert {name: value for name, value in answer.headers.items() if name.startswith("x-ratelimit")} == {
        "x-ratelimit-limit": "0",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": reset,
    }
    campaigns = client(colour, door.sandbox, retry=Retry(attempts=1))
    error = colour.error(RateLimitError, operation.by_facade(campaigns, id))
    assert (error.retry_after, [item.message for item in error.errors]) == (45, ["too many requests"])
    assert door.sandbox.now().timestamp() == START


@pytest.mark.parametrize("form", ["epoch", "delta"])
@every_operation
def test_the_facade_waits_for_the_next_window(colour: Colour, operation: Operation, form: Any) -> None:
    with make(Knobs(rate_limit=2, rate_reset=form)) as sandbox:
        id = a_campaign_for(sandbox, operation)
        campaigns = client(colour, sandbox)
        colour.do(campaigns.get, 4900)
        colour.do(campaigns.get, 4900)
        colour.do(operation.by_facade(campaigns, id))
        assert 45 <= sandbox.now().timestamp() - START < 46


def test_a_window_of_requests(raw: Callable[..., Raw]) -> None:
    door = raw(Knobs(rate_limit=2, rate_window=10))
    door.sandbox.add_key("SG.reader", scopes=["marketing_campaigns.read"])
    get, send = BY_NAME["get"], BY_NAME["send"]
    seen = []
    for operation, key, seconds in (
        *((get, "SG.sandbox", 0), (get, "SG.sandbox", 4), (get, "SG.sandbox", 0)),  # START is 5 s into a window of 10
        *((send, "SG.reader", 0), (send, "SG.other", 0)),
        *((get, "SG.sandbox", 1), (get, "SG.reader", 0)),
    ):
        door.sandbox.advance(seconds)
        answer = door.ask(operation, key=key)
        left = answer.headers.get("x-ratelimit-remaining")
        reset = answer.headers.get("x-ratelimit-reset")
        seen.append((answer.status_code, left, None if reset is None else int(reset) - int(START)))
    assert seen == [
        (200, "1", 5),
        (200, "0", 5),
        (429, "0", 5),
        (403, "1", 5),  # a key is counted by itself, and so is what it may not do
        (401, None, None),  # nobody's key
        (200, "1", 15),
        (200, "1", 15),
    ]


def test_without_a_limit_nothing_is_said_of_it(raw: Callable[..., Raw]) -> None:
    assert [name for name in raw().ask(BY_NAME["get"]).headers if name.startswith("x-ratelimit")] == []
