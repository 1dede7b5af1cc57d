"""Contents of every new sandbox, with the ids of SendGrid's own examples."""

from collections.abc import Mapping
from typing import Any

KEY = "SG.sandbox"
"""The API key of the parent account, with all scopes."""

CAMPAIGNS = {4900: "", 4901: "acme", 4902: "account-id A123"}
"""Complete Drafts by id, with their account as the on-behalf-of header names the account; "": the parent account."""

RESOURCES = [
    ("sender", "124451", 1),
    ("list", "110", 1200),
    ("list", "124", 350),
    ("segment", "110", 80),
    ("suppression_group", "42", 1),
    ("ip_pool", "marketing", 1),
]
"""The resources of each account: kind, id, and a value: recipients of a list or segment, otherwise 1."""

CREDITS = 10_000_000
"""Mails that a new account may send."""

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
"""The fields of a campaign that is ready to send."""
