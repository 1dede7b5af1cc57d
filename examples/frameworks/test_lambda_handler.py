"""Test the function on the sandbox, with half a minute left."""

from typing import Any

import pytest

import lambda_handler
from sendgrid_campaigns import OutcomeUnknownError, RateLimitError
from sendgrid_campaigns.sandbox import Sandbox

EVENT = {"campaign_id": 4900}


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def sandbox(sendgrid_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    client = sendgrid_sandbox.client()
    monkeypatch.setattr(lambda_handler, "campaigns", lambda: client)
    return sendgrid_sandbox


def handle(event: dict[str, Any] = EVENT) -> dict[str, Any]:
    return lambda_handler.handler(event, Context())


def test_an_event_that_comes_twice(sandbox: Sandbox) -> None:
    assert [handle()["known_from"] for _ in range(2)] == ["answer", "already"]
    assert len(sandbox.mailings()) == 1


def test_an_unknown_outcome_ends_in_time_and_the_repeated_event_settles_it(sandbox: Sandbox) -> None:
    sandbox.make_outcome_unknown("send", effect="done")
    began = sandbox.now()
    with pytest.raises(OutcomeUnknownError):
        handle()
    assert (sandbox.now() - began).total_seconds() < 20  # the read-back window alone would be 45 s
    sandbox.outage(0)
    assert handle()["known_from"] == "already"
    assert len(sandbox.mailings()) == 1


def test_a_temporary_error_is_raised(sandbox: Sandbox) -> None:
    sandbox.fault("send", times=4, answer=429)
    with pytest.raises(RateLimitError):
        handle()


def test_a_refusal_is_a_result(sandbox: Sandbox) -> None:
    assert handle({"campaign_id": 1})["error"] == "NotFoundError"
