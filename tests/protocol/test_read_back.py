"""Read-back: which state settles a write, how long the others are read, and when the write is tried again."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from doubles import ACCEPTED, DRAFT, NOW, FakeClock, Server, StillClock, Style, no
from sendgrid_campaigns import (
    Campaign,
    NotAppliedError,
    NotFoundError,
    NotInDraftError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    Retry,
    SendReceipt,
)
from writes import AT, RESCHEDULE, SCHEDULE, SEND, SOON, UNSCHEDULE, UPDATE, Write, every_read_back, is_with

LOST = httpx.ReadTimeout("slow")


# --- the window ---


@pytest.mark.parametrize(
    ("settle", "waits"), [(45, [0.5, 1, 2, 4, 8, 8, 8, 8, 5.5]), (3, [0.5, 1, 1.5]), (0.1, [0.1])], ids=str
)
def test_the_reads_of_a_window(
    style: Style, server: Server, clock: FakeClock, settle: float, waits: list[float]
) -> None:
    server.post(LOST, SEND.good())
    campaigns = style.client(server, clock=clock, retry=Retry(settle=settle))
    receipt = style.do(campaigns.send, 4900)
    assert (receipt.known_from, clock.waits) == ("answer", waits)
    assert server.methods == ["GET", "POST", *["GET"] * (len(waits) + 1), "POST"]
    assert [attempt.method for attempt in receipt.attempts] == server.methods


@pytest.mark.parametrize(
    ("reads", "status", "posts"),
    [
        ([httpx.Response(503)], None, 1),
        ([*[httpx.Response(503)] * 9, is_with("Draft")], "Draft", 1),  # one read may be old
        ([*[httpx.Response(503)] * 8, is_with("Draft")], "Draft", 2),
        ([is_with("Draft", id=4901)], None, 1),  # another campaign's (R14)
        ([is_with("Draft", id="4900")], None, 1),
        ([is_with("Draft", id=True)], None, 1),
    ],
    ids=str,
)
def test_an_unchanged_state_is_believed_after_two_reads(
    style: Style, server: Server, clock: FakeClock, reads: list[Any], status: str | None, posts: int
) -> None:
    server.get(is_with("Draft"), *reads)
    server.post(LOST)
    campaigns = style.client(server, clock=clock, retry=Retry(attempts=2))
    error = style.error(OutcomeUnknownError, campaigns.send, 4900)
    assert (error.status, server.methods.count("POST")) == (status, posts)


@pytest.mark.parametrize(
    ("retry", "posts", "waited"), [(Retry(attempts=2, deadline=1000), 2, 90), (Retry(deadline=50), 2, 50)], ids=str
)
def test_attempts_and_deadline_hold_over_all_windows(
    style: Style, server: Server, clock: FakeClock, retry: Retry, posts: int, waited: float
) -> None:
    server.post(LOST)
    style.error(OutcomeUnknownError, style.client(server, clock=clock, retry=retry).send, 4900)
    assert (server.methods.count("POST"), sum(clock.waits)) == (posts, waited)


def test_no_read_begins_after_the_deadline(style: Style, server: Server, clock: FakeClock) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        clock.now += 30
        raise httpx.ReadTimeout("slow")

    server.post(slow)
    style.error(OutcomeUnknownError, style.client(server, clock=clock, retry=Retry(deadline=20)).send, 4900)
    assert server.methods == ["GET", "POST"]


def test_a_clock_that_stands_still_ends_the_window(style: Style, server: Server) -> None:
    clock = StillClock()
    server.post(LOST)
    style.error(OutcomeUnknownError, style.client(server, clock=clock).send, 4900)
    assert (sum(clock.waits), server.methods.count("POST")) == (120, 3)


# --- what a state says of each write ---

STATES: list[tuple[Write, str, int | None, str]] = [
    # applied: at once; tentative: after the window; diverged: at once unknown; unchanged: tried again
    *[(SEND, status, None, "applied") for status in ("In Progress", "Sent", " sent")],
    *[(SEND, "Scheduled", at, "tentative") for at in (NOW, NOW - 5000, NOW + 300)],
    (SEND, "Scheduled", NOW + 346, "diverged"),
    (SEND, "Scheduled", None, "pending"),
    *[(SEND, status, None, "diverged") for status in ("Paused", "Canceled", "Queued", "")],
    *[(SCHEDULE, status, AT, "tentative") for status in ("Scheduled", "In Progress", "Sent")],
    *[(SCHEDULE, status, AT + 1, "diverged") for status in ("Scheduled", "In Progress", "Sent", "Paused")],
    (SCHEDULE, "Scheduled", None, "pending"),
    (SCHEDULE, "Draft", None, "unchanged"),
    *[(RESCHEDULE, status, AT, "tentative") for status in ("Scheduled", "In Progress", "Sent")],
    *[(RESCHEDULE, status, AT + 60, "diverged") for status in ("In Progress", "Sent", "Draft", "Canceled")],
    (RESCHEDULE, "Scheduled", AT + 60, "unchanged"),
    (UNSCHEDULE, "Draft", None, "tentative"),
    (UNSCHEDULE, "Scheduled", AT, "unchanged"),
    *[(UNSCHEDULE, status, None, "diverged") for status in ("In Progress", "Sent", "Paused", "")],
    *[(UPDATE, status, None, "diverged") for status in ("Scheduled", "Sent", "Paused", "")],
    (UPDATE, "Draft", None, "unchanged"),
]


@pytest.mark.parametrize(("write", "status", "send_at", "says"), STATES, ids=lambda it: getattr(it, "name", str(it)))
def test_what_a_state_says(
    style: Style, server: Server, clock: FakeClock, write: Write, status: str, send_at: int | None, says: str
) -> None:
    write.prepare(server, LOST, write.good())
    server.get(is_with(write.needs or "Draft"), is_with(status))
    server.schedule(send_at)
    campaigns = style.client(server, clock=clock)
    if says in ("applied", "tentative"):
        found = write.do(style, campaigns)
        assert getattr(found, "status", status) == status
        assert getattr(found, "known_from", "read-back") == "read-back"
    elif says == "unchanged":
        assert write.do(style, campaigns) == write.result
    else:
        error = write.error(style, campaigns, OutcomeUnknownError)
        assert error.status == (status or None)
        assert f'last read as "{status}"' in error.summary if status else "last read" not in error.summary
    assert server.methods.count(write.method) == (2 if says == "unchanged" else 1)
    assert sum(clock.waits) == (0 if says in ("applied", "diverged") else 45)


@pytest.mark.parametrize("off", [0, 86_400, -86_400])
def test_about_now_is_by_the_services_clock(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, off: float
) -> None:
    """The answer's Date tells what time `send_at` is compared with; this machine's clock may be wrong."""
    clock.now += off
    dated = httpx.Response(
        200, json={**DRAFT, "status": "Scheduled"}, headers={"Date": "Fri, 15 Jan 2027 08:00:00 GMT"}
    )
    server.get(is_with("Draft"), dated)
    server.schedule(NOW + 60)
    server.post(LOST)
    assert style.do(campaigns.send, 4900).known_from == "read-back"
    server.get(is_with("Draft"), dated)
    server.schedule(NOW + 301)
    style.error(OutcomeUnknownError, campaigns.send, 4900)


@every_read_back
def test_deleted_meanwhile(style: Style, campaigns: Any, server: Server, write: Write) -> None:
    write.prepare(server, LOST)
    server.get(is_with(write.needs or "Draft"), no(404))
    if write.name == "delete":
        write.do(style, campaigns)
        return
    error = write.error(style, campaigns, OutcomeUnknownError)
    assert "it was deleted meanwhile" in error.summary
    assert (error.status, server.methods.count(write.method)) == (None, 1)


# --- R8: once the state has moved, nothing is tried again ---


@pytest.mark.parametrize(
    ("write", "reads", "times"),
    [
        (SEND, [is_with("Scheduled"), is_with("Draft")], [None]),
        (SCHEDULE, [is_with("Scheduled"), is_with("Draft")], [AT]),
        (UNSCHEDULE, [is_with("Draft"), is_with("Scheduled")], [AT]),
        (UPDATE, [is_with("Draft", subject="Winter"), is_with("Draft", subject="Summer")], []),
        (RESCHEDULE, [is_with("Scheduled")], [AT + 60, AT + 120]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_taken_back_or_written_by_others(
    style: Style, campaigns: Any, server: Server, write: Write, reads: list[Any], times: list[Any]
) -> None:
    write.prepare(server, LOST)
    server.get(is_with(write.needs), *reads)
    server.schedule(*times) if times else None
    write.error(style, campaigns, OutcomeUnknownError)
    assert server.methods.count(write.method) == 1


def test_a_newer_value_is_seen_after_the_second_attempt_too(style: Style, campaigns: Any, server: Server) -> None:
    RESCHEDULE.prepare(server, LOST)
    server.schedule(*[AT + 60] * 10, AT + 120)
    RESCHEDULE.error(style, campaigns, OutcomeUnknownError)
    assert server.methods.count("PATCH") == 2


def test_an_edit_of_another_field_is_no_newer_value(style: Style, campaigns: Any, server: Server) -> None:
    server.get(is_with("Draft"), is_with("Draft", ip_pool="marketing"))
    server.answer("PATCH", LOST, UPDATE.good())
    assert UPDATE.do(style, campaigns) == UPDATE.result


@pytest.mark.parametrize(
    ("write", "chosen", "present", "tries"),
    [
        (SCHEDULE, NOW + 100, None, 1),
        (SCHEDULE, NOW + 106, None, 2),
        (RESCHEDULE, AT, NOW + 100, 1),
        (RESCHEDULE, NOW + 100, AT, 1),
        (RESCHEDULE, AT, AT + 60, 2),
    ],
    ids=str,
)
def test_a_time_that_is_near_is_not_written_again(
    style: Style, server: Server, clock: FakeClock, write: Write, chosen: int, present: int | None, tries: int
) -> None:
    write.prepare(server, LOST)
    server.schedule(present)
    method = getattr(style.client(server, clock=clock, retry=Retry(attempts=2)), write.name)
    style.error(OutcomeUnknownError, method, 4900, datetime.fromtimestamp(chosen, UTC))
    assert server.methods.count(write.method) == tries


def test_the_cutoff_of_a_chosen_time(style: Style, server: Server, clock: FakeClock) -> None:
    """R2: ten minutes after the chosen time the service takes no copy any more, so that a Draft is definite."""

    def later(request: httpx.Request) -> httpx.Response:
        clock.now += 700
        return httpx.Response(502)

    server.post(later)
    campaigns = style.client(server, clock=clock, retry=Retry(deadline=5000))
    error = style.error(NotAppliedError, campaigns.schedule, 4900, datetime.fromtimestamp(NOW + 60, UTC))
    assert not error.temporary
    assert "past times no more" in error.cause
    assert server.methods == ["GET", "POST", "GET", "GET"]


# --- what an update wrote is compared as the service stores it ---


@pytest.mark.parametrize(
    ("sent", "stored", "same"),
    [
        ({"categories": ["Spring Line", "b"]}, {"categories": ["b", "spring line"]}, True),
        ({"categories": ["a"]}, {"categories": ["a", "b"]}, False),
        ({"list_ids": [2, 1]}, {"list_ids": [1, 2]}, True),
        ({"list_ids": [1, 1]}, {"list_ids": [1]}, True),
        ({"list_ids": [1, 2]}, {"list_ids": [1, 3]}, False),
        ({"segment_ids": []}, {"segment_ids": None}, True),
        ({"segment_ids": None}, {"segment_ids": [1]}, False),
        ({"title": "  March "}, {"title": "March"}, True),
        ({"title": "March"}, {"title": "march"}, False),
        ({"plain_content": "a\r\nb\rc\n"}, {"plain_content": "a\nb\nc"}, True),
        ({"plain_content": "a b"}, {"plain_content": "a  b"}, False),
        ({"custom_unsubscribe_url": ""}, {}, True),
        ({"custom_unsubscribe_url": None}, {"custom_unsubscribe_url": ""}, True),
        ({"sender_id": 5}, {"sender_id": 5}, True),
        ({"sender_id": 5}, {"sender_id": 6}, False),
        ({"subject": "Spring", "list_ids": [1]}, {"subject": "Spring"}, False),
    ],
    ids=str,
)
def test_forms_that_mean_the_same(
    style: Style, campaigns: Any, server: Server, sent: dict[str, Any], stored: dict[str, Any], same: bool
) -> None:
    server.get(is_with("Draft", subject="before"), is_with("Draft", **stored))
    server.answer("PATCH", LOST)
    if same:
        assert isinstance(style.do(campaigns.update, 4900, **sent), Campaign)
    else:
        style.error(OutcomeUnknownError, campaigns.update, 4900, **sent)


# --- ensure_sent ---


@pytest.mark.parametrize(
    ("post", "status", "send_at", "known_from"),
    [
        (SEND.good(), "Draft", None, "answer"),
        *[(no(403), status, None, "already") for status in ("In Progress", "Sent")],
        (no(403), "Scheduled", NOW + 10, "already"),
        (LOST, "Sent", None, "read-back"),
        (httpx.Response(403, text="<html>"), "Sent", None, "read-back"),
        (LOST, "Scheduled", NOW + 10, "read-back"),
    ],
    ids=str,
)
def test_ensure_sent_posts_first(
    style: Style, campaigns: Any, server: Server, post: Any, status: str, send_at: int | None, known_from: str
) -> None:
    server.get(is_with(status))
    server.schedule(send_at)
    server.post(post)
    expected = SendReceipt(4900, "Scheduled" if known_from == "answer" else status, known_from)  # type: ignore[arg-type]
    assert style.do(campaigns.ensure_sent, 4900) == expected
    assert (server.methods[0], server.methods.count("POST")) == ("POST", 1)
    assert ("GET" in server.methods) is (known_from != "answer")


@pytest.mark.parametrize(
    ("post", "state", "kind", "posts"),
    [
        (no(403), is_with("Draft"), PermissionDeniedError, 1),
        *[(no(403), is_with(status), NotInDraftError, 1) for status in ("Paused", "Canceled", "Queued", "Scheduled")],
        *[(LOST, is_with(status), OutcomeUnknownError, 1) for status in ("Paused", "Canceled", "Scheduled")],
        (LOST, is_with("Draft"), OutcomeUnknownError, 3),
        (no(403), no(404), OutcomeUnknownError, 1),
        (no(403), httpx.Response(503), OutcomeUnknownError, 1),
        (no(404), is_with("Draft"), NotFoundError, 1),
        (no(429), is_with("Draft"), RateLimitError, 4),
        (httpx.ConnectError("refused"), is_with("Draft"), NotAppliedError, 4),
    ],
    ids=str,
)
def test_ensure_sent_that_fails(
    style: Style, campaigns: Any, server: Server, post: Any, state: Any, kind: Any, posts: int
) -> None:
    server.get(state)
    server.schedule(AT)
    server.post(post)
    error = style.error(kind, campaigns.ensure_sent, 4900)
    assert server.methods.count("POST") == posts
    assert error.action == "sent"
    if kind is NotInDraftError:
        assert error.status in error.summary


def test_ensure_sent_again_after_doubt(style: Style, campaigns: Any, server: Server) -> None:
    server.post(LOST, httpx.Response(201, json=ACCEPTED))
    assert style.do(campaigns.ensure_sent, 4900).known_from == "answer"
    # A schedule about now that was taken back while it was read: nothing is sent again.
    server.get(is_with("Scheduled"), is_with("Draft"))
    server.schedule(NOW)
    server.post(no(403))
    server.requests.clear()
    style.error(OutcomeUnknownError, campaigns.ensure_sent, 4900)
    assert server.methods.count("POST") == 1
