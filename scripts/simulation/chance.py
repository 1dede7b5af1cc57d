"""Histories by chance: real delays, many things at once, drawn from a seed. And a naive client in the same."""

from collections.abc import Callable
from math import inf
from random import Random
from types import ModuleType

import attrs

from sendgrid_campaigns.settings import Retry
from simulation.caller import FAR, FINE, OPERATIONS, SLOWEST, Caller, Ended, Fate, Operation, Start, resolve, run
from simulation.watch import Tally, in_force, mailed_twice, may_land, misjudged, violations
from simulation.world import OTHERS, START, Rules, Snapshot, World

INSIDE = (
    "as documented",
    "a lead",
    "old reads",
    "a stray read",
    "leaves Draft late",
    "copies days late",
    "other names",
    "clocks, past times",
    "slow requests",
    "a long window",
    "all at once",
)
"""What the service and the network may be like, within what is assumed."""

OFF = {
    "A1": "a send and a copy are both accepted",
    "A2": "reads are older than the window",
    "A3": "leaves Draft later than the window",
    "A5": "a 429 was carried out",
    "A7": "any past time is accepted",
    "A8": "deleting stops no mail",
    "A9": "ids are given out again",
    "copies": "one is refused, one carried out",
}
"""What is assumed in docs/reliability.md, each switched off alone. A4 and A6 are not relied on: INSIDE has them."""

SHOWN_BY = {
    "A1": ("send", "ensure_sent"),
    "A7": ("schedule",),
    "A8": ("delete, stop",),
    "A9": ("send", "ensure_sent", "delete, stop"),
}
"""The operations that are looked at when it is off; all, where none are named."""

USUAL = Retry()
PATIENT = Retry(deadline=1500.0, settle=660.0)
"""So long that the fence of a schedule comes within the call."""


@attrs.frozen
class Plan:
    """All of a history that does not depend on what the client does."""

    operation: Operation
    start: Start
    rules: Rules
    retry: Retry
    fates: tuple[Fate, ...]
    events: tuple[tuple[float, str, float | str], ...]
    """What others do: how long after the call began, what, and with which value."""
    read_fails: float
    stray: bool
    steady: bool
    """Whether all reads are of one age."""
    longest: float
    """Seconds that a read takes at most."""
    spelt: Callable[[str], str]
    differ: bool

    def fate(self, number: int) -> Fate:
        return self.fates[number - 1] if number <= len(self.fates) else FINE

    def world(self) -> World:
        """The world as it is when the call begins."""
        world = World(self.rules, *self.start)
        for at, what, value in self.events:
            world.later(START + at, what, value, OTHERS)
        world.advance(START - world.now)
        return world


def plan(setting: str, dice: Random) -> Plan:
    """Draw what is to come over a call."""

    def holds(name: str) -> bool:
        chance = 0.5 if setting == "all at once" else 0.2 if setting in OFF else 0.0
        return setting == name or dice.random() < chance

    patient, slow, stray = setting == "a long window", holds("slow requests"), setting == "a stray read"
    names = ("schedule", "schedule later") if patient else SHOWN_BY.get(setting, tuple(OPERATIONS))
    operation = OPERATIONS[dice.choice(names)]
    if operation.action in ("scheduled", "rescheduled"):
        operation = attrs.evolve(operation, value=START + dice.choice((5, 30, 70, 400, 9000)))
    oldest = dice.uniform(0, 44) if holds("old reads") else 30.0 if stray else 0.0
    late = dice.uniform(0, USUAL.settle - 1 - oldest) if holds("leaves Draft late") else 0.0
    renamed, odd_clocks = holds("other names"), holds("clocks, past times")
    ahead = dated = jump = 0.0
    if odd_clocks:  # of the clock that dates answers and the client's own, one at most is far ahead
        ahead = dice.uniform(-60, 60)
        match dice.randrange(3):
            case 0:
                ahead = dice.uniform(-3600, 60)
            case 1:
                dated = dice.uniform(0, 3600)
            case _:
                jump = dice.uniform(-3600, 3600)
    rules = Rules(
        lead=dice.choice((1.0, 20.0, 250.0)) if holds("a lead") else 0.0,
        tolerance=inf if setting == "A7" else dice.uniform(0, 300) if odd_clocks else 0.0,
        ahead=ahead,
        dated=dated,
        jump=jump,
        unscheduled="Unscheduled" if renamed else "Draft",
        unschedule_draft=dice.choice((204, 403)),
        leaves_late=600.0 if setting == "A3" else late,
        oldest=300.0 if setting == "A2" else oldest,
        race=5.0 if setting == "A1" else 0.0,
        runs_on=setting == "A8",
        reuses=setting == "A9",
    )
    bad = dice.choice((0.0, 0.3, 0.6, 0.9))
    latest = 86_400.0 if holds("copies days late") or setting == "A7" else 150.0
    return Plan(
        operation=operation,
        start=operation.starts[0] if dice.random() < 0.7 else dice.choice(operation.starts),
        rules=rules,
        retry=PATIENT if patient else USUAL,
        fates=tuple(_fate(dice, operation, setting, latest, slow) if dice.random() < bad else FINE for _ in range(4)),
        events=tuple(_act(dice, operation, rules) for _ in range(dice.choice((0, 0, 0, 1, 1, 2, 3)))),
        read_fails=dice.choice((0.0, 0.0, 0.0, 0.2, 0.6, 0.97)),
        stray=stray,
        steady=dice.random() < 0.5,
        longest=30.0 if slow else 0.3,
        spelt=dice.choice(_SPELT) if renamed else str,
        differ=setting == "copies",
    )


_SPELT: tuple[Callable[[str], str], ...] = (str.upper, str.lower, lambda status: f" {status} ")


def _fate(dice: Random, operation: Operation, setting: str, latest: float, slow: bool) -> Fate:
    """Something that goes wrong with a request of the write."""
    seconds = dice.choice((0.05, 1.0, SLOWEST)) if slow else 0.2
    delay = 0.05 * (latest / 0.05) ** dice.random()
    match dice.randrange(13):
        case 0:
            return Fate("never left", copies=0, left=False, seconds=seconds)
        case 1 | 2:
            return Fate("lost on the way", copies=0, answer=None, seconds=seconds)
        case 3 | 4:
            return Fate("answer lost", answer=None, seconds=seconds)
        case 5:
            return Fate("503, carried out", code=503, answer=None, seconds=seconds)
        case 6 | 7:
            return Fate("late", copies=0, answer=None, later=delay, seconds=seconds)
        case 8:
            return Fate("doubled", copies=2, answer=dice.choice((0, 1)), seconds=seconds)
        case 9:
            answer = dice.choice((0, None))
            return Fate("doubled, one late", answer=answer, later=delay, seconds=seconds)
        case 10:
            code = dice.choice((400, 401, 403, 404) if operation.what == "delete" else (400, 401, 403))
            later = delay if setting == "copies" else None
            return Fate("refused", copies=0, code=code, later=later, seconds=seconds)
        case 11:
            asked = dice.choice((0.0, 1.0, 10.0))
            return Fate("too many", copies=int(setting == "A5"), code=429, asked=asked, seconds=seconds)
        case _:
            return Fate("far too many", copies=int(setting == "A5"), code=429, asked=1000.0, seconds=seconds)


_ACTS = (
    "unschedule",
    "send",
    "schedule soon",
    "schedule",
    "schedule same",
    "delete",
    "anew",
    "pause",
    "cancel",
    "update",
)


def _act(dice: Random, operation: Operation, rules: Rules) -> tuple[float, str, float | str]:
    """What somebody else does, and when: shortly before the call, in its first moments, or later."""
    at = dice.choice((dice.uniform(-50, 0), dice.uniform(0, 2), dice.uniform(0, 60), dice.uniform(0, 400)))
    what = dice.choice(("delete", "anew", "send") if rules.reuses else _ACTS)
    now = START + at + rules.ahead
    match what:
        case "schedule soon":
            return at, dice.choice(("schedule", "reschedule")), float(int(now + 200))
        case "schedule":
            return at, dice.choice(("schedule", "reschedule")), START + dice.choice((1000.0, 3000.0, FAR, 2 * FAR))
        case "schedule same":
            value = operation.value if operation.action in ("scheduled", "rescheduled") else START + FAR
            return at, "schedule", value
        case "update":
            return at, "update", dice.choice(("theirs", "before", "ours"))
        case _:
            return at, what, 0


class Chance:
    """What a history's plan and its dice decide."""

    def __init__(self, plan: Plan, dice: Random) -> None:
        self._plan = plan
        self._dice = dice
        self._first: Snapshot | None = None
        self._strayed = False

    def gap(self, caller: Caller) -> None:
        """Others act at times of their own."""

    def fate(self, caller: Caller) -> Fate:
        return self._plan.fate(caller.posts)

    def glance(self, caller: Caller) -> tuple[float, Snapshot | None, str]:
        plan, dice = self._plan, self._dice
        seconds = 0.01 + (plan.longest - 0.01) * dice.random() ** 4
        if plan.read_fails:
            if dice.random() < plan.read_fails:
                return seconds, None, ""
            if dice.random() < 0.02:
                caller.calm = False
                return seconds, caller.world.seen(0.0), "Hibernating"
        oldest = plan.rules.oldest
        snapshot = caller.world.seen(oldest if plan.steady or not oldest else oldest * dice.random())
        self._first = self._first or snapshot
        self._strayed = plan.stray and not self._strayed and dice.random() < 0.2
        if self._strayed:
            snapshot = self._first
        return seconds, snapshot, plan.spelt(snapshot.status)


AFTER = 3 * FAR
"""Seconds after which nothing can happen any more."""


def play(outcome: ModuleType, seed: int, setting: str, log: bool = False) -> tuple[Ended, list[str], Plan]:
    """One history: the call, one look back later when it is unknown, and all that happens in the end."""
    dice = Random(seed)  # noqa: S311 - no secret
    planned = plan(setting, dice)
    world = planned.world()
    caller = Caller(outcome, planned.operation, world, Chance(planned, dice), planned.retry, planned.differ, log)
    caller.calm = not planned.events
    ended = run(caller)
    wrong = violations(ended)
    if ended.kind == "unknown" and caller.aim is not None:
        world.advance(dice.choice((1.0, 30.0, 400.0, 10_000.0)))
        wrong += misjudged(ended, resolve(ended))
    world.advance(START + AFTER - world.now)
    if mailed_twice(world) and not any(line.startswith("I1") for line in wrong):
        wrong.append("I1: it is mailed twice")
    return ended, wrong, planned


def naive(planned: Plan) -> tuple[bool, bool, bool]:
    """What a client makes of it that tries again on every error, three times, and believes the last answer.

    Whether it mails twice, says a false "no", or a false "done".
    """
    operation, world = planned.operation, planned.world()
    code = None
    for number in range(1, 5):
        fate = planned.fate(number)
        code = fate.reach(world, operation, number, planned.differ)
        world.advance(fate.seconds)
        if code in operation.success:
            break
        world.advance(0.25 * 2.0**number)
    said_done = code in operation.success
    had_effect = in_force(world, operation) or any(may_land(world, operation, copy) for copy in world.events)
    false_done = said_done and (not world.ours or world.ran_on)
    world.advance(START + AFTER - world.now)
    return mailed_twice(world), had_effect and not said_done, false_done


def setting_of(seed: int) -> str:
    return INSIDE[seed % len(INSIDE)]


def tally(
    outcome: ModuleType, first: int, count: int, setting: str | None = None, *, stop: bool = False
) -> dict[str, Tally]:
    """So many histories from a seed on, by setting and by operation; given a setting, all are in that one.

    stop: at the first that is wrong, and without the naive client.
    """
    found: dict[str, Tally] = {}
    for seed in range(first, first + count):
        of = setting or setting_of(seed)
        ended, wrong, planned = play(outcome, seed, of)
        name = f"{of}/{seed}" if setting else str(seed)
        twice, false_no, false_done = naive(planned) if not stop else (False, False, False)
        for row in (of, planned.operation.name):
            one = found.setdefault(row, Tally())
            one.judge(ended, wrong, name)
            one.naive_twice += twice
            one.naive_no += false_no
            one.naive_done += false_done
        if stop and wrong:
            break
    return found


def replay(outcome: ModuleType, name: str) -> tuple[Ended, list[str]]:
    """The history of this name, with what happened told step by step."""
    setting, _, seed = name.rpartition("/")
    ended, wrong, planned = play(outcome, int(seed), setting or setting_of(int(seed)), log=True)
    told = [f"{at:+10.2f} s  somebody else: {what} {value or ''}" for at, what, value in sorted(planned.events)]
    ended.caller.log = [
        f"{planned.operation.name}, from {planned.start.status}; {planned.rules}",
        *told,
        "",
        *ended.caller.log,
    ]
    return ended, wrong
