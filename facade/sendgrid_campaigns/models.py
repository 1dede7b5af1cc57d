"""Results of calls: frozen dataclasses of plain values, None where the service has no value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict, cast


def to_json(value: Any) -> Any:
    """Return a value in JSON's types: a dataclass as an object, a tuple as an array, a time in ISO 8601."""
    if is_dataclass(value):
        return {each.name: to_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}  # pyright: ignore
    return [to_json(item) for item in cast(list[Any], value)] if isinstance(value, list | tuple) else value


class _Result:
    def to_dict(self) -> dict[str, Any]:
        """Return the result in JSON's types: times in ISO 8601, tuples as arrays."""
        return cast(dict[str, Any], to_json(self))


@dataclass(frozen=True)
class Attempt(_Result):
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
class ErrorDetail(_Result):
    """One problem that the service names."""

    message: str
    field: str | None = None
    """The campaign field with the problem, as the service names the field; None when the service names none."""
    help: str | None = None
    """Further reading, as the service gives it: a text, or JSON."""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class CampaignFields(TypedDict, total=False):
    """The fields of a campaign that callers can set. A field that is left out stays as it is; None clears one."""

    subject: str | None
    sender_id: int | None
    list_ids: list[int] | tuple[int, ...] | None
    segment_ids: list[int] | tuple[int, ...] | None
    categories: list[str] | tuple[str, ...] | None
    suppression_group_id: int | None
    custom_unsubscribe_url: str | None
    ip_pool: str | None
    html_content: str | None
    plain_content: str | None


class ChangedCampaignFields(CampaignFields, total=False):
    """The fields of a campaign that callers can change; the title cannot be cleared."""

    title: str


class NewCampaignFields(CampaignFields, total=False):
    """The fields of a campaign that callers can set when they make one."""

    editor: Literal["code", "design"] | None


@dataclass(frozen=True, kw_only=True)
class Campaign(_Result):
    """A campaign, as the service knows it.

    https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
    """

    id: int
    status: str | None = None
    """Draft, Scheduled, In Progress, Sent, Paused, Canceled, or a status that the service adds one day."""
    title: str | None = None
    """The name in the dashboard; recipients do not see it."""
    subject: str | None = None
    sender_id: int | None = None
    list_ids: tuple[int, ...] | None = None
    segment_ids: tuple[int, ...] | None = None
    categories: tuple[str, ...] | None = None
    suppression_group_id: int | None = None
    custom_unsubscribe_url: str | None = None
    ip_pool: str | None = None
    """The name of the IP pool that sends the campaign."""
    html_content: str | None = None
    plain_content: str | None = None
    editor: str | None = None
    """`code` or `design`."""
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    """Fields of the answer that this version does not name, as JSON gave them."""

    @property
    def is_draft(self) -> bool:
        """Whether the campaign can be sent. A status that this version does not know is no Draft."""
        return (self.status or "").strip().casefold() == "draft"


KnownFrom = Literal["answer", "read-back", "already"]
"""How a result is known: from the answer to the write; from reading back, when no answer settled the write; or
`already`, when the campaign had been sent before and this call sent nothing."""


@dataclass(frozen=True)
class SendReceipt(_Result):
    """The service accepted the mailing: the campaign will go, or has gone, to its whole audience."""

    id: int
    status: str | None
    """`Scheduled`, as a rule: accepted, not yet mailed. None when the answer's body could not be read."""
    known_from: KnownFrom = "answer"
    attempts: tuple[Attempt, ...] = field(default=(), compare=False, repr=False)
    """Every request of the call, in order."""


@dataclass(frozen=True)
class Schedule(_Result):
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
class Outcome(_Result):
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
class CheckResult(_Result):
    """What would stop a campaign from being sent, as far as its fields tell."""

    campaign: Campaign
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
    ErrorDetail(field="sender_id", message="whether the sender identity is verified"),
    ErrorDetail(field="list_ids, segment_ids", message="whether they still exist, and hold anybody"),
)


def missing(campaign: Campaign) -> Iterator[ErrorDetail]:
    """Name what the documents require of a campaign to be sent, and this campaign lacks.

    https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
    """
    contents, tag = (campaign.html_content, campaign.plain_content), "there is no [unsubscribe] tag in it"
    html, plain = ("[unsubscribe]" in (content or "[unsubscribe]").lower() for content in contents)
    group, none = "there is neither a suppression group nor a custom unsubscribe URL", "there is none"
    for name, is_there, message in (
        ("status", campaign.is_draft, f'the campaign is "{campaign.status}", and only a Draft can be sent'),
        ("subject", campaign.subject, none),
        ("sender_id", campaign.sender_id, none),
        ("list_ids", campaign.list_ids or campaign.segment_ids, "there is neither a list nor a segment"),
        ("plain_content", any(contents), "there is neither plain nor HTML content"),
        ("html_content", html, tag),
        ("plain_content", plain, tag),
        ("suppression_group_id", campaign.suppression_group_id or campaign.custom_unsubscribe_url, group),
    ):
        if not is_there:
            yield ErrorDetail(field=name, message=message)
