"""Whose call it is: each request carries exactly its own on-behalf-of header, whatever happens beside it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from doubles import DRAFT, Colour, FakeClock, Server
from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient, PermissionDeniedError


class Echo:
    """Answers each request with the header it carried, as the campaign's title."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        campaign_id = int(request.url.path.rsplit("/", 1)[1])
        title = ",".join(request.headers.get_list("on-behalf-of")) or None
        return httpx.Response(200, json={**DRAFT, "id": campaign_id, "title": title})


class SlowEcho(Echo, httpx.AsyncBaseTransport):
    """The same, after letting every other task go first."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(int(request.url.path.rsplit("/", 1)[1]) % 5):
            await asyncio.sleep(0)  # takes no time: it lets the other tasks go first
        return self(request)


subusers = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20).filter(
    lambda name: name.lower() != "account-id"
)
accounts = subusers.map(lambda name: f"account-id {name}")
tenants = st.one_of(st.none(), subusers, accounts)


def view(campaigns: Any, tenant: str | None) -> Any:
    if tenant is None:
        return campaigns
    if tenant.startswith("account-id "):
        return campaigns.on_behalf_of(account_id=tenant.removeprefix("account-id "))
    return campaigns.on_behalf_of(tenant)


@given(st.lists(tenants, min_size=1, max_size=20))
def test_interleaved_tasks(calls: list[str | None]) -> None:
    async def main() -> list[str | None]:
        http = httpx.AsyncClient(transport=SlowEcho())
        campaigns = AsyncCampaignsClient("SG.key", http_client=http, clock=FakeClock())
        found = await asyncio.gather(*(view(campaigns, tenant).get(i) for i, tenant in enumerate(calls, 1)))
        found.append(await campaigns.get(1))
        return [campaign.title for campaign in found]

    assert asyncio.run(main()) == [*calls, None]


@given(st.lists(tenants, min_size=2, max_size=8))
def test_interleaved_threads(calls: list[str | None]) -> None:
    campaigns = CampaignsClient("SG.key", http_client=httpx.Client(transport=httpx.MockTransport(Echo())))
    together = Barrier(len(calls))

    def call(tenant: str | None) -> list[str | None]:
        mine = view(campaigns, tenant)
        together.wait()
        return [mine.get(i).title for i in range(1, 6)]

    with ThreadPoolExecutor(len(calls)) as pool:
        assert list(pool.map(call, calls)) == [[tenant] * 5 for tenant in calls]
    assert campaigns.get(1).title is None


@given(st.lists(tenants, min_size=1, max_size=10))
def test_a_view_of_a_view_is_a_view_of_its_own(chain: list[str | None]) -> None:
    parent = campaigns = CampaignsClient("SG.key", http_client=httpx.Client(transport=httpx.MockTransport(Echo())))
    for tenant in chain:
        before, campaigns = campaigns, view(campaigns, tenant)
        title = before.get(1).title
        view(before, "other").get(1)
        assert before.get(1).title == title
    named = [tenant for tenant in chain if tenant is not None]
    assert campaigns.get(1).title == (named[-1] if named else None)
    assert parent.get(1).title is None


def test_every_request_of_one_call_carries_the_header(colour: Colour, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(500), httpx.Response(200, json=DRAFT))
    server.post(httpx.ConnectError("refused"), httpx.Response(429), httpx.Response(403))
    error = colour.error(PermissionDeniedError, campaigns.on_behalf_of("acme").send, 4900)
    assert server.methods[:6] == ["GET", "GET", "POST", "POST", "POST", "GET"]
    assert {request.headers["on-behalf-of"] for request in server.requests} == {"acme"}
    assert error.on_behalf_of == "acme"
    assert "on behalf of 'acme'" in str(error)


def test_closing_a_view_closes_nothing(colour: Colour, server: Server) -> None:
    campaigns = colour.client(server, http_client=None)
    acme = campaigns.on_behalf_of("acme")
    colour.close(acme)
    assert not campaigns._http.is_closed
    colour.close(campaigns)
    assert campaigns._http.is_closed
