"""What operations take and return: plain values with None where the service has nothing, and no UNSET anywhere."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, cast

import attrs
from attrs.validators import optional

from sendgrid_campaigns.errors import Attempt, ErrorDetail

if TYPE_CHECKING:  # endpoints.py says why
    from sendgrid_campaigns_api import models as wire

T = TypeVar("T")


def _text(_: object, field: "attrs.Attribute[Any]", value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{field.name} is {value!r}")


def _id(_: object, field: "attrs.Attribute[Any]", value: object) -> None:
    if type(value) is not int:  # to Python, True is one
        raise TypeError(f"{field.name} is {value!r}")


_number = optional(_id)


def _numbers(value: Sequence[int] | None) -> tuple[int, ...] | None:
    return _tuple_of(int, value)


def _texts(value: Sequence[str] | None) -> tuple[str, ...] | None:
    return _tuple_of(str, value)


def _tuple_of(kind: type[T], value: Any) -> tuple[T, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(type(item) is kind for item in cast(list[Any], value)):
        raise TypeError(f"{value!r} is no list of {kind.__name__}")
    return tuple(cast(list[T], value))


class Keep(Enum):
    """The type of KEEP."""

    KEEP = "keep"

    def __repr__(self) -> str:
        return "KEEP"


KEEP: Final = Keep.KEEP
"""In `update`: leave the field as it is."""


@attrs.frozen(kw_only=True)
class Campaign:
    """A campaign, as the service knows it.

    https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
    """

    id: int = attrs.field(validator=_id)
    status: str | None = attrs.field(default=None, validator=_text)
    """Draft, Scheduled, In Progress, Sent, Paused, Canceled, or whatever the service may say one day."""
    title: str | None = attrs.field(default=None, validator=_text)
    """The name in the dashboard; recipients do not see it."""
    subject: str | None = attrs.field(default=None, validator=_text)
    sender_id: int | None = attrs.field(default=None, validator=_number)
    list_ids: tuple[int, ...] | None = attrs.field(default=None, converter=_numbers)
    segment_ids: tuple[int, ...] | None = attrs.field(default=None, converter=_numbers)
    categories: tuple[str, ...] | None = attrs.field(default=None, converter=_texts)
    suppression_group_id: int | None = attrs.field(default=None, validator=_number)
    custom_unsubscribe_url: str | None = attrs.field(default=None, validator=_text)
    ip_pool: str | None = attrs.field(default=None, validator=_text)
    """The name of the IP pool it is sent from."""
    html_content: str | None = attrs.field(default=None, validator=_text)
    plain_content: str | None = attrs.field(default=None, validator=_text)
    editor: str | None = attrs.field(default=None, validator=_text)
    """`code` or `design`."""
    extra: Mapping[str, Any] = attrs.field(factory=dict[str, Any], hash=False)
    """Fields of the answer that this version does not know, as JSON gave them."""

    @property
    def is_draft(self) -> bool:
        """Whether it can be sent; a status that nobody knows is no Draft."""
        return is_status(self.status, "Draft")


KnownFrom = Literal["answer", "read-back", "already"]
"""How a result is known: from the answer to the request itself; from reading back when no answer settled it; or from
the first read, because it was so already and nothing was tried."""


@attrs.frozen
class SendReceipt:
    """The service accepted the mailing: it will go, or has gone, to the whole audience."""

    id: int
    status: str | None
    """`Scheduled`, as a rule: accepted, not yet mailed. None when the 201's body could not be read."""
    known_from: KnownFrom = "answer"
    attempts: tuple[Attempt, ...] = attrs.field(default=(), eq=False, repr=False)
    """Every request of the call, in order."""


@attrs.frozen
class Schedule:
    """The service accepted the time: the mailing will go out then."""

    id: int
    send_at: datetime
    """In UTC. The time that was asked for, when the answer's body could not be read."""
    status: str | None = attrs.field(validator=_text)
    """`Scheduled`, as a rule. None when the answer's body could not be read."""
    known_from: KnownFrom = "answer"
    attempts: tuple[Attempt, ...] = attrs.field(default=(), eq=False, repr=False)
    """Every request of the call, in order."""


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of a write, as far as reading tells."""

    id: int | None
    action: str
    """What was to happen to the campaign, as a participle: `sent`, `scheduled`, …"""
    applied: bool | None
    """True: it was done, or it is as if it had been. False: it was not, and never will be. None: nobody can tell."""
    status: str | None
    """As it was last read; None when there is no such campaign, or it could not be read."""
    why: str
    """What was seen, in words."""
    attempts: tuple[Attempt, ...] = attrs.field(default=(), eq=False, repr=False)
    """Every request that was made to find out, in order."""


@attrs.frozen(kw_only=True)
class CheckResult:
    """What would stop a campaign from being sent, as far as it can be seen from outside."""

    campaign: Campaign
    problems: tuple[ErrorDetail, ...]
    """Everything that would stop it, by field; empty when nothing is known to."""
    unknown: tuple[ErrorDetail, ...]
    """What only the service can know."""

    @property
    def ready(self) -> bool:
        """Whether nothing is known to stop it."""
        return not self.problems


def is_status(status: str | None, wanted: str) -> bool:
    """Whether a campaign's status is the one wanted. The service's spelling is not relied on; unknown is neither."""
    return status is not None and status.strip().casefold() == wanted.casefold()


# --- from the generated models; each raises for an answer that is not as documented ---


def campaign(answer: "wire.Campaign", campaign_id: int | None = None) -> Campaign:
    """The facade's campaign; with an id, that campaign and no other."""
    from sendgrid_campaigns_api.types import UNSET

    _check_id(answer, campaign_id)
    fields: dict[str, Any] = {
        name: None if (value := getattr(answer, name)) is UNSET else value for name in _DOCUMENTED
    }
    return Campaign(**fields, extra=answer.additional_properties)


_DOCUMENTED = tuple(field.name for field in attrs.fields(Campaign) if field.name != "extra")


def status(answer: "wire.Campaign", campaign_id: int | None) -> str:
    """The status alone: a call must not stumble over a field that it does not need."""
    _check_id(answer, campaign_id)
    if not isinstance(answer.status, str):
        raise TypeError("it holds no status")
    return answer.status


def _check_id(answer: "wire.Campaign", campaign_id: int | None) -> None:
    if campaign_id is not None and (answer.id != campaign_id or isinstance(answer.id, bool)):
        raise ValueError(f"it is about campaign {answer.id!r}, not {campaign_id}")


def time(seconds: object) -> datetime:
    """The time for unix seconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise TypeError(f"{seconds!r} is no time in unix seconds")
    return datetime.fromtimestamp(seconds, UTC)


def seconds(send_at: object) -> int | None:
    """Unix seconds; None for what is no time."""
    return send_at if isinstance(send_at, int) and not isinstance(send_at, bool) else None


# --- what a mailing needs ---


UNSUBSCRIBE_TAG = "[unsubscribe]"

UNKNOWN = (
    ErrorDetail(field="credits", message="whether the account has enough for the audience"),
    ErrorDetail(field="sender_id", message="whether the sender identity is verified"),
    ErrorDetail(field="list_ids, segment_ids", message="whether they still exist, and hold anybody"),
)


def missing(campaign: Campaign) -> Iterator[ErrorDetail]:
    """What the documents require of a campaign to be sent, and this one does not have.

    https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
    """
    if not campaign.is_draft:
        yield ErrorDetail(field="status", message=f'it is "{campaign.status}", and only a Draft can be sent')
    if not campaign.subject:
        yield ErrorDetail(field="subject", message="it has none")
    if not campaign.sender_id:
        yield ErrorDetail(field="sender_id", message="it has none")
    if not campaign.list_ids and not campaign.segment_ids:
        yield ErrorDetail(field="list_ids", message="it has neither a list nor a segment")
    if not campaign.html_content and not campaign.plain_content:
        yield ErrorDetail(field="plain_content", message="it has neither plain nor HTML content")
    for field in ("html_content", "plain_content"):
        content: str | None = getattr(campaign, field)
        if content and UNSUBSCRIBE_TAG not in content:
            yield ErrorDetail(field=field, message=f"it holds no {UNSUBSCRIBE_TAG} tag")
    if not campaign.suppression_group_id and not campaign.custom_unsubscribe_url:
        yield ErrorDetail(
            field="suppression_group_id", message="it has neither a suppression group nor a custom unsubscribe URL"
        )
