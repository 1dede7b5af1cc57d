"""`send_once`: one mailing for each key, found again by the title."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import sendgrid_campaigns as sg
from doubles import DRAFT, FakeClock, Server, Style, cases
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns_api.operations import CREATE_CAMPAIGN
from writes import reply

FIELDS: dict[str, Any] = {
    "subject": "News",
    "sender_id": 124451,
    "list_ids": [110],
    "suppression_group_id": 42,
    "plain_content": "Hello! [unsubscribe]",
}
ONCE = ("2026-03", "March")
KEYED = {**DRAFT, "title": "March (once 2026-03)"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=lambda: 1_800_000_000) as sandbox:
        yield sandbox


def test_a_job_that_is_run_again_mails_once(sandbox: Sandbox, style: Style) -> None:
    client = style.of(sandbox)
    first = style.do(client.send_once, *ONCE, **FIELDS)
    for _ in range(120):
        sandbox.create_campaign()
    style.do(client.create, "March (once 2026-033)", **FIELDS)
    again = style.do(client.send_once, *ONCE, **FIELDS)
    assert (first.known_from, again.known_from, again.id) == ("answer", "already", first.id)
    assert style.do(client.get, first.id).title == "March (once 2026-03)"
    other = style.do(client.send_once, "2026-04", "March", **FIELDS)
    requests = len(sandbox.requests())
    assert style.do(client.send_once, "2026-04", "March", **FIELDS).known_from == "already"
    # It is on the first of three pages. A Draft would not end the search: another with the key may have been sent.
    assert [each.method for each in sandbox.requests()[requests:]] == ["GET", "POST", "GET"]
    assert [mailing.campaign_id for mailing in sandbox.mailings()] == [first.id, other.id]


@pytest.mark.parametrize("sent", [None, 1])
def test_of_several_the_one_that_was_sent_or_made_first(sandbox: Sandbox, style: Style, sent: Any) -> None:
    """All clients take the same one."""
    client = style.of(sandbox)
    ids = [style.do(client.create, "March (once 2026-03)", **FIELDS).id for _ in range(3)]
    if sent:
        style.do(client.send, ids[sent])
    receipt = style.do(client.send_once, *ONCE, **FIELDS)
    assert (receipt.id, receipt.known_from) == ((ids[sent], "already") if sent else (ids[0], "answer"))
    assert len(sandbox.mailings()) == 1


def listed(*campaigns: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"result": [*campaigns]})


NONE, FOUND, MADE = listed(), listed(KEYED), httpx.Response(201, json=KEYED)
OTHER = listed({**KEYED, "title": "May (once 2026-03)"})
NOTHING, A_DRAFT, UPDATED = "This call changed nothing.", "This call made a draft", "This call updated the draft"


@cases(
    "reads posts kind changed",
    ([NONE], [reply("400")], "BadRequestError", NOTHING),
    ([reply("503")], [reply("400")], "ServerError", NOTHING),
    ([FOUND], [reply("400")], "BadRequestError", NOTHING),  # a draft of an earlier run, as it is to be
    ([NONE, FOUND], [MADE, reply("400")], "BadRequestError", A_DRAFT),
    ([NONE, FOUND], [MADE, reply("refused")], "NotAppliedError", A_DRAFT),
    ([NONE], [MADE], "NotAppliedError", A_DRAFT),  # the list does not show it yet
    ([NONE, FOUND], [MADE, reply("lost")], "OutcomeUnknownError", A_DRAFT),
    ([OTHER, OTHER, reply("Draft")], [reply("400")], "BadRequestError", UPDATED),
)
def test_errors_say_what_was_changed(
    style: Style, server: Server, clock: FakeClock, reads: Any, posts: Any, kind: str, changed: str
) -> None:
    server.get(*reads)
    server.post(*posts)
    campaigns = style.client(server, clock=clock, retry=sg.Retry(settle=3, attempts=2))
    error = style.error(getattr(sg, kind), campaigns.send_once, *ONCE)
    assert changed in error.advice
    assert (NOTHING in str(error)) is (changed == NOTHING)
    assert [attempt.method for attempt in error.attempts] == server.methods
    assert sum(clock.waits) < 30


def test_keys_and_titles(style: Style, campaigns: Any, server: Server) -> None:
    for key in ("", "x" * 41, "a b", "a)", "ü", "a\n", 5, None):
        error = style.error(sg.ConfigurationError, campaigns.send_once, key, "March")
        assert error.cause.startswith("key is ")
    for key in ("x", "k" * 40):
        longest = "M" * (CREATE_CAMPAIGN.limits["title"] - len(f" (once {key})"))
        for title in (f"{longest}M", ""):
            error = style.error(sg.ConfigurationError, campaigns.send_once, key, title)
            assert f"title has {len(title)} characters" in error.cause
        server.get(NONE, listed({**DRAFT, "title": f"{longest} (once {key})"}))
        style.do(campaigns.send_once, key, longest)
        bodies = [
            json.loads(each.content) for each in server.requests if each.url.path == "/v3/campaigns" and each.content
        ]
        assert [len(body["title"]) for body in bodies] == [100]
        server.requests.clear()
