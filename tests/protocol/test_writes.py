"""Writes: what a call concludes from reads and times, how long it waits, and what its errors know."""

from typing import Any

import httpx
import pytest

import sendgrid_campaigns as sg
from doubles import DRAFT, FakeClock, Server, StillClock, Style, cases, no
from writes import LOST, WRITES, Script, Write, every_write, is_with

ENSURE = Write("ensure_sent", "sent", before="", code=201, answer=DRAFT)


@cases(
    "name reads answer ends waited",
    # 403, and the 404 of a delete, are judged by the state
    *[("send", f"before {read}", "403", "OutcomeUnknownError", 45) for read in ("503", "html404", "refused")],
    ("delete", "before", "404", "NotFoundError", 45),
    ("delete", "before 404", "404", "", 45),
    ("delete", "before html404", "404", "OutcomeUnknownError", 45),
    # what a time that is read says of each write (R7, R8)
    *[("send", f"before Scheduled@{seconds}", "lost", "", 45) for seconds in (-5000, 0, 300)],
    ("send", "before Scheduled@346", "lost", "OutcomeUnknownError", 0),
    ("send", "before Scheduled", "lost", "OutcomeUnknownError", 45),
    *[("schedule", f"before {status}@3600", "lost", "", 45) for status in ("In_Progress", "Sent")],
    *[("schedule", f"before {status}@3601", "lost", "OutcomeUnknownError", 0) for status in ("Scheduled", "Sent")],
    ("schedule", "before Scheduled", "lost", "OutcomeUnknownError", 45),
    ("reschedule", "before Sent@3600", "lost", "", 45),
    ("reschedule", "before Sent@3660", "lost", "OutcomeUnknownError", 0),
    ("reschedule", "before before Scheduled@3720", "lost", "OutcomeUnknownError", 0.5),
    # ensure_sent posts first
    ("ensure_sent", "Draft", "403", "PermissionDeniedError", 45),
    *[("ensure_sent", read, "403", "NotInDraftError", 0) for read in ("Odd", "Scheduled@3600")],
    *[("ensure_sent", read, "403", "OutcomeUnknownError", 45) for read in ("503", "Scheduled@0 Draft")],
    ("ensure_sent", "404", "403", "OutcomeUnknownError", 0),
)
def test_what_the_next_reads_tell(style: Style, name: str, reads: str, answer: str, ends: str, waited: float) -> None:
    """tests/conformance and tests/model have the other cases."""
    write, clock = {**WRITES, "ensure_sent": ENSURE}[name], FakeClock()
    campaigns = style.client(Script(reads, answer, write), clock=clock)
    if ends:
        style.error(getattr(sg, ends), lambda: write.do(style, campaigns))
    else:
        assert getattr(write.do(style, campaigns), "known_from", "read-back") == "read-back"
    assert sum(clock.waits) == waited


def test_what_errors_know(style: Style, campaigns: Any, server: Server, clock: FakeClock) -> None:
    server.post(no(422, "subject can't be blank", "subject"))
    error = style.error(sg.APIStatusError, campaigns.send, 4900)
    assert (error.status_code, str(error.errors[0])) == (422, "subject: subject can't be blank")
    server.get(is_with("Sent"))
    error = style.error(sg.NotInDraftError, campaigns.send, 4900)
    assert error.summary == 'campaign 4900 was not sent: the campaign is "Sent", and only a Draft can be sent'
    server.get(is_with("Draft"))
    server.post(LOST, no(404))
    error = style.error(sg.OutcomeUnknownError, campaigns.send, 4900)
    assert (error.status, "slow" in error.cause) == ("Draft", True)  # R1: the cause is the first doubt
    assert 'its status was last read as "Draft"' in error.summary
    server.get(is_with("Draft"), no(404))
    server.post(LOST)
    error = style.error(sg.OutcomeUnknownError, campaigns.send, 4900)
    assert (error.status, "deleted meanwhile" in error.cause) == (None, True)
    server.get(httpx.Response(503))
    assert style.error(sg.NotAppliedError, campaigns.send, 4900).temporary


@cases(
    "retry answer writes waits",
    (sg.Retry(attempts=100, deadline=90), "429@40", 3, [40.375, 40.75]),
    (sg.Retry(attempts=1), "429@1", 1, []),
    (sg.Retry(attempts=6, deadline=1000), "429@0", 6, [0.375, 0.75, 1.5, 3, 6]),
    (sg.Retry(settle=45, attempts=1), "lost", 1, [0.5, 1, 2, 4, 8, 8, 8, 8, 5.5]),
    (sg.Retry(settle=3, attempts=1), "lost", 1, [0.5, 1, 1.5]),
    (sg.Retry(settle=0.1, attempts=2), "lost", 2, [0.1, 0.1]),
    (sg.Retry(deadline=2), "lost", 1, [0.5, 1, 0.5]),
)
def test_back_off_window_and_deadline(style: Style, retry: Any, answer: str, writes: int, waits: list[float]) -> None:
    server, clock = Script("Draft", answer, WRITES["send"]), FakeClock()
    with pytest.raises((sg.RateLimitError, sg.OutcomeUnknownError)):
        style.do(style.client(server, clock=clock, retry=retry).send, 4900)
    assert (server.methods.count("POST"), clock.waits) == (writes, waits)


def test_a_clock_that_stands_still_ends_the_window(style: Style) -> None:
    server, clock = Script("Draft", "lost", WRITES["send"]), StillClock()
    style.error(sg.OutcomeUnknownError, style.client(server, clock=clock).send, 4900)
    assert (sum(clock.waits), server.methods.count("POST")) == (120, 3)


@cases(
    "sent stored same",
    ({"categories": ["Spring Line", "b"]}, {"categories": ["b", "spring line"]}, True),
    ({"categories": ["a"]}, {"categories": ["a", "b"]}, False),
    ({"list_ids": [2, 1, 1]}, {"list_ids": [1, 2]}, True),
    ({"list_ids": [1, 2]}, {"list_ids": [1, 3]}, False),
    ({"segment_ids": []}, {"segment_ids": None}, True),
    ({"segment_ids": None}, {"segment_ids": [1]}, False),
    ({"title": "  March "}, {"title": "March"}, True),
    ({"title": "March"}, {"title": "march"}, False),
    ({"plain_content": "a\r\nb\rc\n"}, {"plain_content": "a\nb\nc"}, True),
    ({"plain_content": "a b"}, {"plain_content": "a  b"}, False),
    ({"custom_unsubscribe_url": ""}, {}, True),
    ({"custom_unsubscribe_url": None}, {"custom_unsubscribe_url": ""}, True),
    ({"sender_id": 5}, {"sender_id": 6}, False),
    ({"subject": "Spring", "list_ids": [1]}, {"subject": "Spring"}, False),
)
def test_forms_that_mean_the_same(
    style: Style, campaigns: Any, server: Server, sent: Any, stored: Any, same: bool
) -> None:
    """What an update wrote is compared as the service stores it."""
    server.get(is_with("Draft", subject="before"), is_with("Draft", **stored))
    server.answer("PATCH", LOST)
    if same:
        assert isinstance(style.do(campaigns.update, 4900, **sent), sg.Campaign)
    else:
        style.error(sg.OutcomeUnknownError, campaigns.update, 4900, **sent)


# --- R10: exceptions from outside ---


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, MemoryError])
@every_write
def test_an_interruption_in_flight_goes_on_with_a_note(
    style: Style, write: Write, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    server = Script("before", "ok", write)

    def interrupted(request: httpx.Request) -> httpx.Response:
        if request.method == write.method:
            raise kind
        return server(request)

    (note,) = style.error(kind, lambda: write.do(style, style.client(interrupted))).__notes__
    assert f"was {write.done}: {kind.__name__} ended the call" in note
    assert write.declared.hint in note
    assert [record.levelname for record in caplog.records] == ["WARNING"]  # frameworks lose notes
    assert f"was {write.done}" in caplog.text


@pytest.mark.parametrize(("answers", "noted"), [("403", True), ("lost", True), ("429", False), ("refused", False)])
def test_an_interruption_while_waiting(style: Style, answers: str, noted: bool) -> None:
    class Stops(FakeClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    campaigns = style.client(Script("Draft", answers, WRITES["send"]), clock=Stops())
    assert hasattr(style.error(KeyboardInterrupt, campaigns.send, 4900), "__notes__") is noted
    campaigns = style.client(Script("503", "ok", WRITES["send"]), clock=Stops())
    assert not hasattr(style.error(KeyboardInterrupt, campaigns.send, 4900), "__notes__")
