"""What can go wrong, as one tree. Except for ConfigurationError, each class says something different about the service.

SendGridError
├── ConfigurationError (ValueError)   a bad key, base URL, on-behalf-of or id; no request was made
├── NotSentError                      definite: the request asked for was not carried out, for it never left
├── APIStatusError                    the service answered, and the answer was no
│   ├── BadRequestError               400
│   ├── AuthenticationError           401
│   ├── PermissionDeniedError         403: a scope is missing, or the account has no legacy access
│   ├── NotInDraftError               only a Draft can be sent, scheduled or updated
│   ├── NotScheduledError             only a Scheduled campaign can be rescheduled or unscheduled
│   ├── NotFoundError                 404
│   ├── RateLimitError                429
│   └── ServerError                   5xx to a read
├── NotReadyError                     send(..., check=True): the campaign lacks something
├── StopNotAskedError                 delete() would stop mail, and stop=True was not given
├── UnreadableResponseError           a read got no answer, or none that can be what the service documents
└── OutcomeUnknownError               a write may have been carried out; nobody can tell from its answer

Each error is data: it pickles, compares by value, and holds no request, no response and no key.
"""

from collections.abc import Mapping
from copy import copy
from http import HTTPStatus
from typing import Any, ClassVar, dataclass_transform

import attrs


@attrs.frozen(kw_only=True)
class Attempt:
    """One request that a call made, and what became of it."""

    method: str
    route: str
    """The path as a template, such as `/v3/campaigns/{campaign_id}`."""
    verdict: str
    """`done`, `refused`, `never left` or `doubt`."""
    status_code: int | None = None
    """None when no status line arrived."""
    cause: str | None = None
    """Why no whole answer arrived, as the HTTP library put it."""
    seconds: float = attrs.field(default=0.0, eq=False)

    def __str__(self) -> str:
        return f"{self.method} {self.route}: {self.status_code or self.cause}, {self.verdict}"


@attrs.frozen(kw_only=True)
class ErrorDetail:
    """One thing that the service says is wrong."""

    message: str
    field: str | None = None
    """The campaign field it is about, as the service names it; None when it names none."""
    help: str | Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    """Further reading, as the service gives it."""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


def shown(value: object) -> str:
    """A value as error texts show it: never long, and never failing."""
    try:
        text = repr(value)
    except Exception:  # an int of 5,000 digits has no repr, and others have their own reasons
        text = f"of type {type(value).__name__}"
    return text if len(text) <= 100 else f"{text[:100]}…"


@dataclass_transform(kw_only_default=True, eq_default=False)
class _Facts(Exception):
    """An exception with a field for each annotation of its class, given by name.

    By hand, for with attrs the sixteen classes below would take a tenth of the time that an import of httpx takes.
    """

    _names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        # As dataclasses go: by the order of resolution, from the base on, without what belongs to the class.
        kinds = [kind for kind in reversed(cls.__mro__) if issubclass(kind, _Facts)]
        annotations = {name: said for kind in kinds for name, said in kind.__annotations__.items()}
        cls._names = tuple(name for name, said in annotations.items() if "ClassVar" not in str(said))

    def __init__(self, **facts: Any) -> None:
        if unknown := facts.keys() - {*self._names}:
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        for name in self._names:
            if name not in facts and not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} needs its {name}")
            self.__dict__[name] = facts[name] if name in facts else copy(getattr(type(self), name))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), str(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception pickles as its class called with `args`; these classes take keywords only.
        return _restore, (type(self), self.__dict__)


def _restore(kind: type[_Facts], facts: dict[str, Any]) -> _Facts:
    error = kind.__new__(kind)
    error.__dict__.update(facts)
    return error


class SendGridError(_Facts):
    """Everything this package raises about a call; catch it to catch all."""

    _advice = ""

    action: str = "sent"
    """What was to happen to the campaign, as a participle."""
    method: str | None = None
    route: str | None = None
    """The path as a template, such as `/v3/campaigns/{campaign_id}/schedules/now`."""
    campaign_id: int | None = None
    on_behalf_of: str | None = None
    """The on-behalf-of header of every request of this call; None: the account of the key itself."""
    attempts: tuple[Attempt, ...] = ()
    """Every request of this call, in order."""

    @property
    def advice(self) -> str:
        """What to do next."""
        return self._advice

    def __str__(self) -> str:
        lines = [self.happened(), self.advice, self._where()]
        return "\n".join(line for line in lines if line)

    def happened(self) -> str:
        """What happened, and why: the first lines of the text."""
        return self._not_done()

    def _not_done(self) -> str:
        return f"{self._campaign()} was not {self.action}"

    def _campaign(self) -> str:
        return "the campaign" if self.campaign_id is None else f"campaign {self.campaign_id}"

    def _where(self) -> str:
        if self.route is None:
            return ""
        behalf = f" on behalf of {self.on_behalf_of!r}" if self.on_behalf_of else ""
        tried = "".join(f"\n    {number}. {attempt}" for number, attempt in enumerate(self.attempts, 1))
        return f"  [{self.method} {self.route}, {self._campaign()}{behalf}]{tried}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.happened()!r})"


class ConfigurationError(SendGridError, ValueError):
    """Something the caller gave cannot be right. No request was made."""

    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem}. {self.remedy}"

    def happened(self) -> str:
        return self.problem


class NotSentError(SendGridError):
    """Definite: what was asked for did not happen, because the request for it never left. Safe to call again."""

    _advice = "Nothing was changed by this call. Call again when the cause is gone."

    cause: str
    """What stopped it."""

    def happened(self) -> str:
        return f"{self._not_done()}: {self.cause}"


class APIStatusError(SendGridError):
    """The service answered, and the answer was no: nothing was changed by this call."""

    _advice = "Nothing was changed by this call."

    status_code: int
    """The HTTP status of the answer that decided."""
    errors: tuple[ErrorDetail, ...] = ()
    """What the service said, item by item. Its texts change over time: show them, do not branch on them."""
    error_id: str | None = None
    """The service's id for this error, when it sent one; support asks for it."""

    def happened(self) -> str:
        phrase = HTTPStatus(self.status_code).phrase if self.status_code in _STATUSES else "unknown status"
        details = "".join(f"\n  {detail}" for detail in self.errors)
        identity = f"\n  error id: {self.error_id}" if self.error_id else ""
        return f"{self._not_done()} ({self.status_code} {phrase})" + (f":{details}" if details else "") + identity


class BadRequestError(APIStatusError):
    """400: the campaign, as it is, does not allow this; `errors` lists what is wrong."""

    _advice = "Nothing was changed by this call. Put right what is listed, then call again."


class AuthenticationError(APIStatusError):
    """401: the service does not know the key, or not for the account acted for."""

    _advice = (
        "Check that SENDGRID_API_KEY (or api_key=) holds a whole key that is still valid; with on-behalf-of it must be"
        " a key of the parent account."
    )


class PermissionDeniedError(APIStatusError):
    """403 while the campaign's status allows the call: the service does not say which of two causes it is."""

    _advice = (
        "Either the API key lacks a marketing_campaigns scope (give it one in the dashboard, Settings > API Keys), or"
        " this account has no access to the legacy Campaigns API: newer accounts have Single Sends instead, see"
        " https://www.twilio.com/docs/sendgrid/api-reference/single-sends"
    )


class NotInDraftError(APIStatusError):
    """Only a Draft can be sent, scheduled or updated, and this campaign is none. This call changed nothing.

    `status_code` is 200: the status was read before anything else was tried.
    """

    _advice = (
        "An earlier run or somebody else has sent, scheduled or stopped it. A Scheduled one is a Draft again after"
        " unschedule(). To mail the same content once more, make a new campaign of it."
    )

    status: str | None
    """The campaign's status, as the service spells it."""

    def happened(self) -> str:
        return f'{self._not_done()}: it is "{self.status}", and only a Draft can be {self.action}.'


class NotScheduledError(APIStatusError):
    """Only a Scheduled campaign can be rescheduled or unscheduled, and this one is not. This call changed nothing.

    `status_code` is 200: the status was read before anything else was tried.
    """

    _advice = "A Draft is scheduled with schedule(). Mail that is going out is stopped only by delete(..., stop=True)."

    status: str | None
    """The campaign's status, as the service spells it."""

    def happened(self) -> str:
        return f'{self._not_done()}: it is "{self.status}", and only a Scheduled campaign can be {self.action}.'


class NotFoundError(APIStatusError):
    """404: the account acted for has no such campaign."""

    _advice = (
        "Check the id, and whose campaign it is: a Subuser's or a customer account's campaign is seen only with"
        " on_behalf_of(...)."
    )


class RateLimitError(APIStatusError):
    """429 until patience ran out. The service did not act on the request."""

    _advice = (
        "Nothing was changed by this call. Call again after retry_after seconds, or give the client more patience:"
        " Retry(...)."
    )

    retry_after: float | None = None
    """Seconds until the service takes requests again, as it said in its last answer; None when it did not say."""

    def happened(self) -> str:
        known = "" if self.retry_after is None else f"\n  retry after {self.retry_after:.0f} s"
        return super().happened() + known


class ServerError(APIStatusError):
    """5xx to a read, more than once. A 5xx to a write is an OutcomeUnknownError: the write may have been applied."""

    _advice = "The service or something before it has a fault. Nothing was changed; call again later."


class UnreadableResponseError(SendGridError):
    """A read got no answer, or one that cannot be what the service documents. Reads change nothing."""

    _advice = (
        "Nothing was changed by this call. Call again; if it stays, look at what stands between you and the service"
        " (proxy, captive portal, base URL)."
    )

    cause: str
    status_code: int | None = None
    """The HTTP status; None when no status line arrived."""

    def happened(self) -> str:
        status = "" if self.status_code is None else f" (status {self.status_code})"
        return f"{self._not_done()}: {self.cause}{status}"


class NotReadyError(SendGridError):
    """`send(..., check=True)`: the campaign lacks something that every mailing needs. Nothing was sent."""

    _advice = "Put right what is listed with update(), then call again."

    problems: tuple[ErrorDetail, ...]
    """Everything that would stop it."""

    def happened(self) -> str:
        return f"{self._not_done()}: it is not ready:" + "".join(f"\n  {problem}" for problem in self.problems)


class StopNotAskedError(SendGridError):
    """`delete` of a campaign that is scheduled or going out would stop its mail, and `stop=True` was not given."""

    _advice = "If its mail is to be stopped: delete(..., stop=True). It cannot be taken up again."

    status: str
    """The campaign's status, as the service spells it."""

    def happened(self) -> str:
        return f'{self._not_done()}: it is "{self.status}", and deleting it stops its mail.'


_NOTHING: Mapping[str, Any] = {}


class OutcomeUnknownError(SendGridError):
    """A write may have been carried out: its request may have reached the service, and no answer settled it.

    It is no ConnectionError, TimeoutError or OSError on purpose: job frameworks that repeat those must not repeat this.
    """

    cause: str
    """What came back from the request that put it in doubt."""
    status: str | None = None
    """The campaign's status when it was last read in this call; None when it was not read."""
    wanted: Mapping[str, Any] = _NOTHING
    """What was asked for, beside the campaign: with it, any client's `resolve(error)` finds out what became of it."""

    @property
    def advice(self) -> str:
        """How to find out; it depends on what was to happen."""
        return _FINDING_OUT.get(self.action, _FINDING_OUT["sent"])

    def happened(self) -> str:
        last = "" if self.status is None else f'; the campaign\'s status was last read as "{self.status}"'
        return f"it is unknown whether {self._campaign()} was {self.action}: {self.cause}{last}."


_FINDING_OUT = {
    "sent": (
        "Do not send it again on this error. resolve(error), of any client of this account and also later, reads what"
        " became of it. While it is a Draft, ensure_sent() may be called: the service sends a campaign once, if at all."
    ),
    "created": "List the newest campaigns: one with this title and content is it. At worst there is a draft too many.",
    "updated": "resolve(error) reads the campaign and compares. Updating again does no harm while nobody else edits.",
    "deleted": "resolve(error) reads it: while it is found it was not deleted, and deleting again does no harm.",
    "scheduled": "resolve(error) reads status and time: the time that was asked for means that it was scheduled.",
    "rescheduled": "resolve(error) reads the time: the one that was asked for means that it was rescheduled.",
    "unscheduled": (
        "resolve(error) reads its status: a Draft was unscheduled; one that stays Scheduled will go out unless you call"
        " again; one that is going out is stopped only by delete(..., stop=True)."
    ),
    "sent as a test": "It cannot be read back. Look into the mailboxes; sending again may deliver the test twice.",
}
"""What to do about doubt, by action."""

_STATUSES = frozenset(HTTPStatus)
