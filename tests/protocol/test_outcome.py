"""`outcome`: what became of a write, by a campaign's id or by an error, also of another process or account."""

import json
import pickle
from typing import Any

import httpx

import sendgrid_campaigns as sg
from doubles import DRAFT, FakeClock, Server, Style, cases
from writes import WRITES, Script, Write

GET = Write("outcome", "sent", (4900,))


@cases(
    "reads applied status why waited",
    ("Sent", True, "Sent", "nobody can undo", 0),
    ("In_Progress", True, "In Progress", "nobody can undo", 0),
    ("Scheduled@0", True, "Scheduled", "as the write was to make it", 45),
    ("Scheduled@3600", None, "Scheduled", "will not tell more", 0),
    ("Draft", None, "Draft", "most likely it had no effect", 45),
    ("Paused", None, "Paused", "will not tell more", 0),
    ("Draft 503", None, "Draft", "not for long enough", 45),
    ("404", None, None, "will not tell more", 0),
)
def test_of_an_id(style: Style, reads: str, applied: Any, status: Any, why: str, waited: float) -> None:
    server, clock = Script(reads, "ok", GET), FakeClock()
    found = style.do(style.client(server, clock=clock).outcome, 4900)
    assert (found.id, found.action, found.applied, found.status) == (4900, "sent", applied, status)
    assert why in found.why
    assert sum(clock.waits) == waited
    assert [attempt.method for attempt in found.attempts] == server.methods == ["GET"] * len(server.methods)


def again(error: sg.OutcomeUnknownError, how: str) -> sg.OutcomeUnknownError:
    """Return the error as another process gets it."""
    return pickle.loads(pickle.dumps(error)) if how == "pickle" else type(error)(*json.loads(json.dumps(error.args)))


def unknown(style: Style, write: Write, **named: Any) -> sg.OutcomeUnknownError:
    client = style.client(Script("before 503", "lost", write)).on_behalf_of("acme")
    return style.error(
        sg.OutcomeUnknownError, getattr(client, write.name), *write.arguments, **{**write.named, **named}
    )


def test_of_another_account_or_of_no_write(style: Style, campaigns: Any, server: Server) -> None:
    error = sg.OutcomeUnknownError(action="sent", campaign_id=4900, on_behalf_of="acme")
    parents = sg.OutcomeUnknownError(action="sent", campaign_id=4900)
    for client, of in ((campaigns.on_behalf_of("beta"), error), (campaigns.on_behalf_of("acme"), parents)):
        assert "the error is about" in style.error(sg.ConfigurationError, client.outcome, of).cause
    for of in (
        sg.OutcomeUnknownError(campaign_id=4900),
        sg.OutcomeUnknownError(action="tidied", campaign_id=4900),
        "4",
    ):
        style.error(sg.ConfigurationError, campaigns.outcome, of)
    assert server.requests == []


def test_of_what_cannot_be_read_back(style: Style, campaigns: Any, server: Server) -> None:
    for name in ("create", "send_test"):
        error = unknown(style, WRITES[name])
        found = style.do(campaigns.outcome, error)
        assert (found.id, found.action, found.applied) == (error.campaign_id, WRITES[name].done, None)
        assert found.why == error.advice
    assert server.requests == []


def test_of_a_create_by_send_once(style: Style, campaigns: Any, server: Server) -> None:
    """Found by the key at the end of its title."""
    server.post(httpx.ReadTimeout("slow"))
    server.get(httpx.Response(200, json={"result": []}))
    error = style.error(sg.OutcomeUnknownError, campaigns.send_once, "x1", "March")
    assert (error.action, error.campaign_id) == ("created", None)
    assert style.do(campaigns.outcome, error).applied is None
    made = [{"id": 7, "title": "March (once x10)", "status": "Draft"}, {**DRAFT, "title": "March (once x1)"}]
    server.get(httpx.Response(200, json={"result": made}))
    for how in ("pickle", "JSON"):
        found = style.do(campaigns.outcome, again(error, how))
        assert (found.applied, found.id, found.status) == (True, 4900, "Draft")


def test_a_delete_keeps_what_it_was_told(style: Style) -> None:
    for stop, why in ((True, "as before"), (False, "will not tell more")):
        error = unknown(style, WRITES["delete"], stop=stop)
        assert error.wanted == {"stop": stop}
        client = style.client(Script("In_Progress", "ok", GET)).on_behalf_of("acme")
        assert why in style.do(client.outcome, error).why
