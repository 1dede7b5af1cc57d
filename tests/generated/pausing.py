"""Add an operation of the fragment to the sync client, and call the operation. test_changed_fragment.py runs this.

In the package, the async client would get the operation, and `make generate` would write the sync client.
"""

import json
from typing import Any

import httpx

from doubles import FakeClock
from sendgrid_campaigns import CampaignsClient, NotFoundError, OutcomeUnknownError
from sendgrid_campaigns.campaigns import CAMPAIGN
from sendgrid_campaigns.protocol.change import Change, change
from sendgrid_campaigns.protocol.goals import Write
from sendgrid_campaigns_api import operations as api

PAUSE: Write[Any] = Write(api.PAUSE_CAMPAIGN, CAMPAIGN, done="paused", hint="Read the status.")


class Pausing(CampaignsClient):
    def pause(self, campaign_id: int) -> Any:
        changed = self._run(change(Change(self._session, PAUSE, campaign_id)))
        return changed[1] and changed[1].state


def handler(request: httpx.Request) -> httpx.Response:
    headers = request.headers
    requests.append([request.method, request.url.path, headers["on-behalf-of"], headers["authorization"]])
    return answers.pop(0)


clock, requests, results = FakeClock(), list[Any](), list[Any]()
answers = [
    httpx.Response(429, headers={"Retry-After": "7"}),
    httpx.Response(200, json={"id": 4900, "state": "Paused"}),
    httpx.Response(404, json={"errors": [{"field": None, "message": "not found"}]}),
    httpx.Response(500),
]
http = httpx.Client(transport=httpx.MockTransport(handler))
client = Pausing("SG.key", http_client=http, clock=clock).on_behalf_of("acme")
for _ in range(3):
    try:
        results.append(client.pause(4900))
    except (NotFoundError, OutcomeUnknownError) as error:
        results.append([type(error).__name__, error.route, error.campaign_id, error.on_behalf_of])
print(json.dumps({"requests": requests, "waits": len(clock.waits), "results": results}))
