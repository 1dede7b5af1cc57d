"""The clients to compare, each used as its documentation shows: one client for all calls, with the default pool.

Every function opens a client and gives its calls: `get` reads campaign 4900, and `send` sends the campaign. All parse
the body. The SDK's `send` reads before it sends, and so does httpx here; the official client sends only.
"""

import json
import ssl
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
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


def sdk_calls(campaigns: Any) -> Calls:
    return {"get": lambda: campaigns.get(4900), "send": lambda: campaigns.send(4900)}


# --- sync ---


@contextmanager
def httpx_client(url: str) -> Generator[Calls]:
    with httpx.Client(headers=HEADERS) as http:

        def asked(method: str, path: str) -> Any:
            return http.request(method, url + path).raise_for_status().json()

        def send() -> Any:
            return asked("POST", SEND) if asked("GET", READ)["status"] == "Draft" else {}

        yield {"get": lambda: asked("GET", READ), "send": send}


@contextmanager
def official_client(url: str) -> Generator[Calls]:
    """SendGrid's own client opens a connection for each request."""
    import sendgrid

    campaign = sendgrid.SendGridAPIClient(KEY, host=url).client.campaigns._(4900)
    yield {
        "get": lambda: json.loads(campaign.get().body),
        "send": lambda: json.loads(campaign.schedules.now.post().body),
    }


@contextmanager
def sdk_client(url: str) -> Generator[Calls]:
    with CampaignsClient(KEY, base_url=url) as campaigns:
        yield sdk_calls(campaigns)


# --- async ---


@asynccontextmanager
async def async_httpx_client(url: str) -> AsyncGenerator[Calls]:
    async with httpx.AsyncClient(headers=HEADERS) as http:

        async def asked(method: str, path: str) -> Any:
            return (await http.request(method, url + path)).raise_for_status().json()

        async def send() -> Any:
            return await asked("POST", SEND) if (await asked("GET", READ))["status"] == "Draft" else {}

        yield {"get": lambda: asked("GET", READ), "send": send}


@asynccontextmanager
async def aiohttp_client(url: str) -> AsyncGenerator[Calls]:
    # aiohttp's default context is made at import, with the certificates of that moment.
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as http:

        async def get() -> Any:
            async with http.get(url + READ) as answer:
                answer.raise_for_status()
                return await answer.json()

        yield {"get": get}


def async_sdk(kind: type[AsyncCampaignsClient]) -> Callable[[str], AbstractAsyncContextManager[Calls]]:
    @asynccontextmanager
    async def client(url: str) -> AsyncGenerator[Calls]:
        async with kind(KEY, base_url=url) as campaigns:
            yield sdk_calls(campaigns)

    return client


SYNC = {"httpx": httpx_client, "sendgrid": official_client, SDK: sdk_client}
if not find_spec("sendgrid"):  # the tests run in the project's own environment
    del SYNC["sendgrid"]
ASYNC = {
    "httpx": async_httpx_client,
    "aiohttp": aiohttp_client,
    SDK: async_sdk(AsyncCampaignsClient),
    "the SDK on aiohttp": async_sdk(AiohttpCampaignsClient),
}
