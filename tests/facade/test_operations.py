"""Every operation of both clients: the request on the wire, the result, and one of each way to end."""

import inspect
import json
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any, get_type_hints
from unittest import mock

import httpx
import pytest

from doubles import DRAFT, NOW, FakeClock, Server, Style, no
from sendgrid_campaigns import (
    APIConnectionError,
    AsyncCampaignsClient,
    BadRequestError,
    Campaign,
    CampaignsClient,
    ConfigurationError,
    NotAppliedError,
    NotFoundError,
    OutcomeUnknownError,
    Retry,
    SendReceipt,
)
from sendgrid_campaigns.errors import shown
from writes import AT, CREATE, RESCHEDULE, SCHEDULE, SEND, SOON, WRITES, Write, every_write, of

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
READY = {**EVERY_FIELD, "editor": "design", "id": 4900, "status": "Draft"}
UNREAD = httpx.Response(503)


def sent(request: httpx.Request) -> Any:
    """Return the JSON body; None when there is none. With one, and only with one, its type is named."""
    assert request.headers.get("Content-Type") == ("application/json" if request.content else None)
    return json.loads(request.content) if request.content else None


def on_the_wire(request: httpx.Request) -> tuple[str, str, str, Any]:
    return request.method, request.url.path, request.url.query.decode(), sent(request)


@pytest.mark.parametrize("account", [None, "acme", "account-id A1"])
@every_write
def test_a_write_on_the_wire(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, write: Write, account: str | None
) -> None:
    write.prepare(server, write.good())
    if account is not None:
        name = account.removeprefix("account-id ")
        campaigns = campaigns.on_behalf_of(name) if name == account else campaigns.on_behalf_of(account_id=name)
    assert write.do(style, campaigns) == write.result
    reads = [("GET", ONE, "", None)] if write.reads else []
    path = write.route.format(campaign_id=4900)
    assert [on_the_wire(request) for request in server.requests] == [*reads, (write.method, path, "", write.body)]
    assert {request.headers.get("on-behalf-of") for request in server.requests} == {account}
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
    style: Style, campaigns: Any, server: Server, name: str, arguments: Any, named: Any, answer: Any, path: str,
    query: str, result: Any,
) -> None:  # fmt: skip
    server.get(httpx.Response(200, json=answer))
    found = style.do(getattr(campaigns, name), *arguments, **named)
    assert found == result
    assert [on_the_wire(request) for request in server.requests] == [("GET", path, query, None)]
    assert not isinstance(found, datetime) or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (no(400, "because"), BadRequestError),
        (no(404, "because"), NotFoundError),
        (httpx.ConnectError("because"), NotAppliedError),
        (httpx.ReadError("because"), OutcomeUnknownError),
        (httpx.Response(400, text="<html>"), OutcomeUnknownError),
    ],
    ids=str,
)
@every_write
def test_how_a_write_ends(style: Style, server: Server, write: Write, answer: Any, kind: Any) -> None:
    """tests/protocol has every case; these show that both clients go through it."""
    campaigns = style.client(server, retry=Retry(attempts=2, settle=1)).on_behalf_of("acme")
    write.prepare(server, answer)
    error = write.error(style, campaigns, kind)
    assert [attempt.method for attempt in error.attempts] == server.methods
    lines = str(error).splitlines()
    assert lines[0] == error.summary
    assert f"was not {write.done}" in lines[0] or f"was {write.done}: " in lines[0]
    assert error.advice in lines
    whose = "the campaign" if write is CREATE else "campaign 4900"
    assert f"  [{write.method} {write.route} at api.sendgrid.com, {whose}, on behalf of 'acme']" in lines
    assert lines[-1].startswith(f"    {len(error.attempts)}. ")
    assert ("This call changed nothing." in str(error)) is (kind is not OutcomeUnknownError)


def test_how_a_read_ends(style: Style, campaigns: Any, server: Server) -> None:
    server.get(httpx.ConnectError("refused"))
    for method, arguments in ((campaigns.get, (4900,)), (campaigns.list, ()), (campaigns.check, (4900,))):
        error = style.error(APIConnectionError, method, *arguments)
        assert "no answer from api.sendgrid.com (ConnectError" in error.summary
        assert "refused" in error.cause


# --- results ---


@pytest.mark.parametrize("name", ["get", "list", "create", "update", "check"])
def test_a_result_holds_every_field(style: Style, campaigns: Any, server: Server, name: str) -> None:
    answer = {**READY, "new": {"a": [1]}}
    server.get(httpx.Response(200, json={"result": [answer]} if name == "list" else answer))
    server.answer("POST", httpx.Response(201, json=answer))
    server.answer("PATCH", httpx.Response(200, json=answer))
    calls = {
        "get": lambda: style.do(campaigns.get, 4900),
        "list": lambda: style.do(campaigns.list)[0],
        "create": lambda: style.do(campaigns.create, "x"),
        "update": lambda: style.do(campaigns.update, 4900, title="x"),
        "check": lambda: style.do(campaigns.check, 4900).campaign,
    }
    tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in READY.items()}
    assert calls[name]() == Campaign(**tuples, extra={"new": {"a": [1]}})


@pytest.mark.parametrize("absent", ["left out", "null"])
def test_what_the_service_has_not_is_none(style: Style, campaigns: Any, server: Server, absent: str) -> None:
    server.get(httpx.Response(200, json={**(dict.fromkeys(READY) if absent == "null" else {}), "id": 4900}))
    campaign = style.do(campaigns.get, 4900)
    assert campaign == Campaign(id=4900)
    assert not campaign.is_draft
    assert {getattr(campaign, field.name) for field in fields(campaign) if field.name not in ("id", "extra")} == {None}


# --- what is sent ---


@pytest.mark.parametrize(
    ("name", "named", "body"),
    [
        ("create", {}, {}),
        ("create", {name: value for name, value in EVERY_FIELD.items() if name != "title"}, EVERY_FIELD),
        ("create", dict.fromkeys([name for name in EVERY_FIELD if name != "title"]), {}),
        ("create", {"editor": "design"}, {"editor": "design"}),
        ("create", {"list_ids": [], "subject": "", "sender_id": 0}, {"list_ids": [], "subject": "", "sender_id": 0}),
        ("create", {"list_ids": (1, 2), "categories": ("a",)}, {"list_ids": [1, 2], "categories": ["a"]}),
        ("update", EVERY_FIELD, EVERY_FIELD),
        *[("update", {name: value}, {name: value}) for name, value in EVERY_FIELD.items()],
        *[("update", {name: None}, {name: None}) for name in EVERY_FIELD if name != "title"],
        ("update", {"list_ids": [], "subject": ""}, {"list_ids": [], "subject": ""}),
        ("update", {"segment_ids": (1, 2)}, {"segment_ids": [1, 2]}),
    ],
    ids=str,
)
def test_the_fields_that_are_sent(
    style: Style, campaigns: Any, server: Server, name: str, named: dict[str, Any], body: dict[str, Any]
) -> None:
    """None is left out of a create, and clears a field by an update."""
    style.do(getattr(campaigns, name), "March Newsletter" if name == "create" else 4900, **named)
    assert sent(server.requests[-1]) == ({"title": "March Newsletter", **body} if name == "create" else body)


@pytest.mark.parametrize(
    ("name", "arguments", "named", "problem"),
    [
        ("update", (4900,), {}, "nothing to change"),
        ("update", (4900,), {"tone": 1}, "no field 'tone'"),
        ("create", ("x",), {"status": "Sent"}, "no field 'status'"),
        ("create", ("\ud800",), {}, "title"),
        ("create", ("x",), {"html_content": "\udfff"}, "html_content"),
        ("create", ("x",), {"categories": ["\ud800"]}, "categories"),
        ("create", ("x",), {"subject": b"x"}, "subject"),
        ("create", ("x",), {"sender_id": 10**5_000}, "sender_id"),
        ("update", (4900,), {"list_ids": {1, 2}}, "list_ids"),
        ("update", (4900,), {"sender_id": float("nan")}, "sender_id"),
        ("send_test", (4900, ""), {}, "to is ''"),
        ("send_test", (4900, []), {}, "to is []"),
        ("send_test", (4900, ["a@example.com"] * 11), {}, "to is ["),
        ("list", (), {"limit": 0}, "limit is 0"),
        ("list", (), {"limit": True}, "limit is True"),
        ("list", (), {"limit": "10"}, "limit is '10'"),
        ("list", (), {"limit": 10**5_000}, "limit is of type int"),
        ("list", (), {"offset": -1}, "offset is -1"),
        ("list", (), {"offset": 2**63}, "offset is"),
    ],
    ids=shown,
)
def test_arguments_that_cannot_be_sent(
    style: Style, campaigns: Any, server: Server, name: str, arguments: Any, named: Any, problem: str
) -> None:
    error = style.error(ConfigurationError, getattr(campaigns, name), *arguments, **named)
    assert problem in error.problem
    assert "No request was made." in error.advice
    assert error.remedy
    assert len(str(error)) < 500
    assert server.requests == []


@pytest.mark.parametrize("page_size", [1, 0, -1, True, "20", 2.0, None])
def test_a_page_size_that_cannot_be(style: Style, campaigns: Any, server: Server, page_size: Any) -> None:
    with pytest.raises(ConfigurationError, match="page_size is"):
        style.take(campaigns.iterate(page_size=page_size), [])
    assert server.requests == []


def test_iterate_on_the_wire(style: Style, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json={"result": [{"id": 2}, {"id": 1}]}), httpx.Response(200, json={"result": [{"id": 1}]}))
    found: list[Campaign] = []
    style.take(campaigns.on_behalf_of("acme").iterate(), found)
    assert found == [Campaign(id=2), Campaign(id=1)]
    assert [request.url.query for request in server.requests] == [b"limit=20&offset=0", b"limit=20&offset=1"]
    assert {request.headers["on-behalf-of"] for request in server.requests} == {"acme"}


class Index:
    """As numpy's integers: no int, but with `__index__`."""

    def __index__(self) -> int:
        return 4900


class Number(int):
    """An int that shows something else."""

    def __int__(self) -> int:
        return -5

    def __str__(self) -> str:
        return "1/../2"


@pytest.mark.parametrize("campaign_id", [0, -1, True, "4900", "4900/../x", 1.5, None, 2**63, [4900], 10**5_000], ids=shown)
@pytest.mark.parametrize("name", ["get", "get_schedule", "check", *[each.name for each in WRITES if each != CREATE]])
def test_an_id_that_is_none(style: Style, campaigns: Any, server: Server, name: str, campaign_id: Any) -> None:
    write = next((each for each in WRITES if each.name == name), None)
    arguments = (campaign_id, *(write.arguments[1:] if write else ()))
    error = style.error(ConfigurationError, getattr(campaigns, name), *arguments, **(write.named if write else {}))
    assert error.problem.startswith("campaign_id is ")
    assert "positive int, such as 4900" in error.remedy
    assert len(str(error)) < 200
    assert server.requests == []


@pytest.mark.parametrize("campaign_id", [Index(), Number(4900)], ids=["Index", "Number"])
def test_what_is_an_int_by_its_index(style: Style, campaigns: Any, server: Server, campaign_id: Any) -> None:
    assert style.do(campaigns.get, campaign_id).id == 4900
    assert style.do(campaigns.send, campaign_id) == SEND.result
    assert {request.url.path for request in server.requests} == {ONE, f"{SCHEDULES}/now"}


class NoOffset(tzinfo):
    """A zone without an offset."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None

    dst = tzname = utcoffset  # type: ignore[assignment]


@of(SCHEDULE, RESCHEDULE)
@pytest.mark.parametrize(
    ("send_at", "problem"),
    [
        *[(value, "no time with a zone") for value in (SOON.replace(tzinfo=None), date(2030, 1, 1), AT, "2030", None)],
        (datetime(2100, 1, 1, tzinfo=NoOffset()), "no time with a zone"),
        (SOON - timedelta(hours=1), "which is past"),
        (SOON - timedelta(minutes=60, microseconds=1), "which is past"),
        (datetime.fromtimestamp(NOW + 0.9, UTC), "which is past"),
        (SOON.astimezone(timezone(timedelta(hours=14))) - timedelta(hours=1), "which is past"),
        (datetime.min.replace(tzinfo=UTC), "which is past"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), "which is past"),
    ],
    ids=str,
)
def test_a_time_that_cannot_be(
    style: Style, campaigns: Any, server: Server, write: Write, send_at: Any, problem: str
) -> None:
    assert problem in style.error(ConfigurationError, getattr(campaigns, write.name), 4900, send_at).problem
    assert server.requests == []


@of(SCHEDULE, RESCHEDULE)
@pytest.mark.parametrize(
    "send_at", [SOON.astimezone(timezone(timedelta(hours=5.5))), SOON.replace(microsecond=999_999)], ids=str
)
def test_a_time_goes_out_in_whole_unix_seconds(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, write: Write, send_at: datetime
) -> None:
    clock.now = AT - 1  # past is by the client's clock
    write.prepare(server, write.good())
    scheduled = style.do(getattr(campaigns, write.name), 4900, send_at)
    assert (scheduled.send_at, scheduled.send_at.tzinfo) == (SOON, UTC)
    assert sent(server.requests[-1]) == {"send_at": AT}


@of(SCHEDULE, RESCHEDULE)
@pytest.mark.parametrize("send_at", ["soon", 10**18, 1e400, None], ids=str)
def test_an_accepted_time_that_is_none(style: Style, server: Server, write: Write, send_at: Any) -> None:
    """The write was accepted: the receipt names the chosen time."""
    write.prepare(server, httpx.Response(write.success[0], content=json.dumps({**DRAFT, "send_at": send_at})))
    assert write.do(style, style.client(server)).send_at == SOON


@pytest.mark.parametrize("to", ["a@example.com", ["a@example.com"], ("a@example.com", "b@example.com"), ["x@y"] * 10])
def test_a_test_goes_to_one_address_or_several(style: Style, campaigns: Any, server: Server, to: Any) -> None:
    assert style.do(campaigns.send_test, 4900, to) is None
    assert sent(server.requests[-1]) == {"to": to if isinstance(to, str) else list(to)}


# --- check ---

NONE, TAG = "there is none", "there is no [unsubscribe] tag in it"
AUDIENCE = ("list_ids", "there is neither a list nor a segment")
CONTENT = ("plain_content", "there is neither plain nor HTML content")
UNSUBSCRIBE = ("suppression_group_id", "there is neither a suppression group nor a custom unsubscribe URL")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, []),
        ({"list_ids": None}, []),
        ({"segment_ids": None, "plain_content": None, "custom_unsubscribe_url": ""}, []),
        ({"html_content": None, "suppression_group_id": None}, []),
        ({"title": None, "ip_pool": None, "categories": None, "editor": None}, []),
        ({"plain_content": "[Unsubscribe]"}, []),
        ({"subject": None}, [("subject", NONE)]),
        ({"subject": ""}, [("subject", NONE)]),
        ({"sender_id": None}, [("sender_id", NONE)]),
        ({"list_ids": None, "segment_ids": []}, [AUDIENCE]),
        ({"html_content": None, "plain_content": ""}, [CONTENT]),
        ({"html_content": "<p>", "plain_content": "p"}, [("html_content", TAG), ("plain_content", TAG)]),
        ({"suppression_group_id": None, "custom_unsubscribe_url": ""}, [UNSUBSCRIBE]),
        (
            dict.fromkeys(name for name in EVERY_FIELD if name != "title"),
            [("subject", NONE), ("sender_id", NONE), AUDIENCE, CONTENT, UNSUBSCRIBE],
        ),
        ({"status": "Sent"}, [("status", 'the campaign is "Sent", and only a Draft can be sent')]),
        ({"status": None}, [("status", 'the campaign is "None", and only a Draft can be sent')]),
    ],
    ids=str,
)
def test_check(style: Style, campaigns: Any, server: Server, given: dict[str, Any], missing: list[Any]) -> None:
    server.get(httpx.Response(200, json={**READY, **given}))
    checked = style.do(campaigns.check, 4900)
    assert [(detail.field, detail.message) for detail in checked.problems] == missing
    assert checked.ready is (missing == [])
    assert [detail.field for detail in checked.unknown] == ["credits", "sender_id", "list_ids, segment_ids"]


# --- what help() and editors show ---


def test_both_clients_have_the_same_operations() -> None:
    names = [name for name in vars(CampaignsClient) if not name.startswith("_")]
    assert names == [name for name in vars(AsyncCampaignsClient) if not name.startswith("_")]
    for name in names:
        one, other = getattr(CampaignsClient, name), getattr(AsyncCampaignsClient, name)
        assert inspect.signature(one).parameters == inspect.signature(other).parameters
        assert inspect.getdoc(one) == inspect.getdoc(other)
        assert inspect.iscoroutinefunction(other) is (name != "iterate")
        assert not inspect.iscoroutinefunction(one)


def test_autospec_and_hints() -> None:
    campaigns = mock.create_autospec(CampaignsClient, instance=True)
    campaigns.send(4900)
    for wrong in ((), (4900, 4901)):
        with pytest.raises(TypeError):
            campaigns.send(*wrong)
    assert isinstance(mock.create_autospec(AsyncCampaignsClient, instance=True).send, mock.AsyncMock)
    assert get_type_hints(CampaignsClient.send)["return"] is SendReceipt
