"""What a new operation of the fragment takes by hand: one Endpoint, and a method. test_regeneration.py runs this.

In the facade the first stands in endpoints.py and the second in operations.py, and both clients have it.
"""

import asyncio
import json
from typing import Any

import httpx

from doubles import FakeClock
from sendgrid_campaigns import (
    AsyncCampaignsClient,
    CampaignsClient,
    NotFoundError,
    OutcomeUnknownError,
    arguments,
    writes,
)
from sendgrid_campaigns.endpoints import Endpoint
from sendgrid_campaigns.exchange import Call, Steps
from sendgrid_campaigns.operations import Operations, operation
from sendgrid_campaigns_api.api.campaigns import pause_campaign

PAUSE = Endpoint("pause_campaign", success_with_body=(200,))


@operation
def pause(self: Any, campaign_id: int) -> Steps[str]:
    """Pause a campaign that is scheduled."""
    call = Call(self._settings, PAUSE, "paused", campaign_id=arguments.checked_id(campaign_id))
    yield from writes.change(call)
    return call.parsed(call.answered, lambda found: found.status)


Operations.pause = pause  # type: ignore[attr-defined]


class Pausing(CampaignsClient, awaits=False):
    """As a client is made of the operations."""


class PausingAsync(AsyncCampaignsClient, awaits=True):
    """As a client is made of the operations."""


def run(method: Any, campaign_id: int) -> Any:
    """What a method of either client returns."""

    async def awaited() -> Any:
        return await method(campaign_id)

    return asyncio.run(awaited()) if asyncio.iscoroutinefunction(method) else method(campaign_id)


def tried(client_class: Any, http_class: Any) -> dict[str, Any]:
    """What became of it in one colour."""
    answers = [
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(200, json={"id": 4900, "status": "Paused"}),
        httpx.Response(404, json={"errors": [{"field": None, "message": "not found"}]}),
        httpx.Response(500),
    ]
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answers.pop(0)

    clock, http = FakeClock(), http_class(transport=httpx.MockTransport(handler))
    client = client_class("SG.key", clock=clock, http_client=http).on_behalf_of("acme")
    said = {"status": run(client.pause, 4900), "waited": len(clock.waits), "name": client.pause.__name__}
    for kind in (NotFoundError, OutcomeUnknownError):
        try:
            run(client.pause, 4900)
        except kind as error:
            said[kind.__name__] = [error.route, error.campaign_id, error.on_behalf_of]
    said["requests"] = [
        [one.method, one.url.path, one.headers["on-behalf-of"], one.headers["authorization"]] for one in requests
    ]
    return said


print(json.dumps([tried(Pausing, httpx.Client), tried(PausingAsync, httpx.AsyncClient), pause_campaign.__file__]))
