"""The usage examples do at run time what their types say."""

import asyncio
from collections.abc import Awaitable

import usage

from sendgrid_campaigns import AsyncCampaignsClient, SendReceipt
from sendgrid_campaigns.sandbox import Sandbox


def test_blocking() -> None:
    sandbox = Sandbox()
    assert usage.blocking(sandbox.client()) == SendReceipt(4900, "Scheduled")
    assert [mailing.campaign_id for mailing in sandbox.mailings()] == [4900, 4901, 4902]
    assert "only a Draft can be sent" in usage.handling(sandbox.client())


def test_awaiting() -> None:
    sandbox = Sandbox()

    async def main() -> SendReceipt:
        async with sandbox.async_client() as campaigns:
            return await usage.awaiting(campaigns)

    assert asyncio.run(main()) == SendReceipt(4900, "Scheduled")
    assert sorted(mailing.campaign_id for mailing in sandbox.mailings()) == [4900, 4901, 4902]


def test_what_the_async_client_returns_is_awaitable() -> None:
    campaigns: AsyncCampaignsClient = Sandbox().async_client()
    coroutine = campaigns.get(4900)
    assert isinstance(coroutine, Awaitable)
    coroutine.close()
