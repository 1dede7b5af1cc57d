"""The real clients on real sockets, and all that goes wrong on a wire: is each verdict true, and each result?

faults.py                           100,000 faulty requests, from a seed that it prints
faults.py --requests 1000 --seed 7  fewer, from that seed: the same faults; how long everything takes differs
faults.py --seed 7 --call NAME      one call of it, a hundred times: NAME is what a misjudgement is shown with

A verdict is misjudged that says "never left" or "refused" of a request that the service carried out or will, or "done"
of one that it did not; and a result that is a definite no although there is mail, or a receipt although there is none.
What the service did is read in its ledger in the end, when nothing can happen any more.
"""

import argparse
import asyncio
import gc
import gzip
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from itertools import count, product
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import attrs

from faults_stage import ID, OTHER_ID, SHORT, Blow, Certificate, Colour, Ledger, Performance, Script, Stage
from sendgrid_campaigns import OutcomeUnknownError, SendGridError
from sendgrid_campaigns.errors import Attempt
from sendgrid_campaigns.sandbox import Canned

# --- what goes wrong, in families; their numbers are those of docs/reliability.md ---

Make = Callable[[Random, int], Script]


@attrs.frozen
class Family:
    """Faults of one kind."""

    number: str
    name: str
    weight: int
    """Calls in each round of the deck."""
    script: Make
    """What is played, as the dice fall; a turn, from 0, goes through what has an order."""


FAMILIES: list[Family] = []


def family(number: str, name: str, weight: int = 2) -> Callable[[Make], Make]:
    def keep(script: Make) -> Make:
        FAMILIES.append(Family(number, name, weight, script))
        return script

    return keep


NEVER_LEFT, REFUSED, DONE, DOUBT = ("never left",), ("refused",), ("done",), ("doubt",)
ENDINGS = ("reset", "closed", "silence")
LATE = (0.02, 0.3, 2.0, 20.0, 200.0, 2000.0)
"""Seconds, of a clock that jumps ahead whenever a client waits."""
SENDS = ("send", "send", "ensure_sent")
MAILING = ("send", "ensure_sent", "schedule")
UNREAD = ("send", "create", "send_test")
"""With and without a read before the write."""
READ = (*MAILING, "update", "delete")
"""With one."""
WRITES = (*SENDS * 4, *("schedule",) * 3, "reschedule", "unschedule", "update", "create", "delete", "send_test")


def effect(dice: Random, *among: str) -> dict[str, Any]:
    """What becomes of a request."""
    kind = dice.choice(among or ("none", "done", "late", "twice"))
    return {"effect": kind, "delay": dice.choice(LATE)} if kind == "late" else {"effect": kind}


def some(dice: Random, blow: Callable[[], Blow]) -> list[Blow]:
    """One to four in a row: a step of a call has four attempts."""
    return [blow() for _ in range(dice.choice((1, 2, 3, 4, 4)))]


def lost(dice: Random, *among: str) -> Blow:
    return Blow({**effect(dice, *among), "ending": dice.choice(ENDINGS[:2])}, expected=DOUBT)


def answer(status_code: int, body: Mapping[str, Any] | bytes = b"", headers: Mapping[str, str] | None = None) -> Canned:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Canned(status_code, {"content-type": "application/json", **(headers or {})}, content)


def no(status_code: int, message: str, headers: Mapping[str, str] | None = None) -> Canned:
    return answer(status_code, {"errors": [{"field": None, "message": message}]}, headers)


# connections


@family("F1", "nobody listens", 1)
def refused(dice: Random, turn: int) -> Script:
    blows = [Blow(expected=NEVER_LEFT)] * 4
    return Script(dice.choice(UNREAD), door="refused", reads=blows, writes=blows)


@family("F1", "nobody listens any more when the write comes", 1)
def gone(dice: Random, turn: int) -> Script:
    blows = [Blow(expected=NEVER_LEFT)] * 9
    return Script(dice.choice(READ), door="gone", fresh=True, reads=[None, *blows], writes=blows)


@family("F1", "nobody listens any more after a lost write", 1)
def gone_later(dice: Random, turn: int) -> Script:
    blows = [Blow(expected=NEVER_LEFT)] * 9
    return Script(dice.choice(READ), door="gone later", fresh=True, reads=[None, *blows], writes=[lost(dice), *blows])


@family("F1", "the TLS handshake dies")
def handshake(dice: Random, turn: int) -> Script:
    def blow() -> Blow:
        fault = {"ending": ENDINGS[turn % 3], "after": dice.choice((0, 1, 10, 100, 300))}
        return Blow(fault, connects=True, expected=NEVER_LEFT)

    return Script(dice.choice(WRITES), fresh=True, tls=True, writes=some(dice, blow))


@family("F2", "connecting takes for ever", 1)
def full(dice: Random, turn: int) -> Script:
    blows = [Blow(expected=NEVER_LEFT + DOUBT)] * 4
    return Script(dice.choice(UNREAD), door="full", reads=blows, writes=blows)


@family("F2", "no connection of the pool is free", 1)
def pool(dice: Random, turn: int) -> Script:
    blows = [Blow(expected=NEVER_LEFT + DOUBT)] * 4
    return Script(dice.choice(UNREAD), door="pool", reads=blows, writes=blows)


@family("F3", "the proxy opens no tunnel", 1)
def proxy(dice: Random, turn: int) -> Script:
    blows = [Blow(expected=NEVER_LEFT + DOUBT)] * 9
    return Script(dice.choice(READ), door="proxy", fresh=True, tls=True, reads=[None, *blows], writes=blows)


def accepted(ending: str) -> Make:
    def script(dice: Random, turn: int) -> Script:
        blow = Blow({"ending": ending, "after": 0}, connects=True)
        return Script(dice.choice(WRITES), fresh=True, writes=some(dice, lambda: blow))

    return script


family("F5", "accepted, then reset")(accepted("reset"))
family("F6", "accepted, then closed")(accepted("closed"))
family("F8", "accepted, and nothing is read", 1)(accepted("silence"))


@family("F7", "a part of the head is read", 3)
def part_of_the_head(dice: Random, turn: int) -> Script:
    sizes = count(turn // 3 * 4)

    def blow() -> Blow:
        return Blow({"ending": ENDINGS[turn % 3], "after": 1 + next(sizes) % 260}, connects=True, expected=DOUBT)

    return Script(dice.choice(WRITES), fresh=True, tls=False, writes=some(dice, blow))


@family("F7", "a part of a large body is read", 1)
def part_of_the_body(dice: Random, turn: int) -> Script:
    def blow() -> Blow:
        fault = {"ending": ENDINGS[turn % 3], "after": dice.choice((0, 1, 1_000, 100_000, 800_000))}
        return Blow(fault, expected=DOUBT)

    return Script(dice.choice(("update", "create")), large=True, writes=some(dice, blow))


@family("F9", "read whole, and no answer", 6)
def no_answer(dice: Random, turn: int) -> Script:
    def blow() -> Blow:
        return Blow({**effect(dice), "ending": ENDINGS[turn % 3]}, expected=DOUBT)

    return Script(dice.choice(WRITES), writes=some(dice, blow), settle=45.0 if turn % 16 == 0 else SHORT)


@family("F26", "closed while idle, or just then", 3)
def idle(dice: Random, turn: int) -> Script:
    closing = Blow({"cut": 10**6, "ending": ENDINGS[turn % 2]}, counts=False)
    struck = Blow(pause=dice.choice((0.0, 0.0, 0.001, 0.01)))
    return Script(dice.choice(READ), fresh=False, reads=[closing], writes=[struck])


@family("F26", "closed as the request comes", 1)
def racing(dice: Random, turn: int) -> Script:
    blow = Blow({"after": 0, "ending": ENDINGS[turn % 2]}, expected=DOUBT)
    return Script(dice.choice(WRITES), fresh=False, writes=some(dice, lambda: blow))


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
def broken_head(dice: Random, turn: int) -> Script:
    def blow() -> Blow:
        told = dice.random() < 0.4
        fault = {**effect(dice, "done", "twice"), "raw": dice.choice(NO_HEAD)} if told else {
            **effect(dice), "raw": dice.choice(NO_STATUS), "ending": dice.choice(ENDINGS[:2])
        }  # fmt: skip
        return Blow(fault, expected=DOUBT)

    return Script(dice.choice(SENDS if turn % 4 else WRITES), writes=some(dice, blow))


@family("F11", "the head comes byte by byte, and too slowly", 1)
def dripping(dice: Random, turn: int) -> Script:
    def blow() -> Blow:
        made_up = dice.random() < 0.5
        fault = {**effect(dice), "answer": 503} if made_up else {"effect": "done"}
        return Blow({**fault, "drip": 0.03}, expected=DOUBT)

    return Script(dice.choice(SENDS), writes=some(dice, blow))


ANSWER = 160
"""Bytes: a few more than the answer to a send has."""


def cut(ending: str) -> Make:
    def script(dice: Random, turn: int) -> Script:
        if turn % 4 < 3:
            where = (turn // 4 * 3 + turn % 4) % ANSWER
            expected = DOUBT if where < 100 else ()
            blow = Blow({**effect(dice, "done", "twice"), "cut": where, "ending": ending}, expected=expected)
            return Script(dice.choice(SENDS), writes=[blow])

        def other() -> Blow:
            fault = {**effect(dice), "answer": 503} if dice.random() < 0.5 else {"effect": "done"}
            return Blow({**fault, "cut": dice.randrange(250), "ending": ending})

        return Script(dice.choice(WRITES), writes=some(dice, other))

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
def dying_body(dice: Random, turn: int) -> Script:
    fault = {"effect": "done", "raw": HEAD + dice.choice(RESTS), "ending": ENDINGS[turn % 3]}
    return Script(dice.choice(SENDS), writes=[Blow(fault, expected=DONE)])


# answers that cannot be read


def bomb(times: int) -> bytes:
    packed = bytes(16 * 2**20)
    for _ in range(times):
        packed = gzip.compress(packed)
    return packed


GZIP = {"content-encoding": "gzip"}
BODIES: Sequence[tuple[bytes, Mapping[str, str]]] = (
    *((b"", {}), (b"{", {}), (b"null", {}), (b"[]", {}), (b'"x"', {}), (b"\x00\x01", {}), (b"<html></html>", {})),
    *((b'{"id": "%s"}' % ID, {}), (b'{"id": true}', {}), (b'{"id": null, "status": 5}', {}), (b'{"id": %s' % ID, {})),
    *((b'{"id": %s, "status": ["Scheduled"]}' % ID, {}), (b'{"id": %s, "status": {}}' % ID, {})),
    *((b'{"id": %s.0}' % ID, {}), (b'{"id": NaN}', {}), (b'{"id": 1e999}', {}), (b'{"id": 1, "id": %s}' % ID, {})),
    *((b'{"id": %s, "status": "\xff\xfe"}' % ID, {}), (b"\xef\xbb\xbf" + BODY, {}), (b"\xff\xfe{\x00}\x00", {})),
    *((b'{"id": ' + b"1" * 5000 + b"}", {}), (b"[" * 200_000, {}), (b'{"id":' * 100_000, {})),
    *((gzip.compress(BODY)[:20], GZIP), (gzip.compress(BODY) + b"more", GZIP), (BODY, GZIP), (b"", GZIP)),
    *((BODY, {"content-encoding": "br"}), (BODY, {"content-encoding": "gzip, gzip"})),
    *((b"x", {"content-encoding": "deflate"}), (bomb(1), GZIP), (bomb(2), GZIP)),
)  # fmt: skip
"""With their headers."""


@family("F13, F27", "accepted, in a body that cannot be read", 3)
def unreadable(dice: Random, turn: int) -> Script:
    fault = {**effect(dice, "done", "twice"), "answer": answer(201, *BODIES[turn % len(BODIES)])}
    return Script(dice.choice(SENDS), writes=[Blow(fault, expected=DONE)])


@family("F13, F27", "reads that cannot be read")
def unreadable_reads(dice: Random, turn: int) -> Script:
    blow = Blow({"answer": answer(200, *BODIES[turn // 2 % len(BODIES)])})
    reads = [blow] if turn % 2 else [None, *[blow] * dice.randint(1, 9)]
    return Script(dice.choice(SENDS), reads=reads, writes=[lost(dice)])


@family("F14", "another 2xx", 3)
def other_success(dice: Random, turn: int) -> Script:
    def blow() -> Blow:
        code = dice.choice((200, 200, 200, 202, 203, 204, 205, 206, 207, 226, 299))
        page = b"" if code == 204 else dice.choice((b"<html>Log in</html>", b"{}", b'{"status": "Sent"}', b""))
        return Blow({**effect(dice), "answer": answer(code, page)}, expected=DOUBT)

    return Script(dice.choice(SENDS), writes=some(dice, blow))


@family("F14", "a captive portal", 1)
def portal(dice: Random, turn: int) -> Script:
    page = {"answer": Canned(200, {"content-type": "text/html"}, b"<html><form action=/login></form></html>")}
    operation = dice.choice((*MAILING, "update", "reschedule"))
    reads = [Blow(page)] * dice.choice((1, 2, 4)) if turn % 2 else [None, *[Blow(page)] * dice.randint(1, 9)]
    return Script(operation, reads=reads, writes=[Blow({**effect(dice), **page}, expected=DOUBT)])


@family("R14", "an answer about another campaign", 1)
def crossed(dice: Random, turn: int) -> Script:
    accepted = answer(201, b'{"id": %s, "status": "Scheduled"}' % OTHER_ID)
    read = Blow({"answer": answer(200, b'{"id": %s, "status": "Sent"}' % OTHER_ID)})
    writes = some(dice, lambda: Blow({**effect(dice), "answer": accepted}, expected=DOUBT))
    return Script(dice.choice(SENDS), reads=[None, *[read] * dice.choice((0, 1, 2, 9))], writes=writes)


# answers that do not help


@family("F15-F17", "5xx", 4)
def server_error(dice: Random, turn: int) -> Script:
    def blow() -> Blow:
        code = dice.choice((500, 501, 502, 503, 504, 507, 520, 599))
        return Blow({**effect(dice), "answer": code}, expected=DOUBT)

    return Script(dice.choice(WRITES), writes=some(dice, blow), settle=45.0 if turn % 16 == 0 else SHORT)


RESETS: Sequence[Mapping[str, str]] = (
    {},
    *({"retry-after": value} for value in ("0", "1", "59", "3600", "soon", "-5", "1e300", "nan", "9" * 400)),
    *({"x-ratelimit-reset": value} for value in ("0", "7", "", "inf", "1700000000", "99999999999999999999")),
    {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"},
    {"date": "no date", "x-ratelimit-reset": "1e10"},
)


@family("F18", "429, with a reset, without, and absurd")
def limited(dice: Random, turn: int) -> Script:
    def blow() -> Blow:
        return Blow({"answer": no(429, "too many requests", dice.choice(RESETS))}, expected=REFUSED)

    return Script(dice.choice(WRITES), writes=[*[lost(dice)] * (turn % 3 == 0), *some(dice, blow)])


@family("F19", "403 or 404 to the second copy of what was done", 1)
def second_refused(dice: Random, turn: int) -> Script:
    second = Blow({"effect": "twice", "answer": "second"}, expected=DOUBT)
    if turn % 3:
        return Script(dice.choice(MAILING), writes=[second])
    return Script("delete", reads=[None, *[lost(dice)] * 9], writes=[second])  # an error tells of its attempts


@family("F20", "403, and nothing was done", 1)
def forbidden(dice: Random, turn: int) -> Script:
    fault = {"answer": no(403, dice.choice(("access forbidden", "draft mode")))}
    return Script(dice.choice(WRITES), writes=[Blow(fault, expected=DOUBT)])


@family("F21", "403 after doubt", 1)
def forbidden_after_doubt(dice: Random, turn: int) -> Script:
    forbidden = Blow({"answer": no(403, "access forbidden")}, expected=DOUBT)
    return Script(dice.choice(WRITES), writes=[lost(dice, "none", "late"), *[forbidden] * dice.randint(1, 3)])


@family("F22", "a late copy", 4)
def late(dice: Random, turn: int) -> Script:
    def blow() -> Blow:
        seen = dice.choice(({"ending": "reset"}, {"ending": "closed"}, {"answer": 502}, {"raw": b"HTTP/1.1 2"}))
        return Blow({"effect": "late", "delay": LATE[turn % len(LATE)], **seen}, expected=DOUBT)

    then = dice.choice(([], [Blow({"answer": no(400, "no")}, expected=REFUSED)], [Blow({"answer": no(404, "no")})]))
    settle = 45.0 if turn // len(LATE) % 2 == 0 else SHORT
    return Script(dice.choice(WRITES), writes=[*some(dice, blow)[:3], *then], settle=settle)


@family("F23", "the network doubles the request", 3)
def doubled(dice: Random, turn: int) -> Script:
    seen: dict[str, Any] = dice.choice(({}, {"answer": "second"}, {"ending": "reset"}, {"answer": 504}))
    reads = [None, *[Blow({"ending": "reset"}, expected=DOUBT)] * 9] if turn % 4 == 0 else []
    return Script(dice.choice(WRITES), reads=reads, writes=[Blow({"effect": "twice", **seen})])


FOLLOWED = "/v3/followed"


@family("F24", "3xx")
def redirected(dice: Random, turn: int) -> Script:
    def blow() -> Blow:
        where = dice.choice((FOLLOWED, f"http://127.0.0.1:1{FOLLOWED}", "", "//[", "\xff"))
        code = dice.choice((300, 301, 302, 303, 304, 305, 307, 308, 399))
        return Blow({**effect(dice), "answer": answer(code, b"", {"location": where})}, expected=DOUBT)

    return Script(dice.choice(WRITES), writes=some(dice, blow))


INFORMATION = (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"


@family("F25", "100 and 103 first, or 101")
def informed(dice: Random, turn: int) -> Script:
    first = dice.choice(INFORMATION) * dice.choice((1, 2, 9))
    if turn % 2:
        accepted = Blow({"effect": "done", "raw": first + HEAD + b"\r\n" + BODY}, expected=DONE)
        return Script(dice.choice(SENDS), writes=[accepted])

    def blow() -> Blow:
        return Blow({**effect(dice), "raw": dice.choice((first, UPGRADE))}, expected=DOUBT)

    return Script(dice.choice(WRITES), writes=some(dice, blow))


@family("", "4xx that say that nothing was done", 1)
def plain_no(dice: Random, turn: int) -> Script:
    code = dice.choice((400, 401, 404, 405, 413, 415, 422))
    # A 404 may be the answer to the second copy of a delete.
    plain = Blow({"answer": no(code, "no")}, expected=REFUSED if code != 404 else ())
    return Script(dice.choice(WRITES), writes=[*[lost(dice)] * (turn % 2), plain])


@family("", "4xx that do not", 1)
def other_no(dice: Random, turn: int) -> Script:
    def blow() -> Blow:
        code = dice.choice((402, 406, 408, 409, 410, 412, 418, 423, 425, 451, 499))
        return Blow({**effect(dice), "answer": code}, expected=DOUBT)

    return Script(dice.choice(WRITES), writes=some(dice, blow))


# reads

STATUSES = (
    *(b'"DRAFT"', b'" draft\\n"', b'"Drafts"', b'""', b"null", b"5", b'["Draft"]', b'"Queued"'),
    b'"' + b"x" * 10_000 + b'"',
)


@family("F28", "a status that is unknown, missing or spelled otherwise")
def odd_status(dice: Random, turn: int) -> Script:
    def blow(first: int) -> Blow:
        status = b', "status": ' + dice.choice(STATUSES[first:]) if dice.random() < 0.9 else b""
        return Blow({"answer": answer(200, b'{"id": %s%s}' % (ID, status))})

    if turn % 2:
        return Script(dice.choice(SENDS), reads=[blow(0)], writes=[lost(dice)])
    reads = [blow(2) for _ in range(dice.choice((1, 1, 2, 9)))]  # a Draft it may not be any more
    return Script(dice.choice(SENDS), reads=[None, *reads], writes=[lost(dice)])


@family("", "reads are lost, cut, refused or in error", 5)
def lost_reads(dice: Random, turn: int) -> Script:
    operation = dice.choice(WRITES)
    # A 404 that something on the way makes up would show a campaign as deleted.
    codes = (202, 302, 400, 401, 403, 408, 429, 500, 502, 503, 504) + (404,) * (operation != "delete")

    def blow() -> Blow:
        ending = dice.choice(ENDINGS[:2])
        return dice.choice(
            (
                Blow({"effect": dice.choice(("none", "done")), "ending": ending}, expected=DOUBT),
                Blow({"cut": dice.randrange(900), "ending": ending}),
                Blow({"answer": dice.choice(codes)}),
                Blow({"after": 0, "ending": ending}, expected=DOUBT),
            )
        )

    before = [blow() for _ in range(dice.choice((0, 0, 1, 2)))]
    behind = [blow() for _ in range(dice.choice((1, 2, 5, 20)))]
    return Script(operation, reads=[*before, None, *behind], writes=[lost(dice)])


# --- a call, by its name ---

DECK = [(index, place) for place in range(10) for index, each in enumerate(FAMILIES) if place < each.weight]
"""Each family as often as its weight says."""
STAGES: Sequence[tuple[Colour, bool]] = [("sync", False), ("async", False), ("sync", True), ("async", True)]
"""In which colour, and whether over TLS."""


@attrs.frozen
class Call:
    """One call of the campaign."""

    family: int
    performance: Performance


def planned(seed: int, colour: Colour, tls: bool, number: int) -> Call | None:
    """None where what is planned does not exist on such a stage."""
    index, place = DECK[number % len(DECK)]
    turn = number // len(DECK) * FAMILIES[index].weight + place
    name = f"{colour}-{'tls' if tls else 'plain'}-{number}"
    script = FAMILIES[index].script(Random(f"{seed}/{name}"), turn // 2)  # noqa: S311 - no secret
    if script.tls not in (None, tls):
        return None
    return Call(index, Performance(name, script, fresh=turn % 2 == 0 if script.fresh is None else script.fresh))


# --- what is true ---

SLOW = 2.0
"""Seconds by which a machine that has much to do may be late."""


@attrs.frozen
class Judged:
    """What a client said of a call, and what is wrong with that."""

    verdicts: Sequence[str]
    """Of the faulty requests."""
    result: str
    problems: Sequence[str]


def judged(performance: Performance, ledger: Ledger) -> Judged:
    """Hold what a client said of a call, and of each attempt, against what the service has seen."""
    outcome, script = performance.outcome, performance.script
    attempts: Sequence[Attempt | None] | None = getattr(outcome, "attempts", None)
    problems, carried_out = list[str](), False
    if attempts is None:
        attempts = [None] * performance.requests  # what returns no receipt does not tell
    if len(attempts) != performance.requests:
        problems.append(f"{performance.requests} requests were made, and {len(attempts)} attempts are told of")
    for number, attempt in enumerate(attempts, 1):
        came = ledger.requests.get(performance.mark(number), ())
        applied = any(record.method != "GET" and record.status_code < 300 for record in came)
        carried_out = carried_out or applied
        if any(record.path == FOLLOWED for record in came):
            problems.append(f"request {number} followed a redirect")
        if attempt is None:
            continue
        untrue = {"never left": bool(came), "refused": applied, "done": attempt.method != "GET" and not applied}
        blow = performance.struck.get(number)
        if untrue.get(attempt.verdict):
            seen = ", ".join(f"{record.status_code} to the {record.origin}" for record in came) or "nothing"
            problems.append(f"request {number} is judged {attempt.verdict!r}; the service answered {seen}")
        elif blow and blow.expected and attempt.verdict not in blow.expected and not script.hasty:
            problems.append(f"request {number} is judged {attempt.verdict!r} and not {' or '.join(blow.expected)}")
        if script.hasty and attempt.seconds > SHORT + SLOW:
            problems.append(f"request {number} took {attempt.seconds:.1f} s")

    mailings = ledger.mailings.get(performance.campaign_id, 0) if script.operation in MAILING else int(carried_out)
    match outcome:
        case OutcomeUnknownError():
            result = "unknown"
        case SendGridError():
            result = "no"
        case Exception():
            result = "unknown"
            problems.append(f"{type(outcome).__name__} was raised")
        case _:
            result = "receipt"
    if result == "receipt" and not (carried_out and mailings):
        problems.append("it is said to be done, and it was not")
    if result == "no" and (carried_out or mailings):
        problems.append("it is said not to be done, and it was")
    if mailings > 1:
        problems.append(f"it was mailed {mailings} times")
    told = [attempts[number - 1] for number in performance.struck if number <= len(attempts)]
    return Judged([each.verdict if each else "not told" for each in told], result, problems)


# --- many calls ---

VERDICTS = ("never left", "refused", "done", "doubt", "not told")
RESULTS = ("receipt", "no", "unknown")
COLUMNS = (*VERDICTS, *RESULTS, "misjudged")


@attrs.frozen
class Row:
    """What is counted together."""

    family: int
    colour: Colour
    tls: bool
    fresh: bool


@attrs.define
class Tally:
    """What was counted."""

    counts: Counter[tuple[Row, str]] = attrs.field(factory=Counter[tuple[Row, str]])
    """By column: of faulty requests, the verdicts; of calls, the results and those misjudged."""
    cuts: Counter[int] = attrs.field(factory=Counter[int])
    """Behind which byte answers to a send were cut."""
    requests: int = 0
    """With those that met no fault."""
    unmet: int = 0
    """Faults that no request came to meet."""
    descriptors: int = 0
    """That a process had more of afterwards than before."""
    threads: int = 0
    problems: list[str] = attrs.field(factory=list[str])

    @property
    def faulty(self) -> int:
        return sum(number for (_, column), number in self.counts.items() if column in VERDICTS)

    def add(self, other: "Tally") -> None:
        for field in attrs.fields(Tally):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def count(self, row: Row, performance: Performance, said: Judged) -> None:
        columns = [*said.verdicts, said.result, *["misjudged"] * bool(said.problems)]
        self.counts.update((row, column) for column in columns)
        self.requests += performance.requests
        faults = [blow.fault or {} for blow in performance.struck.values()]
        if performance.script.operation in SENDS:
            self.cuts.update(fault["cut"] for fault in faults if "cut" in fault and "answer" not in fault)
        if said.problems:
            blows = [f"{number}: {blow.fault}"[:200] for number, blow in performance.struck.items()]
            lines = [*said.problems, *blows, repr(performance.outcome), *str(performance.outcome).splitlines()[1:]]
            head = f"{performance.name}: {performance.script.operation}"
            self.problems.append("\n    ".join((head, *lines)))


AT_ONCE = 6
"""Calls at the same time in one process, where some of them wait for what does not come."""
PART = 800
"""Calls that are made before a process reports."""


@attrs.frozen
class Part:
    """Calls that one process makes."""

    seed: int
    colour: Colour
    certificate: Certificate | None
    numbers: Sequence[int]

    def play(self) -> Tally:
        """Make the calls and judge them."""
        before = held()
        tally = self._played()
        after = held()
        tally.descriptors, tally.threads = after[0] - before[0], after[1] - before[1]
        return tally

    def _played(self) -> Tally:
        tls = self.certificate is not None
        made = (planned(self.seed, self.colour, tls, number) for number in self.numbers)
        calls = [each for each in made if each is not None]
        shares = [calls[number::AT_ONCE] for number in range(min(AT_ONCE, len(calls)))]
        tally = Tally()
        for each in self._play_async(shares) if self.colour == "async" else self._play(shares):
            tally.add(each)
        return tally

    def _play(self, shares: Sequence[Sequence[Call]]) -> list[Tally]:
        def share(calls: Sequence[Call]) -> Tally:
            left, tally = deque(calls), Tally()
            while left:
                stage, made = Stage(self.colour, self.certificate), list[Call]()
                while left and not stage.spoiled:
                    made.append(left.popleft())
                    stage.perform(made[-1].performance)
                self._judge(tally, stage, made, stage.close())
            return tally

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(share, shares))

    def _play_async(self, shares: Sequence[Sequence[Call]]) -> list[Tally]:
        async def share(calls: Sequence[Call]) -> Tally:
            left, tally = deque(calls), Tally()
            while left:
                stage, made = Stage(self.colour, self.certificate), list[Call]()
                while left and not stage.spoiled:
                    made.append(left.popleft())
                    await stage.perform_async(made[-1].performance)
                self._judge(tally, stage, made, await stage.aclose())
            return tally

        async def all_of_them() -> list[Tally]:
            return await asyncio.gather(*map(share, shares))

        return asyncio.run(all_of_them())

    def _judge(self, tally: Tally, stage: Stage, made: Sequence[Call], ledger: Ledger) -> None:
        tally.unmet += stage.unmet
        for call in made:
            row = Row(call.family, self.colour, self.certificate is not None, call.performance.fresh)
            tally.count(row, call.performance, judged(call.performance, ledger))


def held() -> tuple[int, int]:
    """Descriptors and threads of this process."""
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()


def campaign(
    seed: int, requests: int, certificate: Certificate, processes: int, told: Callable[[Tally], None]
) -> Tally:
    """Play so many faulty requests, in so many processes."""
    size = min(PART, requests // 7 + 1)  # so that few requests, too, go to every stage
    parts = (
        Part(seed, colour, certificate if tls else None, range(number * size, (number + 1) * size))
        for number in count()
        for colour, tls in STAGES
    )
    tally, going = Tally(), set[Future[Tally]]()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        while going or tally.faulty < requests:
            while tally.faulty < requests and len(going) < processes:
                going.add(pool.submit(Part.play, next(parts)))
            done, going = wait(going, return_when=FIRST_COMPLETED)
            for each in done:
                tally.add(each.result())
            told(tally)
    return tally


# --- what is shown ---


def rows(tally: Tally) -> Iterator[tuple[str, str, dict[str, int]]]:
    """What was counted of each family, of each kind of connection, and in all."""

    def counted(chosen: Callable[[Row], bool]) -> dict[str, int]:
        found = Counter[str]()
        for (row, column), number in tally.counts.items():
            found[column] += number if chosen(row) else 0
        return {"requests": sum(found[each] for each in VERDICTS), **{each: found[each] for each in COLUMNS}}

    for index, family in enumerate(FAMILIES):
        yield family.number, family.name, counted(lambda row, index=index: row.family == index)  # type: ignore[misc]
    for colour, tls, fresh in product(("sync", "async"), (False, True), (True, False)):
        kind = colour, tls, fresh
        name = f"{colour}, {'TLS' if tls else 'plain'}, {'fresh' if fresh else 'reused'} connections"
        yield "", name, counted(lambda row, kind=kind: (row.colour, row.tls, row.fresh) == kind)  # type: ignore[misc]
    yield "", "all", counted(lambda _: True)


def table(tally: Tally) -> str:
    lines = ["", f"{'':66}" + "".join(f"{head:>11}" for head in ("requests", *COLUMNS))]
    for number, name, counts in rows(tally):
        if any(counts.values()):
            shown = (f"{each:,}" if each else "-" for each in counts.values())
            lines.append(f"{number:9}{name:57}" + "".join(f"{each:>11}" for each in shown))
    return "\n".join(lines)


def summary(tally: Tally, seconds: float) -> str:
    calls = sum(number for (_, column), number in tally.counts.items() if column in RESULTS)
    cuts = [tally.cuts[where] for where in range(ANSWER)]
    return (
        f"{tally.faulty:,} faulty requests of {tally.requests:,}, in {calls:,} calls and {seconds:.0f} s."
        f" A send's answer was cut behind {sum(map(bool, cuts))} of {ANSWER} bytes, {min(cuts)} to {max(cuts)} times;"
        f" {tally.unmet} faults met nobody."
        f" Left behind: {tally.descriptors} descriptors, {tally.threads} threads."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000, help="faulty ones, at least")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--call", metavar="NAME", help="such as async-tls-123")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(2**32) if options.seed is None else options.seed
    began = time.monotonic()

    def told(tally: Tally) -> None:
        so_far = f"{tally.faulty:,} faulty requests in {time.monotonic() - began:.0f} s"
        print(f"{so_far}, {len(tally.problems)} calls misjudged", file=sys.stderr, flush=True)

    print(f"seed {seed}; again with it: make faults SEED={seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        certificate = Certificate.made(Path(folder))
        os.environ.update(certificate.environment())
        if options.call:
            colour, security, number = options.call.split("-")
            numbers = range(int(number), int(number) + 1)
            part, tally = Part(seed, colour, certificate if security == "tls" else None, numbers), Tally()
            for _ in range(100):
                tally.add(part.play())
        else:
            tally = campaign(seed, options.requests, certificate, options.processes, told)
    seconds = time.monotonic() - began
    if options.json:
        lines = [{"fault": number, "name": name, **counts} for number, name, counts in rows(tally)]
        print(json.dumps({"seed": seed, "seconds": seconds, "rows": lines, "problems": tally.problems}, indent=2))
    else:
        print(table(tally), end="\n\n")
    print(summary(tally, seconds), file=sys.stderr)
    for problem in tally.problems[:20]:
        again = f"{sys.executable} scripts/faults.py --seed {seed} --call {problem.partition(':')[0]}"
        print(f"\n{problem}\n    again: {again}", file=sys.stderr)
    if tally.problems or tally.descriptors > 0 or tally.threads > 0:
        sys.exit(f"\nseed {seed}: {len(tally.problems)} calls were misjudged, or something was left behind")


if __name__ == "__main__":
    main()
