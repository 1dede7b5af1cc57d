# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.
"""The fields of a campaign as callers give them, and a campaign as the service knows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict

from sendgrid_campaigns.models import WithStatus

if TYPE_CHECKING:
    from sendgrid_campaigns_api import models as wire


class NewCampaignFields(TypedDict, total=False):
    """A campaign to be made."""

    subject: str | None
    sender_id: int | None
    list_ids: list[int] | tuple[int, ...] | None
    segment_ids: list[int] | tuple[int, ...] | None
    categories: list[str] | tuple[str, ...] | None
    suppression_group_id: int | None
    """This or a custom_unsubscribe_url, not both."""
    custom_unsubscribe_url: str | None
    ip_pool: str | None
    html_content: str | None
    """At most 1 MB."""
    plain_content: str | None
    """At most 1 MB."""
    editor: Literal["code", "design"]
    """Cannot be changed later."""


class ChangedCampaignFields(TypedDict, total=False):
    """What to change of a campaign."""

    title: str
    subject: str | None
    sender_id: int | None
    list_ids: list[int] | tuple[int, ...] | None
    segment_ids: list[int] | tuple[int, ...] | None
    categories: list[str] | tuple[str, ...] | None
    suppression_group_id: int | None
    """This or a custom_unsubscribe_url, not both."""
    custom_unsubscribe_url: str | None
    ip_pool: str | None
    html_content: str | None
    """At most 1 MB."""
    plain_content: str | None
    """At most 1 MB."""


@dataclass(frozen=True, kw_only=True)
class Campaign(WithStatus):
    """A campaign as the service answers it.

    https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign
    """

    id: int
    status: str | None = None
    """An open set; seen so far are Draft, Scheduled, In Progress, Sent, Paused and Canceled."""
    title: str | None = None
    """The name in the dashboard; recipients never see it. At most 100 characters."""
    subject: str | None = None
    sender_id: int | None = None
    """A verified sender identity."""
    list_ids: tuple[int, ...] | None = None
    segment_ids: tuple[int, ...] | None = None
    categories: tuple[str, ...] | None = None
    suppression_group_id: int | None = None
    custom_unsubscribe_url: str | None = None
    """Instead of a suppression group; an empty string counts as unset."""
    ip_pool: str | None = None
    """The name of an IP pool."""
    html_content: str | None = None
    """At most 1 MB."""
    plain_content: str | None = None
    """At most 1 MB."""
    editor: str | None = None
    """`code` or `design`."""
    extra: Mapping[str, Any] = _field(default_factory=dict[str, Any], hash=False)
    """Fields of the answer that this version does not name, as JSON gave them."""

    @classmethod
    def of(cls, answer: "wire.Campaign") -> Self:
        """Make one of the model of an answer."""
        from sendgrid_campaigns_api.types import Unset  # with attrs, which only calls need

        return cls(
            id=answer.id,
            status=None if isinstance(answer.status, Unset) else answer.status,
            title=None if isinstance(answer.title, Unset) else answer.title,
            subject=None if isinstance(answer.subject, Unset) else answer.subject,
            sender_id=None if isinstance(answer.sender_id, Unset) else answer.sender_id,
            list_ids=tuple(answer.list_ids) if isinstance(answer.list_ids, list) else None,
            segment_ids=tuple(answer.segment_ids) if isinstance(answer.segment_ids, list) else None,
            categories=tuple(answer.categories) if isinstance(answer.categories, list) else None,
            suppression_group_id=None
            if isinstance(answer.suppression_group_id, Unset)
            else answer.suppression_group_id,
            custom_unsubscribe_url=None
            if isinstance(answer.custom_unsubscribe_url, Unset)
            else answer.custom_unsubscribe_url,
            ip_pool=None if isinstance(answer.ip_pool, Unset) else answer.ip_pool,
            html_content=None if isinstance(answer.html_content, Unset) else answer.html_content,
            plain_content=None if isinstance(answer.plain_content, Unset) else answer.plain_content,
            editor=None if isinstance(answer.editor, Unset) else answer.editor,
            extra=dict(answer.additional_properties),
        )
