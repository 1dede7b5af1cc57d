"""One call of one write in a world: the real outcome.py (or a wrong one) decides, and this is what it asks."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import attrs
import httpx

from sendgrid_campaigns import endpoints
from sendgrid_campaigns.exchange import Answer, NoAnswer, Steps, Tried, Verdict, Wait, verdict
from sendgrid_campaigns.settings import Clock, Retry
from simulation.world import START, Snapshot, World

SLOWEST = 30.0
"""Seconds that one request takes at most: the client's timeout."""
QUICK = 0.1
MOST = 400
"""Requests of one kind that a call may make before it is taken for endless."""
SOON = 300.0
"""Seconds in which what counts as sent is due: ABOUT_NOW of outcome.py."""

# --- the eight writes ---


@attrs.frozen
class Title:
    """What an update compares of a campaign."""

    title: str


class Start(NamedTuple):
    """What a campaign is like before anything happens."""

    status: str = "Draft"
    due: float | None = None
    """In how many seconds."""
    title: str = "before"


@attrs.frozen(kw_only=True)
class Operation:
    """A write, as it is asked for."""

    name: str
    what: str
    """As the world names the request."""
    action: str
    """As errors name it; of the aim, too."""
    value: float | str = 0.0
    wanted: Callable[[float | str], dict[str, Any]] | None = lambda _: {}
    """What its aim takes; None: it has none."""
    needs: tuple[str, ...] | None = ("draft",)
    """The statuses in which it may be tried; None: it does not depend on one."""
    accept_done: bool = False
    starts: tuple[Start, ...] = (Start(),)
    """The first is explored farthest."""

    @property
    def success(self) -> frozenset[int]:
        endpoint = ENDPOINTS[self.what]
        return frozenset((*endpoint.success, *endpoint.success_with_body))


ENDPOINTS = {
    "send": endpoints.SEND,
    "schedule": endpoints.SCHEDULE,
    "reschedule": endpoints.RESCHEDULE,
    "unschedule": endpoints.UNSCHEDULE,
    "update": endpoints.UPDATE,
    "create": endpoints.CREATE,
    "delete": endpoints.DELETE,
    "test": endpoints.SEND_TEST,
}

FAR = 100_000.0
"""Seconds after which somebody else's schedule is due."""
OURS = "ours"

_SCHEDULED = (Start("Scheduled", FAR), Start("Scheduled", 61.0), Start("Scheduled", 1.0), Start())

OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation(name="send", what="send", action="sent"),
        Operation(
            name="ensure_sent", what="send", action="sent", accept_done=True,
            starts=(Start("Scheduled", 200.0), Start(), Start("Scheduled", FAR), Start("Sent")),
        ),
        Operation(
            name="schedule", what="schedule", action="scheduled", value=START + 20.0,
            wanted=lambda value: {"send_at": int(value)}, starts=(Start(), Start("Scheduled", 20.0)),
        ),
        Operation(
            name="schedule later", what="schedule", action="scheduled", value=START + 9000.0,
            wanted=lambda value: {"send_at": int(value)}, starts=(Start(), Start("Scheduled", 9000.0)),
        ),
        Operation(
            name="reschedule", what="reschedule", action="rescheduled", value=START + 9000.0,
            wanted=lambda value: {"send_at": int(value)}, needs=("scheduled",), starts=_SCHEDULED,
        ),
        Operation(
            name="unschedule", what="unschedule", action="unscheduled", needs=("scheduled",), starts=_SCHEDULED
        ),
        Operation(
            name="update", what="update", action="updated", value=OURS,
            wanted=lambda value: {"fields": {"title": value}}, starts=(Start(), Start(title=OURS)),
        ),
        Operation(
            name="create once", what="create", action="created", wanted=lambda _: {"marker": "(once x)"}, needs=None
        ),
        Operation(name="create", what="create", action="created", wanted=None, needs=None),
        Operation(
            name="delete", what="delete", action="deleted", wanted=lambda _: {"stop": False},
            needs=("draft", "sent", "canceled"), starts=(Start(), Start("Sent"), Start("Scheduled", FAR)),
        ),
        Operation(
            name="delete, stop", what="delete", action="deleted", wanted=lambda _: {"stop": True}, needs=None,
            starts=(Start("Scheduled", FAR), Start(), Start("Scheduled", 1.0)),
        ),
        Operation(name="send_test", what="test", action="sent as a test", wanted=None, needs=None),
    )
}  # fmt: skip


# --- what may become of a request ---


@attrs.frozen
class Fate:
    """What the network and the service make of one request of a write."""

    name: str
    copies: int = 1
    """How many of it are carried out at once."""
    answer: int | None = 0
    """Which copy's answer arrives; None: none does."""
    code: int | None = None
    """What answers in place of the service."""
    later: float | None = None
    """Seconds after which one more copy lands; infinite: after everything that is watched."""
    left: bool = True
    asked: float = 0.0
    """Seconds that a 429 asks to wait."""
    seconds: float = QUICK

    def reach(self, world: World, operation: Operation, number: int, differ: bool = False) -> int | None:
        """Let the request reach the service; the status code that comes back, if one does.

        differ: a late copy of what was refused is carried out; it is assumed that it is refused, too.
        """
        codes = [world.handle(operation.what, operation.value, number) for _ in range(self.copies)]
        said = codes[self.answer] if codes and self.answer is not None else None
        if self.later is not None and (differ or said is None or said in operation.success):
            world.later(world.now + self.later, operation.what, operation.value, number)
        return self.code or said


FINE = Fate("as it should be")


class Fortune(Protocol):
    """Who decides what goes wrong."""

    def gap(self, caller: "Caller") -> None:
        """Just before a request: others may act."""

    def fate(self, caller: "Caller") -> Fate:
        """What becomes of a request of the write."""

    def glance(self, caller: "Caller") -> tuple[float, Snapshot | None, str]:
        """How long a read takes, what it shows if it does not fail, and how the status is spelt."""


class VirtualClock(Clock):
    """The client's clock, which the world moves, and which may jump; its dice always show the same."""

    def __init__(self, world: World) -> None:
        self._world = world

    def time(self) -> float:
        now = self._world.now
        return now + self._world.rules.jump if now > START + 1.0 else now

    def monotonic(self) -> float:
        return self._world.now

    def random(self) -> float:
        return 0.5


class NotAttempted(Exception):
    """The state could not be read before anything was tried."""


class Endless(Exception):
    """It asks for ever."""


# --- the call ---


class Caller:
    """A call: what it asks and is told, with an eye on what it must not do. It is the `Write` of outcome.py."""

    def __init__(
        self,
        outcome: ModuleType,
        operation: Operation,
        world: World,
        fortune: Fortune,
        retry: Retry,
        copies_differ: bool = False,
        log: bool = False,
    ) -> None:
        self.outcome = outcome
        self.operation = operation
        self.world = world
        self.fortune = fortune
        self.retry = retry
        self.copies_differ = copies_differ
        self.clock = VirtualClock(world)
        self.log: list[str] = []
        self.tells = log
        self.began = START
        self.deadline: float = START + retry.deadline
        wanted = operation.wanted
        self.aim: Any = outcome.AIMS[operation.action](**wanted(operation.value)) if wanted else None
        self._from = 0
        self.reading = False
        """Whether the last request was a read."""
        self.wrong: list[str] = []
        self.posts = self.reads = 0
        self.last = FINE
        """What became of the last request of the write."""
        self.tried: Tried | None = None
        self.doubt = self.judged = False
        """Whether a request of this call may have arrived; whether one was refused for what may be another's work."""
        self.moved = self.near = self.blind = False
        """What reads have shown: a status that forbids it; lately, a time too near; nothing since the last try."""
        self.theirs: Any = None
        """What looks have shown in the place of what is asked for."""
        self.newer = False
        """Whether that has changed from one look to another: somebody else has written."""
        self.calm = True
        """Nobody else acted, and every read was good and new."""

    def reached(self) -> bool:
        """Whether the campaign was, since the call began, as it asks for."""
        snapshots = self.world.snapshots[self._from :]
        ends = [*(snapshot.since for snapshot in snapshots[1:]), self.world.now]
        return any(self.is_as_asked(snapshot, until) for snapshot, until in zip(snapshots, ends, strict=True))

    def is_as_asked(self, snapshot: Snapshot, until: float) -> bool:
        """Whether what was so until then is what the call asks for."""
        operation, rules = self.operation, self.world.rules
        if snapshot.life > 1 and operation.what != "delete":
            return False
        match operation.what:
            case "send":
                # Reads are old, and clocks are off: "about now" is no sharp line.
                soon = SOON + rules.oldest + rules.leaves_late + max(0.0, min(rules.dated, rules.jump - rules.ahead))
                due = snapshot.send_at is not None and snapshot.send_at - rules.ahead - until <= soon
                return snapshot.status in ("In Progress", "Sent") or (snapshot.status == "Scheduled" and due)
            case "schedule" | "reschedule":
                timed = snapshot.status in ("Scheduled", "In Progress", "Sent")
                return timed and snapshot.send_at is not None and int(snapshot.send_at) == operation.value
            case "unschedule":
                return snapshot.exists and snapshot.status == rules.unscheduled
            case "update":
                return snapshot.title == operation.value
            case "create":
                return snapshot.made > 0
            case _:
                return not snapshot.exists

    def starts(self) -> None:
        """What was before counts no more."""
        self._from = len(self.world.snapshots) - 1

    # --- what outcome.py asks ---

    def read(self) -> Steps[Any]:
        if self.aim is None or self.operation.what == "create":
            return None
        for number in range(1, self.retry.attempts + 1):
            snapshot, spelt = self._get("GET")
            if snapshot is not None:
                break
            wait = self.retry.backoff(number, self.clock.random())
            if number == self.retry.attempts or self.world.now + wait >= self.deadline:
                raise NotAttempted
            yield Wait(wait)
        assert snapshot is not None
        if not snapshot.exists:
            raise NotAttempted
        send_at = None
        if self.operation.accept_done and self._is(spelt, *self.aim.timed):
            later, _ = self._get("GET schedule")
            send_at = later.send_at if later else None
        return self._state(snapshot, spelt, self.clock.time(), send_at)

    def attempt(self) -> Steps[Tried]:
        yield from ()
        world, operation = self.world, self.operation
        self.reading = False
        self.fortune.gap(self)
        self._check_try()
        self.posts += 1
        if self.posts > MOST:
            raise Endless
        self.last = fate = self.fortune.fate(self)
        code = fate.reach(world, operation, self.posts, self.copies_differ)
        world.advance(fate.seconds)
        proven = Verdict.NEVER_LEFT if not fate.left else self._proven(code)
        judged = self.aim is not None and code in self.aim.judged
        proven = Verdict.DOUBT if judged else proven
        wait = self.retry.backoff(self.posts, self.clock.random())
        again = None
        if code == 429:
            again = fate.asked + wait if fate.asked <= self.retry.longest_wait else None
        elif proven is Verdict.NEVER_LEFT:
            again = wait
        self.tried = Tried(proven, code, again)
        self.judged = self.judged or judged
        # A 403 where no status forbids the write is a plain no: outcome.py says so.
        self.doubt = self.doubt or (proven is Verdict.DOUBT and not judged and code != 403)
        self.blind = True
        if self.tells:
            seen = "it never left" if not fate.left else f"answered {code}" if code else "no answer"
            self.tell(f"{operation.what}, try {self.posts}: {fate.name}: {seen}; the campaign is {self._truth()}")
        return self.tried

    def look(self) -> Steps[Any]:
        yield from ()
        operation = self.operation
        snapshot, spelt = self._get("list" if operation.what == "create" else "GET")
        if snapshot is None:
            return None
        at = self.read_at
        if operation.what == "create":
            self.blind = False
            return self.outcome.State(campaign=Title(OURS) if snapshot.made else None)
        self.blind = False
        if not snapshot.exists:
            return self.outcome.State(gone=True, at=max(at, self.clock.time()), at_least=min(at, self.clock.time()))
        send_at = None
        if self._is(spelt, *self.aim.timed):
            later, _ = self._get("GET schedule")
            send_at = later.send_at if later else None
        shown = snapshot.title if operation.what == "update" else None if send_at is None else int(send_at)
        if operation.what in ("update", "reschedule") and shown not in (None, operation.value):
            self.newer = self.newer or self.theirs not in (None, shown)
            self.theirs = shown
        return self._state(snapshot, spelt, at, send_at)

    # --- how it asks ---

    def _get(self, what: str) -> tuple[Snapshot | None, str]:
        """One request that reads."""
        world = self.world
        if world.now >= self.deadline:
            return None, ""
        self.reading = True
        self.fortune.gap(self)
        self.reads += 1
        if self.reads > MOST:
            raise Endless
        self.read_at = world.time() + world.rules.dated
        seconds, snapshot, spelt = self.fortune.glance(self)
        newest = world.snapshots[-1]
        if self.calm and snapshot is not newest:
            self.calm = snapshot is not None and snapshot[2:] == newest[2:]
        world.advance(seconds)
        if self.tells:
            self.tell(f"{what}: {_shown(snapshot, spelt)}; in truth it is {self._truth()}")
        return snapshot, spelt

    def _state(self, snapshot: Snapshot, spelt: str, at: float, send_at: float | None) -> Any:
        needs = self.operation.needs
        allowed = needs is None or self._is(spelt, *needs)
        self.moved = self.moved or not allowed
        at, at_least = max(at, self.clock.time()), min(at, self.clock.time())
        time = None if send_at is None else int(send_at)
        if self.operation.what in ("schedule", "reschedule"):
            near = [self.operation.value, *([time] if time is not None else [])]
            self.near = min(float(value) for value in near) - at <= 60.0
        campaign = Title(snapshot.title) if self.operation.what == "update" else None
        return self.outcome.State(spelt, at, at_least, send_at=time, campaign=campaign)

    @staticmethod
    def _is(spelt: str, *statuses: str) -> bool:
        return spelt.strip().casefold() in statuses

    def _proven(self, code: int | None) -> Verdict:
        known = _PROVEN.get((self.operation.what, code))
        return known if known is not None else _prove(self.operation, code)

    def _check_try(self) -> None:
        if self.world.now >= self.deadline:
            self.wrong.append("I4: a try begins after the deadline")
        if self.moved:
            self.wrong.append("I5: it is tried after a status was seen that forbids it")
        if self.newer:
            self.wrong.append("I5: it is tried again over what somebody else has written meanwhile")
        if self.near and (self.doubt or self.judged):
            self.wrong.append("I5: a time so near is written again")
        if self.posts and self.blind and self.operation.name == "delete":
            self.wrong.append("I5: a delete that must not stop mail is repeated without looking again")

    # --- for people ---

    def tell(self, line: str) -> None:
        if self.tells:
            self.log.append(f"{self.world.now - START:+10.2f} s  {line}")

    def _truth(self) -> str:
        return _shown(self.world.snapshots[-1], self.world.status)


_PROVEN: dict[tuple[str, int | None], Verdict] = {}


def _prove(operation: Operation, code: int | None) -> Verdict:
    """The real verdict on an answer, or on none that came."""
    if code is None:
        found = verdict(NoAnswer(error=httpx.ReadTimeout(""), started=True, seconds=0.0), operation.success)
    else:
        found = verdict(Answer(status_code=code, headers={}, body=b"", seconds=0.0), operation.success)
    _PROVEN[operation.what, code] = found
    return found


def _shown(snapshot: Snapshot | None, spelt: str) -> str:
    if snapshot is None:
        return "(failed)"
    if not snapshot.exists:
        return "(gone)"
    due = "" if snapshot.send_at is None else f", due at {snapshot.send_at - START:+.0f} s"
    marked = f", {snapshot.made} with the marker" if snapshot.made else ""
    return f'"{spelt}"{due}, "{snapshot.title}"{marked}'


@attrs.define
class Ended:
    """How a call ended."""

    caller: Caller
    kind: str
    """As outcome.Conclusion has it; "not attempted": nothing was tried, as the state could not be read."""
    conclusion: Any
    at: float


def run(caller: Caller) -> Ended:
    """Run the call to its end."""
    world = caller.world
    caller.starts()
    conclusion: Any = None
    try:
        steps = caller.outcome.carry_out(caller, caller.retry, caller.clock, accept_done=caller.operation.accept_done)
        conclusion = drive(steps, world)
        kind = conclusion.kind
    except NotAttempted:
        kind = "not attempted"
    except Exception as error:  # of a wrong machine
        kind = f"raised {type(error).__name__}"
    if caller.tells:
        why = f" ({conclusion.why})" if conclusion is not None and conclusion.why else ""
        known = f", known from the {conclusion.known_from}" if kind in ("done", "already") else ""
        caller.tell(f"concluded: {kind}{known}{why}")
    return Ended(caller, kind, conclusion, world.now)


def drive(steps: Any, world: World) -> Any:
    """Give a machine the time it asks for, to its end."""
    try:
        step = next(steps)
        for _ in range(10 * MOST):
            world.advance(step.seconds)
            step = steps.send(None)
        raise Endless
    except StopIteration as end:
        return end.value


def resolve(ended: Ended) -> Any:
    """What reading finds at this later time: the finding, by name."""
    caller = ended.caller
    caller.deadline = caller.world.now + caller.retry.deadline
    found, _ = drive(caller.outcome.find_out(caller, caller.aim, caller.retry.settle, caller.clock), caller.world)
    caller.tell(f"resolved: {found.name if found else 'it does not tell'}")
    return found.name if found else None
