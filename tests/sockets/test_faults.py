"""A few hundred of the faulty requests of `make faults`, other ones each time; and wrong rules are noticed."""

import random
from pathlib import Path
from typing import Any

import pytest

from sandbox.certificates import self_signed
from sendgrid_campaigns.protocol import proof
from sendgrid_campaigns.protocol.flow import Answer, NoAnswer
from sendgrid_campaigns.protocol.proof import Proof
from sockets.families import FAMILIES
from sockets.run import DECK, STAGES, Part, Tally
from sockets.stage import HOST

CALLS = 40

# Python's own wrap_socket leaves a socket that is reset before its handshake to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    self_signed(folder)
    return folder


@pytest.fixture
def seed() -> int:
    return random.SystemRandom().randrange(2**32)


def play(seed: int, kind: str, certificates: Path | None, numbers: Any, monkeypatch: pytest.MonkeyPatch) -> Tally:
    monkeypatch.setenv("NO_PROXY", HOST)
    if certificates:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "certificate.pem"))
    return Part(seed, kind, certificates, numbers).play()


@pytest.mark.parametrize(("kind", "tls"), STAGES)
def test_no_call_is_misjudged_and_nothing_is_left(
    certificates: Path, seed: int, kind: str, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = seed % 10_000
    tally = play(seed, kind, certificates if tls else None, range(first, first + CALLS), monkeypatch)
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
    monkeypatch.setattr(
        "sendgrid_campaigns.protocol.change.prove", lambda answer, *facts: wrong(answer) or right(answer, *facts)
    )
    places = [place for place, (family, _) in enumerate(DECK) if FAMILIES[family].name == name]
    numbers = [len(DECK) * turn + place for turn in range(CALLS) for place in places]
    tally = play(seed, "sync", None, numbers[:CALLS], monkeypatch)
    assert any("; the service answered" in problem for problem in tally.problems), f"seed {seed}"
