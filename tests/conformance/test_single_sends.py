"""The cases of single_sends.json on both clients: what is asked, what is told, and how often mail goes out."""

import asyncio
import json
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from conformance.play import START, canned
from sendgrid_campaigns import OutcomeUnknownError, SendGridError
from sendgrid_campaigns.sandbox import Knobs, Sandbox
from sendgrid_campaigns.sandbox.example import SINGLE_SENDS

CASES: list[Mapping[str, Any]] = json.loads(Path(__file__).with_name("single_sends.json").read_text("ascii"))


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: Mapping[str, Any], runner: asyncio.Runner, is_async: bool) -> None:
    account = case.get("on_behalf_of")
    id = next(id for id, owner in SINGLE_SENDS.items() if owner == (account or ""))
    with Sandbox(clock=lambda: START, knobs=Knobs(**case.get("knobs", {}))) as sandbox:
        for fault in case.get("faults", ()):
            sandbox.fault("schedule_single_send", **{**fault, "answer": canned(fault.get("answer"))})
        parent: Any = (sandbox.async_single_sends_client if is_async else sandbox.single_sends_client)()
        client = parent.on_behalf_of(account) if account else parent
        try:
            result = getattr(client, case["operation"])(id)
            found = runner.run(result) if is_async else result
            told = {"known_from": found.known_from}
        except SendGridError as error:
            found, told = error, {"error": type(error).__name__}
        assert told == case["outcome"], found
        made = [attempt.method for attempt in found.attempts]
        assert "requests" not in case or made == case["requests"]
        assert made.count("PUT") == case.get("puts", case.get("requests", []).count("PUT"))
        asked = [each for each in sandbox.requests() if each.origin == "client"]
        ours = [each for each in asked if "/lists" not in each.path]
        # Three reads of lists come before the first write of a view: the second one is the view's.
        assert {each.on_behalf_of for each in ours} <= {account}
        assert [each.on_behalf_of for each in asked if "/lists" in each.path] == (
            [None, account, None] if account else []
        )
        sandbox.forget_faults()
        sandbox.advance(3600)
        assert len(sandbox.mailings(id)) == case["mailings"]
        if isinstance(found, OutcomeUnknownError):
            with sandbox.single_sends_client() as other:  # in another process, from the error alone
                assert other.outcome(pickle.loads(pickle.dumps(found))).applied is case["resolved"]
