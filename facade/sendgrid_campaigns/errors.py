"""What can go wrong, as one tree.

SendGridError
├── ConfigurationError (ValueError)   no key, bad base URL, bad on-behalf-of, bad id: before any request
├── NotAppliedError                   definite: this call changed nothing (with the cause)
├── APIStatusError                    the service answered no: status_code, errors, error_id
│   ├── BadRequestError               400
│   ├── AuthenticationError           401
│   ├── PermissionDeniedError         403: a scope is missing, or the account has no legacy access
│   ├── NotFoundError                 404
│   ├── RateLimitError                429: retry_after
│   └── ServerError                   5xx, to a read
├── WrongStateError                   the status, read first, does not allow the call: status
│   ├── NotInDraftError               only a Draft can be sent, scheduled or updated
│   ├── NotScheduledError             only a Scheduled campaign can be rescheduled or unscheduled
│   └── DeleteWouldStopMailError      delete() without stop=True
├── APIConnectionError                a read got no answer
├── InvalidResponseError              a read got an answer that the service does not document
└── OutcomeUnknownError               a write may have been applied; the text says how to find out

Every error is data: its text and facts are in `args`, so that pickle and JSON keep them. An error holds no request, no
response and no key. Every fact has a default, so that tests can make any error by hand.
"""

from collections.abc import Callable, Mapping
from http.client import responses
from typing import Any

from sendgrid_campaigns.models import Attempt, ErrorDetail, to_json

LONGEST_TEXT = 8_000
"""Characters of an error's text."""


def shown(value: object, longest: int = 100) -> str:
    """Return a value as error texts show it: never long, and never failing. Of an exception, its class and text."""
    try:
        is_error = isinstance(value, Exception)
        text = f"{type(value).__name__}: {value}".partition("\n")[0].rstrip(": ") if is_error else repr(value)
    except Exception:  # an int of 5,000 digits has no repr, and others have their own reasons
        text = f"of type {type(value).__name__}"
    return text if len(text) <= longest else f"{text[:longest]}…"


_RESTORED: Mapping[str, Callable[..., Any]] = {"attempts": Attempt, "errors": ErrorDetail}
"""Facts that JSON holds as arrays of objects."""


class SendGridError(Exception):
    """Base class of every error of this package."""

    cause: str = ""
    """Why the call failed, where no answer of the service says so."""
    action: str | None = None
    """What the call was to do to the campaign, as a participle: `sent`, `read`, ..."""
    resource: str = "campaign"
    campaign_id: int | str | None = None
    method: str | None = None
    route: str | None = None
    """The path as a template, such as `/v3/campaigns/{campaign_id}/schedules/now`."""
    host: str | None = None
    on_behalf_of: str | None = None
    """The on-behalf-of header of every request of the call; None: the key's own account."""
    attempts: tuple[Attempt, ...] = ()
    """Every request of the call, in order."""
    changed: str = "This call changed nothing."
    """What the call changed all the same."""
    hint: str = ""
    """What to do next, where the call knows better than the class of the error."""
    temporary: bool = False
    """Whether the same call may succeed later."""
    may_have_been_applied: bool = False
    """Whether the write may have had an effect, or may still get one. Never repeat a call after such an error."""

    _advice = ""

    def __init__(self, text: str | None = None, known: Mapping[str, Any] | None = None, /, **facts: Any) -> None:
        """Make an error of facts: attributes of the class, by keyword.

        text, known: the two `args` of an error, of which pickle and JSON make the error again.
        """
        for name, value in {**(known or {}), **facts}.items():
            default = getattr(type(self), name, print)
            if name.startswith("_") or not isinstance(default, str | int | tuple | Mapping | None):
                raise TypeError(f"{type(self).__name__} has no {name}")
            kind = _RESTORED.get(name)
            setattr(self, name, tuple(kind(**it) if isinstance(it, Mapping) else it for it in value) if kind else value)
        if text is None:
            text = "\n".join(filter(None, (self.summary, *self._details(), self.advice, *self._trace())))
        text = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
        super().__init__(text, {name: to_json(value) for name, value in vars(self).items()})

    def __str__(self) -> str:
        return str(self.args[0])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.summary!r})"

    @property
    def summary(self) -> str:
        """What happened and why, in one line."""
        why = self._why()
        return f"{self._subject()} was not {self.action or 'changed'}" + (f": {why}" if why else "")

    @property
    def advice(self) -> str:
        """What to do next."""
        return f"{self.changed} {self.hint or self._advice}".strip()

    def to_dict(self) -> dict[str, Any]:
        """Return the error in JSON's types: its class, its summary, and every fact that is known."""
        about = {"error": type(self).__name__, "summary": self.summary, "advice": self.advice}
        flags = {"temporary": self.temporary, "may_have_been_applied": self.may_have_been_applied}
        return {**about, **flags, **self.args[1]}

    def _subject(self) -> str:
        return f"the {self.resource}" if self.campaign_id is None else f"{self.resource} {self.campaign_id}"

    def _why(self) -> str:
        return self.cause

    def _details(self) -> list[str]:
        return []

    def _trace(self) -> list[str]:
        if self.route is None:
            return []
        behalf = f", on behalf of {self.on_behalf_of!r}" if self.on_behalf_of else ""
        lines = [f"  [{self.method} {self.route} at {self.host}, {self._subject()}{behalf}]"]
        tried = [f"    {number}. {attempt}" for number, attempt in enumerate(self.attempts, 1)]
        return lines + (tried if len(tried) <= 20 else [*tried[:5], "    ...", *tried[-15:]])


class ConfigurationError(SendGridError, ValueError):
    """A setting or an argument cannot be right. No request was made."""

    cause: str = "a setting cannot be right"
    changed: str = "No request was made."

    @property
    def summary(self) -> str:
        """What is wrong, in one line."""
        return self.cause


class NotAppliedError(SendGridError):
    """Definite: this call changed nothing. `cause` says why; `temporary` says whether the call may succeed later."""

    _advice = "Call again when the cause is gone."
    temporary: bool = True


class APIStatusError(SendGridError):
    """The service answered no."""

    status_code: int = 0
    """The HTTP status of the answer that decided."""
    errors: tuple[ErrorDetail, ...] = ()
    """What the service said, item by item. The texts change over time: show them, do not branch on them."""
    error_id: str | None = None
    """The service's id for this error, when the service sent one; support asks for the id."""

    def _why(self) -> str:
        first = f", {self.errors[0]}" if self.errors else ""
        return f"{self.status_code} {responses.get(self.status_code, 'unknown status')}{first}"

    def _details(self) -> list[str]:
        return [f"  {detail}" for detail in self.errors[1:]] + [f"  error id: {self.error_id}"] * bool(self.error_id)


class BadRequestError(APIStatusError):
    """400: the campaign, as it is, does not allow the call; `errors` lists the problems."""

    _advice = "Put right what is listed, then call again."
    status_code: int = 400


class AuthenticationError(APIStatusError):
    """401: the service does not know the key, or not for the account acted for."""

    _advice = (
        "Check that SENDGRID_API_KEY (or api_key=) holds a whole, valid key. The service answers 401, too, when credits"
        " are used up, to a key of another region (base_url), and on behalf of what is no account of the key's."
    )
    status_code: int = 401


class PermissionDeniedError(APIStatusError):
    """403 while the campaign's status allows the call."""

    _advice = (
        "The key lacks a scope (marketing_campaigns, or marketing for single sends); or IP Access Management does not"
        " know this machine; or the account has the other product: older ones campaigns, newer ones Single Sends."
    )
    status_code: int = 403


class NotFoundError(APIStatusError):
    """404: the account acted for has no such campaign."""

    _advice = "Check the id, and whose campaign this is: another account's is seen only with on_behalf_of(...)."
    status_code: int = 404


class RateLimitError(APIStatusError):
    """429 until the call's deadline. The service did not act on the request."""

    _advice = "Call again after retry_after seconds, or give calls a longer deadline: Retry(deadline=...)."
    status_code: int = 429
    temporary: bool = True

    retry_after: float | None = None
    """Seconds until the service takes requests again, as its last answer said; None when the answer did not say."""

    def _details(self) -> list[str]:
        return super()._details() + ([] if self.retry_after is None else [f"  retry after {self.retry_after:.0f} s"])


class ServerError(APIStatusError):
    """5xx to a read, more than once. A 5xx to a write is an OutcomeUnknownError: the write may have been applied."""

    _advice = "The service, or something in front of the service, has a fault. Call again later."
    status_code: int = 500
    temporary: bool = True


class WrongStateError(SendGridError):
    """The campaign's status does not allow the call."""

    status: str | None = None
    """The campaign's status, as the service spells it."""
    _allowed = "another status is needed"

    def _why(self) -> str:
        allowed = self._allowed.format(action=self.action or "changed")
        return f'the {self.resource} is "{self.status}", and {allowed}' if self.status else allowed


class NotInDraftError(WrongStateError):
    """Only a Draft can be sent, scheduled or updated, and this is none."""

    _allowed = "only a Draft can be {action}"
    _advice = "It was sent, scheduled or stopped before. unschedule() gives a Draft; to mail again, make a new one."


class NotScheduledError(WrongStateError):
    """Only a Scheduled campaign can be rescheduled or unscheduled, and this campaign is not Scheduled."""

    _allowed = "only a Scheduled one can be {action}"
    _advice = "A Draft is scheduled with schedule(). Mail of campaigns is stopped only by delete(..., stop=True)."


class DeleteWouldStopMailError(WrongStateError):
    """Deleting a campaign that is scheduled or going out stops its mail, and `stop=True` was not given."""

    _allowed = "deleting it stops its mail"
    _advice = "To stop its mail: delete(..., stop=True). Nobody can take the mail up again."


class APIConnectionError(SendGridError):
    """A read got no answer."""

    _advice = "Check network, DNS, proxy (HTTPS_PROXY) and certificates (SSL_CERT_FILE), and call again."
    temporary: bool = True

    def _why(self) -> str:
        return f"no answer from {self.host or 'the service'} ({self.cause or 'the cause is unknown'})"


class InvalidResponseError(SendGridError):
    """A read got an answer that the service does not document, more than once."""

    _advice = "A proxy in front of the service may have answered, or base_url leads elsewhere. Call again later."
    temporary: bool = True

    status_code: int = 0
    """The HTTP status of the answer."""

    def _why(self) -> str:
        return f"{self.cause or 'the answer is not documented'} (from {self.host or 'the service'})"


class OutcomeUnknownError(SendGridError):
    """A write may have been applied: its request may have reached the service, and no answer or read settled it.

    No subclass of ConnectionError, TimeoutError or OSError, on purpose: job frameworks that repeat those must not
    repeat this.
    """

    may_have_been_applied: bool = True

    status: str | None = None
    """The campaign's status when the call last read it; None when the call did not read it."""
    wanted: Mapping[str, Any] = {}
    """The arguments of the write: with them, any client's `outcome(error)` finds out what became of the write."""
    hint: str = "Do not repeat the call on this error; outcome(error) finds out what became of it."
    changed: str = ""

    @property
    def summary(self) -> str:
        """What happened and why, in one line."""
        last = f'; its status was last read as "{self.status}"' if self.status else ""
        cause = self.cause or "no answer came"
        return f"it is unknown whether {self._subject()} was {self.action or 'changed'}: {cause}{last}"


_BY_STATUS = {kind.status_code: kind for kind in APIStatusError.__subclasses__()}


def by_status(status_code: int) -> type[APIStatusError]:
    """Return the class of errors for an HTTP status."""
    return ServerError if status_code >= 500 else _BY_STATUS.get(status_code, APIStatusError)
