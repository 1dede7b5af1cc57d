"""What answers say: waits, rate limits, errors. Seen through the errors of a read that is tried once."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles import NOW, DirectStyle
from sendgrid_campaigns import (
    APIStatusError,
    Campaign,
    CampaignsClient,
    ErrorDetail,
    InvalidResponseError,
    RateLimitError,
    Retry,
    SendGridError,
)
from sendgrid_campaigns.protocol.flow import Answer


def read(answer: Answer) -> Campaign | SendGridError:
    """Return what one read of a campaign makes of an answer: the campaign or the error."""
    try:
        return STYLE.client(lambda request: answer, retry=Retry(attempts=1)).get(4900)  # type: ignore[no-any-return]
    except SendGridError as error:
        return error


STYLE = DirectStyle(CampaignsClient, asyncio.Runner())


def retry_after(headers: dict[str, str]) -> float | None:
    error = read(Answer(429, {name.lower(): value for name, value in headers.items()}, b""))
    assert isinstance(error, RateLimitError)
    return error.retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"X-RateLimit-Reset": f"{NOW + 30}"}, 30),
        ({"X-RateLimit-Reset": "30"}, 30),
        ({"X-RateLimit-Reset": "0"}, 0),
        ({"X-RateLimit-Reset": f"{NOW - 10}"}, 0),
        ({"X-RateLimit-Reset": f"{NOW + 30}", "Date": "Fri, 15 Jan 2027 08:00:20 GMT"}, 10),
        ({"X-RateLimit-Reset": "30", "Date": "Fri, 15 Jan 2027 08:00:20 GMT"}, 30),
        ({"X-RateLimit-Reset": f"{NOW + 30}000"}, None),  # milliseconds: absurd
        ({"X-RateLimit-Reset": "1.5"}, 1.5),
        *[({"X-RateLimit-Reset": text}, None) for text in ("nan", "inf", "1e400", "", "tomorrow", "1 2", "-1e6")],
        ({"Retry-After": "5"}, 5),
        ({"Retry-After": "5", "X-RateLimit-Reset": "30"}, 5),
        ({"Retry-After": "Fri, 15 Jan 2027 08:00:20 GMT"}, 20),
        ({"Retry-After": "Fri, 15 Jan 2027 08:00:20 GMT", "Date": "Fri, 15 Jan 2027 08:00:19 GMT"}, 1),
        ({"Retry-After": "Fri, 99 Jan 2027", "X-RateLimit-Reset": "30"}, 30),
        ({"Retry-After": "5", "Date": "yesterday"}, 5),
        ({"Retry-After": "99999999"}, None),
    ],
    ids=str,
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset", "date"]), st.text()))
def test_retry_after_of_anything_is_a_wait_or_none(headers: dict[str, str]) -> None:
    seconds = retry_after(headers)
    assert seconds is None or 0 <= seconds <= 86_400


LONG = "x" * 1000


@pytest.mark.parametrize(
    ("body", "details", "error_id"),
    [
        ({"errors": [{"field": "title", "message": "no"}]}, [("title", "no", None)], None),
        ({"errors": [{"field": None, "message": "no"}], "id": "e1"}, [(None, "no", None)], "e1"),
        ({"errors": [{"message": "no", "error_id": "e2"}]}, [(None, "no", None)], "e2"),
        (
            {"errors": [{"field": "", "message": "a"}, {"field": "null", "message": "b"}]},
            [(None, "a", None), (None, "b", None)],
            None,
        ),
        ({"errors": []}, [], None),
        ({"error": "no"}, [(None, "no", None)], None),
        ({"field": "to", "message": "no"}, [("to", "no", None)], None),
        ({"errors": [{"field": 5, "message": 6}, {"message": "a"}]}, [(None, "a", None)], None),
        ({"errors": [{"message": "no", "help": "see the docs"}]}, [(None, "no", "see the docs")], None),
        ({"errors": [{"message": "no", "help": {"a": 1}}]}, [(None, "no", '{"a": 1}')], None),
        ({"errors": [{"message": "a\n\tb  c\x00"}]}, [(None, "a b c\\x00", None)], None),
        ({"errors": [{"message": LONG, "field": LONG}]}, [(LONG[:500], LONG[:500], None)], None),
        ({"errors": [{"message": "no"}] * 50}, [(None, "no", None)] * 20, None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_errors_of_every_shape(body: Any, details: list[Any], error_id: str | None) -> None:
    error = read(Answer(400, {}, json.dumps(body).encode()))
    assert isinstance(error, APIStatusError)
    assert [(detail.field, detail.message, detail.help) for detail in error.errors] == details
    assert error.error_id == error_id
    assert "\n" not in error.summary


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["errors", "message", "field", "id", "help"]), inner)
    ),
)


@given(body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()), code=st.sampled_from([200, 400, 404, 500]))
def test_bodies_of_anything_end_as_a_campaign_or_an_error_of_text(body: bytes, code: int) -> None:
    found = read(Answer(code, {}, body))
    if isinstance(found, APIStatusError):
        assert all(isinstance(detail, ErrorDetail) and isinstance(detail.message, str) for detail in found.errors)
        assert found.error_id is None or isinstance(found.error_id, str)
    else:
        assert isinstance(found, Campaign | InvalidResponseError)


def test_a_body_of_too_many_values_is_not_parsed() -> None:
    """A few compressed kilobytes would become gigabytes of Python objects; commas in texts are no values."""
    many = read(Answer(200, {}, b'{"id": 4900, "new": [' + b"0," * 100_001 + b"0]}"))
    assert isinstance(many, InvalidResponseError)
    assert "values" in many.cause
    text = read(Answer(200, {}, json.dumps({"id": 4900, "html_content": ',[{"' * 100_000}).encode()))
    assert isinstance(text, Campaign)
