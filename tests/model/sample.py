"""Random histories: real delays, many things at once, drawn from a seed. And a naive client in the same ones."""

import json
from collections.abc import Mapping
from dataclasses import replace
from math import inf
from random import Random
from typing import Any

from model import explore
from model.caller import ANOTHER, BODIES, FINE, SLOWEST, Caller, Fate, Flows, Fortune, Interruption, Look, Page
from model.explore import FATES, LEGACY_WRITES, MIXED_UP, NOT_FOUND_WRONGLY, WITHOUT_ID, WRITES, hibernating
from model.judge import Tally, in_force, mailed_twice, may_land, misjudged, violations, was_reached
from model.service import OTHERS, START, Request, Rules, World
from model.single_sends import SINGLE_WRITES, world_of
from scenarios import CAMPAIGN_ID, EDIT, FAR, Write
from sendgrid_campaigns import Retry

INSIDE = (
    *("as documented", "a lead", "old reads", "a stray look", "leaves Draft late", "copies days late", "other names"),
    *("clocks, past times", "slow requests", "a long window", "pages for a while", "pages always", "answers mixed up"),
    *("a narrow limit", "all at once"),
)
"""What the service and the network may be like, within what is assumed."""
SINGLE = "single sends, "
TWICE = "two runs", "SS1 off, each request once"
SINGLE_INSIDE = tuple(SINGLE + each for each in (*INSIDE, "PUT repeated in 20 s", *TWICE))
"""The same for single sends; and jobs that run ensure_sent twice, one after the other or at one time.

SS1 off: with it, reads are answered within 8 s, and late copies land within 5 s. Else nothing is promised: a PUT that
rests on a read of a minute ago may reach a single send that is triggered, and whose time by another job was near.
"""
OFF = {
    "A1": "a send and a copy are both accepted",
    "A2": "reads are older than the window",
    "looks": "all looks may be stray",
    "A3": "leaves Draft later than the window",
    "A5": "a 429 was carried out",
    "A7": "any past time is accepted",
    "A8": "deleting stops no mail",
    "A9": "ids are given out again",
    "copies": "one is refused, one carried out",
    "SS1": "PUT of a triggered one mails again",
    "SS2": "PUT of a scheduled one mails twice",
    "SS4": "any past time is accepted",
    "SS6": "DELETE of a past schedule is a 200",
    "SS7": "deleting one stops no mail",
}
"""What is assumed in docs/reliability.md, and of looks by caller.Fortune, each switched off alone. SS: of single sends.

A4 and A6 are not relied on: INSIDE has them.
"""
SHOWN_BY = {
    "A1": ("send", "ensure_sent"),
    "A7": ("schedule",),
    "A8": ("delete, stop",),
    "A9": ("send", "ensure_sent", "delete, stop"),
    "a long window": ("schedule", "schedule later"),
    "SS4": ("single schedule",),
    "SS6": ("single unschedule",),
    "SS7": ("single delete, stop",),
    f"{SINGLE}PUT repeated in 20 s": ("single schedule", "single send"),
    f"{SINGLE}a long window": ("single schedule", "single schedule later"),
    f"{SINGLE}two runs": ("single ensure_sent",),
    f"{SINGLE}SS1 off, each request once": ("single ensure_sent", "single ensure_sent", "single send"),
}
"""The writes that are looked at in a setting; all, where none are named."""
USUAL = Retry()
PATIENT = Retry(deadline=1500.0, settle=660.0)
"""So long that the cutoff of a schedule comes within the call."""
AFTER = 3 * FAR
"""Seconds after which nothing can happen any more."""


_PAGES = [Page(code, body) for code in (404, 403, 401, 400, 406, 200) for body in BODIES]
_ACTS = ("unschedule_campaign", "send_campaign", "soon", "far", "same", "delete_campaign", "pause", "cancel", "edit")


def _act(random: Random, write: Write, rules: Rules) -> tuple[float, Request]:
    """Return what another client does, and when: shortly before the call, in its first moments, or later."""
    at = random.choice((random.uniform(-50, 0), random.uniform(0, 2), random.uniform(0, 60), random.uniform(0, 400)))
    what = random.choice(("delete_campaign", "anew", "send_campaign") if rules.reuses else _ACTS)
    verb = random.choice(("schedule_campaign", "reschedule_campaign"))
    acts: dict[str, tuple[str, Mapping[str, Any]]] = {
        "soon": (verb, {"send_at": int(START + at + rules.ahead + 200)}),
        "far": (verb, {"send_at": int(START + random.choice((1000.0, 3000.0, FAR, 2 * FAR)))}),
        "same": ("schedule_campaign", {"send_at": int(START + (write.in_seconds or FAR))}),
        "edit": ("update_campaign", random.choice(({"title": "theirs"}, {"title": "before"}, EDIT))),
    }
    name, body = acts.get(what, (what, {}))
    made = write.method == "send_once" and random.random() < 0.5  # the campaign that the call makes has another id
    return at, Request(name, CAMPAIGN_ID + made, json.dumps(body), OTHERS)


class Drawn(Fortune):
    """What is drawn for the history of a name: what is to come over the call, and then each read."""

    def __init__(self, name: str) -> None:
        self.name, whole = name, name.partition("/")[0]
        single = whole.startswith((SINGLE, "SS"))
        self.setting = setting = whole.removeprefix(SINGLE)
        self.random = random = Random(name)  # noqa: S311 - no secret

        def holds(name: str) -> bool:
            chance = 0.3 if setting in ("all at once", *TWICE) else 0.15 if setting in OFF else 0.0
            return setting == name or random.random() < chance

        patient, slow, stray = setting == "a long window", holds("slow requests"), setting in ("a stray look", "looks")
        write = WRITES[random.choice(SHOWN_BY.get(whole, tuple(SINGLE_WRITES if single else LEGACY_WRITES)))]
        if write.in_seconds is not None:
            write = replace(write, in_seconds=random.choice((5.0, 30.0, 70.0, 400.0, 9000.0)))
        narrow = holds("a narrow limit")
        oldest = random.uniform(0, 44) if holds("old reads") else 30.0 if stray else 0.0
        late = random.uniform(0, USUAL.settle - 1 - oldest) if holds("leaves Draft late") else 0.0
        renamed, odd_clocks = holds("other names"), holds("clocks, past times") and not narrow
        # Of the clock that dates answers and the client's own, one at most is far ahead.
        clocks: Mapping[str, Any] = random.choice(
            (
                {"ahead": random.uniform(-3600, 60)},
                {"ahead": random.uniform(-60, 60), "dated": random.uniform(0, 3600)},
                {"ahead": random.uniform(-60, 60), "dated": None},
                {"ahead": random.uniform(-60, 60), "jump": random.uniform(-3600, 3600)},
            )
        )
        rules = Rules(
            lead=random.choice((1.0, 20.0, 250.0)) if holds("a lead") else 0.0,
            tolerance=inf if setting == "A7" else random.uniform(0, 300) if odd_clocks else 0.0,
            unscheduled="Unscheduled" if renamed else "Draft",
            unschedule_draft=random.choice((204, 403)),
            leaves_late=600.0 if setting == "A3" else late,
            oldest=300.0 if setting == "A2" else oldest,
            limit=random.choice((1, 2, 3, 5)) if narrow else 0,
            window=random.choice((2.0, 10.0)),
            race=5.0 if setting == "A1" else 0.0,
            runs_on=setting == "A8",
            reuses=setting == "A9",
            **(clocks if odd_clocks else {}),
        )
        bad, mixed = random.choice((0.0, 0.3, 0.6, 0.9)), holds("answers mixed up")
        kinds = FATES + (NOT_FOUND_WRONGLY,) + (MIXED_UP if mixed else MIXED_UP[4:5])
        latest = 86_400.0 if holds("copies days late") or setting in ("A7", "SS4") else 150.0

        def fate() -> Fate:
            fate, seconds = random.choice(kinds), random.choice((0.05, 1.0, SLOWEST)) if slow else 0.2
            refused = fate.page is not None and fate.copies == 0 and fate.page.code < 429
            if fate.later is not None or (refused and setting == "copies"):
                fate = replace(fate, later=0.05 * (latest / 0.05) ** random.random())
            if setting == "A5" and fate.page is not None and fate.page.code == 429:
                fate = replace(fate, copies=1)
            return replace(fate, seconds=seconds)

        first = random.choice((-1.0, 0.05, random.uniform(0, 60)))
        last = first + random.choice((0.2, 1.0, 10.0, 60.0)) if holds("pages for a while") else -2.0
        self.write = write
        self.start = write.starts[0] if random.random() < 0.6 else random.choice(write.starts)
        self.rules, self.retry = rules, PATIENT if patient else USUAL
        self.wrong: list[str] = []  # of other runs
        self.fates = [fate() if random.random() < bad else FINE for _ in range(4)]
        # What others do, and how long after the call began.
        self.events = [_act(random, write, rules) for _ in range(random.choice((0, 0, 0, 1, 1, 2, 3)))]
        # Pages of something in front: from when to when, how often, and which.
        self.pages = first, inf if holds("pages always") else last
        self.paged, self.kinds_of_page = random.choice((0.3, 0.9, 1.0)), random.sample(_PAGES, 3)
        self.read_fails = random.choice((0.0, 0.0, 0.0, 0.2, 0.6, 0.97))
        self.stray = 0.2 * stray + 0.4 * (setting == "looks")  # how often a look is, where one may be
        self.steady = random.random() < 0.5  # whether all reads are of one age
        self.longest = 30.0 if slow else 0.3  # seconds that a read takes at most
        self.spelt = random.choice((str.upper, str.lower, " {} ".format)) if renamed else str
        self.mixed = random.choice((0.1, 0.5)) if mixed else 0.0  # how often a read gets the answer to another's
        self.runs = [0, 0]  # other runs of the same job: before the call, and in the middle of it
        if single:
            self._draw_single(holds("two runs"), setting == "SS1 off, each request once")

    def _draw_single(self, twice: bool, mails_again: bool) -> None:
        """Draw what is of single sends alone."""
        random, setting, rules = self.random, self.setting, self.rules
        self.rules = rules = replace(
            rules,
            mails_again=mails_again or setting == "SS1",
            moves=setting != "SS2",
            tolerance=inf if setting == "SS4" else rules.tolerance,
            hides_now=random.random() < 0.3,
            unschedule_draft=random.choice((204, 400, 403, 404)),
            unschedule_triggered=200 if setting == "SS6" else random.choice((400, 403)),
            # Somebody who renames what is scheduled takes its key away, and then it is another mailing.
            updates_scheduled=self.write.method != "send_once" and random.random() < 0.3,
            refuses=random.choice((400, 403, 404, 405, 422)),
            runs_on=setting == "SS7",
        )
        if self.write.method == "ensure_sent":
            self.write = replace(self.write, arguments={"within": random.choice((90.0, 120.0, 120.0, 300.0))})
            if twice or mails_again:
                self.runs = random.choice(([1, 0], [0, 1], [1, 1], [2, 0]))
                self.rules = replace(self.rules, limit=0)
        self.fates = [self._single_fate(fate, mails_again) for fate in self.fates]
        if setting == "PUT repeated in 20 s":
            self.events = []  # what another client does between two copies is the gap that docs/reliability.md names
        if mails_again:
            self.longest = min(self.longest, 8.0)
            self.rules = replace(self.rules, tolerance=0.0, ahead=0.0, dated=0.0, jump=0.0)
            self.events = [
                each for each in self.events if "schedule" not in each[1].name and "send" not in each[1].name
            ]

    def _single_fate(self, fate: Fate, once: bool) -> Fate:
        random, page = self.random, fate.page
        if page is not None and page.retry_after is not None:
            fate = replace(fate, page=page._replace(retry_after=random.choice((0.2, 20.0, 60.0, 100.0, 1000.0))))
        if once and self.write.method == "send" and (fate.copies > 1 or (fate.copies and fate.later is not None)):
            return FINE
        if self.setting == "PUT repeated in 20 s" and fate.copies > 1:
            fate = replace(fate, apart=20.0)
        if once and fate.later is not None:
            fate = replace(fate, later=random.uniform(0.05, 5.0))
        if self.runs != [0, 0] and random.random() < 0.3:
            fate = replace(fate, interrupted=True)
        return fate

    def gap(self, caller: Caller) -> None:
        if self.runs[1] and self.random.random() < 0.3:
            self.runs[1] -= 1
            caller.calm, before = False, caller.world.now
            self._run_another(caller.world, caller.log if caller.tells else None)
            caller.stalled += caller.world.now - before

    def _run_another(self, world: World, log: list[str] | None) -> None:
        """Run the job once more, to its end or until it is killed."""
        other = Drawn(f"{self.name} again {world.now}")
        other.write, other.rules, other.runs, other.events = self.write, self.rules, [0, 0], []
        caller = Caller(Flows(self.write, self.retry, self.rules), world, other, began=world.now, log=log is not None)
        caller.is_earlier, caller.copies_differ = True, False
        caller.run()
        if log is not None:
            log += ["another run", *caller.log, "so far that"]
        if caller.kind.startswith("raised") or (caller.kind == "done" and not was_reached(caller)):
            self.wrong.append(f"I3: another run of the job: {caller.kind}")

    def caller(self, *, log: bool = False) -> Caller:
        """Make the call, in a world in which all is to come."""
        world = world_of(self.write, self.rules, self.start)
        for at, request in self.events:
            world.later(START + at, request)
        told = list[str]() if log else None
        for _ in range(self.runs[0]):
            before = self.random.choice((1.0, 60.0, 150.0, 300.0)) * self.random.random()
            world.advance(max(START - before - world.now, 0.0))
            self._run_another(world, told)
        world.advance(max(START - world.now, 0.0))
        caller = Caller(Flows(self.write, self.retry, self.rules), world, self, began=world.now, log=log)
        caller.log += told or []
        caller.copies_differ, caller.calm = self.setting == "copies", not self.events and not self.runs[0]
        return caller

    def fate(self, caller: Caller) -> Fate:
        fate = self.fates.pop(0) if self.fates else FINE
        if fate.page is not None and fate.page.body == ANOTHER and caller.name in WITHOUT_ID:
            fate = FINE
        page = self._page(caller)
        return fate if page is None else replace(fate, page=page)

    def _page(self, caller: Caller) -> Page | None:
        first, last = self.pages
        if first <= caller.world.now - START <= last and self.random.random() < self.paged:
            return self.random.choice(self.kinds_of_page)
        return None

    def look(self, caller: Caller, part: str) -> Look:
        random, world, oldest = self.random, caller.world, self.rules.oldest
        seconds = 0.01 + (self.longest - 0.01) * random.random() ** 4
        snapshot = world.seen(oldest if self.steady or not oldest else oldest * random.random())
        may_stray = self.begin(part) or self.setting == "looks"
        page = self._page(caller)
        if page is None and self.mixed and random.random() < self.mixed:
            page = Page(200, ANOTHER)
        if page is None and self.read_fails:
            if random.random() < self.read_fails:
                return Look(seconds, None)
            if random.random() < 0.02 and part == "get_campaign" and snapshot.of(caller.reads_of):
                page = hibernating(caller)
        if page is not None:
            return Look(seconds, snapshot, page)
        if self.stray and may_stray and random.random() < self.stray:
            self.strayed, snapshot = True, self.first or snapshot
        self.first = self.first or snapshot
        return Look(seconds, snapshot)


def replay(name: str, *, log: bool = False) -> tuple[Caller, list[str]]:
    """Run the history of a name: the call, one `outcome` later when the call is unknown, and what comes in the end."""
    if name.count("/") > 1:
        return explore.replay(name)
    drawn = Drawn(name)
    caller = drawn.caller(log=log)
    caller.tell(vars(drawn))
    caller.run()
    world, wrong = caller.world, drawn.wrong + violations(caller)
    if caller.may_ask_outcome():
        world.advance(drawn.random.choice((1.0, 30.0, 400.0, 10_000.0)))
        wrong += misjudged(caller, caller.outcome())
    world.advance(START + AFTER - world.now)
    if mailed_twice(world) and not any(line.startswith("I1") for line in wrong):
        wrong.append("I1: it is mailed twice")
    return caller, wrong


def naive(name: str) -> tuple[bool, bool]:
    """Run a client that tries again on every error, three times, and believes the last answer.

    Return whether it mails twice, and whether it says a false "no".
    """
    caller = Drawn(name).caller()
    try:
        success = caller.naively()
    except Interruption:
        return False, False
    world = caller.world
    had_effect = in_force(caller) or any(may_land(caller, at, request) for at, _, request in world.events)
    world.advance(START + AFTER - world.now)
    return mailed_twice(world), had_effect and not success


def tally(first: int, count: int, setting: str, *, stop: bool = False) -> Tally:
    """Run so many histories of a setting from a seed on. stop: at the first wrong one, and without the naive client."""
    found = Tally()
    for seed in range(first, first + count):
        name = f"{setting}/{seed}"
        caller, wrong = replay(name)
        found.judge(caller, wrong, name)
        if not stop:
            twice, false_no = naive(name)
            found.naive_twice += twice
            found.naive_no += false_no
        elif wrong:
            break
    return found
