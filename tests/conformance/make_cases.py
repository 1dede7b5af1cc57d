"""The table of cases, made from the rules: what each family of faults must lead to, for each operation it can befall.

`python make_cases.py` writes cases.json beside itself. It knows the rules and the service's behaviour, and no SDK: what
a case expects is reasoned out here, in the words of docs/sending.md, and never recorded from a run.

The rules by which nearly every expectation follows:

    S0  the state is read first; what fails there is definite, for nothing has been tried
    S1  what never left, and 429, are tried again: 4 tries in all
    S2  after doubt the state is read at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 23.5, 31.5, 39.5 and 45 s: ten reads
    S3  a state as before to the end: S1 again, while the 120 s of a call last
    R1  after doubt no answer is a "no"; R3: a 403 is judged by the state; R8: what has moved is left alone
    R7  what nobody can undo wins at once: In Progress, Sent. All else needs the whole window, and two reads at its end
"""

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

GET, AT, LIST = "GET campaign", "GET schedule", "GET campaigns"
SUBJECT = "New Products for Spring!"
SEND_AT, OTHER = 7200, 10800
"""What we schedule for, and what others have scheduled for; both lie behind the hour after which is looked again."""

T = TypeVar("T")
Part = Mapping[str, Any]
CASES: list[dict[str, Any]] = []


def times(number: int, *of: Any) -> list[Any]:
    return [*of] if number == 1 else [{"times": number, "of": [*of]}]


def case(name: str, operation: str, outcome: Part, requests: Iterable[Any], **more: Any) -> None:
    """more: arguments, setup, faults, actors, outages, mailings, mailings_later, ends, resolved, breaks."""
    mailings = more.pop("mailings", 0)
    expected = {"outcome": dict(outcome), "requests": [*requests], "mailings": mailings}
    expected["mailings_later"] = more.pop("mailings_later", mailings)
    after = {key: more.pop(key) for key in ("ends", "resolved", "breaks") if key in more}
    CASES.append({"name": f"{operation}: {name}", "operation": operation, **more, **expected, **after})


# --- answers that are made up ---


def answer(status_code: int, body: str = "", **headers: str) -> Part:
    return {"status_code": status_code, "headers": {k.replace("_", "-"): v for k, v in headers.items()}, "body": body}


def error_answer(status_code: int) -> Part:
    return answer(status_code, '{"errors": [{"field": null, "message": "no"}]}', content_type="application/json")


def packed(status_code: int, body: bytes, missing: int = 0) -> Part:
    packing = zlib.compressobj(wbits=31)  # gzip; unlike the module of that name, the same to the byte in every Python
    data = packing.compress(body) + packing.flush()
    data = data[: len(data) - missing]
    headers = {"content-encoding": "gzip"}
    return {"status_code": status_code, "headers": headers, "body_base64": base64.b64encode(data).decode()}


def campaign(status: Any = "Draft", id: Any = 4900, **fields: Any) -> Part:
    return answer(200, json.dumps({"id": id, "title": "March Newsletter", "status": status, **fields}))


ELSEWHERE = answer(307, location="https://elsewhere.example/v3/campaigns")


def _actor(at: str, occurrence: int, do: str, when: str = "before", **more: Any) -> Part:
    return {"at": at, "occurrence": occurrence, "when": when, "do": do, **more}


# --- the writes ---


@dataclass(frozen=True)
class Write:
    name: str
    tries: str
    """The request."""
    success: int
    result: Part
    """What is returned when it is answered."""
    arguments: Part = field(default_factory=lambda: {"campaign_id": 4900})
    setup: Part = field(default_factory=dict)
    at: str = ""
    """The sandbox's name for the request, where it is another."""
    read_back: Part = field(default_factory=dict)
    """What is returned otherwise when it was read back."""
    first: Sequence[Any] = (GET,)
    before: Sequence[Any] = (GET,)
    """One look at a campaign to which nothing happened."""
    after: Sequence[Any] = (GET,)
    """One look at a campaign with which it was done."""
    status: str | None = "Draft"
    """The campaign's status before."""
    ends: tuple[Part, Part] = ({}, {})
    """What is found an hour later when it was not carried out, and when it was."""
    mails: int = 0
    """How many mailings it causes."""
    judged: bool = True
    """Whether a 403 may be the answer to a second copy: no status forbids a create or a test."""
    readable: bool = True
    """Whether it can be read back."""
    body: str | None = None
    """Of an answer of success that is about another campaign."""

    @property
    def asked(self) -> str:
        return self.at or self.name

    @property
    def was_read_back(self) -> Part:
        return {**self.result, **self.read_back}

    def unknown(self, status: str | None = "?") -> Part:
        return {"error": "OutcomeUnknownError", "status": self.status if status == "?" else status}

    def window(self, reads: int = 10) -> list[Any]:
        return times(reads, *self.before)

    def seen(self, before: int = 0) -> list[Any]:
        """The reads that it takes to see that it was done, when so many look as before (R7)."""
        # What goes out wins at once; all else can be undone, or be an old read.
        first = [*times(before, *self.before)] if before else []
        return [*first, *times(1 if self.mails else 10 - before, *self.after)]

    def case(self, name: str, outcome: Part, requests: Iterable[Any], *, done: bool, **more: Any) -> None:
        setup = {**self.setup, **more.pop("setup", {})}
        if setup:
            more = {"setup": setup, **more}
        more = {"mailings": self.mails * done, "ends": self.ends[done], **more}
        if "arguments" not in more:
            more = {"arguments": self.arguments, **more}
        case(name, self.name, outcome, [*self.first, *requests], **more)

    def fault(self, occurrence: int = 1, **fault: Any) -> Part:
        return {"operation": self.asked, "occurrence": occurrence, **fault}

    def lost(self, occurrence: int = 1, **fault: Any) -> Part:
        return self.fault(occurrence, **{"effect": "none", "ending": "reset", **fault})


KEPT, MOVED_ON = {"status": "Draft"}, {"status": "Sent"}
OUR_TIME, THEIR_TIME = {"status": "Scheduled", "send_at": SEND_AT}, {"status": "Scheduled", "send_at": OTHER}
SCHEDULED = {"campaign": {"status": "Scheduled", "send_at": OTHER}}
ANSWERED, READ_BACK = {"known_from": "answer"}, {"known_from": "read-back"}
SENT = {"result": "sent", "status": "Scheduled", **ANSWERED}
SET = {"result": "scheduled", "send_at": SEND_AT, "status": "Scheduled", **ANSWERED}

SEND = Write(
    "send", "POST now", 201, SENT, read_back={"status": "In Progress", **READ_BACK}, ends=(KEPT, MOVED_ON), mails=1,
    body='{"id": 4901, "status": "Scheduled"}',
)  # fmt: skip
ENSURE_SENT = Write(
    "ensure_sent", "POST now", 201, SENT, at="send", read_back=SEND.read_back, ends=SEND.ends, mails=1, body=SEND.body
)
SCHEDULE = Write(
    "schedule", "POST schedule", 201, SET, {"campaign_id": 4900, "send_at": SEND_AT}, read_back=READ_BACK,
    after=(GET, AT), ends=(KEPT, OUR_TIME), body='{"id": 4901, "send_at": 1800007200, "status": "Scheduled"}',
)  # fmt: skip
RESCHEDULE = Write(
    "reschedule", "PATCH schedule", 200, SET, {"campaign_id": 4903, "send_at": SEND_AT}, SCHEDULED,
    read_back=READ_BACK, before=(GET, AT), after=(GET, AT), status="Scheduled", ends=(THEIR_TIME, OUR_TIME),
    body=SCHEDULE.body,
)  # fmt: skip
UNSCHEDULE = Write(
    "unschedule", "DELETE schedule", 204, {"result": "unscheduled"}, {"campaign_id": 4903}, SCHEDULED,
    status="Scheduled", ends=(THEIR_TIME, KEPT),
)  # fmt: skip
UPDATE = Write(
    "update", "PATCH campaign", 200, {"result": "updated", "status": "Draft", "subject": "Spring"},
    {"campaign_id": 4900, "subject": "Spring"},
    ends=({**KEPT, "subject": SUBJECT}, {**KEPT, "subject": "Spring"}), body='{"id": 4901, "subject": "Spring"}',
)  # fmt: skip
DELETE = Write("delete", "DELETE campaign", 204, {"result": "deleted"}, ends=(KEPT, {"status": None}))
CREATE = Write(
    "create", "POST campaigns", 201, {"result": "created", "id": 4903, "status": "Draft"}, {"title": "April"},
    first=(), status=None, ends=({"campaigns": 1}, {"campaigns": 2}), judged=False, readable=False,
)  # fmt: skip
SEND_TEST = Write(
    "send_test", "POST test", 201, {"result": "tested"}, {"campaign_id": 4900, "to": "a@example.com"},
    first=(), status=None, ends=({"tests": 0}, {"tests": 1}), judged=False, readable=False,
)  # fmt: skip

STATED = (SEND, SCHEDULE, RESCHEDULE, UNSCHEDULE, UPDATE, DELETE)
"""Those whose campaign is read first. ensure_sent is a send but for what was sent before."""
WRITES = (*STATED, CREATE, SEND_TEST)


def some(write: Write, kinds: Iterable[T], number: int) -> list[T]:
    """All of them for a send; so many for any other write, each in its turn: they all go through one machine."""
    kinds = [*kinds]
    if write is SEND:
        return kinds
    first = WRITES.index(write) * number
    return [kinds[(first + step) % len(kinds)] for step in range(min(number, len(kinds)))]


# --- what puts a write in doubt: everything but a documented success, a plain refusal and what never left ---

DOUBTS: dict[str, Part] = {
    "a reset": {"ending": "reset"},
    "a connection that is closed": {"ending": "closed"},
    "silence": {"ending": "silence"},
    "a status line that is cut": {"cut": 20},
    "headers that are cut": {"cut": 40},
    "500": {"answer": 500},
    "502": {"answer": 502},
    "503": {"answer": 503},
    "504": {"answer": 504},
    "302": {"answer": 302},
    "307 to another host": {"answer": ELSEWHERE},
    "a page with 200": {"answer": 200},
    "202": {"answer": 202},
    "408": {"answer": 408},
    "409": {"answer": 409},
    "425": {"answer": 425},
    "another 4xx": {"answer": 451},
}


def doubts(write: Write) -> dict[str, Part]:
    # R14: an answer about another campaign decides nothing.
    if write.body is None:
        return DOUBTS
    return {**DOUBTS, "an answer about another campaign": {"answer": answer(write.success, write.body)}}


def doubt_after_the_effect() -> None:
    """It was carried out, and the answer does not say so: the first read that tells wins (R7)."""
    for write in WRITES:
        for name, seen in some(write, doubts(write).items(), 2):
            outcome, reads = (write.was_read_back, write.seen()) if write.readable else (write.unknown(), ())
            fault = write.fault(effect="done", **seen)
            resolved = {} if write.readable else {"resolved": None}
            requests = [write.tries, *reads]
            write.case(f"{name}, after the effect", outcome, requests, done=True, faults=[fault], **resolved)


def doubt_without_effect() -> None:
    """It never arrived: as before through the whole window, and then it is tried again, which is answered (S3)."""
    for write in WRITES:
        kinds = [*doubts(write).items()]
        for name, seen in kinds[::3] if write is SEND else some(write, kinds, 1):
            seen = {"answer": 503, **seen} if "cut" in seen else seen
            fault = write.fault(effect="none", **seen)
            if write.readable:
                requests = [write.tries, *write.window(), write.tries]
                write.case(f"{name}, without effect", write.result, requests, done=True, faults=[fault])
            else:
                requests = [write.tries]
                more = {"faults": [fault], "resolved": None}
                write.case(f"{name}, without effect", write.unknown(), requests, done=False, **more)


def ensure_sent() -> None:
    """What is not sent before is sent, as by `send`."""
    write = ENSURE_SENT
    write.case("nothing goes wrong", SENT, [write.tries], done=True)
    for name in ("a reset", "502", "a page with 200", "an answer about another campaign"):
        seen = doubts(write)[name]
        fault = write.fault(effect="done", **seen)
        write.case(f"{name}, after the effect", write.was_read_back, [write.tries, GET], done=True, faults=[fault])
        fault = write.fault(effect="none", **seen)
        requests = [write.tries, *write.window(), write.tries]
        write.case(f"{name}, without effect", SENT, requests, done=True, faults=[fault])
    faults = [write.lost(), write.fault(2, answer=error_answer(400))]
    requests = [write.tries, *write.window(), write.tries]
    write.case("doubt, then 400", write.unknown(), requests, done=False, faults=faults, resolved=None)
    fault = write.fault(answer=error_answer(400))
    outcome = {"error": "BadRequestError", "status_code": 400}
    write.case("400", outcome, [write.tries], done=False, faults=[fault])
    more = {"faults": [write.lost(effect="late", delay=20)]}
    write.case("it lands in the window", write.was_read_back, [write.tries, *times(7, GET)], done=True, **more)
    more = {"actors": [_actor("send", 1, "send")], "mailings": 1, "ends": MOVED_ON}
    write.case("before the write, somebody: send", write.was_read_back, [write.tries, GET], done=False, **more)


def doubt_to_the_end() -> None:
    """Lost each time: tries at 0, 45 and 90 s, and the call ends at 120 s, after seven more reads."""
    for write in (SEND, RESCHEDULE, UPDATE):
        requests = [*times(2, write.tries, *write.window()), write.tries, *write.window(7)]
        more = {"faults": [{**write.lost(), "times": 3}], "resolved": None}
        write.case("lost three times", write.unknown(), requests, done=False, **more)
    # Silence takes the 30 s of an attempt: tries at 0 and 75 s, reads from 105 s on.
    requests = [SEND.tries, *SEND.window(), SEND.tries, *SEND.window(5)]
    silent = {**SEND.lost(ending="silence"), "times": 2}
    SEND.case("silence twice", SEND.unknown(), requests, done=False, faults=[silent], resolved=None)


def bodies_of_success() -> None:
    """The status line decides, and no body takes it back (R5); where 200 is success, others say that, too (R4)."""
    bodies: dict[str, Part] = {
        "a body that is cut": {"cut": 120},
        "an empty body": {"body": ""},
        "a page": {"body": "<html>welcome</html>"},
        "null": {"body": "null"},
        "a list": {"body": "[]"},
        "a number": {"body": "5"},
        "an object without fields": {"body": "{}"},
        "half of an object": {"body": '{"id": 4900, "sta'},
        "NaN": {"body": '{"id": NaN}'},
        "a number of 5,000 digits": {"body": "9", "body_times": 5000},
        "JSON nested 5,000 deep": {"body": "[", "body_times": 5000},
        "bytes that are no text": {"body_base64": base64.b64encode(b'{"id": 4900, "status": "\xff"}').decode()},
        "truncated gzip": packed(0, b'{"id": 4900, "status": "Scheduled"}', missing=9),
        "no gzip though it says so": {"headers": {"content-encoding": "gzip"}, "body": "no gzip"},
    }
    for write in (SEND, SCHEDULE, RESCHEDULE, UPDATE, CREATE, SEND_TEST):
        for name, body in some(write, bodies.items(), 2):
            if name == "a body that is cut":
                fault = write.fault(effect="done", **body)
            else:
                fault = write.fault(effect="done", answer={"headers": {}, **body, "status_code": write.success})
            outcome: Part = {**write.result, "status": None}
            reads: Sequence[Any] = ()
            more: dict[str, Any] = {}
            if write is SEND_TEST:
                outcome = write.result
            elif write is CREATE:  # it is there, and nobody knows its id
                outcome, more = write.unknown(), {"resolved": None}
            elif write.success == 200:
                outcome, reads = write.was_read_back, write.seen()
            requests = [write.tries, *reads]
            write.case(f"{write.success} with {name}", outcome, requests, done=True, faults=[fault], **more)
    for encoding, body in (("a BOM", {"body": '\ufeff{"id": 4900, "status": "Scheduled"}'}), ("gzip", None)):
        seen = {"headers": {}, **body} if body else packed(201, b'{"id": 4900, "status": "Scheduled"}')
        fault = SEND.fault(effect="done", answer={**seen, "status_code": 201})
        SEND.case(f"201 with {encoding}", SENT, [SEND.tries], done=True, faults=[fault])


# --- plain answers ---


def answered() -> None:
    for write in WRITES:
        write.case("nothing goes wrong", write.result, [write.tries], done=True)


REFUSALS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    404: "NotFoundError",
    405: "APIStatusError",
    413: "APIStatusError",
    415: "APIStatusError",
    422: "APIStatusError",
}


def refused() -> None:
    """A plain refusal on the first try is a definite "no" of its kind."""
    for write in WRITES:
        for code, kind in sorted({*some(write, REFUSALS.items(), 1), (404, REFUSALS[404])}):
            outcome = {"error": kind, "status_code": code}
            fault = write.fault(answer=error_answer(code))
            # R3: the 404 of a delete may be the answer to a second copy. The campaign is there: it is not.
            reads = write.window() if write is DELETE and code == 404 else ()
            write.case(f"{code}", outcome, [write.tries, *reads], done=False, faults=[fault])
    lacks = {"campaign": {"subject": None}}
    more = {"arguments": {"campaign_id": 4903}, "setup": lacks}
    SEND.case("it lacks a subject", {"error": "BadRequestError", "status_code": 400}, [SEND.tries], done=False, **more)


def forbidden() -> None:
    """403 and a state as before: a right is missing. That takes the whole window, where a status could forbid it."""
    outcome = {"error": "PermissionDeniedError", "status_code": 403}
    for write in WRITES:
        reads = write.window() if write.judged else ()
        more = {"setup": {"scopes": ["marketing_campaigns.read"]}}
        write.case("the key has no right to it", outcome, [write.tries, *reads], done=False, **more)


def doubled() -> None:
    """The network doubles the request: whichever of the two is answered, it was carried out, and once."""
    extra: dict[str, Part] = {"create": {"campaigns": 3}, "send_test": {"tests": 2}}
    for write in WRITES:
        more = {"ends": extra[write.name]} if write.name in extra else {}
        first = write.fault(effect="twice")
        write.case("doubled, the first is answered", write.result, [write.tries], done=True, faults=[first], **more)
        outcome, reads = write.result, ()
        if (write.success == 201 and write.readable) or write is DELETE:  # the second is answered 403, or 404
            outcome, reads = write.was_read_back, write.seen()
        if write is CREATE:
            outcome = {**outcome, "id": 4904}
        second = write.fault(effect="twice", answer="second")
        requests = [write.tries, *reads]
        write.case("doubled, the second is answered", outcome, requests, done=True, faults=[second], **more)
    more = {
        "setup": {"knobs": {"unschedule_draft": 403}},
        "faults": [UNSCHEDULE.fault(effect="twice", answer="second")],
    }
    requests = [UNSCHEDULE.tries, *UNSCHEDULE.seen()]
    UNSCHEDULE.case("doubled, the second is answered 403", UNSCHEDULE.result, requests, done=True, **more)


def never_left() -> None:
    """Nothing was written: it is tried again, four times in all; a delete looks each time before it repeats itself."""
    for write in WRITES:
        for number in (1, 3, 4) if write in (SEND, DELETE) else (2, 4):
            fault = {**write.fault(ending="refused"), "times": number}
            tries = [write.tries] * min(number + 1, 4)
            if write is DELETE:
                tries = [step for each in tries for step in (each, GET)][:-1]
            outcome = write.result if number < 4 else {"error": "NotSentError"}
            write.case(f"no connection, {number} times", outcome, tries, done=number < 4, faults=[fault])


def never_left_and_looked() -> None:
    """A delete that did not leave looks again: what it has become meanwhile may not be deleted without `stop`."""
    refused, limited = DELETE.fault(ending="refused"), DELETE.fault(answer=answer(429))
    requests = [DELETE.tries, GET]
    more: dict[str, Any] = {"faults": [refused], "actors": [_actor("get", 2, "schedule")], "ends": THEIR_TIME}
    outcome = {"error": "StopNotAskedError", "status": "Scheduled"}
    DELETE.case("no connection, and somebody schedules", outcome, requests, done=False, **more)
    more["faults"] = [DELETE.lost(), DELETE.fault(2, ending="refused")]
    more |= {"actors": [_actor("get", 12, "schedule")], "resolved": None}
    again = [DELETE.tries, *DELETE.window(), DELETE.tries, GET]
    name = "doubt, then no connection, and somebody schedules"
    DELETE.case(name, DELETE.unknown("Scheduled"), again, done=False, **more)
    more = {"faults": [limited], "actors": [_actor("get", 2, "delete")]}
    gone = [DELETE.tries, GET, DELETE.tries, *DELETE.seen()]
    DELETE.case("429, and somebody deletes it", DELETE.result, gone, done=True, **more)
    more = {"faults": [limited, {"operation": "get", "occurrence": 2, "answer": 503}]}
    DELETE.case("429, and it cannot be read", {"error": "NotSentError"}, requests, done=False, **more)


def limited() -> None:
    """429 is waited for, as long as a minute; a reset that is absurd is none."""
    resets: dict[str, Part] = {
        "429": {},
        "429 with a reset in 7 s": {"x_ratelimit_reset": "7"},
        "429 with a reset as unix time": {"x_ratelimit_reset": "1800000020"},
        "429 with a reset that is past": {"x_ratelimit_reset": "1799999000"},
        "429 with an absurd reset": {"x_ratelimit_reset": "99999999999"},
        "429 with a reset that is no number": {"x_ratelimit_reset": "soon"},
        "429 with a reset of NaN": {"x_ratelimit_reset": "nan"},
        "429 with Retry-After": {"retry_after": "3"},
        "429 with Retry-After as a date": {"retry_after": "Fri, 15 Jan 2027 08:00:30 GMT"},
    }
    for write in WRITES:
        again = [write.tries, GET, write.tries] if write is DELETE else [write.tries] * 2
        for name, headers in some(write, resets.items(), 1):
            fault = write.fault(answer=answer(429, **headers))
            write.case(name, write.result, again, done=True, faults=[fault])
        tries = [write.tries] * 4
        if write is DELETE:
            tries = [step for each in tries for step in (each, GET)][:-1]
        fault = {**write.fault(answer=answer(429)), "times": 4}
        outcome = {"error": "RateLimitError", "status_code": 429}
        write.case("429 to the end", outcome, tries, done=False, faults=[fault])
    fault = SEND.fault(answer=answer(429, x_ratelimit_reset="3600"))
    outcome = {"error": "RateLimitError", "status_code": 429, "retry_after": 3600}
    SEND.case("429 for an hour", outcome, [SEND.tries], done=False, faults=[fault])
    # The sandbox's own limit: two requests a minute, of which somebody has used one. So the send waits for the next.
    for reset in ("epoch", "delta"):
        knobs = {"rate_limit": 2, "rate_window": 60, "rate_reset": reset}
        more = {"setup": {"knobs": knobs}, "actors": [{"at": "get", "when": "before", "do": "edit"}]}
        SEND.case(f"the service's own limit, {reset}", SENT, [SEND.tries], done=True, **more)


# --- doubt stays ---


def doubt_stays() -> None:
    """R1: once it may have arrived, no later answer is a "no"."""
    for write in STATED:
        again = [write.tries, *write.window(), write.tries]
        for code in (400, 401, 404, 422) if write is SEND else (404,) if write is DELETE else some(write, REFUSALS, 1):
            faults = [write.lost(), write.fault(2, answer=error_answer(code))]
            if write is DELETE and code == 404:  # R3: it is still there, so it is deleted once more
                requests, outcome, done = [*again, *write.window(), write.tries], write.result, True
            else:
                requests, outcome, done = again, write.unknown(), False
            more = {} if done else {"resolved": None}
            write.case(f"doubt, then {code}", outcome, requests, done=done, faults=faults, **more)
        for name, seen in {"429": {"answer": answer(429)}, "no connection": {"ending": "refused"}}.items():
            tries = [write.tries] * 3 if write is not DELETE else [write.tries, GET, write.tries, GET, write.tries]
            faults = [write.lost(), {**write.fault(2, **seen), "times": 3}]
            requests = [write.tries, *write.window(), *tries]
            more = {"faults": faults, "resolved": None}
            write.case(f"doubt, then {name} to the end", write.unknown(), requests, done=False, **more)
        if write in (SCHEDULE, UNSCHEDULE):
            continue
        # R3: as before, which does not lift the doubt: once more, as for any other.
        faults = [write.lost(), write.fault(2, answer=error_answer(403))]
        requests = [*times(2, write.tries, *write.window()), write.tries]
        write.case("doubt, then 403", write.result, requests, done=True, faults=faults)
        # It arrives while 403 is answered to the next try.
        faults = [write.lost(effect="late", delay=50), write.fault(2, answer=error_answer(403))]
        requests = [write.tries, *write.window(), write.tries, *write.seen(4)]
        write.case("it lands after a 403", write.was_read_back, requests, done=True, faults=faults)


# --- copies that are late ---


def late() -> None:
    """A lost request is carried out while it is looked for, during the next try, or when the call is over."""
    for write in STATED:
        fault = write.lost(effect="late", delay=20)
        # The seventh read is at 23.5 s.
        reads = write.seen(6)
        write.case("it lands in the window", write.was_read_back, [write.tries, *reads], done=True, faults=[fault])

        fault = write.lost(effect="late", delay=60)
        requests = [write.tries, *write.window(), write.tries]
        write.case("it lands behind the next try", write.result, requests, done=True, faults=[fault])

        faults = [fault, write.lost(2)]
        reads = write.seen(5)  # the next is at 60.5 s
        requests = [write.tries, *write.window(), write.tries, *reads]
        write.case("it lands in the second window", write.was_read_back, requests, done=True, faults=faults)

        if write in (RESCHEDULE, UPDATE):
            continue
        faults = [write.lost(effect="late", delay=200), {**write.lost(2), "times": 2}]
        requests = [*times(2, write.tries, *write.window()), write.tries, *write.window(7)]
        more: dict[str, Any] = {"faults": faults, "resolved": True, "mailings": 0, "mailings_later": write.mails}
        write.case("it lands after the call", write.unknown(), requests, done=True, **more)
    for write in (CREATE, SEND_TEST):
        fault = write.lost(effect="late", delay=200)
        more = {"faults": [fault], "resolved": None}
        write.case("it lands after the call", write.unknown(), [write.tries], done=True, **more)


# --- the status before ---


def wrong_status() -> None:
    """S0: a status that does not allow it is a definite "no", and nothing is tried."""
    statuses = ("Draft", "Scheduled", "In Progress", "Sent", "Paused", "Canceled")
    for write in (*STATED, ENSURE_SENT):
        kind = "NotScheduledError" if write.status == "Scheduled" else "NotInDraftError"
        for status in statuses if write in (SEND, ENSURE_SENT, DELETE) else some(write, statuses, 3):
            made = {"status": status, **({"send_at": OTHER} if status == "Scheduled" else {})}
            arguments = {**write.arguments, "campaign_id": 4903}
            later = "Sent" if status == "In Progress" else status
            more: dict[str, Any] = {"setup": {"campaign": made}, "arguments": arguments, "ends": {"status": later}}
            if write is DELETE:
                if status in ("Draft", "Sent", "Canceled"):
                    continue
                outcome = {"error": "StopNotAskedError", "status": status}
            elif status == write.status:
                continue
            elif write is ENSURE_SENT and status in ("In Progress", "Sent"):
                outcome = {"result": "sent", "known_from": "already", "status": status}
            else:
                outcome = {"error": kind, "status": status, "status_code": 200}
            # Only ensure_sent needs to know whether that is for about now.
            requests = [AT] if write is ENSURE_SENT and status == "Scheduled" else []
            write.case(f"it is {status}", outcome, requests, done=False, **more)
    for status in statuses:
        made = {"status": status, **({"send_at": OTHER} if status == "Scheduled" else {})}
        more = {"setup": {"campaign": made}, "arguments": {"campaign_id": 4903, "stop": True}}
        DELETE.case(f"it is {status}, and is to stop", DELETE.result, [DELETE.tries], done=True, **more)
    for seconds, near in ((200, True), (400, False)):
        made = {"status": "Scheduled", "send_at": seconds}
        outcome = {"error": "NotInDraftError", "status": "Scheduled"}
        if near:
            # It may be an old read of a schedule that was taken back: read for the whole window.
            outcome = {"result": "sent", "known_from": "already", "status": "Scheduled"}
        more = {"setup": {"campaign": made}, "arguments": {"campaign_id": 4903}, "mailings_later": 1}
        requests = [AT, *times(10, GET, AT)] if near else [AT]
        ENSURE_SENT.case(f"it goes out in {seconds} s", outcome, requests, done=False, ends=MOVED_ON, **more)
    more = {"setup": {"campaign": {"status": "Scheduled", "send_at": 200}}, "arguments": {"campaign_id": 4903}}
    more |= {"faults": [{"operation": "get_schedule", "occurrence": 1, "answer": 503, "times": 4}]}
    outcome = {"result": "sent", "known_from": "already", "status": "Scheduled"}
    more |= {"ends": MOVED_ON, "mailings_later": 1}
    requests = [*times(4, AT), *times(10, GET, AT)]
    ENSURE_SENT.case("its time cannot be read at first", outcome, requests, done=False, **more)
    for write in WRITES:
        if write is not CREATE:
            arguments = {**write.arguments, "campaign_id": 777}
            outcome = {"error": "NotFoundError", "status_code": 404}
            requests = [] if write.readable else [write.tries]
            write.case("there is none", outcome, requests, done=False, arguments=arguments, setup={}, ends={})


def spelling() -> None:
    """The service's spelling is not relied on; a status that nobody knows is none of those known."""
    for status in ("draft", "DRAFT", " Draft "):
        more = {"faults": [{"operation": "get", "occurrence": 1, "answer": campaign(status)}]}
        SEND.case(f"it is {status!r}", SENT, [SEND.tries], done=True, **more)
    for status in ("Queued", "", "Drafts"):
        more = {"faults": [{"operation": "get", "occurrence": 1, "answer": campaign(status)}]}
        SEND.case(f"it is {status!r}", {"error": "NotInDraftError", "status": status}, [], done=False, **more)
    nothing: dict[str, Part] = {
        "no status": answer(200, '{"id": 4900}'),
        "a status of null": campaign(None),
        "a status of 5": campaign(5),
        "another campaign": campaign("Draft", 4901),
        "a page": answer(200, "<html>welcome</html>"),
    }
    for name, seen in nothing.items():
        more = {"faults": [{"operation": "get", "occurrence": 1, "answer": seen}]}
        SEND.case(f"the first read shows {name}", {"error": "NotSentError"}, [], done=False, **more)
    # In the window, what tells nothing is passed over.
    deep: dict[str, Part] = {
        **nothing,
        "truncated gzip": packed(200, b'{"id": 4900, "status": "Draft"}', missing=9),
        "JSON nested 5,000 deep": {**answer(200, "["), "body_times": 5000},
        "a number of 5,000 digits": {**answer(200, "9"), "body_times": 5000},
        "an id of NaN": answer(200, '{"id": NaN, "status": "Draft"}'),
        "503": answer(503),
        "401": error_answer(401),
        "307": ELSEWHERE,
        "429": answer(429),
    }
    for write in (SEND, SCHEDULE, DELETE):
        for name, seen in some(write, deep.items(), 1):
            faults = [write.fault(effect="done", ending="reset")]
            faults.append({"operation": "get", "occurrence": 2, "answer": seen, "times": 2})
            requests = [write.tries, *write.seen(2)]
            write.case(f"read-backs show {name}", write.was_read_back, requests, done=True, faults=faults)
    for status, known in (("SENT", True), (" in progress", True), ("Queued", False), ("Paused", False)):
        faults = [SEND.lost(), {"operation": "get", "occurrence": 2, "answer": campaign(status)}]
        outcome = {"result": "sent", "known_from": "read-back", "status": status} if known else SEND.unknown(status)
        more = {"faults": faults} if known else {"faults": faults, "resolved": None}
        if known:  # a service that shows what is not so: what it says is believed
            more["breaks"] = "a service that says what is not so"
        SEND.case(f"a read-back shows {status!r}", outcome, [SEND.tries, GET], done=False, **more)


def first_reads() -> None:
    """S0: nothing has been tried, so what fails is definite. What may pass is read again, four times in all."""
    for name, seen in DOUBTS.items():
        if name in ("409", "another 4xx", "a page with 200"):
            continue
        fault = {"operation": "get", "occurrence": 1, "effect": "none", **seen}
        fault = {**fault, "answer": 503} if "cut" in seen else fault
        SEND.case(f"the first read meets {name}", SENT, [GET, SEND.tries], done=True, faults=[fault])
        if name not in ("silence", "503", "307 to another host"):
            continue
        # Silence is 30 s each, and four of them, with the waits between, begin before 120 s.
        more = {"faults": [{**fault, "times": 4}]}
        SEND.case(f"the first read meets {name} to the end", {"error": "NotSentError"}, [GET] * 3, done=False, **more)
    refusals = {**REFUSALS, 403: "PermissionDeniedError", 409: "APIStatusError", 451: "APIStatusError"}
    for code, kind in refusals.items():
        fault = {"operation": "get", "occurrence": 1, "answer": error_answer(code)}
        SEND.case(f"the first read meets {code}", {"error": kind, "status_code": code}, [], done=False, faults=[fault])
    for write in (SEND, DELETE):
        fault = {"operation": "get", "occurrence": 1, "ending": "refused", "times": 4}
        more = {"faults": [fault]}
        write.case("no connection for the first read", {"error": "NotSentError"}, [GET] * 3, done=False, **more)
    fault = {"operation": "get", "occurrence": 1, "answer": answer(429), "times": 4}
    outcome = {"error": "RateLimitError", "status_code": 429}
    SEND.case("429 to the first read", outcome, [GET] * 3, done=False, faults=[fault])


# --- the service's own ways ---


def knobs() -> None:
    """Within what is assumed of the service, whatever it does."""
    # Reads lag: the first that shows it is at 3.5 s, or at 45 s.
    for staleness, reads in ((3, 4), (20, 7), (40, 10)):
        for write in (SEND, {3: SCHEDULE, 20: DELETE, 40: UPDATE}[staleness]):
            seen = write.seen(reads - 1)
            more = {"setup": {"knobs": {"staleness": staleness}}}
            more["faults"] = [write.fault(effect="done", ending="reset")]
            outcome = write.was_read_back
            if write is UPDATE:  # one read at the end, which shows it, is not enough
                outcome, more = write.unknown(), {**more, "resolved": True}
            write.case(f"reads are {staleness} s old", outcome, [write.tries, *seen], done=True, **more)
    for seconds, reads in ((3, 4), (20, 7), (40, 10)):
        more = {
            "setup": {"knobs": {"leaves_draft_after": seconds}},
            "faults": [SEND.fault(effect="done", ending="reset")],
        }
        requests = [SEND.tries, *times(reads, GET)]
        SEND.case(f"it shows as Draft for {seconds} s", SEND.was_read_back, requests, done=True, **more)
    # Accepted is Scheduled for about now, which somebody may yet undo; what is far away may be somebody else's (R8).
    for lead, near in ((60, True), (290, True), (400, False)):
        more = {"setup": {"knobs": {"lead": lead}}, "faults": [SEND.fault(effect="done", ending="reset")]}
        more |= {"mailings": 0, "mailings_later": 1}
        outcome = {**SENT, **READ_BACK} if near else {**SEND.unknown("Scheduled")}
        if not near:
            more |= {"resolved": True}
        requests = [SEND.tries, *times(10 if near else 1, GET, AT)]
        SEND.case(f"mail goes out after {lead} s", outcome, requests, done=True, **more)
    more = {"setup": {"knobs": {"lead": 30}}, "faults": [SEND.fault(effect="done", ending="reset")], "mailings": 1}
    requests = [SEND.tries, *times(7, GET, AT), GET]
    SEND.case("mail goes out after 30 s", SEND.was_read_back, requests, done=True, **more)
    fault = {"operation": "get_schedule", "occurrence": 1, "answer": 503}
    more = {"setup": {"knobs": {"lead": 60}}, "faults": [SEND.fault(effect="done", ending="reset"), fault]}
    more |= {"mailings": 0, "mailings_later": 1}
    requests = [SEND.tries, *times(10, GET, AT)]
    SEND.case("its time is read at the second look", {**SENT, **READ_BACK}, requests, done=True, **more)
    # R8: it was seen to have moved; what shows as before afterwards lets nothing be tried again.
    more["actors"] = [{"at": "get", "occurrence": 3, "when": "before", "do": "unschedule"}]
    more |= {"mailings_later": 0, "ends": KEPT, "resolved": None}
    requests = [SEND.tries, GET, AT, *times(9, GET)]
    SEND.case("it has moved, and is taken back", SEND.unknown("Draft"), requests, done=True, **more)
    for tolerance in (0, 60):
        knob = {"knobs": {"past_tolerance": tolerance}}
        near = {**SCHEDULE.arguments, "send_at": 30}
        more = {"setup": knob, "arguments": near, "mailings": 0, "mailings_later": 1, "ends": MOVED_ON}
        more["faults"] = [SCHEDULE.fault(effect="done", ending="reset")]
        # Going out, too, as its time is a read of its own.
        outcome = {**SCHEDULE.was_read_back, "send_at": 30, "status": "In Progress"}
        more["mailings"] = 1
        requests = [SCHEDULE.tries, *SCHEDULE.seen()]
        SCHEDULE.case(f"for soon, {tolerance} s tolerated", outcome, requests, done=True, **more)


def broken_assumptions() -> None:
    """Outside of them: what is found out late is still found out; what is done twice cannot be undone."""
    # A2, A3: as a Draft is shown, it is posted again, and the draft rule keeps it at one. 45 + 15.5 s, 90 + 15.5 s.
    more = {
        "setup": {"knobs": {"staleness": 60}},
        "faults": [SEND.fault(effect="done", ending="reset")],
        "breaks": "A2",
    }
    requests = [SEND.tries, *SEND.window(), SEND.tries, *times(6, GET)]
    SEND.case("reads are a minute old", SEND.was_read_back, requests, done=True, **more)
    more |= {"setup": {"knobs": {"leaves_draft_after": 100}}, "breaks": "A3"}
    requests = [*times(2, SEND.tries, *SEND.window()), SEND.tries, *times(6, GET)]
    SEND.case("it shows as Draft for 100 s", {**SEND.was_read_back, "status": "Sent"}, requests, done=True, **more)
    more = {"setup": {"knobs": {"race": 60}}, "faults": [SEND.fault(effect="twice")], "mailings": 2, "breaks": "A1"}
    SEND.case("two copies race", SENT, [SEND.tries], done=True, **more)
    fault = {"operation": "send", "occurrence": 1, "effect": "done", "answer": answer(429), "times": 4}
    more = {"faults": [fault], "breaks": "A5"}
    outcome = {"error": "RateLimitError", "status_code": 429}
    SEND.case("429, and it is carried out", outcome, [SEND.tries] * 4, done=True, **more)


# --- somebody else ---


WORDS = ("send", "schedule", "unschedule", "delete", "pause", "cancel", "edit")
AFTER = {
    "send": {"status": "Sent"},
    "schedule": THEIR_TIME,
    "unschedule": KEPT,
    "delete": {"status": None},
    "pause": {"status": "Paused"},
    "cancel": {"status": "Canceled"},
    "edit": {},
}
"""What a Draft is an hour later, when somebody did that to it and we did nothing."""
SHOWN = {"send": "In Progress", "schedule": "Scheduled", "delete": None, "pause": "Paused", "cancel": "Canceled"}
"""What it shows right afterwards, where it is no Draft any more."""


def others_before_the_first_read() -> None:
    for write in (SEND, ENSURE_SENT, SCHEDULE, UPDATE):
        for do in WORDS if write in (SEND, ENSURE_SENT) else some(write, WORDS, 2):
            more: dict[str, Any] = {"actors": [_actor("get", 1, do)], "mailings": int(do == "send"), "ends": AFTER[do]}
            if do not in SHOWN:
                more |= {"mailings": write.mails, "ends": write.ends[True]}
                outcome, requests = write.result, [write.tries]
            elif do == "delete":
                outcome, requests = {"error": "NotFoundError", "status_code": 404}, []
            elif do == "send" and write is ENSURE_SENT:
                outcome, requests = {"result": "sent", "known_from": "already", "status": "In Progress"}, []
            else:
                outcome = {"error": "NotInDraftError", "status": SHOWN[do]}
                requests = [AT] if write is ENSURE_SENT and do == "schedule" else []
            write.case(f"before all, somebody: {do}", outcome, requests, done=False, **more)


def others_before_the_write() -> None:
    """Between the first read and the write: the service refuses what is no Draft, and that 403 is judged (R3)."""
    for write in (SEND, SCHEDULE, UPDATE):
        for do in WORDS:
            actors = [_actor(write.asked, 1, do)]
            more: dict[str, Any] = {
                "actors": actors,
                "mailings": int(do == "send"),
                "ends": AFTER[do],
                "resolved": None,
            }
            reads = [GET, AT] if do == "schedule" and write is not UPDATE else [GET]
            if do not in SHOWN:
                more |= {"mailings": write.mails, "ends": write.ends[True]}
                outcome, reads = write.result, []
                del more["resolved"]
            elif do == "delete":
                outcome, reads = {"error": "NotFoundError", "status_code": 404}, []
                del more["resolved"]
            elif do == "send" and write.mails:
                # It is sent, and whose request that was nobody can tell.
                outcome = write.was_read_back
                del more["resolved"]
            else:
                outcome = write.unknown(SHOWN[do])
                reads = [GET, AT] if do in ("schedule", "send") and write is SCHEDULE else reads
            write.case(f"before the write, somebody: {do}", outcome, [write.tries, *reads], done=False, **more)
    for write in (RESCHEDULE, UNSCHEDULE):
        for do in WORDS:
            more = {"actors": [_actor(write.asked, 1, do)]}
            if do == "delete":
                more |= {"ends": {"status": None}}
                outcome = {"error": "NotFoundError", "status_code": 404}
                write.case(f"before the write, somebody: {do}", outcome, [write.tries], done=False, **more)
            elif do in ("pause", "cancel") or (do == "unschedule" and write is RESCHEDULE):
                shown = SHOWN.get(do, "Draft")
                more |= {"ends": {"status": shown}, "resolved": None}
                requests = [write.tries, GET]
                write.case(f"before the write, somebody: {do}", write.unknown(shown), requests, done=False, **more)
            else:  # what is Scheduled can neither be sent nor edited, and what is a Draft may be unscheduled
                write.case(f"before the write, somebody: {do}", write.result, [write.tries], done=True, **more)
    for do in WORDS:
        # Whatever it has become: the service deletes anything.
        more = {"actors": [_actor("delete", 1, do)], "mailings": int(do == "send")}
        # R3: 404, and it is gone, to the end of the window
        requests = [DELETE.tries, *DELETE.seen()] if do == "delete" else [DELETE.tries]
        DELETE.case(f"before the write, somebody: {do}", DELETE.result, requests, done=True, **more)


def others_in_the_window() -> None:
    """The write was lost, and before the fourth look, at 3.5 s, somebody does something."""
    for write in (SEND, SCHEDULE, UPDATE, DELETE):
        for do in WORDS if write in (SEND, DELETE) else some(write, WORDS, 4):
            name = f"lost, and in the window somebody: {do}"
            more: dict[str, Any] = {"faults": [write.lost()], "actors": [_actor("get", 5, do)]}
            more |= {"mailings": int(do == "send"), "ends": AFTER[do], "resolved": None}
            look = [GET]
            if (do == "schedule" and write in (SEND, SCHEDULE)) or (do == "send" and write is SCHEDULE):
                look = [GET, AT]
            requests = [write.tries, *times(3, GET), *look]
            again = [write.tries, *write.window(), write.tries]
            if do not in SHOWN:
                more |= {"mailings": write.mails, "ends": write.ends[True]}
                outcome, requests = write.result, again
            elif (do == "delete" and write is DELETE) or (do == "send" and write.mails):
                outcome, requests = write.was_read_back, [write.tries, *write.seen(3)]
            elif write is DELETE and do == "cancel":
                outcome, requests = write.result, again
                more |= {"ends": {"status": None}}
            else:  # what would stop mail is not deleted without being told to
                outcome = write.unknown(SHOWN[do])
            if "error" not in outcome:
                del more["resolved"]
            write.case(name, outcome, requests, done=False, **more)
    same = _actor("get", 5, "schedule", send_at=SEND_AT)
    more = {"faults": [SCHEDULE.lost()], "actors": [same]}
    requests = [SCHEDULE.tries, *SCHEDULE.seen(3)]
    SCHEDULE.case("somebody chooses the same time", SCHEDULE.was_read_back, requests, done=True, **more)
    for do in ("unschedule", "delete", "pause"):
        more = {"faults": [RESCHEDULE.lost()], "actors": [_actor("get", 5, do)], "resolved": None}
        more["ends"] = {"status": SHOWN.get(do, "Draft")}
        outcome = RESCHEDULE.unknown(SHOWN.get(do, "Draft"))
        requests = [RESCHEDULE.tries, *times(3, GET, AT), GET]
        RESCHEDULE.case(f"lost, and in the window somebody: {do}", outcome, requests, done=False, **more)
    for do in ("delete", "pause"):
        more = {"faults": [UNSCHEDULE.lost()], "actors": [_actor("get", 5, do)], "resolved": None}
        more["ends"] = {"status": SHOWN[do]}
        requests = [UNSCHEDULE.tries, *times(4, GET)]
        outcome = UNSCHEDULE.unknown(SHOWN[do])
        UNSCHEDULE.case(f"lost, and in the window somebody: {do}", outcome, requests, done=False, **more)
    more = {"faults": [UNSCHEDULE.lost()], "actors": [_actor("get", 5, "unschedule")]}
    requests = [UNSCHEDULE.tries, *times(10, GET)]
    UNSCHEDULE.case("lost, and somebody unschedules", UNSCHEDULE.result, requests, done=True, **more)


def others_after_the_effect() -> None:
    """It was carried out, the answer lost, and before the first look somebody undoes it."""
    for do, later in (("delete", 1), ("pause", 1), ("cancel", 1)):
        more = {"faults": [SEND.fault(effect="done", ending="reset")], "actors": [_actor("get", 2, do)]}
        more |= {"mailings": later, "ends": AFTER[do], "resolved": None}
        requests = [SEND.tries, GET]
        SEND.case(f"carried out, and somebody: {do}", SEND.unknown(SHOWN[do]), requests, done=True, **more)
        more |= {"setup": {"knobs": {"lead": 60}}, "mailings": 0}
        name = f"accepted, and before mail goes out somebody: {do}"
        SEND.case(name, SEND.unknown(SHOWN[do]), requests, done=True, **more)
    # It was never seen to have moved, so it is sent again, and that is the only mailing.
    more = {"faults": [SEND.fault(effect="done", ending="reset")], "actors": [_actor("get", 2, "unschedule")]}
    more |= {"setup": {"knobs": {"lead": 60}}, "mailings": 0, "mailings_later": 1}
    requests = [SEND.tries, *SEND.window(), SEND.tries]
    SEND.case("accepted, taken back unseen, and sent again", SENT, requests, done=True, **more)
    # Scheduled for another time does not mean that ours did not happen: they take it back, and ours lands.
    more = {"faults": [SEND.lost(effect="late", delay=200)], "mailings": 0, "mailings_later": 1, "resolved": True}
    more["actors"] = [_actor("get", 5, "schedule"), _actor("get_schedule", 1, "unschedule", "after")]
    requests = [SEND.tries, *times(4, GET), AT]
    SEND.case(
        "somebody schedules and takes it back, and ours lands", SEND.unknown("Scheduled"), requests, done=True, **more
    )
    more = {"faults": [SEND.lost(effect="late", delay=200)], "actors": [_actor("get", 5, "schedule")]}
    more |= {"ends": THEIR_TIME, "resolved": None}
    SEND.case("somebody schedules, and ours is refused", SEND.unknown("Scheduled"), requests, done=False, **more)


# --- what has a time ---


def near_times() -> None:
    """R2: only a time that is past makes a "no" of doubt. What is to go out within a minute is not tried again."""
    near = {**SCHEDULE.arguments, "send_at": 100}
    more: dict[str, Any] = {"arguments": near, "faults": [SCHEDULE.lost()], "resolved": False}
    requests = [SCHEDULE.tries, *SCHEDULE.window()]
    SCHEDULE.case("near, and lost", SCHEDULE.unknown(), requests, done=False, **more)
    # It lands when its time is past, and is refused.
    more["faults"] = [SCHEDULE.lost(effect="late", delay=150)]
    SCHEDULE.case("near, and late", SCHEDULE.unknown(), requests, done=False, **more)
    more |= {"setup": {"knobs": {"past_tolerance": 300}}, "resolved": True, "mailings_later": 1, "ends": MOVED_ON}
    SCHEDULE.case("near, and late, and tolerated", SCHEDULE.unknown(), requests, done=False, **more)
    # Ten minutes behind it, by the service's own clock: reads are at 15.5 s and each 8 s, two of them behind 700.
    setup = {"patience": {"settle": 800, "deadline": 2000}}
    more = {"arguments": near, "faults": [SCHEDULE.lost()], "setup": setup}
    requests = [SCHEDULE.tries, *times(93, GET)]
    SCHEDULE.case("its time is past while it is looked for", {"error": "NotSentError"}, requests, done=False, **more)
    # The mail starts before the unscheduling arrives.
    soon = {"campaign": {"status": "Scheduled", "send_at": 20}}
    more = {"setup": soon, "faults": [UNSCHEDULE.lost()], "mailings": 1, "ends": MOVED_ON, "resolved": None}
    requests = [UNSCHEDULE.tries, *times(7, GET)]
    UNSCHEDULE.case("too late", UNSCHEDULE.unknown("In Progress"), requests, done=False, **more)
    for theirs, ours in ((100, SEND_AT), (OTHER, 100)):
        made = {"campaign": {"status": "Scheduled", "send_at": theirs}}
        more = {"setup": made, "arguments": {"campaign_id": 4903, "send_at": ours}, "faults": [RESCHEDULE.lost()]}
        more |= {"resolved": None, "ends": {"send_at": theirs}, "mailings_later": int(theirs == 100)}
        requests = [RESCHEDULE.tries, *RESCHEDULE.window()]
        RESCHEDULE.case(f"lost, from {theirs} s to {ours} s", RESCHEDULE.unknown(), requests, done=False, **more)
    # The clock of this machine is wrong by a day. For "about now" the one that is behind counts: what seems to be far
    # away may be somebody else's, and proves nothing. For "near" it is the one that is ahead.
    for off in (-86_400, 86_400):
        setup = {"knobs": {"lead": 60}, "clock_off": off}
        more = {
            "setup": setup,
            "faults": [SEND.fault(effect="done", ending="reset")],
            "mailings": 0,
            "mailings_later": 1,
        }
        outcome, looks = ({**SENT, **READ_BACK}, 10) if off > 0 else (SEND.unknown("Scheduled"), 1)
        more |= {} if off > 0 else {"resolved": True}
        requests = [SEND.tries, *times(looks, GET, AT)]
        SEND.case(f"this clock is off by {off} s", outcome, requests, done=True, **more)
    setup = {"clock_off": 100}
    more = {"setup": setup, "arguments": {**SCHEDULE.arguments, "send_at": 200}, "faults": [SCHEDULE.lost()]}
    requests = [SCHEDULE.tries, *SCHEDULE.window()]
    SCHEDULE.case("near by one clock, and lost", SCHEDULE.unknown(), requests, done=False, resolved=False, **more)
    # One machine of the service is a day ahead: that alone makes no time pass.
    ahead = campaign()
    ahead = {**ahead, "headers": {"date": "Sat, 16 Jan 2027 08:00:00 GMT"}}
    more = {"arguments": near, "faults": [SCHEDULE.lost(effect="late", delay=30)], "mailings_later": 1, "mailings": 0}
    more["faults"].append({"operation": "get", "occurrence": 2, "answer": ahead, "times": 2})
    requests = [SCHEDULE.tries, *SCHEDULE.seen(7)]
    outcome = {**SCHEDULE.was_read_back, "send_at": 100}
    SCHEDULE.case("two answers are dated a day ahead", outcome, requests, done=True, ends=MOVED_ON, **more)
    limit = {"clock_off": 86_400}
    fault = SEND.fault(answer=answer(429, x_ratelimit_reset="1800000020", date="Fri, 15 Jan 2027 08:00:00 GMT"))
    SEND.case("429, and this clock is off", SENT, [SEND.tries] * 2, done=True, faults=[fault], setup=limit)


def patience() -> None:
    setup = {"patience": {"attempts": 1}}
    requests = [SEND.tries, *SEND.window()]
    SEND.case("one attempt", SEND.unknown(), requests, done=False, setup=setup, faults=[SEND.lost()], resolved=None)
    more = {"setup": setup, "faults": [SEND.fault(ending="refused")]}
    SEND.case("one attempt that never left", {"error": "NotSentError"}, [SEND.tries], done=False, **more)
    more = {"setup": {"patience": {"settle": 3}}, "faults": [SEND.lost()]}
    SEND.case("a window of 3 s", SENT, [SEND.tries, *times(4, GET), SEND.tries], done=True, **more)
    setup = {"patience": {"deadline": 20}}
    more = {"setup": setup, "faults": [SEND.lost(ending="silence")], "resolved": None}
    SEND.case("a deadline that passes in flight", SEND.unknown(None), [SEND.tries], done=False, **more)
    more = {"setup": setup, "faults": [SEND.lost()], "resolved": None}
    requests = [SEND.tries, *times(6, GET)]
    SEND.case("a deadline that passes in the window", SEND.unknown(), requests, done=False, **more)
    more = {"setup": setup, "faults": [{"operation": "get", "occurrence": 1, "ending": "silence", "effect": "none"}]}
    SEND.case("a deadline that passes before all", {"error": "NotSentError"}, [], done=False, **more)


# --- outages ---


def outages() -> None:
    for write in WRITES:
        outage = {"seconds": 300, "answer": 503}
        if write.readable:
            write.case("out from the start", {"error": "NotSentError"}, [GET] * 3, done=False, outages=[outage])
        begins = {"at": write.asked, "occurrence": 1, "when": "after", "seconds": 300, "answer": 503}
        if write not in (SEND, SCHEDULE, DELETE):
            continue
        for effect in ("done", "none"):
            done = effect == "done"
            fault = write.fault(effect=effect, ending="reset")
            more: dict[str, Any] = {"faults": [fault], "outages": [begins]}
            more["resolved"] = True if done else None
            requests = [write.tries, *times(10, GET)]
            write.case(f"out from the write on, {effect}", write.unknown(None), requests, done=done, **more)
    lost, done = SEND.lost(), SEND.fault(effect="done", ending="reset")
    begins = {"at": "send", "occurrence": 1, "when": "after", "answer": 503}
    more = {"faults": [done], "outages": [{**begins, "seconds": 20}]}
    SEND.case("out for 20 s", SEND.was_read_back, [SEND.tries, *times(7, GET)], done=True, **more)
    more["faults"] = [lost]
    SEND.case("out for 20 s, and lost", SENT, [SEND.tries, *SEND.window(), SEND.tries], done=True, **more)
    # One Draft at the end of the window is not enough (R7).
    more = {"faults": [lost], "outages": [{**begins, "seconds": 44}], "resolved": None}
    SEND.case("out for 44 s, and lost", SEND.unknown(), [SEND.tries, *SEND.window()], done=False, **more)
    # Silent reads of 30 s: at 30, 60.5 and 90.5 s.
    silent = {"at": "send", "occurrence": 1, "when": "after", "ending": "silence", "seconds": 300}
    more = {"faults": [SEND.fault(effect="done", ending="silence")], "outages": [silent], "resolved": True}
    SEND.case("silent from the write on", SEND.unknown(None), [SEND.tries, *times(3, GET)], done=True, **more)
    gone = {"at": "send", "occurrence": 1, "when": "after", "ending": "refused", "seconds": 300}
    more = {"faults": [lost], "outages": [gone], "resolved": None}
    SEND.case("no connection from the write on", SEND.unknown(None), [SEND.tries, *times(10, GET)], done=False, **more)
    outage = {"seconds": 300, "ending": "refused"}
    SEND.case("no connection from the start", {"error": "NotSentError"}, [GET] * 3, done=False, outages=[outage])


# --- on behalf of others: every request of a call carries the same header (R13) ---


def on_behalf() -> None:
    for number, write in enumerate((SEND, RESCHEDULE, DELETE)):
        for whose, own in ((("acme", 4901), ("account-id A123", 4902))[number % 2],):
            if write.setup:
                arguments, setup = write.arguments, {"campaign": {**write.setup["campaign"], "on_behalf_of": whose}}
            else:
                arguments, setup = {**write.arguments, "campaign_id": own}, {}
            setup = {**setup, "on_behalf_of": whose}
            requests = [write.tries, *write.window(), write.tries]
            more = {"setup": setup, "arguments": arguments, "faults": [write.lost()]}
            write.case(f"lost, on behalf of {whose}", write.result, requests, done=True, **more)
    more = {"setup": {"on_behalf_of": "acme"}, "faults": [CREATE.lost()], "resolved": None}
    CREATE.case("lost, on behalf of acme", CREATE.unknown(), [CREATE.tries], done=False, **more)


# --- send_once ---

MARCH = {
    "key": "2026-03",
    "title": "March",
    "subject": "News",
    "sender_id": 124451,
    "list_ids": [110],
    "suppression_group_id": 42,
    "plain_content": "Hello! [unsubscribe]",
}


def send_once() -> None:
    """Found by the marker in its title or made, and then sent as by ensure_sent. First the list is read to its end."""

    def once(name: str, outcome: Part, requests: Iterable[Any], **more: Any) -> None:
        more = {"arguments": MARCH, **more}
        case(name, "send_once", outcome, [*times(2, LIST), *requests], **more)

    def made(**fields: Any) -> Part:
        fields = {"title": "March (once 2026-03)", **fields}
        return {"campaign": {**MARCH, "segment_ids": None, "categories": None, "ip_pool": None, "html_content": None,
                             **fields}}  # fmt: skip

    sent = [GET, "POST now"]
    two, three = {"campaigns": 2}, {"campaigns": 3}
    once("nothing goes wrong", SENT, ["POST campaigns", LIST, *sent], mailings=1, ends=two)
    already = {"result": "sent", "known_from": "already", "status": "Sent"}
    once("it was sent before", already, [GET], setup=made(status="Sent"), ends=two)
    once("a draft was left behind", SENT, sent, setup=made(), mailings=1, ends=two)
    other = ["GET campaign", "PATCH campaign", *sent]
    once("a draft with other fields was left behind", SENT, other, setup=made(subject="Old"), mailings=1, ends=two)
    stopped = {"error": "NotInDraftError", "status": "Canceled"}
    once("it was stopped before", stopped, [GET], setup=made(status="Canceled"), ends=two)

    def create(occurrence: int = 1, **fault: Any) -> Part:
        return {"operation": "create", "occurrence": occurrence, **fault}

    def lost(operation: str, effect: str, occurrence: int = 1, **fault: Any) -> Part:
        return {"operation": operation, "occurrence": occurrence, "effect": effect, "ending": "reset", **fault}

    found = ["POST campaigns", LIST, LIST, *sent]  # one look finds it, one takes the first of several
    once("create is lost after the effect", SENT, found, faults=[lost("create", "done")], mailings=1, ends=two)
    again = ["POST campaigns", *times(10, LIST), "POST campaigns", LIST, *sent]
    once("create is lost", SENT, again, faults=[lost("create", "none")], mailings=1, ends=two)
    late_one = lost("create", "late", delay=20)
    seventh = ["POST campaigns", *times(7, LIST), LIST, *sent]
    once("create lands in the window", SENT, seventh, faults=[late_one], mailings=1, ends=two)
    late_one = lost("create", "late", delay=60)
    once("create lands behind the next try", SENT, again, faults=[late_one], mailings=1, ends=three)
    twice = [create(effect="twice")]
    # Of several that may be sent, all take the one that was made first.
    once(
        "create is doubled", {**SENT, "id": 4903}, ["POST campaigns", LIST, *sent], faults=twice, mailings=1, ends=three
    )
    for code, kind in ((400, "BadRequestError"), (401, "AuthenticationError"), (403, "PermissionDeniedError")):
        refusal = [create(answer=error_answer(code))]
        outcome = {"error": kind, "status_code": code}
        once(f"create is answered {code}", outcome, ["POST campaigns"], faults=refusal, ends={"campaigns": 1})
    unreadable = [create(effect="done", answer=answer(201, "?"))]
    # 201 says that it was made; the list says which it is.
    once("create is answered 201 without a body", SENT, ["POST campaigns", LIST, *sent], faults=unreadable,
         mailings=1, ends=two)  # fmt: skip
    three_times = {**lost("create", "none"), "times": 3}
    requests = [*times(2, "POST campaigns", *times(10, LIST)), "POST campaigns", *times(7, LIST)]
    outcome = {"error": "OutcomeUnknownError", "action": "created"}
    once("create is lost three times", outcome, requests, faults=[three_times], resolved=None, ends={"campaigns": 1})

    back = {**SENT, "status": "In Progress", **READ_BACK}
    made_it = ["POST campaigns", LIST]
    once("send is lost after the effect", back, [*made_it, *sent, GET], faults=[lost("send", "done")], mailings=1)
    once(
        "send is lost", SENT, [*made_it, *sent, *times(10, GET), "POST now"], faults=[lost("send", "none")], mailings=1
    )
    update = lost("update", "done")
    once("update is lost after the effect", SENT, [GET, UPDATE.tries, *UPDATE.seen(), *sent],
         setup=made(subject="Old"), faults=[update], mailings=1, ends=two)  # fmt: skip
    outage = [{"seconds": 300, "answer": 503}]
    case("out from the start", "send_once", {"error": "ServerError", "status_code": 503}, times(4, LIST),
         arguments=MARCH, outages=outage, ends={"campaigns": 1})  # fmt: skip
    outage = [{"seconds": 300, "ending": "refused"}]
    case("no connection from the start", "send_once", {"error": "NotSentError"}, times(4, LIST),
         arguments=MARCH, outages=outage, ends={"campaigns": 1})  # fmt: skip


# --- reads ---


@dataclass(frozen=True)
class Read:
    name: str
    asks: str
    result: Part
    at: str = ""
    arguments: Part = field(default_factory=lambda: {"campaign_id": 4900})
    setup: Part = field(default_factory=dict)

    def case(self, name: str, outcome: Part, requests: Iterable[Any], **more: Any) -> None:
        more = {"arguments": self.arguments, **({"setup": self.setup} if self.setup else {}), **more}
        case(name, self.name, outcome, requests, **more)


READS = (
    Read("get", GET, {"result": "read", "status": "Draft"}),
    Read("list", LIST, {"result": "listed", "ids": [4900]}, arguments={}),
    Read("get_schedule", AT, {"result": "read", "send_at": OTHER}, "", {"campaign_id": 4903}, SCHEDULED),
    Read("check", GET, {"result": "checked", "ready": True}, at="get"),
)


def reads() -> None:
    """A read is repeated on any doubt, four times in all; it changes nothing, so it says why it failed."""
    for number, read in enumerate(READS):
        read.case("nothing goes wrong", read.result, [read.asks])
        at = read.at or read.name
        kinds: dict[str, tuple[Part, str]] = {
            "a reset": ({"ending": "reset", "effect": "none"}, "UnreadableResponseError"),
            "silence": ({"ending": "silence", "effect": "none"}, "UnreadableResponseError"),
            "no connection": ({"ending": "refused"}, "NotSentError"),
            "500": ({"answer": 500}, "ServerError"),
            "503": ({"answer": 503}, "ServerError"),
            "302": ({"answer": 302}, "UnreadableResponseError"),
            "307 to another host": ({"answer": ELSEWHERE}, "UnreadableResponseError"),
            "204": ({"answer": 204}, "UnreadableResponseError"),
            "408": ({"answer": 408}, "UnreadableResponseError"),
            "425": ({"answer": 425}, "UnreadableResponseError"),
            "429": ({"answer": answer(429)}, "RateLimitError"),
            "truncated gzip": ({"answer": packed(200, b'{"id": 4900}', missing=9)}, "UnreadableResponseError"),
            "a body that is cut": ({"cut": 120}, "UnreadableResponseError"),
        }
        for step, (name, (seen, kind)) in enumerate(kinds.items()):
            if number and step % 6 != number:  # for `get` all of them, and for the others some
                continue
            fault = {"operation": at, "occurrence": 1, **seen}
            read.case(f"{name}, once", read.result, [read.asks] * 2, faults=[fault])
            if step % 3 == 0 or number:
                read.case(f"{name}, to the end", {"error": kind}, [read.asks] * 4, faults=[{**fault, "times": 4}])
        codes = {400: "BadRequestError", 401: "AuthenticationError", 403: "PermissionDeniedError",
                 404: "NotFoundError", 409: "APIStatusError"}  # fmt: skip
        for code, kind in codes.items() if read is READS[0] else [*codes.items()][number : number + 2]:
            fault = {"operation": at, "occurrence": 1, "answer": error_answer(code)}
            read.case(f"{code}", {"error": kind, "status_code": code}, [read.asks], faults=[fault])
        fault = {"operation": at, "occurrence": 1, "answer": 200}
        read.case("a page with 200", {"error": "UnreadableResponseError"}, [read.asks], faults=[fault])
    fault = {"operation": "get", "occurrence": 1, "answer": campaign("Draft", 4901)}
    READS[0].case("another campaign", {"error": "UnreadableResponseError"}, [GET], faults=[fault])


def outcome() -> None:
    """Reading alone: a Draft is read for the whole window: once to know that there is one, and then ten times."""

    def found(name: str, applied: bool | None, status: str | None, requests: Sequence[Any], **more: Any) -> None:
        result = {"result": "found out", "applied": applied, "status": status}
        more = {"arguments": {"campaign_id": 4900}, **more}
        case(name, "outcome", result, requests, **more)

    found("it is a Draft", None, "Draft", times(11, GET))
    for status in ("In Progress", "Sent"):
        made = {"campaign": {"status": status}}
        found(f"it is {status}", True, status, [GET], setup=made, arguments={"campaign_id": 4903})
    for status in ("Paused", "Canceled"):
        made = {"campaign": {"status": status}}
        found(f"it is {status}", None, status, [GET, GET], setup=made, arguments={"campaign_id": 4903})
    made = {"campaign": {"status": "Scheduled", "send_at": 200}}
    more = {"setup": made, "arguments": {"campaign_id": 4903}, "mailings_later": 1}
    found("it goes out in 200 s", True, "Scheduled", times(11, GET, AT), **more)
    far = {"setup": SCHEDULED, "arguments": {"campaign_id": 4903}}
    found("it goes out in three hours", None, "Scheduled", times(2, GET, AT), **far)
    found("there is none", None, None, [GET, GET], arguments={"campaign_id": 777})
    found(
        "somebody sends it meanwhile", True, "In Progress", times(5, GET), actors=[_actor("get", 5, "send")], mailings=1
    )
    found("somebody deletes it meanwhile", None, None, times(5, GET), actors=[_actor("get", 5, "delete")])
    fault = {"operation": "get", "occurrence": 1, "answer": 503}
    found("503 once", None, "Draft", times(12, GET), faults=[fault])
    fault = {"operation": "get", "occurrence": 1, "answer": 503, "times": 4}
    error = {"error": "ServerError", "status_code": 503}
    case("503 to the end", "outcome", error, times(4, GET), arguments={"campaign_id": 4900}, faults=[fault])


FAMILIES: tuple[Callable[[], None], ...] = (
    answered, ensure_sent, refused, forbidden, never_left, never_left_and_looked, limited, doubled,
    doubt_after_the_effect, doubt_without_effect, doubt_to_the_end, bodies_of_success, doubt_stays, late,
    wrong_status, spelling, first_reads, knobs, broken_assumptions,
    others_before_the_first_read, others_before_the_write, others_in_the_window, others_after_the_effect,
    near_times, patience, outages, on_behalf, send_once, reads, outcome,
)  # fmt: skip


def table() -> str:
    """The whole file: a case a line."""
    CASES.clear()
    for family in FAMILIES:
        family()
    return "[\n" + ",\n".join(json.dumps(made, ensure_ascii=True) for made in CASES) + "\n]\n"


if __name__ == "__main__":
    (Path(__file__).parent / "cases.json").write_text(table(), encoding="ascii")
    print(f"{len(CASES)} cases")
