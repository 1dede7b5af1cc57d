"""What the service's answers say: JSON, errors, dates, rate limits. Any bytes are taken."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from itertools import islice
from typing import Any, cast

from sendgrid_campaigns.models import ErrorDetail
from sendgrid_campaigns.protocol.flow import Answer, NoAnswer

LARGEST_ERROR = 64 * 1024
"""Bytes of an error's body that are read."""
MOST_ERRORS = 20
"""Problems of one error that are kept, with at most 500 characters each."""
MOST_VALUES = 100_000
"""Values in one body: a page of a hundred campaigns has some thousand."""
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{,]', re.DOTALL)
"""A text, or what another value follows. Nothing is tried twice: bodies may be hostile."""


def json_value(body: bytes | None) -> Any:
    """Return the JSON value of a body. Raises ValueError for a body that is no JSON, or that holds too many values.

    A few kilobytes of compressed brackets would become gigabytes of Python lists.
    """
    if body is None:
        raise ValueError("the body was cut off, could not be decoded, or was too large")
    at_most = sum(map(body.count, (b"[", b"{", b",")))
    if at_most > MOST_VALUES and len([*islice(_TOKEN.finditer(body), MOST_VALUES + 1)]) > MOST_VALUES:
        raise ValueError(f"the body holds more than {MOST_VALUES} values")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("an HTML page" if body.lstrip()[:1] == b"<" else "no JSON") from None


def service_error(answer: Answer | NoAnswer) -> tuple[tuple[ErrorDetail, ...], str | None] | None:
    """Return the problems and the error id of an error's body; None for a body that the service does not write.

    The service documents `{"errors": [...]}`; `{"error": "..."}` and a bare `{"field": ..., "message": ...}` were seen.
    A proxy, a gateway or a load balancer writes HTML, text, or JSON of other shapes: its status proves nothing.
    """
    try:
        said: Any = json_value((answer.body or b"")[:LARGEST_ERROR])
    except ValueError:
        return None
    whole: dict[str, Any] = cast(dict[str, Any], said) if isinstance(said, dict) else {}
    bare = whole.keys() == {"error"} or {"field", "message"} <= whole.keys() <= {"field", "message", "help", "error_id"}
    raw: Any = whole.get("errors", [whole] if bare else None)
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in cast(list[object], raw)[:MOST_ERRORS]):
        return None
    items = cast(list[dict[str, Any]], raw)[:MOST_ERRORS]
    ids = [each.get("error_id") or each.get("id") for each in (whole, *items)]
    error_id = next((plain(found) for found in ids if isinstance(found, str)), None)
    return tuple(detail for item in items if (detail := _detail(item))), error_id


def _detail(item: dict[str, Any]) -> ErrorDetail | None:
    message, field, note = item.get("message") or item.get("error"), item.get("field"), item.get("help")
    named = plain(field) if isinstance(field, str) and field not in ("", "null") else None
    further = plain(note if isinstance(note, str) else json.dumps(note)) if note else None
    return ErrorDetail(message=plain(message), field=named, help=further) if isinstance(message, str) else None


def plain(text: str) -> str:
    """Return a foreign text in one line of at most 500 characters, with control characters escaped."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in " ".join(text[:500].split()))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return seconds until the service takes requests again, as an answer's headers say; None without such a header.

    `X-RateLimit-Reset` is a unix time on most pages of the service and a number of seconds on one; `now` is unix time,
    and the answer's own Date is preferred to it. `Retry-After` in seconds is honoured should the service ever send one.
    https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits
    """
    now = http_date(headers.get("date")) or now
    seconds = number(headers.get("retry-after"))
    if seconds is None and (reset := number(headers.get("x-ratelimit-reset"))) is not None:
        seconds = reset - now if reset > 1e9 else reset
    return max(seconds, 0.0) if seconds is not None and -86_400 <= seconds <= 86_400 else None


def number(text: str | None) -> float | None:
    """Return the number that a header holds; None for a text that is none."""
    return float(text) if text and re.fullmatch(r"[0-9]{1,15}(\.[0-9]*)?", text := text.strip()) else None


def unix_time(value: Any) -> int | None:
    """Return the unix time of whole seconds, or of a text of ISO 8601; None for anything else."""
    with suppress(TypeError, ValueError, OverflowError):
        return value if value.__class__ is int and value < 1e11 else int(datetime.fromisoformat(value).timestamp())
    return None


@lru_cache(maxsize=8)  # one for each second, and a second holds many answers
def http_date(text: str | None) -> float | None:
    """Return the unix time of an HTTP date; None for a text that is none."""
    with suppress(TypeError, ValueError, OverflowError):
        return parsedate_to_datetime(text or "").timestamp()
    return None
