"""Results of calls: frozen dataclasses of plain values, None where the service has no value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from sendgrid_campaigns.campaign_types import Campaign
    from sendgrid_campaigns.single_send_types import EmailConfig, SingleSend


def to_json(value: Any) -> Any:
    """Return a value in JSON's types: a dataclass as an object, a tuple as an array, a time in ISO 8601."""
    if is_dataclass(value):
        return {each.name: to_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}  # pyright: ignore
    return [to_json(item) for item in cast(list[Any], value)] if isinstance(value, list | tuple) else value


class Result:
    """What calls return."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result in JSON's types: times in ISO 8601, tuples as arrays."""
        return cast(dict[str, Any], to_json(self))


@dataclass(frozen=True)
class Attempt(Result):
    """One request of a call."""

    method: str
    route: str
    """The path as a template, such as `/v3/campaigns/{campaign_id}`."""
    proof: str
    """What the answer proved: `accepted`, `rejected`, `not sent`, `ambiguous` or `unknown`."""
    status_code: int | None = None
    """None when no status line arrived."""
    cause: str | None = None
    """Why no whole answer arrived, as the HTTP library put it."""
    seconds: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return f"{self.method} {self.route}: {self.status_code or self.cause}, {self.proof}"


@dataclass(frozen=True, kw_only=True)
class ErrorDetail(Result):
    """One problem that the service names."""

    message: str
    field: str | None = None
    """The campaign field with the problem, as the service names the field; None when the service names none."""
    help: str | None = None
    """Further reading, as the service gives it: a text, or JSON."""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class WithStatus(Result):
    """What can be a Draft."""

    status: str | None

    @property
    def is_draft(self) -> bool:
        """Whether it can be sent. A status that this version does not know is no Draft."""
        return (self.status or "").strip().casefold() == "draft"


KnownFrom = Literal["answer", "read-back", "already"]
"""How a result is known: from the answer to the write; from reading back, when no answer settled the write; or
`already`, when the campaign had been sent before and this call sent nothing."""


@dataclass(frozen=True)
class SendReceipt(Result):
    """The service accepted the mailing: the campaign will go, or has gone, to its whole audience."""

    id: int
    status: str | None
    """`Scheduled`, as a rule: accepted, not yet mailed. None when the answer's body could not be read."""
    known_from: KnownFrom = "answer"
    attempts: tuple[Attempt, ...] = field(default=(), compare=False, repr=False)
    """Every request of the call, in order."""


@dataclass(frozen=True)
class SingleSendReceipt(Result):
    """The service accepted the single send: it will go, or has gone, to its whole audience."""

    id: str
    status: str | None
    """`scheduled`, as a rule. None when the answer's body could not be read."""
    send_at: datetime | None = None
    """The time that it is scheduled for, in UTC; None for now."""
    known_from: KnownFrom = "answer"
    attempts: tuple[Attempt, ...] = field(default=(), compare=False, repr=False)
    """Every request of the call, in order."""


@dataclass(frozen=True)
class Schedule(Result):
    """The service accepted the time: the campaign will go out then."""

    id: int
    send_at: datetime
    """In UTC. The time of the request, when the answer's body could not be read."""
    status: str | None
    """`Scheduled`, as a rule. None when the answer's body could not be read."""
    known_from: KnownFrom = "answer"
    attempts: tuple[Attempt, ...] = field(default=(), compare=False, repr=False)
    """Every request of the call, in order."""


@dataclass(frozen=True)
class Outcome(Result):
    """What became of a write, as far as reading tells."""

    action: str
    """What the write was to do to the campaign, as a participle: `sent`, `scheduled`, ..."""
    id: int | str | None
    applied: bool | None
    """True: the campaign is as the write was to make it. False: the write had no effect, and can have none any more.
    None: reading does not tell."""
    status: str | None
    """The last status that was read; None when there is no such campaign, or no read succeeded."""
    why: str
    """What was read, in words."""
    attempts: tuple[Attempt, ...] = field(default=(), compare=False, repr=False)
    """Every request of the call, in order."""


@dataclass(frozen=True)
class CheckResult(Result):
    """What would stop a campaign from being sent, as far as its fields tell."""

    campaign: "Campaign"
    problems: tuple[ErrorDetail, ...]
    """Every problem, by field; empty when no problem is known."""
    unknown: tuple[ErrorDetail, ...]
    """What only the service can know."""

    @property
    def ready(self) -> bool:
        """Whether no problem is known."""
        return not self.problems


UNKNOWN = (
    ErrorDetail(field="credits", message="whether the account has enough for the audience"),
    ErrorDetail(field="sender_id, list_ids, segment_ids", message="whether they are verified, exist, and hold anybody"),
)


def missing(it: "Campaign | SingleSend", content: "Campaign | EmailConfig", audience: object) -> Iterator[ErrorDetail]:
    """Name what the documents require of a campaign or a single send to be sent, and this one lacks.

    https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
    """
    designed = getattr(content, "design_id", None)
    group, none = "there is neither a suppression group nor a custom unsubscribe URL", "there is none"
    for name, is_there, message in (
        ("status", it.is_draft, f'it is "{it.status}", and only a Draft can be sent'),
        ("subject", content.subject or designed, none),
        ("sender_id", content.sender_id, none),
        ("list_ids", audience, "there is neither a list nor a segment"),
        ("plain_content", designed or content.html_content or content.plain_content, "there is no content"),
        ("suppression_group_id", content.suppression_group_id or content.custom_unsubscribe_url, group),
    ):
        if not is_there:
            yield ErrorDetail(field=name, message=message)


def missing_tags(campaign: "Campaign") -> Iterator[ErrorDetail]:
    """Name the contents of a campaign that lack the tag which every campaign must have."""
    for name, text in (("html_content", campaign.html_content), ("plain_content", campaign.plain_content)):
        if text and "[unsubscribe]" not in text.lower():
            yield ErrorDetail(field=name, message="there is no [unsubscribe] tag in it")
