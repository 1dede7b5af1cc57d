"""A few hundred of the faulty requests of `make faults`, other ones each time; and wrong rules are noticed."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sendgrid_campaigns.protocol import proof
from sendgrid_campaigns.protocol.flow import Answer, NoAnswer
from sendgrid_campaigns.protocol.proof import Proof
from sockets.families import FAMILIES
from sockets.run import DECK, STAGES, Part

CALLS = 40

# Python's own wrap_socket leaves a socket that is reset before its handshake to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture
def seed() -> int:
    return random.SystemRandom().randrange(2**32)


@pytest.mark.parametrize(("name", "tls"), STAGES)
def test_no_call_is_misjudged_and_nothing_is_left(trusted: Path, seed: int, name: str, tls: bool) -> None:
    first = seed % 10_000
    tally = Part(seed, name, trusted if tls else None, range(first, first + CALLS)).play()
    problems = "\n".join(tally.problems)
    assert not problems, f"{problems}\nagain: PYTHONPATH=tests python -m sockets.run --seed {seed} --call <its name>"
    assert tally.faulty > CALLS / 2, f"seed {seed}"
    assert (tally.descriptors, tally.threads) == (0, 0), f"seed {seed}"


def no_answer_is_not_sent(answer: Answer | NoAnswer) -> Proof | None:
    return Proof.NOT_SENT if isinstance(answer, NoAnswer) else None


def server_errors_are_refusals(answer: Answer | NoAnswer) -> Proof | None:
    return Proof.REJECTED if isinstance(answer, Answer) and answer.status_code >= 500 else None


def each_2xx_is_success(answer: Answer | NoAnswer) -> Proof | None:
    return Proof.ACCEPTED if isinstance(answer, Answer) and 200 <= answer.status_code < 300 else None


def pages_are_refusals(answer: Answer | NoAnswer) -> Proof | None:
    return Proof.REJECTED if isinstance(answer, Answer) and 400 <= answer.status_code < 500 else None


WRONG = {
    "read whole, and no answer": no_answer_is_not_sent,
    "5xx": server_errors_are_refusals,
    "another 2xx": each_2xx_is_success,
    "a front end's page answers a write": pages_are_refusals,
}
"""By the family that shows it."""


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_noticed(seed: int, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right, wrong = proof.prove, WRONG[name]

    def prove(answer: Answer | NoAnswer, operation: Any, *facts: Any) -> Any:
        tried = right(answer, operation, *facts)
        proven = None if operation.method == "GET" else wrong(answer)
        return tried if proven is None else replace(tried, proof=proven)

    monkeypatch.setattr("sendgrid_campaigns.protocol.call.prove", prove)
    places = [place for place, (family, _) in enumerate(DECK) if FAMILIES[family].name == name]
    numbers = [len(DECK) * turn + place for turn in range(CALLS) for place in places]
    tally = Part(seed, "sync", None, numbers[:CALLS]).play()
    assert any("; the service answered" in problem for problem in tally.problems), f"seed {seed}"
