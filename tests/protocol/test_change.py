"""S0 to S3 of every write: what a call concludes from each answer to each of its requests."""

import logging
from typing import Any

import httpx
import pytest

from doubles import DRAFT, FakeClock, Server, Style, no
from sendgrid_campaigns import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    DeleteWouldStopMailError,
    NotAppliedError,
    NotFoundError,
    NotInDraftError,
    NotScheduledError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    Retry,
    Schedule,
    SendReceipt,
)
from writes import (
    ACCEPTED_TIME,
    CREATE,
    DELETE,
    RESCHEDULE,
    SCHEDULE,
    SEND,
    SEND_TEST,
    SOON,
    UNSCHEDULE,
    UPDATE,
    WRITES,
    Write,
    every_read_back,
    every_write,
    is_with,
    of,
)

HTML = httpx.Response(404, text="<html>no such route</html>")
LOST = httpx.ReadTimeout("slow")
FAR = {"Location": "https://elsewhere.example/"}


# --- S0: nothing was tried yet, so every failure is definite ---


@of(UPDATE, SCHEDULE, RESCHEDULE, UNSCHEDULE, SEND)
@pytest.mark.parametrize("status", ["Draft", "dRAFT ", "Scheduled", "In Progress", "Sent", "Paused", "Canceled", "?", ""])
def test_a_status_that_does_not_allow_the_write(
    style: Style, campaigns: Any, server: Server, write: Write, status: str
) -> None:
    write.prepare(server, write.good())
    server.get(is_with(status))
    if status.strip().casefold() == (write.needs or "").casefold():
        assert write.do(style, campaigns) == write.result
        return
    kind = NotInDraftError if write.needs == "Draft" else NotScheduledError
    error = write.error(style, campaigns, kind)
    assert error.status == status
    assert error.summary.startswith(f'campaign 4900 was not {write.done}: the campaign is "{status}", and only a')
    assert f"{write.needs}" in error.summary
    assert "This call changed nothing." in str(error)
    assert server.methods == ["GET"]


@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize(
    ("status", "is_idle"),
    [
        *[(status, True) for status in ("Draft", "Sent", "Canceled", " sent")],
        *[(status, False) for status in ("Scheduled", "In Progress", "Paused", "?", "")],
    ],
)
def test_delete_stops_mail_only_when_told_to(
    style: Style, campaigns: Any, server: Server, status: str, is_idle: bool, stop: bool
) -> None:
    server.get(is_with(status))
    if is_idle or stop:
        assert style.do(campaigns.delete, 4900, stop=stop) is None
        assert server.methods == ["GET", "DELETE"]
    else:
        error = style.error(DeleteWouldStopMailError, campaigns.delete, 4900)
        assert (error.status, server.methods) == (status, ["GET"])
        assert "stop=True" in error.advice


@every_read_back
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503),
        httpx.Response(200, text="<html>Log in to the hotel's network</html>"),
        httpx.Response(302, headers=FAR),
        HTML,
        httpx.Response(200, json={"id": 1, "status": "Draft"}),
        LOST,
        httpx.ConnectError("refused"),
    ],
    ids=str,
)
def test_without_a_status_nothing_is_changed(
    style: Style, campaigns: Any, server: Server, write: Write, answer: Any
) -> None:
    server.get(answer)
    error = write.error(style, campaigns, NotAppliedError)
    assert error.summary == f"campaign 4900 was not {write.done}: {error.cause}"
    assert error.cause
    assert (error.method, error.route, error.action) == (write.method, write.route, write.done)
    assert error.temporary
    assert server.methods == ["GET"] * 4


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422])
@every_read_back
def test_a_refused_read_says_why(style: Style, campaigns: Any, server: Server, write: Write, code: int) -> None:
    server.get(no(code, "because"))
    error = write.error(style, campaigns, KINDS.get(code, APIStatusError))
    assert (error.status_code, error.errors[0].message, server.methods) == (code, "because", ["GET"])
    assert str(error).startswith(f"campaign 4900 was not {write.done}")


def test_the_deadline_may_end_between_read_and_write(
    style: Style, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        clock.now += 121
        return httpx.Response(200, json=DRAFT)

    server.get(slow)
    assert "deadline passed" in style.error(NotAppliedError, campaigns.send, 4900).cause
    assert server.methods == ["GET"]


# --- S1: answers that settle the write ---

KINDS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
}


@pytest.mark.parametrize("code", [400, 401, 404, 405, 413, 415, 422])
@every_write
def test_a_plain_no(style: Style, campaigns: Any, server: Server, write: Write, code: int) -> None:
    write.prepare(server, no(code, "subject can't be blank", "subject"))
    error = write.error(style, campaigns, KINDS.get(code, APIStatusError))
    assert [(detail.field, detail.message) for detail in error.errors] == [("subject", "subject can't be blank")]
    assert (error.status_code, error.action, error.method, error.route) == (code, write.done, write.method, write.route)
    assert "This call changed nothing." in str(error)
    tried = [*write.before, write.method]
    # That the campaign is gone was asked for: a delete reads whether it is, for the whole window (R3).
    reads = ["GET"] * 10 if (write, code) == (DELETE, 404) else []
    assert server.methods == [*tried, *reads]


@every_write
def test_what_was_never_sent_is_tried_again(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, write: Write
) -> None:
    write.prepare(server, httpx.ConnectError("refused"), httpx.ConnectTimeout(""), write.good())
    assert write.do(style, campaigns) == write.result
    assert (server.methods, clock.waits) == ([*write.before, *tries(write, 3)], [0.375, 0.75])


@every_write
def test_what_was_never_sent_at_all(style: Style, campaigns: Any, server: Server, write: Write) -> None:
    write.prepare(server, httpx.ConnectError("[Errno 111] Connection refused"))
    error = write.error(style, campaigns, NotAppliedError)
    assert (error.cause, error.action) == ("ConnectError: [Errno 111] Connection refused", write.done)
    assert server.methods == [*write.before, *tries(write, 4)]
    assert [each.proof for each in error.attempts if each.method == write.method] == ["not sent"] * 4


def tries(write: Write, number: int) -> list[str]:
    """Return the requests of so many attempts. A delete reads the status again before each."""
    again = ["GET", write.method] if write is DELETE else [write.method]
    return [write.method, *again * (number - 1)]


@pytest.mark.parametrize("first", [no(429), httpx.ConnectError("refused")], ids=str)
def test_a_delete_that_waited_reads_again(style: Style, campaigns: Any, server: Server, first: Any) -> None:
    server.get(is_with("Draft"), is_with("In Progress"))
    server.answer("DELETE", first, httpx.Response(204))
    assert style.error(DeleteWouldStopMailError, campaigns.delete, 4900).status == "In Progress"
    assert server.methods == ["GET", "DELETE", "GET"]
    server.answer("DELETE", first, httpx.Response(204))
    style.do(campaigns.delete, 4900, stop=True)
    server.get(is_with("Draft"), httpx.Response(503))
    server.answer("DELETE", first, httpx.Response(204))
    style.error(NotAppliedError, campaigns.delete, 4900)


@every_write
@pytest.mark.parametrize("body", [b"", b"<html>"])
def test_429_is_tried_again_and_then_said(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, write: Write, body: bytes
) -> None:
    limited = httpx.Response(429, headers={"X-RateLimit-Reset": "7"}, content=body)
    write.prepare(server, limited, write.good())
    assert write.do(style, campaigns) == write.result
    assert (server.methods, clock.waits) == ([*write.before, *tries(write, 2)], [7.375])
    clock.now += 60
    write.prepare(server, limited)
    error = write.error(style, campaigns, RateLimitError)
    assert (error.retry_after, error.action, error.temporary) == (7, write.done, True)
    assert "retry after 7 s" in str(error)
    assert server.methods.count(write.method) == 2 + 4


@pytest.mark.parametrize(
    ("retry", "after", "posts", "waits"),
    [
        (Retry(), "120", 1, []),  # longer than the call may take
        (Retry(attempts=100, deadline=90), "40", 3, [40.375, 40.75]),
        (Retry(attempts=1), "1", 1, []),
        (Retry(attempts=9, deadline=1000), "0", 9, [0.375, 0.75, 1.5, 3, 6, 12, 24, 48]),
    ],
    ids=str,
)
def test_back_off_and_deadline(
    style: Style, server: Server, clock: FakeClock, retry: Retry, after: str, posts: int, waits: list[float]
) -> None:
    server.post(no(429, Retry_After=after))
    error = style.error(RateLimitError, style.client(server, clock=clock, retry=retry).send, 4900)
    assert (server.methods.count("POST"), clock.waits, error.retry_after) == (posts, waits, float(after))


UNREADABLE = [b"", b"{", b"null", b"[]", b"<html>", b"\xff\xfe", b"[" * 100_000, b'{"status": "S"}']


@pytest.mark.parametrize("body", UNREADABLE, ids=lambda body: repr(body[:20]))
@every_write
def test_success_with_a_body_that_cannot_be_read(
    style: Style, campaigns: Any, server: Server, write: Write, body: bytes
) -> None:
    """R5: the status line of a 201 and a 204 decides. A 200 is what many answer who are not the service."""
    write.prepare(server, httpx.Response(write.success[0], content=body))
    if write in (CREATE, UPDATE, RESCHEDULE):
        error = write.error(style, campaigns, OutcomeUnknownError)
        assert error.advice.startswith(write.hint)
        assert ("cannot be read" in error.cause) is (write is CREATE)
        assert server.methods.count(write.method) == (1 if write is CREATE else 3)
    else:
        unread = {"schedule": Schedule(4900, SOON, None), "send": SendReceipt(4900, None)}
        assert write.do(style, campaigns) == unread.get(write.name)
        assert server.methods == [*write.before, write.method]


def test_other_answers_of_success(style: Style, campaigns: Any, server: Server) -> None:
    server.post(SCHEDULE.good(200))  # as older documents have it
    assert SCHEDULE.do(style, campaigns) == SCHEDULE.result
    server.post(httpx.Response(201, json={**ACCEPTED_TIME, "send_at": ACCEPTED_TIME["send_at"] + 60, "status": "New"}))
    later = SCHEDULE.do(style, campaigns)
    assert (later.send_at.timestamp() - SOON.timestamp(), later.status) == (60, "New")
    server.post(httpx.Response(204))
    assert SEND_TEST.do(style, campaigns) is None
    server.post(httpx.Response(201, json={"id": 4900, "status": "Queued", "new": 1}))
    assert style.do(campaigns.send, 4900) == SendReceipt(4900, "Queued")


# --- S2: doubt ---

DOUBT: dict[str, Any] = {
    **{str(code): httpx.Response(code, headers=FAR) for code in (200, 202, 299, 301, 307, 402, 408, 409, 502, 599)},
    "500 of the service": no(500, "Failed to send your campaign."),
    "200 HTML": httpx.Response(200, text="<html>Log in to the hotel's network</html>"),
    "200 another's": httpx.Response(200, json={**ACCEPTED_TIME, "id": 1}),
    "201 another's": httpx.Response(201, json={**ACCEPTED_TIME, "id": 1}),
    **{f"{code} HTML": httpx.Response(code, text="<html>") for code in (400, 401, 403, 404)},
    **{f"{type(error).__name__}": error for error in (LOST, httpx.ReadError("reset"), httpx.WriteError("reset"))},
    "RemoteProtocolError": httpx.RemoteProtocolError("no answer"),
}
NO_DOUBT = {
    ("update", "200"),  # tested with every unreadable body
    ("reschedule", "200"),
    ("create", "201 another's"),  # a new campaign has the id that it has
    ("send_test", "201 another's"),  # its answer holds no id
}


@pytest.mark.parametrize(
    ("write", "name"),
    [(write, name) for write in WRITES for name in DOUBT if (write.name, name) not in NO_DOUBT],
    ids=lambda value: getattr(value, "name", value),
)
def test_doubt_that_nothing_settles(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, write: Write, name: str
) -> None:
    write.prepare(server, DOUBT[name])
    began = clock.now
    error = write.error(style, campaigns, OutcomeUnknownError)
    assert server.methods[: len(write.before) + 1] == [*write.before, write.method]
    if write.reads:  # as before to the end of two windows, and then the deadline cuts the third
        assert (server.methods.count(write.method), clock.now - began) == (3, 120)
    else:  # there is nothing to read back
        assert (server.methods.count(write.method), clock.waits) == (1, [])
    assert (error.action, error.method, error.route) == (write.done, write.method, write.route)
    assert error.status == ((write.needs or "Draft") if write.reads else None)
    whose = "the campaign" if write is CREATE else "campaign 4900"
    assert error.summary.startswith(f"it is unknown whether {whose} was {write.done}: ")
    assert error.advice.startswith(write.hint)
    assert error.advice in str(error)
    assert "changed nothing" not in str(error)
    assert error.may_have_been_applied
    assert "unknown" in {attempt.proof for attempt in error.attempts}


@pytest.mark.parametrize("name", DOUBT)
@every_read_back
def test_doubt_that_reading_settles(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, write: Write, name: str
) -> None:
    if (write.name, name) in NO_DOUBT:
        return
    write.prepare(server, DOUBT[name])
    server.get(is_with(write.needs or "Draft"), write.applied)  # type: ignore[arg-type]
    server.schedule(int(SOON.timestamp()))
    began, found = clock.now, write.do(style, campaigns)
    assert server.methods.count(write.method) == 1
    # Mail that is going out cannot be undone. Anything else may be an old read: the whole window, and two reads (R7).
    assert clock.now - began == (0 if write is SEND else 45)
    if hasattr(found, "known_from"):
        assert found.known_from == "read-back"
        assert found.attempts[len(write.before)].proof == "unknown"
    if write is UPDATE:
        assert found == write.result


@every_read_back
def test_doubt_and_a_state_as_before_is_tried_again(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, write: Write
) -> None:
    write.prepare(server, LOST, write.good())
    assert write.do(style, campaigns) == write.result
    assert server.methods.count(write.method) == 2
    assert sum(clock.waits) == 45


@pytest.mark.parametrize("answer", [no(400), no(403), no(404), no(429), httpx.ConnectError("?")], ids=str)
@every_write
def test_after_doubt_no_later_answer_is_a_no(
    style: Style, campaigns: Any, server: Server, write: Write, answer: Any
) -> None:
    """R1"""
    write.prepare(server, LOST, answer)
    assert write.error(style, campaigns, OutcomeUnknownError).cause == "ReadTimeout: slow"


# --- AMBIGUOUS: the state decides (R3) ---


@every_write
def test_403_and_the_state_as_it_was_is_a_missing_right(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, write: Write
) -> None:
    write.prepare(server, no(403, "access forbidden"))
    error = write.error(style, campaigns, PermissionDeniedError)
    assert error.errors[0].message == "access forbidden"
    assert server.methods.count(write.method) == 1
    assert sum(clock.waits) == (45 if write.reads else 0)
    assert [each.proof for each in error.attempts if each.method == write.method] == [
        "ambiguous" if write.reads else "rejected"
    ]
    for cause in ("marketing_campaigns scope", "IP Access Management", "legacy Campaigns API"):
        assert cause in error.advice


@every_read_back
def test_403_and_applied_all_the_same(style: Style, campaigns: Any, server: Server, write: Write) -> None:
    write.prepare(server, no(403))
    server.get(is_with(write.needs or "Draft"), write.applied)  # type: ignore[arg-type]
    server.schedule(int(SOON.timestamp()))
    found = write.do(style, campaigns)
    assert getattr(found, "known_from", "read-back") == "read-back"


@pytest.mark.parametrize("answer", [httpx.Response(500), HTML, httpx.ConnectError("refused")], ids=str)
@every_read_back
def test_403_and_no_status_to_be_had(style: Style, campaigns: Any, server: Server, write: Write, answer: Any) -> None:
    write.prepare(server, no(403))
    server.get(is_with(write.needs or "Draft"), answer)
    error = write.error(style, campaigns, OutcomeUnknownError)
    assert (error.status, server.methods.count(write.method)) == (None, 1)
    assert "a copy of the request" in error.cause


def test_a_delete_that_finds_nothing(style: Style, campaigns: Any, server: Server) -> None:
    """A 404 of something in front of the service deletes nothing."""
    server.answer("DELETE", no(404))
    server.get(is_with("Draft"), no(404))
    assert style.do(campaigns.delete, 4900) is None
    server.get(is_with("Draft"), HTML)
    style.error(OutcomeUnknownError, campaigns.delete, 4900)
    server.answer("DELETE", HTML)
    server.get(is_with("Draft"), is_with("Draft"))
    style.error(OutcomeUnknownError, campaigns.delete, 4900)
    server.get(no(404))
    server.requests.clear()
    style.error(NotFoundError, campaigns.delete, 4900)
    assert server.methods == ["GET"]


# --- R10: exceptions from outside ---


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, MemoryError])
@every_write
def test_an_interruption_in_flight_goes_on_with_a_note(
    style: Style, campaigns: Any, server: Server, write: Write, kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise kind

    write.prepare(server, interrupted)
    with caplog.at_level(logging.WARNING, "sendgrid_campaigns"):
        raised = write.error(style, campaigns, kind)
    (note,) = raised.__notes__
    assert f"was {write.done}: {kind.__name__} ended the call" in note
    assert write.hint in note
    assert [record.levelname for record in caplog.records] == ["WARNING"]  # frameworks lose notes
    assert f"was {write.done}" in caplog.text
    assert server.methods == [*write.before, write.method]


@pytest.mark.parametrize(("post", "noted"), [(no(403), True), (LOST, True), (no(429), False)], ids=str)
def test_an_interruption_after_the_answer(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, post: Any, noted: bool, monkeypatch: Any
) -> None:
    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(clock, "sleep", interrupted)
    server.post(post)
    raised = style.error(KeyboardInterrupt, campaigns.send, 4900)
    assert bool(getattr(raised, "__notes__", ())) is noted


def test_an_interruption_of_the_first_read_has_nothing_to_note(style: Style, campaigns: Any, server: Server) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    server.get(interrupted)
    assert not hasattr(style.error(KeyboardInterrupt, campaigns.send, 4900), "__notes__")
