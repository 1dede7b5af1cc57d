"""What users write, with the types that they see. mypy --strict and pyright strict check this file; a test runs it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol, Unpack, assert_type

from sendgrid_campaigns import (
    AsyncCampaignsClient,
    AsyncSingleSendsClient,
    Attempt,
    Campaign,
    CampaignsClient,
    CheckResult,
    ErrorDetail,
    NotAppliedError,
    NotInDraftError,
    Outcome,
    OutcomeUnknownError,
    RateLimitError,
    Schedule,
    SendReceipt,
    SingleSendsClient,
)
from sendgrid_campaigns.campaign_types import NewCampaignFields
from sendgrid_campaigns.models import KnownFrom, SingleSendReceipt
from sendgrid_campaigns.single_send_types import Counts, SendTo, SingleSend, SingleSendSummary


class Sender(Protocol):
    """A part of the client, as a user's own code asks for the part; in tests, a double takes its place."""

    def send(self, campaign_id: int) -> SendReceipt: ...
    def create(self, title: str, *, subject: str | None = ..., sender_id: int | None = ...) -> Campaign: ...


class AsyncSender(Protocol):
    async def send(self, campaign_id: int) -> SendReceipt: ...
    def iterate(self, *, page_size: int = ...) -> AsyncIterator[Campaign]: ...


class Tagging(CampaignsClient):
    """A client of a user's, who overrides an operation and adds another one."""

    def create(self, title: str, **fields: Unpack[NewCampaignFields]) -> Campaign:
        fields["categories"] = [*(fields.get("categories") or ()), "tagged"]
        return super().create(title, **fields)

    def send_new(self, title: str) -> SendReceipt:
        return self.send(self.create(title).id)


def sending(campaigns: CampaignsClient) -> SendReceipt:
    sender: Sender = campaigns
    receipt = sender.send(4900)
    assert_type(receipt.status, str | None)
    assert_type(receipt.known_from, KnownFrom)
    assert_type(receipt.attempts, tuple[Attempt, ...])
    campaign = campaigns.get(campaign_id=4900)
    assert_type(campaign, Campaign)
    assert_type(campaign.list_ids, tuple[int, ...] | None)
    acme = campaigns.on_behalf_of("acme")
    assert_type(acme, CampaignsClient)
    assert_type(campaigns.on_behalf_of(subuser="acme").send(4901), SendReceipt)
    assert_type(campaigns.on_behalf_of(account_id="A123").send(4902), SendReceipt)
    assert_type(acme.ensure_sent(4901), SendReceipt)
    assert_type(acme.outcome(4901), Outcome)
    once = campaigns.send_once(
        "march",
        "A title",
        subject=campaign.subject,
        sender_id=campaign.sender_id,
        list_ids=campaign.list_ids,
        suppression_group_id=campaign.suppression_group_id,
        plain_content="News [unsubscribe]",
    )
    assert_type(once, SendReceipt)
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
    assert_type(campaigns.statuses([4900]), dict[int, str | None])
    campaigns.delete(draft.id, stop=True)
    return titles


def single_sends(client: SingleSendsClient) -> None:
    draft = client.create("A name", send_to={"list_ids": ["f2fe"]}, email_config={"subject": "News", "sender_id": 1})
    assert_type(draft, SingleSend)
    assert_type(draft.send_to, SendTo | None)
    assert_type(client.update(draft.id, name="B", categories=("a",)), SingleSend)
    assert_type(client.check(draft.id), tuple[ErrorDetail, ...])
    assert_type(client.list(most=7, name="B", status=["draft"]), tuple[SingleSendSummary, ...])
    receipt = client.on_behalf_of("acme").ensure_sent(draft.id, within=300)
    assert_type(receipt, SingleSendReceipt)
    assert_type(receipt.send_at, datetime | None)
    assert_type(client.schedule(draft.id, datetime.now(UTC)), SingleSendReceipt)
    assert_type(client.send_once("may", "A name", email_config={"subject": "News"}), SingleSendReceipt)
    assert_type(client.stats(draft.id), Counts | None)
    assert_type(client.outcome(draft.id), Outcome)


async def awaiting_single_sends(client: AsyncSingleSendsClient) -> None:
    assert_type(await client.with_options(timeout=5).send("27c2"), SingleSendReceipt)


def handling(campaigns: CampaignsClient) -> str:
    try:
        campaigns.send(4900)
    except NotInDraftError as error:
        assert_type(error.status, str | None)
        assert_type(error.campaign_id, int | str | None)
        return str(error)
    except RateLimitError as error:
        assert_type(error.retry_after, float | None)
        return str(error)
    except NotAppliedError as error:
        assert_type(error.cause, str)
        assert_type(error.temporary, bool)
        return str(error)
    except OutcomeUnknownError as error:
        assert_type(error.advice, str)
        assert_type(campaigns.outcome(error).applied, bool | None)
        return str(error)
    return "sent"


async def sending_async(campaigns: AsyncCampaignsClient) -> SendReceipt:
    sender: AsyncSender = campaigns
    receipt = await sender.send(4900)
    acme = campaigns.on_behalf_of("acme")
    assert_type(acme, AsyncCampaignsClient)
    theirs = campaigns.on_behalf_of(account_id="A123")
    async with asyncio.TaskGroup() as group:  # takes coroutines only
        first = group.create_task(acme.send(4901))
        group.create_task(theirs.send(4902))
    assert_type(first.result(), SendReceipt)
    both = await asyncio.gather(campaigns.get(4900), acme.ensure_sent(4901))
    assert_type(both, tuple[Campaign, SendReceipt])
    assert_type(await campaigns.outcome(4900), Outcome)
    assert_type(campaigns.iterate(), AsyncIterator[Campaign])
    titles = [campaign.title async for campaign in campaigns.iterate(page_size=2)]
    assert_type(titles, list[str | None])
    return receipt
