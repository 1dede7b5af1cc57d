"""What answers say: waits, errors, values. Seen through a read that is tried once."""

import asyncio
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import sendgrid_campaigns as sg
from doubles import NOW, DirectStyle, cases
from sendgrid_campaigns.protocol.flow import Answer

STYLE = DirectStyle(sg.CampaignsClient, asyncio.Runner())


def read(code: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Any:
    """Return what one read of a campaign makes of an answer: the campaign or the error."""
    named = {name.lower(): value for name, value in (headers or {}).items()}
    try:
        return STYLE.client(lambda request: Answer(code, named, body), retry=sg.Retry(attempts=1)).get(4900)
    except sg.SendGridError as error:
        return error


AT_20 = "Fri, 15 Jan 2027 08:00:20 GMT"


@cases(
    "headers seconds",
    ({}, None),
    ({"X-RateLimit-Reset": f"{NOW + 30}"}, 30),
    ({"X-RateLimit-Reset": f"{NOW - 10}"}, 0),
    ({"X-RateLimit-Reset": f"{NOW + 30}", "Date": AT_20}, 10),
    ({"X-RateLimit-Reset": "30", "Date": AT_20}, 30),
    *[({"X-RateLimit-Reset": text}, float(text)) for text in ("0", "1.5", "30")],
    *[({"X-RateLimit-Reset": text}, None) for text in ("nan", "inf", "1e400", "", "soon", "1 2", f"{NOW + 30}000")],
    ({"Retry-After": "5", "X-RateLimit-Reset": "30", "Date": "yesterday"}, 5),
    ({"Retry-After": AT_20, "X-RateLimit-Reset": "30"}, 30),
    ({"Retry-After": "99999999"}, None),
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert read(429, headers=headers).retry_after == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset", "date"]), st.text()))
def test_retry_after_of_anything_is_a_wait_or_none(headers: dict[str, str]) -> None:
    seconds = read(429, headers=headers).retry_after
    assert seconds is None or 0 <= seconds <= 86_400


LONG = "x" * 1000


@cases(
    "body details error_id",
    ({"errors": [{"field": "title", "message": "no"}], "id": "e1"}, [("title", "no", None)], "e1"),
    ({"errors": [{"message": "no", "error_id": "e2"}]}, [(None, "no", None)], "e2"),
    (
        {"errors": [{"field": name, "message": "a"} for name in (None, "", "null", 5)]},
        [(None, "a", None)] * 4,
        None,
    ),
    ({"errors": []}, [], None),
    ({"error": "no"}, [(None, "no", None)], None),
    ({"field": "to", "message": "no"}, [("to", "no", None)], None),
    ({"errors": [{"message": 6}, {"message": "a"}], "id": 5}, [(None, "a", None)], None),
    ({"errors": [{"message": "no", "help": "see the docs"}]}, [(None, "no", "see the docs")], None),
    ({"errors": [{"message": "no", "help": {"a": 1}}]}, [(None, "no", '{"a": 1}')], None),
    ({"errors": [{"message": "a\n\tb  c\x00"}]}, [(None, "a b c\\x00", None)], None),
    ({"errors": [{"message": LONG, "field": LONG}]}, [(LONG[:500], LONG[:500], None)], None),
    ({"errors": [{"message": "no"}] * 50}, [(None, "no", None)] * 20, None),
)
def test_errors_of_every_shape(body: Any, details: list[Any], error_id: str | None) -> None:
    error = read(400, json.dumps(body).encode())
    assert [(detail.field, detail.message, detail.help) for detail in error.errors] == details
    assert (error.error_id, "\n" in error.summary) == (error_id, False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["errors", "message", "field", "id", "help"]), inner)
    ),
)


@given(
    body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()), code=st.sampled_from([200, 400, 404, 500])
)
def test_bodies_of_anything_end_as_a_campaign_or_an_error_of_text(body: bytes, code: int) -> None:
    found = read(code, body)
    assert isinstance(found, sg.Campaign | sg.InvalidResponseError | sg.APIStatusError)
    if isinstance(found, sg.APIStatusError):
        assert all(isinstance(detail.message, str) for detail in found.errors)
        assert found.error_id is None or isinstance(found.error_id, str)


def test_a_body_of_too_many_values_is_not_parsed() -> None:
    """A few compressed kilobytes would become gigabytes of Python objects; commas in texts are no values."""
    assert "values" in read(200, b'{"id": 4900, "new": [' + b"0," * 100_001 + b"0]}").cause
    assert isinstance(read(200, json.dumps({"id": 4900, "html_content": ',[{"' * 100_000}).encode()), sg.Campaign)
