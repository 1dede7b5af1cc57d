# Generated from campaigns.py by scripts/unasync.py: do not edit; change the source and run `make generate`.
"""The legacy Campaigns API: its writes declared, then its operations, each once.

https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime
from operator import index
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from sendgrid_campaigns._sync.client import Client
from sendgrid_campaigns.config import check, check_count
from sendgrid_campaigns.errors import (
    DeleteWouldStopMailError,
    NotAppliedError,
    NotInDraftError,
    NotScheduledError,
    OutcomeUnknownError,
    shown,
)
from sendgrid_campaigns.models import (
    UNKNOWN,
    Campaign,
    CampaignFields,
    CheckResult,
    NewCampaignFields,
    Outcome,
    Schedule,
    SendReceipt,
    missing,
)
from sendgrid_campaigns.protocol import goals, reading
from sendgrid_campaigns.protocol.answers import Unparsed, parse
from sendgrid_campaigns.protocol.call import Call, Session
from sendgrid_campaigns.protocol.change import Change, change, find_out, wait_for_created
from sendgrid_campaigns.protocol.flow import Answer, Flow
from sendgrid_campaigns.protocol.goals import Resource, Write
from sendgrid_campaigns_api import operations as api

if TYPE_CHECKING:
    from sendgrid_campaigns_api import models as wire

T = TypeVar("T")

# --- the writes ---

CAMPAIGN = Resource(
    "campaign",
    id_name="campaign_id",
    get=api.GET_CAMPAIGN,
    send_at=api.GET_CAMPAIGN_SCHEDULE,
    list=api.LIST_CAMPAIGNS,
    items=lambda page: page.result,
    key_of=lambda campaign: campaign.title,
)

CREATE = Write(
    api.CREATE_CAMPAIGN,
    CAMPAIGN,
    done="created",
    goal=goals.Created,
    ambiguous=(),
    hint="List the newest campaigns: one with this title and content is it. At worst there is a draft too many.",
)
UPDATE = Write(
    api.UPDATE_CAMPAIGN,
    CAMPAIGN,
    done="updated",
    goal=goals.Updated,
    wrong_state=NotInDraftError,
    hint="outcome(error) reads the campaign and compares. Updating again does no harm while nobody else edits.",
)
DELETE = Write(
    api.DELETE_CAMPAIGN,
    CAMPAIGN,
    done="deleted",
    goal=goals.Deleted,
    wrong_state=DeleteWouldStopMailError,
    ambiguous=(403, 404),
    hint="outcome(error) reads the campaign: while the campaign is found it was not deleted, and deleting again does no"
    " harm.",
)
SCHEDULE = Write(
    api.SCHEDULE_CAMPAIGN,
    CAMPAIGN,
    done="scheduled",
    goal=goals.Scheduled,
    wrong_state=NotInDraftError,
    hint="outcome(error) reads status and time: the chosen time means that the campaign was scheduled.",
)
RESCHEDULE = Write(
    api.RESCHEDULE_CAMPAIGN,
    CAMPAIGN,
    done="rescheduled",
    goal=goals.Rescheduled,
    wrong_state=NotScheduledError,
    hint="outcome(error) reads the time: the chosen time means that the campaign was rescheduled.",
)
UNSCHEDULE = Write(
    api.UNSCHEDULE_CAMPAIGN,
    CAMPAIGN,
    done="unscheduled",
    goal=goals.Unscheduled,
    wrong_state=NotScheduledError,
    hint="outcome(error) reads the status: a Draft was unscheduled; a campaign that stays Scheduled will go out unless"
    " you call again; mail that is going out is stopped only by delete(..., stop=True).",
)
SEND = Write(
    api.SEND_CAMPAIGN,
    CAMPAIGN,
    done="sent",
    goal=goals.Sent,
    wrong_state=NotInDraftError,
    hint="Do not send the campaign again on this error. outcome(error), of any client of this account and also later,"
    " reads what became of it. While it is a Draft, ensure_sent() may be called: the service sends a campaign at most"
    " once.",
)
SEND_TEST = Write(
    api.SEND_TEST_CAMPAIGN,
    CAMPAIGN,
    done="sent as a test",
    ambiguous=(),
    hint="A test cannot be read back. Look into the mailboxes; sending again may deliver the test twice.",
)
WRITES: Mapping[str, Write[Any]] = {
    write.done: write for write in (CREATE, UPDATE, DELETE, SCHEDULE, RESCHEDULE, UNSCHEDULE, SEND, SEND_TEST)
}


# --- arguments and results ---


def checked_id(value: object) -> int:
    """Return a campaign's id. The id becomes part of a path, so that only a positive integer may pass."""
    try:
        campaign_id = 0 if isinstance(value, bool) else index(value)  # type: ignore[arg-type]  # pyright: ignore
    except TypeError:
        campaign_id = 0
    problem = f"campaign_id is {shown(value)}, which is no campaign's id"
    check(0 < campaign_id < 2**63, problem, "Give a positive int, such as 4900.")
    return campaign_id


def checked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as they are sent. The service checks all but what cannot be sent at all."""
    body: dict[str, Any] = {}
    for name, value in fields.items():
        check(name in _FIELDS, f"a campaign has no field {shown(name)}", f"There are {', '.join(sorted(_FIELDS))}.")
        if isinstance(value, str):
            check(value.isprintable() or _is_unicode(value), f"{name} holds half a surrogate pair", "Give whole text.")
        is_list = name in ("list_ids", "segment_ids", "categories") and value is not None
        # A text is a sequence of texts, too, and never what was meant.
        check(not is_list or not isinstance(value, str | bytes), f"{name} is {shown(value)}", "Give a list.")
        body[name] = list(value) if is_list else value
    return body


_FIELDS = {"title", "to", *NewCampaignFields.__annotations__, *CampaignFields.__annotations__}


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def checked_time(send_at: object, now: float) -> int:
    """Return unix seconds of an aware datetime in the future."""
    if not isinstance(send_at, datetime) or send_at.utcoffset() is None:
        check(
            False,
            f"send_at is {shown(send_at)}, which is no time with a zone",
            "Give an aware datetime, such as datetime.now(UTC) + timedelta(hours=1).",
        )
    assert isinstance(send_at, datetime)
    try:
        seconds = int(send_at.timestamp())
        datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        seconds = 0  # outside of the years that UTC has
    check(seconds > now, f"send_at is {send_at.isoformat()}, which is past", "Give a time in the future.")
    return seconds


def title_with_key(title: str, key: str) -> tuple[str, str]:
    """Return a title with an idempotency key, and how that title ends."""
    good = isinstance(key, str) and re.fullmatch(r"[A-Za-z0-9._:-]{1,40}", key) is not None  # pyright: ignore
    check(good, f"key is {shown(key)}", "Give 1 to 40 letters, digits or any of ._:- to name the mailing.")
    ending = f"(once {key})"
    longest = api.CREATE_CAMPAIGN.limits["title"] - len(ending) - 1
    problem = f"title has {len(title)} characters, and with this key it may have {longest}"
    check(0 < len(title) <= longest, problem, "Shorten the title or the key, which becomes part of the title.")
    return f"{title} {ending}", ending


def campaign_of(answer: "wire.Campaign") -> Campaign:
    """Return the campaign that an answer describes."""
    from sendgrid_campaigns_api.types import Unset  # with attrs, which only calls need

    def known(value: "T | Unset | None") -> "T | None":
        return None if isinstance(value, Unset) else value

    def items(value: "list[T] | Unset | None") -> "tuple[T, ...] | None":
        return None if isinstance(value, Unset) or value is None else tuple(value)

    return Campaign(
        id=answer.id,
        status=known(answer.status),
        title=known(answer.title),
        subject=known(answer.subject),
        sender_id=known(answer.sender_id),
        list_ids=items(answer.list_ids),
        segment_ids=items(answer.segment_ids),
        categories=items(answer.categories),
        suppression_group_id=known(answer.suppression_group_id),
        custom_unsubscribe_url=known(answer.custom_unsubscribe_url),
        ip_pool=known(answer.ip_pool),
        html_content=known(answer.html_content),
        plain_content=known(answer.plain_content),
        editor=known(answer.editor),
        extra={name: value for name, value in answer.to_dict().items() if name not in _NAMED},
    )


_NAMED = {field.name for field in dataclass_fields(Campaign)}


# --- flows of more than one step ---


def get(session: Session, campaign_id: int) -> Flow[Campaign]:
    """Read one campaign."""
    call = Call(session, api.GET_CAMPAIGN, "read", id=campaign_id)

    def model(answer: Answer) -> Campaign:
        found = campaign_of(parse(answer, api.GET_CAMPAIGN.parse))
        if found.id != campaign_id or isinstance(found.id, bool):
            raise Unparsed(f"it is about campaign {found.id!r}")
        return found

    return (yield from reading.read(call, api.GET_CAMPAIGN, model, {"campaign_id": campaign_id}))


def get_schedule(session: Session, campaign_id: int) -> Flow[datetime | None]:
    """Read the time of a campaign."""
    call = Call(session, api.GET_CAMPAIGN_SCHEDULE, "read", id=campaign_id)

    def model(answer: Answer) -> datetime | None:
        send_at = parse(answer, api.GET_CAMPAIGN_SCHEDULE.parse).send_at
        return None if send_at is None else datetime.fromtimestamp(send_at, UTC)

    return (yield from reading.read(call, api.GET_CAMPAIGN_SCHEDULE, model, {"campaign_id": campaign_id}))


def list_page(session: Session, limit: int, offset: int) -> Flow[tuple[Campaign, ...]]:
    """Read one page of campaigns."""
    call = Call(session, api.LIST_CAMPAIGNS, "listed")
    page = yield from reading.page(call, CAMPAIGN, offset, limit)
    return tuple(map(campaign_of, page))


def content(call: "Change[wire.Campaign]") -> Flow[Campaign]:
    """Create or update a campaign, and return the campaign as it is then."""
    changed = yield from change(call)
    model = changed.answer if changed.state is None or changed.known_from == "answer" else changed.state.model
    if model is None:
        raise call.unknown(None, "the service accepted the request, but its answer cannot be read")
    return campaign_of(model)


def time(session: Session, write: "Write[wire.Schedule]", campaign_id: int, send_at: int) -> Flow[Schedule]:
    """Schedule or reschedule a campaign."""
    call = Change(session, write, campaign_id, body={"send_at": send_at}, wanted={"send_at": send_at})
    changed = yield from change(call)
    status = changed.state.status if changed.state is not None else None
    if changed.answer is not None:
        status, send_at = changed.answer.status, changed.answer.send_at
    elif changed.known_from == "answer":
        status = None
    return Schedule(campaign_id, datetime.fromtimestamp(send_at, UTC), status, changed.known_from, call.attempts)


def send(
    session: Session, campaign_id: int, *, post_first: bool = False, after: Call | None = None
) -> Flow[SendReceipt]:
    """Send a campaign."""
    call = Change(session, SEND, campaign_id, wanted={}, after=after)
    changed = yield from change(call, post_first=post_first)
    if changed.known_from == "answer":
        status = changed.answer.status if changed.answer is not None else None
    else:
        status = changed.state.status if changed.state is not None else None
    return SendReceipt(campaign_id, status, changed.known_from, call.attempts)


def send_once(session: Session, ending: str, body: Mapping[str, Any]) -> Flow[SendReceipt]:
    """Find the campaign of an idempotency key, or make it; bring its fields up to date; send it."""
    call = Call(session, api.LIST_CAMPAIGNS, "sent")
    campaign: wire.Campaign | None = yield from reading.find(call, CAMPAIGN, ending)
    if campaign is None:
        create = Change(session, CREATE, body=body, wanted={"key": ending}, after=call)
        yield from change(create)
        call.changed["changed"] = "This call made a draft: call again with the same key, which finds the draft."
        campaign = yield from wait_for_created(create, CAMPAIGN, ending)
        if campaign is None:
            why = f"a draft was made, and the list does not show its title yet, which ends with {ending!r}"
            raise call.error(NotAppliedError, cause=why)
    fields = {name: value for name, value in body.items() if name != "editor"}
    if goals.State(str(campaign.status)).is_("draft") and not goals.Updated(fields).holds(campaign):
        yield from change(Change(session, UPDATE, campaign.id, body=fields, wanted={"fields": fields}, after=call))
    return (yield from send(session, campaign.id, post_first=True, after=call))


# --- the operations ---


class CampaignsClient(Client):
    """SendGrid's Campaigns API, blocking. Safe to share between threads; use it as a context manager, or close it."""

    # reading

    def get(self, campaign_id: int) -> Campaign:
        """Read one campaign.

        Raises NotFoundError when the account acted for has no such campaign; APIConnectionError, InvalidResponseError
        or ServerError when no good answer could be had; and the other errors of the package as their docstrings say.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
        """
        return self._run(get(self._session, checked_id(campaign_id)))

    def list(self, *, limit: int = 10, offset: int = 0) -> tuple[Campaign, ...]:
        """Read one page of campaigns, newest first: at most `limit`, after `offset` campaigns. `iterate` reads all.

        The service may answer fewer than `limit`: its largest value is not documented.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-all-campaigns
        """
        for name, value in (("limit", limit), ("offset", offset)):
            check_count(name, value, api.LIST_CAMPAIGNS.limits[name])
        return self._run(list_page(self._session, limit, offset))

    def iterate(self, *, page_size: int = 20) -> Iterator[Campaign]:
        """Read every campaign, newest first, page by page as the caller goes.

        A campaign that exists all the while comes exactly once, whatever is created or deleted meanwhile. A campaign
        that is created or deleted meanwhile may come or not.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-all-campaigns
        """
        pages = reading.Pages[Campaign](page_size)
        while not pages.done:
            for campaign in pages.take(self.list(limit=page_size, offset=pages.offset)):
                yield campaign

    def get_schedule(self, campaign_id: int) -> datetime | None:
        """Read the time that a campaign is scheduled for, in UTC; None when the service names none.

        The answer for a campaign that is not scheduled is not documented: None, or NotFoundError.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/view-scheduled-time-of-a-campaign
        """
        return self._run(get_schedule(self._session, checked_id(campaign_id)))

    def check(self, campaign_id: int) -> CheckResult:
        """Read a campaign and list everything that would stop it from being sent, by the documented rules.

        What only the service can know, such as credits, is listed as unknown.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
        """
        campaign = self.get(campaign_id)
        return CheckResult(campaign=campaign, problems=tuple(missing(campaign)), unknown=UNKNOWN)

    # content

    def create(self, title: str, **fields: Unpack[NewCampaignFields]) -> Campaign:
        """Make a draft. Only the title is needed now; `check` says what a mailing needs.

        A create that is run again makes another campaign. After OutcomeUnknownError there may be a draft too many.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/create-a-campaign
        """
        body = checked_fields({"title": title, **fields})
        body = {name: value for name, value in body.items() if value is not None}
        return self._run(content(Change(self._session, CREATE, body=body)))

    def update(self, campaign_id: int, title: str | None = None, **fields: Unpack[CampaignFields]) -> Campaign:
        """Change a draft: a field that is left out stays as it is, and None clears one, but for the title.

        Returns the campaign as it is then. Raises NotInDraftError when the campaign is no Draft any more.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-campaign
        """
        body = checked_fields(fields if title is None else {"title": title, **fields})
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

    def schedule(self, campaign_id: int, send_at: datetime) -> Schedule:
        """Schedule a draft for an aware time in the future; the service knows whole seconds.

        Raises NotInDraftError when the campaign is no Draft any more.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/schedule-a-campaign
        """
        seconds = checked_time(send_at, self._session.clock.time())
        return self._run(time(self._session, SCHEDULE, checked_id(campaign_id), seconds))

    def reschedule(self, campaign_id: int, send_at: datetime) -> Schedule:
        """Move a scheduled campaign to another aware time in the future.

        Raises NotScheduledError when the campaign is not Scheduled.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-scheduled-campaign
        """
        seconds = checked_time(send_at, self._session.clock.time())
        return self._run(time(self._session, RESCHEDULE, checked_id(campaign_id), seconds))

    def unschedule(self, campaign_id: int) -> None:
        """Take back the schedule of a campaign, which is a Draft again afterwards.

        Raises NotScheduledError when the campaign is not Scheduled; mail that is going out is stopped by `delete`.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/unschedule-a-scheduled-campaign
        """
        self._run(change(Change(self._session, UNSCHEDULE, checked_id(campaign_id), wanted={})))

    # sending

    def send(self, campaign_id: int) -> SendReceipt:
        """Send a draft to its whole audience, now. Two requests, when nothing goes wrong.

        Returns a receipt when the service accepted the mailing; `known_from` says how that is known. Of the errors,

        - OutcomeUnknownError alone means that the campaign may have been sent: do not send it again, ask `outcome`;
        - every other one means that this call sent nothing: NotInDraftError (the campaign was sent, scheduled or
          stopped before), BadRequestError (a field is missing: `errors` lists it), NotFoundError, AuthenticationError,
          PermissionDeniedError, RateLimitError, NotAppliedError (the network or the service was away).

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        return self._run(send(self._session, checked_id(campaign_id)))

    def ensure_sent(self, campaign_id: int) -> SendReceipt:
        """Send a draft, unless it was sent before: safe to call again, also after a crash or an OutcomeUnknownError.

        One request, when nothing goes wrong. Returns a receipt with `known_from="already"` for a campaign that is In
        Progress, Sent, or Scheduled for about now. Raises NotInDraftError for a campaign that was stopped or is
        scheduled for later, and otherwise as `send` does.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        return self._run(send(self._session, checked_id(campaign_id), post_first=True))

    def send_once(self, key: str, title: str, **fields: Unpack[NewCampaignFields]) -> SendReceipt:
        """Make a campaign and send it, once for each key: a job that calls this may be run again as a whole.

        key: what the mailing is, such as `newsletter-2026-03`; letters, digits and `._:-`, at most 40. The key becomes
        part of the title, `March (once newsletter-2026-03)`, and that is how a campaign of an earlier run is found:
        reading all campaigns takes a request for each hundred. A Draft of an earlier run gets the fields given now. So
        do not delete or rename such a campaign while its job may be run again.

        Raises what `create`, `update` and `ensure_sent` do. After any error, call again.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        title, ending = title_with_key(title, key)
        return self._run(send_once(self._session, ending, checked_fields({"title": title, **fields})))

    def send_test(self, campaign_id: int, to: str | Sequence[str]) -> None:
        """Send a campaign as a test to one address, or to several. The campaign stays as it is.

        Never repeated once the test may have been sent: a test that went out cannot be read back.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-test-campaign
        """
        most = api.SEND_TEST_CAMPAIGN.limits["to"]
        addresses = [to] if isinstance(to, str) else list(to)
        good = 0 < len(addresses) <= most and all(isinstance(each, str) and each for each in addresses)  # pyright: ignore
        check(good, f"to is {shown(to)}", f"Give 1 to {most} addresses, as a str or a list.")
        body = checked_fields({"to": to if isinstance(to, str) else addresses})
        self._run(change(Change(self._session, SEND_TEST, checked_id(campaign_id), body=body)))

    def outcome(self, of: int | OutcomeUnknownError) -> Outcome:
        """Find out by reading what became of a write, now or later, and by whomever.

        of: a campaign's id: was it sent? Or an error, also of another process: what became of that write? The client
        acts for the account that the error names; another account's view raises ConfigurationError.

        A state that is as before is read for the read-back window (45 s) before it is believed. Raises what reading
        raises, such as APIConnectionError and ServerError, when the service cannot be read.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
        """
        if not isinstance(of, OutcomeUnknownError):
            return self._run(find_out(self._session, SEND, checked_id(of), {}))
        write = WRITES.get(of.action or "")
        check(write is not None, f"the error's action is {shown(of.action)}", "Give an error that this client raised.")
        assert write is not None
        own, its = self._session.on_behalf_of, of.on_behalf_of
        problem = (
            f"the error is about a campaign of {its or 'the parent account'!r}, and this is another account's view"
        )
        check(own in (None, its), problem, "Ask the client itself, or that account's view.")
        id = None if of.campaign_id is None else checked_id(of.campaign_id)
        view = self._view(its)
        return view._run(find_out(view._session, write, id, of.wanted))
