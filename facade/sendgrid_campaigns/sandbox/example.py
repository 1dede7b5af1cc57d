"""Contents of every new sandbox, with the ids of SendGrid's own examples."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

KEY = "SG.sandbox"
"""The API key of the parent account, with all scopes."""

CAMPAIGNS = {4900: "", 4901: "acme", 4902: "account-id A123"}
"""Complete Drafts by id, with their account as the on-behalf-of header names the account; "": the parent account."""

SINGLE_SENDS = {
    "27c21bbf-a12c-440b-b8bf-c526975328ca": "",
    "6a3f2f5e-4b0d-4c3b-9b52-0f8f7a1c4d01": "acme",
    "b1d8a7c4-92e6-4f7a-8c15-3e5d6f708a02": "account-id A123",
}
"""Complete drafts of single sends by id, with their account."""

RESOURCES = [
    ("sender", "124451", 1, "Example News"),
    ("list", "110", 1200, "Newsletter"),
    ("list", "124", 350, "Customers"),
    ("segment", "110", 80, "Bought in spring"),
    ("suppression_group", "42", 1, "Marketing"),
    ("ip_pool", "marketing", 1, "marketing"),
    ("list", "f2fe66a1-43f3-4e3a-87b1-c6a600d805f0", 1200, "Newsletter"),
    ("list", "0d29d1a5-78d3-4b1e-a1c3-9f6c7b2e5d11", 350, "Customers"),
    ("segment", "8c5e1f3b-6a2d-4e9f-b7c8-1d2e3f4a5b66", 80, "Bought in spring"),
]
"""The resources of each account: kind, id, a value (recipients of a list or segment, otherwise 1), and a name.

Lists and segments with integers are those of campaigns, with a UUID those of single sends: see `own_id`.
"""


def own_id(id: str, account: str) -> str:
    """Return the id that a resource has in an account: no two accounts share a UUID."""
    return str(uuid5(UUID(id), account)) if account and "-" in id else id


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

READY_SINGLE_SEND: Mapping[str, Any] = {
    "name": "March Newsletter",
    "subject": READY["subject"],
    "sender_id": 124451,
    "list_ids": ["f2fe66a1-43f3-4e3a-87b1-c6a600d805f0", "0d29d1a5-78d3-4b1e-a1c3-9f6c7b2e5d11"],
    "segment_ids": ["8c5e1f3b-6a2d-4e9f-b7c8-1d2e3f4a5b66"],
    "categories": ["spring line"],
    "suppression_group_id": 42,
    "ip_pool": "marketing",
    "html_content": "<html><body><p>Check out our spring line!</p><p>{{{unsubscribe}}}</p></body></html>",
}
"""The fields of a single send that is ready to send, with the ids of the parent account."""


def ready_single_send(account: str) -> dict[str, Any]:
    """Return the fields of a single send of an account that is ready to send."""
    own = {name: [own_id(id, account) for id in READY_SINGLE_SEND[name]] for name in ("list_ids", "segment_ids")}
    return {**READY_SINGLE_SEND, **own}
