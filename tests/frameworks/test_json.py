"""Results and errors are JSON where frameworks make JSON of what a function returns: FastAPI, pydantic, orjson."""

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import fastapi
import httpx
import orjson
import pydantic
import pytest
from fastapi.responses import JSONResponse

from frameworks import jobs
from sendgrid_campaigns import (
    AsyncCampaignsClient,
    Campaign,
    CampaignsClient,
    CheckResult,
    Outcome,
    Schedule,
    SendGridError,
    SendReceipt,
)
from sendgrid_campaigns.sandbox import Sandbox

TOMORROW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def plain(value: Any) -> Any:
    """Return JSON without durations, and with times as datetimes: both `Z` and `+00:00` are in use."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != "seconds"}
    if isinstance(value, list):
        return [plain(item) for item in value]
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value


def application(campaigns: CampaignsClient, waiting: AsyncCampaignsClient) -> fastapi.FastAPI:
    app = fastapi.FastAPI()

    @app.exception_handler(SendGridError)
    async def refuse(_: fastapi.Request, error: Exception) -> JSONResponse:
        assert isinstance(error, SendGridError)
        return JSONResponse(error.to_dict(), 409)

    @app.post("/sync/plain/{id}", response_model=None)
    def send(id: int) -> Any:
        return campaigns.send(id)

    @app.post("/async/plain/{id}", response_model=None)
    async def send_async(id: int) -> Any:
        return await waiting.send(id)

    @app.get("/outcomes/{id}")
    async def outcome(id: int) -> Outcome:
        return await waiting.outcome(id)

    # The annotations of the operations themselves are the models.
    app.post("/sync/model/{campaign_id}")(campaigns.send)
    app.post("/async/model/{campaign_id}")(waiting.send)
    app.post("/schedules/{campaign_id}")(waiting.schedule)
    app.get("/campaigns")(waiting.list)
    app.get("/campaigns/{campaign_id}")(campaigns.get)
    app.get("/checks/{campaign_id}")(campaigns.check)
    return app


@pytest.fixture
def ask(url: str) -> Iterator[Any]:
    """Make a request of the application."""
    waiting = AsyncCampaignsClient("SG.sandbox", base_url=url)
    with jobs.client(url) as campaigns, asyncio.Runner() as runner:
        transport = httpx.ASGITransport(app=application(campaigns, waiting))
        http = httpx.AsyncClient(transport=transport, base_url="http://app")
        yield lambda method, path, **options: runner.run(http.request(method, path, **options))
        runner.run(http.aclose())
        runner.run(waiting.aclose())


@pytest.mark.parametrize("endpoint", ["sync/plain", "sync/model", "async/plain", "async/model"])
def test_fastapi_returns_a_receipt(ask: Any, sandbox: Sandbox, endpoint: str) -> None:
    sent = ask("POST", f"/{endpoint}/4900")
    receipt = sent.json()
    assert (sent.status_code, receipt["id"], receipt["status"]) == (200, 4900, "Scheduled")
    assert [attempt["status_code"] for attempt in receipt["attempts"]] == [200, 201]
    assert len(sandbox.mailings(4900)) == 1
    again = ask("POST", f"/{endpoint}/4900")
    assert (again.status_code, again.json()["error"]) == (409, "NotInDraftError")
    assert "and only a Draft can be sent" in again.json()["summary"]


def test_fastapi_returns_the_other_results(ask: Any, sandbox: Sandbox) -> None:
    campaigns = sandbox.client()
    assert ask("GET", "/campaigns").json() == [campaign.to_dict() for campaign in campaigns.list()]
    assert ask("GET", "/campaigns/4900").json() == campaigns.get(4900).to_dict()
    assert ask("GET", "/checks/4900").json() == campaigns.check(4900).to_dict()
    schedule = plain(ask("POST", "/schedules/4900", params={"send_at": TOMORROW.isoformat()}).json())
    assert (schedule["send_at"], schedule["status"]) == (TOMORROW, "Scheduled")
    assert plain(ask("GET", "/outcomes/4900").json()) == plain(campaigns.outcome(4900).to_dict())


def test_fastapi_describes_every_field(ask: Any) -> None:
    schemas = ask("GET", "/openapi.json").json()["components"]["schemas"]
    for kind in (Campaign, CheckResult, Outcome, Schedule, SendReceipt):
        assert schemas[kind.__name__]["properties"].keys() == {field.name for field in dataclasses.fields(kind)}
    assert schemas["SendReceipt"]["properties"]["known_from"]["enum"] == ["answer", "read-back", "already"]


@pytest.mark.parametrize("kind", [Campaign, CheckResult, Schedule, SendReceipt, Outcome])
def test_pydantic_and_orjson(sandbox: Sandbox, kind: type) -> None:
    campaigns = sandbox.client()
    unnamed = {"preheader": ["as", {"JSON": None}]}  # fields of the answer that this version does not name
    result: Any = {
        Campaign: lambda: dataclasses.replace(campaigns.get(4900), extra=unnamed),
        CheckResult: lambda: campaigns.check(campaigns.create("A title").id),
        Schedule: lambda: campaigns.schedule(4900, TOMORROW),
        SendReceipt: lambda: campaigns.send(4900),
        Outcome: lambda: campaigns.outcome(4900),
    }[kind]()
    adapter = pydantic.TypeAdapter[Any](kind)
    body = adapter.dump_json(result)
    assert plain(json.loads(body)) == plain(result.to_dict())
    again = adapter.validate_json(body)
    assert (again, getattr(again, "attempts", ())) == (result, getattr(result, "attempts", ()))
    assert orjson.loads(orjson.dumps(result)) == result.to_dict()
