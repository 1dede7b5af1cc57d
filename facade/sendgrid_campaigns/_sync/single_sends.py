# Generated from single_sends.py by scripts/unasync.py: do not edit; change the source and run `make generate`.
"""The Single Sends API: its writes declared, then its operations, each once.

https://www.twilio.com/docs/sendgrid/api-reference/single-sends
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Unpack

from sendgrid_campaigns import errors, models, operations
from sendgrid_campaigns import single_send_types as types
from sendgrid_campaigns._sync.client import Client
from sendgrid_campaigns.config import check, check_count, check_seconds
from sendgrid_campaigns.protocol import goals, reading
from sendgrid_campaigns.protocol.call import Call, Session
from sendgrid_campaigns.protocol.change import Change, change
from sendgrid_campaigns.protocol.flow import Flow, T
from sendgrid_campaigns.protocol.goals import Resource, Seen, State, Write
from sendgrid_single_sends_api import operations as api

# --- arguments ---


def checked_id(value: Any) -> str:
    """Return a single send's id. The id becomes part of a path, so that only a UUID may pass."""
    id = str(value).lower() if type(value).__name__ in ("str", "UUID") else ""
    good = re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id) is not None
    check(good, f"single_send_id is {errors.shown(value)}", "Give a UUID such as 27c21bbf-a12c-440b-b8bf-c526975328ca.")
    return id


def checked_body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as they are sent. A plain text that is given is not replaced by one made of the HTML."""
    body = operations.checked_fields("a single send", types.ChangedSingleSendFields, fields)
    if "plain_content" in (content := body.get("email_config", {})):
        body["email_config"] = {"generate_plain_content": False, **content}
    blank = next((name for name, value in operations.flat(body).items() if value in (None, "", [], ())), None)
    check(blank is None, f"{blank} is None or empty", "Leave it out: the service clears no field of a single send.")
    return body


# --- the writes ---


class SentNow(goals.Sent):
    """The single send is mailed, now. No rule of the service refuses a second request: none is made."""

    server_checks_state = False

    def may_repeat(self, state: State) -> bool:
        """Return False."""
        return False


class Scheduled(goals.Scheduled):
    """The single send goes out at a chosen time. The service refuses the time once it is past."""

    server_checks_state = False


class SentAt(Scheduled):
    """The single send is mailed, at a chosen time or before."""

    def judge(self, state: State) -> Seen:
        """Return APPLIED for mail on its way."""
        return Seen.APPLIED if state.is_("triggered") else super().judge(state)


FIRST_PAGE: Mapping[str, Any] = {"page_size": reading.PAGE_SIZE}
RESOURCE = Resource(
    "single send", "single_send_id", checked_id, api.GET_SINGLE_SEND, None, api.LIST_SINGLE_SENDS, FIRST_PAGE, "name"
)

# What to do when the outcome of each write is unknown.
SEARCH = "Search for its name: at worst there is a draft too many."
STATUS = "outcome(error) reads the status: one that was unscheduled is a draft."
DO_NOT_SEND = "Do not send it again: outcome(error) tells, now or later. Jobs that run again use ensure_sent()."
WHY = "its contact lists are those of the key's own account, or neither has any: on-behalf-of may be ignored"
KEY = "Use a key of that account's own, SingleSendsClient(api_key=...); or give the account a contact list."
ANOTHER_AUDIENCE = "the draft of an earlier run has another audience: delete that draft, or take another key"
RUN_AGAIN = "outcome(error) reads what became of it. ensure_sent() may be called again, as often as needed."

CREATE = Write(api.CREATE_SINGLE_SEND, RESOURCE, "created", SEARCH, goals.Created, ambiguous=())
UPDATE = Write(api.UPDATE_SINGLE_SEND, RESOURCE, "updated", operations.COMPARE, goals.Updated)
DELETE = Write(api.DELETE_SINGLE_SEND, RESOURCE, "deleted", operations.IS_FOUND, goals.Deleted, (403, 404))
DUPLICATE = Write[Any](api.DUPLICATE_SINGLE_SEND, RESOURCE, "duplicated", SEARCH, ambiguous=())
# Mail may begin at once: of two copies of the request, the first may be carried out and the second be refused, and no
# page says with which code.
OF_A_COPY = (400, 403, 404, 405, 422)
SCHEDULE = Write(api.SCHEDULE_SINGLE_SEND, RESOURCE, "scheduled", operations.READ_TIME, Scheduled, OF_A_COPY)
UNSCHEDULE = Write[Any](api.UNSCHEDULE_SINGLE_SEND, RESOURCE, "unscheduled", STATUS, goals.Unscheduled, (400, 403, 404))
SEND = Write[Any](api.SCHEDULE_SINGLE_SEND, RESOURCE, "sent now", DO_NOT_SEND, SentNow, OF_A_COPY)
SEND_AT = Write(api.SCHEDULE_SINGLE_SEND, RESOURCE, "sent", RUN_AGAIN, SentAt)
_WRITES = (CREATE, UPDATE, DELETE, DUPLICATE, SCHEDULE, UNSCHEDULE, SEND, SEND_AT)
WRITES: Mapping[str | None, Write[Any]] = {write.done: write for write in _WRITES}


# --- operations of more than one step ---


def timed(call: Change[Any], *, post_first: bool = False) -> Flow[models.SingleSendReceipt]:
    """Send or schedule a single send."""
    known_from, answer, state = yield from change(call, post_first=post_first)
    send_at = (call.wanted or {}).get("send_at") if known_from == "answer" or state is None else state.send_at
    status = answer.status if answer else state.status if state and known_from != "answer" else None
    return models.SingleSendReceipt(call.id, status, operations.utc(send_at), known_from, tuple(call.attempts))


def ensure_sent(call: Call[Any], within: float) -> Flow[models.SingleSendReceipt]:
    """Send a draft at a time, unless it was sent, or scheduled for about then, before."""
    now = yield from reading.state(call)
    due = now.is_("scheduled") and (now.send_at or 0) - now.service_time <= within + goals.ABOUT_NOW
    if due or now.is_("triggered"):
        return models.SingleSendReceipt(call.id, now.status, operations.utc(now.send_at), "already", (*call.attempts,))
    at = int(max(now.service_time, now.local_time) + within)
    return (yield from timed(at_time(call.session, SEND_AT, call.id, at).follow(call), post_first=now.is_("draft")))


def send_once(call: Call[Any], ending: str, body: Mapping[str, Any], within: float) -> Flow[models.SingleSendReceipt]:
    """Find the single send of an idempotency key, or make it; bring its fields up to date; send it."""
    found = reading.first_with_key(RESOURCE, ending, (yield from operations.pages(call, {"name": ending})))
    if State(found).is_("draft", ""):  # the search may lag, and a list may skip what moves between two of its pages
        call.operation = api.LIST_SINGLE_SENDS
        found = reading.first_with_key(RESOURCE, ending, (yield from operations.pages(call))) or found
    found = found or (yield from operations.made(call, CREATE, ending, body))
    send = Call[Any](call.session, api.GET_SINGLE_SEND, "sent", RESOURCE, checked_id(found.id)).follow(call)
    whole = yield from reading.state(send)
    rest = {name: () for name in ("list_ids", "segment_ids", "all") if name not in body.get("send_to", {})}
    if whole.is_("draft") and not goals.Updated(operations.flat({"send_to": rest})).holds(whole.model):
        raise send.error(errors.NotAppliedError, cause=ANOTHER_AUDIENCE, temporary=False)
    yield from operations.updated(send, UPDATE, whole.model, body)
    return (yield from ensure_sent(send, within))


def at_time(session: Session, write: Write[Any], id: str, at: int) -> Change[Any]:
    """Make the call of a write that schedules for a unix time."""
    return Change(session, write, id, {"send_at": f"{operations.utc(at):%Y-%m-%dT%H:%M:%SZ}"}, {"send_at": at})


# --- the operations ---


class SingleSendsClient(Client):
    """SendGrid's Single Sends API for asyncio. Use it as a context manager, or `client.close()`.

    No page says that this API honors on-behalf-of. So before its first write for an account, a client reads the contact
    lists of the key's own account, of the account acted for, and of the own again. Where the two have a list in common,
    or both have none, NotAppliedError is raised. Reads are not preceded by that.
    """

    def _write(self, flow: Flow[T]) -> T:
        if (its := self._session.on_behalf_of) is not None and its not in self._proven:
            self._prove(its)
        return self._run(flow)

    def _prove(self, its: str) -> None:
        before, seen, after = [self._view(on_behalf_of=account)._lists() for account in (None, its, None)]
        if before != after or seen == before or seen & before:
            raise errors.NotAppliedError(resource="single send", on_behalf_of=its, cause=WHY, hint=KEY, temporary=False)
        self._proven.add(its)

    def _lists(self) -> set[str]:
        return {each.id for each in (self._read(RESOURCE, api.LIST_CONTACT_LISTS, page_size=1000)).result or ()}

    # reading

    def get(self, single_send_id: str) -> types.SingleSend:
        """Read one single send.

        Raises NotFoundError when the account acted for has no such single send; APIConnectionError,
        InvalidResponseError or ServerError when no good answer could be had.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/get-single-send-by-id
        """
        return types.SingleSend.of(self._read(RESOURCE, api.GET_SINGLE_SEND, single_send_id))

    def list(self, *, most: int = 100, **by: Unpack[types.SearchedFields]) -> tuple[types.SingleSendSummary, ...]:
        """Read the newest `most` single sends, without their content: a request for each hundred.

        by: those alone with a text in their name, one of some statuses, one of some categories. How pages move
        while single sends come and go is not documented: one may be skipped then, or come twice.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/get-all-single-sends
        """
        check_count("most", most, 1)
        body = operations.checked_fields("a search", types.SearchedFields, by) if by else None
        call = Call(self._session, api.SEARCH_SINGLE_SENDS if by else api.LIST_SINGLE_SENDS, "listed", RESOURCE)
        return tuple(map(types.SingleSendSummary.of, self._run(operations.pages(call, body, most))))

    def categories(self) -> tuple[str, ...]:
        """Read the categories of all single sends.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/get-all-categories
        """
        return tuple((self._read(RESOURCE, api.LIST_SINGLE_SEND_CATEGORIES)).categories or ())

    def stats(self, single_send_id: str, *, since: date = date(2019, 1, 1)) -> types.Counts | None:
        """Read the counts of what became of the mail, from a day on; None while the service has not counted it.

        https://www.twilio.com/docs/sendgrid/api-reference/marketing-campaign-stats/get-single-send-stats-by-id
        """
        try:
            found = (self._read(RESOURCE, api.GET_SINGLE_SEND_STATS, single_send_id, start_date=since)).results
        except errors.NotFoundError:
            return None
        return types.Counts.of(found[0].stats) if found and found[0].stats else None

    def check(self, single_send_id: str) -> tuple[models.ErrorDetail, ...]:
        """Read one single send, and name what would stop it from being sent, as far as its fields tell.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/get-single-send-by-id
        """
        found = self.get(single_send_id)
        to, config = found.send_to or types.SendTo(), found.email_config or types.EmailConfig()
        return tuple(operations.missing(found, config, to.list_ids or to.segment_ids or to.all))

    # content

    def create(self, name: str, **fields: Unpack[types.NewSingleSendFields]) -> types.SingleSend:
        """Make a draft. Only the name is needed now; `check` says what a mailing needs.

        A create that is run again makes another one. After OutcomeUnknownError there may be a draft too many.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/create-single-send
        """
        create = Change(self._session, CREATE, body=checked_body({"name": name, **fields}))
        return self._write(operations.content(create, types.SingleSend.of))

    def update(self, single_send_id: str, **fields: Unpack[types.ChangedSingleSendFields]) -> types.SingleSend:
        """Change a draft: what is left out stays as it is. The service clears no field.

        Returns the single send as it is then. Raises NotInDraftError when it is no draft any more.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/update-single-send
        """
        body, id = checked_body(fields), checked_id(single_send_id)
        update = Change(self._session, UPDATE, id, body, {"fields": operations.flat(body)})
        return self._write(operations.content(update, types.SingleSend.of))

    def duplicate(self, single_send_id: str, name: str | None = None) -> types.SingleSend:
        """Make a draft with the content of another single send, and return it. Never repeated once it may be made.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends
        """
        call = Change(self._session, DUPLICATE, body={} if name is None else checked_body({"name": name}))
        call.ask.parameters = {RESOURCE.id_name: checked_id(single_send_id)}
        return self._write(operations.content(call, types.SingleSend.of))

    def delete(self, single_send_id: str, *, stop: bool = False) -> None:
        """Delete a draft; with `stop=True`, also what is scheduled, whose mail that stops, or triggered.

        Whether deleting stops mail that is going out is not documented. Without `stop=True`,
        DeleteWouldStopMailError is raised for every status but draft.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends
        """
        self._write(change(Change(self._session, DELETE, checked_id(single_send_id), wanted={"stop": stop})))

    # schedules

    def schedule(self, single_send_id: str, send_at: datetime) -> models.SingleSendReceipt:
        """Schedule a draft for an aware time in the future, in whole seconds.

        Raises NotInDraftError for any other status: to move a time, `unschedule` and `schedule`.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/schedule-single-send
        """
        seconds = operations.checked_time(send_at, self._session.clock.time())
        return self._write(timed(at_time(self._session, SCHEDULE, checked_id(single_send_id), seconds)))

    def unschedule(self, single_send_id: str) -> None:
        """Take back the schedule of a single send, which is a draft again afterwards.

        Raises NotScheduledError when it is not scheduled. No way to stop mail that is going out is documented.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/delete-single-send-schedule
        """
        self._write(change(Change(self._session, UNSCHEDULE, checked_id(single_send_id), wanted={})))

    # sending

    def send(self, single_send_id: str) -> models.SingleSendReceipt:
        """Send a draft to its whole audience, now. Two requests, when nothing goes wrong. In jobs, use `ensure_sent`.

        No rule of the service is known to refuse a second send, so that nothing is repeated once the first request may
        have arrived. Of the errors,

        - OutcomeUnknownError alone means that it may have been sent: do not send it again, ask `outcome`;
        - every other one means that this call sent nothing: NotInDraftError, BadRequestError (after 45 s of reading),
          NotFoundError, AuthenticationError, PermissionDeniedError, RateLimitError, NotAppliedError.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/schedule-single-send
        """
        call = Change(self._session, SEND, checked_id(single_send_id), {"send_at": "now"}, {})
        return self._write(timed(call))

    def ensure_sent(self, single_send_id: str, *, within: float = 120.0) -> models.SingleSendReceipt:
        """Send a draft `within` seconds from now, unless it was sent or scheduled before: safe to call again.

        The draft is scheduled for one time, which the service refuses once it is past: a late copy of the request does
        nothing then. At least 90 seconds. Returns a receipt with `known_from="already"` for a single send that is
        triggered, or scheduled for about then. Raises NotInDraftError for one that is scheduled for later.

        Raises what `send` does; after an OutcomeUnknownError, call again, or ask `outcome`.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/schedule-single-send
        """
        call = Call[Any](self._session, api.GET_SINGLE_SEND, "sent", RESOURCE, checked_id(single_send_id))
        check_seconds("within", within, 90)  # every read sees such a schedule before its mail begins: A4, SS3
        return self._write(ensure_sent(call, within))

    def send_once(
        self, key: str, name: str, *, within: float = 120.0, **fields: Unpack[types.NewSingleSendFields]
    ) -> models.SingleSendReceipt:
        """Make a single send and send it, once for each key: a job that calls this may be run again as a whole.

        key: what the mailing is, such as `newsletter-2026-03`; letters, digits and `._:-`, at most 40. The key becomes
        part of the name, `March (once newsletter-2026-03)`, and that is how a single send of an earlier run is found.
        within: as for `ensure_sent`. A draft of an earlier run gets the fields given now; NotAppliedError is raised for
        one with more of an audience than is given now, for the service takes nobody out.

        Raises what `create`, `update` and `ensure_sent` do. After any other error, call again.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/schedule-single-send
        """
        name, ending = operations.with_key("name", name, key)
        call = Call[Any](self._session, api.SEARCH_SINGLE_SENDS, "sent", RESOURCE)
        body = checked_body({"name": name, **fields})
        check_seconds("within", within, 90)  # every read sees such a schedule before its mail begins: A4, SS3
        return self._write(send_once(call, ending, body, within))

    def outcome(self, of: str | errors.OutcomeUnknownError) -> models.Outcome:
        """Find out by reading what became of a write, now or later, and by whomever.

        of: a single send's id: was it sent? Or an error, also of another process: what became of that write? The client
        acts for the account that the error names; another account's view raises ConfigurationError.

        https://www.twilio.com/docs/sendgrid/api-reference/single-sends/get-single-send-by-id
        """
        return self._find_out(of, SEND, WRITES)
