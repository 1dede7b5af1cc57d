"""Test the web service on the sandbox, in process."""

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest

import fastapi_app
from sendgrid_campaigns.sandbox import Sandbox

Post = Callable[[str], httpx.Response]


@pytest.fixture
def post(sendgrid_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """Make a request of the running service."""
    monkeypatch.setattr(fastapi_app, "AsyncCampaignsClient", sendgrid_sandbox.async_client)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(fastapi_app.app), base_url="http://app")
    with asyncio.Runner() as runner:
        lifespan = fastapi_app.lifespan(fastapi_app.app)
        runner.run(lifespan.__aenter__())
        yield lambda path: runner.run(http.post(path))
        runner.run(lifespan.__aexit__(None, None, None))


def test_a_receipt(post: Post, sendgrid_sandbox: Sandbox) -> None:
    answer = post("/campaigns/4900/send")
    assert (answer.status_code, answer.json()["status"]) == (200, "Scheduled")
    assert len(sendgrid_sandbox.mailings(4900)) == 1


def test_a_refusal(post: Post) -> None:
    post("/campaigns/4900/send")
    answer = post("/campaigns/4900/send")
    assert (answer.status_code, answer.json()["error"]) == (409, "NotInDraftError")


def test_an_outage(post: Post, sendgrid_sandbox: Sandbox) -> None:
    sendgrid_sandbox.outage(600)
    answer = post("/campaigns/4900/send")
    assert (answer.status_code, answer.json()["temporary"]) == (503, True)


def test_an_unknown_outcome(post: Post, sendgrid_sandbox: Sandbox) -> None:
    sendgrid_sandbox.make_outcome_unknown("send", effect="done")
    answer = post("/campaigns/4900/send")
    assert (answer.status_code, answer.json()["may_have_been_applied"]) == (500, True)
