"""Every case of cases.json in both colours: what it expects, and what must be true of any call."""

import asyncio
import importlib.util
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.play import HOUR, START, Case, Played, at, described, knobs, play, unrolled
from conformance.truths import READS, check_truths
from sendgrid_campaigns import OutcomeUnknownError, Retry
from sendgrid_campaigns.sandbox import Sandbox

HERE = Path(__file__).parent
CASES: list[Case] = json.loads((HERE / "cases.json").read_text(encoding="ascii"))


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: Case, runner: asyncio.Runner) -> None:
    traces = []
    for colour in (None, runner):
        # What is planned and not met fails at the end of the block.
        with Sandbox(clock=lambda: START, knobs=knobs(case)) as sandbox:
            played = play(case, sandbox, colour)
            sandbox.advance(HOUR)
            traces.append((played.trace, len(sandbox.mailings())))
            if colour is None:
                continue
            check_expected(case, played)
            check_later(case, played)
            check_truths(case, played)
    assert traces[0] == traces[1]  # I6


def check_expected(case: Case, played: Played) -> None:
    expected, found = dict(case["outcome"]), described(played.result, played.error)
    assert ("error" in expected) == (played.error is not None), played.error
    if "result" not in found:  # what was asked for says what it is
        expected.pop("result", None)
    assert {key: found[key] for key in expected} == expected, played.error
    assert played.requests == unrolled(case["requests"])
    assert len(played.mailings) == case["mailings"]


def check_later(case: Case, played: Played) -> None:
    """An hour later, when every copy has come that ever will."""
    assert len(played.sandbox.mailings()) == case["mailings_later"]
    ends = case.get("ends", {})
    assert dict(left(case, played.sandbox, ends)) == ends
    if isinstance(played.error, OutcomeUnknownError):
        assert resolved(played) is case["resolved"]


def left(case: Case, sandbox: Sandbox, ends: Case) -> Iterator[tuple[str, Any]]:
    if not ends:
        return
    headers = {"Authorization": "Bearer SG.sandbox"}
    if whose := case.get("setup", {}).get("on_behalf_of"):
        headers["on-behalf-of"] = whose
    with httpx.Client(transport=sandbox.transport(), headers=headers, base_url="https://sandbox/v3/") as http:
        campaign = f"campaigns/{case['arguments'].get('campaign_id', 4900)}"
        for key in ends:
            match key:
                case "campaigns":
                    yield key, len(http.get("campaigns", params={"limit": 100}).json()["result"])
                case "tests":
                    yield key, len(sandbox.tests())
                case "send_at":
                    yield key, http.get(f"{campaign}/schedules").json()["send_at"] - START
                case _:
                    yield key, http.get(campaign).json().get(key)


def resolved(played: Played) -> bool | None:
    """What a client in another process finds out, from the error alone."""
    with played.sandbox.client(retry=Retry(settle=3)) as campaigns:
        applied = campaigns.resolve(pickle.loads(pickle.dumps(played.error))).applied
    return applied


# --- the table itself ---


def test_the_table_is_what_the_rules_give() -> None:
    spec = importlib.util.spec_from_file_location("make_cases", HERE / "make_cases.py")
    assert spec
    assert spec.loader
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert maker.table() == (HERE / "cases.json").read_text(encoding="ascii"), "run tests/conformance/make_cases.py"


def test_the_table_is_whole() -> None:
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names)) >= 250
    operations = {case["operation"] for case in CASES}
    writes = {"create", "update", "delete", "schedule", "reschedule", "unschedule", "send", "send_test"}
    assert operations == {*writes, *READS, "ensure_sent", "send_once"}
    assert at(0).timestamp() == START
