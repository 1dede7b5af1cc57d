"""Every history of a call with few things that go wrong: which choices there are is asked again and again, depth first.

A history is a list of choices, and is run from where it differs from the last one. Left out is only what is
equivalent: an act of another client that the service would refuse, or that the write does not depend on; and a read
that shows what another one shows.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from math import inf
from typing import Any, TypeVar

from model.caller import ANOTHER, FINE, HTML, JSON, QUICK, SLOWEST, TEXT, Caller, Fate, Flows, Fortune, Look, Page
from model.judge import Tally, misjudged, violations
from model.service import NOT_FOUND, OTHERS, REFUSED, START, Request, Rules
from model.single_sends import SINGLE_WRITES, SingleSends, world_of
from scenarios import EDIT, FAR
from scenarios import WRITES as LEGACY_WRITES
from sendgrid_campaigns import Retry

T = TypeVar("T")
WRITES = {**LEGACY_WRITES, **SINGLE_WRITES}
USUAL = Rules(oldest=1.4, tolerance=300.0)
SHORT = Retry(attempts=3, deadline=120.0, settle=1.5)
"""A read-back window of three looks, at 0, 0.6 and 1.5 s: everything is as with a longer one, only sooner."""
SHORTER = Retry(attempts=2, deadline=120.0, settle=0.6)
"""A window of two looks."""
FRESH = replace(USUAL, oldest=0.5)

FATES = (
    Fate("never left", copies=0, left=False),
    Fate("lost on the way", copies=0, answer=None),
    Fate("answer lost", answer=None),
    Fate("late, within the window", copies=0, answer=None, later=0.3),
    Fate("late, after a window", copies=0, answer=None, later=1.65),
    Fate("late, after everything", copies=0, answer=None, later=inf),
    Fate("doubled, first answer", copies=2),
    Fate("doubled, second answer", copies=2, answer=1),
    Fate("doubled, second late", later=inf),
    Fate("forbidden", copies=0, page=Page(403, REFUSED)),
    Fate("refused", copies=0, page=Page(400, REFUSED)),
    Fate("too many", copies=0, page=Page(429, REFUSED, 0.2)),
    Fate("far too many", copies=0, page=Page(429, HTML, 1000.0)),
)
NOT_FOUND_WRONGLY = Fate("not found, wrongly", copies=0, page=Page(404, NOT_FOUND))
SLOW = (Fate("slow", seconds=SLOWEST), Fate("answer lost after long", answer=None, seconds=SLOWEST))
_PAGES = (404, HTML), (404, JSON), (403, JSON), (401, TEXT), (400, HTML), (406, b""), (200, HTML), (200, JSON)
PAGES = tuple(Page(code, body) for code, body in _PAGES)
"""What something in front of the service answers."""
IN_FRONT = tuple(
    Fate("a page in front", copies, page=page, lasts=lasts)
    for page in PAGES
    for copies in (0, 1)
    for lasts in (False, True)
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
WITHOUT_ID = ("create_campaign", "send_test_campaign")
"""Of these, nobody can tell that an answer is another's."""


@dataclass(frozen=True)
class Weather:
    """What holds for a whole history."""

    rules: Rules = USUAL
    retry: Retry = SHORT
    fates: tuple[Fate, ...] = FATES
    looks: tuple[Page | str, ...] = ("fails", "unknown status")  # what may be wrong with a read
    turn: float | None = None
    """None: whatever A2 allows a read to show is a choice, and so is what others do before each request. Else reads
    show by turns the newest and what is so old; others act before the call, and around each try: fewer choices."""
    shouts: bool = False  # whether statuses are spelt in another way than documented


OTHER_WAYS: Mapping[str, Any] = {"hides_now": True, "updates_scheduled": True, "refuses": 403}
"""Of single sends: SS5, SS10, and the code of a refusal."""
WEATHERS = {
    "at once": Weather(),
    "with a lead": Weather(rules=replace(USUAL, lead=2.0)),
    "stray reads": Weather(rules=FRESH, looks=("fails", "unknown status", "stray")),
    "a short deadline": Weather(retry=replace(SHORT, deadline=2.4), fates=FATES + SLOW, looks=("fails", "slow")),
    "other names and clocks": Weather(
        shouts=True,
        rules=replace(FRESH, unscheduled="Unscheduled", unschedule_draft=403, ahead=-30.0, jump=2 * FAR, **OTHER_WAYS),
        retry=SHORTER,
    ),
    "pages in front": Weather(FRESH, SHORTER, fates=IN_FRONT, looks=PAGES),
    "mixed up": Weather(FRESH, SHORTER, fates=MIXED_UP, looks=(Page(200, ANOTHER), "body lost", "interrupted")),
    "a narrow limit": Weather(replace(FRESH, limit=2), SHORTER, fates=(FATES[1], FATES[2], FATES[11])),
    "newest reads": Weather(FRESH, SHORTER, turn=0.0, looks=()),
    "reads in turn": Weather(FRESH, SHORTER, turn=0.5, looks=()),
}


class Script(Fortune):
    """The choices of one history: those that are given, and from then on the first of each."""

    def __init__(self, search: "Search") -> None:
        self.search, self.weather = search, search.weather
        self.spelt = (lambda status: f" {status.upper()}") if self.weather.shouts else str
        self.faults, self.others = search.task.faults, search.task.others
        self.made = 0  # choices

    def choose(self, options: int) -> int:
        if options == 1:
            return 0
        path = self.search.path
        self.made += 1
        if self.made > len(path):
            path.append([0, options])
        return min(path[self.made - 1][0], options - 1)

    def gap(self, caller: Caller) -> None:
        looks = self.weather.turn is None and len(caller.world.visible()) > 1
        if caller.told and (self.faults or self.others or looks):
            self.search.keep(caller, self)  # for there may be a choice
        if self.weather.turn is not None and caller.tries and not caller.blind:
            return
        while self.others:
            acts = list(_acts(caller))
            chosen = self.choose(1 + len(acts))
            if not chosen:
                return
            caller.tell("another client", acts[chosen - 1])
            caller.calm = False
            caller.world.handle(acts[chosen - 1])
            self.others -= 1

    def fate(self, caller: Caller) -> Fate:
        fates = (FINE, *self.weather.fates) if self.faults else (FINE,)
        if caller.name in WITHOUT_ID:
            fates = tuple(fate for fate in fates if fate is not MIXED_UP[0])
        elif caller.name == "delete_campaign" and FATES[-1] in fates:
            fates = (*fates, NOT_FOUND_WRONGLY)
        fate = fates[self.choose(len(fates))]
        self.faults -= fate is not FINE
        return fate

    def look(self, caller: Caller, part: str) -> Look:
        world = caller.world
        if self.weather.turn is not None:
            return Look(QUICK, world.seen(self.weather.turn * (caller.requests % 2)))
        shown = world.visible()
        impossible = [] if self.begin(part) else ["stray"]
        if part != "get_campaign" or shown[0].of(caller.reads_of) is None:
            impossible.append("unknown status")
        wrong = [each for each in self.weather.looks if each not in impossible] if self.faults else []
        chosen = self.choose(len(shown) + len(wrong))
        if chosen < len(shown):
            self.first = self.first or shown[chosen]
            return Look(QUICK, shown[chosen])
        self.faults -= 1
        kind = wrong[chosen - len(shown)]
        if isinstance(kind, Page):
            if kind.body != ANOTHER and self.choose(2):
                caller.page = kind
            return Look(QUICK, shown[0], kind)
        if kind == "unknown status":
            return Look(QUICK, shown[0], hibernating(caller))
        self.strayed = kind == "stray"
        return {
            "stray": Look(QUICK, self.first),
            "slow": Look(SLOWEST, shown[0]),
            "interrupted": Look(QUICK, shown[0], interrupted=True),
            "body lost": Look(QUICK, shown[0], Page(200, b'{"id":4900,"sta')),
            "fails": Look(QUICK, None),
        }[kind]


def hibernating(caller: Caller) -> Page:
    """Return a read of the campaign with a status that nobody knows."""
    caller.saw("Hibernating")
    return Page(200, f'{{"id":{caller.world.id_of(caller.reads_of)},"status":"Hibernating"}}'.encode())


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
    if status == "Draft":
        yield act("send_campaign")
        yield act("schedule_campaign", send_at=int(START + world.rules.ahead + 200))  # what a send looks like
        yield act("schedule_campaign", send_at=int(START + FAR))
        if name == "schedule_campaign" and caller.send_at is not None:
            yield act("schedule_campaign", send_at=caller.send_at)
        if name == "update_campaign":
            yield act("update_campaign", title="theirs")
            yield act("update_campaign", **EDIT)
    if status == "Scheduled":
        yield act("unschedule_campaign")
        yield act("reschedule_campaign", send_at=int(START + 2 * FAR))
    if isinstance(world, SingleSends):
        return
    if status in ("Scheduled", "In Progress"):
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
        return "/".join(map(str, (*astuple(self), ".".join(str(number) for number, _ in path))))


def everything() -> Iterator[Task]:
    """Yield what `make simulate` explores: with few choices for reads, deep; with all of them, less so."""
    for write in WRITES.values():
        deep = write.operations[-1] in ("send_campaign", "schedule_campaign") and write.takes_id
        yield Task(write.name, "newest reads", faults=2 + deep)
        yield Task(write.name, "reads in turn", faults=2)
        for start in range(len(write.starts)):
            for name, weather in WEATHERS.items():
                if weather.turn is None:
                    yield Task(write.name, name, start, faults=2 + (name == "at once"), others=0)
                    if not start or name not in ("a short deadline", "pages in front"):
                        yield Task(write.name, name, start, faults=1, others=1)


class Search:
    """The histories of a task, one after another: each begins with a copy of the call up to where choices differ."""

    def __init__(self, task: Task, path: list[list[int]] | None = None, *, log: bool = False) -> None:
        self.task, self.log = task, log
        self.write, self.weather = WRITES[task.write], WEATHERS[task.weather]
        self.path = path or []  # for each choice: which, of how many
        self._flows = Flows(self.write, self.weather.retry, self.weather.rules)
        self._kept: dict[int, tuple[Caller, Script]] = {}  # just before a request, by how many choices were made

    def keep(self, caller: Caller, script: Script) -> None:
        """Keep a copy of a call that is about to make a request."""
        caller, world = _copy(caller), _copy(caller.world)
        world.campaigns = {id: _copy(campaign) for id, campaign in world.campaigns.items()}
        caller.world, caller.fortune = world, _copy(script)
        self._kept[script.made] = caller, caller.fortune

    def histories(self) -> Iterator[tuple[Caller, list[str]]]:
        """Run one history after another; yield each, with what is wrong with it."""
        while True:
            yield self._history()
            while self.path and self.path[-1][0] + 1 == self.path[-1][1]:
                self.path.pop()
            if not self.path:
                return
            self.path[-1][0] += 1
            self._kept = {made: kept for made, kept in self._kept.items() if made < len(self.path)}

    def _history(self) -> tuple[Caller, list[str]]:
        """Run one history, from an hour before the call until everything is told."""
        if self._kept:
            caller, script = self._kept.popitem()[1]
        else:
            world = world_of(self.write, self.weather.rules, self.write.starts[self.task.start])
            script = Script(self)
            world.advance(START - 1.0 - world.now)
            caller = Caller(self._flows, world, script, log=self.log)
            script.gap(caller)
            world.advance(1.0)
        if not caller.kind:
            caller.run()
            wrong = violations(caller)
            if wrong or not caller.may_ask_outcome() or self.weather.turn is not None:
                return caller, wrong
            later = 9700.0 if caller.send_at is not None and script.choose(2) else 30.0
            script.others = 0
            script.faults *= "stray" in self.weather.looks
            caller.world.advance(later)
        return caller, list(misjudged(caller, caller.outcome()))


def _copy(of: T) -> T:
    """Return a copy whose lists, sets and dictionaries are its own."""
    copy = object.__new__(type(of))
    own = list, set, dict
    vars(copy).update({name: value.copy() if type(value) in own else value for name, value in vars(of).items()})
    return copy


def explore(task: Task, most: int = 10**9, *, stop: bool = False) -> Tally:
    """Run every history of a task, or so many at most; with `stop`, until one is wrong."""
    search, tally = Search(task), Tally()
    for caller, wrong in search.histories():
        tally.judge(caller, wrong, task.name(search.path) if wrong else "")
        if (wrong and stop) or tally.histories == most:
            break
    return tally


def replay(name: str) -> tuple[Caller, list[str]]:
    """Run the history of this name, and tell what happens step by step."""
    write, weather, start, faults, others, chosen = name.split("/")
    task = Task(write, weather, int(start), int(faults), int(others))
    path = [[int(number), 0] for number in chosen.split(".") if number]
    return next(Search(task, path, log=True).histories())
