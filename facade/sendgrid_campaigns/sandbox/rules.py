"""What a campaign needs, and what the service says when it is missing. Texts are the service's own.

https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
"""

from collections.abc import Mapping
from typing import Any

FIELDS: Mapping[str, Any] = {
    "title": None,
    "subject": None,
    "sender_id": None,
    "list_ids": None,
    "segment_ids": None,
    "categories": None,
    "suppression_group_id": None,
    "custom_unsubscribe_url": None,
    "ip_pool": None,
    "html_content": None,
    "plain_content": None,
    "editor": "code",
}
"""The fields of a campaign that its owner sets, with what they are when left out."""

UNSUBSCRIBE = "[unsubscribe]"

Problem = tuple[str | None, str]
"""A field, or what the service puts in its place, and the message."""


def to_send(campaign: Mapping[str, Any], recipients: int, credits: int) -> list[Problem]:
    """Everything that stops a campaign from being sent or scheduled, in the order of the service's reference page."""
    texts = [text for text in (campaign["html_content"], campaign["plain_content"]) if text]
    found: list[Problem | None] = [
        None if campaign["subject"] else ("subject", "subject can't be blank"),
        None if campaign["sender_id"] else ("sender_id", "sender_id can't be blank"),
        None if texts else ("plain_content", "plain_content can't be blank, please provide plain text or html content"),
        None
        if campaign["list_ids"] or campaign["segment_ids"]
        else ("list_id", "You must select at least 1 segment or 1 list to send to."),
        None
        if all(UNSUBSCRIBE in text for text in texts)
        else (
            "unsubscribe_tag",
            "An [unsubscribe] tag in both your html and plain content is required to send a campaign.",
        ),
        None
        if campaign["suppression_group_id"] or campaign["custom_unsubscribe_url"]
        else (
            "suppression_group_id",
            "Either a suppression_group_id or custom_unsubscribe_url is required to send a campaign.",
        ),
        None
        if recipients <= credits
        else (
            None,
            "You do not have enough credits to send this campaign. Upgrade your plan to send more:"
            " https://app.sendgrid.com/settings/billing",
        ),
    ]
    return [problem for problem in found if problem]
