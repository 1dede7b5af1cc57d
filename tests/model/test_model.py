"""The short form of `make simulate`: see simulate.py."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from random import SystemRandom

import pytest

from model import explore, sample, simulate
from model.caller import Caller, in_bulk
from model.judge import Tally
from model.mutants import MUTANTS, Gone, Mutant, planted

WRONG_ONCE = {
    "delete/a short deadline/0/2/0/0.1.2": "a delete after the deadline",
    "send/a short deadline/0/2/0/0.1.5.1.0": "a read of the time after the deadline",
    "send_once/a short deadline/1/2/0/1.2": "a page of the list after the deadline",
    "send_once/at once/2/3/0/0.0.0.0.1.1.1": 'edited the draft, and "this call changed nothing"',
    "single sends, a long window/219": "mail that began at the chosen time was unknown for ever",
    "single sends, SS1 off, each request once/464": "a PUT that had waited for a 429, a few seconds before its time",
    "single sends, as documented/378": "the 404 of a second PUT now",
    "single sends, clocks, past times/2170": "the 400 of a second PUT of a time that was taken though past",
}
"""Names of histories that were wrong once. When the choices or the draws change, a name means another history."""


@pytest.fixture(autouse=True)
def bulk() -> Iterator[None]:
    with in_bulk():
        yield


def shown(tally: Tally) -> str:
    return "\n".join(f"{line}: python -m model.simulate --replay '{name}'" for line, name in tally.wrong)


def facts(caller: Caller, wrong: list[str]) -> object:
    (kind, value, error, warned), world = caller.end, caller.world
    return wrong, kind, repr(value), error and vars(error), warned, caller.told, world.snapshots, world.mailings


@pytest.mark.parametrize("write", explore.WRITES)
def test_no_short_history_is_wrong(write: str) -> None:
    found = Tally()
    for task in explore.everything():
        if task.write == write and not task.others:
            found.add(explore.explore(replace(task, faults=1), most=60))
    found.add(explore.explore(explore.Task(write, "newest reads", faults=1, others=1)))
    assert found.histories > 20
    assert not found.wrong, shown(found)


@pytest.mark.parametrize("write", ["send", "send_once", "delete", "reschedule", "single ensure_sent"])
def test_a_history_among_others_is_what_it_is_alone(write: str) -> None:
    for weather, others in zip(explore.WEATHERS, cycle((0, 1)), strict=False):
        search = explore.Search(explore.Task(write, weather, faults=2, others=others))
        for caller, wrong in islice(search.histories(), 0, 100, 9):
            assert facts(caller, wrong) == facts(*explore.replay(search.task.name(search.path)))


def test_no_random_history_is_wrong() -> None:
    for setting in (*sample.INSIDE, *sample.SINGLE_INSIDE):
        tally = sample.tally(SystemRandom().randrange(10**9), 135, setting)
        assert not tally.wrong, shown(tally)


@pytest.mark.parametrize("name", WRONG_ONCE)
def test_what_was_wrong_once_is_right(name: str) -> None:
    _, wrong = sample.replay(name)
    assert wrong == []


@pytest.mark.parametrize("off", ["A1", "SS1"])
def test_a_campaign_mailed_twice_would_be_seen(off: str) -> None:
    tally = sample.tally(1, 300, off)
    assert tally.twice > 0
    assert tally.naive_twice > 0
    assert any(line.startswith("I1") for line, _ in tally.wrong)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_wrong_protocol_is_caught(mutant: Mutant) -> None:
    with planted(mutant):
        assert sample.replay(mutant.where)[1] != []


def test_there_are_enough_wrong_protocols() -> None:
    assert len(MUTANTS) >= 87


def test_a_mutant_of_syntax_that_is_gone_is_said() -> None:
    with pytest.raises(Gone, match="mend the mutant"), planted(Mutant("of old", "proof.prove", {"no_such": "1"}, "")):
        pass


def test_what_is_wrong_is_complained_about() -> None:
    report = simulate.Report(seed=7)
    report.rows["A1"].twice = report.rows["SS1"].twice = 1
    assert list(report.complaints()) == []
    report.missed.append("of old")
    report.rows["A1"].twice = 0
    report.rows[simulate.EXPLORED] = Tally(wrong=[("I1: it is mailed twice", "send/at once/0/1/0/0.3")])
    assert list(report.complaints()) == [
        "I1: it is mailed twice: python -m model.simulate --replay 'send/at once/0/1/0/0.3'",
        "a wrong protocol is not caught: of old",
        "with A1 off, nothing is mailed twice: then this would not see it either",
    ]
