"""What reading back concludes, through the clients: send and the others, ensure_sent, outcome, resolve, send_once."""

import asyncio
import pickle
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from doubles import ACCEPTED, DRAFT, Colour, FakeClock, Server
from sendgrid_campaigns import (
    AsyncCampaignsClient,
    AuthenticationError,
    Campaign,
    CampaignsClient,
    ConfigurationError,
    NotFoundError,
    NotInDraftError,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    Retry,
    Schedule,
    SendReceipt,
    ServerError,
)
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.settings import Budget

NOW = 1_800_000_000
AT = NOW + 3600
SOON = datetime.fromtimestamp(AT, UTC)
LOST = httpx.ReadTimeout("slow")


def is_with(status: str | None, **fields: Any) -> httpx.Response:
    return httpx.Response(200, json={**DRAFT, "status": status, **fields})


def after_draft(server: Server, *then: Any) -> None:
    """The first read shows a Draft, and later ones these."""
    server.get(is_with("Draft"), *then)


# --- the settle window ---


def test_the_reads_of_a_settle_window(colour: Colour, server: Server, clock: FakeClock) -> None:
    server.post(LOST, httpx.Response(201, json=ACCEPTED))
    assert colour.do(colour.client(server, clock=clock).send, 4900).known_from == "answer"
    assert clock.waits == [0.5, 1, 2, 4, 8, 8, 8, 8, 5.5]
    assert server.methods == ["GET", "POST", *["GET"] * 10, "POST"]


def test_settle_is_a_setting(colour: Colour, server: Server, clock: FakeClock) -> None:
    campaigns = colour.client(server, clock=clock, retry=Retry(settle=3))
    server.post(LOST, httpx.Response(201, json=ACCEPTED))
    colour.do(campaigns.send, 4900)
    assert clock.waits == [0.5, 1, 1.5]


def test_a_window_that_cannot_be_read_lets_nothing_be_sent_again(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    after_draft(server, httpx.Response(503))
    server.post(LOST)
    error = colour.error(OutcomeUnknownError, campaigns.send, 4900)
    assert (error.status, server.methods.count("POST"), sum(clock.waits)) == (None, 1, 45)


def test_one_draft_at_the_end_of_the_window_is_not_enough(colour: Colour, campaigns: Any, server: Server) -> None:
    after_draft(server, *[httpx.Response(503)] * 9, is_with("Draft"))
    server.post(LOST)
    colour.error(OutcomeUnknownError, campaigns.send, 4900)
    assert server.methods.count("POST") == 1


def test_after_it_was_seen_to_have_moved_nothing_is_posted(colour: Colour, campaigns: Any, server: Server) -> None:
    after_draft(server, is_with("Scheduled"), is_with("Draft"))
    server.schedule(None)
    server.post(LOST)
    error = colour.error(OutcomeUnknownError, campaigns.send, 4900)
    assert (error.status, server.methods.count("POST")) == ("Draft", 1)


def test_attempts_are_counted_over_all_windows(colour: Colour, server: Server, clock: FakeClock) -> None:
    campaigns = colour.client(server, clock=clock, retry=Retry(attempts=2, deadline=1000))
    server.post(LOST)
    colour.error(OutcomeUnknownError, campaigns.send, 4900)
    assert server.methods.count("POST") == 2
    assert sum(clock.waits) == 90


def test_finding_out_begins_nothing_after_the_deadline(colour: Colour, server: Server, clock: FakeClock) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        clock.now += 30
        raise httpx.ReadTimeout("slow")

    campaigns = colour.client(server, clock=clock, retry=Retry(deadline=20))
    server.post(slow)
    colour.error(OutcomeUnknownError, campaigns.send, 4900)
    assert server.methods == ["GET", "POST"]


@pytest.mark.parametrize(
    ("status", "send_at", "known"),
    [
        ("In Progress", None, True),
        (" sent", None, True),
        ("Scheduled", NOW, True),
        ("Scheduled", NOW - 5000, True),
        ("Scheduled", NOW + 300, True),
        ("Scheduled", NOW + 301, False),
        ("Paused", None, False),
        ("Canceled", None, False),
        ("Queued", None, False),
        ("", None, False),
    ],
)
def test_what_a_status_says_of_a_send(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock, status: str, send_at: int | None, known: bool
) -> None:
    after_draft(server, is_with(status))
    server.schedule(send_at)
    server.post(LOST)
    if known:
        assert colour.do(campaigns.send, 4900) == SendReceipt(4900, status, "read-back")
    else:
        assert colour.error(OutcomeUnknownError, campaigns.send, 4900).status == status
    assert server.methods.count("POST") == 1
    # What can be taken back may be an old read of what was so before this call.
    assert sum(clock.waits) == (45 if known and status == "Scheduled" else 0)


@pytest.mark.parametrize(("days", "known"), [(1, True), (0, False)])
def test_about_now_is_by_the_clock_that_is_behind(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock, days: int, known: bool
) -> None:
    """The answer's Date is a day later than this machine's time, or just right: only one of them may be wrong."""
    clock.now += days * 86_400
    dated = httpx.Response(
        200, json={**DRAFT, "status": "Scheduled"}, headers={"Date": "Sat, 16 Jan 2027 08:00:00 GMT"}
    )
    after_draft(server, dated)
    server.schedule(NOW + 86_400)
    server.post(LOST)
    if known:
        assert colour.do(campaigns.send, 4900).known_from == "read-back"
    else:
        colour.error(OutcomeUnknownError, campaigns.send, 4900)


def test_deleted_meanwhile(colour: Colour, campaigns: Any, server: Server) -> None:
    after_draft(server, httpx.Response(404))
    server.post(LOST)
    error = colour.error(OutcomeUnknownError, campaigns.send, 4900)
    assert "it has been deleted meanwhile" in str(error)
    assert error.status is None


# --- the other writes ---


def test_a_schedule_that_is_read_back(colour: Colour, campaigns: Any, server: Server) -> None:
    after_draft(server, is_with("Scheduled"))
    server.schedule(AT)
    server.post(LOST)
    assert colour.do(campaigns.schedule, 4900, SOON) == Schedule(4900, SOON, "Scheduled", "read-back")


def test_a_schedule_for_another_time_is_not_ours_and_no_proof(colour: Colour, campaigns: Any, server: Server) -> None:
    after_draft(server, is_with("Scheduled"))
    server.schedule(AT + 1)
    server.post(LOST)
    assert colour.error(OutcomeUnknownError, campaigns.schedule, 4900, SOON).wanted == {"send_at": AT}
    assert server.methods.count("POST") == 1


def test_a_schedule_that_is_near_is_not_posted_again(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    server.post(LOST)
    colour.error(OutcomeUnknownError, campaigns.schedule, 4900, datetime.fromtimestamp(clock.now + 100, UTC))
    assert server.methods.count("POST") == 1


def test_a_reschedule_that_is_read_back(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(is_with("Scheduled"))
    server.schedule(AT)
    server.answer("PATCH", LOST)
    assert colour.do(campaigns.reschedule, 4900, SOON) == Schedule(4900, SOON, "Scheduled", "read-back")


@pytest.mark.parametrize(("present", "tries"), [(NOW + 100, 1), (AT + 1, 3)])
def test_a_reschedule_is_repeated_while_both_times_are_far(
    colour: Colour, campaigns: Any, server: Server, present: int, tries: int
) -> None:
    server.get(is_with("Scheduled"))
    server.schedule(present)
    server.answer("PATCH", LOST)
    colour.error(OutcomeUnknownError, campaigns.reschedule, 4900, SOON)
    assert server.methods.count("PATCH") == tries


def test_a_newer_time_of_somebody_else_is_not_written_over(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(is_with("Scheduled"))
    server.schedule(AT + 60, AT + 120)
    server.answer("PATCH", LOST)
    error = colour.error(OutcomeUnknownError, campaigns.reschedule, 4900, SOON)
    assert (error.status, server.methods.count("PATCH")) == ("Scheduled", 1)


def test_not_even_one_that_is_first_seen_after_the_second_attempt(
    colour: Colour, campaigns: Any, server: Server
) -> None:
    server.get(is_with("Scheduled"))
    server.schedule(*[AT + 60] * 10, AT + 120)
    server.answer("PATCH", LOST)
    colour.error(OutcomeUnknownError, campaigns.reschedule, 4900, SOON)
    assert server.methods.count("PATCH") == 2


def test_a_newer_edit_of_somebody_else_is_not_written_over(colour: Colour, campaigns: Any, server: Server) -> None:
    after_draft(server, is_with("Draft", subject="Winter"), is_with("Draft", subject="Summer"))
    server.answer("PATCH", LOST)
    colour.error(OutcomeUnknownError, campaigns.update, 4900, subject="Spring")
    assert server.methods.count("PATCH") == 1


def test_an_edit_of_another_field_is_no_newer_value(colour: Colour, campaigns: Any, server: Server) -> None:
    after_draft(server, is_with("Draft"), is_with("Draft", ip_pool="marketing"))
    server.answer("PATCH", LOST, httpx.Response(200, json={**DRAFT, "subject": "Spring"}))
    assert colour.do(campaigns.update, 4900, subject="Spring").subject == "Spring"


def test_an_unschedule_is_believed_after_the_window(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    """It was a Draft before it was scheduled, too, perhaps a moment ago."""
    server.get(is_with("Scheduled"), is_with("Draft"))
    server.answer("DELETE", LOST)
    colour.do(campaigns.unschedule, 4900)
    assert sum(clock.waits) == 45
    assert server.methods.count("DELETE") == 1


def test_an_unschedule_that_came_too_late(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(is_with("Scheduled"), is_with("In Progress"))
    server.answer("DELETE", LOST)
    error = colour.error(OutcomeUnknownError, campaigns.unschedule, 4900)
    assert error.status == "In Progress"
    assert "stopped only by delete(..., stop=True)" in error.advice


def test_an_update_that_is_read_back(colour: Colour, campaigns: Any, server: Server) -> None:
    after_draft(server, is_with("Draft", subject="Spring", list_ids=[1, 2], custom_unsubscribe_url=None))
    server.answer("PATCH", LOST)
    updated = colour.do(campaigns.update, 4900, subject="Spring", list_ids=[1, 2], custom_unsubscribe_url="")
    assert updated == Campaign(id=4900, title="March Newsletter", status="Draft", subject="Spring", list_ids=(1, 2))


@pytest.mark.parametrize("fields", [{"subject": "Spring"}, {"list_ids": [1, 2]}], ids=str)
def test_an_update_of_which_a_part_is_not_there_is_tried_again(
    colour: Colour, campaigns: Any, server: Server, fields: dict[str, Any]
) -> None:
    after_draft(server, is_with("Draft", **fields))
    server.answer("PATCH", LOST)
    colour.error(OutcomeUnknownError, campaigns.update, 4900, subject="Spring", list_ids=[1, 2])
    assert server.methods.count("PATCH") == 3


def test_a_delete_that_is_read_back(colour: Colour, campaigns: Any, server: Server) -> None:
    after_draft(server, httpx.Response(404))
    server.answer("DELETE", LOST)
    colour.do(campaigns.delete, 4900)
    assert server.methods == ["GET", "DELETE", *["GET"] * 10]


def test_a_delete_in_doubt_does_not_stop_mail_that_it_was_not_told_to(
    colour: Colour, campaigns: Any, server: Server
) -> None:
    after_draft(server, is_with("Scheduled"))
    server.answer("DELETE", LOST)
    assert colour.error(OutcomeUnknownError, campaigns.delete, 4900).status == "Scheduled"
    assert server.methods.count("DELETE") == 1


# --- ensure_sent ---


@pytest.mark.parametrize(("status", "send_at"), [("In Progress", None), ("Sent", None), ("Scheduled", NOW + 10)])
def test_what_was_sent_before_is_good_enough(
    colour: Colour, campaigns: Any, server: Server, status: str, send_at: int | None
) -> None:
    server.get(is_with(status))
    server.schedule(send_at)
    assert colour.do(campaigns.ensure_sent, 4900) == SendReceipt(4900, status, "already")
    assert set(server.methods) == {"GET"}


@pytest.mark.parametrize(
    ("status", "send_at"), [("Paused", None), ("Canceled", None), ("Queued", None), ("Scheduled", AT)]
)
def test_what_was_stopped_or_is_for_later_is_not(
    colour: Colour, campaigns: Any, server: Server, status: str, send_at: int | None
) -> None:
    server.get(is_with(status))
    server.schedule(send_at)
    assert colour.error(NotInDraftError, campaigns.ensure_sent, 4900).status == status


def test_ensure_sent_sends_a_draft(colour: Colour, campaigns: Any, server: Server) -> None:
    assert colour.do(campaigns.ensure_sent, 4900) == SendReceipt(4900, "Scheduled", "answer")
    assert server.methods == ["GET", "POST"]


def test_what_is_scheduled_for_now_is_read_until_it_is_sure(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    """Somebody may have taken it back a moment ago: the read can be older than that."""
    server.get(is_with("Scheduled"), is_with("Draft"))
    server.schedule(NOW)
    error = colour.error(NotSentError, campaigns.ensure_sent, 4900)
    assert "somebody has changed it while it was read" in error.cause
    assert set(server.methods) == {"GET"}
    server.get(is_with("Scheduled"), is_with("Scheduled"), is_with("In Progress"))
    assert colour.do(campaigns.ensure_sent, 4900) == SendReceipt(4900, "In Progress", "already")


def test_a_schedule_taken_back_while_it_was_read_is_not_made_again(
    colour: Colour, campaigns: Any, server: Server
) -> None:
    after_draft(server, is_with("Scheduled"), is_with("Draft"))
    server.schedule(AT)
    server.post(LOST)
    colour.error(OutcomeUnknownError, campaigns.schedule, 4900, SOON)
    assert server.methods.count("POST") == 1


def test_a_schedule_made_again_while_it_was_taken_back_is_left_alone(
    colour: Colour, campaigns: Any, server: Server
) -> None:
    server.get(is_with("Scheduled"), is_with("Draft"), is_with("Scheduled"))
    server.answer("DELETE", LOST)
    colour.error(OutcomeUnknownError, campaigns.unschedule, 4900)
    assert server.methods.count("DELETE") == 1


# --- outcome and resolve ---


def test_outcome_of_what_was_sent(colour: Colour, campaigns: Any, server: Server, clock: FakeClock) -> None:
    server.get(is_with("Sent"))
    found = colour.do(campaigns.outcome, 4900)
    assert found == Outcome(id=4900, action="sent", applied=True, status="Sent", why='it is "Sent": as was asked for')
    assert server.methods == ["GET"]
    assert clock.waits == []


def test_outcome_of_a_draft_is_read_for_a_while(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    found = colour.do(campaigns.outcome, 4900)
    assert (found.applied, found.status) == (None, "Draft")
    assert "most likely nothing came of it" in found.why
    assert sum(clock.waits) == 45
    assert set(server.methods) == {"GET"}


@pytest.mark.parametrize(
    ("answers", "kind"),
    [([httpx.Response(401)], AuthenticationError), ([httpx.Response(503)], ServerError)],
    ids=str,
)
def test_outcome_says_why_it_cannot_read(
    colour: Colour, campaigns: Any, server: Server, answers: list[httpx.Response], kind: Any
) -> None:
    server.get(*answers)
    assert "campaign 4900 was not read" in str(colour.error(kind, campaigns.outcome, 4900))


def test_outcome_of_what_is_not_there(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(404))
    found = colour.do(campaigns.outcome, 4900)
    assert (found.applied, found.status) == (None, None)
    assert "no such campaign" in found.why


CALLS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "send": lambda c: (c.send, 4900),
    "schedule": lambda c: (c.schedule, 4900, SOON),
    "reschedule": lambda c: (c.reschedule, 4900, SOON),
    "unschedule": lambda c: (c.unschedule, 4900),
    "delete": lambda c: (c.delete, 4900),
    "update": lambda c: (lambda: c.update(4900, subject="Spring"),),
}
NEEDS = {"reschedule": "Scheduled", "unschedule": "Scheduled"}
APPLIED: dict[str, Any] = {
    "send": is_with("In Progress"),
    "schedule": is_with("Scheduled"),
    "reschedule": is_with("Scheduled"),
    "unschedule": is_with("Draft"),
    "delete": httpx.Response(404),
    "update": is_with("Draft", subject="Spring"),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_error_is_resolved_elsewhere(colour: Colour, server: Server, name: str) -> None:
    """In another process, given a client of the same account; by the other colour, here."""
    server.get(is_with(NEEDS.get(name, "Draft")), httpx.Response(503))
    for method in ("POST", "PATCH", "DELETE"):
        server.answer(method, LOST)
    method, *arguments = CALLS[name](colour.client(server).on_behalf_of("acme"))
    error = pickle.loads(pickle.dumps(colour.error(OutcomeUnknownError, method, *arguments)))
    server.get(APPLIED[name])
    server.schedule(AT)
    other = CampaignsClient if colour.client_class is AsyncCampaignsClient else AsyncCampaignsClient
    elsewhere = Colour(other, asyncio.Runner())
    found = elsewhere.do(elsewhere.client(server).resolve, error)
    assert (found.applied, found.action) == (True, error.action)
    assert {request.headers.get("on-behalf-of") for request in server.requests} == {"acme"}


def test_a_schedule_whose_time_is_past_never_happened(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    after_draft(server, httpx.Response(503))
    server.post(LOST)
    error = colour.error(OutcomeUnknownError, campaigns.schedule, 4900, SOON)
    server.get(is_with("Draft"))
    clock.now = AT + 550
    assert colour.do(campaigns.resolve, error).applied is None
    clock.now = AT + 601
    wrong = httpx.Response(200, json=DRAFT, headers={"Date": "Mon, 01 Jan 2029 00:00:00 GMT"})
    right = httpx.Response(200, json=DRAFT, headers={"Date": "Fri, 15 Jan 2027 09:00:10 GMT"})
    for date in (wrong, right):  # the fence is behind only when both clocks say so, here and there
        server.get(date)
        clock.now = AT + (550 if date is wrong else 601)
        assert colour.do(campaigns.resolve, error).applied is None
    server.get(is_with("Draft"), httpx.Response(503), is_with("Draft"), httpx.Response(503))
    assert colour.do(campaigns.resolve, error).applied is None  # one read alone may be as old as can be
    server.get(is_with("Draft"))
    asked, clock.now = len(server.requests), AT + 601
    found = colour.do(campaigns.resolve, error)
    assert len(server.requests) - asked == 3
    assert (found.applied, found.status) == (False, "Draft")
    assert "the service takes it no more" in found.why


def test_what_cannot_be_read_back_is_not_asked_for(colour: Colour, campaigns: Any, server: Server) -> None:
    server.post(LOST)
    for call in ((campaigns.send_test, 4900, "a@example.com"), (campaigns.create, "A title")):
        error = colour.error(OutcomeUnknownError, *call)
        asked = len(server.requests)
        found = colour.do(campaigns.resolve, error)
        assert (found.applied, found.why, len(server.requests)) == (None, error.advice, asked)


def test_no_view_resolves_what_is_anothers(colour: Colour, campaigns: Any, server: Server) -> None:
    error = OutcomeUnknownError(campaign_id=4900, on_behalf_of="acme", cause="?")
    assert "another account" in colour.error(ConfigurationError, campaigns.on_behalf_of("beta").resolve, error).problem
    parents = OutcomeUnknownError(campaign_id=4900, cause="?")
    colour.error(ConfigurationError, campaigns.on_behalf_of("acme").resolve, parents)
    colour.error(ConfigurationError, campaigns.resolve, NotSentError(cause="?"))
    assert server.requests == []


# --- send_once ---


FIELDS: dict[str, Any] = {
    "subject": "News",
    "sender_id": 124451,
    "list_ids": [110],
    "suppression_group_id": 42,
    "plain_content": "Hello! [unsubscribe]",
}
OPEN = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def client(sandbox: Sandbox, colour: Colour) -> Iterator[Any]:
    made = sandbox.client() if colour.client_class is CampaignsClient else sandbox.async_client()
    yield made
    colour.close(made)


def test_a_job_that_is_run_again_mails_once(sandbox: Sandbox, colour: Colour, client: Any) -> None:
    first = colour.do(client.send_once, "2026-03", "March", **FIELDS)
    again = colour.do(client.send_once, "2026-03", "March", **FIELDS)
    assert (first.known_from, again.known_from, again.id) == ("answer", "already", first.id)
    assert [mailing.campaign_id for mailing in sandbox.mailings()] == [first.id]
    assert colour.do(client.get, first.id).title == "March (once 2026-03)"
    other = colour.do(client.send_once, "2026-04", "March", **FIELDS)
    assert [mailing.campaign_id for mailing in sandbox.mailings()] == [first.id, other.id]


def test_a_draft_of_an_earlier_run_gets_the_fields_of_this_one(sandbox: Sandbox, colour: Colour, client: Any) -> None:
    draft = colour.do(client.create, "February (once x)", **FIELDS)
    assert colour.do(client.send_once, "x", "March", **{**FIELDS, "subject": "More news"}).id == draft.id
    assert colour.do(client.get, draft.id).subject == "More news"
    assert colour.do(client.get, draft.id).title == "March (once x)"


def test_of_several_the_one_that_was_sent_counts(sandbox: Sandbox, colour: Colour, client: Any) -> None:
    for _ in range(2):
        newest = colour.do(client.create, "March (once x)", **FIELDS)
    colour.do(client.send, newest.id)
    assert colour.do(client.send_once, "x", "March", **FIELDS).known_from == "already"
    assert len(sandbox.mailings()) == 1


def test_it_is_found_behind_many_others(sandbox: Sandbox, colour: Colour, client: Any) -> None:
    first = colour.do(client.send_once, "x", "March", **FIELDS)
    for _ in range(120):
        sandbox.create_campaign()
    assert colour.do(client.send_once, "x", "March", **FIELDS).id == first.id


@pytest.mark.parametrize("key", ["", "x" * 41, "a b", "a)", 5, None])
def test_a_key_that_cannot_be_right(colour: Colour, client: Any, sandbox: Sandbox, key: Any) -> None:
    colour.error(ConfigurationError, client.send_once, key, "March")
    assert sandbox.requests() == []


def test_a_title_with_its_key_fits(colour: Colour, client: Any, sandbox: Sandbox) -> None:
    error = colour.error(ConfigurationError, client.send_once, "x", "M" * 92)
    assert "title has 101 characters" in error.problem


# --- R9: one write in flight for each campaign and client ---


def test_threads_take_turns() -> None:
    sandbox = Sandbox()
    with sandbox.client() as campaigns:
        receipts: list[Any] = []
        threads = [threading.Thread(target=lambda: receipts.append(campaigns.ensure_sent(4900))) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(receipt.known_from for receipt in receipts) == ["already"] * 15 + ["answer"]
    assert [request.method for request in sandbox.requests()].count("POST") == 1


def test_tasks_take_turns() -> None:
    sandbox = Sandbox()

    async def main() -> list[SendReceipt]:
        async with sandbox.async_client() as campaigns:
            return await asyncio.gather(*(campaigns.ensure_sent(4900) for _ in range(64)))

    receipts = asyncio.run(main())
    assert sorted(receipt.known_from for receipt in receipts) == ["already"] * 63 + ["answer"]
    assert [request.method for request in sandbox.requests()].count("POST") == 1


def test_a_turn_that_does_not_come_is_a_definite_no(colour: Colour, server: Server) -> None:
    """A call made within a call, here from an event hook of its own client: it waits for itself."""
    held: list[Any] = []
    campaigns = colour.client(server, retry=Retry(deadline=0.01), clock=FakeClock())
    if colour.client_class is CampaignsClient:

        def within(request: httpx.Request) -> httpx.Response:
            if not held:
                held.append(None)
                held.append(colour.error(NotSentError, campaigns.send, 4900))
            return httpx.Response(200, json=DRAFT)

        server.get(within)
        colour.do(campaigns.send, 4900)
        assert "another call of this client" in held[1].cause
        assert server.methods == ["GET", "POST"]
    else:

        async def both() -> tuple[Any, Any]:
            reached, go_on = asyncio.Event(), asyncio.Event()

            async def answer(request: httpx.Request) -> httpx.Response:
                reached.set()
                await go_on.wait()
                return httpx.Response(200, json=DRAFT)

            http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
            client = AsyncCampaignsClient("SG.key", http_client=http, retry=Retry(deadline=0.01), clock=FakeClock())
            first = asyncio.create_task(client.send(4900))
            await reached.wait()
            second = await asyncio.gather(client.send(4900), return_exceptions=True)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            third = asyncio.create_task(client.send(4900))  # the turn was given back
            reached.clear()
            await reached.wait()
            third.cancel()
            await asyncio.gather(third, return_exceptions=True)
            return second[0], client

        error, client = colour.do(both)
        assert isinstance(error, NotSentError)
        assert "another call of this client" in error.cause
        assert len(client._turns) == 0


def test_other_campaigns_do_not_wait(colour: Colour, server: Server) -> None:
    """The locks of campaigns that nobody writes to are gone."""
    campaigns = colour.client(server)
    for _ in range(3):
        colour.do(campaigns.send, 4900)
    assert len(campaigns._turns) == 0


# --- R12: finding out spends a shared budget ---


def test_the_budget_refills_and_is_never_more_than_full() -> None:
    budget = Budget()
    assert all(budget.take(0.0) for _ in range(200))
    assert not budget.take(0.0)
    assert not budget.take(0.1)
    assert budget.take(0.2)
    assert sum(budget.take(10_000.0) for _ in range(300)) == 200


def test_views_share_the_budget_and_without_it_nothing_is_read(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    acme = campaigns.on_behalf_of("acme")
    while campaigns._settings.budget.take(clock.now):
        pass
    server.get(httpx.Response(503))
    colour.error(ServerError, acme.get, 4900)
    assert server.methods == ["GET"]
    assert clock.waits == []


def test_not_found_is_no_conclusion_of_a_first_read(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(404))
    colour.error(NotFoundError, campaigns.ensure_sent, 4900)
