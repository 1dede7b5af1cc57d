"""The whole of it under random faults and random others, in both colours: a fresh seed each time, and recorded runs.

A run that fails prints its seed; `SEED=... pytest tests/reliability/test_random.py` plays that run again. Its case, in
the words of tests/conformance, can be put into recorded.jsonl, where it is played for ever.
"""

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.play import HOUR, OURS, START, Case, Played, knobs, play
from conformance.truths import check_truths
from sendgrid_campaigns import SendReceipt
from sendgrid_campaigns.sandbox import Sandbox

SEED = os.environ.get("SEED") or f"{random.SystemRandom().randrange(10**9)}"
RUNS, RUNS_AGAIN = 100, 30
RECORDED = Path(__file__).parent / "recorded.jsonl"

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


# --- a case by the dice ---

Dice = random.Random

ARGUMENTS: dict[str, Any] = {
    "send": {"campaign_id": 4900},
    "ensure_sent": {"campaign_id": 4900},
    "schedule": {"campaign_id": 4900, "send_at": 7200},
    "reschedule": {"campaign_id": 4903, "send_at": 7200},
    "unschedule": {"campaign_id": 4903},
    "update": {"campaign_id": 4900, "subject": "Spring"},
    "delete": {"campaign_id": 4900},
    "create": {"title": "April"},
    "send_test": {"campaign_id": 4900, "to": "a@example.com"},
    "send_once": {
        "key": "2026-03",
        "title": "March",
        "subject": "News",
        "sender_id": 124451,
        "list_ids": [110],
        "suppression_group_id": 42,
        "plain_content": "Hello! [unsubscribe]",
    },
}
WEIGHTS = {"send": 6, "ensure_sent": 4, "send_once": 4, "schedule": 3}
ASKS = {"ensure_sent": ["send"], "send_once": ["create", "update", "send", "list"]}
WORDS = ["send", "schedule", "unschedule", "delete", "pause", "cancel", "edit"]
PAGES = [301, 307, 408, 409, 425, 500, 502, 503, 504, 200, 202]
NOES = [400, 401, 404, 413, 422]
NONSENSE = ["", "<html>", "null", "[]", '{"id": 4901, "status": "Sent"}', '{"id": NaN}', '{"status": "Sent"}']


def fault(dice: Dice, operation: str, occurrence: int, writes: bool) -> Case:
    """What of the faults does not break what is assumed: a refusal, a 429 and a lie are no doubt, but are wrong."""
    effect = dice.choice(["none", "done", "late", "twice"]) if writes else "none"
    late = {"delay": dice.choice([0.3, 3, 20, 44, 46, 70, 100, 130, 400])} if effect == "late" else {}
    kind = dice.randrange(8)
    seen: dict[str, Any] = {"effect": effect, **late}
    if kind <= 2:
        seen["ending"] = dice.choice(["reset", "closed", "silence"])
    elif kind == 3:
        seen |= {"answer": dice.choice(PAGES)}
    elif kind == 4:
        seen |= {"answer": 503, "cut": dice.choice([0, 9, 30, 70])}
    elif kind == 5:
        seen = {"answer": {"status_code": dice.choice(NOES), "body": "{}"}} if writes else {"answer": 503}
    elif kind == 6:
        headers = dice.choice([{}, {"x-ratelimit-reset": "7"}, {"retry-after": "soon"}])
        seen = {"answer": {"status_code": 429, "headers": headers}}
    elif writes:
        seen = {"ending": "refused"} if effect != "twice" else {"effect": "twice", "answer": "second"}
    else:
        seen = {"answer": {"status_code": 200, "body": dice.choice(NONSENSE)}}
    return {"operation": operation, "occurrence": occurrence, **seen}


def made(dice: Dice) -> Case:
    """A case, without what it leads to."""
    operation = dice.choices([*ARGUMENTS], [WEIGHTS.get(name, 1) for name in ARGUMENTS])[0]
    asks = ASKS.get(operation, [operation])
    reads = ["get", "get_schedule"]
    faults: list[Case] = []
    for asked in [*asks, *reads]:
        often = dice.choice([0.0, 0.3, 0.9])
        writes = asked not in (*reads, "list")
        for occurrence in range(1, 5 if writes else 9):
            if dice.random() < often:
                faults.append(fault(dice, asked, occurrence, writes))
    # What is to be deleted or tested may have been somebody's mail: there is no rule for that, and so no truth.
    words = [] if operation == "send_once" else WORDS
    actors: list[Case] = []
    for _ in range(dice.choice([0, 1, 2]) if words else 0):
        at = dice.choice([*asks, *reads])
        when = dice.choice(["before", "after"])
        actors.append({"at": at, "occurrence": dice.choice([1, 1, 2, 2, 3, 5]), "when": when, "do": dice.choice(words)})
    setup: dict[str, Any] = {
        "knobs": {
            "lead": dice.choice([0, 0, 60]),
            # Together less than the settle window: that much is assumed.
            "staleness": dice.choice([0, 0, 0, 5, 20]),
            "leaves_draft_after": dice.choice([0, 0, 0, 5, 20]),
            "unschedule_draft": dice.choice([204, 403]),
            "schedule_of_draft": dice.choice([200, 404]),
        },
    }
    if operation in ("reschedule", "unschedule"):
        setup["campaign"] = {"status": "Scheduled", "send_at": dice.choice([90, 10800])}
    if dice.random() < 0.2:
        setup["patience"] = {"attempts": dice.choice([1, 2, 9]), "deadline": dice.choice([50, 300])}
    outages: list[Case] = []
    if dice.random() < 0.2:
        how = dice.choice([{"answer": 503}, {"ending": "reset"}, {"ending": "refused"}, {"ending": "silence"}])
        begins = {"at": dice.choice(asks), "occurrence": dice.randrange(1, 3), "when": dice.choice(["before", "after"])}
        outages.append({**begins, "seconds": dice.choice([5, 20, 44, 100]), **how})
    arguments = ARGUMENTS[operation]
    return {
        "name": operation,
        "operation": operation,
        "arguments": arguments,
        "setup": setup,
        "faults": faults,
        "actors": actors,
        "outages": outages,
    }


# --- playing it ---


def both(case: Case, runner: asyncio.Runner) -> list[Played]:
    # Not all that is planned is met: so the sandbox is not closed, which would say so.
    sandboxes = [Sandbox(clock=lambda: START, knobs=knobs(case)) for _ in range(2)]
    first, second = (play(case, *how) for how in zip(sandboxes, (None, runner), strict=True))
    assert first.trace == second.trace  # I6
    return [first, second]


def check(case: Case, runner: asyncio.Runner) -> Played:
    for played in both(case, runner):
        played.sandbox.advance(HOUR)
        check_truths(case, played)
    return played


def replayable(runs: int, what: Callable[[Dice, list[Case]], object]) -> None:
    for number in range(runs):
        seed = f"{SEED}-{number}" if "-" not in SEED else SEED
        cases: list[Case] = []
        try:
            what(Dice(seed), cases)
        except BaseException as error:
            error.add_note(f"SEED={seed}\n" + "\n".join(map(json.dumps, cases)))
            raise
        if seed == SEED:
            break


def test_random_runs(runner: asyncio.Runner) -> None:
    came_of = Counter[str]()

    def run(dice: Dice, cases: list[Case]) -> None:
        cases.append(made(dice))
        played = check(cases[0], runner)
        came_of[type(played.error or played.result).__name__] += 1

    replayable(RUNS, run)
    if "-" not in SEED:  # the dice show something of everything
        assert min(came_of[name] for name in ("SendReceipt", "OutcomeUnknownError", "NotSentError")) >= 5


def test_a_random_job_that_is_run_again_until_it_is_done(runner: asyncio.Runner) -> None:
    """send_once, or ensure_sent: again after any error, each time with other faults. At the end it was mailed, once."""

    def run(dice: Dice, cases: list[Case]) -> None:
        operation = dice.choice(["send_once", "ensure_sent"])
        sandbox = Sandbox(clock=lambda: START)
        for _ in range(dice.randrange(1, 4)):
            while (case := made(dice))["operation"] != operation:
                pass
            cases.append({**case, "actors": [], "setup": {"patience": {"settle": dice.choice([3, 45])}}})
        cases.append({"name": operation, "operation": operation, "arguments": ARGUMENTS[operation]})
        for number, case in enumerate(cases):
            sandbox._network = type(sandbox._network)(sandbox._service, sandbox._now)  # of the plans, none is left
            played = play(case, sandbox, runner if number % 2 else None)
            if isinstance(played.result, SendReceipt):
                break
        assert isinstance(played.result, SendReceipt), played.error
        sandbox.advance(HOUR)
        assert len(sandbox.mailings()) == 1
        assert sandbox.mailings()[0].request.origin in OURS

    replayable(RUNS_AGAIN, run)


@pytest.mark.parametrize("line", RECORDED.read_text().splitlines(), ids=lambda line: json.loads(line)["name"])
def test_recorded_runs(line: str, runner: asyncio.Runner) -> None:
    case = json.loads(line)
    error = check(case, runner).error
    assert (type(error).__name__ if error else None) == case["error"]
