"""Every operation, written once and free of I/O; each client runs them in its own colour.

An operation is a method that is a generator of steps. `@operation` makes of it a method of CampaignsClient that
returns the result, and one of AsyncCampaignsClient that returns a coroutine, with types, signature and docstring.
"""

import inspect
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, get_args, overload

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
)
from sendgrid_campaigns.exchange import Answer, Call, Endpoint, Steps, Unparsed, Verdict
from sendgrid_campaigns.models import KEEP, Campaign, CheckResult, Keep, Schedule, SendReceipt
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
        given = arguments.fields(locals())
        body = wire.CreateCampaignRequest.from_dict({name: value for name, value in given.items() if value is not None})
        call = Call(self._settings, CREATE, "created", body=body)
        return (yield from _changed(call))

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
        body = wire.UpdateCampaignRequest.from_dict(given)
        call = Call(self._settings, UPDATE, "updated", campaign_id=arguments.checked_id(campaign_id), body=body)
        return (yield from _changed(call, needs="Draft"))

    @operation
    def delete(self, campaign_id: int, *, stop: bool = False) -> Steps[None]:
        """Delete a campaign.

        Deleting one that is scheduled or going out stops its mail, and is the one way to stop mail that is going out:
        that needs `stop=True`. Without it, StopNotAskedError is raised for all but Draft, Sent and Canceled.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/delete-a-campaign
        """
        call = Call(self._settings, DELETE, "deleted", campaign_id=arguments.checked_id(campaign_id))

        def may() -> Steps[None]:
            status = yield from _status_before(call)
            if not stop and not any(models.is_status(status, idle) for idle in ("Draft", "Sent", "Canceled")):
                raise call.error(StopNotAskedError, status=status)

        yield from may()
        call.before_repeating = may  # while it waited, somebody may have scheduled or sent it
        try:
            yield from _carry_out(call)
        except NotFoundError:
            # It was there a moment ago. Is it gone, which was asked for, or did something on the way answer?
            try:
                yield from _status(call)
            except NotFoundError:
                return
            except SendGridError as error:
                cause = f"the service answered 404, and whether it is gone cannot be read: {error.happened()}"
                raise call.error(OutcomeUnknownError, cause=cause) from error
            raise

    # --- schedules ---

    @operation
    def schedule(self, campaign_id: int, send_at: datetime) -> Steps[Schedule]:
        """Schedule a draft for a time, which must be aware and in the future; the service knows whole seconds.

        Raises NotInDraftError when the campaign is no Draft any more.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/schedule-a-campaign
        """
        return (yield from _schedule(self._settings, SCHEDULE, "scheduled", campaign_id, send_at, needs="Draft"))

    @operation
    def reschedule(self, campaign_id: int, send_at: datetime) -> Steps[Schedule]:
        """Move a scheduled campaign to another time, which must be aware and in the future.

        Raises NotScheduledError when the campaign is not Scheduled.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-scheduled-campaign
        """
        return (
            yield from _schedule(self._settings, RESCHEDULE, "rescheduled", campaign_id, send_at, needs="Scheduled")
        )

    @operation
    def unschedule(self, campaign_id: int) -> Steps[None]:
        """Take back the schedule of a campaign: it is a Draft again.

        Raises NotScheduledError when the campaign is not Scheduled; mail that is going out is stopped by `delete`.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/unschedule-a-scheduled-campaign
        """
        call = Call(self._settings, UNSCHEDULE, "unscheduled", campaign_id=arguments.checked_id(campaign_id))
        yield from _carry_out(call, needs="Scheduled")

    # --- sending ---

    @operation
    def send(self, campaign_id: int, *, check: bool = False) -> Steps[SendReceipt]:
        """Send a draft to its whole audience, now. Two requests, when nothing goes wrong.

        check: refuse with NotReadyError, before anything is sent, what `check` knows to be missing.

        Returns a receipt when the service accepted the mailing. Of the errors,

        - OutcomeUnknownError alone means that it may have been sent: do not send again, read the campaign;
        - every other one means that this call sent nothing: NotInDraftError (somebody sent or scheduled it before),
          BadRequestError (something is missing: `errors` lists it), NotFoundError, AuthenticationError,
          PermissionDeniedError, RateLimitError, and NotSentError (the network or the service was away).

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        campaign_id = arguments.checked_id(campaign_id)
        call = Call(self._settings, SEND, "sent", campaign_id=campaign_id)
        answer = yield from _carry_out(call, needs="Draft", complete=check)
        accepted = call.parsed(answer, lambda found: found)
        if isinstance(accepted, Unparsed):
            return SendReceipt(campaign_id, None)
        return SendReceipt(campaign_id, accepted.status if isinstance(accepted.status, str) else None)

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
        yield from _carry_out(call)


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


def _carry_out(call: Call, *, needs: str | None = None, complete: bool = False) -> Steps[Answer]:
    """The answer of success to a call's request.

    needs: the status that the campaign must have; it is read first, while nothing has been tried.
    complete: refuse what is known to lack something.
    """
    if needs is not None:
        status = yield from _status_before(call, complete=complete)
        if not models.is_status(status, needs):
            kind = NotInDraftError if needs == "Draft" else NotScheduledError
            raise call.error(kind, status=status, status_code=GET.success[0])

    try:
        return (yield from _write(call, needs))
    except SendGridError:
        raise
    except BaseException as error:
        # Cancelled or interrupted: the same exception goes on, with what it cannot know as a note.
        if call.in_doubt:
            doubt = call.error(OutcomeUnknownError, cause=f"interrupted by {type(error).__name__}")
            error.add_note(f"sendgrid-campaigns: {doubt.happened()} {doubt.advice}")
        raise


def _write(call: Call, needs: str | None) -> Steps[Answer]:
    verdict, seen = yield from call.write()
    last = None
    match verdict, seen:
        case Verdict.NEVER_LEFT, _:
            raise call.never_left(seen)
        case Verdict.REFUSED, Answer():
            raise call.refusal(seen)
        case _, Answer() if _is_success(call, verdict, seen):
            return seen
        case _, Answer(status_code=403):
            # The service's 403 for a wrong status and for a missing right look alike: only the status tells.
            if needs is not None:
                with suppress(SendGridError):
                    last = yield from _status(call)
            if needs is None or models.is_status(last, needs):
                raise call.refusal(seen)
        case _:
            pass
    raise call.error(OutcomeUnknownError, cause=call.cause(seen), status=last)


def _is_success(call: Call, verdict: Verdict, answer: Answer) -> bool:
    """Whether an answer settles that the call did what it was to do.

    The status line decides, and a body that cannot be read takes nothing away from it. But an answer about another
    campaign decides nothing, and a code that others answer, too, needs a body about this one.
    """
    about = call.parsed(answer, lambda found: found.id)
    if verdict is Verdict.DONE:
        return call.campaign_id is None or not arguments.is_int(about) or about == call.campaign_id
    return answer.status_code in call.endpoint.success_with_body and about == call.campaign_id


def _changed(call: Call, *, needs: str | None = None) -> Steps[Campaign]:
    """The campaign as it is after the call."""
    answer = yield from _carry_out(call, needs=needs)
    campaign = call.parsed(answer, lambda found: models.campaign(found, call.campaign_id))
    if isinstance(campaign, Unparsed):
        cause = f"it was accepted, but the answer cannot be read: {campaign.problem}"
        raise call.error(OutcomeUnknownError, cause=cause)
    return campaign


def _schedule(
    settings: Settings, endpoint: Endpoint, action: str, campaign_id: int, send_at: datetime, *, needs: str
) -> Steps[Schedule]:
    body = wire.ScheduleRequest(send_at=arguments.unix_seconds(send_at, settings.clock.time()))
    campaign_id = arguments.checked_id(campaign_id)
    call = Call(settings, endpoint, action, campaign_id=campaign_id, body=body)
    answer = yield from _carry_out(call, needs=needs)
    said = call.parsed(answer, lambda found: Schedule(campaign_id, models.time(found.send_at), found.status))
    return Schedule(campaign_id, models.time(body.send_at), None) if isinstance(said, Unparsed) else said


# --- reads that calls are made of ---


def _read_campaign(call: Call) -> Steps[Campaign]:
    return (yield from call.read(lambda answer: models.campaign(answer, call.campaign_id), GET))


def _status(call: Call) -> Steps[str]:
    return (yield from call.read(lambda answer: call.redact(models.status(answer, call.campaign_id)), GET))


def _status_before(call: Call, *, complete: bool = False) -> Steps[str]:
    """The campaign's status, while nothing has been tried: whatever fails here, the campaign was not touched."""
    try:
        if not complete:
            return (yield from _status(call))
        campaign = yield from _read_campaign(call)
    except (ServerError, UnreadableResponseError, NotSentError) as error:
        raise call.error(NotSentError, cause=f"its status could not be read before: {error.happened()}") from error
    if campaign.status is None:
        raise call.error(NotSentError, cause="its status could not be read before: the answer holds none")
    problems = tuple(models.missing(campaign))
    if problems and campaign.is_draft:
        raise call.error(NotReadyError, problems=problems)
    return campaign.status
