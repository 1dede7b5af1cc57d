"""Rules for the fields of campaigns, and the errors of campaigns that break them, in the service's own words.

https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

Campaign = Mapping[str, Any]
Problem = tuple[str | None, str]
"""One item of an error body: the name that the service gives as the field, or None, and the message."""

FIELDS: Campaign = {
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
"""The fields of a campaign that clients set, with their default values."""

EDITORS = ("code", "design")

UNPARSED: Problem = (None, "The JSON you have submitted cannot be parsed.")
NOT_FUTURE: Problem = ("send_at", "Please choose a future time for sending your campaign.")

LONGEST_CONTENT = 2**20
"""The largest content of one kind, in bytes."""

UNSUBSCRIBE = "[unsubscribe]"
"""The tag that both contents need, in any case."""

_NUMBERS = ("sender_id", "suppression_group_id")
_LISTS: Mapping[str, type] = {"list_ids": int, "segment_ids": int, "categories": str}


def is_parsed(given: Any) -> bool:
    """Return whether a body is an object whose known fields have the documented types; unknown fields are ignored."""
    if not isinstance(given, dict):
        return False
    fields = cast(dict[str, object], given)
    return all(_is_typed(name, fields.get(name)) for name in FIELDS)


def _is_typed(name: str, value: Any) -> bool:
    if value is None:
        return True
    if name in _LISTS:
        return isinstance(value, list) and all(is_of(_LISTS[name], item) for item in cast(list[object], value))
    return is_of(int if name in _NUMBERS else str, value)


def is_of(kind: type, value: Any) -> bool:
    if isinstance(value, str):
        return kind is str and is_utf8(value)
    return isinstance(value, kind) and not isinstance(value, bool)


def is_utf8(text: str) -> bool:
    """Return whether a text can be encoded: JSON may contain one half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def of_content(campaign: Campaign, has: Callable[[str, Any], int | None]) -> list[Problem]:
    """Return the problems for which create and update refuse a campaign's fields.

    has: returns the value of a resource of the account, by kind and id; None when the account has no such resource; 0
    for a sender that is not verified.
    """
    found: list[Problem] = []
    title = campaign["title"]
    if not title:
        found.append(("title", "title can't be blank"))
    elif len(title) > 100:
        found.append(("title", "title is too long (maximum is 100 characters)"))
    if len(campaign["categories"] or ()) > 10:
        found.append(("categories", "categories exceeds 10 category limit"))
    if len(campaign["segment_ids"] or ()) > 10:
        found.append(UNPARSED)  # the limit is documented, the message is not
    for field in ("html_content", "plain_content"):
        if len((campaign[field] or "").encode()) > LONGEST_CONTENT:
            found.append((field, f"{field} exceeds the 1MB limit"))
    if campaign["sender_id"] is not None:
        verified = has("sender", campaign["sender_id"])
        if verified is None:
            found.append(("sender_id", "sender_id does not exist"))
        elif not verified:
            found.append(("sender_id", "sender_id is not a verified sender identity"))
    for kind in ("list", "segment"):
        if any(has(kind, id) is None for id in campaign[f"{kind}_ids"] or ()):
            found.append((f"{kind}_ids", f"{kind}_ids do not all exist"))
    if campaign["ip_pool"] is not None and has("ip_pool", campaign["ip_pool"]) is None:
        found.append(("ip_pool", "The ip pool you provided is invalid"))
    group = campaign["suppression_group_id"]
    if group is not None and has("suppression_group", group) is None:
        found.append(("suppression_group_id", "suppression_group_id does not exist"))
    if group is not None and campaign["custom_unsubscribe_url"]:
        found.append(
            (
                "unsubscribes",
                "Either suppression_group_id or custom_unsubscribe_url may be set/used, but not both."
                " Please remove one before setting the other.",
            )
        )
    if campaign["editor"] not in EDITORS:
        found.append(
            (
                "editor",
                "editor must be 'code' or 'design' if included. If not included, 'code' will be selected by default.",
            )
        )
    return found


def to_send(campaign: Campaign, recipients: int, credits: int) -> list[Problem]:
    """Return the problems for which the service refuses to send or schedule a campaign."""
    found: list[Problem] = []
    texts = [text for text in (campaign["html_content"], campaign["plain_content"]) if text]
    if not campaign["subject"]:
        found.append(("subject", "subject can't be blank"))
    if not campaign["sender_id"]:
        found.append(("sender_id", "sender_id can't be blank"))
    if not texts:
        found.append(("plain_content", "plain_content can't be blank, please provide plain text or html content"))
    if not campaign["list_ids"] and not campaign["segment_ids"]:
        found.append(("list_id", "You must select at least 1 segment or 1 list to send to."))
    if any(UNSUBSCRIBE not in text.lower() for text in texts):
        found.append(
            (
                "unsubscribe_tag",
                "An [unsubscribe] tag in both your html and plain content is required to send a campaign.",
            )
        )
    if not campaign["suppression_group_id"] and not campaign["custom_unsubscribe_url"]:
        found.append(
            (
                "suppression_group_id",
                "Either a suppression_group_id or custom_unsubscribe_url is required to send a campaign.",
            )
        )
    if recipients > credits:
        found.append(
            (
                None,
                "You do not have enough credits to send this campaign. Upgrade your plan to send more:"
                " https://app.sendgrid.com/settings/billing",
            )
        )
    return found


def to_test(campaign: Campaign, to: list[object]) -> list[Problem]:
    """Return the problems for which the service refuses to send a test of a campaign to some addresses."""
    found: list[Problem] = []
    if not to:
        found.append(("to", "Please provide an email address to which the test should be sent."))
    if len(to) > 10:
        found.append(("to", "You can only send tests to 10 addresses at a time."))
    if not campaign["subject"]:
        found.append(("subject", "Please add a subject to your campaign before sending a test."))
    if not campaign["html_content"] and not campaign["plain_content"]:
        found.append(
            (
                "plain_content",
                "Plain content and html content can't both be blank."
                " Please set one of these values before sending a test.",
            )
        )
    if not campaign["sender_id"]:
        found.append(("sender_id", "Please assign a sender identity to your campaign before sending a test."))
    return found
