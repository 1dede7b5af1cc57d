"""Every operation, written once and free of I/O; each client runs them in its own colour.

An operation is a method that is a generator of steps. `@operation` makes of it a method of CampaignsClient that
returns the result, and one of AsyncCampaignsClient that returns a coroutine, with types, signature and docstring.
"""

import inspect
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, get_args, overload

import attrs

from sendgrid_campaigns import arguments, models
from sendgrid_campaigns.errors import (
    NotFoundError,
    NotInDraftError,
    NotReadyError,
    NotScheduledError,
    NotSentError,
    OutcomeUnknownError,
    SendGridError,
    ServerError,
    StopNotAskedError,
    UnreadableResponseError,
    shown,
)
from sendgrid_campaigns.exchange import Call, Endpoint, Steps, Tried, Turn, Unparsed
from sendgrid_campaigns.models import KEEP, Campaign, CheckResult, Keep, Outcome, Schedule, SendReceipt
from sendgrid_campaigns.outcome import (
    AIMS,
    Aim,
    Conclusion,
    Created,
    Finding,
    State,
    Updated,
    carry_out,
    find_out,
)
from sendgrid_campaigns.settings import Settings
from sendgrid_campaigns_api import models as wire
from sendgrid_campaigns_api.api.campaigns import (
    create_campaign,
    delete_campaign,
    get_campaign,
    get_campaign_schedule,
    list_campaigns,
    reschedule_campaign,
    schedule_campaign,
    send_campaign,
    send_test_campaign,
    unschedule_campaign,
    update_campaign,
)

P = ParamSpec("P")
T = TypeVar("T")

CREATE = Endpoint(module=create_campaign, success=(201,))
LIST = Endpoint(module=list_campaigns, success=(200,), largest_body=64 * 2**20)
GET = Endpoint(module=get_campaign, success=(200,))
UPDATE = Endpoint(module=update_campaign, success_with_body=(200,))
DELETE = Endpoint(module=delete_campaign, success=(204,))
SCHEDULE = Endpoint(module=schedule_campaign, success=(201,), success_with_body=(200,))
RESCHEDULE = Endpoint(module=reschedule_campaign, success_with_body=(200,))
GET_SCHEDULE = Endpoint(module=get_campaign_schedule, success=(200,))
UNSCHEDULE = Endpoint(module=unschedule_campaign, success=(204,))
SEND = Endpoint(module=send_campaign, success=(201,))
SEND_TEST = Endpoint(module=send_test_campaign, success=(201, 204))


class operation(Generic[P, T]):  # noqa: N801 - a decorator
    """A generator method, to be given to both clients, each in its own colour."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._steps = steps

    if TYPE_CHECKING:  # what Operations.__init_subclass__ does, in types

        @overload
        def __get__(self, client: "Blocking", owner: type) -> Callable[P, T]: ...
        @overload
        def __get__(self, client: "Awaiting", owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
        @overload
        def __get__(self, client: None, owner: "type[Blocking]") -> Callable[Concatenate[Any, P], T]: ...
        @overload
        def __get__(
            self, client: None, owner: "type[Awaiting]"
        ) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]: ...
        def __get__(self, client: object, owner: type) -> Any: ...

    def method(self, *, awaits: bool) -> Any:
        """The ordinary method that it is in one of the clients."""
        steps = self._steps

        @wraps(steps)
        def blocking(self: "Blocking", *args: P.args, **kwargs: P.kwargs) -> T:
            return self._run(steps(self, *args, **kwargs))  # pyright: ignore[reportPrivateUsage]

        @wraps(steps)
        async def coroutine(self: "Awaiting", *args: P.args, **kwargs: P.kwargs) -> T:
            return await self._run(steps(self, *args, **kwargs))  # pyright: ignore[reportPrivateUsage]

        method: Any = coroutine if awaits else blocking
        signature = inspect.signature(steps)
        # Steps[T] is a generator type whose last argument is T: what a caller gets.
        result = get_args(signature.return_annotation)[-1]
        method.__annotations__ = {**steps.__annotations__, "return": result}
        method.__signature__ = signature.replace(return_annotation=None if result is type(None) else result)
        return method


class Operations:
    """The operations of the Campaigns API."""

    _settings: Settings

    def __init_subclass__(cls, awaits: bool | None = None, **options: Any) -> None:
        """Give a class that says whether it awaits every operation as a method of its own."""
        super().__init_subclass__(**options)
        if awaits is not None:
            for name, declared in vars(Operations).items():
                if isinstance(declared, operation):
                    setattr(cls, name, declared.method(awaits=awaits))

    # --- reading ---

    @operation
    def get(self, campaign_id: int) -> Steps[Campaign]:
        """Read one campaign.

        Raises NotFoundError when the account acted for has no such campaign, ServerError or UnreadableResponseError
        when no good answer could be had, and the other errors of the package as their docstrings say.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
        """
        call = Call(self._settings, GET, "read", campaign_id=arguments.checked_id(campaign_id))
        return (yield from _read_campaign(call))

    @operation
    def list(self, *, limit: int = 10, offset: int = 0) -> Steps[tuple[Campaign, ...]]:
        """Read one page of campaigns, newest first: at most `limit`, after passing over `offset`. `iterate` reads all.

        The service may answer fewer than `limit`: its largest value is not documented.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-all-campaigns
        """
        for name, value, least in (("limit", limit, 1), ("offset", offset, 0)):
            arguments.require_least(name, value, least)
        call = Call(self._settings, LIST, "listed", limit=limit, offset=offset)
        return (yield from call.read(lambda page: tuple(models.campaign(item) for item in page.result)))

    @operation
    def get_schedule(self, campaign_id: int) -> Steps[datetime | None]:
        """Read the time that a campaign is scheduled for, in UTC; None when the service names none.

        What it answers for a campaign that is not scheduled is not documented: None, or NotFoundError.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/view-scheduled-time-of-a-campaign
        """
        call = Call(self._settings, GET_SCHEDULE, "read", campaign_id=arguments.checked_id(campaign_id))
        return (yield from call.read(lambda answer: None if answer.send_at is None else models.time(answer.send_at)))

    @operation
    def check(self, campaign_id: int) -> Steps[CheckResult]:
        """Read a campaign and list everything that would stop it from being sent, by the documented rules.

        What only the service can know, such as credits, is listed as unknown.
        """
        call = Call(self._settings, GET, "read", campaign_id=arguments.checked_id(campaign_id))
        campaign = yield from _read_campaign(call)
        return CheckResult(campaign=campaign, problems=tuple(models.missing(campaign)), unknown=models.UNKNOWN)

    # --- content ---

    @operation
    def create(
        self,
        title: str,
        *,
        subject: str | None = None,
        sender_id: int | None = None,
        list_ids: Sequence[int] | None = None,
        segment_ids: Sequence[int] | None = None,
        categories: Sequence[str] | None = None,
        suppression_group_id: int | None = None,
        custom_unsubscribe_url: str | None = None,
        ip_pool: str | None = None,
        html_content: str | None = None,
        plain_content: str | None = None,
        editor: Literal["code", "design"] | None = None,
    ) -> Steps[Campaign]:
        """Make a draft. Only the title is needed now, at most 100 characters of it; `check` says what a mailing needs.

        A create that is run again makes another campaign. After OutcomeUnknownError there may be a draft too many.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/create-a-campaign
        """
        return (yield from _create(self._settings, arguments.fields(locals())))

    @operation
    def update(
        self,
        campaign_id: int,
        *,
        title: str | Keep = KEEP,
        subject: str | Keep | None = KEEP,
        sender_id: int | Keep | None = KEEP,
        list_ids: Sequence[int] | Keep | None = KEEP,
        segment_ids: Sequence[int] | Keep | None = KEEP,
        categories: Sequence[str] | Keep | None = KEEP,
        suppression_group_id: int | Keep | None = KEEP,
        custom_unsubscribe_url: str | Keep | None = KEEP,
        ip_pool: str | Keep | None = KEEP,
        html_content: str | Keep | None = KEEP,
        plain_content: str | Keep | None = KEEP,
    ) -> Steps[Campaign]:
        """Change a draft: what is left out stays as it is, and None clears. Returns the campaign as it is then.

        Raises NotInDraftError when the campaign is no Draft any more.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-campaign
        """
        given = arguments.fields(locals())
        arguments.require(bool(given), "update() was given nothing to change", "Name a field, such as subject=...")
        return (yield from _update(self._settings, arguments.checked_id(campaign_id), given))

    @operation
    def delete(self, campaign_id: int, *, stop: bool = False) -> Steps[None]:
        """Delete a campaign.

        Deleting one that is scheduled or going out stops its mail, and is the one way to stop mail that is going out:
        that needs `stop=True`. Without it, StopNotAskedError is raised for all but Draft, Sent and Canceled.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/delete-a-campaign
        """
        call = Call(self._settings, DELETE, "deleted", campaign_id=arguments.checked_id(campaign_id))
        yield from _change(call, stop=stop)

    # --- schedules ---

    @operation
    def schedule(self, campaign_id: int, send_at: datetime) -> Steps[Schedule]:
        """Schedule a draft for a time, which must be aware and in the future; the service knows whole seconds.

        Raises NotInDraftError when the campaign is no Draft any more.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/schedule-a-campaign
        """
        return (yield from _schedule(self._settings, SCHEDULE, "scheduled", campaign_id, send_at))

    @operation
    def reschedule(self, campaign_id: int, send_at: datetime) -> Steps[Schedule]:
        """Move a scheduled campaign to another time, which must be aware and in the future.

        Raises NotScheduledError when the campaign is not Scheduled.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-scheduled-campaign
        """
        return (yield from _schedule(self._settings, RESCHEDULE, "rescheduled", campaign_id, send_at))

    @operation
    def unschedule(self, campaign_id: int) -> Steps[None]:
        """Take back the schedule of a campaign: it is a Draft again.

        Raises NotScheduledError when the campaign is not Scheduled; mail that is going out is stopped by `delete`.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/unschedule-a-scheduled-campaign
        """
        call = Call(self._settings, UNSCHEDULE, "unscheduled", campaign_id=arguments.checked_id(campaign_id))
        yield from _change(call)

    # --- sending ---

    @operation
    def send(self, campaign_id: int, *, check: bool = False) -> Steps[SendReceipt]:
        """Send a draft to its whole audience, now. Two requests, when nothing goes wrong.

        check: refuse with NotReadyError, before anything is sent, what `check` knows to be missing.

        Returns a receipt when the service accepted the mailing; `known_from` says how that is known. Of the errors,

        - OutcomeUnknownError alone means that it may have been sent: do not send again, `resolve` it;
        - every other one means that this call sent nothing: NotInDraftError (somebody sent or scheduled it before),
          BadRequestError (something is missing: `errors` lists it), NotFoundError, AuthenticationError,
          PermissionDeniedError, RateLimitError, and NotSentError (the network or the service was away).

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        return (yield from _send(self._settings, arguments.checked_id(campaign_id), complete=check))

    @operation
    def ensure_sent(self, campaign_id: int) -> Steps[SendReceipt]:
        """Send a draft, unless it was sent before: safe to call again, also after a crash or an OutcomeUnknownError.

        Returns a receipt with `known_from="already"` for what is In Progress, Sent, or Scheduled for about now. Raises
        NotInDraftError for what was stopped or is scheduled for later, and otherwise as `send` does.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        return (yield from _send(self._settings, arguments.checked_id(campaign_id), accept_done=True))

    @operation
    def send_once(
        self,
        key: str,
        title: str,
        *,
        subject: str | None = None,
        sender_id: int | None = None,
        list_ids: Sequence[int] | None = None,
        segment_ids: Sequence[int] | None = None,
        categories: Sequence[str] | None = None,
        suppression_group_id: int | None = None,
        custom_unsubscribe_url: str | None = None,
        ip_pool: str | None = None,
        html_content: str | None = None,
        plain_content: str | None = None,
        editor: Literal["code", "design"] | None = None,
    ) -> Steps[SendReceipt]:
        """Make a campaign and send it, once for each key: a job that calls this may be run again as a whole.

        key: what the mailing is, such as `newsletter-2026-03`; letters, digits and `._:-`, at most 40. It becomes part
        of the title, `March (once newsletter-2026-03)`, and that is how a campaign of an earlier run is found: reading
        all campaigns takes a request for each hundred. A Draft of an earlier run gets the fields given now. So do not
        delete or rename such a campaign while its job may be run again.

        Raises what `create`, `update` and `ensure_sent` do. After any of it, call again.
        """
        given = arguments.fields(locals())
        marker = arguments.marker(key)
        given = arguments.fields({**given, "title": f"{title} {marker}"})
        return (yield from _send_once(self._settings, marker, given))

    @operation
    def outcome(self, campaign_id: int) -> Steps[Outcome]:
        """Find out by reading whether a campaign was sent, by whomever: after a kill, or for somebody who asks.

        A Draft is read for the settle window (45 s) before it is believed. Raises what reading raises, such as
        ServerError and UnreadableResponseError, when the service cannot be read at all.
        """
        return (yield from _outcome(self._settings, "sent", arguments.checked_id(campaign_id), {}))

    @operation
    def resolve(self, error: OutcomeUnknownError) -> Steps[Outcome]:
        """Find out by reading what became of a write: now or later, and also of an error from another process.

        It acts for the account that the error names. Raises ConfigurationError when this is another account's view,
        and what reading raises.
        """
        return (yield from _outcome(_settings_of(error, self._settings), error.action, error.campaign_id, error.wanted))

    @operation
    def send_test(self, campaign_id: int, to: str | Sequence[str]) -> Steps[None]:
        """Send a campaign as a test to one address, or to up to ten. It stays as it is.

        Never repeated once it may have been carried out: a test that went out cannot be read back.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-test-campaign
        """
        addresses = arguments.addresses(to)
        body = wire.SendTestRequest(to=to if isinstance(to, str) else addresses)
        call = Call(
            self._settings, SEND_TEST, "sent as a test", campaign_id=arguments.checked_id(campaign_id), body=body
        )
        yield from _change(call)


class Blocking(Operations, awaits=False):
    """A client whose operations return results."""

    def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError


class Awaiting(Operations, awaits=True):
    """A client whose operations return coroutines."""

    async def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError


MOST_FRUITLESS = 100
"""Pages in a row without a campaign that is new: more than ever come and go between two of them."""


class Pages:
    """How every campaign is found by offsets, while campaigns come and go.

    The list is newest first: what is created comes in at its head and pushes the rest on, what is deleted pulls the
    rest back. So each page is asked for from the last campaign that was seen. If none of a page was seen, the list has
    moved by more than a page, and what lies before is read first. The end is a page with nothing behind that campaign.
    """

    def __init__(self, page_size: int) -> None:
        # A page of one would hold the campaign seen before, and never another.
        arguments.require_least("page_size", page_size, 2)
        self.offset: int = 0
        self.done: bool = False
        self._page_size = page_size
        self._fruitless = 0
        self._seen: set[int] = set()

    def take(self, page: Sequence[Campaign]) -> list[Campaign]:
        """What of a page is new. Sets the offset of the next page."""
        new = {campaign.id: campaign for campaign in page if campaign.id not in self._seen}
        moved = self.offset > 0 and all(campaign.id in new for campaign in page)
        self._fruitless = 0 if new and not moved else self._fruitless + 1
        if self._fruitless > MOST_FRUITLESS:
            cause = f"{MOST_FRUITLESS} pages in a row held nothing new: it does not go by the offset"
            raise UnreadableResponseError(action="listed", cause=cause)
        if moved:
            self.offset = max(0, self.offset - self._page_size + 1)
            return []
        self._seen.update(new)
        self.done = not new and len(page) <= 1
        self.offset += max(len(page) - 1, 0)
        return [*new.values()]


# --- how a change is carried out: the same for every operation ---


@attrs.frozen
class _Write:
    """One write, for outcome.carry_out: how it is tried and how its campaign is read."""

    call: Call
    aim: Aim | None
    complete: bool = False
    """Refuse what is known to lack something."""
    timed: bool = False
    """Read the schedule, too, before anything is tried."""

    @property
    def deadline(self) -> float:
        return self.call.deadline

    def attempt(self) -> Steps[Tried]:
        return self.call.attempt()

    def read(self) -> Steps[State | None]:
        """The state while nothing has been tried: whatever fails here, the campaign was not touched."""
        call = self.call
        if self.aim is None or call.campaign_id is None:
            return None
        try:
            state = yield from _state(call, self.aim, whole=self.complete, timed=self.timed)
        except (ServerError, UnreadableResponseError, NotSentError) as error:
            raise call.error(NotSentError, cause=f"its status could not be read before: {error.happened()}") from error
        problems = tuple(models.missing(state.campaign)) if self.complete and state.is_("draft") else ()
        if problems:
            raise call.error(NotReadyError, problems=problems)
        return state

    def look(self) -> Steps[State | None]:
        """The state by one read of each part of it; None when a read told nothing."""
        call, aim = self.call, self.aim
        if isinstance(aim, Created):
            newest = yield from call.look(_page, LIST, limit=PAGE_SIZE, offset=0)
            return State(campaign=_first_marked(aim.marker, newest.value or ())) if newest else None
        whole = isinstance(aim, Updated)
        found = yield from call.look(lambda answer: _of_campaign(call, answer, whole), GET)
        if found is None or found.value is None:
            return None if found is None else State(gone=True, at=found.at)
        state = found.value(found.at)
        if aim is None or not state.is_(*aim.timed):
            return state
        schedule = yield from call.look(lambda answer: answer.send_at, GET_SCHEDULE)
        return attrs.evolve(state, send_at=models.seconds(schedule.value)) if schedule else state


def _change(call: Call, *, complete: bool = False, accept_done: bool = False, **wanted: Any) -> Steps[Conclusion]:
    """Carry out a call's write, or raise what became of it.

    wanted: what is asked for, as the aim of its action takes it; errors carry it, too.
    """
    aim = _aim(call.action, wanted)
    settings = call.settings
    if call.campaign_id is not None:
        yield from _take_turn(call, call.campaign_id)
    write = _Write(call, aim, complete, timed=accept_done)
    try:
        concluded = yield from carry_out(write, settings.retry, settings.clock, accept_done=accept_done)
    except SendGridError:
        raise
    except BaseException as error:
        # R10: cancelled or interrupted, the same exception goes on, with what it cannot know as a note.
        if call.in_doubt:
            doubt = call.error(OutcomeUnknownError, cause=f"interrupted by {type(error).__name__}", wanted=wanted)
            error.add_note(f"sendgrid-campaigns: {doubt.happened()} {doubt.advice}")
        raise
    status = concluded.state.status if concluded.state and not concluded.state.gone else None
    match concluded.kind:
        case "done" | "already":
            return concluded
        case "not allowed":
            kind = NOT_ALLOWED.get(call.action, NotInDraftError)
            # These two answer a read of ours, and are no answer of the service's to the write.
            code = {} if kind is StopNotAskedError else {"status_code": GET.success[0]}
            raise call.error(kind, status=status, **code)
        case "refused":
            raise call.refusal(call.answered)
        case "not done":
            raise call.error(NotSentError, cause=concluded.why or call.cause(call.last))
        case "unknown":
            gone = "; it has been deleted meanwhile" if concluded.state and concluded.state.gone else ""
            cause = f"{call.doubt or call.cause(call.last)}{gone}"
            raise call.error(OutcomeUnknownError, cause=cause, status=status, wanted=wanted)


NOT_ALLOWED: Mapping[str, type[SendGridError]] = {
    "rescheduled": NotScheduledError,
    "unscheduled": NotScheduledError,
    "deleted": StopNotAskedError,
}


def _take_turn(call: Call, key: int | str) -> Steps[None]:
    """R9: one write in flight for each campaign."""
    if key in call.turns:
        return
    patience = max(0.0, call.deadline - call.settings.clock.monotonic())
    if not (yield Turn(key, patience)):
        cause = f"another call of this client was at it, and had not ended after {patience:g} s"
        raise call.error(NotSentError, cause=cause)
    call.turns.add(key)


def _aim(action: str, wanted: Mapping[str, Any]) -> Aim | None:
    """None for what cannot be found by reading: a test, and a campaign without a marker."""
    return AIMS[action](**wanted) if action in AIMS and (wanted or action != "created") else None


def _create(settings: Settings, given: Mapping[str, Any], after: Call | None = None, **wanted: Any) -> Steps[Campaign]:
    body = wire.CreateCampaignRequest.from_dict({name: value for name, value in given.items() if value is not None})
    call = Call(settings, CREATE, "created", after=after, body=body)
    concluded = yield from _change(call, **wanted)
    return _changed(call, concluded)


def _update(
    settings: Settings, campaign_id: int, given: Mapping[str, Any], after: Call | None = None
) -> Steps[Campaign]:
    body = wire.UpdateCampaignRequest.from_dict(given)
    call = Call(settings, UPDATE, "updated", after=after, campaign_id=campaign_id, body=body)
    concluded = yield from _change(call, fields=given)
    return _changed(call, concluded, fields=given)


def _changed(call: Call, concluded: Conclusion, **wanted: Any) -> Campaign:
    """The campaign as it is after the call."""
    if concluded.known_from == "read-back" and concluded.state:
        campaign: Campaign | Unparsed = concluded.state.campaign
        assert isinstance(campaign, Campaign)
        return campaign
    campaign = call.parsed(call.answered, lambda found: models.campaign(found, call.campaign_id))
    if isinstance(campaign, Unparsed):
        cause = f"it was accepted, but the answer cannot be read: {campaign.problem}"
        raise call.error(OutcomeUnknownError, cause=cause, wanted=wanted)
    return campaign


def _schedule(
    settings: Settings, endpoint: Endpoint, action: str, campaign_id: int, send_at: datetime
) -> Steps[Schedule]:
    seconds = arguments.unix_seconds(send_at, settings.clock.time())
    campaign_id = arguments.checked_id(campaign_id)
    body = wire.ScheduleRequest(send_at=seconds)
    call = Call(settings, endpoint, action, campaign_id=campaign_id, body=body)
    concluded = yield from _change(call, send_at=seconds)
    known = concluded.known_from, call.attempts
    if concluded.known_from == "read-back" and concluded.state:
        return Schedule(campaign_id, models.time(seconds), concluded.state.status, *known)
    said = call.parsed(
        call.answered, lambda found: Schedule(campaign_id, models.time(found.send_at), found.status, *known)
    )
    return Schedule(campaign_id, models.time(seconds), None, *known) if isinstance(said, Unparsed) else said


def _send(
    settings: Settings,
    campaign_id: int,
    *,
    complete: bool = False,
    accept_done: bool = False,
    after: Call | None = None,
) -> Steps[SendReceipt]:
    call = Call(settings, SEND, "sent", after=after, campaign_id=campaign_id)
    concluded = yield from _change(call, complete=complete, accept_done=accept_done)
    if concluded.known_from != "answer" and concluded.state:
        status: Any = concluded.state.status
    else:
        accepted = call.parsed(call.answered, lambda found: found.status)
        status = accepted if isinstance(accepted, str) else None
    return SendReceipt(campaign_id, status, concluded.known_from, call.attempts)


def _send_once(settings: Settings, marker: str, given: Mapping[str, Any]) -> Steps[SendReceipt]:
    call = Call(settings, LIST, "sent", limit=PAGE_SIZE, offset=0)
    yield from _take_turn(call, marker)
    campaign = yield from _find(call, marker)
    if campaign is None:
        yield from _create(settings, given, call, marker=marker)
        # Another process may have made one at the same time: all of them take the one that was made first.
        made = _Write(call, Created(marker))
        _, state = yield from find_out(made, Created(marker), settings.retry.settle, settings.clock)
        campaign = state.campaign if state else None
        if campaign is None:
            cause = f"a campaign was made for it, and the list shows none yet with {marker!r} in its title"
            raise call.error(NotSentError, cause=cause)
    fields = {name: value for name, value in given.items() if name != "editor"}
    if campaign.is_draft and Updated(fields).finding(State(campaign=campaign)) is not Finding.DONE:
        yield from _update(settings, campaign.id, fields, call)
    return (yield from _send(settings, campaign.id, accept_done=True, after=call))


# --- finding out later ---


def _outcome(settings: Settings, action: str, campaign_id: int | None, wanted: Mapping[str, Any]) -> Steps[Outcome]:
    aim = _aim(action, wanted)
    if aim is None:
        unread = OutcomeUnknownError(action=action, cause="").advice
        return Outcome(id=campaign_id, action=action, applied=None, status=None, why=unread)
    if campaign_id is None:
        call, state = Call(settings, LIST, "listed", limit=PAGE_SIZE, offset=0), None
    else:
        call = Call(settings, GET, "read", campaign_id=campaign_id)
        try:
            state = yield from _state(call, aim, whole=isinstance(aim, Updated), timed=True)
        except NotFoundError:
            state = State(gone=True)
    found = aim.finding(state) if state else None
    if found is not Finding.DONE:
        found, state = yield from find_out(_Write(call, aim), aim, settings.retry.settle, settings.clock)
    found_by_marker = state.campaign if state and campaign_id is None else None
    return Outcome(
        id=found_by_marker.id if found_by_marker else campaign_id,
        action=action,
        applied=APPLIED.get(found),
        status=found_by_marker.status if found_by_marker else state.status if state and not state.gone else None,
        why=f"{_seen(state)}{SAYS[found]}",
        attempts=call.attempts,
    )


def _seen(state: State | None) -> str:
    if state is None:
        return "it could not be read"
    if state.gone:
        return "there is no such campaign in this account"
    due = f", due at {models.time(state.send_at).isoformat()}" if state.send_at is not None else ""
    return f'it is "{state.status}"{due}' if state.status else "it was looked for by its title"


APPLIED: Mapping[Finding | None, bool] = {Finding.DONE: True, Finding.LOOKS_DONE: True, Finding.NEVER: False}

SAYS: Mapping[Finding | None, str] = {
    Finding.DONE: ": as was asked for",
    Finding.LOOKS_DONE: ": as was asked for",
    Finding.NEVER: ", and the time asked for is past: the service takes it no more",
    Finding.BEFORE: ", as before, as long as it was read: most likely nothing came of it, unless a late request lands",
    Finding.MOVED: ": that does not tell",
    Finding.PASSING: ": that does not tell yet",
    None: ": that does not tell, or not for long enough",
}


def _settings_of(error: object, settings: Settings) -> Settings:
    """The settings for the account that an error is about: R13, and no view acts for another's."""
    known = isinstance(error, OutcomeUnknownError)
    arguments.require(known, f"resolve() was given {shown(error)}", "Give it an OutcomeUnknownError.")
    whose: str | None = error.on_behalf_of if isinstance(error, OutcomeUnknownError) else None
    arguments.require(
        settings.on_behalf_of in (None, whose),
        f"the error is about a campaign of {whose or 'the parent account'!r}, and this is a view for another account",
        "Resolve it with the client itself, or with that account's view.",
    )
    return attrs.evolve(settings, on_behalf_of=whose)


# --- reads that calls are made of ---

PAGE_SIZE = 100
"""Campaigns that are asked for at once; the service may give fewer."""


def _page(answer: Any) -> tuple[Campaign, ...]:
    return tuple(models.campaign(item) for item in answer.result)


def _first_marked(marker: str, campaigns: Iterable[Campaign]) -> Campaign | None:
    """The campaign with the marker; of several the one that is no Draft, or else the one that was made first."""
    marked = [campaign for campaign in campaigns if (campaign.title or "").endswith(marker)]
    return min(marked, key=lambda campaign: (campaign.is_draft, campaign.id), default=None)


def _find(call: Call, marker: str) -> Steps[Campaign | None]:
    pages, campaigns = Pages(PAGE_SIZE), list[Campaign]()
    while not pages.done:
        page = yield from call.read(_page, LIST, limit=PAGE_SIZE, offset=pages.offset)
        campaigns += pages.take(page)
    return _first_marked(marker, campaigns)


def _of_campaign(call: Call, answer: Any, whole: bool) -> Callable[[float], State]:
    """The state, once its time is known. A call must not stumble over a field that it does not need."""
    status = call.redact(models.status(answer, call.campaign_id))
    campaign = models.campaign(answer, call.campaign_id) if whole else None
    return lambda at: State(status, at, campaign=campaign)


def _state(call: Call, aim: Aim, *, whole: bool, timed: bool) -> Steps[State]:
    """The state, by reads that are repeated on any doubt; raises what a read raises."""
    known = yield from call.read(lambda answer: _of_campaign(call, answer, whole), GET)
    state = known(call.settings.clock.time())
    if timed and state.is_(*aim.timed):
        with suppress(SendGridError):
            send_at = yield from call.read(lambda answer: answer.send_at, GET_SCHEDULE)
            return attrs.evolve(state, send_at=models.seconds(send_at))
    return state


def _read_campaign(call: Call) -> Steps[Campaign]:
    return (yield from call.read(lambda answer: models.campaign(answer, call.campaign_id), GET))
