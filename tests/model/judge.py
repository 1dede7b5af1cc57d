"""What must hold of every call, whatever happened to it.

I1  a campaign is mailed once at most, and so is the mailing of an idempotency key
I2  after a definite "no", no request of the call has an effect that is still there, nor ever will have one
I3  after a "done", the campaign was as asked for at some moment of the call, or a send was or will be mailed
I4  nothing begins after the deadline, and a call ends within the deadline and one request
I5  tries are bounded, and none is made that an answer forbids
I6  an exception from outside comes out as it is; with a note, when a request has had an effect
I7  every error is the package's own, names the action, and claims nothing that is not so
I8  where nothing but the write itself goes wrong, the call finds out what became of the write
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from math import isinf

from model.caller import SLOWEST, Caller
from model.service import OTHERS, START, Request, Snapshot, World
from scenarios import CAMPAIGN_ID, Start
from sendgrid_campaigns.errors import APIStatusError, SendGridError

SOON = 300.0  # seconds; a schedule so near counts as sent now


@dataclass
class Tally:
    """How many histories, and in how many of them something was wrong."""

    histories: int = 0
    twice: int = 0
    false_no: int = 0
    false_done: int = 0
    other: int = 0  # another rule is broken
    naive_twice: int = 0
    naive_no: int = 0
    wrong: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The first few: what was wrong, and the name of the history."""

    def judge(self, caller: Caller, wrong: list[str], name: str) -> None:
        self.histories += 1
        rules = {line[:2] for line in wrong}
        self.twice += "I1" in rules
        self.false_no += "I2" in rules
        self.false_done += "I3" in rules
        self.other += bool(rules - {"I1", "I2", "I3"})
        self.wrong = [*self.wrong, *((line, name) for line in wrong)][:5]

    def add(self, other: "Tally") -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        self.wrong = self.wrong[:5]


def violations(caller: Caller) -> list[str]:
    """Return everything that a call did wrong."""
    world, kind, retry, error = caller.world, caller.kind, caller.retry, caller.end.error
    wrong = caller.wrong.copy()
    if mailed_twice(world):
        wrong.append("I1: it is mailed twice")
    if kind == "no" or (kind == "wrong state" and caller.write.allowed is not None):
        wrong += false_no(caller)
    elif kind == "wrong state":
        # ensure_sent promises nothing but the state: a copy of its request may have been carried out, and stopped then.
        if caller.doubt or str(error.status).strip().casefold() not in caller.statuses:
            wrong.append("I2: the status tells nothing, or was never read")
    elif kind == "done":
        by_answer = getattr(caller.end.value, "known_from", "") == "answer"
        if not was_reached(caller) or (by_answer and not world.effects):
            wrong.append("I3: a result, and it never was as asked for")
    if (
        caller.ended > caller.began + caller.stalled + retry.deadline + SLOWEST + 1e-6
        or caller.slept > retry.deadline + 1e-6
    ):
        wrong.append("I4: it ends too late")
    if caller.tries > retry.attempts:
        wrong.append("I5: too many tries")
    if caller.write.method == "send_once" and world.created and all(map(has_key, world.snapshots)):
        wrong.append("I5: a campaign is made, and one of an earlier run is there")
    told = caller.end.warned and any("unknown whether" in note for note in getattr(error, "__notes__", ()))
    if caller.interrupted and (kind != "interrupted" or (in_force(caller) and not told)):
        wrong.append("I6: the interruption is swallowed, or tells nothing of the doubt")
    if kind.startswith("raised"):
        wrong.append(f"I7: {kind}")
    if isinstance(error, SendGridError):
        wrong += misleading(caller, error)
    return wrong + list(lifeless(caller))


def has_key(snapshot: Snapshot) -> bool:
    """Return whether an earlier run's campaign is there, and its title still ends with the key."""
    shown = snapshot.of(CAMPAIGN_ID)
    return shown is not None and json.loads(shown.fields).get("title", "").endswith("(once march)")


def mailed_twice(world: World) -> bool:
    """Return whether a campaign is mailed twice, or two with one key by the call and an earlier one, or another's."""
    mailed = [(id, life) for _, id, life in world.mailings]
    not_others = [life for who, _, life in world.mailings if who != OTHERS]
    return len(mailed) != len(set(mailed)) or len(not_others) > 1 or any(life > 1 for life in not_others)


# --- I2 ---


def false_no(caller: Caller) -> Iterator[str]:
    """Yield what a definite "no" of the call overlooks."""
    if in_force(caller):
        yield 'I2: a "no", and a request of the call had an effect'
    for at, _, request in caller.world.events:
        if may_land(caller, at, request):
            yield f'I2: a "no", and a copy of the request may still have an effect, at {at - START:+.0f} s'


def in_force(caller: Caller) -> bool:
    """Return whether an effect of the call is still there, which another client has not taken back."""
    world, once = caller.world, caller.write.method == "send_once"
    if any(who > OTHERS for who, _, _ in world.mailings) or ((world.created or world.tests) and not once):
        return True
    if caller.name == "delete_campaign":
        return world.deleted_by > OTHERS
    campaigns = world.campaigns.values()
    return any(each.by > OTHERS or (each.edited_by > OTHERS and not once) for each in campaigns)


def may_land(caller: Caller, at: float, request: Request) -> bool:
    """Return whether a late copy of the call's could have an effect, whatever others do until then but delete."""
    world = caller.world
    is_there = request.id in world.campaigns or request.name == "create_campaign"
    if request.who <= OTHERS or request.name != caller.name or not is_there:
        return False
    timed = request.name in ("reschedule_campaign", "unschedule_campaign")
    then = type(world)(world.rules, Start("Scheduled", 1e9) if timed else Start())
    then.now = world.now if isinf(at) else max(world.now, at)
    return then.handle(request._replace(id=CAMPAIGN_ID))[0] < 300


def misjudged(caller: Caller, applied: bool | None) -> Iterator[str]:
    """Yield what is wrong with what `outcome` said later."""
    if applied and not was_reached(caller):
        yield "I3: outcome says applied, and it never was as asked for"
    if applied is False:
        yield from false_no(caller)


# --- I3 ---


def was_reached(caller: Caller) -> bool:
    """Return whether the campaign was as asked for during the call, or mail of a send was or will be on its way."""
    world, name = caller.world, caller.name
    if name in ("send_test_campaign", "create_campaign"):
        return world.created + world.tests > 0
    if name == "delete_campaign" and world.ran_on:
        return False
    if caller.write.done in ("sent", "sent now") and any(life == 1 for _, _, life in world.mailings):
        return True
    first, rules = caller.first, world.rules
    if world.unchecked and getattr(caller.end.value, "known_from", "") == "already":
        # Of a single send, "already" rests on one read, which shows an earlier state: A2, A3.
        oldest = caller.began - rules.oldest - rules.leaves_late
        first = next((n for n in range(first, 0, -1) if world.snapshots[n].since <= oldest), 0)
    snapshots = world.snapshots[first:]
    ends = [*(snapshot.since for snapshot in snapshots[1:]), world.now]
    return any(is_as_asked(caller, snapshot, until) for snapshot, until in zip(snapshots, ends, strict=True))


def is_as_asked(caller: Caller, snapshot: Snapshot, until: float) -> bool:
    """Return whether the state that lasted until then is the state that the call asks for."""
    rules, name = caller.world.rules, caller.name
    if name == "delete_campaign":
        return snapshot.of(CAMPAIGN_ID) is None
    # Reads are old, and clocks are off: "about now" is as sharp as the Date of the answers, or else the local clock.
    off = max(0.0, rules.jump - rules.ahead if rules.dated is None else rules.dated)
    for shown in snapshot.campaigns:
        if shown.life > 1 or (shown.id != CAMPAIGN_ID and caller.write.takes_id):
            continue
        found = shown.status in ("In Progress", "Sent")
        if name == "send_campaign" and shown.status == "Scheduled" and shown.send_at is not None:
            found = shown.send_at - rules.ahead - until <= SOON + rules.oldest + rules.leaves_late + off
        elif name in ("schedule_campaign", "reschedule_campaign"):
            found = found or shown.status == "Scheduled"
            found = found and caller.send_at in (None, int(shown.send_at or 0))
        elif name == "unschedule_campaign":
            found = shown.status == rules.unscheduled
        elif name == "update_campaign":
            found = caller.has_fields(shown)
        if found:
            return True
    return False


# --- I7, I8 ---


def misleading(caller: Caller, error: SendGridError) -> Iterator[str]:
    """Yield what an error claims that is not so, or does not say."""
    unknown = caller.kind == "unknown"
    if error.changed == SendGridError.changed and (unknown or caller.world.effects):
        yield "I7: it says that nothing was changed, and a request of the call had an effect"
    made = not unknown and any(each.edited_by > OTHERS for each in caller.world.campaigns.values())
    if made and not error.changed.startswith("This call "):
        yield "I7: it does not say that it made or updated a draft"
    if isinstance(error, APIStatusError) and error.status_code not in caller.said:
        yield f"I7: a {error.status_code} that the service did not answer"
    if not error.advice or error.action is None or error.action not in error.summary:
        yield f"I7: {type(error).__name__} lacks its action or an advice"
    if error.may_have_been_applied != unknown or isinstance(error, OSError):
        yield f"I7: {type(error).__name__} misleads those who repeat calls"


def lifeless(caller: Caller) -> Iterator[str]:
    """Yield where the call knows less than it could: a protocol that never tells anything would break no other rule."""
    world, kind, write, rules, retry = caller.world, caller.kind, caller.write, caller.world.rules, caller.retry
    unknown, tries, page = kind == "unknown", caller.tries, caller.last.page
    lost = caller.last.body_lost and caller.name == "create_campaign"  # nobody knows the id of what was made
    if unknown and not caller.doubt and not caller.judged and not lost:
        yield "I8: unknown, and nothing is in doubt"
    has_time = caller.ended + 8.0 < caller.deadline
    failed = kind == "no" and not tries and caller.failed_at > 0 and not caller.said
    if failed and caller.requests < retry.attempts and has_time:
        yield "I8: a read that failed was not repeated"
    renamed = caller.name == "unschedule_campaign" and rules.unscheduled != "Draft"
    if not caller.calm or renamed or not has_time or caller.interrupted or write.method == "send_once":
        return
    shown = world.snapshots[-1].of(CAMPAIGN_ID)
    fits = caller.allows(shown.status if shown else "")
    if not tries and fits and shown:
        yield "I8: it was never tried"
    # Else, "about now" is not known.
    clocks_agree = not (
        rules.ahead or rules.dated or rules.jump or (rules.hides_now and caller.name == "send_campaign")
    )
    if tries and write.is_read_back and caller.last.copies and in_force(caller) and clocks_agree and kind != "done":
        yield "I8: it was done, and everybody could see it"
    # A window so long that the cutoff of a schedule falls into it may end between two findings.
    if unknown and caller.judged and not caller.doubt and not caller.moved and retry.settle < 600.0:
        yield "I8: a refusal was taken for doubt"
    if not tries or tries >= retry.attempts or not fits or caller.moved or caller.near:
        return
    passing = not caller.last.left or (page is not None and page.code == 429)
    waits = 0.0 if page is None else page.retry_after or 0.0
    doubtful = unknown and write.is_read_back and caller.proof == "nothing" and caller.name not in world.never_again
    if doubtful and not world.effects and not world.events:
        yield "I8: it gave up too early, in doubt"
    if kind == "no" and passing and caller.ended + waits + 8.0 < caller.deadline:
        yield "I8: it gave up too early"
