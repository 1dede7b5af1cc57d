"""`send_once`: one mailing for each key, found again by the title."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from doubles import DRAFT, FakeClock, Server, Style, no
from sendgrid_campaigns import (
    BadRequestError,
    ConfigurationError,
    NotAppliedError,
    NotInDraftError,
    OutcomeUnknownError,
    Retry,
    SendReceipt,
)
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns_api.operations import CREATE_CAMPAIGN

FIELDS: dict[str, Any] = {
    "subject": "News",
    "sender_id": 124451,
    "list_ids": [110],
    "suppression_group_id": 42,
    "plain_content": "Hello! [unsubscribe]",
}
KEYED = {**DRAFT, "title": "March (once x)"}
DRAFT_READ = httpx.Response(200, json=DRAFT)
LOST = httpx.ReadTimeout("slow")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=lambda: 1_800_000_000) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox, style: Style) -> Iterator[Any]:
    made = sandbox.async_client() if style.is_async else sandbox.client()
    yield made
    style.close(made)


def test_a_job_that_is_run_again_mails_once(sandbox: Sandbox, style: Style, client: Any) -> None:
    first = style.do(client.send_once, "2026-03", "March", **FIELDS)
    again = style.do(client.send_once, "2026-03", "March", **FIELDS)
    assert (first.known_from, again.known_from, again.id) == ("answer", "already", first.id)
    assert style.do(client.get, first.id).title == "March (once 2026-03)"
    other = style.do(client.send_once, "2026-04", "March", **FIELDS)
    assert [mailing.campaign_id for mailing in sandbox.mailings()] == [first.id, other.id]


def test_a_draft_of_an_earlier_run_gets_the_fields_of_this_one(style: Style, client: Any) -> None:
    draft = style.do(client.create, "February (once x)", **FIELDS)
    assert style.do(client.send_once, "x", "March", **{**FIELDS, "subject": "More", "ip_pool": None}).id == draft.id
    sent = style.do(client.get, draft.id)
    assert (sent.subject, sent.title) == ("More", "March (once x)")


def test_of_several_the_one_that_was_sent_counts(sandbox: Sandbox, style: Style, client: Any) -> None:
    newest = [style.do(client.create, "March (once x)", **FIELDS).id for _ in range(2)][-1]
    style.do(client.send, newest)
    receipt = style.do(client.send_once, "x", "March", **FIELDS)
    assert (receipt.id, receipt.known_from, len(sandbox.mailings())) == (newest, "already", 1)


def test_a_campaign_is_found_behind_many_others(sandbox: Sandbox, style: Style, client: Any) -> None:
    first = style.do(client.send_once, "x", "March", **FIELDS)
    for _ in range(120):
        sandbox.create_campaign()
    style.do(client.create, "March (once xx)", **FIELDS)
    assert style.do(client.send_once, "x", "March", **FIELDS).id == first.id


@pytest.mark.parametrize(("operation", "effect"), [(op, how) for op in ("create", "send") for how in ("done", "none")])
def test_a_lost_answer_is_found_out(
    sandbox: Sandbox, style: Style, client: Any, operation: str, effect: Any
) -> None:
    sandbox.fault(operation, effect=effect, ending="reset")
    receipt = style.do(client.send_once, "x", "March", **FIELDS)
    assert isinstance(receipt, SendReceipt)
    assert [mailing.campaign_id for mailing in sandbox.mailings()] == [receipt.id]


def listed(*campaigns: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"result": [*campaigns]})


@pytest.mark.parametrize(
    ("reads", "post", "kind", "changed"),
    [
        # nothing was made yet
        ([listed()], [no(400)], BadRequestError, "This call changed nothing."),
        ([httpx.Response(503)], [no(400)], Exception, "This call changed nothing."),
        # a draft was made
        ([listed(), listed(KEYED)], [httpx.Response(201, json=KEYED), no(400)], BadRequestError, "This call made a draft"),
        ([listed()], [httpx.Response(201, json=KEYED)], NotAppliedError, "This call made a draft"),
        ([listed(), listed(KEYED)], [httpx.Response(201, json=KEYED), LOST], OutcomeUnknownError, "This call made a draft"),
        # a draft of an earlier run was found, and updated
        ([listed({**KEYED, "title": "May (once x)"})] * 2 + [DRAFT_READ], [no(400)], BadRequestError, "This call updated the draft"),
        # a draft of an earlier run was found as it is to be
        ([listed(KEYED)], [no(400)], BadRequestError, "This call changed nothing."),
    ],
    ids=str,
)
def test_errors_say_what_was_changed(
    style: Style, server: Server, clock: FakeClock, reads: Any, post: Any, kind: Any, changed: str
) -> None:
    campaigns = style.client(server, clock=clock, retry=Retry(settle=3, attempts=2))
    server.get(*reads)
    server.post(*post)
    with pytest.raises(kind) as raised:
        style.do(campaigns.send_once, "x", "March")
    error: Any = raised.value
    assert changed in str(error)
    assert ("changed nothing" in str(error)) is ("changed nothing" in changed)
    assert [attempt.method for attempt in error.attempts] == server.methods
    assert sum(clock.waits) < 30


def test_a_campaign_that_was_stopped_is_not_sent(style: Style, campaigns: Any, server: Server) -> None:
    stopped = listed({**KEYED, "status": "Canceled"})
    server.get(stopped, stopped, httpx.Response(200, json={**KEYED, "status": "Canceled"}))
    server.post(no(403))
    assert style.error(NotInDraftError, campaigns.send_once, "x", "March").status == "Canceled"
    assert "PATCH" not in server.methods


@pytest.mark.parametrize("key", ["", "x" * 41, "a b", "a)", "ü", "a\n", 5.5, None])
def test_a_key_that_cannot_be(style: Style, campaigns: Any, server: Server, key: Any) -> None:
    error = style.error(ConfigurationError, campaigns.send_once, key, "March")
    assert error.problem.startswith("key is ")
    assert server.requests == []


@pytest.mark.parametrize("key", ["x", "k" * 40])
def test_a_title_with_its_key_is_as_long_as_the_fragment_allows(
    style: Style, campaigns: Any, server: Server, key: str
) -> None:
    longest = CREATE_CAMPAIGN.limits["title"] - len(f" (once {key})")
    for title in ("M" * (longest + 1), ""):
        assert f"title has {len(title)} characters" in style.error(
            ConfigurationError, campaigns.send_once, key, title
        ).problem
    assert server.requests == []
    server.get(listed(), listed({**DRAFT, "title": f"{'M' * longest} (once {key})"}))
    style.do(campaigns.send_once, key, "M" * longest)
    (created,) = [json.loads(each.content) for each in server.requests if each.url.path == "/v3/campaigns" and each.content]
    assert len(created["title"]) == 100
