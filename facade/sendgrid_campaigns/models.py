"""What operations return: plain values with None where the service has nothing, and no UNSET anywhere."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, cast

import attrs
from attrs.validators import instance_of, optional

from sendgrid_campaigns_api import models as wire
from sendgrid_campaigns_api.types import UNSET

T = TypeVar("T")


_text = optional(instance_of(str))
_number = optional(instance_of(int))


def _numbers(value: Sequence[int] | None) -> tuple[int, ...] | None:
    return _tuple_of(int, value)


def _texts(value: Sequence[str] | None) -> tuple[str, ...] | None:
    return _tuple_of(str, value)


def _tuple_of(kind: type[T], value: Any) -> tuple[T, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(item, kind) for item in cast(list[Any], value)):
        raise TypeError(f"{value!r} is no list of {kind.__name__}")
    return tuple(cast(list[T], value))


@attrs.frozen(kw_only=True)
class Campaign:
    """A campaign, as the service knows it.

    https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
    """

    id: int = attrs.field(validator=instance_of(int))
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
        return is_draft(self.status)


@attrs.frozen
class SendReceipt:
    """The service accepted the mailing: it will go, or has gone, to the whole audience."""

    id: int
    status: str | None
    """`Scheduled`, as a rule: accepted, not yet mailed. None when the 201's body could not be read."""
    known_from: Literal["answer"] = "answer"
    """How it is known: from the answer to the send itself."""


def is_draft(status: str | None) -> bool:
    """Whether a campaign of this status can be sent. The service's spelling is not relied on, unknown is no Draft."""
    return status is not None and status.strip().casefold() == "draft"


def campaign(answer: wire.Campaign, campaign_id: int) -> Campaign:
    """The facade's campaign for the generated one.

    Raises TypeError for a field of another type than documented, ValueError for an answer about another campaign.
    """
    _check_id(answer, campaign_id)
    fields: dict[str, Any] = {"extra": answer.additional_properties}
    for field in attrs.fields(Campaign):
        if field.name not in fields:
            value = getattr(answer, field.name)
            fields[field.name] = None if value is UNSET else value
    return Campaign(**fields)


def status(answer: wire.Campaign, campaign_id: int) -> str:
    """The status alone: a send must not stumble over a field that it does not need. Raises as `campaign` does."""
    _check_id(answer, campaign_id)
    if not isinstance(answer.status, str):
        raise TypeError("it holds no status")
    return answer.status


def _check_id(answer: wire.Campaign, campaign_id: int) -> None:
    if answer.id != campaign_id:
        raise ValueError(f"it is about campaign {answer.id!r}, not {campaign_id}")
