"""A few hundred of the faulty requests of `make faults`, other ones each time."""

import importlib.util
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from sendgrid_campaigns import exchange
from sendgrid_campaigns.exchange import Answer, NoAnswer, Verdict

SCRIPTS = Path(__file__).parents[2] / "scripts"
STAGES = [("sync", False), ("async", False), ("sync", True), ("async", True)]
CALLS = 40

# Python's own wrap_socket leaves a socket that is reset before its handshake to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture(scope="module")
def faults() -> Any:
    """scripts/faults.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        spec = importlib.util.spec_from_file_location("scripts_faults", SCRIPTS / "faults.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, "scripts_faults", module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture
def play(faults: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Plays calls, and returns what was counted."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the command openssl")  # it makes the certificates: without them there is no TLS to try
    certificate = faults.Certificate.made(tmp_path)
    for name, value in certificate.environment().items():
        monkeypatch.setenv(name, value)
    return lambda seed, colour, tls, numbers: faults.Part(seed, colour, certificate if tls else None, numbers).play()


@pytest.fixture
def seed() -> int:
    return random.SystemRandom().randrange(2**32)


@pytest.mark.parametrize(("colour", "tls"), STAGES)
def test_none_is_misjudged_and_nothing_is_left(play: Any, seed: int, colour: str, tls: bool) -> None:
    first = seed % 10_000
    tally = play(seed, colour, tls, range(first, first + CALLS))
    problems = "\n".join(tally.problems)
    assert not problems, f"{problems}\nagain, each of them: scripts/faults.py --seed {seed} --call <its name>"
    assert tally.faulty > CALLS, f"seed {seed}"
    assert (tally.descriptors, tally.threads) == (0, 0), f"seed {seed}"


def read_errors_never_left(seen: Answer | NoAnswer) -> Verdict | None:
    return Verdict.NEVER_LEFT if isinstance(seen, NoAnswer) and isinstance(seen.error, httpx.ReadError) else None


def protocol_errors_never_left(seen: Answer | NoAnswer) -> Verdict | None:
    broken = isinstance(seen, NoAnswer) and isinstance(seen.error, httpx.RemoteProtocolError)
    return Verdict.NEVER_LEFT if broken else None


def errors_of_the_server_are_refusals(seen: Answer | NoAnswer) -> Verdict | None:
    return Verdict.REFUSED if isinstance(seen, Answer) and seen.status_code >= 500 else None


def each_2xx_is_success(seen: Answer | NoAnswer) -> Verdict | None:
    return Verdict.DONE if isinstance(seen, Answer) and 200 <= seen.status_code < 300 else None


WRONG = {
    "F9": read_errors_never_left,
    "F10": protocol_errors_never_left,
    "F15-F17": errors_of_the_server_are_refusals,
    "F14": each_2xx_is_success,
}
"""By the faults that show it."""


@pytest.mark.parametrize("number", WRONG)
def test_a_wrong_verdict_is_noticed(
    faults: Any, play: Any, seed: int, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong = exchange.verdict, WRONG[number]
    monkeypatch.setattr(exchange, "verdict", lambda seen, success: wrong(seen) or right(seen, success))
    places = [place for place, (family, _) in enumerate(faults.DECK) if faults.FAMILIES[family].number == number]
    numbers = [len(faults.DECK) * turn + place for turn in range(CALLS) for place in places]
    tally = play(seed, "sync", False, numbers[:CALLS])
    assert any("; the service answered" in problem for problem in tally.problems), f"seed {seed}"
