"""What the service's answers say: errors, dates, rate limits. Every function takes any bytes and never raises."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, cast

from sendgrid_campaigns.models import ErrorDetail
from sendgrid_campaigns.protocol.flow import Answer

LARGEST_ERROR = 64 * 1024
"""Bytes of an error's body that are read."""
MOST_ERRORS = 20
"""Problems of one error that are kept, with at most 500 characters each."""


class Unparsed(ValueError):
    """A body is not what the service documents."""


MOST_VALUES = 100_000
"""Values in one body: a page of a hundred campaigns has some thousand."""
_STRING = re.compile(rb'"(?:[^"\\]+|\\.)*"', re.DOTALL)


def json_value(body: bytes | None) -> Any:
    """Return the JSON value of a body. Raises Unparsed for a body that is no JSON, or that holds too many values.

    A few kilobytes of compressed brackets would become gigabytes of Python lists.
    """
    if body is None:
        raise Unparsed("the body was cut off, could not be decoded, or was too large")
    if _values(body) > MOST_VALUES and _holds_too_many(body):
        raise Unparsed(f"the body holds more than {MOST_VALUES} values")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        page = "an HTML page" if body.lstrip()[:1] == b"<" else "no JSON"
        raise Unparsed(f"the body is {page}") from error


def _holds_too_many(body: bytes) -> bool:
    """Count the values outside of texts, and each text as a value; stop as soon as there are too many."""
    found, end = 0, 0
    for text in _STRING.finditer(body):
        found += 1 + _values(body[end : text.start()])
        end = text.end()
        if found > MOST_VALUES:
            return True
    return found + _values(body[end:]) > MOST_VALUES


def _values(body: bytes) -> int:
    return body.count(b"[") + body.count(b"{") + body.count(b",")


def parse(answer: Answer, model: Callable[[Any], Any]) -> Any:
    """Return what a model makes of an answer's body. Raises Unparsed, whatever the model raises."""
    value = json_value(answer.body)
    try:
        return model(value)
    except Exception as error:  # generated models raise KeyError, TypeError, ValueError, AttributeError ...
        detail = str(error.args[0])[:200] if error.args else ""
        raise Unparsed(f"{type(error).__name__}: {detail}") from error


@dataclass(frozen=True)
class ServiceError:
    """The service's own body of an error."""

    errors: tuple[ErrorDetail, ...]
    error_id: str | None


def service_error(answer: Answer) -> ServiceError | None:
    """Return the error that an answer's body describes, or None for a body that the service does not write.

    The service documents `{"errors": [...]}`; `{"error": "..."}` and a bare `{"field": ..., "message": ...}` were seen.
    A proxy, a gateway or a load balancer writes HTML, text, or JSON of other shapes: its status proves nothing.
    """
    if answer.body is None or len(answer.body) > LARGEST_ERROR:
        return None
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    whole = cast(dict[str, Any], said)
    given: Any = whole.get("errors")
    items: list[dict[str, Any]]
    if isinstance(given, list):
        items = [item for item in given[:MOST_ERRORS] if isinstance(item, dict)]  # pyright: ignore[reportUnknownVariableType]
        if given and not items:
            return None
    elif {"error"} <= whole.keys() <= {"error", "id"} or {"field", "message"} <= whole.keys() <= _ITEM:
        items = [whole]
    else:
        return None
    ids = (whole.get("id"), *(item.get("error_id") for item in items))
    details = tuple(detail for item in items if (detail := _detail(item)))
    return ServiceError(details, next((found[:200] for found in ids if isinstance(found, str)), None))


_ITEM = {"field", "message", "help", "error_id", "id"}


def _detail(item: dict[str, Any]) -> ErrorDetail | None:
    message = item.get("message") or item.get("error")
    if not isinstance(message, str):
        return None
    field, note = item.get("field"), item.get("help")
    return ErrorDetail(
        message=plain(message),
        field=plain(field) if isinstance(field, str) and field not in ("", "null") else None,
        help=plain(note if isinstance(note, str) else json.dumps(note)) if note else None,
    )


def plain(text: str) -> str:
    """Return a foreign text in one line of at most 500 characters, with control characters escaped."""
    line = " ".join(text[:500].split())
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in line)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return seconds until the service takes requests again, as an answer's headers say; None without such a header.

    `X-RateLimit-Reset` is a unix time on most pages of the service and a number of seconds on one; `now` is unix time,
    and the answer's own Date is preferred to it. `Retry-After` is honoured should the service ever send one.
    https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits
    """
    now = http_date(headers.get("date")) or now
    asked = headers.get("retry-after")
    seconds = _number(asked)
    if seconds is None and (at := http_date(asked)) is not None:
        seconds = at - now
    if seconds is None and (reset := _number(headers.get("x-ratelimit-reset"))) is not None:
        seconds = reset - now if reset > 1e9 else reset
    return max(seconds, 0.0) if seconds is not None and -86_400 <= seconds <= 86_400 else None


def remaining(answer: Answer) -> int | None:
    """Return how many requests the rate limit still allows, as an answer says; None when the answer does not say."""
    if answer.status_code == 429:
        return 0
    left = _number(answer.headers.get("x-ratelimit-remaining"))
    return int(left) if left is not None and left >= 0 else None


def limit(answer: Answer) -> float | None:
    """Return how many requests a window allows, as an answer says; None when the answer does not say."""
    allowed = _number(answer.headers.get("x-ratelimit-limit"))
    return allowed if allowed is not None and allowed >= 1 else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@lru_cache(maxsize=8)  # one for each second, and a second holds many answers
def http_date(text: str | None) -> float | None:
    """Return the unix time of an HTTP date; None for a text that is none."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
