"""What must hold of every call, whatever happened to it.

I1  a campaign is mailed once at most
I2  after a definite "no", no request of the call has an effect that is still there, nor ever will have one
I3  after a "done", the campaign was as asked for at some moment of the call, or a send was or will be mailed
I4  nothing begins after the deadline, and a call ends within it and one request
I5  tries are bounded, and none is made that what was read forbids
I7  what became of a call can be said, with what to do next
I8  where nothing but the write itself goes wrong, what became of it is found out
"""

from collections.abc import Iterator
from functools import cache
from itertools import chain, repeat
from math import isinf
from typing import Any

import attrs

from sendgrid_campaigns import errors
from sendgrid_campaigns.errors import SendGridError
from sendgrid_campaigns.exchange import Verdict
from sendgrid_campaigns.settings import Retry
from sendgrid_campaigns.writes import NOT_ALLOWED
from simulation.caller import SLOWEST, Caller, Ended, Operation
from simulation.world import OTHERS, START, Event, World

NO = frozenset({"not allowed", "refused", "not done", "not attempted"})
DONE = frozenset({"done", "already"})


@attrs.define
class Tally:
    """How many histories, and in how many of them something was wrong."""

    histories: int = 0
    twice: int = 0
    false_no: int = 0
    false_done: int = 0
    other: int = 0
    """Those that broke another rule: I4, I5, I7 or I8."""
    unknown_done: int = 0
    """Unknown, and in truth a request of the call had an effect."""
    unknown_not: int = 0
    naive_twice: int = 0
    naive_no: int = 0
    naive_done: int = 0
    wrong: list[tuple[str, str]] = attrs.field(factory=list[tuple[str, str]])
    """The first few: what was wrong, and the name of the history."""

    def judge(self, ended: Ended, wrong: list[str], name: str) -> None:
        """Count one history."""
        self.histories += 1
        if wrong:
            rules = {line[:2] for line in wrong}
            self.twice += "I1" in rules
            self.false_no += "I2" in rules
            self.false_done += "I3" in rules
            self.other += bool(rules - {"I1", "I2", "I3"})
            self.wrong = [*self.wrong, *((line, name) for line in wrong)][:MOST_SHOWN]
        if ended.kind == "unknown":
            done = ended.caller.world.ours > 0
            self.unknown_done += done
            self.unknown_not += not done

    def add(self, other: "Tally") -> None:
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong = [*self.wrong, *other.wrong][:MOST_SHOWN]

    @property
    def violations(self) -> int:
        return self.twice + self.false_no + self.false_done + self.other


COUNTS = tuple(field.name for field in attrs.fields(Tally) if field.name != "wrong")
MOST_SHOWN = 3


def violations(ended: Ended) -> list[str]:
    """Everything that a call did wrong."""
    caller, world = ended.caller, ended.caller.world
    wrong = caller.wrong.copy()
    if mailed_twice(world):
        wrong.append("I1: it is mailed twice")
    if ended.kind in NO:
        wrong += false_no(caller)
    elif ended.kind in DONE and not was_reached(ended):
        wrong.append(f"I3: {ended.kind}, and it never was")
    if ended.at > caller.deadline + SLOWEST + 1e-6:
        wrong.append("I4: it ends too late")
    if caller.posts > caller.retry.attempts:
        wrong.append("I5: too many tries")
    if caller.reads > most_reads(caller.retry):
        wrong.append("I5: too many reads")
    if ended.kind.startswith("raised"):
        wrong.append(f"I7: it {ended.kind}")
    if (why := speechless(caller, ended)) is not None:
        wrong.append(f"I7: {why}")
    return wrong + list(lifeless(ended))


@cache
def most_reads(retry: Retry) -> int:
    """How many requests that read a call may make: two for each look of a window after each try, and those before."""
    looks, passed = 2, 0.0
    for pause in chain((0.5, 1.0, 2.0, 4.0), repeat(8.0)):
        if passed >= retry.settle:
            break
        looks, passed = looks + 1, passed + pause
    return 2 * looks * (retry.attempts + 1) + retry.attempts + 1


def mailed_twice(world: World) -> bool:
    """Whether one campaign is, or another one that was given the same id by a request of ours."""
    lives = [life for _, _, life in world.mailings]
    return len(lives) != len(set(lives)) or any(who > OTHERS and life > 1 for _, who, life in world.mailings)


# --- I2 ---


def false_no(caller: Caller) -> Iterator[str]:
    world, operation = caller.world, caller.operation
    if in_force(world, operation):
        yield 'I2: a "no", and a request of the call had an effect'
    for copy in world.events:
        if may_land(world, operation, copy):
            yield f'I2: a "no", and a copy of the request may still have an effect, at {copy.at - START:+.0f} s'


def in_force(world: World, operation: Operation) -> bool:
    """Whether an effect of ours is still there. What somebody else has undone is not; a mailing is not undone."""
    if any(who > OTHERS for _, who, _ in world.mailings) or world.created or world.tests:
        return True
    if operation.what == "delete":
        return world.deleted_by > OTHERS
    return world.exists and max(world.by, world.edited_by) > OTHERS


def may_land(world: World, operation: Operation, copy: Event) -> bool:
    """Whether a late copy of ours could have an effect, whatever others do until then, but for what is deleted."""
    if copy.who <= OTHERS or not (world.exists or operation.what == "create"):
        return False
    after = World(world.rules, "Scheduled" if operation.what in ("reschedule", "unschedule") else "Draft")
    after.now = world.now if isinf(copy.at) else max(world.now, copy.at)
    after.send_at = after.time() + 10**9
    return after.handle(copy.what, copy.value, copy.who) < 300


def misjudged(ended: Ended, found: str | None) -> Iterator[str]:
    """What is wrong with what reading back has found later."""
    if found in ("DONE", "LOOKS_DONE") and not (ended.caller.reached() or _mailed(ended.caller)):
        yield "I3: resolved as done, and it never was"
    if found == "NEVER":
        yield from false_no(ended.caller)


# --- I3 ---


def was_reached(ended: Ended) -> bool:
    caller = ended.caller
    world = caller.world
    if caller.aim is None:
        return world.created + world.tests > 0
    if caller.operation.what == "delete" and world.ran_on:
        return False
    return caller.reached() or _mailed(caller)


def _mailed(caller: Caller) -> bool:
    return caller.operation.what == "send" and any(life == 1 for _, _, life in caller.world.mailings)


# --- I7 ---

_SAID: set[tuple[object, ...]] = set()


def speechless(caller: Caller, ended: Ended) -> str | None:
    """What is missing in the text of how it ended, looked at once for each that differs."""
    tried = caller.tried
    code = tried.status_code if tried else None
    status = ended.conclusion.state.status if ended.conclusion and ended.conclusion.state else None
    facts = (caller.operation.action, ended.kind, code, status)
    if facts in _SAID or ended.kind in DONE or ended.conclusion is None:
        return None
    _SAID.add(facts)
    error = _error(*facts)
    if error is None:
        return f"a {ended.kind} has no error"
    text = str(error)
    if not error.advice or error.advice not in text or caller.operation.action not in text:
        return f"the text of {type(error).__name__} lacks an advice"
    return None


def _error(action: str, kind: str, code: int | None, status: str | None) -> SendGridError | None:
    """The error that writes.py makes of a conclusion."""
    if kind == "unknown":
        return errors.OutcomeUnknownError(action=action, cause="no answer", status=status)
    if kind == "not done":
        return errors.NotSentError(action=action, cause="it never left")
    if kind == "refused" and code is not None:
        classes = {400: errors.BadRequestError, 404: errors.NotFoundError, 429: errors.RateLimitError}
        return classes.get(code, errors.PermissionDeniedError)(action=action, status_code=code)
    if kind == "not allowed":
        facts: dict[str, Any] = {"action": action, "status": status, "status_code": 200}
        of = NOT_ALLOWED.get(action, errors.NotInDraftError)
        if of is errors.StopNotAskedError:
            del facts["status_code"]
        return of(**facts)
    return None


# --- I8 ---


def lifeless(ended: Ended) -> Iterator[str]:
    """Without these, a machine that never tells anything would be right."""
    caller, world = ended.caller, ended.caller.world
    operation, tried, unknown = caller.operation, caller.tried, ended.kind == "unknown"
    if unknown and not caller.doubt and not caller.judged:
        yield "I8: unknown, and nothing is in doubt"
    renamed = operation.what == "unschedule" and world.rules.unscheduled != "Draft"
    if not caller.calm or renamed or ended.at >= caller.deadline:
        return
    fits = operation.needs is None or world.status.casefold() in operation.needs
    if tried is None:
        if fits and ended.kind != "already":
            yield "I8: it was never tried"
        return
    rules = world.rules
    clocks_agree = not (rules.ahead or rules.dated or rules.jump)  # else, "about now" is not known
    done = caller.aim is not None and caller.last.copies > 0 and in_force(world, operation)
    if done and clocks_agree and ended.kind not in DONE:
        yield "I8: it was done, and everybody could see it"
    # A window so long that the fence of a schedule falls into it may end between two findings.
    if unknown and not caller.doubt and not caller.moved and caller.retry.settle < 600.0:
        yield "I8: a refusal was taken for doubt"
    more = caller.posts < caller.retry.attempts and fits and not caller.moved
    doubtful = caller.aim is not None and tried.verdict is Verdict.DOUBT and tried.status_code != 403
    if unknown and more and doubtful and not caller.near and not world.ours and not world.events:
        yield "I8: it gave up too early"
    if more and tried.again_in is not None and ended.at + tried.again_in < caller.deadline and ended.kind in NO:
        yield "I8: it gave up too early"
