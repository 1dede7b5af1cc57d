"""What goes wrong on a wire, in families; their numbers are those of docs/reliability.md."""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from sendgrid_campaigns.sandbox import Canned
from sockets.stage import ID, OTHER_ID, SHORT, Fault, Script

Make = Callable[[Random, int], Script]


@dataclass(frozen=True)
class Family:
    """Faults of one kind."""

    number: str
    name: str
    weight: int
    """Calls in each round of the deck."""
    script: Make
    """What is played: by random numbers, and a turn from 0 that goes through what has an order."""


FAMILIES: list[Family] = []


def family(number: str, name: str, weight: int = 2) -> Callable[[Make], Make]:
    def keep(script: Make) -> Make:
        FAMILIES.append(Family(number, name, weight, script))
        return script

    return keep


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
WRITES = (
    *SENDS * 4,
    "schedule",
    *("schedule later",) * 2,
    "reschedule",
    "unschedule",
    "update",
    "create",
    "send_test",
    *DELETES,
)


def effect(random: Random, *among: str) -> dict[str, Any]:
    """What becomes of a request."""
    kind = random.choice(among or ("none", "done", "late", "twice"))
    return {"effect": kind, "delay": random.choice(LATE)} if kind == "late" else {"effect": kind}


def some(random: Random, fault: Callable[[], Fault]) -> list[Fault]:
    """One to four in a row: a step of a call has four attempts."""
    return [fault() for _ in range(random.choice((1, 2, 3, 4, 4)))]


def lost(random: Random, *among: str) -> Fault:
    return Fault({**effect(random, *among), "ending": random.choice(ENDINGS[:2])}, expected=UNKNOWN)


def answer(status_code: int, body: Mapping[str, Any] | bytes = b"", headers: Mapping[str, str] | None = None) -> Canned:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Canned(status_code, {"content-type": "application/json", **(headers or {})}, content)


def no(status_code: int, message: str, headers: Mapping[str, str] | None = None) -> Canned:
    return answer(status_code, {"errors": [{"field": None, "message": message}]}, headers)


# connections


def via(name: str, operations: Sequence[str], *, later: int = 0, expected: tuple[str, ...] = NOT_SENT) -> Make:
    """later: requests that come through before; the second of them is a write that is lost."""

    def script(random: Random, turn: int) -> Script:
        faults, first = [Fault(expected=expected)] * 9, [lost(random)] if later > 1 else []
        reads, tls = [*[None] * later, *faults], True if name == "proxy" else None
        new = True if later else None
        return Script(random.choice(operations), [*first, *faults], reads[: 10 if later else 9], new, tls, via=name)

    return script


family("F1", "nobody listens", 1)(via("refused", (*READ, *UNREAD)))
family("F1", "nobody listens any more when the write comes", 1)(via("gone", READ, later=1))
family("F1", "nobody listens any more after a lost write", 1)(via("gone later", READ, later=2))
family("F2", "connecting takes for ever", 1)(via("full", (*READ, *UNREAD), expected=NOT_SENT + UNKNOWN))
family("F2", "no connection of the pool is free", 1)(via("pool", (*READ, *UNREAD), expected=NOT_SENT + UNKNOWN))
family("F3", "the proxy opens no tunnel", 1)(via("proxy", READ, later=1, expected=NOT_SENT + UNKNOWN))


@family("F1", "the TLS handshake dies")
def handshake(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        plan = {"ending": ENDINGS[turn % 3], "after": random.choice((0, 1, 10, 100, 300))}
        return Fault(plan, connects=True, expected=NOT_SENT)

    return Script(random.choice(WRITES), fresh=True, tls=True, writes=some(random, fault))


def accepted(ending: str) -> Make:
    def script(random: Random, turn: int) -> Script:
        fault = Fault({"ending": ending, "after": 0}, connects=True)
        return Script(random.choice(WRITES), fresh=True, writes=some(random, lambda: fault))

    return script


family("F5", "accepted, then reset")(accepted("reset"))
family("F6", "accepted, then closed")(accepted("closed"))
family("F8", "accepted, and nothing is read", 1)(accepted("silence"))


@family("F7", "a part of the head is read", 3)
def part_of_the_head(random: Random, turn: int) -> Script:
    sizes = count(turn // 3 * 4)

    def fault() -> Fault:
        return Fault({"ending": ENDINGS[turn % 3], "after": 1 + next(sizes) % 260}, connects=True, expected=UNKNOWN)

    return Script(random.choice(WRITES), fresh=True, tls=False, writes=some(random, fault))


@family("F7", "a part of a large body is read", 1)
def part_of_the_body(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        plan = {"ending": ENDINGS[turn % 3], "after": random.choice((0, 1, 1_000, 100_000, 800_000))}
        return Fault(plan, expected=UNKNOWN)

    return Script(random.choice(("update", "create")), large=True, writes=some(random, fault))


@family("F9", "read whole, and no answer", 6)
def no_answer(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        return Fault({**effect(random), "ending": ENDINGS[turn % 3]}, expected=UNKNOWN)

    return Script(random.choice(WRITES), writes=some(random, fault), settle=45.0 if turn % 16 == 0 else SHORT)


@family("F26", "closed while idle, or just then", 3)
def idle(random: Random, turn: int) -> Script:
    closing = Fault({"cut": 10**6, "ending": ENDINGS[turn % 2]}, counts=False)
    struck = Fault(pause=random.choice((0.0, 0.0, 0.001, 0.01)))
    return Script(random.choice(READ), fresh=False, reads=[closing], writes=[struck])


@family("F26", "closed as the request comes", 1)
def racing(random: Random, turn: int) -> Script:
    fault = Fault({"after": 0, "ending": ENDINGS[turn % 2]}, expected=UNKNOWN)
    return Script(random.choice(WRITES), fresh=False, writes=some(random, lambda: fault))


# answers that break

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


@family("F10", "no head, or a broken one", 4)
def broken_head(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        if random.random() < 0.4:  # a lenient parser may take these for a head
            return Fault(
                {**effect(random, "done", "twice"), "raw": random.choice(NO_HEAD)}, expected=UNKNOWN + ACCEPTED
            )
        plan = {**effect(random), "raw": random.choice(NO_STATUS), "ending": random.choice(ENDINGS[:2])}
        return Fault(plan, expected=UNKNOWN)

    return Script(random.choice(SENDS if turn % 4 else WRITES), writes=some(random, fault))


@family("F11", "the head comes byte by byte, and too slowly", 1)
def dripping(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        plan = {**effect(random), "answer": 503} if random.random() < 0.5 else {"effect": "done"}
        return Fault({**plan, "drip": 0.03}, expected=UNKNOWN)

    return Script(random.choice(SENDS), writes=some(random, fault))


ANSWER = 160
"""Bytes: a few more than the answer to a send has."""


def cut(ending: str) -> Make:
    def script(random: Random, turn: int) -> Script:
        if turn % 4 < 3:
            where = (turn // 4 * 3 + turn % 4) % ANSWER
            expected = UNKNOWN if where < 100 else ()
            fault = Fault({**effect(random, "done", "twice"), "cut": where, "ending": ending}, expected=expected)
            return Script(random.choice(SENDS), writes=[fault])

        def other() -> Fault:
            plan = {**effect(random), "answer": 503} if random.random() < 0.5 else {"effect": "done"}
            return Fault({**plan, "cut": random.randrange(250), "ending": ending})

        return Script(random.choice(WRITES), writes=some(random, other))

    return script


family("F10, F12", "reset after each byte of the answer", 6)(cut("reset"))
family("F10, F12", "closed after each byte of the answer", 6)(cut("closed"))
family("F10, F12", "silent after each byte of the answer", 6)(cut("silence"))

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
RESTS = (
    *(b"\r\n", b"Content-Length: 500\r\n\r\n" + BODY, CHUNKED, CHUNKED + b"20\r\n{", CHUNKED + b"zz\r\n{"),
    *(CHUNKED + b"-5\r\n{", b"Content-Encoding: gzip\r\nContent-Length: 99\r\n\r\n\x1f\x8b"),
)


@family("F12", "the body dies behind the head")
def dying_body(random: Random, turn: int) -> Script:
    rest = random.choice(RESTS)
    plan = {"effect": "done", "raw": HEAD + rest, "ending": ENDINGS[turn % 3]}
    # aiohttp refuses a broken chunk together with the head before it.
    return Script(
        random.choice(SENDS), writes=[Fault(plan, expected=ACCEPTED + UNKNOWN if rest in RESTS[4:6] else ACCEPTED)]
    )


# answers that cannot be read


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


@family("F13, F27", "accepted, in a body that cannot be read", 3)
def unreadable(random: Random, turn: int) -> Script:
    plan = {**effect(random, "done", "twice"), "answer": answer(201, *BODIES[turn % len(BODIES)])}
    return Script(random.choice(SENDS), writes=[Fault(plan, expected=ACCEPTED)])


@family("F13, F27", "reads that cannot be read")
def unreadable_reads(random: Random, turn: int) -> Script:
    fault = Fault({"answer": answer(200, *BODIES[turn // 2 % len(BODIES)])})
    reads = [fault] if turn % 2 else [None, *[fault] * random.randint(1, 9)]
    return Script(random.choice(SENDS), reads=reads, writes=[lost(random)])


@family("F14", "another 2xx", 3)
def other_success(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        code = random.choice((200, 200, 200, 202, 203, 204, 205, 206, 207, 226, 299))
        page = b"" if code == 204 else random.choice((b"<html>Log in</html>", b"{}", b'{"status": "Sent"}', b""))
        return Fault({**effect(random), "answer": answer(code, page)}, expected=UNKNOWN)

    return Script(random.choice(SENDS), writes=some(random, fault))


# something in front of the service answers: R4

PAGES: Sequence[tuple[str, bytes]] = (
    ("text/html", b"<html><head><title>404 Not Found</title></head><body><hr>nginx</body></html>"),
    ("text/plain", b"default backend - 404"),
    ("application/json", b'{"message": "no Route matched with those values"}'),
    ("application/json", b'{"fault": {"faultstring": "Unable to identify proxy", "detail": {"errorcode": "x"}}}'),
    ("application/json", b'{"detail": "Not Found"}'),
    ("application/json", b""),
)
"""As nginx, an ingress, Kong, Apigee and a web framework write them."""


def page(random: Random, *codes: int) -> Mapping[str, Any]:
    kind, body = random.choice(PAGES)
    return {"answer": Canned(random.choice(codes), {"content-type": kind}, body)}


@family("R4", "a front end's page answers a write", 4)
def front_end(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        codes = (400, 401, 403, 404, 404, 405, 406, 415, 422, 502)
        return Fault({**effect(random), **page(random, *codes)}, expected=UNKNOWN)

    return Script(random.choice((*WRITES, *DELETES)), writes=some(random, fault))


@family("R4", "a front end's page answers reads", 4)
def front_end_reads(random: Random, turn: int) -> Script:
    codes = (400, 401, 403, 404, 404, 404, 406, 502)
    before = [Fault(page(random, *codes), expected=UNKNOWN) for _ in range(random.choice((0, 0, 1, 4)))]
    behind = [Fault(page(random, *codes), expected=UNKNOWN) for _ in range(random.choice((1, 2, 5, 20)))]
    reads = [*before, None, *behind]
    return Script(random.choice((*WRITES, *DELETES, *DELETES)), reads=reads, writes=[lost(random)])


@family("F14", "a captive portal", 1)
def portal(random: Random, turn: int) -> Script:
    login = {"answer": Canned(200, {"content-type": "text/html"}, b"<html><form action=/login></form></html>")}
    reads = [Fault(login)] * random.choice((1, 2, 4)) if turn % 2 else [None, *[Fault(login)] * random.randint(1, 9)]
    write = Fault({**effect(random), **login}, expected=UNKNOWN)
    return Script(random.choice((*MAILING, "update", "reschedule")), reads=reads, writes=[write])


@family("R14", "an answer about another campaign", 1)
def crossed(random: Random, turn: int) -> Script:
    accepted = answer(201, b'{"id": %s, "status": "Scheduled"}' % OTHER_ID)
    read = Fault({"answer": answer(200, b'{"id": %s, "status": "Sent"}' % OTHER_ID)})
    writes = some(random, lambda: Fault({**effect(random), "answer": accepted}, expected=UNKNOWN))
    return Script(random.choice(SENDS), reads=[None, *[read] * random.choice((0, 1, 2, 9))], writes=writes)


# answers that do not help


@family("F15-F17", "5xx", 4)
def server_error(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        code = random.choice((500, 501, 502, 503, 504, 507, 520, 599))
        return Fault({**effect(random), "answer": code}, expected=UNKNOWN)

    return Script(random.choice(WRITES), writes=some(random, fault), settle=45.0 if turn % 16 == 0 else SHORT)


RESETS: Sequence[Mapping[str, str]] = (
    {},
    *({"retry-after": value} for value in ("0", "1", "59", "3600", "soon", "-5", "1e300", "nan", "9" * 400)),
    *({"x-ratelimit-reset": value} for value in ("0", "7", "", "inf", "1700000000", "99999999999999999999")),
    {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"},
    {"date": "no date", "x-ratelimit-reset": "1e10"},
)


@family("F18", "429, with a reset, without, and absurd")
def limited(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        return Fault({"answer": no(429, "too many requests", random.choice(RESETS))}, expected=REJECTED)

    return Script(random.choice(WRITES), writes=[*[lost(random)] * (turn % 3 == 0), *some(random, fault)])


@family("F19", "403 or 404 to the second copy of what was done", 1)
def second_refused(random: Random, turn: int) -> Script:
    second = Fault({"effect": "twice", "answer": "second"}, expected=("ambiguous",))
    if turn % 3:
        return Script(random.choice(MAILING), writes=[second])
    return Script("delete", reads=[None, *[lost(random)] * 9], writes=[second])  # an error tells of its attempts


@family("F20", "403, and nothing was done", 1)
def forbidden(random: Random, turn: int) -> Script:
    plan = {"answer": no(403, random.choice(("access forbidden", "draft mode")))}
    return Script(random.choice(WRITES), writes=[Fault(plan, expected=AMBIGUOUS)])


@family("F21", "403 after doubt", 1)
def forbidden_after_doubt(random: Random, turn: int) -> Script:
    forbidden = Fault({"answer": no(403, "access forbidden")}, expected=AMBIGUOUS)
    return Script(random.choice(WRITES), writes=[lost(random, "none", "late"), *[forbidden] * random.randint(1, 3)])


@family("F22", "a late copy", 4)
def late(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        seen = random.choice(({"ending": "reset"}, {"ending": "closed"}, {"answer": 502}, {"raw": b"HTTP/1.1 2"}))
        return Fault({"effect": "late", "delay": LATE[turn % len(LATE)], **seen}, expected=UNKNOWN)

    then = random.choice(
        ([], [Fault({"answer": no(400, "no")}, expected=REJECTED)], [Fault({"answer": no(404, "no")})])
    )
    settle = 45.0 if turn // len(LATE) % 2 == 0 else SHORT
    return Script(random.choice(WRITES), writes=[*some(random, fault)[:3], *then], settle=settle)


@family("F23", "the network doubles the request", 3)
def doubled(random: Random, turn: int) -> Script:
    seen: dict[str, Any] = random.choice(({}, {"answer": "second"}, {"ending": "reset"}, {"answer": 504}))
    reads = [None, *[Fault({"ending": "reset"}, expected=UNKNOWN)] * 9] if turn % 4 == 0 else []
    return Script(random.choice(WRITES), reads=reads, writes=[Fault({"effect": "twice", **seen})])


FOLLOWED = "/v3/followed"


@family("F24", "3xx")
def redirected(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        where = random.choice((FOLLOWED, f"http://127.0.0.1:1{FOLLOWED}", "", "//[", "\xff"))
        code = random.choice((300, 301, 302, 303, 304, 305, 307, 308, 399))
        return Fault({**effect(random), "answer": answer(code, b"", {"location": where})}, expected=UNKNOWN)

    return Script(random.choice(WRITES), writes=some(random, fault))


INFORMATION = (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"


@family("F25", "100 and 103 first, or 101")
def informed(random: Random, turn: int) -> Script:
    first = random.choice(INFORMATION) * random.choice((1, 2, 9))
    if turn % 2:
        accepted = Fault({"effect": "done", "raw": first + HEAD + b"\r\n" + BODY}, expected=ACCEPTED)
        return Script(random.choice(SENDS), writes=[accepted])

    def fault() -> Fault:
        return Fault({**effect(random), "raw": random.choice((first, UPGRADE))}, expected=UNKNOWN)

    return Script(random.choice(WRITES), writes=some(random, fault))


@family("", "4xx that say that nothing was done", 1)
def plain_no(random: Random, turn: int) -> Script:
    code = random.choice((400, 401, 404, 405, 413, 415, 422))
    # A 404 may be the answer to the second copy of a delete.
    plain = Fault({"answer": no(code, "no")}, expected=REJECTED if code != 404 else AMBIGUOUS)
    return Script(random.choice(WRITES), writes=[*[lost(random)] * (turn % 2), plain])


@family("", "4xx that do not", 1)
def other_no(random: Random, turn: int) -> Script:
    def fault() -> Fault:
        code = random.choice((402, 406, 408, 409, 410, 412, 418, 423, 425, 451, 499))
        return Fault({**effect(random), "answer": code}, expected=UNKNOWN)

    return Script(random.choice(WRITES), writes=some(random, fault))


# reads

STATUSES = (
    *(b'"DRAFT"', b'" draft\\n"', b'"Drafts"', b'""', b"null", b"5", b'["Draft"]', b'"Queued"'),
    b'"' + b"x" * 10_000 + b'"',
)


@family("F28", "a status that is unknown, missing or spelled otherwise")
def odd_status(random: Random, turn: int) -> Script:
    def fault(first: int) -> Fault:
        status = b', "status": ' + random.choice(STATUSES[first:]) if random.random() < 0.9 else b""
        return Fault({"answer": answer(200, b'{"id": %s%s}' % (ID, status))})

    if turn % 2:
        return Script(random.choice(SENDS), reads=[fault(0)], writes=[lost(random)])
    reads = [fault(2) for _ in range(random.choice((1, 1, 2, 9)))]  # a Draft it may not be any more
    return Script(random.choice(SENDS), reads=[None, *reads], writes=[lost(random)])


@family("", "reads are lost, cut, refused or in error", 5)
def lost_reads(random: Random, turn: int) -> Script:
    codes = (202, 302, 400, 401, 403, 404, 408, 429, 500, 502, 503, 504)

    def fault() -> Fault:
        ending = random.choice(ENDINGS[:2])
        return random.choice(
            (
                Fault({"effect": random.choice(("none", "done")), "ending": ending}, expected=UNKNOWN),
                Fault({"cut": random.randrange(900), "ending": ending}),
                Fault({"answer": random.choice(codes)}),
                Fault({"after": 0, "ending": ending}, expected=UNKNOWN),
            )
        )

    before = [fault() for _ in range(random.choice((0, 0, 1, 2)))]
    behind = [fault() for _ in range(random.choice((1, 2, 5, 20)))]
    return Script(random.choice(WRITES), reads=[*before, None, *behind], writes=[lost(random)])
