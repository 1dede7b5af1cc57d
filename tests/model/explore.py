"""Every history of a call with few things that go wrong: which choices there are is asked again and again, depth first.

A history is a list of choices, and is run from its start. Left out is only what is equivalent: an act of another client
that the service would refuse, or that the write does not depend on; and a read that shows what another one shows.
"""

import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from math import inf
from typing import Any, Literal

from model.caller import ANOTHER, EMPTY, FINE, HTML, JSON, QUICK, SLOWEST, TEXT, Caller, Fate, Look, Page
from model.judge import Tally, misjudged, violations
from model.service import NOT_FOUND, OTHERS, REFUSED, START, Request, Rules, Snapshot, World
from scenarios import CAMPAIGN_ID, EDIT, FAR, WRITES
from sendgrid_campaigns import Retry

USUAL = Rules(oldest=1.4, tolerance=300.0)
SHORT = Retry(attempts=3, deadline=120.0, settle=1.5)
"""A read-back window of three looks, at 0, 0.6 and 1.5 s: everything is as with a longer one, only sooner."""

FATES = (
    Fate("never left", copies=0, left=False),
    Fate("lost on the way", copies=0, answer=None),
    Fate("answer lost", answer=None),
    Fate("late, within the window", copies=0, answer=None, later=0.3),
    Fate("late, after the window", copies=0, answer=None, later=1.65),
    Fate("late, after everything", copies=0, answer=None, later=inf),
    Fate("doubled, first answer", copies=2),
    Fate("doubled, second answer", copies=2, answer=1),
    Fate("doubled, second late", later=inf),
    Fate("forbidden", copies=0, page=Page(403, REFUSED)),
    Fate("refused", copies=0, page=Page(400, REFUSED)),
    Fate("too many", copies=0, page=Page(429, REFUSED, 0.2)),
    Fate("far too many", copies=0, page=Page(429, REFUSED, 1000.0)),
)
SLOW = (Fate("slow", seconds=SLOWEST), Fate("answer lost after long", answer=None, seconds=SLOWEST))
NOT_FOUND_WRONGLY = Fate("not found, wrongly", copies=0, page=Page(404, NOT_FOUND))
PAGES = (
    Page(404, HTML),
    Page(404, JSON),
    Page(403, JSON),
    Page(401, TEXT),
    Page(400, HTML),
    Page(406, EMPTY),
    Page(200, HTML),
    Page(200, JSON),
)
"""What something in front of the service answers."""
IN_FRONT = tuple(
    Fate("a page in front", copies, page=page, lasts=lasts) for page in PAGES for copies in (0, 1) for lasts in (0, 1)
)
MIXED_UP = (
    Fate("the answer to another's", copies=0, page=Page(201, ANOTHER)),
    Fate("the answer to another's, 200", copies=0, page=Page(200, ANOTHER)),
    Fate("carried out, and the answer to another's", page=Page(200, ANOTHER)),
    Fate("body lost", body_lost=True),
    Fate("503, carried out", page=Page(503, HTML)),
    Fate("written twice, carried out, 429", page=Page(429, REFUSED), repeated=True),
    Fate("interrupted", interrupted=True),
    Fate("interrupted, and lost", copies=0, interrupted=True),
    FATES[1],
)
LooksWrong = tuple[Page | str, ...]
"""What may be wrong with a read: an answer of another's, or by name."""


@dataclass(frozen=True, kw_only=True)
class Weather:
    """What holds for a whole history."""

    name: str
    rules: Rules = USUAL
    retry: Retry = SHORT
    reads: Literal["any", "newest", "in turn"] = "any"
    """"any": whatever A2 allows is a choice, and so is what others do before each request. Else reads show the newest,
    or by turns the newest and the oldest; others act before the call, and before and after each try: fewer choices."""
    fates: tuple[Fate, ...] = FATES
    looks: LooksWrong = ("fails", "unknown status")
    shouts: bool = False
    """Whether statuses are spelt in another way than documented."""


WEATHERS = {
    weather.name: weather
    for weather in (
        Weather(name="at once"),
        Weather(name="with a lead", rules=replace(USUAL, lead=2.0)),
        # Staleness is bounded by A2, and beyond that for each look: a look is the read of the campaign and, with it, of
        # its time. Either may be stray, which is as old as the first read of the call; of two looks in a row, one is
        # not. Were that said of requests, a campaign that is in turn read stray and new would never be known.
        Weather(name="stray reads", rules=replace(USUAL, oldest=0.5), looks=("fails", "unknown status", "stray")),
        Weather(
            name="a short deadline",
            retry=replace(SHORT, deadline=2.4),
            fates=(*FATES, *SLOW),
            looks=("fails", "slow"),
        ),
        Weather(
            name="other names and clocks",
            shouts=True,
            rules=replace(USUAL, unscheduled="Unscheduled", unschedule_draft=403, ahead=-30.0, dated=FAR),
        ),
        Weather(name="pages in front", fates=IN_FRONT, looks=PAGES),
        Weather(name="mixed up", fates=MIXED_UP, looks=(Page(200, ANOTHER), "body lost", "interrupted")),
        Weather(name="a narrow limit", rules=replace(USUAL, limit=2), fates=(FATES[1], FATES[2], FATES[11])),
        Weather(name="newest reads", reads="newest", looks=()),
        Weather(name="reads in turn", reads="in turn", looks=()),
    )
}

NEAR = 200.0
"""Seconds after which a schedule is due that looks like what a send has made."""


class Script:
    """The choices of one history: those that are given, and from then on the first of each."""

    def __init__(self, weather: Weather, task: "Task", path: list[list[int]]) -> None:
        self.weather = weather
        self.faults, self.others = task.faults, task.others
        self._path = path
        """For each choice: which, of how many."""
        self._made = 0
        self._first: Snapshot | None = None
        self._strayed = self._may_stray = False

    def choose(self, options: int) -> int:
        """Return which of so many is chosen."""
        if options == 1:
            return 0
        self._made += 1
        if self._made > len(self._path):
            self._path.append([0, options])
        return self._path[self._made - 1][0]

    # --- Fortune ---

    def gap(self, caller: Caller) -> None:
        if not self.others or (self.weather.reads != "any" and caller.tries and not caller.blind):
            return
        while self.others:
            acts = list(_acts(caller))
            chosen = self.choose(1 + len(acts))
            if not chosen:
                return
            caller.tell(f"another client: {acts[chosen - 1]}")
            caller.calm = False
            caller.world.handle(acts[chosen - 1])
            self.others -= 1

    def fate(self, caller: Caller) -> Fate:
        if not self.faults:
            return FINE
        fates = self.weather.fates
        if caller.name in ("create_campaign", "send_test_campaign"):
            fates = tuple(fate for fate in fates if fate is not MIXED_UP[0])  # with no id, nobody can tell
        if caller.name == "delete_campaign" and fates[: len(FATES)] == FATES:
            fates = (*fates, NOT_FOUND_WRONGLY)
        chosen = self.choose(1 + len(fates))
        if chosen == 0:
            return FINE
        self.faults -= 1
        return fates[chosen - 1]

    def look(self, caller: Caller, part: str) -> Look:
        world = caller.world
        if self.weather.reads != "any":
            oldest = world.rules.oldest if self.weather.reads == "in turn" else 0.0
            return Look(QUICK, world.seen(oldest * (caller.requests % 2)))
        if part != "get_campaign_schedule":  # a look begins
            self._may_stray, self._strayed = not self._strayed, False
        shown = world.visible()
        wrong = self.weather.looks if self.faults else ()
        if part != "get_campaign":
            wrong = tuple(each for each in wrong if each != "unknown status")
        if not self._may_stray or self._first is None:
            wrong = tuple(each for each in wrong if each != "stray")
        chosen = self.choose(len(shown) + len(wrong))
        if chosen < len(shown):
            self._first = self._first or shown[chosen]
            return Look(QUICK, shown[chosen])
        self.faults -= 1
        kind = wrong[chosen - len(shown)]
        if isinstance(kind, Page):
            if kind.body != ANOTHER and self.choose(2):
                caller.page = kind
            return Look(QUICK, shown[0], kind)
        match kind:
            case "stray":
                self._strayed = True
                return Look(QUICK, self._first)
            case "slow":
                return Look(SLOWEST, shown[0])
            case "interrupted":
                return Look(QUICK, shown[0], interrupted=True)
            case "body lost":
                return Look(QUICK, shown[0], Page(200, b'{"id":4900,"sta'))
            case "unknown status":
                caller.statuses.add("hibernating")
                caller.moved = caller.moved or not caller.allows("Hibernating")
                id = max(world.campaigns, default=CAMPAIGN_ID)
                return Look(QUICK, shown[0], Page(200, b'{"id":%d,"status":"Hibernating"}' % id))
            case _:
                return Look(QUICK, None)

    def spelt(self, status: str) -> str:
        return f" {status.upper()}" if self.weather.shouts else status


def _acts(caller: Caller) -> Iterator[Request]:
    """Yield what others may do that the service takes and that the write depends on."""
    world, name = caller.world, caller.name
    campaign = next(reversed(world.campaigns.values()), None)
    if campaign is None or name == "create_campaign":
        return
    id, status = campaign.shown.id, campaign.shown.status

    def act(name: str, **body: Any) -> Request:
        return Request(name, id, json.dumps(body), OTHERS)

    yield act("delete_campaign")
    if name == "send_test_campaign":
        return
    match status:
        case "Draft":
            yield act("send_campaign")
            yield act("schedule_campaign", send_at=int(START + world.rules.ahead + NEAR))
            yield act("schedule_campaign", send_at=int(START + FAR))
            if name == "schedule_campaign":
                yield act("schedule_campaign", send_at=caller.send_at)
            if name == "update_campaign":
                yield act("update_campaign", title="theirs")
                yield act("update_campaign", **EDIT)
        case "Scheduled":
            yield act("unschedule_campaign")
            yield act("reschedule_campaign", send_at=int(START + 2 * FAR))
            yield act("pause")
        case "In Progress":
            yield act("pause")
    if name == "delete_campaign" and status in ("Scheduled", "In Progress", "Paused"):
        yield act("cancel")


@dataclass(frozen=True)
class Task:
    """What is explored: from one start of a write, in a weather, all histories with so many faults and acts."""

    write: str
    weather: str
    start: int = 0
    faults: int = 3
    others: int = 2

    def name(self, path: list[list[int]]) -> str:
        """Return the name of a history, which `replay` takes."""
        return "/".join(map(str, (*astuple(self), ".".join(str(number) for number, _ in path))))


def everything() -> Iterator[Task]:
    """Yield what `make simulate` explores: with few choices for reads, deep; with all of them, less so."""
    for write in WRITES.values():
        deep = write.operations[-1] in ("send_campaign", "schedule_campaign") and write.takes_id
        yield Task(write.name, "newest reads", faults=3 if write.name != "delete, stop" else 2)
        yield Task(write.name, "reads in turn", faults=3 if deep else 2)
        for start in range(len(write.starts)):
            for weather in WEATHERS.values():
                if weather.reads == "any":
                    yield Task(write.name, weather.name, start, faults=2 + (weather.name == "at once"), others=0)
                    yield Task(write.name, weather.name, start, faults=1, others=1)


def explore(task: Task, most: int = 10**9, *, stop: bool = False) -> Tally:
    """Run every history of a task, or so many at most; with `stop`, until one is wrong."""
    tally = Tally()
    path: list[list[int]] = []
    while tally.histories < most:
        caller, wrong = history(task, path)
        tally.judge(caller, wrong, task.name(path) if wrong else "")
        if wrong and stop:
            break
        while path and path[-1][0] + 1 == path[-1][1]:
            path.pop()
        if not path:
            break
        path[-1][0] += 1
    return tally


def history(task: Task, path: list[list[int]], *, log: bool = False) -> tuple[Caller, list[str]]:
    """Run one history, from an hour before the call until everything is told; return what is wrong with it."""
    write, weather = WRITES[task.write], WEATHERS[task.weather]
    world = World(weather.rules, write.starts[task.start])
    world.advance(START - 1.0 - world.now)
    script = Script(weather, task, path)
    caller = Caller(write, world, script, weather.retry, log=log)
    script.gap(caller)
    world.advance(1.0)
    caller.run()
    wrong = violations(caller)
    if caller.may_ask_outcome() and not wrong and weather.reads == "any":
        later = 9700.0 if caller.send_at is not None and script.choose(2) else 30.0
        script.others = 0
        script.faults *= "stray" in weather.looks
        world.advance(later)
        wrong = list(misjudged(caller, caller.outcome()))
    return caller, wrong


def replay(name: str) -> tuple[Caller, list[str]]:
    """Run the history of this name, and tell what happens step by step."""
    write, weather, start, faults, others, chosen = name.split("/")
    task = Task(write, weather, int(start), int(faults), int(others))
    return history(task, [[int(number), 0] for number in chosen.split(".") if number], log=True)
