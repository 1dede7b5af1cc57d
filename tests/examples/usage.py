"""What users write, with the types that they see. mypy --strict and pyright strict check it; a test runs it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import assert_type

from sendgrid_campaigns import (
    AsyncCampaignsClient,
    Campaign,
    CampaignsClient,
    CheckResult,
    ErrorDetail,
    NotInDraftError,
    NotReadyError,
    OutcomeUnknownError,
    RateLimitError,
    Schedule,
    SendReceipt,
)


def sending(campaigns: CampaignsClient) -> SendReceipt:
    receipt = campaigns.send(4900)
    assert_type(receipt, SendReceipt)
    assert_type(receipt.status, str | None)
    campaign = campaigns.get(campaign_id=4900)
    assert_type(campaign, Campaign)
    assert_type(campaign.list_ids, tuple[int, ...] | None)
    acme = campaigns.on_behalf_of("acme")
    assert_type(acme, CampaignsClient)
    assert_type(acme.send(4901, check=True), SendReceipt)
    assert_type(campaigns.on_behalf_of(account_id="A123").send(4902), SendReceipt)
    return receipt


def everything_else(campaigns: CampaignsClient) -> list[str | None]:
    draft = campaigns.create("A title", subject="News", list_ids=[110], categories=("a", "b"), editor="code")
    assert_type(draft, Campaign)
    assert_type(campaigns.update(draft.id, subject=None, sender_id=124451, plain_content="[unsubscribe]"), Campaign)
    result = campaigns.check(draft.id)
    assert_type(result, CheckResult)
    assert_type(result.problems, tuple[ErrorDetail, ...])
    campaigns.update(draft.id, subject="News", suppression_group_id=42)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    schedule = campaigns.schedule(draft.id, tomorrow)
    assert_type(schedule, Schedule)
    assert_type(schedule.send_at, datetime)
    assert_type(campaigns.reschedule(draft.id, tomorrow + timedelta(hours=1)), Schedule)
    assert_type(campaigns.get_schedule(draft.id), datetime | None)
    campaigns.unschedule(draft.id)
    campaigns.send_test(draft.id, "a@example.com")
    campaigns.send_test(draft.id, ["a@example.com", "b@example.com"])
    assert_type(campaigns.list(limit=5, offset=0), tuple[Campaign, ...])
    assert_type(campaigns.iterate(), Iterator[Campaign])
    titles = [campaign.title for campaign in campaigns.iterate(page_size=2)]
    campaigns.delete(draft.id, stop=True)
    return titles


def handling(campaigns: CampaignsClient) -> str:
    try:
        campaigns.send(4900, check=True)
    except NotInDraftError as error:
        assert_type(error.status, str | None)
        assert_type(error.campaign_id, int | None)
        return str(error)
    except NotReadyError as error:
        assert_type(error.problems, tuple[ErrorDetail, ...])
        return str(error)
    except RateLimitError as error:
        assert_type(error.retry_after, float | None)
        return str(error)
    except OutcomeUnknownError as error:
        assert_type(error.cause, str)
        assert_type(error.advice, str)
        return str(error)
    return "sent"


async def sending_async(campaigns: AsyncCampaignsClient) -> SendReceipt:
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


async def everything_else_async(campaigns: AsyncCampaignsClient) -> list[str | None]:
    draft = await campaigns.create("A title", subject="News", list_ids=[110], categories=("a", "b"), editor="code")
    assert_type(draft, Campaign)
    assert_type(
        await campaigns.update(draft.id, subject=None, sender_id=124451, plain_content="[unsubscribe]"), Campaign
    )
    assert_type(await campaigns.check(draft.id), CheckResult)
    await campaigns.update(draft.id, subject="News", suppression_group_id=42)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert_type(await campaigns.schedule(draft.id, tomorrow), Schedule)
    assert_type(await campaigns.reschedule(draft.id, tomorrow + timedelta(hours=1)), Schedule)
    assert_type(await campaigns.get_schedule(draft.id), datetime | None)
    await campaigns.unschedule(draft.id)
    await campaigns.send_test(draft.id, "a@example.com")
    assert_type(await campaigns.list(limit=5, offset=0), tuple[Campaign, ...])
    assert_type(campaigns.iterate(), AsyncIterator[Campaign])
    titles = [campaign.title async for campaign in campaigns.iterate(page_size=2)]
    await campaigns.delete(draft.id, stop=True)
    return titles
