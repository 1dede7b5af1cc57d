"""S0 to S3 of every write, as tables: what a call concludes from each answer to each of its requests."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import sendgrid_campaigns as sg
from doubles import DRAFT, NOW, FakeClock, Server, StillClock, Style, cases, no
from writes import LOST, SOON, WRITES, Script, Write, every_write, is_with

ENSURE = Write("ensure_sent", "sent", before="", code=201, answer=DRAFT)
STOP = Write("delete", "deleted", named={"stop": True}, before="Draft", applied="404", code=204)
BY_NAME = {**WRITES, "ensure_sent": ENSURE, "delete_stop": STOP}
GROUPS = {
    "all": [*WRITES],
    "read": [name for name, write in WRITES.items() if write.before],
    "needing": ["update", "schedule", "reschedule", "unschedule", "send"],
    "unread": ["create", "send_test"],
    "drafts": ["update", "schedule", "send"],
}
PAGES = "html400/html401/html403/html404/html405/html422"
DOUBT = f"{PAGES}/202/299/301/307/402/408/409/500/502/599/lost/reset"
ODD = "In_Progress/Sent/Paused/Canceled/Odd/Unset"

# who            reads                    answers of the write    ends as                   writes  seconds waited
TABLE = f"""
# S0: nothing was tried yet
needing          before                   ok                      ok                        1       0
drafts           Scheduled/{ODD}          ok                      NotInDraftError           0       0
reschedule       Draft/{ODD}              ok                      NotScheduledError         0       0
unschedule       Draft/{ODD}              ok                      NotScheduledError         0       0
delete           Draft/DRAFT/Sent/Canceled  ok                    ok                        1       0
delete           Scheduled/In_Progress/Paused/Odd/Unset  ok       DeleteWouldStopMailError  0       0
read             503/302/html404/html403/lost/refused/another  ok  NotAppliedError          0       2.625
read             400                      ok                      BadRequestError           0       0
read             401                      ok                      AuthenticationError       0       0
read             403                      ok                      PermissionDeniedError     0       0
read             404                      ok                      NotFoundError             0       0
read             422                      ok                      APIStatusError            0       0
read             429                      ok                      RateLimitError            0       2.625
read             503,before               ok                      ok                        1       0.375
delete_stop      Scheduled/In_Progress/Paused/Odd  ok             ok                        1       0
delete_stop      Draft,In_Progress        429,ok                  ok                        2       0.375
delete_stop      Draft,In_Progress        lost,ok                 ok                        2       45

# S1: settled by the answer
all              before                   ok                      ok                        1       0
all              before                   400                     BadRequestError           1       0
all              before                   401                     AuthenticationError       1       0
all              before                   405/413/415/422/html413  APIStatusError           1       0
needing          before                   404                     NotFoundError             1       0
unread           before                   404                     NotFoundError             1       0
all              before                   refused,refused,ok      ok                        3       1.125
all              before                   refused                 NotAppliedError           4       2.625
all              before                   429@7,html429@7,ok      ok                        3       15.125
all              before                   429@7                   RateLimitError            4       23.625
all              before                   429@120                 RateLimitError            1       0
delete           Draft,In_Progress        429/refused,ok          DeleteWouldStopMailError  1       0.375
delete           Draft,404                429,ok                  NotFoundError             1       0.375
schedule         before                   empty/junk              accepted                  1       0
send             before                   empty/junk              accepted                  1       0
delete           before                   empty/junk              accepted                  1       0
unschedule       before                   empty/junk              accepted                  1       0
send_test        before                   empty/junk/204          accepted                  1       0
create           before                   empty/junk              OutcomeUnknownError       1       0
update           before                   empty/junk              OutcomeUnknownError       3       120
reschedule       before                   empty/junk              OutcomeUnknownError       3       120

# S2, S3: doubt
read             before                   {DOUBT}                 OutcomeUnknownError       3       120
unread           before                   {DOUBT}/203             OutcomeUnknownError       1       0
update           before                   another                 OutcomeUnknownError       3       120
schedule         before                   another                 OutcomeUnknownError       3       120
send             before                   another/200             OutcomeUnknownError       3       120
send             before,applied           {DOUBT}/another         read-back                 1       0
read             before,before,applied    lost                    read-back                 1       -
update           before,applied           {DOUBT}/another         read-back                 1       45
delete           before,applied           {DOUBT}/200             read-back                 1       45
schedule         before,applied           {DOUBT}/another         read-back                 1       45
reschedule       before,applied           {DOUBT}/201             read-back                 1       45
unschedule       before,applied           {DOUBT}/200             read-back                 1       45
read             before                   lost,ok                 ok                        2       45
all              before                   lost,400/404/429@1/403/refused  OutcomeUnknownError  -    -
needing          before,404               lost                    OutcomeUnknownError       1       0
needing          before,503/html404/another  lost                 OutcomeUnknownError       1       45

# R3: 403, and the 404 of a delete, are judged by the state
read             before                   403                     PermissionDeniedError     1       45
unread           before                   403                     PermissionDeniedError     1       0
send             before,applied           403                     read-back                 1       0
read             before,applied           403                     read-back                 1       -
read             before,503/html404/refused  403                  OutcomeUnknownError       1       45
delete           before                   404                     NotFoundError             1       45
delete           before,404               404                     read-back                 1       45
delete           before,html404           404                     OutcomeUnknownError       1       45

# what a state says of each write (R7, R8)
send             before,Sent/In_Progress/SENT    lost             read-back                 1       0
send             before,Scheduled@-5000/Scheduled@0/Scheduled@300  lost  read-back          1       45
send             before,Scheduled@346     lost                    OutcomeUnknownError       1       0
send             before,Scheduled         lost                    OutcomeUnknownError       1       45
send             before,Paused/Canceled/Odd/Unset  lost           OutcomeUnknownError       1       0
send             before,Scheduled,before  lost                    OutcomeUnknownError       1       45
schedule         before,In_Progress@3600/Sent@3600  lost          read-back                 1       45
schedule         before,Scheduled@3601/Sent@3601/Paused  lost     OutcomeUnknownError       1       0
schedule         before,Scheduled         lost                    OutcomeUnknownError       1       45
schedule         before,applied,before    lost                    OutcomeUnknownError       1       45
reschedule       before,Sent@3600         lost                    read-back                 1       45
reschedule       before,Draft/Sent@3660/Canceled  lost            OutcomeUnknownError       1       0
reschedule       before,before,Scheduled@3720  lost               OutcomeUnknownError       1       0.5
unschedule       before,In_Progress/Sent/Paused  lost             OutcomeUnknownError       1       0
unschedule       before,Draft,before      lost                    OutcomeUnknownError       1       45
update           before,Scheduled/Sent/Paused  lost               OutcomeUnknownError       1       0
delete           before,Scheduled/Paused  lost                    OutcomeUnknownError       1       0
# an unchanged state is believed after two reads at the end of the window
send             before,{"503," * 9}before  lost                  OutcomeUnknownError       1       45
send             before,{"503," * 8}before  lost,ok               ok                        2       45

# ensure_sent posts first
ensure_sent      Draft                    ok                      ok                        1       0
ensure_sent      In_Progress/Sent         403                     already                   1       0
ensure_sent      Scheduled@10             403                     already                   1       45
ensure_sent      Sent                     lost/html403            read-back                 1       0
ensure_sent      Scheduled@10             lost                    read-back                 1       45
ensure_sent      Draft                    403                     PermissionDeniedError     1       45
ensure_sent      Paused/Canceled/Odd/Scheduled@3600  403          NotInDraftError           1       0
ensure_sent      Paused/Canceled/Scheduled@3600  lost             OutcomeUnknownError       1       0
ensure_sent      404                      403                     OutcomeUnknownError       1       0
ensure_sent      503                      403                     OutcomeUnknownError       1       45
ensure_sent      Scheduled@0,Draft        403                     OutcomeUnknownError       1       45
ensure_sent      Draft                    lost                    OutcomeUnknownError       3       120
ensure_sent      Draft                    lost,ok                 ok                        2       45
ensure_sent      Draft                    404                     NotFoundError             1       0
ensure_sent      Draft                    429                     RateLimitError            4       2.625
ensure_sent      Draft                    refused                 NotAppliedError           4       2.625
"""


def rows() -> list[Any]:
    """Return a case for each write and each of the words with `/` between them."""
    found: list[Any] = []
    for line in filter(lambda line: line and not line.startswith("#"), TABLE.splitlines()):
        who, reads, answers, *end = line.split()
        for name in GROUPS.get(who, [who]):
            for each_reads in _choices(reads):
                for each_answers in _choices(answers):
                    case = (name, each_reads, each_answers)
                    found.append(pytest.param(*case, *end, id=":".join(case)))
    return found


def _choices(cell: str) -> list[str]:
    *first, last = cell.split(",")
    alternatives = next((part for part in (*first, last) if "/" in part), last)
    return [" ".join([*first, last]).replace(alternatives, word, 1) for word in alternatives.split("/")]


@pytest.mark.parametrize(("name", "reads", "answers", "ends", "writes", "waited"), rows())
def test_table(style: Style, name: str, reads: str, answers: str, ends: str, writes: str, waited: str) -> None:
    write, clock = BY_NAME[name], FakeClock()
    server = Script(reads, answers, write)
    campaigns = style.client(server, clock=clock)
    kind = getattr(sg, ends, None)
    if kind is None:
        check_result(write, write.do(style, campaigns), server, ends)
    else:
        check_error(write, style.error(kind, lambda: write.do(style, campaigns)), server)
    tried = server.methods.count(write.method)
    assert (writes, waited) == (str(tried) if writes != "-" else "-", f"{sum(clock.waits):g}" if waited != "-" else "-")


def check_result(write: Write, found: Any, server: Server, ends: str) -> None:
    if ends == "ok":
        assert found == write.result or write is ENSURE
    elif ends == "accepted":  # R5: the status line decides, and the body is not needed
        unread = {"schedule": sg.Schedule(4900, SOON, None), "send": sg.SendReceipt(4900, None)}
        assert found == unread.get(write.name)
    elif write.name == "update":
        assert found.subject == "Spring"
    if hasattr(found, "known_from"):
        assert found.known_from == {"ok": "answer", "accepted": "answer"}.get(ends, ends)
        assert [attempt.method for attempt in found.attempts] == server.methods


def check_error(write: Write, error: sg.SendGridError, server: Server) -> None:
    operation = write.declared.operation
    assert (error.action, error.method, error.route) == (write.done, operation.method, operation.path)
    assert [attempt.method for attempt in error.attempts] == server.methods
    whose = "the campaign" if write.name == "create" else "campaign 4900"
    lines = str(error).splitlines()
    assert lines[0] == error.summary
    assert error.advice in lines
    unknown = isinstance(error, sg.OutcomeUnknownError)
    began = f"it is unknown whether {whose} was {write.done}: " if unknown else f"{whose} was not {write.done}: "
    assert error.summary.startswith(began)
    assert error.may_have_been_applied is unknown
    proofs = {attempt.proof for attempt in error.attempts if attempt.method == write.method}
    assert ("This call changed nothing." in str(error)) is not (unknown or "ambiguous" in proofs)
    if unknown:
        assert error.advice == write.declared.hint
        accepted = "accepted the request, but its answer cannot be read" in error.cause
        assert accepted or {attempt.proof for attempt in error.attempts} & {"unknown", "ambiguous"}


# --- what the table does not hold ---


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


@cases("slow kind methods", ("GET", sg.NotAppliedError, 1), ("POST", sg.OutcomeUnknownError, 2))
def test_nothing_begins_after_the_deadline(style: Style, slow: str, kind: Any, methods: int) -> None:
    server, clock = Script("Draft", "502", WRITES["send"]), FakeClock()

    def late(request: httpx.Request) -> httpx.Response:
        clock.now += 121 if request.method == slow else 0
        return server(request)

    assert style.error(kind, style.client(late, clock=clock).send, 4900)
    assert len(server.methods) == methods


def test_a_clock_that_stands_still_ends_the_window(style: Style) -> None:
    server, clock = Script("Draft", "lost", WRITES["send"]), StillClock()
    style.error(sg.OutcomeUnknownError, style.client(server, clock=clock).send, 4900)
    assert (sum(clock.waits), server.methods.count("POST")) == (120, 3)


@pytest.mark.parametrize("off", [0, 86_400, -86_400])
def test_about_now_is_by_the_services_clock(style: Style, server: Server, clock: FakeClock, off: float) -> None:
    """The answer's Date tells what `send_at` is compared with; this machine's clock may be wrong."""
    clock.now += off
    scheduled = is_with("Scheduled")
    scheduled.headers["Date"] = "Fri, 15 Jan 2027 08:00:00 GMT"
    server.post(LOST)
    for seconds, kind in ((60, None), (301, sg.OutcomeUnknownError)):
        server.get(is_with("Draft"), scheduled)
        server.schedule(NOW + seconds)
        campaigns = style.client(server, clock=clock)
        assert style.error(kind, campaigns.send, 4900) if kind else style.do(campaigns.send, 4900)


@cases(
    "name chosen present writes",
    *[("schedule", 100, 0, 1), ("schedule", 106, 0, 2)],
    *[("reschedule", 3600, 100, 1), ("reschedule", 100, 3600, 1), ("reschedule", 3600, 3660, 2)],
)
def test_a_time_that_is_near_is_not_written_again(
    style: Style, name: str, chosen: int, present: int, writes: int
) -> None:
    server = Script(f"Scheduled@{present}" if name == "reschedule" else "Draft", "lost", WRITES[name])
    method = getattr(style.client(server, retry=sg.Retry(attempts=2)), name)
    style.error(sg.OutcomeUnknownError, method, 4900, datetime.fromtimestamp(NOW + chosen, UTC))
    assert server.methods.count(WRITES[name].method) == writes


def test_the_cutoff_of_a_chosen_time(style: Style, server: Server, clock: FakeClock) -> None:
    """R2: ten minutes after the chosen time the service takes no copy any more, so that a Draft is definite."""

    def late(request: httpx.Request) -> httpx.Response:
        clock.now += 700
        return httpx.Response(502)

    server.post(late)
    campaigns = style.client(server, clock=clock, retry=sg.Retry(deadline=5000))
    error = style.error(sg.NotAppliedError, campaigns.schedule, 4900, datetime.fromtimestamp(NOW + 60, UTC))
    assert (error.temporary, server.methods) == (False, ["GET", "POST", "GET", "GET"])
    assert "the chosen time is past" in error.cause


def test_a_newer_value_is_never_written_over(style: Style, campaigns: Any, server: Server) -> None:
    for reads, writes in (([*["Winter"] * 3, "Summer"], 1), (["Winter", *["Winter"] * 10, "Summer"], 2)):
        server.get(*[is_with("Draft", subject=subject) for subject in reads])
        server.answer("PATCH", LOST)
        server.requests.clear()
        style.error(sg.OutcomeUnknownError, campaigns.update, 4900, subject="Spring")
        assert server.methods.count("PATCH") == writes
    server.get(is_with("Draft"), is_with("Draft", ip_pool="marketing"))  # another field is no newer value
    server.answer("PATCH", LOST, WRITES["update"].good)
    assert style.do(campaigns.update, 4900, subject="Spring").subject == "Spring"


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
