"""One call in a world: the real client's flow decides, and this answers each of its requests."""

import gc
import json
import logging
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import lru_cache
from math import ceil
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeAlias
from unittest.mock import patch

from model.service import EARLIER, NOT_FOUND, REFUSED, START, Request, Rules, Shown, Snapshot, World, stored
from model.single_sends import SingleSends, SingleWrite, uuid
from scenarios import CAMPAIGN_ID, Write
from sendgrid_campaigns import (
    CampaignsClient,
    Clock,
    OutcomeUnknownError,
    Retry,
    SingleSendsClient,
    WrongStateError,
    errors,
)
from sendgrid_campaigns.protocol import answers
from sendgrid_campaigns.protocol.call import Session
from sendgrid_campaigns.protocol.flow import Answer, Ask, Flow, NoAnswer, Sleep
from sendgrid_campaigns.protocol.rate_limit import RateLimit
from sendgrid_campaigns_api import operations as api
from sendgrid_campaigns_api.operations import Operation
from sendgrid_single_sends_api.operations import Operation as SingleOperation

SLOWEST = 30.0  # seconds that one request takes at most: the client's timeout
QUICK = 0.1
MOST = 400  # requests that a call may make before the call is taken for endless
NEVER_LEFT, LOST = NoAnswer("never left", not_sent=True), NoAnswer("no answer")
BODIES = HTML, TEXT, JSON, EMPTY = b"<html>no route</html>", b"no route", b'{"message":"no route"}', b""
"""What proxies, gateways and load balancers write."""
ANOTHER = World.another


class Page(NamedTuple):
    """An answer in place of the service's to this request."""

    code: int
    body: bytes
    retry_after: float | None = None


@dataclass(frozen=True)
class Fate:
    """What the network and the service make of one request that writes."""

    name: str
    copies: int = 1  # carried out at once
    apart: float = 0.0  # seconds from one copy to the next
    answer: int | None = 0  # which copy's answer arrives; None: none does
    page: Page | None = None
    lasts: bool = False  # whether the same page answers every request from now on
    later: float | None = None  # seconds after which one more copy lands; infinite: after everything that is watched
    left: bool = True  # this machine
    body_lost: bool = False
    interrupted: bool = False
    repeated: bool = False  # whether the transport reports that it wrote the request more than once
    seconds: float = QUICK


class Look(NamedTuple):
    """What becomes of one request that reads."""

    seconds: float
    snapshot: Snapshot | None  # what the read shows; None: no answer comes
    page: Page | None = None
    interrupted: bool = False


FINE = Fate("as it should be")


class Fortune:
    """Who decides what goes wrong.

    Staleness is bounded by A2; and beyond that, for each look. A look is the read of the campaign and, with it, of its
    time: either may be stray, which is as old as the first read of the call, but of two looks in a row one is not. Were
    that said of single requests, a call could see old and new parts in turn for ever, and nothing would be known.
    """

    may_stray = strayed = False
    first: Snapshot | None = None

    spelt: Callable[[str], str]  # how the service spells a status
    fate: Callable[["Caller"], Fate]  # what becomes of a request that writes
    look: Callable[["Caller", str], Look]  # and of one that reads, by the name of its operation

    def gap(self, caller: "Caller") -> None:
        """Let others act, just before a request."""

    def begin(self, part: str) -> bool:
        """Return whether a request may be stray. A look begins with any but the read of a time."""
        if part != "get_campaign_schedule":
            self.may_stray, self.strayed = not self.strayed, False
        return self.may_stray and self.first is not None


class _HandsOver:
    flow: Any

    def _run(self, flow: Flow[Any]) -> Any:
        self.flow = flow
        return flow


class Client(_HandsOver, CampaignsClient):
    """The real client, whose methods hand their flows over instead of running them."""


class SingleClient(_HandsOver, SingleSendsClient):
    """The real client of single sends, likewise."""


CLIENT, SINGLE_CLIENT = Client("SG.model"), SingleClient("SG.model")
OPERATIONS = {each.name: each for each in vars(api).values() if isinstance(each, Operation)}


class Interruption(BaseException):
    """An exception from outside, such as Ctrl-C."""


class End(NamedTuple):
    """How a flow ended."""

    kind: str  # done, unknown, wrong state, no, interrupted, or raised
    value: Any = None
    error: Any = None
    warned: tuple[str, ...] = ()  # the warnings that were logged


Does: TypeAlias = Ask | Sleep | End
Told: TypeAlias = tuple[float, Answer | NoAnswer | type[Interruption] | None]
"""What a flow is told, and when; None when it begins, and after a sleep."""


class Flows(Clock):
    """The real client's flows of one write, and the client's clock.

    A flow depends on nothing but what it is told, answers and times. So what a flow has done once, when it was told
    the same, is known, and no flow has to run for it.
    """

    def __init__(self, write: Write, retry: Retry, rules: Rules) -> None:
        self.write, self.retry, self.rules = write, retry, rules
        self.now = START
        self._known: dict[tuple[Any, ...], Does] = {}
        self._told: tuple[Any, ...] = ()  # what the flow that runs has been told
        self._flow: Any = None

    def time(self) -> float:
        return self.rules.local_time(self.now)

    def monotonic(self) -> float:
        return self.now

    def random(self) -> float:
        return 0.5

    def does(self, error: Any, told: tuple[Told, ...]) -> Does:
        """Return what the write's flow does, or the one of `outcome` for an error, when it has been told all this."""
        key = error, *told
        does = self._known.get(key)
        if does is None:
            if len(self._known) > 100_000:
                self._known.clear()
            if self._told != key[:-1]:
                self._flow = self._begin(error)
                for each in told[:-1]:
                    self._tell(*each)
            self._told = key
            does = self._known[key] = self._tell(*told[-1])
        return does

    def _begin(self, error: Any) -> Generator[Ask | Sleep, Any, End]:
        client = SINGLE_CLIENT if isinstance(self.write, SingleWrite) else CLIENT
        client._session = Session(
            timeout=30.0, clock=self, retry=self.retry, rate_limits={None: RateLimit()}, host="model"
        )
        WARNED.clear()
        try:
            method: Any = self.write.call(client, START) if error is None else client.outcome(error)
            value = yield from method or client.flow  # some methods return nothing
            return End("done", value, None, tuple(WARNED))
        except (Exception, Interruption) as raised:
            kinds: dict[type[BaseException], str] = {OutcomeUnknownError: "unknown", WrongStateError: "wrong state"}
            kinds |= {errors.SendGridError: "no", Interruption: "interrupted", Exception: f"raised {raised!r}"}
            kind = next(kind for of, kind in kinds.items() if isinstance(raised, of))
            return End(kind, None, raised.with_traceback(None), tuple(WARNED))

    def _tell(self, now: float, answer: Any) -> Does:
        self.now = now
        try:
            does: Does = self._flow.throw(Interruption()) if answer is Interruption else self._flow.send(answer)
        except StopIteration as stop:
            does = stop.value
        return does


class Caller:
    """A call: what it asks and is told, with an eye on what it must not do."""

    def __init__(
        self, flows: Flows, world: World, fortune: Fortune, *, began: float = START, log: bool = False
    ) -> None:
        self.flows = flows
        self.write, self.retry = flows.write, flows.retry
        self.name = self.write.operations[-1]  # the operation that decides
        self.world = world
        self.fortune = fortune
        self.copies_differ = False  # a late copy of what was refused is carried out; assumed is that it is refused, too
        self.tells, self.log = log, list[str]()
        self.began, self.deadline = began, began + self.retry.deadline
        self.is_earlier = False  # whether this is another run of the job, and not the call that is judged
        self.send_at = None if self.write.in_seconds is None else int(START + self.write.in_seconds)
        self.plan = self.send_at  # what the last try asked for
        self.first = 0  # the snapshot with which the call began
        self.wrong: list[str] = []
        self.requests = self.tries = 0  # all; those of the operation that decides
        self.slept = self.stalled = 0.0  # stalled: while another run of the job went on
        self.reads_of = 0  # the id that the last read asks for
        self.asked = ""  # the operation of the last request that writes
        self.last, self.proof = FINE, ""  # of the last try: its fate, and what its answer proved
        # Of that operation: one may have arrived; one was refused, and the state judges.
        self.doubt = self.judged = False
        # What reads have shown: a status that forbids the write; a time too near; nothing since the last try.
        self.moved = self.near = self.blind = False
        self.statuses: set[str] = set()
        self.theirs: object = None  # the value that reads showed in place of the value asked for
        self.newer = False  # whether that value has changed from one look to another: another client has written
        self.said: set[int] = set()  # codes of refusals that are the service's own
        self.not_before = START  # when the service takes requests again, as its last 429 says
        self.failed_at = -1.0  # when the last read failed
        self.untold = True  # whether a request of the rate limit's window went unanswered
        self.calm = True  # nobody else acted, and every read was good and new
        self.page: Page | None = None  # answers every request from now on
        self.interrupted = False
        self.told: tuple[Told, ...] = ()  # to the flow
        self.end, self.kind = End(""), ""
        self.ended = START

    # --- running ---

    def run(self) -> None:
        """Run the call to its end, from where it has come to."""
        if not self.told:
            self.first = len(self.world.snapshots) - 1
        self.end = self._drive()
        self.kind = self.end.kind
        self.ended = self.world.now
        self.told = ()
        self.tell(self.kind, self.end.error or self.end.value)

    def may_ask_outcome(self) -> bool:
        """Return whether the call ended in doubt about what it was to do, and reading may tell."""
        return self.kind == "unknown" and self.write.is_read_back and self.end.error.action == self.write.done

    def outcome(self) -> bool | None:
        """Ask at this later time what became of the write, to the end, from where that has come to."""
        if not self.told:
            self.deadline = self.world.now + self.retry.deadline
            self.requests = 0
        _, found, error, _ = self._drive()
        if error is not None and not isinstance(error, errors.SendGridError):
            raise error
        applied: bool | None = None if error else found.applied
        self.tell("outcome", error or applied, "" if error else found.why)
        return applied

    def naively(self) -> bool:
        """Try again on every error, three times, and believe the last answer: what many programs do by hand."""
        name = "send_campaign" if self.name == "schedule_campaign" and not self.send_at else self.name
        operation, codes = OPERATIONS[name], {*OPERATIONS[name].success, 202}
        body = {"send_at": self.send_at} if self.send_at else dict(self.write.arguments)
        for number in range(1, 5):
            answer = self._write(Ask(operation, {"campaign_id": CAMPAIGN_ID}, body))
            if isinstance(answer, Answer) and answer.status_code in codes:
                return True
            self.world.advance(0.25 * 2.0**number)
        return False

    def _drive(self) -> End:
        answer: Answer | NoAnswer | type[Interruption] | None = None
        does = self.flows.does(self.end.error, self.told) if self.told else Sleep(0.0)
        while not isinstance(does, End):
            if isinstance(does, Sleep):
                self.slept += does.seconds
                self.world.advance(does.seconds)
                answer = None
            elif self.requests == MOST:
                return End("raised: it asks for ever")
            else:
                try:
                    answer = self._perform(does)
                except Interruption:
                    answer = Interruption
            self.told += ((self.world.now, answer),)
            does = self.flows.does(self.end.error, self.told)
        return does

    # --- requests ---

    def _perform(self, ask: Ask) -> Answer | NoAnswer:
        self.fortune.gap(self)
        world = self.world
        if world.now >= self.deadline + self.stalled:
            self.wrong.append("I4: a request begins after the deadline")
        self.requests += 1
        ask = world.translated(ask)
        if world.rules.limit:
            over, told, self.untold = not world.within_limit(), not self.untold, False
            # What rests on the state just read does not wait.
            rests = ask.operation.method == "DELETE" or ask.operation.name in world.unchecked
            waits = not rests and self.deadline - world.now > world.rules.window
            if over and told and waits:
                self.wrong.append("I5: a request begins while the service says that none is left")
            if over:
                self.calm = False
                world.advance(QUICK)
                return self._answer(429, REFUSED)
        return self._read(ask) if ask.operation.method == "GET" else self._write(ask)

    def _write(self, ask: Ask) -> Answer | NoAnswer:
        world, name = self.world, ask.operation.name
        if self.asked not in ("", name):  # the next part of send_once
            self.doubt = self.judged = self.moved = False
        self.asked = name
        if name == self.name:
            plan = (ask.body or {}).get("send_at", self.plan)
            self._check_try(plan)
            self.tries, self.plan = self.tries + 1, plan
        fate = self.fortune.fate(self)
        if self.page is not None:
            fate = replace(fate, page=self.page)
        who = EARLIER if self.is_earlier else max(self.tries, 1)
        request = Request(name, ask.parameters.get("campaign_id", 0), json.dumps(ask.body), who)
        said: list[tuple[int, bytes]] = []
        for number in range(fate.copies):
            world.advance(fate.apart if number else 0.0)
            said.append(world.handle(request))
        arrived = said[fate.answer] if said and fate.answer is not None else None
        if fate.later is not None and (self.copies_differ or arrived is None or arrived[0] < 300):
            world.later(world.now + fate.later, request)
        answer: Answer | NoAnswer
        if not fate.left:
            answer = NEVER_LEFT
        elif fate.page is not None:
            answer = self._answer(*fate.page, fate.repeated)
        elif arrived is None:
            answer = LOST
        else:
            answer = self._answer(arrived[0], None if fate.body_lost else arrived[1])
        self.untold = self.untold or fate.page is not None or isinstance(answer, NoAnswer)
        world.advance(fate.seconds)
        if fate.page is not None and fate.page.code == 429:
            self.not_before = world.now + (fate.page.retry_after or 0.0)
        self.page = fate.page if fate.lasts else self.page
        decides = isinstance(self.write, SingleWrite) and name == self.name
        proof = _proof(answer, self.write.ambiguous if decides else world.ambiguous.get(name, (403,)))
        if name == self.name:
            self.last, self.proof, self.blind = fate, proof, True
        self.doubt = self.doubt or proof == "nothing"
        self.judged = self.judged or proof == "state"
        return self._told(name, answer, fate.interrupted, fate.name)

    def _read(self, ask: Ask) -> Answer | NoAnswer:
        name, world = ask.operation.name, self.world
        if not self.asked and world.now < self.failed_at + 0.2:
            self.wrong.append("I5: a read that failed is repeated at once")
        self.reads_of = ask.parameters.get("campaign_id", 0)
        seconds, snapshot, page, interrupted = self.fortune.look(self, name)
        page = self.page or page
        answer: Answer | NoAnswer
        if page is not None:
            answer = self._answer(*page)
        elif snapshot is None:
            answer = LOST
        else:
            answer = self._show(ask, snapshot)
        known = b"Hibernating" not in page.body if page else True
        failed = (snapshot is None or page is not None) and known
        self.calm = self.calm and known and not failed and snapshot.campaigns == world.snapshots[-1].campaigns  # type: ignore[union-attr]
        self.untold = self.untold or failed
        world.advance(seconds)
        if self.plan is not None:
            self.near = self.near or self.plan - world.rules.local_time(world.now) <= 60.0
        self.failed_at = world.now if failed else self.failed_at
        return self._told(name, answer, interrupted)

    def _told(self, name: str, answer: Answer | NoAnswer, interrupted: bool, fate: str = "") -> Answer | NoAnswer:
        if self.tells:
            self.tell(name, fate, answer.cause or (answer.status_code, answer.body), self.world.snapshots[-1].campaigns)
        if interrupted:
            self.interrupted = True
            raise Interruption
        return answer

    def _show(self, ask: Ask, snapshot: Snapshot) -> Answer:
        name, spelt, world = ask.operation.name, self.fortune.spelt, self.world
        if name == "list_campaigns":
            offset, limit = ask.parameters["offset"], ask.parameters["limit"]
            page = snapshot.campaigns[offset : offset + limit]
            return self._answer(
                200, _page(world.text_of, page, tuple(spelt(world.named(each.status)) for each in page))
            )
        shown = snapshot.of(ask.parameters["campaign_id"])
        self.blind = self.blind and name != "get_campaign"
        if shown is None:
            return self._answer(404, NOT_FOUND)
        self._watch(name, shown)
        return self._answer(200, world.text_of(name, shown, spelt(world.named(shown.status))))

    def _answer(
        self, code: int, body: bytes | None, retry_after: float | None = None, repeated: bool = False
    ) -> Answer:
        if code >= 500 or code in (413, 429) or body in (REFUSED, NOT_FOUND):
            self.said.add(code)
        world, rules = self.world, self.world.rules
        body = world.another if body == ANOTHER else body
        headers = {} if retry_after is None else {"retry-after": f"{retry_after}"}
        if rules.dated is not None:
            headers["date"] = _date(int(world.time() + rules.dated))
        if rules.limit:
            headers["x-ratelimit-limit"] = str(rules.limit)
            headers["x-ratelimit-remaining"] = str(max(0, rules.limit - world.used))
            headers["x-ratelimit-reset"] = str(ceil((world.window + 1) * rules.window))
        return _same_answer(code, body, tuple(headers.items()), repeated)

    # --- what it must not do ---

    def allows(self, status: str) -> bool:
        """Return whether the write may be tried in a status; `ensure_sent` may the first time, whatever the status."""
        needs = self.write.allowed or (("Draft",) if self.name == "send_campaign" else None)
        return needs is None or status in needs

    def has_fields(self, shown: Shown) -> bool:
        return stored(shown.fields, json.dumps(self.write.arguments)) == shown.fields

    def saw(self, status: str) -> None:
        self.statuses.add(status.casefold())
        self.moved = (self.moved and self.tries > 0) or not self.allows(status)  # before a try, the last read decides

    def _watch(self, part: str, shown: Shown) -> None:
        rules, is_scheduled = self.world.rules, shown.status == "Scheduled"
        value: object = None
        if part == "get_campaign":
            self.saw(shown.status)
            value = shown.fields if self.name == "update_campaign" and not self.has_fields(shown) else None
        elif is_scheduled and self.name == "reschedule_campaign":
            value = None if int(shown.send_at or 0) == self.send_at else shown.send_at
        if self.tries and value is not None:
            self.newer = self.newer or self.theirs not in (None, value)
            self.theirs = value
        if self.plan is not None:
            dated = 0 if rules.dated is None else int(self.world.time() + rules.dated)
            now = max(rules.local_time(self.world.now), dated)
            at = shown.send_at if is_scheduled and shown.send_at is not None else self.plan
            self.near = min(self.plan, at) - now <= 60.0

    def _check_try(self, plan: float | None) -> None:
        rests_on_read = (self.name == "delete_campaign" and self.write.allowed) or self.name in self.world.unchecked
        checks = {
            "after a status was seen that forbids it": self.moved,
            "before the service takes requests": self.world.now < self.not_before,
            "over what another client has written meanwhile": self.newer,
            "with a time that is too near": self.near
            and (self.doubt or self.judged or bool(self.tries and rests_on_read)),
            "without looking again, and the service does not look": self.tries and self.blind and rests_on_read,
            "in doubt, and would mail again": self.doubt and self.name in self.world.never_again,
            "with another time than before": self.tries and plan != self.plan,
        }
        self.wrong += [f"I5: it is tried {when}" for when, is_so in checks.items() if is_so]

    def tell(self, *facts: object) -> None:
        if self.tells:
            self.log.append(f"{self.world.now - START:+10.2f} s  {' | '.join(str(fact) for fact in facts if fact)}")


OWN = b'{"id":%d,' % CAMPAIGN_ID, b'{"id":"%b",' % uuid(CAMPAIGN_ID).encode(), b'{"send_at":'
"""How a body begins that is about the campaign of the call."""


def _proof(answer: Answer | NoAnswer, ambiguous: tuple[int, ...]) -> str:
    """Return what an answer proves by docs/reliability.md: "yes", "no", "state" (the state judges), or "nothing"."""
    if isinstance(answer, NoAnswer):
        return "no" if answer.not_sent else "nothing"
    code, body = answer.status_code, answer.body or b""
    if code in (201, 204):
        return "nothing" if body in (ANOTHER, SingleSends.another) else "yes"
    if code in (200, 202):
        return "yes" if body.startswith(OWN) else "nothing"
    if answer.repeated or (code not in (413, 429) and body not in (REFUSED, NOT_FOUND)) or code >= 500:
        return "nothing"
    return "state" if code in ambiguous else "no"


@lru_cache(maxsize=10_000)
def _page(text_of: Callable[[str, Shown, str], bytes], page: tuple[Shown, ...], spelt: tuple[str, ...]) -> bytes:
    items = [text_of("get_campaign", shown, status) for shown, status in zip(page, spelt, strict=True)]
    return b'{"result":[%b]}' % b",".join(items)


@lru_cache(maxsize=10_000)
def _same_answer(code: int, body: bytes | None, headers: tuple[tuple[str, str], ...], repeated: bool) -> Answer:
    """Return one and the same answer each time, for answers that a flow is told are compared by identity."""
    return Answer(code, dict(headers), body, repeated=repeated)


@lru_cache(maxsize=10_000)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


# --- in bulk ---

WARNED: list[str] = []
"""The warnings that were logged since somebody emptied this."""


def _keep(record: logging.LogRecord) -> bool:
    WARNED.append(record.getMessage())
    return False


@contextmanager
def in_bulk() -> Iterator[None]:
    """Run a million calls: pure functions of answers' bytes are cached, and errors leave out their `to_dict` form."""
    parsed: dict[tuple[int, int], tuple[Any, Any]] = {}
    parsers: Mapping[type, Any] = {each: each.parse for each in (Operation, SingleOperation)}
    logger = logging.getLogger("sendgrid_campaigns")
    thresholds = gc.get_threshold()

    def parse_once(self: Any, body: Any) -> Any:
        key = id(self), id(body)  # which stays that of this body, for the body is kept
        if key not in parsed:
            if len(parsed) > 50_000:
                parsed.clear()
            parsed[key] = body, parsers[type(self)](self, body)
        return parsed[key][1]

    cached = SimpleNamespace(loads=lru_cache(maxsize=50_000)(json.loads), dumps=json.dumps)
    with (
        patch.object(Operation, "parse", parse_once),
        patch.object(SingleOperation, "parse", parse_once),
        patch.object(answers, "json", cached),
        patch.object(errors, "to_json", lambda value: value),
    ):
        gc.set_threshold(100_000, 50, 50)
        logger.addFilter(_keep)
        yield
    gc.set_threshold(*thresholds)
    logger.removeFilter(_keep)
