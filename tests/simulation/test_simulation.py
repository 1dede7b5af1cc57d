"""The short forms of `make simulate`, and the model held against the sandbox."""

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random, SystemRandom

import attrs
import httpx
import pytest

from sendgrid_campaigns import outcome
from sendgrid_campaigns.sandbox import Knobs, Sandbox

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import simulate  # noqa: E402
from simulation import chance, explore  # noqa: E402
from simulation.mutants import MUTANTS, Gone, Mutant, caught, machine  # noqa: E402
from simulation.watch import Tally  # noqa: E402
from simulation.world import OTHERS, START, Rules, World  # noqa: E402

SEEDS = [
    line.partition("#")[0].strip()
    for line in (Path(__file__).parent / "seeds.txt").read_text("utf-8").splitlines()
    if line.partition("#")[0].strip()
]


def shown(tally: Tally) -> str:
    return "\n".join(f"{line}: scripts/simulate.py --replay '{name}'" for line, name in tally.wrong)


# --- every short history ---


@pytest.mark.parametrize("operation", explore.OPERATIONS)
def test_no_short_history_is_wrong(operation: str) -> None:
    # Those whose reads are two requests have many histories: here, only those without a fault.
    faults = 0 if operation in ("reschedule", "schedule later") else 1
    found = explore.explore(outcome, explore.Task(operation, "at once", 0, faults, others=1))
    for task in explore.everything():
        if task.operation == operation and task.others == 0:
            found.add(explore.explore(outcome, attrs.evolve(task, faults=1)))
    assert found.violations == 0, shown(found)


# --- by chance ---


def test_no_history_by_chance_is_wrong() -> None:
    first = SystemRandom().randrange(10**9)
    for tally in chance.tally(outcome, first, 5_000).values():
        assert tally.violations == 0, shown(tally)


@pytest.mark.parametrize("name", SEEDS)
def test_what_was_wrong_once_is_right(name: str) -> None:
    _, wrong = (explore if name.count("/") > 1 else chance).replay(outcome, name)
    assert wrong == []


def test_a_campaign_mailed_twice_would_be_seen() -> None:
    tally = chance.tally(outcome, 1, 1_000, "A1")["A1"]
    assert tally.twice > 0
    assert tally.naive_twice > 0
    assert any(line.startswith("I1") for line, _ in tally.wrong)


# --- wrong machines ---


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_wrong_machine_is_caught(mutant: Mutant) -> None:
    assert caught(mutant, most=20_000) is not None


def test_there_are_enough_wrong_machines() -> None:
    text = (ROOT / "scripts" / "simulation" / "mutants.txt").read_text("utf-8")
    assert len(MUTANTS) == sum(line.endswith("]") and line[0] not in "-+#" for line in text.splitlines() if line) >= 20
    assert all(mutant.changes for mutant in MUTANTS)


def test_a_mutant_of_text_that_is_gone_is_said() -> None:
    with pytest.raises(Gone, match="0 times; mend the mutant"):
        machine(Mutant("of old", ("send",), (("no such text", ""),)))


# --- what is printed ---


def test_a_history_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.replay("send/at once/0/1/0/0.3") == 0
    told = capsys.readouterr().out
    assert "send, try 1: answer lost" in told
    assert "concluded: done, known from the read-back" in told
    assert simulate.replay(str(SystemRandom().randrange(10**9))) == 0


def test_what_is_missing_or_wrong_is_complained_about() -> None:
    report = simulate.Report(seed=7)
    assert "with A1 off" in next(report.complaints())
    report.sections[simulate.OFF]["A1"].twice = 1
    assert list(report.complaints()) == []
    report.mutants["of old"] = None
    report.sections[simulate.EXPLORED]["send"].wrong.append(("I1: it is mailed twice", "send/at once/0/1/0/0.3"))
    assert list(report.complaints()) == [
        "I1: it is mailed twice: scripts/simulate.py --replay 'send/at once/0/1/0/0.3'",
        "a wrong machine is not caught: of old",
    ]
    assert all(len(line) <= 120 for line in simulate.lines(report))


# --- the model and the sandbox ---

PATHS = {
    "send": ("POST", "/v3/campaigns/4900/schedules/now"),
    "schedule": ("POST", "/v3/campaigns/4900/schedules"),
    "reschedule": ("PATCH", "/v3/campaigns/4900/schedules"),
    "unschedule": ("DELETE", "/v3/campaigns/4900/schedules"),
    "update": ("PATCH", "/v3/campaigns/4900"),
    "delete": ("DELETE", "/v3/campaigns/4900"),
    "create": ("POST", "/v3/campaigns"),
    "test": ("POST", "/v3/campaigns/4900/schedules/test"),
}
WEB = {"pause": "Paused", "cancel": "Canceled"}


@attrs.frozen
class Both:
    """The model and the sandbox, side by side."""

    world: World
    sandbox: Sandbox
    http: httpx.Client

    def advance(self, seconds: float) -> None:
        self.world.advance(seconds)
        self.sandbox.advance(seconds)

    def do(self, what: str, value: float | str) -> tuple[int, int]:
        """The status codes of both."""
        said = self.world.handle(what, value, OTHERS)
        if what in WEB:
            if said == 200:
                self.sandbox.set_status(4900, WEB[what])
            return said, said
        method, path = PATHS[what]
        body = {
            "schedule": {"send_at": value},
            "reschedule": {"send_at": value},
            "update": {"title": value},
            "create": {"title": "March (once x)"},
            "test": {"to": "somebody@example.com"},
        }.get(what)
        return said, self.http.request(method, path, json=body).status_code

    def seen(self, age: float) -> Iterator[tuple[object, object]]:
        """What reads show of both, part by part."""
        self.advance(0.0)
        snapshot = self.world.seen(age)
        read = self.http.get("/v3/campaigns/4900")
        assert (read.status_code == 200) == snapshot.exists
        if snapshot.exists:
            campaign = read.json()
            yield snapshot.status, campaign["status"]
            yield snapshot.title, campaign["title"]
            send_at = None if snapshot.send_at is None else int(snapshot.send_at)
            yield send_at, self.http.get("/v3/campaigns/4900/schedules").json()["send_at"]
        page = self.http.get("/v3/campaigns", params={"limit": 100}).json()["result"]
        yield snapshot.made, sum(campaign["title"].endswith("(once x)") for campaign in page)
        yield len(self.world.mailings), len(self.sandbox.mailings(4900))


@pytest.mark.parametrize("number", range(12))
def test_the_model_does_as_the_sandbox(number: int) -> None:
    seed = SystemRandom().randrange(10**9)
    dice = Random(seed)  # noqa: S311 - no secret
    race = dice.choice((0.0, 0.0, 5.0))
    rules = Rules(
        lead=0.0 if race else dice.choice((0.0, 4.0, 100.0)),
        duration=dice.choice((10.0, 60.0)),
        tolerance=dice.choice((0.0, 300.0)),
        unscheduled=dice.choice(("Draft", "Draft", "Unscheduled")),
        unschedule_draft=dice.choice((204, 403)),
        race=race,
    )
    age = dice.choice((0.0, 0.0, 3.0, 40.0))
    knobs = Knobs(
        lead=rules.lead,
        duration=rules.duration,
        past_tolerance=rules.tolerance,
        unscheduled_status=rules.unscheduled,
        unschedule_draft=rules.unschedule_draft,  # type: ignore[arg-type]
        race=race,
        staleness=age,
    )
    world = World(rules, title="March Newsletter")
    world.advance(START - world.now)
    with (
        Sandbox(knobs=knobs, clock=lambda: START) as sandbox,
        httpx.Client(
            transport=sandbox.transport(),
            base_url="https://api.sendgrid.com",
            headers={"Authorization": "Bearer SG.sandbox"},
        ) as http,
    ):
        both = Both(world, sandbox, http)
        common = ("send", "schedule", "reschedule", "unschedule", "update", "schedule", "unschedule")
        for step in range(25):
            what = dice.choice((*common, *common, "create", "test", *WEB, *(["delete"] if step > 15 else [])))
            value: float | str = int(world.now) + dice.choice((-400, -100, 0, 1, 5, 1000))
            if what == "update":
                value = dice.choice(("theirs", "ours"))
            codes = both.do(what, value)
            assert codes[0] == codes[1], f"seed {seed}, step {step}: {what} {value}"
            for ours, real in both.seen(age):
                assert ours == real, f"seed {seed}, step {step}: after {what} {value}"
            both.advance(dice.choice((0.0, 0.25, 1.0, 5.0, 30.0)))
