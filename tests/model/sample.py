"""Random histories: real delays, many things at once, drawn from a seed. And a naive client in the same ones."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from random import Random
from typing import Any

from model.caller import ANOTHER, EMPTY, FINE, HTML, JSON, SLOWEST, TEXT, Caller, Fate, Interruption, Look, Page
from model.judge import Tally, in_force, mailed_twice, may_land, misjudged, violations
from model.service import NOT_FOUND, OTHERS, REFUSED, START, Request, Rules, Snapshot, World
from scenarios import CAMPAIGN_ID, EDIT, FAR, WRITES, Start, Write
from sendgrid_campaigns import Retry

INSIDE = (
    "as documented",
    "a lead",
    "old reads",
    "a stray look",
    "leaves Draft late",
    "copies days late",
    "other names",
    "clocks, past times",
    "slow requests",
    "a long window",
    "pages for a while",
    "pages always",
    "answers mixed up",
    "a narrow limit",
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
"""The writes that are looked at with an assumption off; all, where none are named."""

USUAL = Retry()
PATIENT = Retry(deadline=1500.0, settle=660.0)
"""So long that the cutoff of a schedule comes within the call."""


@dataclass(frozen=True)
class Plan:
    """All of a history that does not depend on what the client does."""

    write: Write
    start: Start
    rules: Rules
    retry: Retry
    fates: tuple[Fate, ...]
    events: tuple[tuple[float, Request], ...]
    """What others do, and how long after the call began."""
    pages: tuple[float, float, float, tuple[Page, ...]]
    """From when to when something in front answers, how often so, and with what."""
    read_fails: float
    stray: bool
    steady: bool
    """Whether all reads are of one age."""
    longest: float
    """Seconds that a read takes at most."""
    spelt: Callable[[str], str]
    differ: bool
    mixed: float
    """How often a read gets the answer to another's."""

    def fate(self, number: int) -> Fate:
        """Return what becomes of the request that writes of this number, from 0."""
        return self.fates[number] if number < len(self.fates) else FINE

    def world(self) -> World:
        """Return the world as it is when the call begins."""
        world = World(self.rules, self.start)
        for at, request in self.events:
            world.later(START + at, request)
        world.advance(START - world.now)
        return world


def plan(setting: str, random: Random) -> Plan:
    """Draw what is to come over a call."""

    def holds(name: str) -> bool:
        chance = 0.3 if setting == "all at once" else 0.15 if setting in OFF else 0.0
        return setting == name or random.random() < chance

    patient, slow, stray = setting == "a long window", holds("slow requests"), setting == "a stray look"
    names = ("schedule", "schedule later") if patient else SHOWN_BY.get(setting, tuple(WRITES))
    write = WRITES[random.choice(names)]
    if write.in_seconds is not None:
        write = replace(write, in_seconds=random.choice((5.0, 30.0, 70.0, 400.0, 9000.0)))
    narrow = holds("a narrow limit")
    oldest = random.uniform(0, 44) if holds("old reads") else 30.0 if stray else 0.0
    late = random.uniform(0, USUAL.settle - 1 - oldest) if holds("leaves Draft late") else 0.0
    renamed, odd_clocks = holds("other names"), holds("clocks, past times") and not narrow
    ahead = jump = 0.0
    dated: float | None = 0.0
    if odd_clocks:  # of the clock that dates answers and the client's own, one at most is far ahead
        ahead = random.uniform(-60, 60)
        match random.randrange(4):
            case 0:
                ahead = random.uniform(-3600, 60)
            case 1:
                dated = random.uniform(0, 3600)
            case 2:
                dated = None
            case _:
                jump = random.uniform(-3600, 3600)
    rules = Rules(
        lead=random.choice((1.0, 20.0, 250.0)) if holds("a lead") else 0.0,
        tolerance=inf if setting == "A7" else random.uniform(0, 300) if odd_clocks else 0.0,
        ahead=ahead,
        dated=dated,
        jump=jump,
        unscheduled="Unscheduled" if renamed else "Draft",
        unschedule_draft=random.choice((204, 403)),
        leaves_late=600.0 if setting == "A3" else late,
        oldest=300.0 if setting == "A2" else oldest,
        limit=random.choice((1, 2, 3, 5)) if narrow else 0,
        window=random.choice((2.0, 10.0)),
        race=5.0 if setting == "A1" else 0.0,
        runs_on=setting == "A8",
        reuses=setting == "A9",
    )
    bad = random.choice((0.0, 0.3, 0.6, 0.9))
    latest = 86_400.0 if holds("copies days late") or setting == "A7" else 150.0
    mixed = holds("answers mixed up")
    for_a_while, always = holds("pages for a while"), holds("pages always")
    first = random.choice((-1.0, 0.05, random.uniform(0, 60)))
    last = inf if always else first + random.choice((0.2, 1.0, 10.0, 60.0)) if for_a_while else -1.0
    kinds = random.sample(_PAGES, random.choice((1, 1, 2, 5)))
    return Plan(
        write=write,
        start=write.starts[0] if random.random() < 0.6 else random.choice(write.starts),
        rules=rules,
        retry=PATIENT if patient else USUAL,
        fates=tuple(
            _fate(random, setting, latest, slow, mixed) if random.random() < bad else FINE for _ in range(4)
        ),
        events=tuple(_act(random, write, rules) for _ in range(random.choice((0, 0, 0, 1, 1, 2, 3)))),
        pages=(START + first, START + last, random.choice((0.3, 0.9, 1.0)), tuple(kinds)),
        read_fails=random.choice((0.0, 0.0, 0.0, 0.2, 0.6, 0.97)),
        stray=stray,
        steady=random.random() < 0.5,
        longest=30.0 if slow else 0.3,
        spelt=random.choice(_SPELT) if renamed else str,
        differ=setting == "copies",
        mixed=random.choice((0.1, 0.5)) if mixed else 0.0,
    )


_SPELT: tuple[Callable[[str], str], ...] = (str.upper, str.lower, lambda status: f" {status} ")
_PAGES = [Page(code, body) for code in (404, 403, 401, 400, 406, 200) for body in (HTML, TEXT, JSON, EMPTY)]


def _fate(random: Random, setting: str, latest: float, slow: bool, mixed: bool) -> Fate:
    """Return something that goes wrong with a request that writes."""
    seconds = random.choice((0.05, 1.0, SLOWEST)) if slow else 0.2
    delay = 0.05 * (latest / 0.05) ** random.random()
    carried_out = int(setting == "A5")
    match random.randrange(17 if mixed else 14):
        case 0:
            return Fate("never left", copies=0, left=False, seconds=seconds)
        case 1 | 2:
            return Fate("lost on the way", copies=0, answer=None, seconds=seconds)
        case 3 | 4:
            return Fate("answer lost", answer=None, seconds=seconds)
        case 5:
            return Fate("503", random.choice((0, 1)), page=Page(503, HTML), seconds=seconds)
        case 6 | 7:
            return Fate("late", copies=0, answer=None, later=delay, seconds=seconds)
        case 8:
            return Fate("doubled", copies=2, answer=random.choice((0, 1)), seconds=seconds)
        case 9:
            return Fate("doubled, one late", answer=random.choice((0, None)), later=delay, seconds=seconds)
        case 10:
            code = random.choice((400, 401, 403, 404))
            page = Page(code, NOT_FOUND if code == 404 else REFUSED)
            return Fate("refused", copies=0, page=page, later=delay if setting == "copies" else None, seconds=seconds)
        case 11:
            page = Page(429, REFUSED, random.choice((None, 0.0, 1.0, 10.0)))
            return Fate("too many", copies=carried_out, page=page, seconds=seconds)
        case 12:
            return Fate("far too many", copies=carried_out, page=Page(429, HTML, 1000.0), seconds=seconds)
        case 13:
            return Fate("interrupted", random.choice((0, 1)), interrupted=True, seconds=seconds)
        case 14:
            return Fate("written twice, 429", page=Page(429, REFUSED), repeated=True, seconds=seconds)
        case 15:
            return Fate("body lost", body_lost=True, seconds=seconds)
        case _:
            page = Page(random.choice((200, 201)), ANOTHER)
            return Fate("the answer to another's", random.choice((0, 1)), page=page, seconds=seconds)


def _act(random: Random, write: Write, rules: Rules) -> tuple[float, Request]:
    """Return what another client does, and when: shortly before the call, in its first moments, or later."""
    at = random.choice((random.uniform(-50, 0), random.uniform(0, 2), random.uniform(0, 60), random.uniform(0, 400)))
    what = random.choice(("delete_campaign", "anew", "send_campaign") if rules.reuses else _ACTS)
    body: dict[str, Any] = {}
    verb = random.choice(("schedule_campaign", "reschedule_campaign"))
    match what:
        case "soon":
            what, body = verb, {"send_at": int(START + at + rules.ahead + 200)}
        case "far":
            what, body = verb, {"send_at": int(START + random.choice((1000.0, 3000.0, FAR, 2 * FAR)))}
        case "same":
            what, body = "schedule_campaign", {"send_at": int(START + (write.in_seconds or FAR))}
        case "update_campaign":
            body = random.choice(({"title": "theirs"}, {"title": "before"}, dict(EDIT)))
    # Of send_once, the campaign is another one, unless one was there.
    id = CAMPAIGN_ID + (write.name == "send_once" and random.random() < 0.5)
    return at, Request(what, id, json.dumps(body), OTHERS)


_ACTS = (
    "unschedule_campaign",
    "send_campaign",
    "soon",
    "far",
    "same",
    "delete_campaign",
    "pause",
    "cancel",
    "update_campaign",
)


class Drawn:
    """What a history's plan and its random numbers decide."""

    def __init__(self, plan: Plan, random: Random) -> None:
        self._plan = plan
        self._random = random
        self._writes = 0
        self._first: Snapshot | None = None
        self._strayed = self._may_stray = False

    def gap(self, caller: Caller) -> None:
        """Others act at times of their own."""

    def fate(self, caller: Caller) -> Fate:
        fate = self._plan.fate(self._writes)
        self._writes += 1
        if fate.page is not None and fate.page.body == ANOTHER and caller.name in _UNNUMBERED:
            fate = FINE  # the answer has no id that would tell
        page = self._page(caller)
        return fate if page is None else replace(fate, page=page)

    def _page(self, caller: Caller) -> Page | None:
        first, last, often, kinds = self._plan.pages
        if first <= caller.world.now <= last and self._random.random() < often:
            return self._random.choice(kinds)
        return None

    def look(self, caller: Caller, part: str) -> Look:
        plan, random, world = self._plan, self._random, caller.world
        seconds = 0.01 + (plan.longest - 0.01) * random.random() ** 4
        page = self._page(caller)
        if page is None and plan.mixed and random.random() < plan.mixed:
            page = Page(200, ANOTHER)
        oldest = plan.rules.oldest
        snapshot = world.seen(oldest if plan.steady or not oldest else oldest * random.random())
        if page is not None:
            return Look(seconds, snapshot, page)
        if plan.read_fails:
            if random.random() < plan.read_fails:
                return Look(seconds, None)
            if random.random() < 0.02 and part == "get_campaign":
                id = max(world.campaigns, default=CAMPAIGN_ID)
                caller.statuses.add("hibernating")
                caller.moved = caller.moved or not caller.allows("Hibernating")
                return Look(seconds, snapshot, Page(200, b'{"id":%d,"status":"Hibernating"}' % id))
        if part != "get_campaign_schedule":  # a look begins; see explore.WEATHERS
            self._may_stray, self._strayed = not self._strayed, False
        self._first = self._first or snapshot
        if plan.stray and self._may_stray and random.random() < 0.2:
            self._strayed = True
            snapshot = self._first
        return Look(seconds, snapshot)

    def spelt(self, status: str) -> str:
        return self._plan.spelt(status)


_UNNUMBERED = ("create_campaign", "send_test_campaign", "unschedule_campaign", "delete_campaign")
AFTER = 3 * FAR
"""Seconds after which nothing can happen any more."""


def play(seed: int, setting: str, *, log: bool = False) -> tuple[Caller, list[str], Plan]:
    """Run one history: the call, one `outcome` later when the call is unknown, and all that happens in the end."""
    random = Random(seed)  # noqa: S311 - no secret
    planned = plan(setting, random)
    world = planned.world()
    caller = Caller(planned.write, world, Drawn(planned, random), planned.retry, log=log)
    caller.copies_differ = planned.differ
    caller.calm = not planned.events
    for at, request in sorted(planned.events):
        caller.log.append(f"{at:+10.2f} s  another client: {request}")
    caller.run()
    wrong = violations(caller)
    if caller.may_ask_outcome():
        world.advance(random.choice((1.0, 30.0, 400.0, 10_000.0)))
        wrong += misjudged(caller, caller.outcome())
    world.advance(START + AFTER - world.now)
    if mailed_twice(world) and not any(line.startswith("I1") for line in wrong):
        wrong.append("I1: it is mailed twice")
    return caller, wrong, planned


def naive(planned: Plan, seed: int) -> tuple[bool, bool, bool]:
    """Run a client that tries again on every error, three times, and believes the last answer.

    Return whether it mails twice, says a false "no", or says a false "done".
    """
    caller = Caller(planned.write, planned.world(), Drawn(planned, Random(seed)), planned.retry)  # noqa: S311
    try:
        success = caller.naively()
    except Interruption:
        return False, False, False
    world = caller.world
    had_effect = in_force(world, caller) or any(may_land(caller, at, request) for at, _, request in world.events)
    false_done = success and (not world.effects or world.ran_on)
    world.advance(START + AFTER - world.now)
    return mailed_twice(world), had_effect and not success, false_done


def setting_of(seed: int) -> str:
    """Return the setting of a seed."""
    return INSIDE[seed % len(INSIDE)]


def tally(first: int, count: int, setting: str | None = None, *, stop: bool = False) -> dict[str, Tally]:
    """Run so many histories from a seed on; return their counts by setting and by write.

    setting: that of all; without one, all take turns. stop: at the first that is wrong, and without the naive client.
    """
    found: dict[str, Tally] = {}
    for seed in range(first, first + count):
        of = setting or setting_of(seed)
        caller, wrong, planned = play(seed, of)
        name = f"{of}/{seed}" if setting else str(seed)
        twice, false_no, false_done = naive(planned, seed) if not stop else (False, False, False)
        for row in (of, planned.write.name):
            one = found.setdefault(row, Tally())
            one.judge(caller, wrong, name)
            one.naive_twice += twice
            one.naive_no += false_no
            one.naive_done += false_done
        if stop and wrong:
            break
    return found


def replay(name: str) -> tuple[Caller, list[str]]:
    """Run the history of this name, and tell what happens step by step."""
    setting, _, seed = name.rpartition("/")
    caller, wrong, planned = play(int(seed), setting or setting_of(int(seed)), log=True)
    caller.log.insert(0, f"{planned.write.name}, from {planned.start}; {planned.rules}")
    return caller, wrong
