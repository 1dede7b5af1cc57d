# Generated from campaigns.py by scripts/unasync.py: do not edit; change the source and run `make generate`.
"""The legacy Campaigns API: its writes declared, then its operations, each once.

https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields as fields_of
from datetime import UTC, datetime
from operator import index
from typing import TYPE_CHECKING, Any, Unpack

from sendgrid_campaigns import errors, models
from sendgrid_campaigns._sync.client import Client
from sendgrid_campaigns.config import check, check_count
from sendgrid_campaigns.errors import shown
from sendgrid_campaigns.protocol import goals
from sendgrid_campaigns.protocol.call import Call, Session
from sendgrid_campaigns.protocol.change import Change, change, find_out
from sendgrid_campaigns.protocol.flow import Flow, T
from sendgrid_campaigns.protocol.goals import Resource, Write
from sendgrid_campaigns.protocol.read_back import read_back
from sendgrid_campaigns.protocol.reading import PAGE_SIZE, Pages, find, page, read
from sendgrid_campaigns_api import operations as api

if TYPE_CHECKING:
    from sendgrid_campaigns_api import models as wire
    from sendgrid_campaigns_api.types import Unset

# --- the writes ---

CAMPAIGN = Resource(
    "campaign", "campaign_id", api.GET_CAMPAIGN, api.GET_CAMPAIGN_SCHEDULE, api.LIST_CAMPAIGNS, "result", "title"
)

# What to do when the outcome of each write is unknown.
LIST_IT = "List the newest campaigns: one with this title and content is it. At worst there is a draft too many."
COMPARE = "outcome(error) reads the campaign and compares. Updating again does no harm while nobody else edits."
IS_FOUND = "outcome(error) tells: a campaign that is found was not deleted, and deleting it again does no harm."
READ_TIME = "outcome(error) reads status and time: the chosen time means that the write was applied."
READ_STATUS = "outcome(error) reads the status: a Draft was unscheduled; delete(..., stop=True) stops mail going out."
DO_NOT_SEND = (
    "Do not send it again on this error. outcome(error), now or later, reads what became of it. While it is a Draft,"
    " ensure_sent() may be called: the service sends a campaign at most once."
)
LOOK_INTO_MAIL = "A test cannot be read back. Look into the mailboxes; sending again may deliver the test twice."

CREATE = Write(api.CREATE_CAMPAIGN, CAMPAIGN, "created", LIST_IT, goals.Created, ambiguous=())
UPDATE = Write(api.UPDATE_CAMPAIGN, CAMPAIGN, "updated", COMPARE, goals.Updated)
DELETE = Write(api.DELETE_CAMPAIGN, CAMPAIGN, "deleted", IS_FOUND, goals.Deleted, ambiguous=(403, 404))
SCHEDULE = Write(api.SCHEDULE_CAMPAIGN, CAMPAIGN, "scheduled", READ_TIME, goals.Scheduled)
RESCHEDULE = Write(api.RESCHEDULE_CAMPAIGN, CAMPAIGN, "rescheduled", READ_TIME, goals.Rescheduled)
UNSCHEDULE = Write(api.UNSCHEDULE_CAMPAIGN, CAMPAIGN, "unscheduled", READ_STATUS, goals.Unscheduled)
SEND = Write(api.SEND_CAMPAIGN, CAMPAIGN, "sent", DO_NOT_SEND, goals.Sent)
# Any: mypy takes the None of a statement for a part of the answer.
SEND_TEST: Write[Any] = Write(api.SEND_TEST_CAMPAIGN, CAMPAIGN, "sent as a test", LOOK_INTO_MAIL, ambiguous=())
_WRITES = (CREATE, UPDATE, DELETE, SCHEDULE, RESCHEDULE, UNSCHEDULE, SEND, SEND_TEST)
WRITES: Mapping[str | None, Write[Any]] = {write.done: write for write in _WRITES}


# --- arguments ---


def checked_id(value: Any) -> int:
    """Return a campaign's id. The id becomes part of a path, so that only a positive integer may pass."""
    campaign_id = index(value) if hasattr(value, "__index__") and not isinstance(value, bool) else 0
    check(0 < campaign_id < 2**63, f"campaign_id is {shown(value)}", "Give a positive int, such as 4900.")
    return campaign_id


def checked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as they are sent. The service checks the values, but for those that JSON cannot hold."""
    for name, value in fields.items():
        check(name in _FIELDS, f"a campaign has no field {shown(name)}", f"The fields are {', '.join(_FIELDS)}.")
        try:
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError) as error:  # also half a surrogate pair, and an int of 5,000 digits
            check(False, f"{name} cannot be sent: {error}", "Give whole characters, an int, or a list of them.")
    return dict(fields)


_FIELDS = ("title", *models.NewCampaignFields.__annotations__)


def new_fields(title: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a campaign that is made: there is nothing to clear yet."""
    return {name: value for name, value in checked_fields({"title": title, **fields}).items() if value is not None}


def checked_time(send_at: Any, now: float) -> int:
    """Return unix seconds of an aware datetime in the future."""
    aware = isinstance(send_at, datetime) and send_at.utcoffset() is not None
    remedy = "Give an aware datetime, such as datetime.now(UTC) + timedelta(hours=1)."
    check(aware, f"send_at is {shown(send_at)}, which is no time with a zone", remedy)
    seconds = int(send_at.timestamp())
    good = seconds > now and utc(seconds) is not None
    check(good, f"send_at is {send_at.isoformat()}, which is past or after year 9999", "Give a time in the future.")
    return seconds


def title_with_key(title: str, key: object) -> tuple[str, str]:
    """Return a title with an idempotency key, and how that title ends."""
    good = re.fullmatch(r"[A-Za-z0-9._:-]{1,40}", key if isinstance(key, str) else "") is not None
    check(good, f"key is {shown(key)}", "Give 1 to 40 letters, digits or any of ._:- to name the mailing.")
    ending = f"(once {key})"
    longest = api.CREATE_CAMPAIGN.limits["title"] - len(ending) - 1
    problem = f"title has {len(title)} characters, and with this key it may have {longest}"
    check(0 < len(title) <= longest, problem, "Shorten the title or the key, which becomes part of the title.")
    return f"{title} {ending}", ending


# --- results ---


def campaign_of(answer: "wire.Campaign") -> models.Campaign:
    """Return the campaign that an answer describes."""
    return models.Campaign(
        id=answer.id,
        status=known(answer.status),
        title=known(answer.title),
        subject=known(answer.subject),
        sender_id=known(answer.sender_id),
        list_ids=known_items(answer.list_ids),
        segment_ids=known_items(answer.segment_ids),
        categories=known_items(answer.categories),
        suppression_group_id=known(answer.suppression_group_id),
        custom_unsubscribe_url=known(answer.custom_unsubscribe_url),
        ip_pool=known(answer.ip_pool),
        html_content=known(answer.html_content),
        plain_content=known(answer.plain_content),
        editor=known(answer.editor),
        extra={name: value for name, value in answer.to_dict().items() if name not in _NAMED},
    )


_NAMED = {field.name for field in fields_of(models.Campaign)}


def known(value: "T | Unset | None") -> T | None:
    """Return a value of the generated layer, None for one that is not set."""
    from sendgrid_campaigns_api.types import Unset  # with attrs, which only calls need

    return None if isinstance(value, Unset) else value


def known_items(value: "list[T] | Unset | None") -> tuple[T, ...] | None:
    """Return a list of the generated layer as a tuple, None for one that is not set."""
    return tuple(value) if isinstance(value, list) else None


def utc(seconds: int | None) -> datetime | None:
    """Return the time for unix seconds; None for a number that is no time."""
    try:
        return None if seconds is None or seconds is True else datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


# --- operations of more than one step ---


def content(call: "Change[wire.Campaign]") -> Flow[models.Campaign]:
    """Create or update a campaign, and return the campaign as it is then."""
    known_from, answer, state = yield from change(call)
    found = answer if known_from == "answer" or state is None else state.model
    if found is None or type(found.id) is not int:
        raise call.unknown(None, "the service accepted the request, but its answer cannot be read")
    return campaign_of(found)


def time(call: "Change[wire.Schedule]", send_at: int) -> Flow[models.Schedule]:
    """Schedule or reschedule a campaign."""
    known_from, answer, state = yield from change(call)
    at = utc(answer.send_at if answer else send_at) or datetime.fromtimestamp(send_at, UTC)
    status = answer.status if answer else state.status if state and known_from != "answer" else None
    return models.Schedule(call.id, at, status, known_from, tuple(call.attempts))


def send(call: "Change[wire.SendAccepted]", *, post_first: bool = False) -> Flow[models.SendReceipt]:
    """Send a campaign."""
    known_from, answer, state = yield from change(call, post_first=post_first)
    status = answer.status if answer else state.status if state and known_from != "answer" else None
    return models.SendReceipt(call.id, status, known_from, tuple(call.attempts))


def send_once(session: Session, ending: str, body: Mapping[str, Any]) -> Flow[models.SendReceipt]:
    """Find the campaign of an idempotency key, or make it; bring its fields up to date; send it."""
    call = Call(session, api.LIST_CAMPAIGNS, "sent", CAMPAIGN)
    campaign = yield from find(call, ending)
    if campaign is None:
        create = Change(session, CREATE, body=body, wanted={"key": ending}).follow(call)
        yield from change(create)
        call.changed["changed"] = "This call made a draft: call again with the same key, which finds the draft."
        _, state = yield from read_back(call, goals.Created(ending))
        campaign = state.model if state is not None else None
        if campaign is None:
            why = f"a draft was made, and the list does not show its title yet, which ends with {ending!r}"
            raise call.error(errors.NotAppliedError, cause=why)
    fields = {name: value for name, value in body.items() if name != "editor"}
    if goals.State(campaign).is_("draft") and not goals.Updated(fields).holds(campaign):
        update = Change(session, UPDATE, campaign.id, fields, wanted={"fields": fields}).follow(call)
        yield from change(update)
        call.changed.setdefault("changed", "This call updated the draft of an earlier run, and sent nothing.")
    return (yield from send(Change(session, SEND, campaign.id, wanted={}).follow(call), post_first=True))


# --- the operations ---


class CampaignsClient(Client):
    """SendGrid's Campaigns API, blocking. Safe to share between threads; use it as a context manager, or close it."""

    # reading

    def get(self, campaign_id: int) -> models.Campaign:
        """Read one campaign.

        Raises NotFoundError when the account acted for has no such campaign; APIConnectionError, InvalidResponseError
        or ServerError when no good answer could be had; and the other errors of the package as their docstrings say.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
        """
        return campaign_of(self._read(api.GET_CAMPAIGN, campaign_id))

    def list(self, *, limit: int = 10, offset: int = 0) -> tuple[models.Campaign, ...]:
        """Read one page of campaigns, newest first: at most `limit`, after `offset` campaigns. `iterate` reads all.

        The service may answer fewer than `limit`: its largest value is not documented.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-all-campaigns
        """
        for name, value in (("limit", limit), ("offset", offset)):
            check_count(name, value, api.LIST_CAMPAIGNS.limits[name])
        call = Call(self._session, api.LIST_CAMPAIGNS, "listed", CAMPAIGN)
        return tuple(map(campaign_of, self._run(page(call, offset, limit))))

    def iterate(self, *, page_size: int = 20) -> Iterator[models.Campaign]:
        """Read every campaign, newest first, page by page as the caller goes.

        A campaign that exists all the while comes exactly once, whatever is created or deleted meanwhile. A campaign
        that is created or deleted meanwhile may come or not.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-all-campaigns
        """
        pages = Pages[models.Campaign](page_size)
        while not pages.done:
            for campaign in pages.take(self.list(limit=page_size, offset=pages.offset)):
                yield campaign

    def statuses(self, campaign_ids: Iterable[int]) -> dict[int, str | None]:
        """Read the statuses of many campaigns by id, from pages of the list: a request for each hundred campaigns.

        Reads from the newest on, until all are found. A campaign that the account does not have is left out.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-all-campaigns
        """
        wanted, found = {*map(checked_id, campaign_ids)}, dict[int, str | None]()
        pages = Pages[models.Campaign](PAGE_SIZE)
        while len(found) < len(wanted) and not pages.done:
            new = pages.take(self.list(limit=PAGE_SIZE, offset=pages.offset))
            found |= {campaign.id: campaign.status for campaign in new if campaign.id in wanted}
        return found

    def get_schedule(self, campaign_id: int) -> datetime | None:
        """Read the time that a campaign is scheduled for, in UTC; None when the service names none.

        The answer for a campaign that is not scheduled is not documented: None, or NotFoundError.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/view-scheduled-time-of-a-campaign
        """
        seconds = (self._read(api.GET_CAMPAIGN_SCHEDULE, campaign_id)).send_at
        if seconds is not None and utc(seconds) is None:
            cause = f"send_at is {shown(seconds)}"
            raise errors.InvalidResponseError(action="read", campaign_id=campaign_id, cause=cause)
        return utc(seconds)

    def check(self, campaign_id: int) -> models.CheckResult:
        """Read a campaign and list everything that would stop it from being sent, by the documented rules.

        What only the service can know, such as credits, is listed as unknown.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
        """
        campaign = self.get(campaign_id)
        return models.CheckResult(campaign, tuple(models.missing(campaign)), models.UNKNOWN)

    def _read(self, operation: api.Operation[T], campaign_id: int) -> T:
        call = Call(self._session, operation, "read", CAMPAIGN, checked_id(campaign_id))
        tried = self._run(read(call, operation, {CAMPAIGN.id_name: call.id}))
        assert tried.value is not None
        return tried.value

    # content

    def create(self, title: str, **fields: Unpack[models.NewCampaignFields]) -> models.Campaign:
        """Make a draft. Only the title is needed now; `check` says what a mailing needs.

        A create that is run again makes another campaign. After OutcomeUnknownError there may be a draft too many.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/create-a-campaign
        """
        return self._run(content(Change(self._session, CREATE, body=new_fields(title, fields))))

    def update(self, campaign_id: int, **fields: Unpack[models.ChangedCampaignFields]) -> models.Campaign:
        """Change a draft: a field that is left out stays as it is, and None clears one.

        Returns the campaign as it is then. Raises NotInDraftError when the campaign is no Draft any more.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-campaign
        """
        body = checked_fields(fields)
        check(bool(body), "update() was given nothing to change", "Name a field, such as subject=...")
        id = checked_id(campaign_id)
        return self._run(content(Change(self._session, UPDATE, id, body=body, wanted={"fields": body})))

    def delete(self, campaign_id: int, *, stop: bool = False) -> None:
        """Delete a campaign.

        Deleting a campaign that is scheduled or going out stops its mail, and is the only way to stop mail that is
        going out: that needs `stop=True`. Without it, DeleteWouldStopMailError is raised for every status but Draft,
        Sent and Canceled.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/delete-a-campaign
        """
        self._run(change(Change(self._session, DELETE, checked_id(campaign_id), wanted={"stop": stop})))

    # schedules

    def schedule(self, campaign_id: int, send_at: datetime) -> models.Schedule:
        """Schedule a draft for an aware time in the future; the service knows whole seconds.

        Raises NotInDraftError when the campaign is no Draft any more.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/schedule-a-campaign
        """
        seconds = checked_time(send_at, self._session.clock.time())
        call = Change(self._session, SCHEDULE, checked_id(campaign_id), {"send_at": seconds}, {"send_at": seconds})
        return self._run(time(call, seconds))

    def reschedule(self, campaign_id: int, send_at: datetime) -> models.Schedule:
        """Move a scheduled campaign to another aware time in the future.

        Raises NotScheduledError when the campaign is not Scheduled.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-scheduled-campaign
        """
        seconds = checked_time(send_at, self._session.clock.time())
        call = Change(self._session, RESCHEDULE, checked_id(campaign_id), {"send_at": seconds}, {"send_at": seconds})
        return self._run(time(call, seconds))

    def unschedule(self, campaign_id: int) -> None:
        """Take back the schedule of a campaign, which is a Draft again afterwards.

        Raises NotScheduledError when the campaign is not Scheduled; mail that is going out is stopped by `delete`.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/unschedule-a-scheduled-campaign
        """
        self._run(change(Change(self._session, UNSCHEDULE, checked_id(campaign_id), wanted={})))

    # sending

    def send(self, campaign_id: int) -> models.SendReceipt:
        """Send a draft to its whole audience, now. Two requests, when nothing goes wrong.

        Returns a receipt when the service accepted the mailing; `known_from` says how that is known. Of the errors,

        - OutcomeUnknownError alone means that the campaign may have been sent: do not send it again, ask `outcome`;
        - every other one means that this call sent nothing: NotInDraftError (the campaign was sent, scheduled or
          stopped before), BadRequestError (a field is missing: `errors` lists it), NotFoundError, AuthenticationError,
          PermissionDeniedError, RateLimitError, NotAppliedError (the network or the service was away).

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        return self._run(send(Change(self._session, SEND, checked_id(campaign_id), wanted={})))

    def ensure_sent(self, campaign_id: int) -> models.SendReceipt:
        """Send a draft, unless it was sent before: safe to call again, also after a crash or an OutcomeUnknownError.

        One request, when nothing goes wrong. Returns a receipt with `known_from="already"` for a campaign that is In
        Progress, Sent, or Scheduled for about now. Raises NotInDraftError for a campaign that was stopped or is
        scheduled for later, and otherwise as `send` does.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        call = Change(self._session, SEND, checked_id(campaign_id), wanted={})
        return self._run(send(call, post_first=True))

    def send_once(self, key: str, title: str, **fields: Unpack[models.NewCampaignFields]) -> models.SendReceipt:
        """Make a campaign and send it, once for each key: a job that calls this may be run again as a whole.

        key: what the mailing is, such as `newsletter-2026-03`; letters, digits and `._:-`, at most 40. The key becomes
        part of the title, `March (once newsletter-2026-03)`, and that is how a campaign of an earlier run is found:
        reading all campaigns takes a request for each hundred. A Draft of an earlier run gets the fields given now. So
        do not delete or rename such a campaign while its job may be run again.

        Raises what `create`, `update` and `ensure_sent` do. After any error, call again.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        title, ending = title_with_key(title, key)
        return self._run(send_once(self._session, ending, new_fields(title, fields)))

    def send_test(self, campaign_id: int, to: str | Sequence[str]) -> None:
        """Send a campaign as a test to one address, or to several. The campaign stays as it is.

        Never repeated once the test may have been sent: a test that went out cannot be read back.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-test-campaign
        """
        most = api.SEND_TEST_CAMPAIGN.limits["to"]
        several = isinstance(to, Sequence) and len(to) <= most  # pyright: ignore[reportUnnecessaryIsInstance]
        check(bool(to) and (isinstance(to, str) or several), f"to is {shown(to)}", f"Give 1 to {most} addresses.")
        body = {"to": to if isinstance(to, str) else list(to)}
        self._run(change(Change(self._session, SEND_TEST, checked_id(campaign_id), body)))

    def outcome(self, of: int | errors.OutcomeUnknownError) -> models.Outcome:
        """Find out by reading what became of a write, now or later, and by whomever.

        of: a campaign's id: was it sent? Or an error, also of another process: what became of that write? The client
        acts for the account that the error names; another account's view raises ConfigurationError.

        A state that is as before is read for the read-back window (45 s) before it is believed. Raises what reading
        raises, such as APIConnectionError and ServerError, when the service cannot be read.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
        """
        if not isinstance(of, errors.OutcomeUnknownError):
            return self._run(find_out(self._session, SEND, checked_id(of), {}))
        check(of.action in WRITES, f"the error's action is {shown(of.action)}", "Give an error that a client raised.")
        own, its = self._session.on_behalf_of, of.on_behalf_of
        problem = f"the error is about {its or 'the parent account'!r}, and this is another account's view"
        check(own in (None, its), problem, "Ask the client itself, or that account's view.")
        id = None if of.campaign_id is None else checked_id(of.campaign_id)
        view = self._view(on_behalf_of=its)
        return view._run(find_out(view._session, WRITES[of.action], id, of.wanted))
