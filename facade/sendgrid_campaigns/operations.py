"""Every operation, written once and free of I/O; each client runs them in its own colour.

An operation is a method that is a generator of steps. `@operation` makes of it a method of CampaignsClient that
returns the result, and one of AsyncCampaignsClient that returns a coroutine, with types, signature and docstring.
"""

import inspect
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, get_args, overload

from sendgrid_campaigns import arguments, models, reads, writes
from sendgrid_campaigns.endpoints import DELETE, GET, GET_SCHEDULE, LIST, RESCHEDULE, SCHEDULE, SEND_TEST, UNSCHEDULE
from sendgrid_campaigns.errors import OutcomeUnknownError
from sendgrid_campaigns.exchange import Call, Steps
from sendgrid_campaigns.models import KEEP, Campaign, CheckResult, Keep, Outcome, Schedule, SendReceipt
from sendgrid_campaigns.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


class operation(Generic[P, T]):  # noqa: N801 - a decorator
    """A generator method, to be given to both clients, each in its own colour."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._steps = steps
        signature = inspect.signature(steps)
        # Steps[T] is a generator type whose last argument is T: what a caller gets.
        self._result = get_args(signature.return_annotation)[-1]
        self._signature = signature.replace(return_annotation=None if self._result is type(None) else self._result)

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
        method.__annotations__ = {**steps.__annotations__, "return": self._result}
        method.__signature__ = self._signature
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
        return (yield from reads.campaign(call))

    @operation
    def list(self, *, limit: int = 10, offset: int = 0) -> Steps[tuple[Campaign, ...]]:
        """Read one page of campaigns, newest first: at most `limit`, after passing over `offset`. `iterate` reads all.

        The service may answer fewer than `limit`: its largest value is not documented.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-all-campaigns
        """
        for name, value, least in (("limit", limit, 1), ("offset", offset, 0)):
            arguments.require_least(name, value, least)
        call = Call(self._settings, LIST, "listed", limit=limit, offset=offset)
        return (yield from call.read(reads.page))

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
        campaign = yield from reads.campaign(call)
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
        return (yield from writes.create(self._settings, arguments.fields(locals())))

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
        return (yield from writes.update(self._settings, arguments.checked_id(campaign_id), given))

    @operation
    def delete(self, campaign_id: int, *, stop: bool = False) -> Steps[None]:
        """Delete a campaign.

        Deleting one that is scheduled or going out stops its mail, and is the one way to stop mail that is going out:
        that needs `stop=True`. Without it, StopNotAskedError is raised for all but Draft, Sent and Canceled.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/delete-a-campaign
        """
        call = Call(self._settings, DELETE, "deleted", campaign_id=arguments.checked_id(campaign_id))
        yield from writes.change(call, stop=stop)

    # --- schedules ---

    @operation
    def schedule(self, campaign_id: int, send_at: datetime) -> Steps[Schedule]:
        """Schedule a draft for a time, which must be aware and in the future; the service knows whole seconds.

        Raises NotInDraftError when the campaign is no Draft any more.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/schedule-a-campaign
        """
        seconds = arguments.unix_seconds(send_at, self._settings.clock.time())
        campaign_id = arguments.checked_id(campaign_id)
        return (yield from writes.schedule(self._settings, SCHEDULE, "scheduled", campaign_id, seconds))

    @operation
    def reschedule(self, campaign_id: int, send_at: datetime) -> Steps[Schedule]:
        """Move a scheduled campaign to another time, which must be aware and in the future.

        Raises NotScheduledError when the campaign is not Scheduled.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-scheduled-campaign
        """
        seconds = arguments.unix_seconds(send_at, self._settings.clock.time())
        campaign_id = arguments.checked_id(campaign_id)
        return (yield from writes.schedule(self._settings, RESCHEDULE, "rescheduled", campaign_id, seconds))

    @operation
    def unschedule(self, campaign_id: int) -> Steps[None]:
        """Take back the schedule of a campaign: it is a Draft again.

        Raises NotScheduledError when the campaign is not Scheduled; mail that is going out is stopped by `delete`.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/unschedule-a-scheduled-campaign
        """
        call = Call(self._settings, UNSCHEDULE, "unscheduled", campaign_id=arguments.checked_id(campaign_id))
        yield from writes.change(call)

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
        return (yield from writes.send(self._settings, arguments.checked_id(campaign_id), complete=check))

    @operation
    def ensure_sent(self, campaign_id: int) -> Steps[SendReceipt]:
        """Send a draft, unless it was sent before: safe to call again, also after a crash or an OutcomeUnknownError.

        Returns a receipt with `known_from="already"` for what is In Progress, Sent, or Scheduled for about now. Raises
        NotInDraftError for what was stopped or is scheduled for later, and otherwise as `send` does.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        return (yield from writes.send(self._settings, arguments.checked_id(campaign_id), accept_done=True))

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
        return (yield from writes.send_once(self._settings, marker, given))

    @operation
    def outcome(self, campaign_id: int) -> Steps[Outcome]:
        """Find out by reading whether a campaign was sent, by whomever: after a kill, or for somebody who asks.

        A Draft is read for the settle window (45 s) before it is believed. Raises what reading raises, such as
        ServerError and UnreadableResponseError, when the service cannot be read at all.
        """
        return (yield from writes.outcome(self._settings, "sent", arguments.checked_id(campaign_id), {}))

    @operation
    def resolve(self, error: OutcomeUnknownError) -> Steps[Outcome]:
        """Find out by reading what became of a write: now or later, and also of an error from another process.

        It acts for the account that the error names. Raises ConfigurationError when this is another account's view,
        and what reading raises.
        """
        return (
            yield from writes.outcome(
                writes.settings_for(error, self._settings), error.action, error.campaign_id, error.wanted
            )
        )

    @operation
    def send_test(self, campaign_id: int, to: str | Sequence[str]) -> Steps[None]:
        """Send a campaign as a test to one address, or to up to ten. It stays as it is.

        Never repeated once it may have been carried out: a test that went out cannot be read back.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-test-campaign
        """
        addresses = arguments.addresses(to)
        body = {"to": to if isinstance(to, str) else addresses}
        campaign_id = arguments.checked_id(campaign_id)
        yield from writes.change(Call(self._settings, SEND_TEST, "sent as a test", campaign_id=campaign_id, body=body))


class Blocking(Operations, awaits=False):
    """A client whose operations return results."""

    def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError


class Awaiting(Operations, awaits=True):
    """A client whose operations return coroutines."""

    async def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError
