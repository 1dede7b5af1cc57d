"""The clients to compare, each used as its documentation shows: one client for all calls, with the default pool.

Every function opens a client and returns its calls: `get` reads campaign 4900 and returns the id; `send` sends the
campaign and returns the status. All parse the body. The SDK's `send` reads before it sends, and so does httpx here; the
official client sends only.
"""

import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from importlib.util import find_spec
from typing import Any

EXPECTED = {"get": 4900, "send": "Scheduled"}
KEY = "SG.benchmark"
HEADERS = {"Authorization": f"Bearer {KEY}"}
READ, SEND = "/v3/campaigns/4900", "/v3/campaigns/4900/schedules/now"
SDK, ON_AIOHTTP = "the SDK", "the SDK on aiohttp"

Calls = Mapping[str, Callable[[], Any]]
AsyncCalls = Mapping[str, Callable[[], Awaitable[Any]]]

# --- sync ---


def httpx_client(url: str, stack: ExitStack) -> Calls:
    import httpx

    http = stack.enter_context(httpx.Client(headers=HEADERS))

    def asked(method: str, path: str) -> Any:
        return http.request(method, url + path).raise_for_status().json()

    def send() -> Any:
        return asked("POST", SEND)["status"] if asked("GET", READ)["status"] == "Draft" else None

    return {"get": lambda: asked("GET", READ)["id"], "send": send}


def official_client(url: str, stack: ExitStack) -> Calls:
    """SendGrid's own client opens a connection for each request."""
    import sendgrid

    campaign = sendgrid.SendGridAPIClient(KEY, host=url).client.campaigns._(4900)
    return {
        "get": lambda: json.loads(campaign.get().body)["id"],
        "send": lambda: json.loads(campaign.schedules.now.post().body)["status"],
    }


def sdk_client(url: str, stack: ExitStack) -> Calls:
    from sendgrid_campaigns import CampaignsClient

    campaigns = stack.enter_context(CampaignsClient(KEY, base_url=url))
    return {"get": lambda: campaigns.get(4900).id, "send": lambda: campaigns.send(4900).status}


# --- async ---


async def async_httpx_client(url: str, stack: AsyncExitStack) -> AsyncCalls:
    import httpx

    http = await stack.enter_async_context(httpx.AsyncClient(headers=HEADERS))

    async def asked(method: str, path: str) -> Any:
        return (await http.request(method, url + path)).raise_for_status().json()

    async def get() -> Any:
        return (await asked("GET", READ))["id"]

    async def send() -> Any:
        return (await asked("POST", SEND))["status"] if (await asked("GET", READ))["status"] == "Draft" else None

    return {"get": get, "send": send}


async def aiohttp_client(url: str, stack: AsyncExitStack) -> AsyncCalls:
    import aiohttp

    # aiohttp's default context is made at import, with the certificates of that moment.
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, headers=HEADERS))

    async def get() -> Any:
        async with http.get(url + READ) as answer:
            answer.raise_for_status()
            return (await answer.json())["id"]

    return {"get": get}


async def async_sdk_client(url: str, stack: AsyncExitStack) -> AsyncCalls:
    from sendgrid_campaigns import AsyncCampaignsClient

    return await _sdk_calls(AsyncCampaignsClient(KEY, base_url=url), stack)


async def sdk_on_aiohttp(url: str, stack: AsyncExitStack) -> AsyncCalls:
    from sendgrid_campaigns.transport.aiohttp import AiohttpCampaignsClient

    return await _sdk_calls(AiohttpCampaignsClient(KEY, base_url=url), stack)


async def _sdk_calls(client: Any, stack: AsyncExitStack) -> AsyncCalls:
    campaigns = await stack.enter_async_context(client)

    async def get() -> Any:
        return (await campaigns.get(4900)).id

    async def send() -> Any:
        return (await campaigns.send(4900)).status

    return {"get": get, "send": send}


SYNC = {"httpx": httpx_client, "sendgrid": official_client, SDK: sdk_client}
if not find_spec("sendgrid"):  # the tests run in the project's own environment
    del SYNC["sendgrid"]
ASYNC = {
    "httpx": async_httpx_client,
    "aiohttp": aiohttp_client,
    SDK: async_sdk_client,
    ON_AIOHTTP: sdk_on_aiohttp,
}
