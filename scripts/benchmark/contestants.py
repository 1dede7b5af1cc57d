"""The clients to compare, each used as its documentation shows: one client for all calls, with the default pool.

Of each, `get` reads campaign 4900, and `send` sends the campaign. All parse the body. The SDK's `send` reads before it
sends, and so do httpx and aiohttp here; the official client sends only.
"""

import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from importlib.util import find_spec
from typing import Any

import aiohttp
import httpx

from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient
from sendgrid_campaigns.transport.aiohttp import AiohttpCampaignsClient

KEY = "SG.sandbox"
HEADERS = {"Authorization": f"Bearer {KEY}"}
READ, SEND = "/v3/campaigns/4900", "/v3/campaigns/4900/schedules/now"
SDK = "the SDK"

Calls = Mapping[str, Callable[[], Any]]


def checked(name: str, operation: str, value: Any) -> None:
    """Stop the program unless a call returned what the server answers: a JSON object, or a result of the SDK."""
    found = value if isinstance(value, dict) else value.to_dict()
    if found["id"] != 4900 or found["status"] != {"get": "Draft", "send": "Scheduled"}[operation]:
        raise SystemExit(f"{name}: {operation} returned {value!r}")


def httpx_calls(http: httpx.Client, url: str) -> Calls:
    def asked(method: str, path: str) -> Any:
        return http.request(method, url + path).raise_for_status().json()

    def send() -> Any:
        return asked("POST", SEND) if asked("GET", READ)["status"] == "Draft" else {}

    return {"get": lambda: asked("GET", READ), "send": send}


def async_httpx_calls(http: httpx.AsyncClient, url: str) -> Calls:
    async def asked(method: str, path: str) -> Any:
        return (await http.request(method, url + path)).raise_for_status().json()

    async def send() -> Any:
        return await asked("POST", SEND) if (await asked("GET", READ))["status"] == "Draft" else {}

    return {"get": lambda: asked("GET", READ), "send": send}


def aiohttp_calls(http: aiohttp.ClientSession, url: str) -> Calls:
    async def asked(method: str, path: str) -> Any:
        async with http.request(method, url + path) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def send() -> Any:
        return await asked("POST", SEND) if (await asked("GET", READ))["status"] == "Draft" else {}

    return {"get": lambda: asked("GET", READ), "send": send}


def aiohttp_session(url: str) -> aiohttp.ClientSession:
    # aiohttp's default context is made at import, with the certificates of that moment.
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ssl.create_default_context()), headers=HEADERS)


def official_client(url: str) -> Any:
    """SendGrid's own client opens a connection for each request, and is not closed."""
    import sendgrid

    return nullcontext(sendgrid.SendGridAPIClient(KEY, host=url).client.campaigns._(4900))


def official_calls(campaign: Any, url: str) -> Calls:
    return {
        "get": lambda: json.loads(campaign.get().body),
        "send": lambda: json.loads(campaign.schedules.now.post().body),
    }


def sdk_calls(campaigns: Any, url: str) -> Calls:
    return {"get": lambda: campaigns.get(4900), "send": lambda: campaigns.send(4900)}


Contestant = tuple[Callable[[str], Any], Callable[[Any, str], Calls]]
"""Opens a client of a URL, and gives the client's calls."""
SYNC: dict[str, Contestant] = {
    "httpx": (lambda url: httpx.Client(headers=HEADERS), httpx_calls),
    "sendgrid": (official_client, official_calls),
    SDK: (lambda url: CampaignsClient(KEY, base_url=url), sdk_calls),
}
if not find_spec("sendgrid"):  # the tests run in the project's own environment
    del SYNC["sendgrid"]
ASYNC: dict[str, Contestant] = {
    "httpx": (lambda url: httpx.AsyncClient(headers=HEADERS), async_httpx_calls),
    "aiohttp": (aiohttp_session, aiohttp_calls),
    SDK: (lambda url: AsyncCampaignsClient(KEY, base_url=url), sdk_calls),
    "the SDK on aiohttp": (lambda url: AiohttpCampaignsClient(KEY, base_url=url), sdk_calls),
}
