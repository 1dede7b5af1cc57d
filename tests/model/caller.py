"""One call in a world: the real client's flow decides, and this answers each of its requests."""

import gc
import json
import logging
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import lru_cache
from math import ceil
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol
from unittest.mock import patch

from model.service import NOT_FOUND, REFUSED, START, Request, Shown, Snapshot, World, stored, text_of
from scenarios import CAMPAIGN_ID, Write
from sendgrid_campaigns import CampaignsClient, Clock, OutcomeUnknownError, Retry, WrongStateError, errors
from sendgrid_campaigns.protocol import answers
from sendgrid_campaigns.protocol.call import Session
from sendgrid_campaigns.protocol.flow import Answer, Ask, Flow, NoAnswer, Sleep
from sendgrid_campaigns.protocol.rate_limit import RateLimit
from sendgrid_campaigns_api import operations as api
from sendgrid_campaigns_api.operations import Operation

SLOWEST = 30.0
"""Seconds that one request takes at most: the client's timeout."""
QUICK = 0.1
MOST = 400
"""Requests that a call may make before the call is taken for endless."""


class Page(NamedTuple):
    """An answer that the service did not give to this request."""

    code: int
    body: bytes
    retry_after: float | None = None


HTML, TEXT, JSON, EMPTY = b"<html>no route</html>", b"no route", b'{"message":"no route"}', b""
"""What proxies, gateways and load balancers write."""
ANOTHER = b'{"id":4999,"status":"Sent","send_at":%d,"title":"another\'s"}' % START
"""Another campaign: caches and proxies mix answers up."""


@dataclass(frozen=True)
class Fate:
    """What the network and the service make of one request that writes."""

    name: str
    copies: int = 1
    """How many copies are carried out at once."""
    answer: int | None = 0
    """Which copy's answer arrives; None: none does."""
    page: Page | None = None
    """What answers in place of the service."""
    lasts: bool = False
    """Whether the same page answers every request from now on."""
    later: float | None = None
    """Seconds after which one more copy lands; infinite: after everything that is watched."""
    left: bool = True
    body_lost: bool = False
    interrupted: bool = False
    repeated: bool = False
    """Whether the transport reports that it wrote the request more than once."""
    seconds: float = QUICK


FINE = Fate("as it should be")


class Look(NamedTuple):
    """What becomes of one request that reads."""

    seconds: float
    snapshot: Snapshot | None
    """What the read shows; None: no answer comes."""
    page: Page | None = None
    interrupted: bool = False


class Fortune(Protocol):
    """Who decides what goes wrong."""

    def gap(self, caller: "Caller") -> None:
        """Just before a request: others may act."""

    def fate(self, caller: "Caller") -> Fate:
        """Return what becomes of a request that writes."""

    def look(self, caller: "Caller", part: str) -> Look:
        """Return what becomes of a request that reads; part: the name of its operation."""

    def spelt(self, status: str) -> str:
        """Return how the service spells a status."""


class Flows(CampaignsClient):
    """The real client, whose methods hand their flows over instead of running them."""

    flow: Any

    def _run(self, flow: Flow[Any]) -> Any:
        self.flow = flow
        return flow


class ModelClock(Clock):
    """The client's clock, which the world moves, and which may jump; its random numbers are all the same."""

    def __init__(self, world: World) -> None:
        self._world = world

    def time(self) -> float:
        now = self._world.now
        return now + self._world.rules.jump if now > START + 1.0 else now

    def monotonic(self) -> float:
        return self._world.now

    def random(self) -> float:
        return 0.5


CLIENT = Flows("SG.model")
OPERATIONS = {each.name: each for each in vars(api).values() if isinstance(each, Operation)}


class Interruption(BaseException):
    """An exception from outside, such as Ctrl-C."""


class Endless(Exception):
    """The call asks for ever."""


class Caller:
    """A call: what it asks and is told, with an eye on what it must not do."""

    def __init__(self, write: Write, world: World, fortune: Fortune, retry: Retry, *, log: bool = False) -> None:
        self.write = write
        self.name = write.operations[-1]
        """The operation that decides."""
        self.world = world
        self.fortune = fortune
        self.retry = retry
        self.copies_differ = False
        """Whether a late copy of what was refused is carried out; it is assumed that the copy is refused, too."""
        self.clock = ModelClock(world)
        self.log: list[str] = []
        self.tells = log
        self.deadline = START + retry.deadline
        self.send_at = None if write.in_seconds is None else int(START + write.in_seconds)
        self.first = 0
        """The snapshot with which the call began."""
        self.wrong: list[str] = []
        self.requests = 0
        self.tries = 0
        """Requests of the deciding operation."""
        self.slept = 0.0
        self.last = FINE
        """The fate of the last try."""
        self.proof = ""
        """What the answer to the last try proved, by docs/reliability.md."""
        self.doubt = self.judged = False
        """Whether a request of that operation may have arrived; whether one was refused, for the state to judge."""
        self.moved = self.near = self.blind = False
        """What reads have shown: a status that forbids the write; a time too near; nothing since the last try."""
        self.statuses: set[str] = set()
        """What reads have shown."""
        self.theirs: object = None
        """The value that reads showed in place of the value asked for."""
        self.newer = False
        """Whether that value has changed from one look to another: another client has written."""
        self.said: set[int] = set()
        """The codes of refusals that the service gave, or that mean that it was asked nothing."""
        self.not_before = START
        """When the service takes requests again, as its last 429 says."""
        self.asked = ""
        """The operation of the last request that writes."""
        self.failed_at = -1.0
        """When the last read failed."""
        self.interrupted = False
        self.untold = True
        """Whether a request of the rate limit's window went unanswered."""
        self.calm = True
        """Nobody else acted, and every read was good and new."""
        self.page: Page | None = None
        """What answers every request from now on."""
        self.kind = ""
        self.value: Any = None
        self.error: BaseException | None = None
        self.ended = START

    # --- running ---

    def run(self) -> "Caller":
        """Run the call to its end. Its `kind` is: done, unknown, wrong state, no, interrupted, or raised."""
        self.first = len(self.world.snapshots) - 1
        try:
            self._session()
            self.value = self._drive(self.write.call(CLIENT, START) or CLIENT.flow)
            self.kind = "done"
        except OutcomeUnknownError as error:
            self.kind, self.error = "unknown", error
        except WrongStateError as error:
            self.kind, self.error = "wrong state", error
        except errors.SendGridError as error:
            self.kind, self.error = "no", error
        except Interruption as error:
            self.kind, self.error = "interrupted", error
        except Exception as error:
            self.kind, self.error = f"raised {error!r}", error
        self.ended = self.world.now
        if self.tells:
            self.tell(f"{self.kind}: {self.error or self.value}")
        return self

    def may_ask_outcome(self) -> bool:
        """Return whether the call ended in doubt about what it was to do, and reading may tell."""
        of = getattr(self.error, "action", None)
        return self.kind == "unknown" and self.write.is_read_back and of == self.write.done

    def outcome(self) -> bool | None:
        """Ask at this later time what became of the write."""
        self.deadline = self.world.now + self.retry.deadline
        self.requests, self.slept = 0, 0.0
        self._session()
        try:
            found = self._drive(CLIENT.outcome(self.error))  # type: ignore[arg-type]
        except errors.SendGridError as error:
            self.tell(f"outcome: {error}")
            return None
        self.tell(f"outcome: applied={found.applied}, {found.why}")
        applied: bool | None = found.applied
        return applied

    def _session(self) -> None:
        CLIENT._session = Session(clock=self.clock, retry=self.retry, rate_limit=RateLimit(), host="model")

    def _drive(self, flow: Generator[Ask | Sleep, Answer | NoAnswer | None, Any]) -> Any:
        answer: Answer | NoAnswer | None = None
        try:
            while True:
                step = flow.send(answer)
                if isinstance(step, Sleep):
                    self.slept += step.seconds
                    self.world.advance(step.seconds)
                    answer = None
                else:
                    answer = self._perform(step)
        except StopIteration as end:
            return end.value
        except Interruption as interruption:
            flow.throw(interruption)
            raise

    def naively(self) -> bool:
        """Try again on every error, three times, and believe the last answer: what many programs do by hand."""
        operation = OPERATIONS[self.name]
        body = dict(self.write.arguments) if self.write.method in ("create", "update", "send_once") else {}
        if self.send_at is not None:
            body = {"send_at": self.send_at}
        for number in range(1, 5):
            answer = self._write(Ask(operation, {"campaign_id": CAMPAIGN_ID}, body))
            if isinstance(answer, Answer) and answer.status_code in operation.success:
                return True
            self.world.advance(0.25 * 2.0**number)
        return False

    # --- requests ---

    def _perform(self, ask: Ask) -> Answer | NoAnswer:
        self.fortune.gap(self)
        world = self.world
        if world.now >= self.deadline:
            self.wrong.append("I4: a request begins after the deadline")
        self.requests += 1
        if self.requests > MOST:
            raise Endless
        if world.rules.limit:
            over = not world.within_limit()
            # What is tried on the strength of the state just read does not wait: a write in doubt, and a deletion.
            hurries = ask.operation.method == "DELETE" or (ask.operation.method != "GET" and self.doubt)
            waits = not self.untold and not hurries
            if over and waits and self.deadline - world.now > world.rules.window + self.retry.settle:
                self.wrong.append("I5: a request begins while the service says that none is left")
            self.untold = False
            if over:
                self.calm = False
                world.advance(QUICK)
                self.tell(f"{ask.operation.name}: 429 by the service's own count")
                return self._answer(429, REFUSED, QUICK)
        return self._read(ask) if ask.operation.method == "GET" else self._write(ask)

    def _write(self, ask: Ask) -> Answer | NoAnswer:
        world, name = self.world, ask.operation.name
        decides = name == self.name
        if name != self.asked:
            self.asked, self.doubt, self.judged = name, False, False
        if decides:
            self._check_try()
            self.tries += 1
        fate = self.fortune.fate(self)
        if self.page is not None:
            fate = replace(fate, page=self.page)
        request = Request(name, ask.parameters.get("campaign_id", 0), json.dumps(ask.body), max(self.tries, 1))
        said = [world.handle(request) for _ in range(fate.copies)]
        arrived = said[fate.answer] if said and fate.answer is not None else None
        if fate.later is not None and (self.copies_differ or arrived is None or arrived[0] < 300):
            world.later(world.now + fate.later, request)
        answer = self._reply(fate, arrived)
        world.advance(fate.seconds)
        self.page = fate.page if fate.lasts else self.page
        proof = _proof(answer, name, fate.left)
        if decides:
            self.last, self.proof, self.blind = fate, proof, True
        self.doubt = self.doubt or proof == "nothing"
        self.judged = self.judged or proof == "state"
        if self.tells:
            self.tell(f"{name}: {fate.name}: {_shown(answer)}; in truth {world.snapshots[-1].campaigns}")
        if fate.interrupted:
            self.interrupted = True
            raise Interruption
        return answer

    def _reply(self, fate: Fate, arrived: tuple[int, bytes] | None) -> Answer | NoAnswer:
        if not fate.left:
            self.untold = True
            return NoAnswer("never left", not_sent=True)
        if fate.page is not None:
            self.untold = True
            asked = {} if fate.page.retry_after is None else {"retry-after": f"{fate.page.retry_after}"}
            if fate.page.code == 429:
                self.not_before = self.world.now + (fate.page.retry_after or 0.0)
            return self._answer(fate.page.code, fate.page.body, fate.seconds, asked, fate.repeated)
        if arrived is None:
            self.untold = True
            return NoAnswer("no answer")
        return self._answer(arrived[0], None if fate.body_lost else arrived[1], fate.seconds)

    def _read(self, ask: Ask) -> Answer | NoAnswer:
        name, world = ask.operation.name, self.world
        if not self.asked and world.now < self.failed_at + 0.2:
            self.wrong.append("I5: a read that failed is repeated at once")
        look = self.fortune.look(self, name)
        if self.page is not None:
            look = look._replace(page=self.page)
        newest = world.snapshots[-1]
        snapshot, page = look.snapshot, look.page
        if page is not None or snapshot is None or snapshot.campaigns != newest.campaigns:
            self.calm = False
        if page is not None:
            answer: Answer | NoAnswer = self._answer(page.code, page.body, look.seconds)
        elif snapshot is None:
            answer = NoAnswer("no answer")
        else:
            answer = self._show(ask, snapshot, look.seconds)
        self.untold = self.untold or page is not None or snapshot is None
        world.advance(look.seconds)
        if snapshot is None or page is not None:
            self.failed_at = world.now
        if self.tells:
            self.tell(f"{name}: {_shown(answer)}; in truth {newest.campaigns}")
        if look.interrupted:
            self.interrupted = True
            raise Interruption
        return answer

    def _show(self, ask: Ask, snapshot: Snapshot, seconds: float) -> Answer:
        name = ask.operation.name
        if name == "list_campaigns":
            offset, limit = ask.parameters["offset"], ask.parameters["limit"]
            page = snapshot.campaigns[offset : offset + limit]
            return self._answer(200, _page(page, tuple(self.fortune.spelt(each.status) for each in page)), seconds)
        shown = snapshot.of(ask.parameters["campaign_id"])
        if name == "get_campaign":
            self.blind = False
        if shown is None:
            return self._answer(404, NOT_FOUND, seconds)
        self._watch(name, shown)
        return self._answer(200, text_of(name, shown, self.fortune.spelt(shown.status)), seconds)

    def _answer(
        self,
        code: int,
        body: bytes | None,
        seconds: float,
        more: Mapping[str, str] | None = None,
        repeated: bool = False,
    ) -> Answer:
        if code >= 500 or code in (413, 429) or body in (REFUSED, NOT_FOUND):
            self.said.add(code)
        world, rules, headers = self.world, self.world.rules, dict(more or ())
        if rules.dated is not None:
            headers["date"] = _date(int(world.time() + rules.dated))
        if rules.limit:
            headers["x-ratelimit-limit"] = str(rules.limit)
            headers["x-ratelimit-remaining"] = str(max(0, rules.limit - world.used))
            headers["x-ratelimit-reset"] = str(ceil((world.window + 1) * rules.window))
        return Answer(code, headers, body, seconds, repeated)

    # --- what it must not do ---

    def _watch(self, name: str, shown: Shown) -> None:
        """Take note of what a read has shown."""
        if name == "get_campaign":
            self.statuses.add(shown.status.casefold())
            self.moved = self.moved or not self.allows(shown.status)
        elif shown.status == "Scheduled" and self.name == "reschedule_campaign" and self.tries:
            self._compare(shown.send_at, shown.send_at == self.send_at)
        if self.send_at is not None:
            rules = self.world.rules
            now = self.clock.time()
            now = now if rules.dated is None else max(now, int(self.world.time() + rules.dated))
            times = [self.send_at, shown.send_at] if shown.status == "Scheduled" else [self.send_at]
            self.near = min(time for time in times if time is not None) - now <= 60.0
        if self.name == "update_campaign" and self.tries and name == "get_campaign":
            self._compare(shown.fields, self.has_fields(shown))

    def allows(self, status: str) -> bool:
        """Return whether the write may be tried in a status; `ensure_sent` may the first time, whatever the status."""
        needs = self.write.allowed or (("Draft",) if self.name == "send_campaign" else None)
        return needs is None or status in needs

    def _compare(self, value: object, as_asked: bool) -> None:
        if not as_asked:
            self.newer = self.newer or self.theirs not in (None, value)
            self.theirs = value

    def has_fields(self, shown: Shown) -> bool:
        """Return whether a campaign has the fields that an update is to set."""
        return stored(shown.fields, json.dumps(self.write.arguments)) == shown.fields

    def _check_try(self) -> None:
        if self.moved:
            self.wrong.append("I5: it is tried after a status was seen that forbids it")
        if self.world.now < self.not_before:
            self.wrong.append("I5: it is tried again before the service takes requests")
        if self.newer:
            self.wrong.append("I5: it is tried again over what another client has written meanwhile")
        if self.near and (self.doubt or self.judged):
            self.wrong.append("I5: a time so near is written again")
        if self.tries and self.blind and self.write.name == "delete":
            self.wrong.append("I5: a delete that must not stop mail is repeated without looking again")

    # --- for people ---

    def tell(self, line: str) -> None:
        if self.tells:
            self.log.append(f"{self.world.now - START:+10.2f} s  {line}")


def _proof(answer: Answer | NoAnswer, name: str, left: bool) -> str:
    """Return what an answer proves by docs/reliability.md: "yes", "no", "state" (the state judges), or "nothing"."""
    if isinstance(answer, NoAnswer):
        return "nothing" if left else "no"
    code, body = answer.status_code, answer.body or b""
    if code in (201, 204):
        return "nothing" if body == ANOTHER else "yes"
    if code == 200:
        return "yes" if body.startswith(b'{"id":%d,' % CAMPAIGN_ID) else "nothing"
    if answer.repeated:
        return "nothing"
    if code in (413, 429):
        return "no"
    if body not in (REFUSED, NOT_FOUND) or code not in (400, 401, 403, 404):
        return "nothing"
    judges = name not in ("create_campaign", "send_test_campaign")
    return "state" if judges and (code == 403 or (code == 404 and name == "delete_campaign")) else "no"


def _shown(answer: Answer | NoAnswer) -> str:
    return answer.cause if isinstance(answer, NoAnswer) else f"{answer.status_code} {answer.body!r}"


@lru_cache(maxsize=10_000)
def _page(page: tuple[Shown, ...], spelt: tuple[str, ...]) -> bytes:
    items = [text_of("get_campaign", shown, status) for shown, status in zip(page, spelt, strict=True)]
    return b'{"result":[%b]}' % b",".join(items)


@lru_cache(maxsize=10_000)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


# --- in bulk ---

WARNED: list[str] = []
"""The warnings that were logged since somebody emptied this."""


class _Warnings(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        WARNED.append(record.getMessage())


@contextmanager
def in_bulk() -> Iterator[None]:
    """Run a million calls: pure functions of answers' bytes are cached, and errors leave out their `to_dict` form."""
    parsed: dict[tuple[int, int], tuple[Any, Any]] = {}
    parse = Operation.parse

    def parse_once(self: Operation[Any], body: Any) -> Any:
        key = id(self), id(body)  # which stays that of this body, for the body is kept
        if key not in parsed:
            if len(parsed) > 50_000:
                parsed.clear()
            parsed[key] = body, parse(self, body)
        return parsed[key][1]

    logger, handler = logging.getLogger("sendgrid_campaigns"), _Warnings()
    logger.addHandler(handler)
    propagated, logger.propagate = logger.propagate, False
    cached = SimpleNamespace(loads=lru_cache(maxsize=50_000)(json.loads), dumps=json.dumps)
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    with (
        patch.object(Operation, "parse", parse_once),
        patch.object(answers, "json", cached),
        patch.object(errors, "to_json", lambda value: value),
    ):
        yield
    gc.set_threshold(*thresholds)
    logger.propagate = propagated
    logger.removeHandler(handler)
