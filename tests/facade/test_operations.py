"""Every operation: the request on the wire, the result, and what a write concludes from each answer to it."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import attrs
import httpx
import pytest

from doubles import DRAFT, Colour, FakeClock, Server
from sendgrid_campaigns import (
    KEEP,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    Campaign,
    ConfigurationError,
    ErrorDetail,
    NotFoundError,
    NotInDraftError,
    NotReadyError,
    NotScheduledError,
    NotSentError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    Schedule,
    SendReceipt,
    ServerError,
    StopNotAskedError,
    UnreadableResponseError,
)
from sendgrid_campaigns_api.types import Unset

AT = 1_800_003_600
SOON = datetime.fromtimestamp(AT, UTC)  # an hour after the FakeClock's time
ONE, SCHEDULES = "/v3/campaigns/4900", "/v3/campaigns/4900/schedules"

EVERY_FIELD: dict[str, Any] = {
    "title": "March Newsletter",
    "subject": "New Products for Spring!",
    "sender_id": 124451,
    "list_ids": [110, 124],
    "segment_ids": [110],
    "categories": ["spring line"],
    "suppression_group_id": 42,
    "custom_unsubscribe_url": "https://example.com/out",
    "ip_pool": "marketing",
    "html_content": "<p>ä [unsubscribe]</p>",
    "plain_content": "ä [unsubscribe]",
}
READY = {**EVERY_FIELD, "custom_unsubscribe_url": "", "editor": "design", "id": 4900, "status": "Draft"}
SCHEDULED = {**DRAFT, "status": "Scheduled"}
ACCEPTED_TIME = {"id": 4900, "send_at": AT, "status": "Scheduled"}


def is_with(status: str | None) -> httpx.Response:
    return httpx.Response(200, json={**DRAFT, "status": status})


# --- the eight writes: all that a test needs to know of each ---


@attrs.frozen(kw_only=True)
class Write:
    name: str
    arguments: tuple[Any, ...] = (4900,)
    named: dict[str, Any] = attrs.field(factory=dict)
    method: str
    path: str
    body: dict[str, Any] | None = None
    """On the wire."""
    needs: str | None = None
    """The status that the campaign must have."""
    reads: bool = True
    """Whether the campaign is read first."""
    success: tuple[int, ...]
    answer: dict[str, Any] | None = None
    """Of success, where it has a body."""
    result: Any = None
    action: str
    advice: str
    """The beginning of what to do when the outcome is unknown."""

    @property
    def before(self) -> list[str]:
        """The methods of the requests before the write's own."""
        return ["GET"] if self.reads else []

    def prepare(self, server: Server, *lines: Any) -> None:
        """Let the campaign be in the status that the write needs, and answer the write with these lines."""
        server.get(is_with(self.needs or "Draft"))
        server.answer(self.method, *lines)

    def good(self, status_code: int | None = None) -> httpx.Response:
        content = b"" if self.answer is None else json.dumps(self.answer).encode()
        return httpx.Response(status_code or self.success[0], content=content)


WRITES = [
    Write(
        name="create",
        arguments=("March Newsletter",),
        named={"subject": "Spring"},
        method="POST",
        path="/v3/campaigns",
        body={"title": "March Newsletter", "subject": "Spring"},
        reads=False,
        success=(201,),
        answer=DRAFT,
        result=Campaign(id=4900, title="March Newsletter", status="Draft"),
        action="created",
        advice="List the newest campaigns",
    ),
    Write(
        name="update",
        named={"subject": "Spring"},
        method="PATCH",
        path=ONE,
        body={"subject": "Spring"},
        needs="Draft",
        success=(200,),
        answer={**DRAFT, "subject": "Spring"},
        result=Campaign(id=4900, title="March Newsletter", status="Draft", subject="Spring"),
        action="updated",
        advice="resolve(error) reads the campaign and compares",
    ),
    Write(
        name="delete",
        method="DELETE",
        path=ONE,
        success=(204,),
        action="deleted",
        advice="resolve(error) reads it: while it is found it was not deleted",
    ),
    Write(
        name="schedule",
        arguments=(4900, SOON),
        method="POST",
        path=SCHEDULES,
        body={"send_at": AT},
        needs="Draft",
        success=(201, 200),
        answer=ACCEPTED_TIME,
        result=Schedule(4900, SOON, "Scheduled"),
        action="scheduled",
        advice="resolve(error) reads status and time: the time that was asked for means that it was scheduled",
    ),
    Write(
        name="reschedule",
        arguments=(4900, SOON),
        method="PATCH",
        path=SCHEDULES,
        body={"send_at": AT},
        needs="Scheduled",
        success=(200,),
        answer=ACCEPTED_TIME,
        result=Schedule(4900, SOON, "Scheduled"),
        action="rescheduled",
        advice="resolve(error) reads the time: the one that was asked for means that it was rescheduled",
    ),
    Write(
        name="unschedule",
        method="DELETE",
        path=SCHEDULES,
        needs="Scheduled",
        success=(204,),
        action="unscheduled",
        advice="resolve(error) reads its status: a Draft was unscheduled",
    ),
    Write(
        name="send",
        method="POST",
        path=f"{SCHEDULES}/now",
        needs="Draft",
        success=(201,),
        answer={"id": 4900, "status": "Scheduled"},
        result=SendReceipt(4900, "Scheduled"),
        action="sent",
        advice="Do not send it again on this error",
    ),
    Write(
        name="send_test",
        arguments=(4900, "a@example.com"),
        method="POST",
        path=f"{SCHEDULES}/test",
        body={"to": "a@example.com"},
        reads=False,
        success=(201, 204),
        answer={"to": "a@example.com"},
        action="sent as a test",
        advice="It cannot be read back",
    ),
]
BY_NAME = {write.name: write for write in WRITES}

every_write = pytest.mark.parametrize("write", WRITES, ids=lambda write: write.name)


def of(*names: str) -> Any:
    return pytest.mark.parametrize("write", [BY_NAME[name] for name in names], ids=names)


def do(colour: Colour, campaigns: Any, write: Write) -> Any:
    return colour.do(getattr(campaigns, write.name), *write.arguments, **write.named)


def error_of(colour: Colour, campaigns: Any, write: Write, kind: type[Exception]) -> Any:
    return colour.error(kind, getattr(campaigns, write.name), *write.arguments, **write.named)


def json_of(request: httpx.Request) -> Any:
    """The JSON body; None when there is none. With one, and only with one, its type is named."""
    assert request.headers.get("Content-Type") == ("application/json" if request.content else None)
    return json.loads(request.content) if request.content else None


def on_the_wire(request: httpx.Request) -> tuple[str, str, str, Any]:
    return request.method, request.url.path, request.url.query.decode(), json_of(request)


# --- the request on the wire ---


@pytest.mark.parametrize("behalf", [None, "acme"])
@every_write
def test_a_write_on_the_wire(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock, write: Write, behalf: str | None
) -> None:
    write.prepare(server, write.good())
    assert do(colour, campaigns.on_behalf_of(behalf) if behalf else campaigns, write) == write.result
    reads = [("GET", ONE, "", None)] if write.reads else []
    assert [on_the_wire(request) for request in server.requests] == [*reads, (write.method, write.path, "", write.body)]
    assert {request.headers.get("on-behalf-of") for request in server.requests} == {behalf}
    assert clock.waits == []


@pytest.mark.parametrize(
    ("name", "arguments", "named", "answer", "path", "query", "result"),
    [
        ("get", (4900,), {}, DRAFT, ONE, "", Campaign(id=4900, title="March Newsletter", status="Draft")),
        ("list", (), {}, {"result": []}, "/v3/campaigns", "limit=10&offset=0", ()),
        (
            *("list", (), {"limit": 3, "offset": 7}, {"result": [{"id": 2}, {"id": 1, "status": "Sent"}]}),
            *("/v3/campaigns", "limit=3&offset=7", (Campaign(id=2), Campaign(id=1, status="Sent"))),
        ),
        ("get_schedule", (4900,), {}, {"send_at": AT}, SCHEDULES, "", SOON),
        ("get_schedule", (4900,), {}, {"send_at": None}, SCHEDULES, "", None),
    ],
    ids=str,
)
def test_a_read_on_the_wire(
    colour: Colour,
    campaigns: Any,
    server: Server,
    name: str,
    arguments: tuple[Any, ...],
    named: dict[str, Any],
    answer: Any,
    path: str,
    query: str,
    result: Any,
) -> None:
    server.get(httpx.Response(200, json=answer))
    assert colour.do(getattr(campaigns, name), *arguments, **named) == result
    assert [on_the_wire(request) for request in server.requests] == [("GET", path, query, None)]


def test_a_time_comes_in_utc(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json={"send_at": AT}))
    assert colour.do(campaigns.get_schedule, 4900).tzinfo is UTC


# --- results ---


EVERYTHING = Campaign(
    id=4900,
    status="Draft",
    title="March Newsletter",
    subject="New Products for Spring!",
    sender_id=124451,
    list_ids=(110, 124),
    segment_ids=(110,),
    categories=("spring line",),
    suppression_group_id=42,
    custom_unsubscribe_url="",
    ip_pool="marketing",
    html_content="<p>ä [unsubscribe]</p>",
    plain_content="ä [unsubscribe]",
    editor="design",
    extra={"new": {"a": [1]}},
)


@pytest.mark.parametrize("name", ["get", "list", "create", "update", "check"])
def test_a_result_holds_every_field(colour: Colour, campaigns: Any, server: Server, name: str) -> None:
    answer = {**READY, "new": {"a": [1]}}
    server.get(httpx.Response(200, json={"result": [answer]} if name == "list" else answer))
    server.answer("POST", httpx.Response(201, json=answer))
    server.answer("PATCH", httpx.Response(200, json=answer))
    calls = {
        "get": lambda: colour.do(campaigns.get, 4900),
        "list": lambda: colour.do(campaigns.list)[0],
        "create": lambda: colour.do(campaigns.create, "x"),
        "update": lambda: colour.do(campaigns.update, 4900, title="x"),
        "check": lambda: colour.do(campaigns.check, 4900).campaign,
    }
    assert calls[name]() == EVERYTHING


def leaves(value: Any) -> Iterator[Any]:
    if attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from leaves(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from leaves(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


@pytest.mark.parametrize("name", ["get", "list", "check", *BY_NAME])
def test_what_the_service_leaves_out_is_none_and_never_unset(
    colour: Colour, campaigns: Any, server: Server, name: str
) -> None:
    write = BY_NAME.get(name)
    if write is None:
        server.get(httpx.Response(200, json={"result": [{"id": 4900}]} if name == "list" else {"id": 4900}))
        result = colour.do(getattr(campaigns, name), *(() if name == "list" else (4900,)))
    else:
        whole = write.answer if name == "reschedule" else {"id": 4900}  # of a 200, the body decides
        write.prepare(server, httpx.Response(write.success[0], json=whole))
        result = do(colour, campaigns, write)
    assert [leaf for leaf in leaves(result) if isinstance(leaf, Unset)] == []
    if name in ("get", "create", "update"):
        assert result == Campaign(id=4900)


# --- create and update: what is left out, and what clears ---


@pytest.mark.parametrize(
    ("named", "body"),
    [
        ({}, {}),
        ({name: value for name, value in EVERY_FIELD.items() if name != "title"}, EVERY_FIELD),
        (dict.fromkeys([name for name in EVERY_FIELD if name != "title"]), {}),
        ({"editor": "design"}, {"editor": "design"}),
        ({"editor": None}, {}),
        ({"list_ids": [], "subject": ""}, {"list_ids": [], "subject": ""}),
        ({"list_ids": (1, 2), "categories": ("a",)}, {"list_ids": [1, 2], "categories": ["a"]}),
        ({"sender_id": 0}, {"sender_id": 0}),
    ],
    ids=str,
)
def test_create_sends_what_is_given(
    colour: Colour, campaigns: Any, server: Server, named: dict[str, Any], body: dict[str, Any]
) -> None:
    colour.do(campaigns.create, "March Newsletter", **named)
    assert json_of(server.requests[-1]) == {"title": "March Newsletter", **body}


@pytest.mark.parametrize(
    ("named", "body"),
    [
        (EVERY_FIELD, EVERY_FIELD),
        *[({name: value}, {name: value}) for name, value in EVERY_FIELD.items()],
        *[({name: None}, {name: None}) for name in EVERY_FIELD if name != "title"],
        ({"subject": "x", **{name: KEEP for name in EVERY_FIELD if name != "subject"}}, {"subject": "x"}),
        ({"list_ids": [], "subject": ""}, {"list_ids": [], "subject": ""}),
        ({"segment_ids": {1: "any", 2: "iterable"}}, {"segment_ids": [1, 2]}),
    ],
    ids=str,
)
def test_update_sends_what_is_given_and_null_clears(
    colour: Colour, campaigns: Any, server: Server, named: dict[str, Any], body: dict[str, Any]
) -> None:
    colour.do(campaigns.update, 4900, **named)
    assert json_of(server.requests[-1]) == body


@pytest.mark.parametrize("named", [{}, {"subject": KEEP}, dict.fromkeys(EVERY_FIELD, KEEP)], ids=str)
def test_an_update_of_nothing_is_refused(colour: Colour, campaigns: Any, server: Server, named: dict[str, Any]) -> None:
    assert "nothing to change" in colour.error(ConfigurationError, campaigns.update, 4900, **named).problem
    assert server.requests == []


WRONG_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"title": ""}, "title has 0 characters"),
    ({"title": "x" * 101}, "title has 101 characters"),
    ({"title": 5}, "title is no text"),
    ({"title": None}, "title is no text"),
    ({"title": "\ud800"}, "title is no text"),
    ({"subject": b"x"}, "subject is no text"),
    ({"html_content": "\udfff"}, "html_content is no text"),
    ({"sender_id": "124451"}, "sender_id is '124451'"),
    ({"sender_id": True}, "sender_id is True"),
    ({"suppression_group_id": 4.2}, "suppression_group_id is 4.2"),
    ({"list_ids": 110}, "list_ids is 110"),
    ({"list_ids": "110"}, "list_ids is '110'"),
    ({"list_ids": [110, "124"]}, "list_ids is [110, '124']"),
    ({"segment_ids": [True]}, "segment_ids is [True]"),
    ({"categories": "spring"}, "categories is 'spring'"),
    ({"categories": [1]}, "categories is [1]"),
    ({"categories": ["\ud800"]}, "categories is ['\\ud800']"),
    ({"categories": ["x"] * 11}, "categories holds 11"),
    ({"segment_ids": [1] * 11}, "segment_ids holds 11"),
]


@pytest.mark.parametrize("name", ["create", "update"])
@pytest.mark.parametrize(("named", "problem"), WRONG_FIELDS, ids=str)
def test_fields_that_cannot_be_right_are_refused(
    colour: Colour, campaigns: Any, server: Server, name: str, named: dict[str, Any], problem: str
) -> None:
    arguments, named = ((), {"title": "x", **named}) if name == "create" else ((4900,), named)
    error = colour.error(ConfigurationError, getattr(campaigns, name), *arguments, **named)
    assert problem in error.problem
    assert "No request was made." in error.remedy
    assert server.requests == []


@pytest.mark.parametrize("name", ["create", "update"])
def test_the_largest_that_the_documents_allow(colour: Colour, campaigns: Any, server: Server, name: str) -> None:
    largest = {"title": "x" * 100, "categories": ["x"] * 10, "segment_ids": [1] * 10, "list_ids": [1] * 11}
    colour.do(getattr(campaigns, name), *(() if name == "create" else (4900,)), **largest)
    assert json_of(server.requests[-1]) == largest


@pytest.mark.parametrize("campaign_id", [0, -1, True, "4900", 4900.0, None, 2**63])
@pytest.mark.parametrize("name", ["get", "get_schedule", "check", *[name for name in BY_NAME if name != "create"]])
def test_an_id_that_cannot_be_right_is_refused(
    colour: Colour, campaigns: Any, server: Server, name: str, campaign_id: Any
) -> None:
    write = BY_NAME.get(name)
    arguments = (campaign_id, *(write.arguments[1:] if write else ()))
    error = colour.error(ConfigurationError, getattr(campaigns, name), *arguments, **(write.named if write else {}))
    assert "which is no campaign's id" in error.problem
    assert server.requests == []


# --- list ---


@pytest.mark.parametrize(
    "named",
    [{"limit": 0}, {"limit": -1}, {"limit": "10"}, {"limit": True}, {"limit": 2.0}, {"offset": -1}, {"offset": None}],
    ids=str,
)
def test_a_page_that_cannot_be_is_refused(
    colour: Colour, campaigns: Any, server: Server, named: dict[str, Any]
) -> None:
    (name,) = named
    assert colour.error(ConfigurationError, campaigns.list, **named).problem == f"{name} is {named[name]!r}"
    assert server.requests == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("get", {"id": 1}),
        ("get", {"id": 4900, "subject": 5}),
        ("list", {}),
        ("list", {"result": None}),
        ("list", {"result": [{"status": "Draft"}]}),
        ("list", []),
        ("get_schedule", {}),
        ("get_schedule", {"send_at": "soon"}),
        ("get_schedule", {"send_at": True}),
        ("get_schedule", {"send_at": 10**18}),
        ("check", {"id": 1}),
    ],
    ids=str,
)
def test_an_answer_to_a_read_that_is_not_as_documented(
    colour: Colour, campaigns: Any, server: Server, name: str, body: Any
) -> None:
    server.get(httpx.Response(200, json=body))
    error = colour.error(UnreadableResponseError, getattr(campaigns, name), *(() if name == "list" else (4900,)))
    assert error.status_code == 200


@pytest.mark.parametrize("name", ["get", "list", "get_schedule", "check"])
@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.ReadTimeout("slow"), httpx.Response(429)], ids=str)
def test_a_read_is_repeated(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock, name: str, answer: Any
) -> None:
    good = {"result": []} if name == "list" else {"send_at": None} if name == "get_schedule" else DRAFT
    server.get(answer, httpx.Response(200, json=good))
    colour.do(getattr(campaigns, name), *(() if name == "list" else (4900,)))
    assert (server.methods, clock.waits) == (["GET"] * 2, [0.375])


@pytest.mark.parametrize("name", ["get", "list", "get_schedule", "check"])
@pytest.mark.parametrize(
    ("status_code", "kind", "requests"),
    [
        (400, BadRequestError, 1),
        (401, AuthenticationError, 1),
        (403, PermissionDeniedError, 1),
        (404, NotFoundError, 1),
        (429, RateLimitError, 4),
        (500, ServerError, 4),
    ],
)
def test_a_no_to_a_read(
    colour: Colour,
    campaigns: Any,
    server: Server,
    name: str,
    status_code: int,
    kind: type[APIStatusError],
    requests: int,
) -> None:
    server.get(httpx.Response(status_code, json={"errors": [{"field": None, "message": "no"}]}))
    error = colour.error(kind, getattr(campaigns, name), *(() if name == "list" else (4900,)))
    assert (error.status_code, error.errors) == (status_code, (ErrorDetail(message="no"),))
    assert server.methods == ["GET"] * requests
    assert f"not {'listed' if name == 'list' else 'read'}" in str(error)


# --- times ---


@pytest.mark.parametrize("name", ["schedule", "reschedule"])
@pytest.mark.parametrize(
    "send_at",
    [
        SOON,
        SOON.astimezone(timezone(timedelta(hours=5, minutes=30))),
        SOON.astimezone(timezone(timedelta(hours=-8))),
        SOON.replace(microsecond=999_999),
    ],
    ids=str,
)
def test_a_time_goes_out_in_whole_unix_seconds(
    colour: Colour, campaigns: Any, server: Server, name: str, send_at: datetime
) -> None:
    write = BY_NAME[name]
    write.prepare(server, write.good())
    scheduled = colour.do(getattr(campaigns, name), 4900, send_at)
    assert (scheduled.send_at, scheduled.send_at.tzinfo) == (SOON, UTC)
    assert json_of(server.requests[-1]) == {"send_at": AT}


@pytest.mark.parametrize("name", ["schedule", "reschedule"])
@pytest.mark.parametrize(
    ("send_at", "problem"),
    [
        (SOON.replace(tzinfo=None), "which is no time with a zone"),
        (date(2030, 1, 1), "which is no time with a zone"),
        (AT, "which is no time with a zone"),
        ("2030-01-01T00:00:00Z", "which is no time with a zone"),
        (None, "which is no time with a zone"),
        (SOON - timedelta(hours=1), "which is past"),
        (SOON - timedelta(hours=1, microseconds=1), "which is past"),
        (SOON.astimezone(timezone(timedelta(hours=14))) - timedelta(hours=1), "which is past"),
        (datetime.min.replace(tzinfo=UTC), "which is past"),
    ],
    ids=str,
)
def test_a_time_that_cannot_be_right_is_refused(
    colour: Colour, campaigns: Any, server: Server, name: str, send_at: Any, problem: str
) -> None:
    assert problem in colour.error(ConfigurationError, getattr(campaigns, name), 4900, send_at).problem
    assert server.requests == []


def test_past_is_what_the_clients_clock_says(colour: Colour, campaigns: Any, server: Server, clock: FakeClock) -> None:
    clock.now = AT - 1
    write = BY_NAME["schedule"]
    write.prepare(server, write.good())
    do(colour, campaigns, write)
    clock.now = AT
    error_of(colour, campaigns, write, ConfigurationError)


@of("schedule", "reschedule")
def test_the_services_time_is_the_one_returned(colour: Colour, campaigns: Any, server: Server, write: Write) -> None:
    write.prepare(server, httpx.Response(write.success[0], json={**ACCEPTED_TIME, "send_at": AT + 60, "status": "New"}))
    assert do(colour, campaigns, write) == Schedule(4900, SOON + timedelta(minutes=1), "New")


# --- send_test ---


@pytest.mark.parametrize(
    ("to", "sent"),
    [
        ("a@example.com", "a@example.com"),
        (["a@example.com"], ["a@example.com"]),
        (("a@example.com", "b@example.com"), ["a@example.com", "b@example.com"]),
        ([f"{i}@example.com" for i in range(10)], [f"{i}@example.com" for i in range(10)]),
    ],
    ids=str,
)
def test_a_test_goes_to_one_address_or_several(
    colour: Colour, campaigns: Any, server: Server, to: Any, sent: Any
) -> None:
    server.post(httpx.Response(201, json={"to": sent}))
    assert colour.do(campaigns.send_test, 4900, to) is None
    assert json_of(server.requests[-1]) == {"to": sent}
    assert server.methods == ["POST"]


@pytest.mark.parametrize(
    "to",
    ["", [], [""], ["a@example.com", ""], ["a@example.com"] * 11, [5], [None], b"a@example.com", "\ud800"],
    ids=repr,
)
def test_addresses_that_cannot_be_right_are_refused(colour: Colour, campaigns: Any, server: Server, to: Any) -> None:
    assert "a test goes to 1 to 10 addresses" in colour.error(ConfigurationError, campaigns.send_test, 4900, to).problem
    assert server.requests == []


# --- check, and send(check=True) ---


NONE = "it has none"
AUDIENCE = ("list_ids", "it has neither a list nor a segment")
CONTENT = ("plain_content", "it has neither plain nor HTML content")
TAG = "it holds no [unsubscribe] tag"
UNSUBSCRIBE = ("suppression_group_id", "it has neither a suppression group nor a custom unsubscribe URL")

MISSING: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"subject": None}, [("subject", NONE)]),
    ({"subject": ""}, [("subject", NONE)]),
    ({"sender_id": None}, [("sender_id", NONE)]),
    ({"list_ids": None, "segment_ids": []}, [AUDIENCE]),
    ({"html_content": None, "plain_content": ""}, [CONTENT]),
    ({"html_content": "<p>"}, [("html_content", TAG)]),
    ({"plain_content": "[Unsubscribe]"}, [("plain_content", TAG)]),
    ({"html_content": "<p>", "plain_content": "p"}, [("html_content", TAG), ("plain_content", TAG)]),
    ({"suppression_group_id": None, "custom_unsubscribe_url": ""}, [UNSUBSCRIBE]),
    ({"suppression_group_id": None, "custom_unsubscribe_url": None}, [UNSUBSCRIBE]),
    (
        dict.fromkeys(name for name in EVERY_FIELD if name != "title"),
        [("subject", NONE), ("sender_id", NONE), AUDIENCE, CONTENT, UNSUBSCRIBE],
    ),
]


def pairs(details: tuple[ErrorDetail, ...]) -> list[tuple[str | None, str]]:
    return [(detail.field, detail.message) for detail in details]


@pytest.mark.parametrize(("fields", "missing"), MISSING, ids=str)
def test_what_is_missing_is_found_before_the_send(
    colour: Colour, campaigns: Any, server: Server, fields: dict[str, Any], missing: list[tuple[str, str]]
) -> None:
    server.get(httpx.Response(200, json={**READY, **fields}))
    checked = colour.do(campaigns.check, 4900)
    assert (pairs(checked.problems), checked.ready) == (missing, False)
    error = colour.error(NotReadyError, campaigns.send, 4900, check=True)
    assert pairs(error.problems) == missing
    assert all(message in str(error) for _, message in missing)
    assert server.methods == ["GET", "GET"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"list_ids": None},
        {"segment_ids": None},
        {"plain_content": None},
        {"html_content": None},
        {"suppression_group_id": None, "custom_unsubscribe_url": "https://example.com/out"},
        {"title": None, "ip_pool": None, "categories": None, "editor": None},
    ],
    ids=str,
)
def test_what_is_ready_is_sent(colour: Colour, campaigns: Any, server: Server, fields: dict[str, Any]) -> None:
    server.get(httpx.Response(200, json={**READY, **fields}))
    checked = colour.do(campaigns.check, 4900)
    assert (checked.problems, checked.ready) == ((), True)
    assert [detail.field for detail in checked.unknown] == ["credits", "sender_id", "list_ids, segment_ids"]
    assert colour.do(campaigns.send, 4900, check=True) == SendReceipt(4900, "Scheduled")
    assert server.methods == ["GET", "GET", "POST"]


def test_send_without_check_leaves_it_to_the_service(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json=DRAFT))  # it lacks nearly everything
    colour.do(campaigns.send, 4900)
    assert server.methods == ["GET", "POST"]


@pytest.mark.parametrize("status", ["Scheduled", "Sent", "Hibernating", None])
def test_check_of_what_is_no_draft(colour: Colour, campaigns: Any, server: Server, status: str | None) -> None:
    server.get(httpx.Response(200, json={**READY, "status": status}))
    checked = colour.do(campaigns.check, 4900)
    assert pairs(checked.problems) == [("status", f'it is "{status}", and only a Draft can be sent')]
    if status is None:
        assert "holds no status" in str(colour.error(NotSentError, campaigns.send, 4900, check=True))
    else:
        assert colour.error(NotInDraftError, campaigns.send, 4900, check=True).status == status
    assert server.methods == ["GET", "GET"]


# --- the status that a change needs is read first ---


@of("update", "schedule", "reschedule", "unschedule", "send")
@pytest.mark.parametrize("status", ["Draft", "Scheduled", "In Progress", "Sent", "Paused", "Canceled", "Hibernating"])
def test_a_status_that_does_not_allow_the_change(
    colour: Colour, campaigns: Any, server: Server, write: Write, status: str
) -> None:
    server.get(is_with(status))
    server.answer(write.method, write.good())
    if status == write.needs:
        assert do(colour, campaigns, write) == write.result
        return
    error = error_of(colour, campaigns, write, NotInDraftError if write.needs == "Draft" else NotScheduledError)
    assert (error.status, error.status_code) == (status, 200)
    assert f'it is "{status}", and only a {write.needs}' in str(error)
    assert f"can be {write.action}" in str(error)
    assert server.methods == ["GET"]


@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize(
    ("status", "is_idle"),
    [
        ("Draft", True),
        ("Sent", True),
        ("Canceled", True),
        (" sent", True),
        ("Scheduled", False),
        ("In Progress", False),
        ("Paused", False),
        ("Hibernating", False),
        ("", False),
    ],
)
def test_delete_stops_mail_only_when_told_to(
    colour: Colour, campaigns: Any, server: Server, status: str, is_idle: bool, stop: bool
) -> None:
    server.get(is_with(status))
    if is_idle or stop:
        assert colour.do(campaigns.delete, 4900, stop=stop) is None
        assert server.methods == ["GET", "DELETE"]
    else:
        error = colour.error(StopNotAskedError, campaigns.delete, 4900)
        assert error.status == status
        assert "stop=True" in str(error)
        assert server.methods == ["GET"]


def test_gone_between_the_read_and_the_delete_is_deleted(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json=DRAFT), httpx.Response(404))
    server.answer("DELETE", httpx.Response(404))
    assert colour.do(campaigns.delete, 4900) is None
    assert server.methods == ["GET", "DELETE", *["GET"] * 10]


def test_a_404_that_something_on_the_way_answers_deletes_nothing(
    colour: Colour, campaigns: Any, server: Server
) -> None:
    server.answer("DELETE", httpx.Response(404, text="<html>no route</html>"))
    colour.error(NotFoundError, campaigns.delete, 4900)
    assert server.methods[:2] == ["GET", "DELETE"]
    assert set(server.methods[2:]) == {"GET"}
    server.get(httpx.Response(200, json=DRAFT), httpx.Response(503))
    assert "404" in colour.error(OutcomeUnknownError, campaigns.delete, 4900).cause


def test_a_delete_of_nothing_is_not_found(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(404))
    colour.error(NotFoundError, campaigns.delete, 4900)
    assert server.methods == ["GET"]


@pytest.mark.parametrize("answer", [httpx.Response(503), is_with(None), httpx.ReadTimeout("slow")], ids=str)
@of("update", "delete", "schedule", "reschedule", "unschedule", "send")
def test_without_a_status_nothing_is_changed(
    colour: Colour, campaigns: Any, server: Server, write: Write, answer: Any
) -> None:
    server.get(answer)
    error = error_of(colour, campaigns, write, NotSentError)
    assert "its status could not be read before" in error.cause
    assert (error.method, error.action) == (write.method, write.action)
    assert set(server.methods) == {"GET"}


# --- what a write concludes ---


NO = {"errors": [{"field": "subject", "message": "subject can't be blank"}, {"field": None, "message": "and more"}]}


@pytest.mark.parametrize(
    ("status_code", "kind"),
    [(400, BadRequestError), (401, AuthenticationError), (404, NotFoundError), (422, APIStatusError)],
)
@every_write
def test_a_plain_no(
    colour: Colour, campaigns: Any, server: Server, write: Write, status_code: int, kind: type[APIStatusError]
) -> None:
    write.prepare(server, httpx.Response(status_code, json=NO))
    error = error_of(colour, campaigns, write, kind)
    assert pairs(error.errors) == [("subject", "subject can't be blank"), (None, "and more")]
    assert (error.status_code, error.action, error.method) == (status_code, write.action, write.method)
    assert f"was not {write.action}" in str(error)
    tried = [*write.before, write.method]
    assert server.methods[: len(tried)] == tried
    # That it is gone was asked for: a delete reads whether it is, for as long as an old read may last.
    looks_back = (write.name, status_code) == ("delete", 404)
    assert set(server.methods[len(tried) :]) == ({"GET"} if looks_back else set())


CODES = (200, 201, 202, 204, 206, 299, 301, 302, 303, 307, 308, 402, 408, 409, 500, 502, 503, 504, 599)
DOUBT: dict[str, Any] = {
    **{str(code): httpx.Response(code, headers={"Location": "https://elsewhere.example/"}) for code in CODES},
    "200 HTML": httpx.Response(200, text="<html>Log in to the hotel's network</html>"),
    "200 another's": httpx.Response(200, json={**ACCEPTED_TIME, "id": 1}),
    "201 another's": httpx.Response(201, json={**ACCEPTED_TIME, "id": 1}),
    "ReadTimeout": httpx.ReadTimeout("slow"),
    "ReadError": httpx.ReadError("reset"),
    "WriteError": httpx.WriteError("reset"),
    "RemoteProtocolError": httpx.RemoteProtocolError("no answer"),
    "RuntimeError": RuntimeError("a transport of one's own"),
}


NO_DOUBT = {
    *((write.name, str(code)) for write in WRITES for code in write.success),
    ("reschedule", "200 HTML"),  # the status line decides, and its body says nothing against it
    ("create", "201 another's"),  # a new campaign has the id that it has
    ("send_test", "201 another's"),  # its answer holds no id
} - {("schedule", "200")}  # a code of older documents needs a body about this campaign


@pytest.mark.parametrize(
    ("write", "name"),
    [(write, name) for write in WRITES for name in DOUBT if (write.name, name) not in NO_DOUBT],
    ids=lambda it: getattr(it, "name", it),
)
def test_doubt_that_nothing_settles_is_said_with_what_to_do(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock, write: Write, name: str
) -> None:
    write.prepare(server, DOUBT[name])
    server.schedule(AT + 60)  # not the time that is asked for
    began = clock.now
    error = error_of(colour, campaigns, write, OutcomeUnknownError)
    assert server.methods[: len(write.before) + 1] == [*write.before, write.method]
    if write.name in ("create", "send_test"):  # there is nothing to read them back by
        assert server.methods.count(write.method) == 1
        assert clock.waits == []
    else:  # as before to the end of two settle windows, and then the deadline cuts the third
        assert server.methods.count(write.method) == 3
        assert clock.now - began == 120
    assert (error.action, error.method) == (write.action, write.method)
    assert error.status == (None if write.name in ("create", "send_test") else write.needs or "Draft")
    whose = "the campaign" if write.name == "create" else "campaign 4900"
    assert str(error).startswith(f"it is unknown whether {whose} was {write.action}: ")
    assert error.advice.startswith(write.advice)
    assert error.advice in str(error)
    assert "doubt" in {attempt.verdict for attempt in error.attempts}


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"<html>", b"\xff\xfe", b'{"id": "x"}'])
@every_write
def test_success_with_a_body_that_cannot_be_read(
    colour: Colour, campaigns: Any, server: Server, write: Write, body: bytes
) -> None:
    write.prepare(server, httpx.Response(write.success[0], content=body))
    if write.name in ("create", "update", "reschedule"):
        # The result of the first is the body. The others are answered 200, as by many who are not the service.
        error = error_of(colour, campaigns, write, OutcomeUnknownError)
        assert error.advice.startswith(write.advice)
        assert ("cannot be read" in error.cause) is (write.name == "create")
    else:
        unread = {"schedule": Schedule(4900, SOON, None), "send": SendReceipt(4900, None)}
        assert do(colour, campaigns, write) == unread.get(write.name)
        assert server.methods == [*write.before, write.method]


def test_a_schedule_answered_as_in_older_documents(colour: Colour, campaigns: Any, server: Server) -> None:
    write = BY_NAME["schedule"]
    write.prepare(server, write.good(200))
    assert do(colour, campaigns, write) == write.result


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"", b'{"id": 1, "send_at": 1800003600, "status": "Scheduled"}'])
def test_a_schedule_answered_200_by_somebody_else(colour: Colour, campaigns: Any, server: Server, body: bytes) -> None:
    write = BY_NAME["schedule"]
    write.prepare(server, httpx.Response(200, content=body))
    error_of(colour, campaigns, write, OutcomeUnknownError)


def test_a_test_answered_204(colour: Colour, campaigns: Any, server: Server) -> None:
    server.post(httpx.Response(204))
    assert colour.do(campaigns.send_test, 4900, "a@example.com") is None
    assert server.methods == ["POST"]


@every_write
def test_what_never_left_is_tried_again(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock, write: Write
) -> None:
    write.prepare(server, httpx.ConnectError("refused"), httpx.ConnectTimeout(""), write.good())
    assert do(colour, campaigns, write) == write.result
    assert server.methods == [*write.before, *tries(write, 3)]
    assert clock.waits == [0.375, 0.75]


@every_write
def test_what_never_left_at_all_was_not_carried_out(
    colour: Colour, campaigns: Any, server: Server, write: Write
) -> None:
    write.prepare(server, httpx.ConnectError("refused"))
    error = error_of(colour, campaigns, write, NotSentError)
    assert (error.cause, error.action) == ("ConnectError: refused", write.action)
    assert server.methods == [*write.before, *tries(write, 4)]


def tries(write: Write, number: int) -> list[str]:
    """A delete reads the status again before each: meanwhile, somebody may have scheduled or sent it."""
    again = ["GET", write.method] if write.name == "delete" else [write.method]
    return [write.method, *again * (number - 1)]


def test_a_delete_that_waited_looks_again(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json=DRAFT), httpx.Response(200, json={**DRAFT, "status": "In Progress"}))
    server.answer("DELETE", httpx.Response(429), httpx.Response(204))
    assert colour.error(StopNotAskedError, campaigns.delete, 4900).status == "In Progress"
    assert server.methods == ["GET", "DELETE", "GET"]
    server.answer("DELETE", httpx.Response(429), httpx.Response(204))
    colour.do(campaigns.delete, 4900, stop=True)


@every_write
def test_429_is_tried_again(colour: Colour, campaigns: Any, server: Server, clock: FakeClock, write: Write) -> None:
    write.prepare(server, httpx.Response(429, headers={"X-RateLimit-Reset": "7"}), write.good())
    assert do(colour, campaigns, write) == write.result
    assert server.methods == [*write.before, *tries(write, 2)]
    assert clock.waits == [7.375]


@every_write
def test_429_to_the_end(colour: Colour, campaigns: Any, server: Server, write: Write) -> None:
    write.prepare(server, httpx.Response(429, headers={"X-RateLimit-Reset": "7"}))
    error = error_of(colour, campaigns, write, RateLimitError)
    assert (error.retry_after, error.action) == (7, write.action)
    assert server.methods == [*write.before, *tries(write, 4)]


@of("update", "delete", "schedule", "reschedule", "unschedule", "send")
def test_after_doubt_and_a_state_as_before_it_is_tried_again(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock, write: Write
) -> None:
    write.prepare(server, httpx.ReadTimeout("slow"), write.good())
    server.schedule(AT + 60)
    began = clock.now
    assert do(colour, campaigns, write) == write.result
    assert clock.now - began == 45
    assert server.methods.count(write.method) == 2


@pytest.mark.parametrize("answer", [httpx.Response(400), httpx.Response(404), httpx.Response(429)], ids=str)
@every_write
def test_after_doubt_no_later_answer_is_a_no(
    colour: Colour, campaigns: Any, server: Server, write: Write, answer: httpx.Response
) -> None:
    write.prepare(server, httpx.ReadTimeout("slow"), answer)
    server.schedule(AT + 60)
    error = error_of(colour, campaigns, write, OutcomeUnknownError)
    assert error.cause == "ReadTimeout: slow"


FORBIDDEN = httpx.Response(403, json={"errors": [{"field": None, "message": "access forbidden"}]})


@every_write
def test_403_with_the_state_as_it_was_is_a_missing_right(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock, write: Write
) -> None:
    write.prepare(server, FORBIDDEN)
    server.schedule(AT + 60)
    began = clock.now
    error = error_of(colour, campaigns, write, PermissionDeniedError)
    assert pairs(error.errors) == [(None, "access forbidden")]
    assert server.methods.count(write.method) == 1
    # An old read could look the same: so it is read for the whole settle window.
    assert clock.now - began == (0 if write.name in ("create", "send_test") else 45)


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(404), httpx.ConnectError("refused")], ids=str)
@of("update", "schedule", "reschedule", "unschedule", "send")
def test_403_with_no_status_to_be_had(
    colour: Colour, campaigns: Any, server: Server, write: Write, answer: Any
) -> None:
    server.get(is_with(write.needs), answer)
    server.answer(write.method, FORBIDDEN)
    assert error_of(colour, campaigns, write, OutcomeUnknownError).status is None


@every_write
def test_an_interruption_in_flight_goes_on_with_a_note(
    colour: Colour, campaigns: Any, server: Server, write: Write
) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    write.prepare(server, interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        do(colour, campaigns, write)
    (note,) = raised.value.__notes__
    assert f"was {write.action}: interrupted by KeyboardInterrupt" in note
    assert write.advice in note
