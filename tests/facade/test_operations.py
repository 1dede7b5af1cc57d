"""Every operation of both clients: the request on the wire, the result, and one of each way to end."""

import json
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any

import httpx
import pytest

import sendgrid_campaigns as sg
from doubles import NOW, FakeClock, Server, Style, cases
from sendgrid_campaigns.errors import shown
from sendgrid_campaigns.sandbox import Sandbox
from writes import AT, SOON, WRITES, Script, Write, every_write

ONE, SCHEDULES = "/v3/campaigns/4900", "/v3/campaigns/4900/schedules"
FIELDS: dict[str, Any] = {
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
OPTIONAL = {name: value for name, value in FIELDS.items() if name != "title"}
READY = {**FIELDS, "editor": "design", "id": 4900, "status": "Draft"}


def sent(request: httpx.Request) -> Any:
    """Return the JSON body; None when there is none. With one, and only with one, its type is named."""
    assert request.headers.get("Content-Type") == ("application/json" if request.content else None)
    return json.loads(request.content) if request.content else None


def on_the_wire(server: Server) -> list[tuple[str, str, str, Any]]:
    return [(each.method, each.url.path, each.url.query.decode(), sent(each)) for each in server.requests]


@pytest.mark.parametrize("account", [None, "acme", "account-id A1"])
@every_write
def test_a_write_on_the_wire(style: Style, clock: FakeClock, write: Write, account: str | None) -> None:
    server = Script("before", "ok", write)
    client = style.client(server, clock=clock)
    if account is not None:
        id = account.removeprefix("account-id ")
        client = client.on_behalf_of(account) if id == account else client.on_behalf_of(account_id=id)
    assert write.do(style, client) == write.result
    path = write.declared.operation.path.format(campaign_id=4900)
    read = [("GET", ONE, "", None)] if write.before else []
    assert on_the_wire(server) == [*read, (write.method, path, "", write.body)]
    assert {request.headers.get("on-behalf-of") for request in server.requests} == {account}
    assert clock.waits == []


PAGE = {"result": [{"id": 2}, {"id": 1, "status": "Sent"}]}
CAMPAIGNS = (sg.Campaign(id=2), sg.Campaign(id=1, status="Sent"))
READS: list[tuple[str, dict[str, Any], Any, str, str, Any]] = [
    ("get", {"campaign_id": 4900}, {"id": 4900, "status": "S"}, ONE, "", sg.Campaign(id=4900, status="S")),
    ("list", {}, {"result": []}, "/v3/campaigns", "limit=10&offset=0", ()),
    ("list", {"limit": 3, "offset": 7}, PAGE, "/v3/campaigns", "limit=3&offset=7", CAMPAIGNS),
    ("get_schedule", {"campaign_id": 4900}, {"send_at": AT}, SCHEDULES, "", SOON),
    ("get_schedule", {"campaign_id": 4900}, {"send_at": None}, SCHEDULES, "", None),
]


@pytest.mark.parametrize(("name", "named", "answer", "path", "query", "result"), READS, ids=shown)
def test_a_read_on_the_wire(
    style: Style, campaigns: Any, server: Server, name: str, named: Any, answer: Any, path: str, query: str, result: Any
) -> None:
    server.get(httpx.Response(200, json=answer))
    found = style.do(getattr(campaigns, name), **named)
    assert found == result
    assert on_the_wire(server) == [("GET", path, query, None)]
    assert not isinstance(found, datetime) or found.tzinfo is UTC


def test_iterate_on_the_wire(style: Style, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json=PAGE), httpx.Response(200, json={"result": [{"id": 1}]}))
    style.take(campaigns.on_behalf_of("acme").iterate(), found := list[sg.Campaign]())
    assert found == [*CAMPAIGNS]
    assert [request.url.query for request in server.requests] == [b"limit=20&offset=0", b"limit=20&offset=1"]
    assert {request.headers["on-behalf-of"] for request in server.requests} == {"acme"}


def test_statuses_need_a_request_for_each_hundred(style: Style) -> None:
    with Sandbox() as sandbox:
        ids = [sandbox.create_campaign() for _ in range(250)]
        style.do(style.of(sandbox).send, ids[0])
        campaigns, before = style.of(sandbox), len(sandbox.requests())

        def requests(*wanted: int) -> int:
            count = len(sandbox.requests())
            found = style.do(campaigns.statuses, wanted)
            assert found == {id: "In Progress" if id == ids[0] else "Draft" for id in wanted if id in ids}
            return len(sandbox.requests()) - count

        assert [requests(), requests(*ids[-100:]), requests(ids[-1], ids[-1])] == [0, 1, 1]
        assert requests(ids[-150]) == 2
        assert [requests(*ids), requests(999_999)] == [3, 4]  # of one that is missing, all pages to the end
        style.error(sg.ConfigurationError, campaigns.statuses, [4900, "../4900"])
        assert before + 11 == len(sandbox.requests())


@cases(
    "answer kind",
    *[("400", sg.BadRequestError), ("404", sg.NotFoundError), ("refused", sg.NotAppliedError)],
    *[("reset", sg.OutcomeUnknownError), ("html400", sg.OutcomeUnknownError)],
)
@every_write
def test_how_a_write_ends(style: Style, write: Write, answer: str, kind: Any) -> None:
    """tests/conformance and tests/model have every case; these show what the errors say, of both clients."""
    server = Script("before", answer, write)
    client = style.client(server, retry=sg.Retry(attempts=2, settle=1)).on_behalf_of("acme")
    error = style.error(kind, lambda: write.do(style, client))
    assert [attempt.method for attempt in error.attempts] == server.methods
    lines, operation = str(error).splitlines(), write.declared.operation
    assert (lines[0], error.advice in lines) == (error.summary, True)
    whose = "the campaign" if write.name == "create" else "campaign 4900"
    unknown = kind is sg.OutcomeUnknownError
    began = f"it is unknown whether {whose} was {write.done}: " if unknown else f"{whose} was not {write.done}: "
    assert error.summary.startswith(began)
    assert error.may_have_been_applied is unknown
    ambiguous = "ambiguous" in {attempt.proof for attempt in error.attempts}
    assert ("This call changed nothing." in str(error)) is not (unknown or ambiguous)
    assert not unknown or error.advice == write.declared.hint
    assert (error.action, error.method, error.route) == (write.done, operation.method, operation.path)
    assert f"  [{write.method} {operation.path} at api.sendgrid.com, {whose}, on behalf of 'acme']" in lines
    assert lines[-1].startswith(f"    {len(error.attempts)}. ")


@pytest.mark.parametrize("name", ["get", "list", "create", "update", "check"])
def test_a_result_holds_every_field(style: Style, campaigns: Any, server: Server, name: str) -> None:
    answer = {**READY, "new": {"a": [1]}}
    server.get(httpx.Response(200, json={"result": [answer]} if name == "list" else answer))
    server.answer("POST", httpx.Response(201, json=answer))
    server.answer("PATCH", httpx.Response(200, json=answer))
    named: Any = {"list": {}, "create": {"title": "x"}, "update": {"campaign_id": 4900, "title": "x"}}
    found = style.do(getattr(campaigns, name), **named.get(name, {"campaign_id": 4900}))
    campaign = found[0] if name == "list" else found.campaign if name == "check" else found
    tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in READY.items()}
    assert campaign == sg.Campaign(**tuples, extra={"new": {"a": [1]}})


def test_what_the_service_has_not_is_none(style: Style, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json={**dict.fromkeys(READY), "id": 4900}), httpx.Response(200, json={"id": 4900}))
    for _ in range(2):
        assert style.do(campaigns.get, 4900) == sg.Campaign(id=4900)


# --- arguments ---


@cases(
    "name named body",
    *[("create", named, named) for named in ({}, OPTIONAL, {"editor": "design"}, {"list_ids": [], "sender_id": 0})],
    ("create", dict.fromkeys(OPTIONAL), {}),
    ("create", {"list_ids": (1, 2), "categories": ("a",)}, {"list_ids": [1, 2], "categories": ["a"]}),
    *[("update", named, named) for named in (FIELDS, {"list_ids": [], "subject": ""})],
    *[("update", {name: value}, {name: value}) for name, value in FIELDS.items()],
    *[("update", {name: None}, {name: None}) for name in OPTIONAL],
)
def test_the_fields_that_are_sent(
    style: Style, campaigns: Any, server: Server, name: str, named: Any, body: Any
) -> None:
    """None is left out of a create, and clears a field by an update."""
    style.do(getattr(campaigns, name), "March Newsletter" if name == "create" else 4900, **named)
    assert sent(server.requests[-1]) == ({"title": "March Newsletter", **body} if name == "create" else body)


HUGE = 10**5_000
WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("update", (4900,), {}, "no field of a campaign is given"),
    ("update", (4900,), {"tone": 1}, "no field 'tone'"),
    ("create", ("x",), {"status": "Sent"}, "no field 'status'"),
    ("create", ("x",), {"editor": "html"}, "editor is 'html'"),
    ("create", ("\ud800",), {}, "title"),  # half a surrogate pair
    *[("create", ("x",), {name: "\udfff"}, name) for name in ("subject", "html_content")],
    ("create", ("x",), {"categories": ["\ud800"]}, "categories"),
    *[("update", (4900,), {"sender_id": value}, "sender_id") for value in (b"x", HUGE, float("nan"), {1, 2})],
    *[("send_test", (4900, to), {}, "to is ") for to in ("", [], ["a@example.com"] * 11)],
    *[("list", (), {"limit": limit}, f"limit is {shown(limit)}") for limit in (0, -1, True, "10", 2.0, HUGE, None)],
    *[("list", (), {"offset": offset}, f"offset is {shown(offset)}") for offset in (-1, 2**63, None)],
    *[
        (name, (id, *(WRITES[name].arguments[1:] if name in WRITES else ())), {}, "campaign_id is ")
        for id in (0, -1, True, "4900", "4900/../x", 1.5, None, 2**63, [4900], HUGE)
        for name in (
            "get",
            "get_schedule",
            "check",
            "ensure_sent",
            "outcome",
            *[n for n in WRITES if n not in ("create", "update")],
        )
    ],
    ("update", ("4900",), {"subject": "x"}, "campaign_id is '4900'"),
]


@pytest.mark.parametrize(("name", "arguments", "named", "problem"), WRONG, ids=shown)
def test_arguments_that_cannot_be_right(
    style: Style, campaigns: Any, server: Server, name: str, arguments: Any, named: Any, problem: str
) -> None:
    error = style.error(sg.ConfigurationError, getattr(campaigns, name), *arguments, **named)
    assert problem in error.cause
    assert "No request was made." in error.advice
    assert error.hint
    assert len(str(error)) < 500
    assert server.requests == []


def test_a_page_size_that_cannot_be(style: Style, campaigns: Any, server: Server) -> None:
    for page_size in (1, 0, -1, True, "20", 2.0, None):
        with pytest.raises(sg.ConfigurationError, match="page_size is"):
            style.take(campaigns.iterate(page_size=page_size), [])
    assert server.requests == []


class Index:
    """As numpy's integers: no int, but with `__index__`."""

    def __index__(self) -> int:
        return 4900


class Number(int):
    """An int that shows something else."""

    def __int__(self) -> int:
        return -5

    __str__ = __repr__ = lambda self: "1/../2"


def test_what_is_an_int_by_its_index(style: Style, campaigns: Any, server: Server) -> None:
    for id in (Index(), Number(4900)):
        assert style.do(campaigns.send, id) == WRITES["send"].result
        assert {request.url.path for request in server.requests} == {ONE, f"{SCHEDULES}/now"}


class NoOffset(tzinfo):
    """A zone without an offset."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None


NO_TIMES = [SOON.replace(tzinfo=None), date(2030, 1, 1), AT, "2030", None, datetime(2100, 1, 1, tzinfo=NoOffset())]
PAST = [
    SOON - timedelta(hours=1),
    SOON - timedelta(minutes=60, microseconds=1),
    datetime.fromtimestamp(NOW + 0.9, UTC),
    SOON.astimezone(timezone(timedelta(hours=14))) - timedelta(hours=1),
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
]


@pytest.mark.parametrize("name", ["schedule", "reschedule"])
def test_times(style: Style, clock: FakeClock, name: str) -> None:
    server = Script("before", "ok", WRITES[name])
    method = getattr(style.client(server, clock=clock), name)
    for times, problem in ((NO_TIMES, "which is no time with a zone"), (PAST, "which is past")):
        for send_at in times:
            assert problem in style.error(sg.ConfigurationError, method, 4900, send_at).cause
    assert server.requests == []
    clock.now = AT - 1  # past is by the client's clock
    for send_at in (SOON.astimezone(timezone(timedelta(hours=5.5))), SOON.replace(microsecond=999_999)):
        found = style.do(method, 4900, send_at)
        assert (found.send_at, found.send_at.tzinfo) == (SOON, UTC)
        assert sent(server.requests[-1]) == {"send_at": AT}
    clock.now = AT
    style.error(sg.ConfigurationError, method, 4900, SOON)


@pytest.mark.parametrize("send_at", ["soon", 10**18, 1e400, None, AT + 60], ids=str)
@pytest.mark.parametrize("name", ["schedule", "reschedule"])
def test_the_time_that_was_accepted(style: Style, name: str, send_at: Any) -> None:
    """The service's; when its answer names none, the chosen one."""
    server = Script("before", "ok", WRITES[name])
    body = json.dumps({"id": 4900, "status": "New", "send_at": send_at})
    server.answer(WRITES[name].method, httpx.Response(WRITES[name].code, content=body))
    found = WRITES[name].do(style, style.client(server))
    assert (found.send_at.timestamp(), found.status) == (AT + 60 if send_at == AT + 60 else AT, "New")


def test_a_test_goes_to_one_address_or_several(style: Style, campaigns: Any, server: Server) -> None:
    for to in ("a@example.com", ["a@example.com"], ("a@example.com", "b@example.com"), ["x@y"] * 10):
        assert style.do(campaigns.send_test, 4900, to) is None
        assert sent(server.requests[-1]) == {"to": to if isinstance(to, str) else list(to)}


# --- check ---

NONE, TAG = "there is none", "there is no [unsubscribe] tag in it"
AUDIENCE = ("list_ids", "there is neither a list nor a segment")
CONTENT = ("plain_content", "there is no content")
UNSUBSCRIBE = ("suppression_group_id", "there is neither a suppression group nor a custom unsubscribe URL")
EMPTY = [("subject", NONE), ("sender_id", NONE), AUDIENCE, CONTENT, UNSUBSCRIBE]
CHECKS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    *[({}, []), ({"list_ids": None}, []), ({"html_content": None, "suppression_group_id": None}, [])],
    ({"segment_ids": None, "plain_content": None, "custom_unsubscribe_url": ""}, []),
    ({"title": None, "ip_pool": None, "categories": None, "editor": None, "plain_content": "[Unsubscribe]"}, []),
    *[({name: value}, [(name, NONE)]) for name, value in (("subject", None), ("subject", ""), ("sender_id", None))],
    ({"list_ids": None, "segment_ids": []}, [AUDIENCE]),
    ({"html_content": None, "plain_content": ""}, [CONTENT]),
    ({"html_content": "<p>", "plain_content": "p"}, [("html_content", TAG), ("plain_content", TAG)]),
    ({"suppression_group_id": None, "custom_unsubscribe_url": ""}, [UNSUBSCRIBE]),
    (dict.fromkeys(OPTIONAL), EMPTY),
    *[({"status": s}, [("status", f'it is "{s}", and only a Draft can be sent')]) for s in ("Sent", None)],
]


@pytest.mark.parametrize(("given", "missing"), CHECKS, ids=shown)
def test_check(style: Style, campaigns: Any, server: Server, given: dict[str, Any], missing: list[Any]) -> None:
    server.get(httpx.Response(200, json={**READY, **given}))
    checked = style.do(campaigns.check, 4900)
    assert [(detail.field, detail.message) for detail in checked.problems] == missing
    assert checked.ready is (missing == [])
