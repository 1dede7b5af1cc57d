"""A few hundred of the faulty requests of `make faults`, other ones each time; and wrong rules are noticed."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sendgrid_campaigns.protocol import proof
from sendgrid_campaigns.protocol.flow import Answer, NoAnswer
from sendgrid_campaigns.protocol.proof import Proof
from sockets.families import FAMILIES
from sockets.run import DECK, STAGES, play

CALLS = 25

# Python's own wrap_socket leaves a socket that is reset before its handshake to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture
def seed() -> int:
    return random.SystemRandom().randrange(2**32)


@pytest.mark.parametrize(("name", "tls"), STAGES)
def test_no_call_is_misjudged_and_nothing_is_left(trusted: Path, seed: int, name: str, tls: bool) -> None:
    first = seed % 10_000
    tally = play(seed, name, trusted if tls else None, range(first, first + CALLS))
    problems = "\n".join(tally.problems)
    assert not problems, f"{problems}\nagain: PYTHONPATH=tests python -m sockets.run --seed {seed} --call <its name>"
    assert tally.faulty.total() > CALLS / 2, f"seed {seed}"
    assert not any(tally.left.values()), f"seed {seed}: {tally.left}"


WRONG: dict[str, tuple[Sequence[int], Proof]] = {
    "F9 read whole, and no answer": ([0], Proof.NOT_SENT),
    "F15-F17 5xx": (range(500, 600), Proof.REJECTED),
    "F14 another 2xx": (range(200, 300), Proof.ACCEPTED),
    "R4 a front end's page answers a write": (range(400, 500), Proof.REJECTED),
}
"""By the family that shows it: the codes (0: no answer) that are wrongly taken for a proof."""


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_noticed(seed: int, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right, (codes, wrong) = proof.prove, WRONG[name]

    def prove(answer: Answer | NoAnswer, operation: Any, *facts: Any) -> Any:
        tried = right(answer, operation, *facts)
        is_wrong = operation.method != "GET" and (getattr(answer, "status_code", None) or 0) in codes
        return replace(tried, proof=wrong) if is_wrong else tried

    monkeypatch.setattr("sendgrid_campaigns.protocol.call.prove", prove)
    places = [place for place, (family, _) in enumerate(DECK) if FAMILIES[family].name == name]
    numbers = [len(DECK) * turn + place for turn in range(CALLS) for place in places]
    tally = play(seed, "sync", None, numbers[:CALLS])
    assert any("; the service answered" in problem for problem in tally.problems), f"seed {seed}"
