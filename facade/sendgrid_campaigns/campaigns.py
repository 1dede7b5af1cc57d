"""The legacy Campaigns API: its writes declared, then its operations, each once.

The async client is written here; `make generate` makes the sync one of it, in _sync/.
https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from operator import index
from typing import TYPE_CHECKING, Any, Unpack

from sendgrid_campaigns import errors, models, operations
from sendgrid_campaigns.campaign_types import Campaign, ChangedCampaignFields, NewCampaignFields
from sendgrid_campaigns.client import AsyncClient
from sendgrid_campaigns.config import check, check_count
from sendgrid_campaigns.errors import shown
from sendgrid_campaigns.protocol import goals
from sendgrid_campaigns.protocol.call import Call, Session
from sendgrid_campaigns.protocol.change import Change, change
from sendgrid_campaigns.protocol.flow import Ask, Flow, T
from sendgrid_campaigns.protocol.goals import Resource, Write
from sendgrid_campaigns.protocol.proof import prove
from sendgrid_campaigns.protocol.reading import PAGE_SIZE, Pages, first_with_key, page
from sendgrid_campaigns_api import operations as api

if TYPE_CHECKING:
    from sendgrid_campaigns_api import models as wire

# --- arguments ---


def checked_id(value: Any) -> int:
    """Return a campaign's id. The id becomes part of a path, so that only a positive integer may pass."""
    campaign_id = index(value) if hasattr(value, "__index__") and not isinstance(value, bool) else 0
    check(0 < campaign_id < 2**63, f"campaign_id is {shown(value)}", "Give a positive int, such as 4900.")
    return campaign_id


def new_fields(title: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a campaign that is made: there is nothing to clear yet."""
    given = operations.checked_fields("a campaign", _Fields, {"title": title, **fields})
    return {name: value for name, value in given.items() if value is not None}


class _Fields(NewCampaignFields, ChangedCampaignFields, total=False): ...


# --- the writes ---

CAMPAIGN = Resource(
    "campaign", "campaign_id", checked_id, api.GET_CAMPAIGN, api.GET_CAMPAIGN_SCHEDULE, api.LIST_CAMPAIGNS,
    {"limit": PAGE_SIZE, "offset": 0}, "title",
)  # fmt: skip

# What to do when the outcome of each write is unknown.
LIST_IT = "List the newest campaigns: one with this title and content is it. At worst there is a draft too many."
READ_STATUS = "outcome(error) reads the status: a Draft was unscheduled; delete(..., stop=True) stops mail going out."
DO_NOT_SEND = "Do not send it again: outcome(error) tells, now or later. A Draft may be sent by ensure_sent()."
LOOK_INTO_MAIL = "A test cannot be read back. Look into the mailboxes; sending again may deliver the test twice."

CREATE = Write(api.CREATE_CAMPAIGN, CAMPAIGN, "created", LIST_IT, goals.Created, ambiguous=())
UPDATE = Write(api.UPDATE_CAMPAIGN, CAMPAIGN, "updated", operations.COMPARE, goals.Updated)
DELETE = Write(api.DELETE_CAMPAIGN, CAMPAIGN, "deleted", operations.IS_FOUND, goals.Deleted, ambiguous=(403, 404))
SCHEDULE = Write(api.SCHEDULE_CAMPAIGN, CAMPAIGN, "scheduled", operations.READ_TIME, goals.Scheduled)
RESCHEDULE = Write(api.RESCHEDULE_CAMPAIGN, CAMPAIGN, "rescheduled", operations.READ_TIME, goals.Rescheduled)
UNSCHEDULE = Write(api.UNSCHEDULE_CAMPAIGN, CAMPAIGN, "unscheduled", READ_STATUS, goals.Unscheduled)
SEND = Write(api.SEND_CAMPAIGN, CAMPAIGN, "sent", DO_NOT_SEND, goals.Sent)
# Any: mypy takes the None of a statement for a part of the answer.
SEND_TEST: Write[Any] = Write(api.SEND_TEST_CAMPAIGN, CAMPAIGN, "sent as a test", LOOK_INTO_MAIL, ambiguous=())
_WRITES = (CREATE, UPDATE, DELETE, SCHEDULE, RESCHEDULE, UNSCHEDULE, SEND, SEND_TEST)
WRITES: Mapping[str | None, Write[Any]] = {write.done: write for write in _WRITES}


# --- operations of more than one step ---


def time(call: "Change[wire.Schedule]", send_at: int) -> Flow[models.Schedule]:
    """Schedule or reschedule a campaign."""
    known_from, answer, state = yield from change(call)
    at = operations.utc(answer.send_at if answer else send_at) or datetime.fromtimestamp(send_at, UTC)
    status = answer.status if answer else state.status if state and known_from != "answer" else None
    return models.Schedule(call.id, at, status, known_from, tuple(call.attempts))


def send(call: "Change[wire.SendAccepted]", *, post_first: bool = False) -> Flow[models.SendReceipt]:
    """Send a campaign."""
    known_from, answer, state = yield from change(call, post_first=post_first)
    status = answer.status if answer else state.status if state and known_from != "answer" else None
    return models.SendReceipt(call.id, status, known_from, tuple(call.attempts))


def find(call: Call[Any], key: str) -> Flow[Any]:
    """Find the campaign with an idempotency key among all of the account's; None when there is none.

    One that is no Draft ends the search, for nothing is to be sent any more. After a Draft, the rest is read as well:
    there may be one that was sent, and made before.
    """
    pages, found, best = Pages[Any](PAGE_SIZE), list[Any](), None
    while not pages.done and goals.State(best).is_("draft", ""):
        found += pages.take((yield from page(call, {**CAMPAIGN.first_page, "offset": pages.offset}, PAGE_SIZE)).result)
        best = first_with_key(CAMPAIGN, key, found)
    return best


def send_once(session: Session, ending: str, body: Mapping[str, Any]) -> Flow[models.SendReceipt]:
    """Find the campaign of an idempotency key, or make it; bring its fields up to date; send it."""
    call = Call(session, api.LIST_CAMPAIGNS, "sent", CAMPAIGN)
    campaign = yield from find(call, ending)
    campaign = campaign or (yield from operations.made(call, CREATE, ending, body))
    yield from operations.updated(call, UPDATE, campaign, body)
    return (yield from send(Change(session, SEND, checked_id(campaign.id), wanted={}).follow(call), post_first=True))


# --- the operations ---


class AsyncCampaignsClient(AsyncClient):
    """SendGrid's Campaigns API for asyncio. Use it as an async context manager, or `await client.aclose()`."""

    async def _run(self, flow: Flow[T]) -> T:
        try:
            return await super()._run(flow)
        except errors.PermissionDeniedError as error:
            from sendgrid_single_sends_api.operations import LIST_SCOPES  # which few programs need

            answer: Any = await self._perform(Ask(LIST_SCOPES, {}, within=5.0))
            raise operations.of_which_product(error, prove(answer, LIST_SCOPES, None), LIST_SCOPES) from None

    # reading

    async def get(self, campaign_id: int) -> Campaign:
        """Read one campaign.

        Raises NotFoundError when the account acted for has no such campaign; APIConnectionError, InvalidResponseError
        or ServerError when no good answer could be had; and the other errors of the package as their docstrings say.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
        """
        return Campaign.of(await self._read(CAMPAIGN, api.GET_CAMPAIGN, campaign_id))

    async def list(self, *, limit: int = 10, offset: int = 0) -> tuple[Campaign, ...]:
        """Read one page of campaigns, newest first: at most `limit`, after `offset` campaigns. `iterate` reads all.

        The service may answer fewer than `limit`: its largest value is not documented.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-all-campaigns
        """
        for name, value in (("limit", limit), ("offset", offset)):
            check_count(name, value, api.LIST_CAMPAIGNS.limits[name])
        call = Call(self._session, api.LIST_CAMPAIGNS, "listed", CAMPAIGN)
        return tuple(map(Campaign.of, (await self._run(page(call, {"limit": limit, "offset": offset}, limit))).result))

    async def iterate(self, *, page_size: int = 20) -> AsyncIterator[Campaign]:
        """Read every campaign, newest first, page by page as the caller goes.

        A campaign that exists all the while comes exactly once, whatever is created or deleted meanwhile. A campaign
        that is created or deleted meanwhile may come or not.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-all-campaigns
        """
        pages = Pages[Campaign](page_size)
        while not pages.done:
            for campaign in pages.take(await self.list(limit=page_size, offset=pages.offset)):
                yield campaign

    async def statuses(self, campaign_ids: Iterable[int]) -> dict[int, str | None]:
        """Read the statuses of many campaigns by id, from pages of the list: a request for each hundred campaigns.

        Reads from the newest on, until all are found. A campaign that the account does not have is left out.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-all-campaigns
        """
        wanted, found, pages = {*map(checked_id, campaign_ids)}, dict[int, str | None](), Pages[Campaign](PAGE_SIZE)
        while len(found) < len(wanted) and not pages.done:
            new = pages.take(await self.list(limit=PAGE_SIZE, offset=pages.offset))
            found |= {campaign.id: campaign.status for campaign in new if campaign.id in wanted}
        return found

    async def get_schedule(self, campaign_id: int) -> datetime | None:
        """Read the time that a campaign is scheduled for, in UTC; None when the service names none.

        The answer for a campaign that is not scheduled is not documented: None, or NotFoundError.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/view-scheduled-time-of-a-campaign
        """
        seconds = (await self._read(CAMPAIGN, api.GET_CAMPAIGN_SCHEDULE, campaign_id)).send_at
        if seconds is not None and operations.utc(seconds) is None:
            raise errors.InvalidResponseError(action="read", campaign_id=campaign_id, cause=f"send_at is {seconds!r}")
        return operations.utc(seconds)

    async def check(self, campaign_id: int) -> operations.CheckResult:
        """Read a campaign and list everything that would stop it from being sent, by the documented rules.

        What only the service can know, such as credits, is listed as unknown.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
        """
        campaign = await self.get(campaign_id)
        lacks = operations.missing(campaign, campaign, campaign.list_ids or campaign.segment_ids)
        problems = (*lacks, *operations.missing_tags(campaign))
        return operations.CheckResult(campaign, problems)

    # content

    async def create(self, title: str, **fields: Unpack[NewCampaignFields]) -> Campaign:
        """Make a draft. Only the title is needed now; `check` says what a mailing needs.

        A create that is run again makes another campaign. After OutcomeUnknownError there may be a draft too many.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/create-a-campaign
        """
        create = Change(self._session, CREATE, body=new_fields(title, fields))
        return await self._run(operations.content(create, Campaign.of))

    async def update(self, campaign_id: int, **fields: Unpack[ChangedCampaignFields]) -> Campaign:
        """Change a draft: a field that is left out stays as it is, and None clears one.

        Returns the campaign as it is then. Raises NotInDraftError when the campaign is no Draft any more.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-campaign
        """
        body = operations.checked_fields("a campaign", _Fields, fields)
        id = checked_id(campaign_id)
        update = Change(self._session, UPDATE, id, body=body, wanted={"fields": body})
        return await self._run(operations.content(update, Campaign.of))

    async def delete(self, campaign_id: int, *, stop: bool = False) -> None:
        """Delete a campaign.

        Deleting a campaign that is scheduled or going out stops its mail, and is the only way to stop mail that is
        going out: that needs `stop=True`. Without it, DeleteWouldStopMailError is raised for every status but Draft,
        Sent and Canceled.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/delete-a-campaign
        """
        await self._run(change(Change(self._session, DELETE, checked_id(campaign_id), wanted={"stop": stop})))

    # schedules

    async def schedule(self, campaign_id: int, send_at: datetime) -> models.Schedule:
        """Schedule a draft for an aware time in the future; the service knows whole seconds.

        Raises NotInDraftError when the campaign is no Draft any more.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/schedule-a-campaign
        """
        seconds = operations.checked_time(send_at, self._session.clock.time())
        call = Change(self._session, SCHEDULE, checked_id(campaign_id), {"send_at": seconds}, {"send_at": seconds})
        return await self._run(time(call, seconds))

    async def reschedule(self, campaign_id: int, send_at: datetime) -> models.Schedule:
        """Move a scheduled campaign to another aware time in the future.

        Raises NotScheduledError when the campaign is not Scheduled.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-scheduled-campaign
        """
        seconds = operations.checked_time(send_at, self._session.clock.time())
        call = Change(self._session, RESCHEDULE, checked_id(campaign_id), {"send_at": seconds}, {"send_at": seconds})
        return await self._run(time(call, seconds))

    async def unschedule(self, campaign_id: int) -> None:
        """Take back the schedule of a campaign, which is a Draft again afterwards.

        Raises NotScheduledError when the campaign is not Scheduled; mail that is going out is stopped by `delete`.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/unschedule-a-scheduled-campaign
        """
        await self._run(change(Change(self._session, UNSCHEDULE, checked_id(campaign_id), wanted={})))

    # sending

    async def send(self, campaign_id: int) -> models.SendReceipt:
        """Send a draft to its whole audience, now. Two requests, when nothing goes wrong.

        Returns a receipt when the service accepted the mailing; `known_from` says how that is known. Of the errors,

        - OutcomeUnknownError alone means that the campaign may have been sent: do not send it again, ask `outcome`;
        - every other one means that this call sent nothing: NotInDraftError (the campaign was sent, scheduled or
          stopped before), BadRequestError (a field is missing: `errors` lists it), NotFoundError, AuthenticationError,
          PermissionDeniedError, RateLimitError, NotAppliedError (the network or the service was away).

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        return await self._run(send(Change(self._session, SEND, checked_id(campaign_id), wanted={})))

    async def ensure_sent(self, campaign_id: int) -> models.SendReceipt:
        """Send a draft, unless it was sent before: safe to call again, also after a crash or an OutcomeUnknownError.

        One request, when nothing goes wrong. Returns a receipt with `known_from="already"` for a campaign that is In
        Progress, Sent, or Scheduled for about now. Raises NotInDraftError for a campaign that was stopped or is
        scheduled for later, and otherwise as `send` does.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        call = Change(self._session, SEND, checked_id(campaign_id), wanted={})
        return await self._run(send(call, post_first=True))

    async def send_once(self, key: str, title: str, **fields: Unpack[NewCampaignFields]) -> models.SendReceipt:
        """Make a campaign and send it, once for each key: a job that calls this may be run again as a whole.

        key: what the mailing is, such as `newsletter-2026-03`; letters, digits and `._:-`, at most 40. The key becomes
        part of the title, `March (once newsletter-2026-03)`, and that is how a campaign of an earlier run is found:
        reading all campaigns takes a request for each hundred. A Draft of an earlier run gets the fields given now. So
        do not delete or rename such a campaign while its job may be run again.

        Raises what `create`, `update` and `ensure_sent` do. After any error, call again.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        title, ending = operations.with_key("title", title, key)
        return await self._run(send_once(self._session, ending, new_fields(title, fields)))

    async def send_test(self, campaign_id: int, to: str | Sequence[str]) -> None:
        """Send a campaign as a test to one address, or to several. The campaign stays as it is.

        Never repeated once the test may have been sent: a test that went out cannot be read back.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-test-campaign
        """
        most = api.SEND_TEST_CAMPAIGN.limits["to"]
        several = isinstance(to, Sequence) and len(to) <= most  # pyright: ignore[reportUnnecessaryIsInstance]
        check(bool(to) and (isinstance(to, str) or several), f"to is {shown(to)}", f"Give 1 to {most} addresses.")
        body = {"to": to if isinstance(to, str) else list(to)}
        await self._run(change(Change(self._session, SEND_TEST, checked_id(campaign_id), body)))

    async def outcome(self, of: int | errors.OutcomeUnknownError) -> models.Outcome:
        """Find out by reading what became of a write, now or later, and by whomever.

        of: a campaign's id: was it sent? Or an error, also of another process: what became of that write? The client
        acts for the account that the error names; another account's view raises ConfigurationError.

        A state that is as before is read for the read-back window (45 s) before it is believed. Raises what reading
        raises, such as APIConnectionError and ServerError, when the service cannot be read.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
        """
        return await self._find_out(of, SEND, WRITES)
