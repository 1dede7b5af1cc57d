"""The usage examples do at run time what their types say."""

import asyncio

import httpx
import usage

from sendgrid_campaigns import SendReceipt
from sendgrid_campaigns.sandbox import Sandbox


def test_sync() -> None:
    sandbox = Sandbox()
    campaigns = sandbox.client()
    assert usage.sending(campaigns) == SendReceipt(4900, "Scheduled")
    *mailed, once = (mailing.campaign_id for mailing in sandbox.mailings())
    assert mailed == [4900, 4901, 4902]
    assert campaigns.get(once).title == "A title (once march)"
    assert "only a Draft can be sent" in usage.handling(campaigns)
    assert usage.everything_else(campaigns) == ["A title", "A title (once march)", "March Newsletter"]


def test_async() -> None:
    sandbox = Sandbox()

    async def main() -> None:
        async with sandbox.async_client() as campaigns:
            assert await usage.sending_async(campaigns) == SendReceipt(4900, "Scheduled")

    asyncio.run(main())
    assert sorted(mailing.campaign_id for mailing in sandbox.mailings()) == [4900, 4901, 4902]


def test_subclass() -> None:
    sandbox = Sandbox()
    with usage.Tagging("SG.sandbox", http_client=httpx.Client(transport=sandbox.transport())) as campaigns:
        acme = campaigns.on_behalf_of("acme")
        made = acme.create("A title", categories=["a"])
    assert isinstance(acme, usage.Tagging)
    assert made.categories == ("a", "tagged")
