# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
"""The fields of a single send as callers give them, and single sends as the service knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict

from sendgrid_campaigns.models import Result, WithStatus

if TYPE_CHECKING:
    from sendgrid_single_sends_api import models as wire


class SendToFields(TypedDict, total=False):
    """Whom to mail."""

    list_ids: list[str] | tuple[str, ...]
    segment_ids: list[str] | tuple[str, ...]
    all: bool
    """Every contact of the account. False where it is left out."""


class EmailConfigFields(TypedDict, total=False):
    """What to mail, and from whom."""

    subject: str
    html_content: str
    plain_content: str
    generate_plain_content: bool
    """Whether plain_content is always made from html_content. True where it is left out."""
    design_id: str
    """In place of subject, html_content and plain_content."""
    editor: Literal["code", "design"]
    """`code` where it is left out."""
    suppression_group_id: int
    """This or a custom_unsubscribe_url is needed to send."""
    custom_unsubscribe_url: str
    sender_id: int
    ip_pool: str


class NewSingleSendFields(TypedDict, total=False):
    """A single send to be made."""

    categories: list[str] | tuple[str, ...]
    send_to: SendToFields
    email_config: EmailConfigFields


class SearchedFields(TypedDict, total=False):
    """What to look for."""

    name: str
    """A part of the name."""
    status: list[str] | tuple[str, ...]
    """One of them."""
    categories: list[str] | tuple[str, ...]
    """One of them."""


class ChangedSingleSendFields(TypedDict, total=False):
    """What to change of a single send."""

    name: str
    categories: list[str] | tuple[str, ...]
    send_to: SendToFields
    email_config: EmailConfigFields


@dataclass(frozen=True, kw_only=True)
class SendTo(Result):
    """Whom a single send is mailed to. Those that the dashboard excludes are not shown."""

    list_ids: tuple[str, ...] | None = None
    segment_ids: tuple[str, ...] | None = None
    all: bool | None = None
    extra: Mapping[str, Any] = _field(default_factory=dict[str, Any], hash=False)
    """Fields of the answer that this version does not name, as JSON gave them."""

    @classmethod
    def of(cls, answer: "wire.SendTo") -> Self:
        """Make one of the model of an answer."""
        from sendgrid_single_sends_api.types import Unset  # with attrs, which only calls need

        return cls(
            list_ids=tuple(answer.list_ids) if isinstance(answer.list_ids, list) else None,
            segment_ids=tuple(answer.segment_ids) if isinstance(answer.segment_ids, list) else None,
            all=None if isinstance(answer.all_, Unset) else answer.all_,
            extra=dict(answer.additional_properties),
        )


@dataclass(frozen=True, kw_only=True)
class EmailConfig(Result):
    """What is mailed, and from whom."""

    subject: str | None = None
    html_content: str | None = None
    plain_content: str | None = None
    generate_plain_content: bool | None = None
    """Whether plain_content is always made from html_content."""
    design_id: str | None = None
    editor: str | None = None
    """`code` or `design`."""
    suppression_group_id: int | None = None
    custom_unsubscribe_url: str | None = None
    sender_id: int | None = None
    """A verified sender."""
    ip_pool: str | None = None
    """The name of an IP pool."""
    extra: Mapping[str, Any] = _field(default_factory=dict[str, Any], hash=False)
    """Fields of the answer that this version does not name, as JSON gave them."""

    @classmethod
    def of(cls, answer: "wire.EmailConfig") -> Self:
        """Make one of the model of an answer."""
        from sendgrid_single_sends_api.types import Unset  # with attrs, which only calls need

        return cls(
            subject=None if isinstance(answer.subject, Unset) else answer.subject,
            html_content=None if isinstance(answer.html_content, Unset) else answer.html_content,
            plain_content=None if isinstance(answer.plain_content, Unset) else answer.plain_content,
            generate_plain_content=None
            if isinstance(answer.generate_plain_content, Unset)
            else answer.generate_plain_content,
            design_id=None if isinstance(answer.design_id, Unset) else answer.design_id,
            editor=None if isinstance(answer.editor, Unset) else answer.editor,
            suppression_group_id=None
            if isinstance(answer.suppression_group_id, Unset)
            else answer.suppression_group_id,
            custom_unsubscribe_url=None
            if isinstance(answer.custom_unsubscribe_url, Unset)
            else answer.custom_unsubscribe_url,
            sender_id=None if isinstance(answer.sender_id, Unset) else answer.sender_id,
            ip_pool=None if isinstance(answer.ip_pool, Unset) else answer.ip_pool,
            extra=dict(answer.additional_properties),
        )


@dataclass(frozen=True, kw_only=True)
class SingleSendWarning(Result):
    """Something about a single send that may be wrong."""

    message: str | None = None
    field: str | None = None
    warning_id: str | None = None
    extra: Mapping[str, Any] = _field(default_factory=dict[str, Any], hash=False)
    """Fields of the answer that this version does not name, as JSON gave them."""

    @classmethod
    def of(cls, answer: "wire.SingleSendWarning") -> Self:
        """Make one of the model of an answer."""
        from sendgrid_single_sends_api.types import Unset  # with attrs, which only calls need

        return cls(
            message=None if isinstance(answer.message, Unset) else answer.message,
            field=None if isinstance(answer.field, Unset) else answer.field,
            warning_id=None if isinstance(answer.warning_id, Unset) else answer.warning_id,
            extra=dict(answer.additional_properties),
        )


@dataclass(frozen=True, kw_only=True)
class SingleSend(WithStatus):
    """A single send as the service answers it.

    https://www.twilio.com/docs/sendgrid/api-reference/single-sends/get-single-send-by-id
    """

    id: str
    """A UUID."""
    status: str | None = None
    """An open set; documented are draft, scheduled and triggered, which says that mailing began, and not that it
    ended."""
    name: str | None = None
    """The name in the dashboard; recipients never see it. At most 100 characters."""
    categories: tuple[str, ...] | None = None
    send_at: str | None = None
    """ISO 8601. On a draft, it has no effect."""
    send_to: SendTo | None = None
    email_config: EmailConfig | None = None
    created_at: str | None = None
    """ISO 8601."""
    updated_at: str | None = None
    """ISO 8601."""
    warnings: tuple[SingleSendWarning, ...] | None = None
    extra: Mapping[str, Any] = _field(default_factory=dict[str, Any], hash=False)
    """Fields of the answer that this version does not name, as JSON gave them."""

    @classmethod
    def of(cls, answer: "wire.SingleSend") -> Self:
        """Make one of the model of an answer."""
        from sendgrid_single_sends_api import models
        from sendgrid_single_sends_api.types import Unset  # with attrs, which only calls need

        return cls(
            id=answer.id,
            status=None if isinstance(answer.status, Unset) else answer.status,
            name=None if isinstance(answer.name, Unset) else answer.name,
            categories=tuple(answer.categories) if isinstance(answer.categories, list) else None,
            send_at=None if isinstance(answer.send_at, Unset) else answer.send_at,
            send_to=SendTo.of(answer.send_to) if isinstance(answer.send_to, models.SendTo) else None,
            email_config=EmailConfig.of(answer.email_config)
            if isinstance(answer.email_config, models.EmailConfig)
            else None,
            created_at=None if isinstance(answer.created_at, Unset) else answer.created_at,
            updated_at=None if isinstance(answer.updated_at, Unset) else answer.updated_at,
            warnings=tuple(
                SingleSendWarning.of(each) for each in answer.warnings if type(each) is models.SingleSendWarning
            )
            if isinstance(answer.warnings, list)
            else None,
            extra=dict(answer.additional_properties),
        )


@dataclass(frozen=True, kw_only=True)
class SingleSendSummary(WithStatus):
    """A single send as a list shows it."""

    id: str
    """A UUID."""
    status: str | None = None
    """An open set, as on the single send."""
    name: str | None = None
    categories: tuple[str, ...] | None = None
    send_at: str | None = None
    """ISO 8601."""
    is_abtest: bool | None = None
    created_at: str | None = None
    """ISO 8601."""
    updated_at: str | None = None
    """ISO 8601."""
    extra: Mapping[str, Any] = _field(default_factory=dict[str, Any], hash=False)
    """Fields of the answer that this version does not name, as JSON gave them."""

    @classmethod
    def of(cls, answer: "wire.SingleSendSummary") -> Self:
        """Make one of the model of an answer."""
        from sendgrid_single_sends_api.types import Unset  # with attrs, which only calls need

        return cls(
            id=answer.id,
            status=None if isinstance(answer.status, Unset) else answer.status,
            name=None if isinstance(answer.name, Unset) else answer.name,
            categories=tuple(answer.categories) if isinstance(answer.categories, list) else None,
            send_at=None if isinstance(answer.send_at, Unset) else answer.send_at,
            is_abtest=None if isinstance(answer.is_abtest, Unset) else answer.is_abtest,
            created_at=None if isinstance(answer.created_at, Unset) else answer.created_at,
            updated_at=None if isinstance(answer.updated_at, Unset) else answer.updated_at,
            extra=dict(answer.additional_properties),
        )


@dataclass(frozen=True, kw_only=True)
class Counts(Result):
    """Counts of mail, recipients and reactions."""

    requests: int | None = None
    delivered: int | None = None
    opens: int | None = None
    unique_opens: int | None = None
    clicks: int | None = None
    unique_clicks: int | None = None
    bounces: int | None = None
    bounce_drops: int | None = None
    invalid_emails: int | None = None
    spam_reports: int | None = None
    spam_report_drops: int | None = None
    unsubscribes: int | None = None
    extra: Mapping[str, Any] = _field(default_factory=dict[str, Any], hash=False)
    """Fields of the answer that this version does not name, as JSON gave them."""

    @classmethod
    def of(cls, answer: "wire.Counts") -> Self:
        """Make one of the model of an answer."""
        from sendgrid_single_sends_api.types import Unset  # with attrs, which only calls need

        return cls(
            requests=None if isinstance(answer.requests, Unset) else answer.requests,
            delivered=None if isinstance(answer.delivered, Unset) else answer.delivered,
            opens=None if isinstance(answer.opens, Unset) else answer.opens,
            unique_opens=None if isinstance(answer.unique_opens, Unset) else answer.unique_opens,
            clicks=None if isinstance(answer.clicks, Unset) else answer.clicks,
            unique_clicks=None if isinstance(answer.unique_clicks, Unset) else answer.unique_clicks,
            bounces=None if isinstance(answer.bounces, Unset) else answer.bounces,
            bounce_drops=None if isinstance(answer.bounce_drops, Unset) else answer.bounce_drops,
            invalid_emails=None if isinstance(answer.invalid_emails, Unset) else answer.invalid_emails,
            spam_reports=None if isinstance(answer.spam_reports, Unset) else answer.spam_reports,
            spam_report_drops=None if isinstance(answer.spam_report_drops, Unset) else answer.spam_report_drops,
            unsubscribes=None if isinstance(answer.unsubscribes, Unset) else answer.unsubscribes,
            extra=dict(answer.additional_properties),
        )
