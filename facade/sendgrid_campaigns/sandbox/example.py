"""What every new sandbox holds, with the ids of SendGrid's own examples."""

from collections.abc import Mapping
from typing import Any

KEY = "SG.sandbox"
"""Of the parent account, with all scopes."""

CAMPAIGNS = {4900: "", 4901: "acme", 4902: "account-id A123"}
"""Ready drafts, and whose they are, by on-behalf-of header; the parent account has none."""

RESOURCES = [
    ("sender", "124451", 1),
    ("list", "110", 1200),
    ("list", "124", 350),
    ("segment", "110", 80),
    ("suppression_group", "42", 1),
    ("ip_pool", "marketing", 1),
]
"""What each account has of its own: kind, id, and the recipients of an audience."""

CREDITS = 10_000_000
"""Mails that an account may send."""

READY: Mapping[str, Any] = {
    "title": "March Newsletter",
    "subject": "New Products for Spring!",
    "sender_id": 124451,
    "list_ids": [110, 124],
    "segment_ids": [110],
    "categories": ["spring line"],
    "suppression_group_id": 42,
    "ip_pool": "marketing",
    "html_content": "<html><body><p>Check out our spring line!</p><p>[unsubscribe]</p></body></html>",
    "plain_content": "Check out our spring line!\n\n[unsubscribe]",
}
"""A campaign that lacks nothing to be sent."""
