"""Single Sends: every operation, what each write does after faults, and whose account a view acts for."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

import sendgrid_campaigns as sg
from doubles import NOW, FakeClock, Server, Style, cases, no
from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns.sandbox.example import SINGLE_SENDS

ID = next(iter(SINGLE_SENDS))
ROUTE = f"/v3/marketing/singlesends/{ID}"
EMAIL: dict[str, Any] = {
    "subject": "News",
    "html_content": "Hello! {{{unsubscribe}}}",
    "sender_id": 124451,
    "suppression_group_id": 42,
}
FIELDS: dict[str, Any] = {"send_to": {"list_ids": ["f2fe66a1-43f3-4e3a-87b1-c6a600d805f0"]}, "email_config": EMAIL}


@pytest.fixture
def style(style: Style) -> Style:
    style.client_class = sg.AsyncSingleSendsClient if style.is_async else sg.SingleSendsClient
    return style


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=lambda: NOW) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox, style: Style) -> Any:
    return (sandbox.async_single_sends_client if style.is_async else sandbox.single_sends_client)()


# --- in the sandbox ---


def test_content(style: Style, client: Any) -> None:
    made = style.do(client.create, "May", categories=["a"], email_config={"subject": "s", "plain_content": "p"})
    assert (made.name, made.status, made.is_draft, made.categories) == ("May", "draft", True, ("a",))
    assert (made.email_config.plain_content, made.email_config.generate_plain_content) == ("p", False)
    changed = style.do(client.update, UUID(made.id), name="June", send_to={"all": True}, email_config={"subject": "t"})
    assert changed == style.do(client.get, made.id.upper())
    assert (changed.name, changed.send_to.all, changed.email_config.subject) == ("June", True, "t")
    copy = style.do(client.duplicate, made.id, "July")
    assert (copy.name, copy.email_config.subject, copy.id != made.id) == ("July", "t", True)
    assert style.do(client.duplicate, made.id).name == "Copy of June"
    style.do(client.delete, copy.id)
    style.error(sg.NotFoundError, client.get, copy.id)


def test_lists(style: Style, client: Any, sandbox: Sandbox) -> None:
    for number in range(230):
        sandbox.create_single_send(name=f"May {number}", categories=[f"c{number % 2}"])
    everything = style.do(client.list, most=1000)
    assert [each.name for each in everything] == [
        *(f"May {number}" for number in reversed(range(230))),
        "March Newsletter",
    ]
    assert style.do(client.list, most=150) == everything[:150]
    requests = len(sandbox.requests())
    assert style.do(client.list, most=7) == everything[:7]
    assert len(sandbox.requests()) == requests + 1
    assert len(style.do(client.list, name="May 22", categories=["c0"], status=["draft"])) == 6
    assert style.do(client.list, name="nowhere") == ()
    assert style.do(client.categories) == ("c0", "c1", "spring line")


def test_schedules(style: Style, client: Any) -> None:
    at = datetime.fromtimestamp(NOW + 7200, UTC)
    assert style.do(client.schedule, ID, at) == sg.models.SingleSendReceipt(ID, "scheduled", at)
    style.error(sg.NotInDraftError, client.schedule, ID, at)
    error = style.error(sg.DeleteWouldStopMailError, client.delete, ID)
    assert str(error).startswith(f'single send {ID} was not deleted: the single send is "scheduled", and')
    style.do(client.unschedule, ID)
    style.error(sg.NotScheduledError, client.unschedule, ID)
    style.do(client.schedule, ID, at)
    style.do(client.delete, ID, stop=True)


def test_send(style: Style, client: Any, sandbox: Sandbox) -> None:
    receipt = style.do(client.send, ID)
    assert (receipt.id, receipt.status, receipt.send_at, receipt.known_from) == (ID, "scheduled", None, "answer")
    assert style.do(client.stats, ID) is None
    sandbox.advance(60)
    style.error(sg.NotInDraftError, client.send, ID)
    assert style.do(client.outcome, ID).applied is True
    assert [mailing.single_send_id for mailing in sandbox.mailings()] == [ID]
    sandbox.advance(86_400)
    assert style.do(client.stats, ID, since=date(2026, 1, 1)).requests == sandbox.mailings()[0].recipients > 0


def test_ensure_sent(style: Style, client: Any, sandbox: Sandbox) -> None:
    first, again = (style.do(client.ensure_sent, ID, within=within) for within in (120, 300))
    assert first.send_at == again.send_at == datetime.fromtimestamp(NOW + 120, UTC)
    assert (first.known_from, again.known_from) == ("answer", "already")
    sandbox.advance(130)
    assert style.do(client.ensure_sent, ID).known_from == "already"
    assert len(sandbox.mailings()) == 1


def test_send_once(style: Style, client: Any, sandbox: Sandbox) -> None:
    first = style.do(client.send_once, "2026-05", "May", **FIELDS)
    for number in range(110):
        sandbox.create_single_send(name=f"June {number}")
    style.do(client.create, "May (once 2026-055)")
    assert style.do(client.send_once, "2026-05", "May", **FIELDS).known_from == "already"
    draft = style.do(client.create, "May (once 2026-06)", email_config={**EMAIL, "subject": "Old"})
    second = style.do(client.send_once, "2026-06", "May", **FIELDS)
    assert (second.id, style.do(client.get, draft.id).email_config.subject) == (draft.id, "News")
    sandbox.advance(130)
    assert sorted(mailing.single_send_id or "" for mailing in sandbox.mailings()) == sorted((first.id, second.id))


def test_a_draft_of_an_earlier_run_with_others_to_mail(style: Style, client: Any, sandbox: Sandbox) -> None:
    """The service takes nobody out of an audience again."""
    style.do(client.create, "May (once 2026-05)", send_to={"all": True}, email_config=EMAIL)
    error = style.error(sg.NotAppliedError, client.send_once, "2026-05", "May", **FIELDS)
    assert "another audience" in str(error)
    assert sandbox.mailings() == []


def test_answers_with_odd_parts(style: Style, server: Server) -> None:
    odd = {"id": ID, "status": 5, "warnings": ["x", {"message": "m"}], "send_to": "all", "email_config": [1]}
    server.get(httpx.Response(200, json=odd))
    found = style.do(style.client(server).get, ID)
    assert (found.is_draft, found.warnings, found.send_to, found.email_config) == (False, (), None, None)


def test_check(style: Style, client: Any) -> None:
    assert style.do(client.check, ID) == ()
    lacks = style.do(client.check, style.do(client.create, "May").id)
    assert [each.field for each in lacks] == [
        "subject",
        "sender_id",
        "list_ids",
        "plain_content",
        "suppression_group_id",
    ]
    designed = style.do(client.create, "May", email_config={"design_id": "d"}, send_to={"all": True})
    assert [each.field for each in style.do(client.check, designed.id)] == ["sender_id", "suppression_group_id"]


# --- faults ---

LATER = "2027-01-15T10:00:00Z"
SOON = "2027-01-15T08:02:00Z"  # 120 s after NOW
LOST, REFUSED = httpx.ReadTimeout("slow"), httpx.ConnectError("refused")
TAKEN = httpx.Response(201, json={"send_at": SOON, "status": "scheduled"})


def is_(status: str, send_at: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"id": ID, "status": status, "send_at": send_at})


DRAFT, TRIGGERED, DUE, ELSEWHEN = is_("draft"), is_("triggered"), is_("scheduled", SOON), is_("scheduled", LATER)


@cases(
    "name reads puts ends sent",
    ("send", [DRAFT], [TAKEN], "answer", 1),
    ("send", [DRAFT, TRIGGERED], [LOST], "read-back", 1),
    ("send", [DRAFT, DUE], [LOST], "read-back", 1),
    ("send", [DRAFT], [LOST, TAKEN], "OutcomeUnknownError", 1),  # no rule makes a second request safe
    ("send", [DRAFT, is_("scheduled")], [LOST], "OutcomeUnknownError", 1),
    ("send", [DRAFT, ELSEWHEN], [LOST], "OutcomeUnknownError", 1),
    ("send", [DRAFT], [no(400)], "BadRequestError", 1),
    ("send", [DRAFT, TRIGGERED], [no(400)], "read-back", 1),  # a second copy is refused
    ("send", [DRAFT], [no(403)], "PermissionDeniedError", 1),
    ("send", [DRAFT], [REFUSED, TAKEN], "answer", 2),
    ("send", [DRAFT, TRIGGERED], [REFUSED, TAKEN], "NotInDraftError", 1),
    ("send", [TRIGGERED], [TAKEN], "NotInDraftError", 0),
    ("ensure_sent", [DRAFT], [LOST, TAKEN], "answer", 2),
    ("ensure_sent", [DRAFT, TRIGGERED], [LOST], "read-back", 1),
    ("ensure_sent", [DRAFT, DUE], [LOST], "read-back", 1),
    ("ensure_sent", [DRAFT, ELSEWHEN], [LOST], "OutcomeUnknownError", 1),
    ("ensure_sent", [DRAFT], [LOST], "OutcomeUnknownError", 2),
    ("ensure_sent", [DRAFT], [no(400)], "BadRequestError", 1),
    ("ensure_sent", [DUE], [TAKEN], "already", 0),
    ("ensure_sent", [ELSEWHEN], [TAKEN], "NotInDraftError", 0),
    ("ensure_sent", [is_("paused")], [TAKEN], "NotInDraftError", 0),
)
def test_a_send_after_faults(
    style: Style, server: Server, clock: FakeClock, name: str, reads: Any, puts: Any, ends: str, sent: int
) -> None:
    server.get(*reads)
    server.answer("PUT", *puts)
    client = style.client(server, clock=clock, retry=sg.Retry(attempts=2))
    call = getattr(client, name)
    if ends.endswith("Error"):
        style.error(getattr(sg, ends), call, ID)
    else:
        assert style.do(call, ID).known_from == ends
    bodies = [json.loads(request.content) for request in server.requests if request.method == "PUT"]
    assert bodies == [{"send_at": "now" if name == "send" else SOON}] * sent


def test_a_chosen_time_that_is_past_is_definite(style: Style, server: Server, clock: FakeClock) -> None:
    server.get(DRAFT)
    server.answer("PUT", LOST)
    client = style.client(server, clock=clock)
    error = style.error(sg.OutcomeUnknownError, client.ensure_sent, ID)
    assert style.do(client.outcome, error).applied is None
    clock.now = NOW + 120 + 601
    assert style.do(client.outcome, error).applied is False


@cases(
    "method arguments named cause",
    ("get", ("4900",), {}, "single_send_id is '4900'"),
    ("get", (None,), {}, "single_send_id is None"),
    ("get", (f"{ID}/schedule",), {}, "single_send_id is"),
    ("send", (4900,), {}, "single_send_id is 4900"),
    ("ensure_sent", (ID,), {"within": 60}, "within is 60"),
    ("create", ("May",), {"tone": 1}, "a single send has no field 'tone'"),
    ("create", ("May",), {"send_at": LATER}, "a single send has no field 'send_at'"),
    ("create", ("May",), {"email_config": {"tone": 1}}, "email_config has no field 'tone'"),
    ("create", ("May",), {"send_to": ["x"]}, "send_to is ['x']"),
    ("update", (ID,), {}, "no field of a single send is given"),
    ("update", (ID,), {"email_config": {"ip_pool": None}}, "email_config.ip_pool is None or empty"),
    ("update", (ID,), {"send_to": {"list_ids": []}}, "send_to.list_ids is None or empty"),
    ("create", ("May",), {"email_config": {"editor": "html"}}, "editor is 'html'"),
    ("duplicate", (ID, "\ud800"), {}, "name cannot be sent"),
    ("list", (), {"most": 0}, "most is 0"),
    ("send_once", ("a b", "May"), {}, "key is 'a b'"),
    ("send_once", ("a", "x" * 100), {}, "name has 100 characters"),
    ("outcome", (sg.OutcomeUnknownError(action="sent", campaign_id=4900),), {}, "the error is about a campaign"),
)
def test_arguments_that_cannot_be_right(
    style: Style, server: Server, method: str, arguments: Any, named: Any, cause: str
) -> None:
    error = style.error(sg.ConfigurationError, getattr(style.client(server), method), *arguments, **named)
    assert error.cause.startswith(cause)
    assert server.requests == []


# --- on behalf of others ---


@cases(
    "honors own other proven",
    ("honored", ["a"], ["b"], True),
    ("honored", ["a"], [], True),
    ("honored", [], [], False),
    ("ignored", ["a"], ["b"], False),
)
def test_the_first_write_of_a_view(
    style: Style, server: Server, honors: str, own: list[str], other: list[str], proven: bool
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        seen = other if "on-behalf-of" in request.headers and honors == "honored" else own
        return httpx.Response(200, json={"result": [{"id": id} for id in seen] or None})

    server.answer("GET", answer)
    server.answer("POST", httpx.Response(201, json={"id": ID, "status": "draft"}))
    client = style.client(server)
    for view in (client.on_behalf_of("acme"), client.on_behalf_of("acme").with_options(timeout=5)):
        if proven:
            style.do(view.create, "May")
        else:
            assert "SingleSendsClient(api_key=...)" in style.error(sg.NotAppliedError, view.create, "May").advice
    assert server.methods == (["GET"] * 3 + ["POST"] * 2 if proven else ["GET"] * 6)
    style.do(client.create, "May")


def test_a_view_in_the_sandbox(style: Style) -> None:
    for honored in (True, False):
        with Sandbox(knobs=Knobs(single_sends_on_behalf_of="account" if honored else "parent")) as sandbox:
            client = (sandbox.async_single_sends_client if style.is_async else sandbox.single_sends_client)()
            view = client.on_behalf_of("acme")
            if honored:
                made = style.do(view.create, "May")
                style.error(sg.NotFoundError, client.get, made.id)
            else:
                style.error(sg.NotAppliedError, view.create, "May")
                assert [each.name for each in style.do(client.list)] == ["March Newsletter"]
