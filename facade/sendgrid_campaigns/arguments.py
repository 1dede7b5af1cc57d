"""What callers give, checked before any request: an id becomes part of a path, a time must be to come."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sendgrid_campaigns.errors import ConfigurationError, shown
from sendgrid_campaigns.models import KEEP

LONGEST_TITLE = 100
MOST_CATEGORIES = MOST_SEGMENTS = MOST_TEST_ADDRESSES = 10
"""What the documents state and cannot have changed; the account's other limits are the service's to tell."""


def checked_id(value: object) -> int:
    """The id of a campaign. It becomes part of a path, so nothing but a positive integer may pass."""
    campaign_id = int.__index__(value) if isinstance(value, int) and not isinstance(value, bool) else 0
    if not 0 < campaign_id < 2**63:
        raise ConfigurationError(
            problem=f"campaign_id is {shown(value)}, which is no campaign's id",
            remedy="Give it as a positive int, such as 4900. No request was made.",
        )
    return campaign_id


_NO_FIELDS = ("self", "campaign_id", "key")
_LISTS = {"list_ids": int, "segment_ids": int, "categories": str}
_NUMBERS = ("sender_id", "suppression_group_id")


def fields(arguments: dict[str, Any]) -> dict[str, Any]:
    """The campaign fields among the arguments of a call, checked. KEEP leaves one out, where there is one to keep."""
    given = {name: value for name, value in arguments.items() if name not in _NO_FIELDS}
    checked = {name: value for name, value in given.items() if value is not KEEP}
    makes = "campaign_id" not in arguments
    require(
        not makes or len(checked) == len(given), "KEEP was given to create()", "There is nothing to keep: leave it out."
    )
    for name, value in checked.items():
        if name in _LISTS and value is not None:
            checked[name] = _list(name, value)
        elif name in _NUMBERS:
            require(value is None or is_int(value), f"{name} is {shown(value)}", "Give it as an int.")
        elif name == "editor":
            require(value in ("code", "design", None), f"editor is {shown(value)}", 'Give "code" or "design".')
        elif value is not None or name == "title":
            require(is_text(value), f"{name} is no text that can be sent", "Give it as a str.")
    if "title" in checked:
        length = len(checked["title"])
        require(0 < length <= LONGEST_TITLE, f"title has {length} characters", f"It takes 1 to {LONGEST_TITLE}.")
    for name, most in (("categories", MOST_CATEGORIES), ("segment_ids", MOST_SEGMENTS)):
        count = len(checked.get(name) or ())
        require(count <= most, f"{name} holds {count}", f"A campaign takes {most} at most.")
    return checked


def _list(name: str, value: object) -> list[Any]:
    kind, problem = _LISTS[name], f"{name} is {shown(value)}"
    is_good = is_int if kind is int else is_text
    # A text is a sequence of texts, too, and never what was meant.
    items: list[Any] = (
        [None] if isinstance(value, str | bytes | bytearray) or not isinstance(value, Iterable) else [*value]
    )
    require(all(map(is_good, items)), problem, f"Give a list of {kind.__name__}.")
    return items


def addresses(to: object) -> list[str]:
    """The addresses of a test: one, or several in a list."""
    items: list[Any] = [to] if isinstance(to, str) else [*to] if isinstance(to, Iterable) else []
    good = 0 < len(items) <= MOST_TEST_ADDRESSES and all(is_text(one) and one for one in items)
    require(good, f"a test goes to 1 to {MOST_TEST_ADDRESSES} addresses: not {shown(items)}", "Give a str, or a list.")
    return items


def marker(key: object) -> str:
    """What the title of a campaign ends with that is made and sent once for a key."""
    good = isinstance(key, str) and re.fullmatch(r"[A-Za-z0-9._:-]{1,40}", key) is not None
    require(good, f"key is {shown(key)}", "Give 1 to 40 letters, digits or any of ._:- to name the mailing.")
    return f"(once {key})"


def unix_seconds(send_at: object, now: float) -> int:
    if not isinstance(send_at, datetime) or send_at.utcoffset() is None:
        raise ConfigurationError(
            problem=f"send_at is {shown(send_at)}, which is no time with a zone",
            remedy="Give an aware datetime, such as datetime.now(UTC) + timedelta(hours=1).",
        )
    seconds = _seconds(send_at)
    require(seconds > now, f"send_at is {send_at.isoformat()}, which is past", "Give a time to come.")
    return seconds


def _seconds(send_at: datetime) -> int:
    try:
        seconds = int(send_at.timestamp())
        datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        seconds = 0  # outside of the years that UTC has
    return seconds


def is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def is_text(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(value.encode() or True)
    except UnicodeEncodeError:  # half a surrogate pair
        return False


def require_least(name: str, value: int, least: int) -> None:
    good = is_int(value) and value >= least
    require(good, f"{name} is {shown(value)}", f"Give an int of at least {least}.")


def require(true: bool, problem: str, remedy: str) -> None:
    if not true:
        raise ConfigurationError(problem=problem, remedy=f"{remedy} No request was made.")
