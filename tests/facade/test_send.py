"""What `send` concludes, and what it does not: each answer to each of its requests, in both colours."""

import asyncio
import logging
from typing import Any

import httpx
import pytest

from doubles import ACCEPTED, DRAFT, Colour, FakeClock, Server, report
from sendgrid_campaigns import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    NotInDraftError,
    NotSentError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    Retry,
    SendReceipt,
)


def test_the_happy_path_is_two_requests_and_no_wait(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    assert colour.do(campaigns.send, 4900) == SendReceipt(4900, "Scheduled", "answer")
    assert server.methods == ["GET", "POST"]
    assert clock.waits == []


# --- the status is read first: nothing is sent yet, so everything that fails here is definite ---


@pytest.mark.parametrize("status", ["Scheduled", "In Progress", "Sent", "Paused", "Canceled", "Hibernating", ""])
def test_no_post_for_what_is_no_draft(colour: Colour, campaigns: Any, server: Server, status: str) -> None:
    server.get(httpx.Response(200, json={**DRAFT, "status": status}))
    error = colour.error(NotInDraftError, campaigns.send, 4900)
    assert (error.status, error.status_code) == (status, 200)
    assert f'it is "{status}", and only a Draft can be sent' in str(error)
    assert server.methods == ["GET"]


@pytest.mark.parametrize("status", ["Draft", "draft", "DRAFT "])
def test_a_draft_however_it_is_spelt(colour: Colour, campaigns: Any, server: Server, status: str) -> None:
    server.get(httpx.Response(200, json={**DRAFT, "status": status}))
    assert colour.do(campaigns.send, 4900).id == 4900


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503, text="<html>Service Unavailable</html>"),
        httpx.Response(200, text="<html>Log in to the hotel's network</html>"),
        httpx.Response(200, json={"id": 4900}),
        httpx.Response(200, json={"id": 4900, "status": None}),
        httpx.Response(200, json={"id": 1, "status": "Draft"}),
        httpx.Response(302, headers={"Location": "https://elsewhere.example/"}),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
    ],
    ids=str,
)
def test_not_sent_when_the_status_cannot_be_read(colour: Colour, campaigns: Any, server: Server, answer: Any) -> None:
    server.get(answer)
    error = colour.error(NotSentError, campaigns.send, 4900)
    assert server.methods == ["GET"] * len(server.requests)
    assert error.route == "/v3/campaigns/{campaign_id}/schedules/now"
    assert error.method == "POST"
    assert "its status could not be read before" in str(error)


@pytest.mark.parametrize(
    ("status_code", "kind"), [(401, AuthenticationError), (403, PermissionDeniedError), (404, NotFoundError)]
)
def test_a_plain_no_to_the_read(
    colour: Colour, campaigns: Any, server: Server, status_code: int, kind: type[APIStatusError]
) -> None:
    server.get(httpx.Response(status_code, json={"errors": [{"field": None, "message": "no"}]}))
    error = colour.error(kind, campaigns.send, 4900)
    assert error.status_code == status_code
    assert str(error).startswith("campaign 4900 was not sent")
    assert server.methods == ["GET"]


def test_the_deadline_may_end_between_the_two(colour: Colour, campaigns: Any, server: Server, clock: FakeClock) -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        clock.now += 121
        return httpx.Response(200, json=DRAFT)

    server.get(slow)
    assert "120 s had passed" in colour.error(NotSentError, campaigns.send, 4900).cause
    assert server.methods == ["GET"]


# --- the POST ---


@pytest.mark.parametrize(
    ("status_code", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (404, NotFoundError),
        (405, APIStatusError),
        (413, APIStatusError),
        (415, APIStatusError),
        (422, APIStatusError),
    ],
)
def test_a_plain_no_to_the_send(
    colour: Colour, campaigns: Any, server: Server, status_code: int, kind: type[APIStatusError]
) -> None:
    errors = [{"field": "subject", "message": "subject can't be blank"}, {"field": None, "message": "and more"}]
    server.post(httpx.Response(status_code, json={"errors": errors}))
    error = colour.error(kind, campaigns.send, 4900)
    assert [(detail.field, detail.message) for detail in error.errors] == [
        ("subject", "subject can't be blank"),
        (None, "and more"),
    ]
    assert server.methods == ["GET", "POST"]


IN_DOUBT = [
    *(httpx.Response(status) for status in (200, 202, 204, 299, 301, 307, 402, 406, 408, 409, 425, 451, 500, 520, 599)),
    httpx.Response(200, text="<html>Log in to the hotel's network</html>"),
    httpx.Response(500, json={"errors": [{"field": None, "message": "Failed to send your campaign."}]}),
    httpx.Response(201, json={"id": 1, "status": "Scheduled"}),
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.CloseError("reset"),
    httpx.RemoteProtocolError("no answer"),
    httpx.DecodingError("what?"),
    RuntimeError("a transport of one's own"),
]


@pytest.mark.parametrize("answer", IN_DOUBT, ids=str)
def test_doubt_and_a_status_that_says_it_was_sent(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock, answer: Any
) -> None:
    server.get(httpx.Response(200, json=DRAFT), httpx.Response(200, json={**DRAFT, "status": "In Progress"}))
    server.post(answer)
    receipt = colour.do(campaigns.send, 4900)
    assert receipt == SendReceipt(4900, "In Progress", "read-back")
    assert [attempt.method for attempt in receipt.attempts] == server.methods == ["GET", "POST", "GET"]
    assert clock.waits == []


@pytest.mark.parametrize("answer", IN_DOUBT, ids=str)
def test_doubt_and_a_draft_to_the_end_is_said(colour: Colour, campaigns: Any, server: Server, answer: Any) -> None:
    server.post(answer)
    error = colour.error(OutcomeUnknownError, campaigns.send, 4900)
    assert str(error).startswith("it is unknown whether campaign 4900 was sent: ")
    assert "Do not send it again" in str(error)
    assert error.status == "Draft"


def test_what_never_left_is_repeated(colour: Colour, campaigns: Any, server: Server, clock: FakeClock) -> None:
    server.post(httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.Response(201, json=ACCEPTED))
    assert colour.do(campaigns.send, 4900).status == "Scheduled"
    assert server.methods == ["GET", "POST", "POST", "POST"]
    assert clock.waits == [0.375, 0.75]


def test_what_never_left_at_all_was_not_sent(colour: Colour, campaigns: Any, server: Server) -> None:
    server.post(httpx.ConnectError("[Errno 111] Connection refused"))
    error = colour.error(NotSentError, campaigns.send, 4900)
    assert error.cause == "ConnectError: [Errno 111] Connection refused"
    assert server.methods == ["GET"] + ["POST"] * 4
    assert [attempt.verdict for attempt in error.attempts] == ["done"] + ["never left"] * 4


def test_a_connection_error_after_writing_began_is_doubt(colour: Colour, campaigns: Any, server: Server) -> None:
    """As by a transport that repeats on its own: only its last attempt could not connect."""

    def repeating(request: httpx.Request) -> httpx.Response:
        report(request, "http11.send_request_headers.started")
        raise httpx.ConnectError("refused")

    server.post(repeating)
    colour.error(OutcomeUnknownError, campaigns.send, 4900)


def test_the_tunnel_through_a_proxy_is_not_the_request(colour: Colour, campaigns: Any, server: Server) -> None:
    def proxy(request: httpx.Request) -> httpx.Response:
        report(request, "http11.send_request_headers.started", b"CONNECT")
        raise httpx.ProxyError("407 Proxy Authentication Required")

    server.post(proxy)
    colour.error(NotSentError, campaigns.send, 4900)


@pytest.mark.parametrize("error", [httpx.ConnectError("?"), httpx.ConnectTimeout("?"), httpx.ProxyError("?")], ids=repr)
def test_a_transport_that_does_not_report_is_not_believed(
    colour: Colour, campaigns: Any, server: Server, error: Exception
) -> None:
    """As one on aiohttp, which calls a connection that is lost after the request a connection error."""

    def silent(request: httpx.Request) -> httpx.Response:
        raise error

    server.post(silent)
    colour.error(OutcomeUnknownError, campaigns.send, 4900)
    assert server.methods[:3] == ["GET", "POST", "GET"]


def test_an_event_hook_that_raises_for_a_status_hides_nothing(colour: Colour, server: Server) -> None:
    def hook(response: httpx.Response) -> None:
        response.raise_for_status()

    async def hook_async(response: httpx.Response) -> None:
        response.raise_for_status()

    hooks = {"response": [hook if colour.http_class is httpx.Client else hook_async]}
    http = colour.http_class(transport=httpx.MockTransport(server), event_hooks=hooks)
    server.post(httpx.Response(404))
    colour.error(NotFoundError, colour.client(server, http_client=http).send, 4900)


@pytest.mark.parametrize("status_code", [404, 429])
def test_an_event_hooks_own_troubles_are_not_the_services(colour: Colour, server: Server, status_code: int) -> None:
    metrics = httpx.Response(status_code, request=httpx.Request("POST", "https://metrics.example/"))

    def hook(response: httpx.Response) -> None:
        if response.request.method == "POST":
            metrics.raise_for_status()

    async def hook_async(response: httpx.Response) -> None:
        hook(response)

    hooks = {"response": [hook if colour.http_class is httpx.Client else hook_async]}
    http = colour.http_class(transport=httpx.MockTransport(server), event_hooks=hooks)
    colour.error(OutcomeUnknownError, colour.client(server, http_client=http).send, 4900)
    assert server.methods[:3] == ["GET", "POST", "GET"]


def test_an_exception_that_cannot_say_what_it_is(colour: Colour, campaigns: Any, server: Server) -> None:
    class Speechless(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    server.post(Speechless())
    assert colour.error(OutcomeUnknownError, campaigns.send, 4900).cause == "Speechless"


# --- 403: only the status tells a missing right from a campaign that has moved on ---

FORBIDDEN = httpx.Response(403, json={"errors": [{"field": None, "message": "access forbidden"}]})


def test_403_and_still_a_draft_is_a_missing_right(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    server.post(FORBIDDEN)
    error = colour.error(PermissionDeniedError, campaigns.send, 4900)
    assert "marketing_campaigns scope" in str(error)
    assert "no access to the legacy Campaigns API" in str(error)
    assert server.methods.count("POST") == 1
    assert sum(clock.waits) == 45


@pytest.mark.parametrize("status", ["In Progress", "Sent"])
def test_403_and_moved_on_is_sent(colour: Colour, campaigns: Any, server: Server, status: str) -> None:
    """By a copy of this request that came first, or by somebody else: mailed in either case."""
    server.get(httpx.Response(200, json=DRAFT), httpx.Response(200, json={**DRAFT, "status": status}))
    server.post(FORBIDDEN)
    assert colour.do(campaigns.send, 4900) == SendReceipt(4900, status, "read-back")


@pytest.mark.parametrize("status", ["Scheduled", "Paused", "Hibernating"])
def test_403_and_moved_elsewhere_tells_nothing(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock, status: str
) -> None:
    server.get(httpx.Response(200, json=DRAFT), httpx.Response(200, json={**DRAFT, "status": status}))
    server.schedule(int(clock.now) + 3600)
    server.post(FORBIDDEN)
    error = colour.error(OutcomeUnknownError, campaigns.send, 4900)
    assert error.status == status
    assert f'last read as "{status}"' in str(error)
    assert server.methods.count("POST") == 1
    assert clock.waits == []


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(404), httpx.ConnectError("refused")], ids=str)
def test_403_and_no_status_to_be_had(colour: Colour, campaigns: Any, server: Server, answer: Any) -> None:
    server.get(httpx.Response(200, json=DRAFT), answer)
    server.post(FORBIDDEN)
    assert colour.error(OutcomeUnknownError, campaigns.send, 4900).status is None


# --- 201: the status line decides, the body is a gift ---


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'{"id": 4900}', b'{"status": "Scheduled"}', b"\xff\xfe", b"[" * 100_000, b"<html>"],
)
def test_201_with_a_body_that_cannot_be_read_is_sent(
    colour: Colour, campaigns: Any, server: Server, body: bytes
) -> None:
    server.post(httpx.Response(201, content=body))
    assert colour.do(campaigns.send, 4900) == SendReceipt(4900, None)


def test_a_status_nobody_knows_yet_is_passed_on(colour: Colour, campaigns: Any, server: Server) -> None:
    server.post(httpx.Response(201, json={"id": 4900, "status": "Queued", "new": 1}))
    assert colour.do(campaigns.send, 4900) == SendReceipt(4900, "Queued")


# --- 429 ---


def limited(**headers: str) -> httpx.Response:
    return httpx.Response(429, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("request_method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (limited(X_RateLimit_Reset="1800000020"), 20.0),
        (limited(X_Ratelimit_Reset="7"), 7.0),
        (limited(Retry_After="3", X_RateLimit_Reset="1800000020"), 3.0),
        (limited(X_RateLimit_Reset="1800000020", Date="Fri, 15 Jan 2027 08:00:10 GMT"), 10.0),
        (limited(), 0.0),
        (limited(X_RateLimit_Reset="soon"), 0.0),
        (limited(X_RateLimit_Reset="1799999999"), 0.0),
    ],
    ids=str,
)
def test_429_waits_as_long_as_it_says_and_a_little_more(
    colour: Colour,
    campaigns: Any,
    server: Server,
    clock: FakeClock,
    request_method: str,
    answer: httpx.Response,
    asked: float,
) -> None:
    server.script[request_method].insert(0, answer)
    assert colour.do(campaigns.send, 4900).status == "Scheduled"
    assert clock.waits == [asked + 0.375]


def test_429_to_the_end_was_not_sent(colour: Colour, campaigns: Any, server: Server) -> None:
    server.post(limited(X_RateLimit_Reset="12"))
    error = colour.error(RateLimitError, campaigns.send, 4900)
    assert error.retry_after == 12
    assert "retry after 12 s" in str(error)
    assert server.methods == ["GET"] + ["POST"] * 4


def test_a_wait_over_the_cap_is_the_callers_business(
    colour: Colour, campaigns: Any, server: Server, clock: FakeClock
) -> None:
    server.post(limited(Retry_After="76"))
    assert colour.error(RateLimitError, campaigns.send, 4900).retry_after == 76
    assert clock.waits == []


def test_no_attempt_begins_after_the_deadline(colour: Colour, server: Server, clock: FakeClock) -> None:
    campaigns = colour.client(server, clock=clock, retry=Retry(attempts=100, deadline=90))
    server.post(limited(Retry_After="40"))
    colour.error(RateLimitError, campaigns.send, 4900)
    assert server.methods == ["GET", "POST", "POST", "POST"]
    assert sum(clock.waits) < 90


def test_attempts_1_repeats_nothing(colour: Colour, server: Server, clock: FakeClock) -> None:
    campaigns = colour.client(server, clock=clock, retry=Retry(attempts=1))
    server.post(httpx.ConnectError("refused"))
    colour.error(NotSentError, campaigns.send, 4900)
    assert server.methods == ["GET", "POST"]


# --- interruption ---


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, asyncio.CancelledError, SystemExit])
def test_an_interruption_in_flight_goes_on_with_a_note(
    colour: Colour, campaigns: Any, server: Server, interruption: type[BaseException]
) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise interruption

    server.post(interrupted)
    with pytest.raises(interruption) as raised:
        colour.do(campaigns.send, 4900)
    assert "it is unknown whether campaign 4900 was sent" in raised.value.__notes__[0]
    assert server.methods == ["GET", "POST"]


@pytest.mark.parametrize("answer", [httpx.Response(403), httpx.Response(201, json=ACCEPTED)], ids=str)
def test_an_interruption_after_the_post_has_its_note(
    colour: Colour, campaigns: Any, server: Server, answer: httpx.Response
) -> None:
    """While the status is read after a 403, or by whatever a log handler raises after a 201."""

    class Full(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "/now: 201" in record.getMessage():
                raise KeyboardInterrupt

    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    server.get(httpx.Response(200, json=DRAFT), interrupted)
    server.post(answer)
    logger, handler = logging.getLogger("sendgrid_campaigns"), Full()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with pytest.raises(KeyboardInterrupt) as raised:
            colour.do(campaigns.send, 4900)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert "it is unknown whether campaign 4900 was sent" in raised.value.__notes__[0]


def test_an_interruption_while_waiting_to_repeat_has_nothing_to_note(
    colour: Colour, campaigns: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: FakeClock, seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeClock, "sleep", interrupted)
    server.post(httpx.Response(429))
    with pytest.raises(KeyboardInterrupt) as raised:
        colour.do(campaigns.send, 4900)
    assert not hasattr(raised.value, "__notes__")


def test_an_interruption_of_the_read_has_nothing_to_note(colour: Colour, campaigns: Any, server: Server) -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    server.get(interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        colour.do(campaigns.send, 4900)
    assert not hasattr(raised.value, "__notes__")
