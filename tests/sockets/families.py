"""What goes wrong on a wire, in families; their numbers are those of docs/reliability.md."""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sendgrid_campaigns.sandbox import Canned
from sockets.stage import ID, OTHER_ID, SHORT, Fault, Performance

NOT_SENT, REJECTED, ACCEPTED, UNKNOWN = ("not sent",), ("rejected",), ("accepted",), ("unknown",)
AMBIGUOUS = ("ambiguous", "rejected")
"""A create and a test have no state that could decide."""
ENDINGS = ("reset", "closed", "silence")
LATE = (0.02, 0.3, 2.0, 20.0, 200.0, 2000.0)
"""Seconds, of a clock that jumps ahead whenever a client waits."""
SENDS = ("send", "send", "ensure_sent")
MAILING = ("send", "ensure_sent", "schedule", "schedule later")
UNREAD = ("ensure_sent", "create", "send_test")
"""Without a read before the write."""
READ = ("send", "schedule later", "update", "delete", "delete, stop")
"""With one."""
DELETES = ("delete", "delete, stop")
CONTENT = ("reschedule", "unschedule", "update", "create", "send_test", *DELETES)
WRITES = (*SENDS * 4, "schedule", *("schedule later",) * 2, *CONTENT)

Make = Callable[[Random, int], Fault]
"""Make a fault by random numbers, and by a turn from 0 that goes through what has an order."""
Several = Callable[[Random, int], Sequence[Fault | None]]


@dataclass(frozen=True)
class Family:
    """Faults of one kind."""

    name: str
    among: Sequence[str]
    """The writes that are tried."""
    fault: Make
    """What goes wrong with each try of the write."""
    weight: int = 2
    """Calls in each round of the deck."""
    most: int = 4
    """How many tries in a row it goes wrong with: a step of a call has four."""
    before: Several = lambda random, turn: ()
    """What goes wrong with earlier tries."""
    reads: Several = lambda random, turn: ()
    """What goes wrong with the reads."""
    settle: Sequence[float] = (SHORT,)
    """Read-back windows, in turn."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of the call."""

    def call(self, name: str, random: Random, turn: int) -> Performance:
        """Plan a call, by random numbers."""
        operation, before = random.choice(self.among), self.before(random, turn)
        tries = random.choice((1, 2, 3, 4, 4)) if self.most == 4 else self.most
        writes = [*before, *(self.fault(random, turn) for _ in range(tries))]
        settle = self.settle[turn % len(self.settle)]
        planned: dict[str, Any] = {
            "operation": operation,
            "writes": writes,
            "reads": self.reads(random, turn),
            "settle": settle,
        }
        return Performance(name=name, **planned, **self.options)


# --- faults ---


def effect(random: Random, *among: str) -> dict[str, Any]:
    """Choose what becomes of a request."""
    kind = random.choice(among or ("none", "done", "late", "twice"))
    return {"effect": kind, "delay": random.choice(LATE)} if kind == "late" else {"effect": kind}


def lost(random: Random, turn: int, *among: str) -> Fault:
    return Fault({**effect(random, *among), "ending": random.choice(ENDINGS[:2])}, expected=UNKNOWN)


def first_lost(*among: str, each: int = 1) -> Several:
    """Lose the first try; with each=3, in each third call."""
    return lambda random, turn: [] if turn % each else [lost(random, turn, *among)]


def answer(status_code: int, body: Mapping[str, Any] | bytes = b"", headers: Mapping[str, str] | None = None) -> Canned:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Canned(status_code, {"content-type": "application/json", **(headers or {})}, content)


def no(status_code: int, message: str, headers: Mapping[str, str] | None = None) -> Canned:
    return answer(status_code, {"errors": [{"field": None, "message": message}]}, headers)


def ends(after: Sequence[int], expected: tuple[str, ...] = UNKNOWN, *, connects: bool = True) -> Make:
    """End a connection behind so many bytes: by reset, close and silence in turn."""
    return lambda random, turn: Fault({"ending": ENDINGS[turn % 3], "after": random.choice(after)}, connects, expected)


def answered(expected: tuple[str, ...], *choices: Any) -> Make:
    """Make up answers, whatever became of the request."""
    return lambda random, turn: Fault({**effect(random), "answer": random.choice(choices)}, expected=expected)


def refused(expected: tuple[str, ...], *choices: Any) -> Make:
    """Make up answers to requests that had no effect."""
    return lambda random, turn: Fault({"answer": random.choice(choices)}, expected=expected)


def reads(fault: Make, least: int = 1, *, first: int = 0) -> Several:
    """Let reads go wrong: some before the write, and many behind it."""

    def several(random: Random, turn: int) -> list[Fault | None]:
        early = [fault(random, turn) for _ in range(random.choice((0, 0, 1, first)))] if first else []
        return [*early, None, *(fault(random, turn) for _ in range(random.choice((least, 2, 5, 20))))]

    return several


def at(address: str) -> Make:
    """Send requests where no server answers."""
    expected = NOT_SENT if address == "refused" else NOT_SENT + UNKNOWN
    return lambda random, turn: Fault(expected=expected, address=address)


def never(address: str) -> Several:
    """Send reads where no server answers."""
    return lambda random, turn: [at(address)(random, turn)] * 9


# --- what is answered ---

HEAD = b"HTTP/1.1 201 Created\r\n"
BODY = b'{"id": ' + ID + b', "status": "Scheduled"}'
NO_STATUS = (
    *(b"", b"H", b"HTTP/1.1", b"HTTP/1.1 20", b"HTTP/1.1 2O1 Created\r\n\r\n", b"HTTP/1.1 1201 Created\r\n\r\n"),
    *(b"\x00\xffgarbage\r\n\r\n", b"\r\n" * 200, b"201 Created\r\n\r\n", b"ICY 201 OK\r\n\r\n", b"x" * 300_000),
    *(b"SSH-2.0-OpenSSH_9.6\r\n", b"\x15\x03\x03\x00\x02\x02\x28", b"<html>Bad Gateway</html>"),
)
"""What tells no status."""
NO_HEAD = (
    *(HEAD[:-8], HEAD[:-2], HEAD, HEAD + b"Content-Le", HEAD + b"Content-Length: 3\r\nContent-Length: 35\r\n\r\n"),
    *(HEAD + b"X: " + b"x" * 300_000 + b"\r\n\r\n", HEAD + b"no colon\r\n\r\n", HEAD + b"X: \x00\r\n\r\n"),
    *(HEAD + b"Content-Length: -1\r\n\r\n", HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
)
"""What tells one, and is no head. Who says that has carried it out."""
ANSWER = 160
"""Bytes: a few more than the answer to a send has."""
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
RESTS = (
    *(b"\r\n", b"Content-Length: 500\r\n\r\n" + BODY, CHUNKED, CHUNKED + b"20\r\n{", CHUNKED + b"zz\r\n{"),
    *(CHUNKED + b"-5\r\n{", b"Content-Encoding: gzip\r\nContent-Length: 99\r\n\r\n\x1f\x8b"),
)


def bomb(times: int) -> bytes:
    packed = bytes(16 * 2**20)
    for _ in range(times):
        packed = gzip.compress(packed)
    return packed


GZIP = {"content-encoding": "gzip"}
_PLAIN = (
    *(b"", b"{", b"null", b"[]", b'"x"', b"\x00\x01", b"<html></html>", b'{"id": "%s"}' % ID, b'{"id": true}'),
    *(b'{"id": null, "status": 5}', b'{"id": %s' % ID, b'{"id": %s, "status": ["Scheduled"]}' % ID, b'{"id": NaN}'),
    *(b'{"id": %s, "status": {}}' % ID, b'{"id": %s.0}' % ID, b'{"id": 1e999}', b'{"id": 1, "id": %s}' % ID),
    *(b'{"id": %s, "status": "\xff\xfe"}' % ID, b"\xef\xbb\xbf" + BODY, b"\xff\xfe{\x00}\x00"),
    *(b'{"id": ' + b"1" * 5000 + b"}", b"[" * 200_000, b'{"id":' * 100_000),
)
BODIES: Sequence[tuple[bytes, Mapping[str, str]]] = (
    *((body, {}) for body in _PLAIN),
    *((body, GZIP) for body in (gzip.compress(BODY)[:20], gzip.compress(BODY) + b"more", BODY, b"", bomb(1), bomb(2))),
    *((BODY, {"content-encoding": encoding}) for encoding in ("br", "gzip, gzip", "deflate")),
)
"""With their headers."""
PAGES: Sequence[tuple[str, bytes]] = (
    ("text/html", b"<html><head><title>404 Not Found</title></head><body><hr>nginx</body></html>"),
    ("text/plain", b"default backend - 404"),
    ("application/json", b'{"message": "no Route matched with those values"}'),
    ("application/json", b'{"fault": {"faultstring": "Unable to identify proxy", "detail": {"errorcode": "x"}}}'),
    ("application/json", b'{"detail": "Not Found"}'),
    ("application/json", b""),
)
"""As nginx, an ingress, Kong, Apigee and a web framework write them."""
RESETS: Sequence[Mapping[str, str]] = (
    {},
    *({"retry-after": value} for value in ("0", "1", "59", "3600", "soon", "-5", "1e300", "nan", "9" * 400)),
    *({"x-ratelimit-reset": value} for value in ("0", "7", "", "inf", "1700000000", "99999999999999999999")),
    {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"},
    {"date": "no date", "x-ratelimit-reset": "1e10"},
)
FOLLOWED = "/v3/followed"
INFORMATION = (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
STATUSES = (
    *(b'"DRAFT"', b'" draft\\n"', b'"Drafts"', b'""', b"null", b"5", b'["Draft"]', b'"Queued"'),
    b'"' + b"x" * 10_000 + b'"',
)


def unanswered(random: Random, turn: int) -> Fault:
    return Fault({**effect(random), "ending": ENDINGS[turn % 3]}, expected=UNKNOWN)


def after_a_pause(random: Random, turn: int) -> Fault:
    return Fault(pause=random.choice((0.0, 0.0, 0.001, 0.01)))


def closing(random: Random, turn: int) -> Sequence[Fault]:
    return [Fault({"cut": 10**6, "ending": ENDINGS[turn % 2]}, counts=False)]


def second(random: Random, turn: int) -> Fault:
    return Fault({"effect": "twice", "answer": "second"}, expected=("ambiguous",))


def broken_head(random: Random, turn: int) -> Fault:
    if random.random() < 0.4:  # a lenient parser may take these for a head
        return Fault({**effect(random, "done", "twice"), "raw": random.choice(NO_HEAD)}, expected=UNKNOWN + ACCEPTED)
    return Fault({**lost(random, turn).plan, "raw": random.choice(NO_STATUS)}, expected=UNKNOWN)  # type: ignore[dict-item]


def cut(random: Random, turn: int) -> Fault:
    """Cut the answer behind each of its bytes in turn; or another answer anywhere."""
    if turn % 4 == 3:
        other = {**effect(random), "answer": 503} if random.random() < 0.5 else {"effect": "done"}
        return Fault({**other, "cut": random.randrange(250), "ending": random.choice(ENDINGS)})
    number = turn // 4 * 3 + turn % 4
    where = number % ANSWER
    plan = {**effect(random, "done", "twice"), "cut": where, "ending": ENDINGS[number // ANSWER % 3]}
    return Fault(plan, expected=UNKNOWN if where < 100 else ())


def dying_body(random: Random, turn: int) -> Fault:
    rest = random.choice(RESTS)
    # aiohttp refuses a broken chunk together with the head before it.
    expected = ACCEPTED + UNKNOWN if rest in RESTS[4:6] else ACCEPTED
    return Fault({"effect": "done", "raw": HEAD + rest, "ending": ENDINGS[turn % 3]}, expected=expected)


def unreadable(random: Random, turn: int) -> Fault:
    body, headers = BODIES[turn % len(BODIES)]
    return Fault({**effect(random, "done", "twice"), "answer": answer(201, body, headers)}, expected=ACCEPTED)


def unreadable_read(random: Random, turn: int) -> Fault:
    return Fault({"answer": answer(200, *BODIES[turn // 2 % len(BODIES)])})


def other_success(random: Random, turn: int) -> Fault:
    code = random.choice((200, 200, 200, 202, 203, 204, 205, 206, 207, 226, 299))
    page = b"" if code == 204 else random.choice((b"<html>Log in</html>", b"{}", b'{"status": "Sent"}', b""))
    return Fault({**effect(random), "answer": answer(code, page)}, expected=UNKNOWN)


def page(random: Random, turn: int) -> Fault:
    kind, body = random.choice(PAGES)
    code = random.choice((400, 401, 403, 404, 404, 404, 405, 406, 415, 422, 502))
    return Fault({"answer": Canned(code, {"content-type": kind}, body)}, expected=UNKNOWN)


def page_after(random: Random, turn: int) -> Fault:
    return Fault({**page(random, turn).plan, **effect(random)}, expected=UNKNOWN)  # type: ignore[dict-item]


def late(random: Random, turn: int) -> Fault:
    seen = random.choice(({"ending": "reset"}, {"ending": "closed"}, {"answer": 502}, {"raw": b"HTTP/1.1 2"}))
    return Fault({"effect": "late", "delay": LATE[turn % len(LATE)], **seen}, expected=UNKNOWN)


def late_first(random: Random, turn: int) -> Sequence[Fault]:
    return [late(random, turn)]


def doubled(random: Random, turn: int) -> Fault:
    seen: dict[str, Any] = random.choice(({}, {"answer": "second"}, {"ending": "reset"}, {"answer": 504}))
    return Fault({"effect": "twice", **seen})


def redirected(random: Random, turn: int) -> Fault:
    where = random.choice((FOLLOWED, f"http://127.0.0.1:1{FOLLOWED}", "", "//[", "\xff"))
    code = random.choice((300, 301, 302, 303, 304, 305, 307, 308, 399))
    return Fault({**effect(random), "answer": answer(code, b"", {"location": where})}, expected=UNKNOWN)


def informed(random: Random, turn: int) -> Fault:
    first = random.choice(INFORMATION) * random.choice((1, 2, 9))
    if turn % 2:
        return Fault({"effect": "done", "raw": first + HEAD + b"\r\n" + BODY}, expected=ACCEPTED)
    return Fault({**effect(random), "raw": random.choice((first, UPGRADE))}, expected=UNKNOWN)


def plain_no(random: Random, turn: int) -> Fault:
    code = random.choice((400, 401, 404, 405, 413, 415, 422))
    # A 404 may be the answer to the second copy of a delete.
    return Fault({"answer": no(code, "no")}, expected=REJECTED if code != 404 else AMBIGUOUS)


def odd_status(random: Random, turn: int) -> Fault:
    status = b', "status": ' + random.choice(STATUSES) if random.random() < 0.9 else b""
    return Fault({"answer": answer(200, b'{"id": %s%s}' % (ID, status))})


def lost_read(random: Random, turn: int) -> Fault:
    codes = (202, 302, 400, 401, 403, 404, 408, 429, 500, 502, 503, 504)
    plans: Sequence[dict[str, Any]] = (
        *({"effect": "none", "ending": ending} for ending in ENDINGS[:2]),
        *({"cut": random.randrange(900), "ending": ending} for ending in ENDINGS[:2]),
        *({"after": 0, "ending": ending} for ending in ENDINGS[:2]),
        *[{"answer": random.choice(codes)}] * 2,
    )
    return Fault(random.choice(plans))


def dripping(random: Random, turn: int) -> Fault:
    plan = {**effect(random), "answer": 503} if random.random() < 0.5 else {"effect": "done"}
    return Fault({**plan, "drip": 0.03}, expected=UNKNOWN)


LOGIN = Canned(200, {"content-type": "text/html"}, b"<html><form action=/login></form></html>")
OTHER_SENT = answer(201, b'{"id": %s, "status": "Scheduled"}' % OTHER_ID)
OTHER_READ = refused((), answer(200, b'{"id": %s, "status": "Sent"}' % OTHER_ID))
FORBIDDEN = [no(403, text) for text in ("access forbidden", "draft mode")]
TOO_MANY = [no(429, "too many", reset) for reset in RESETS]
NEW, KEPT, BIG = {"fresh": True}, {"fresh": False}, {"large": True}
LARGE = (0, 1, 1_000, 100_000, 800_000)
PORTAL = (*MAILING, "update", "reschedule")
SERVER_ERRORS = (500, 501, 502, 503, 504, 507, 520, 599)
OTHER_NOES = (402, 406, 408, 409, 410, 412, 418, 423, 425, 451, 499)
LONG_WINDOW = (45.0, *(SHORT,) * 15)


FAMILIES = [
    Family("F1 nobody listens", (*READ, *UNREAD), at("refused"), 1, 9, reads=never("refused")),
    Family("F1 nobody listens when the write comes", READ, at("refused"), 1, 9, options=NEW),
    Family("F1 nobody listens after a lost write", READ, at("refused"), 1, 9, first_lost(), reads(at("refused"), 9)),
    Family("F2 connecting takes for ever", (*READ, *UNREAD), at("full"), 1, 9, reads=never("full")),
    Family("F1 the TLS handshake dies", WRITES, ends((0, 1, 10, 100, 300), NOT_SENT), options={**NEW, "tls": True}),
    Family("F5-F8 accepted, then reset, closed or silent", WRITES, ends((0,), ()), 5, options=NEW),
    Family("F7 a part of the head is read", WRITES, ends(range(1, 261)), 3, options={**NEW, "tls": False}),
    Family("F7 a part of a large body is read", ("update", "create"), ends(LARGE, connects=False), 1, options=BIG),
    Family("F9 read whole, and no answer", WRITES, unanswered, 6, settle=LONG_WINDOW),
    Family("F26 closed while idle, or just then", READ, after_a_pause, 3, 1, reads=closing, options=KEPT),
    Family("F26 closed as the request comes", WRITES, ends((0,), connects=False), 1, options=KEPT),
    Family("F10 no head, or a broken one", (*SENDS, *SENDS, *CONTENT), broken_head, 4),
    Family("F11 the head comes byte by byte, and too slowly", SENDS, dripping, 1),
    Family("F10, F12 cut after each byte of the answer", SENDS, cut, 18, 1),
    Family("F12 the body dies behind the head", SENDS, dying_body, 2, 1),
    Family("F13, F27 accepted, in a body that cannot be read", SENDS, unreadable, 3, 1),
    Family("F13, F27 reads that cannot be read", SENDS, lost, 2, 1, reads=reads(unreadable_read, first=1)),
    Family("F14 another 2xx", SENDS, other_success, 3),
    Family("R4 a front end's page answers a write", (*WRITES, *DELETES), page_after, 4),
    Family("R4 a front end's page answers reads", (*WRITES, *DELETES * 2), lost, 4, 1, reads=reads(page, first=4)),
    Family("F14 a captive portal", PORTAL, answered(UNKNOWN, LOGIN), 1, 1, reads=reads(refused((), LOGIN), first=4)),
    Family("R14 another campaign's answer", SENDS, answered(UNKNOWN, OTHER_SENT), 1, reads=reads(OTHER_READ, 0)),
    Family("F15-F17 5xx", WRITES, answered(UNKNOWN, *SERVER_ERRORS), 4, settle=LONG_WINDOW),
    Family(
        "F18 429, with a reset, without, and absurd", WRITES, refused(REJECTED, *TOO_MANY), before=first_lost(each=3)
    ),
    Family("F19 403 to the second copy of what was done", MAILING, second, 1, 1),
    # An error tells of its attempts.
    Family("F19 404 to the second copy of a delete", ("delete",), second, 1, 1, reads=reads(lost, 9)),
    Family("F20 403, and nothing was done", WRITES, refused(AMBIGUOUS, *FORBIDDEN), 1, 1),
    Family("F21 403 after doubt", WRITES, refused(AMBIGUOUS, *FORBIDDEN), 1, before=first_lost("none", "late")),
    Family("F22 a late copy", WRITES, late, 3, settle=(*(45.0,) * 6, *(SHORT,) * 6)),
    Family("F22 a late copy, and then a no", WRITES, plain_no, 1, 1, late_first, settle=(45.0, SHORT)),
    Family("F23 the network doubles the request", WRITES, doubled, 2, 1),
    Family("F23 the network doubles the request, and reads are lost", WRITES, doubled, 1, 1, reads=reads(lost, 9)),
    Family("F24 3xx", WRITES, redirected),
    Family("F25 100 and 103 first, or 101", SENDS, informed, 2, 1),
    Family("4xx that say that nothing was done", WRITES, plain_no, 1, 1, first_lost(each=2)),
    Family("4xx that do not", WRITES, answered(UNKNOWN, *OTHER_NOES), 1),
    Family("F28 a status that is unknown, missing or misspelled", SENDS, lost, 2, 1, reads=reads(odd_status, first=1)),
    Family("reads are lost, cut, refused or in error", WRITES, lost, 5, 1, reads=reads(lost_read, first=2)),
]
