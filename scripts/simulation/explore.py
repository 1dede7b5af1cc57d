"""Every history of a call with few things that go wrong: which choices there are is asked again and again, depth first.

A history is a list of choices, and is run from its start. Left out is only what is equivalent: an act of somebody else
that the service would refuse, or that the write does not depend on; and a read that shows what another one shows.
"""

from collections.abc import Iterator
from math import inf
from types import ModuleType
from typing import Literal

import attrs

from sendgrid_campaigns.settings import Retry
from simulation.caller import FAR, FINE, OPERATIONS, QUICK, SLOWEST, Caller, Ended, Fate, Operation, resolve, run
from simulation.watch import Tally, misjudged, violations
from simulation.world import OTHERS, START, Rules, Snapshot, World

USUAL = Rules(oldest=1.4, tolerance=300.0)
SHORT = Retry(attempts=3, deadline=120.0, settle=1.5)
"""A settle window of three reads, at 0, 0.6 and 1.5 s: everything is as with a longer one, only sooner."""


@attrs.frozen(kw_only=True)
class Weather:
    """What holds for a whole history."""

    name: str
    rules: Rules = USUAL
    retry: Retry = SHORT
    reads: Literal["any", "newest", "in turn"] = "any"
    """"any": whatever A2 allows is a choice, and so is what others do before each read. Else reads show the newest, or
    by turns the newest and the oldest; others act before the call, and before and after each try: fewer choices."""
    stray: bool = False
    """Whether a single read may come from a cache that the call's first read has filled, however long ago."""
    slow: bool = False
    """Whether requests may be slow."""
    shouts: bool = False
    """Whether statuses are spelt in another way than documented."""


WEATHERS = {
    weather.name: weather
    for weather in (
        Weather(name="at once"),
        Weather(name="with a lead", rules=attrs.evolve(USUAL, lead=2.0)),
        Weather(name="stray reads", rules=attrs.evolve(USUAL, oldest=0.5), stray=True),
        Weather(name="a short deadline", retry=attrs.evolve(SHORT, deadline=2.4), slow=True),
        Weather(
            name="other names and clocks", shouts=True,
            rules=attrs.evolve(USUAL, unscheduled="Unscheduled", unschedule_draft=403, ahead=-30.0, dated=FAR),
        ),
        Weather(name="newest reads", reads="newest"),
        Weather(name="reads in turn", reads="in turn"),
    )
}  # fmt: skip

FATES = (
    FINE,
    Fate("never left", copies=0, left=False),
    Fate("lost on the way", copies=0, answer=None),
    Fate("answer lost", answer=None),
    Fate("late, while settling", copies=0, answer=None, later=0.3),
    Fate("late, after settling", copies=0, answer=None, later=1.65),
    Fate("late, after everything", copies=0, answer=None, later=inf),
    Fate("doubled, first answer", copies=2),
    Fate("doubled, second answer", copies=2, answer=1),
    Fate("doubled, second late", later=inf),
    Fate("forbidden", copies=0, code=403),
    Fate("refused", copies=0, code=400),
    Fate("too many", copies=0, code=429, asked=0.2),
    Fate("far too many", copies=0, code=429, asked=1000.0),
)
NOT_FOUND = Fate("not found, wrongly", copies=0, code=404)
SLOW = (Fate("slow", seconds=SLOWEST), Fate("answer lost after long", answer=None, seconds=SLOWEST))

NEAR = 200.0
"""Seconds after which a schedule is due that looks like what a send has made."""


class Script:
    """The choices of one history: those that it is given, and from then on the first of each."""

    def __init__(self, weather: Weather, task: "Task", path: list[list[int]]) -> None:
        self.weather = weather
        self.faults, self.others = task.faults, task.others
        self._strayed = False
        self._first: Snapshot | None = None
        self._path = path
        """For each choice: which, of how many."""
        self._made = 0

    def choose(self, options: int) -> int:
        if options == 1:
            return 0
        self._made += 1
        if self._made > len(self._path):
            self._path.append([0, options])
        return self._path[self._made - 1][0]

    # --- Fortune ---

    def gap(self, caller: Caller) -> None:
        if not self.others or (self.weather.reads != "any" and caller.reading and not caller.blind):
            return
        world = caller.world
        while self.others:
            acts = list(_acts(caller.operation, world))
            chosen = self.choose(1 + len(acts))
            if not chosen:
                return
            what, value = acts[chosen - 1]
            caller.tell(f"somebody else: {what}")
            caller.calm = False
            caller.world.handle(what, value, OTHERS)
            self.others -= 1

    def fate(self, caller: Caller) -> Fate:
        fates = FATES[: len(FATES) if self.faults else 1]
        if self.faults and caller.operation.what == "delete":
            fates = (*fates, NOT_FOUND)
        if self.faults and self.weather.slow:
            fates = (*fates, *SLOW)
        fate = fates[self.choose(len(fates))]
        self.faults -= fate is not FINE
        return fate

    def glance(self, caller: Caller) -> tuple[float, Snapshot | None, str]:
        world = caller.world
        match self.weather.reads:
            case "any":
                shown = world.visible()
            case "newest":
                snapshot = world.seen(0.0)
                return QUICK, snapshot, self._spelt(snapshot)
            case "in turn":
                snapshot = world.seen(world.rules.oldest * (caller.reads % 2))
                return QUICK, snapshot, self._spelt(snapshot)
        strays = self.weather.stray and not self._strayed and self.faults and self._first is not None
        faults = (2 + bool(strays) + self.weather.slow) if self.faults else 0
        chosen = self.choose(len(shown) + faults)
        self._strayed = False
        if chosen < len(shown):
            snapshot = shown[chosen]
            self._first = self._first or snapshot
            return QUICK, snapshot, self._spelt(snapshot)
        self.faults -= 1
        chosen -= len(shown)
        if chosen == 0:
            return QUICK, None, ""
        if chosen == 1:
            caller.calm = False
            return QUICK, shown[0], "Hibernating"
        if chosen == 2 and strays:
            self._strayed = True
            assert self._first is not None
            return QUICK, self._first, self._spelt(self._first)
        return SLOWEST, shown[0], self._spelt(shown[0])

    def _spelt(self, snapshot: Snapshot) -> str:
        return f" {snapshot.status.upper()}" if self.weather.shouts else snapshot.status


def _acts(operation: Operation, world: World) -> Iterator[tuple[str, float | str]]:
    """What others may do that the service takes and that the write depends on."""
    if operation.what == "create" or not world.exists:
        return
    yield "delete", 0
    if operation.what == "test":
        return
    match world.status:
        case "Draft":
            yield "send", 0
            yield "schedule", START + world.rules.ahead + NEAR
            yield "schedule", START + FAR
            if operation.action == "scheduled":
                yield "schedule", operation.value
            if operation.what == "update":
                yield "update", "theirs"
                yield "update", operation.value
        case "Scheduled":
            yield "unschedule", 0
            yield "reschedule", START + 2 * FAR
            yield "pause", 0
        case "In Progress":
            yield "pause", 0
        case _:
            pass
    if operation.what == "delete" and world.status in ("Scheduled", "In Progress", "Paused"):
        yield "cancel", 0


@attrs.frozen
class Task:
    """What is explored: from one start of an operation, in a weather, all histories with so many faults and acts."""

    operation: str
    weather: str
    start: int = 0
    faults: int = 3
    others: int = 2

    def name(self, path: list[list[int]]) -> str:
        chosen = ".".join(str(number) for number, _ in path)
        return "/".join(map(str, (*attrs.astuple(self), chosen)))


def everything() -> Iterator[Task]:
    """What `make simulate` explores: with few choices for reads, deep; with all of them, less so."""
    for operation in OPERATIONS.values():
        # With stop, delete may be tried in every state: that makes more histories of it, and no other ones.
        yield Task(operation.name, "newest reads", faults=2 if operation.name == "delete, stop" else 3)
        yield Task(operation.name, "reads in turn", faults=3 if operation.what in ("send", "schedule") else 2)
        for start in range(len(operation.starts)):
            for weather in WEATHERS.values():
                if weather.reads == "any":
                    yield Task(operation.name, weather.name, start, faults=2 + (weather.name == "at once"), others=0)
                    yield Task(operation.name, weather.name, start, faults=1, others=1)


def explore(outcome: ModuleType, task: Task, most: int = 10**9, stop: bool = False) -> Tally:
    """Run every history of a task, or so many at most; with `stop`, until one is wrong."""
    tally = Tally()
    path: list[list[int]] = []
    while tally.histories < most:
        ended, wrong = history(outcome, task, path)
        tally.judge(ended, wrong, task.name(path) if wrong else "")
        if wrong and stop:
            break
        while path and path[-1][0] + 1 == path[-1][1]:
            path.pop()
        if not path:
            break
        path[-1][0] += 1
    return tally


def history(outcome: ModuleType, task: Task, path: list[list[int]], log: bool = False) -> tuple[Ended, list[str]]:
    """One history, from an hour before the call until everything is told, and what is wrong with it."""
    operation, weather = OPERATIONS[task.operation], WEATHERS[task.weather]
    world = World(weather.rules, *operation.starts[task.start])
    world.advance(START - 1.0 - world.now)
    script = Script(weather, task, path)
    caller = Caller(outcome, operation, world, script, weather.retry, log=log)
    script.gap(caller)
    world.advance(1.0)
    ended = run(caller)
    wrong = violations(ended)
    if ended.kind == "unknown" and caller.aim is not None and not wrong and weather.reads == "any":
        later = 9700.0 if operation.action in ("scheduled", "rescheduled") and script.choose(2) else 30.0
        script.others = 0
        script.faults *= weather.stray
        world.advance(later)
        wrong = list(misjudged(ended, resolve(ended)))
    return ended, wrong


def replay(outcome: ModuleType, name: str) -> tuple[Ended, list[str]]:
    """The history of this name, with what happened told step by step."""
    operation, weather, start, faults, others, chosen = name.split("/")
    task = Task(operation, weather, int(start), int(faults), int(others))
    return history(outcome, task, [[int(number), 0] for number in chosen.split(".") if number], log=True)
