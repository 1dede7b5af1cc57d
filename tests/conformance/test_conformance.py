"""Every case of cases.json on the sync client, and each fifth on the async client, which is the same code."""

import asyncio
import json
import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from conformance import derive
from conformance.play import KEY, START, Case, Played, new_sandbox, play
from sendgrid_campaigns import OutcomeUnknownError, Retry, SendReceipt
from sendgrid_campaigns.sandbox import Sandbox

TABLE = (Path(__file__).parent / "cases.json").read_text(encoding="ascii")
CASES: list[Case] = json.loads(TABLE)
READS = ("get", "list", "get_schedule", "check", "outcome")


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: Case, runner: asyncio.Runner) -> None:
    told = []
    for loop in (runner, None) if CASES.index(case) % 5 == 0 else (None,):
        with new_sandbox(case) as sandbox:  # at its end, plans that nothing has met fail
            played = play(case, sandbox, loop)
            told.append((played.requests, played.told, str(played.error), played.seconds))
            if loop is None:
                check_expected(case, played, sandbox)
                sandbox.advance(3600)
                check_later(case, played, sandbox)
                check_truths(case, played, sandbox)
    assert told[0] == told[-1]


def check_expected(case: Case, played: Played, sandbox: Sandbox) -> None:
    expected = dict(case["outcome"])
    if played.told["result"] is None:  # the operation says the same
        expected.pop("result", None)
    assert {name: played.told[name] for name in ("error", *expected)} == {"error": None, **expected}, played.error
    # The client then asks which product the key is for.
    asked = ["GET scopes"] if played.told["error"] == "PermissionDeniedError" else []
    assert played.requests == case["requests"] + asked
    assert len(sandbox.mailings()) == case["mailings"]


def check_later(case: Case, played: Played, sandbox: Sandbox) -> None:
    """Look an hour later, when every late copy has come."""
    assert len(sandbox.mailings()) == case["mailings_later"]
    ends, behalf = case.get("ends", {}), case.get("setup", {}).get("on_behalf_of")
    if ends:
        headers = {**KEY, "on-behalf-of": behalf} if behalf else KEY
        campaign = f"campaigns/{case['arguments'].get('campaign_id', 4900)}"
        with httpx.Client(transport=sandbox.transport(), headers=headers, base_url="https://sandbox/v3/") as http:
            found = {**http.get(campaign).json(), "tests": len(sandbox.tests())}
            if "send_at" in ends:
                found["send_at"] = http.get(f"{campaign}/schedules").json()["send_at"] - START
            if "campaigns" in ends:
                found["campaigns"] = len(http.get("campaigns", params={"limit": 100}).json()["result"])
        assert {name: found.get(name) for name in ends} == ends
    if isinstance(played.error, OutcomeUnknownError):
        # What a client in another process finds out, from the error alone.
        with sandbox.client(retry=Retry(settle=3)) as campaigns:
            assert campaigns.outcome(pickle.loads(pickle.dumps(played.error))).applied is case["resolved"]


def check_truths(case: Case, played: Played, sandbox: Sandbox) -> None:
    """Check what is true of every call, by the sandbox's ledger."""
    error, setup, acts = played.error, case.get("setup", {}), {actor["do"] for actor in case.get("actors", ())}
    ours = [each for each in sandbox.requests() if each.origin in ("client", "late copy", "second copy")]
    writes = [each for each in ours if each.method != "GET" and each.status_code < 300]
    mailings = sandbox.mailings()
    if "breaks" not in case:
        if error is not None and not isinstance(error, OutcomeUnknownError):
            assert not [each for each in mailings if each.request in ours]
            # send_once may have made a draft; and what another client undid leaves no trace.
            assert not writes or case["operation"] == "send_once" or acts
        if error is None and case["operation"] not in READS:
            already = played.told["known_from"] == "already"
            assert writes or acts or already
            stopped = acts & {"unschedule", "delete", "pause", "cancel"}
            assert mailings or stopped or already or not isinstance(played.result, SendReceipt)
    assert case.get("breaks") == "A1" or set(Counter(each.campaign_id for each in mailings).values()) <= {1}
    if error is not None:
        assert error.advice in str(error)
        assert pickle.loads(pickle.dumps(error)).to_dict() == error.to_dict()
        assert error.on_behalf_of == setup.get("on_behalf_of")
    attempts = getattr(error or played.result, "attempts", None)
    assert attempts is None or [each.method for each in attempts] == [asked.split()[0] for asked in played.requests]
    assert played.seconds <= setup.get("patience", {}).get("deadline", 120) + 30
    assert played.targets == {("api.sendgrid.com", setup.get("on_behalf_of"))}


def test_the_table_is_what_the_rules_give() -> None:
    assert derive.table() == TABLE, "run python -m conformance.derive"


def test_the_table_is_whole() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 584
    writes = {"create", "update", "delete", "schedule", "reschedule", "unschedule", "send", "send_test"}
    assert {case["operation"] for case in CASES} == {*writes, *READS, "ensure_sent", "send_once"}
