"""Every operation, written once and free of I/O; each client runs them in its own colour.

An operation is a method that is a generator of steps. `@operation` makes of it a method of CampaignsClient that
returns the result, and one of AsyncCampaignsClient that returns a coroutine, with types, signature and docstring.
"""

import inspect
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import wraps
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, get_args, overload

from sendgrid_campaigns import models
from sendgrid_campaigns.errors import (
    NotInDraftError,
    NotSentError,
    OutcomeUnknownError,
    SendGridError,
    ServerError,
    UnreadableResponseError,
)
from sendgrid_campaigns.exchange import Answer, Call, Endpoint, Steps, Verdict
from sendgrid_campaigns.models import Campaign, SendReceipt
from sendgrid_campaigns.settings import Settings
from sendgrid_campaigns_api.api.campaigns import get_campaign, send_campaign

P = ParamSpec("P")
T = TypeVar("T")

GET = Endpoint(get_campaign, success=200)
SEND = Endpoint(send_campaign, success=201)


class operation(Generic[P, T]):  # noqa: N801 - a decorator
    """Gives a generator method to both clients, each in its own colour."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._steps = steps
        self._methods: dict[bool, Callable[..., Any]] = {}
        self.__doc__ = steps.__doc__

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
    def __get__(self, client: object, owner: type) -> Any:
        awaiting = issubclass(owner, Awaiting)
        method = self._methods.get(awaiting) or self._method(awaiting)
        return method if client is None else MethodType(method, client)

    def _method(self, awaiting: bool) -> Any:
        steps = self._steps

        @wraps(steps)
        def blocking(self: Blocking, *args: P.args, **kwargs: P.kwargs) -> T:
            return self._run(steps(self, *args, **kwargs))  # pyright: ignore[reportPrivateUsage]

        @wraps(steps)
        async def coroutine(self: Awaiting, *args: P.args, **kwargs: P.kwargs) -> T:
            return await self._run(steps(self, *args, **kwargs))  # pyright: ignore[reportPrivateUsage]

        method: Any = coroutine if awaiting else blocking
        signature = inspect.signature(steps)
        # Steps[T] is a generator type whose last argument is T: what a caller gets.
        method.__signature__ = signature.replace(return_annotation=get_args(signature.return_annotation)[-1])
        self._methods[awaiting] = method
        return method


class Operations:
    """The operations of the Campaigns API."""

    _settings: Settings

    @operation
    def get(self, campaign_id: int) -> Steps[Campaign]:
        """Read one campaign.

        Raises NotFoundError when the account acted for has no such campaign, ServerError or UnreadableResponseError
        when no good answer could be had, and the other errors of the package as their docstrings say.

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
        """
        call = Call(self._settings, GET, "read", campaign_id)
        return (yield from call.read(GET, lambda answer: models.campaign(answer, call.campaign_id)))

    @operation
    def send(self, campaign_id: int) -> Steps[SendReceipt]:
        """Send a draft to its whole audience, now. Two requests, when nothing goes wrong.

        Returns a receipt when the service accepted the mailing. Of the errors,

        - OutcomeUnknownError alone means that it may have been sent: do not send again, read the campaign;
        - every other one means that this call sent nothing: NotInDraftError (somebody sent or scheduled it before),
          BadRequestError (something is missing: `errors` lists it), NotFoundError, AuthenticationError,
          PermissionDeniedError, RateLimitError, and NotSentError (the network or the service was away).

        https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
        """
        call = Call(self._settings, SEND, "sent", campaign_id)
        try:
            status = yield from _status(call)
        except (ServerError, UnreadableResponseError, NotSentError) as error:
            raise call.error(NotSentError, cause=f"its status could not be read before: {error.happened()}") from error
        if not models.is_draft(status):
            raise call.error(NotInDraftError, status=status, status_code=GET.success)

        verdict, seen = yield from call.write()
        match verdict, seen:
            case Verdict.NEVER_LEFT, _:
                raise call.never_left(seen)
            case Verdict.REFUSED, Answer():
                raise call.refusal(seen)
            case Verdict.DONE, Answer() if receipt := _receipt(call, seen):
                return receipt
            case _:
                last = None
        if isinstance(seen, Answer) and seen.status_code == 403:
            # The service's own 403 for a wrong status and for a missing right look alike: only the status tells.
            with suppress(SendGridError):
                last = yield from _status(call)
            if models.is_draft(last):
                raise call.refusal(seen)
        raise call.error(OutcomeUnknownError, cause=call.cause(seen), status=last)


class Blocking(Operations):
    """A client whose operations return results."""

    def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError


class Awaiting(Operations):
    """A client whose operations return coroutines."""

    async def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError


def _status(call: Call) -> Steps[str]:
    """The campaign's status, as the service spells it."""
    return (yield from call.read(GET, lambda answer: models.status(answer, call.campaign_id)))


def _receipt(call: Call, answer: Answer) -> SendReceipt | None:
    """The receipt for an answer of success; None when that answer is about another campaign.

    The status line has decided already: a body that cannot be read takes nothing away from it.
    """
    try:
        accepted = SEND.parse(answer)
    except Exception:
        return SendReceipt(call.campaign_id, None)
    if isinstance(accepted.id, int) and accepted.id != call.campaign_id:
        return None
    return SendReceipt(call.campaign_id, accepted.status if isinstance(accepted.status, str) else None)
