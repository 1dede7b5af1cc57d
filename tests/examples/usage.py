"""What users write, with the types that they see. mypy --strict and pyright strict check it; a test runs it."""

import asyncio
from typing import assert_type

from sendgrid_campaigns import (
    AsyncCampaignsClient,
    Campaign,
    CampaignsClient,
    NotInDraftError,
    OutcomeUnknownError,
    RateLimitError,
    SendReceipt,
)


def blocking(campaigns: CampaignsClient) -> SendReceipt:
    receipt = campaigns.send(4900)
    assert_type(receipt, SendReceipt)
    assert_type(receipt.status, str | None)
    campaign = campaigns.get(campaign_id=4900)
    assert_type(campaign, Campaign)
    assert_type(campaign.list_ids, tuple[int, ...] | None)
    acme = campaigns.on_behalf_of("acme")
    assert_type(acme, CampaignsClient)
    assert_type(acme.send(4901), SendReceipt)
    assert_type(campaigns.on_behalf_of(account_id="A123").send(4902), SendReceipt)
    return receipt


def handling(campaigns: CampaignsClient) -> str:
    try:
        campaigns.send(4900)
    except NotInDraftError as error:
        assert_type(error.status, str | None)
        assert_type(error.campaign_id, int | None)
        return str(error)
    except RateLimitError as error:
        assert_type(error.retry_after, float | None)
        return str(error)
    except OutcomeUnknownError as error:
        assert_type(error.cause, str)
        return str(error)
    return "sent"


async def awaiting(campaigns: AsyncCampaignsClient) -> SendReceipt:
    receipt = await campaigns.send(4900)
    assert_type(receipt, SendReceipt)
    acme = campaigns.on_behalf_of("acme")
    assert_type(acme, AsyncCampaignsClient)
    theirs = campaigns.on_behalf_of(account_id="A123")
    async with asyncio.TaskGroup() as group:  # takes coroutines only
        first = group.create_task(acme.send(4901))
        group.create_task(theirs.send(4902))
    assert_type(first.result(), SendReceipt)
    assert_type(await asyncio.gather(campaigns.get(4900), acme.get(4901)), tuple[Campaign, Campaign])
    return receipt
