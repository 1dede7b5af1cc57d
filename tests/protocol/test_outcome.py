"""`outcome`: what became of a write, by a campaign's id or by an error, also of another process or account."""

import json
import pickle
from typing import Any

import httpx
import pytest

from doubles import DRAFT, FakeClock, Server, Style, no
from sendgrid_campaigns import (
    AuthenticationError,
    ConfigurationError,
    InvalidResponseError,
    Outcome,
    OutcomeUnknownError,
    ServerError,
)
from writes import AT, CREATE, DELETE, RESCHEDULE, SCHEDULE, SEND_TEST, Write, every_read_back, is_with, of

LOST = httpx.ReadTimeout("slow")
UNREAD = httpx.Response(503)


@pytest.mark.parametrize(
    ("reads", "send_at", "applied", "status", "why", "waited"),
    [
        ([is_with("Sent")], None, True, "Sent", "as the write was to make it, and nobody can undo that", 0),
        ([is_with("In Progress")], None, True, "In Progress", "as the write was to make it", 0),
        ([is_with("Scheduled")], AT - 3600, True, "Scheduled", "as the write was to make it", 45),
        ([is_with("Scheduled")], AT, None, "Scheduled", "will not tell more", 0),
        ([is_with("Draft")], None, None, "Draft", "most likely it had no effect", 45),
        ([is_with("Paused")], None, None, "Paused", "will not tell more", 0),
        ([is_with("Draft"), UNREAD], None, None, "Draft", "not for long enough", 45),
        ([no(404)], None, None, None, "will not tell more", 0),
    ],
    ids=str,
)
def test_of_an_id(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, reads: Any, send_at: Any, applied: bool | None,
    status: str | None, why: str, waited: float,
) -> None:  # fmt: skip
    server.get(*reads)
    server.schedule(send_at)
    found = style.do(campaigns.outcome, 4900)
    assert (found.id, found.action, found.applied, found.status) == (4900, "sent", applied, status)
    assert why in found.why
    assert sum(clock.waits) == waited
    assert [attempt.method for attempt in found.attempts] == server.methods
    assert set(server.methods) == {"GET"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (no(401), AuthenticationError),
        (UNREAD, ServerError),
        (httpx.Response(404, text="<html>"), InvalidResponseError),
        (httpx.Response(200, json={**DRAFT, "id": 1, "status": "Sent"}), InvalidResponseError),
    ],
    ids=str,
)
def test_why_it_cannot_be_read(style: Style, campaigns: Any, server: Server, answer: Any, kind: Any) -> None:
    server.get(answer)
    assert str(style.error(kind, campaigns.outcome, 4900)).startswith("campaign 4900 was not read")


def again(error: OutcomeUnknownError, how: str) -> OutcomeUnknownError:
    """Return the error as another process gets it."""
    if how == "pickle":
        return pickle.loads(pickle.dumps(error))  # type: ignore[no-any-return]
    return type(error)(*json.loads(json.dumps(error.args)))


@pytest.mark.parametrize("how", ["pickle", "JSON"])
@every_read_back
def test_of_an_error_of_another_process(style: Style, server: Server, write: Write, how: str) -> None:
    first, second = style.client(server), style.client(server)
    write.prepare(server, LOST)
    server.get(is_with(write.needs or "Draft"), UNREAD)
    error = again(write.error(style, first.on_behalf_of("acme"), OutcomeUnknownError), how)
    server.schedule(AT)
    server.get(write.applied or UNREAD)
    found = style.do(second.outcome, error)
    assert (found.applied, found.action, found.id) == (True, write.done, 4900)
    assert {*first._exchange.on_behalf_of, *second._exchange.on_behalf_of} == {"acme"}  # R13
    server.schedule(AT + 60)
    server.get(is_with(write.needs or "Draft"))
    assert style.do(second.on_behalf_of("acme").outcome, error).applied is None


def test_of_another_account(style: Style, campaigns: Any, server: Server) -> None:
    error = OutcomeUnknownError(action="sent", campaign_id=4900, on_behalf_of="acme", cause="?")
    parents = OutcomeUnknownError(action="sent", campaign_id=4900, cause="?")
    for client, of_ in ((campaigns.on_behalf_of("beta"), error), (campaigns.on_behalf_of("acme"), parents)):
        refused = style.error(ConfigurationError, client.outcome, of_)
        assert "another account's view" in refused.problem
    for of_ in (OutcomeUnknownError(campaign_id=4900), OutcomeUnknownError(action="tidied", campaign_id=4900), "4900"):
        style.error(ConfigurationError, campaigns.outcome, of_)
    assert server.requests == []


@of(CREATE, SEND_TEST)
def test_of_what_cannot_be_read_back(style: Style, campaigns: Any, server: Server, write: Write) -> None:
    server.post(LOST)
    error = write.error(style, campaigns, OutcomeUnknownError)
    server.requests.clear()
    found = style.do(campaigns.outcome, error)
    assert found == Outcome(id=error.campaign_id, action=write.done, applied=None, status=None, why=error.advice)
    assert server.requests == []


@pytest.mark.parametrize("write", [SCHEDULE, RESCHEDULE], ids=["schedule", "reschedule"])
@pytest.mark.parametrize(
    ("after", "date", "reads", "applied"),
    [
        (550, None, [], None),
        (601, None, [], False),
        (550, "Mon, 01 Jan 2029 00:00:00 GMT", [], None),  # past only by the service's clock
        (601, "Fri, 15 Jan 2027 09:00:10 GMT", [], None),  # past only by this machine's
        (601, None, [UNREAD], None),  # one read may be old
    ],
    ids=str,
)
def test_of_a_chosen_time_that_is_past(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, write: Write, after: float, date: str | None,
    reads: list[Any], applied: bool | None,
) -> None:  # fmt: skip
    """R2: only then a Draft is definite. A reschedule tells nothing: its campaign is a Draft by others."""
    write.prepare(server, LOST)
    server.get(is_with(write.needs), UNREAD)
    error = write.error(style, campaigns, OutcomeUnknownError)
    clock.now = AT + after
    draft = httpx.Response(200, json=DRAFT, headers={"Date": date} if date else {})
    server.get(draft, *[reads[0], draft, reads[0]] if reads else [draft])
    server.requests.clear()
    found = style.do(campaigns.outcome, error)
    assert (found.applied, found.status) == (applied if write is SCHEDULE else None, "Draft")
    if found.applied is False:
        assert "the chosen time is past" in found.why
        assert len(server.requests) == 3


def test_of_a_create_by_send_once(style: Style, campaigns: Any, server: Server) -> None:
    """Found by the key at the end of its title."""
    server.post(LOST)
    server.get(httpx.Response(200, json={"result": []}))
    error = style.error(OutcomeUnknownError, campaigns.send_once, "x1", "March")
    assert (error.action, error.campaign_id) == ("created", None)
    assert style.do(campaigns.outcome, error).applied is None
    made = [{"id": 7, "title": "March (once x10)", "status": "Draft"}, {**DRAFT, "title": "March (once x1)"}]
    server.get(httpx.Response(200, json={"result": made}))
    for way in ("pickle", "JSON"):
        found = style.do(campaigns.outcome, again(error, way))
        assert (found.applied, found.id, found.status) == (True, 4900, "Draft")


def test_a_delete_keeps_what_it_was_told(style: Style, campaigns: Any, server: Server) -> None:
    DELETE.prepare(server, LOST)
    error = style.error(OutcomeUnknownError, campaigns.delete, 4900, stop=True)
    assert error.wanted == {"stop": True}
    server.get(is_with("In Progress"))
    assert "as before" in style.do(campaigns.outcome, error).why
    assert style.do(campaigns.outcome, OutcomeUnknownError(action="deleted", campaign_id=4900, wanted={"stop": False}))
