"""The pure parts of exchange.py: verdicts, waits, and what answers say."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendgrid_campaigns import ErrorDetail, Retry
from sendgrid_campaigns.exchange import Answer, NoAnswer, Verdict, read_errors, retry_after, verdict

# --- verdicts: a closed world ---

NEVER_LEFT = {
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ProxyError",
    "UnsupportedProtocol",
    "LocalProtocolError",
    "InvalidURL",
}
DOUBT = {
    "HTTPError",
    "RequestError",
    "TransportError",
    "TimeoutException",
    "ReadTimeout",
    "WriteTimeout",
    "NetworkError",
    "ReadError",
    "WriteError",
    "CloseError",
    "ProtocolError",
    "RemoteProtocolError",
    "DecodingError",
    "TooManyRedirects",
    "HTTPStatusError",
    "CookieConflict",
    "StreamError",
    "StreamConsumed",
    "StreamClosed",
    "ResponseNotRead",
    "RequestNotRead",
}


def exceptions_of_httpx() -> list[type[Exception]]:
    return [value for value in vars(httpx).values() if isinstance(value, type) and issubclass(value, Exception)]


def test_every_exception_class_of_httpx_is_decided() -> None:
    assert {kind.__name__ for kind in exceptions_of_httpx()} == NEVER_LEFT | DOUBT


@pytest.mark.parametrize("kind", [*exceptions_of_httpx(), Exception, OSError, TimeoutError, ValueError])
@pytest.mark.parametrize("started", [False, True, None])
def test_no_answer(kind: type[Exception], started: bool | None) -> None:
    seen = NoAnswer(error=kind.__new__(kind), started=started, seconds=0)
    never_left = kind.__name__ in NEVER_LEFT and not started
    if kind.__name__ in ("ConnectError", "ConnectTimeout", "ProxyError", "TimeoutError"):
        # Other transports raise these later, too: they are believed only when the transport reports what it does.
        never_left = started is False
    assert verdict(seen, success={201}) is (Verdict.NEVER_LEFT if never_left else Verdict.DOUBT)


@pytest.mark.parametrize("success", [(200,), (201,), (204,), (201, 204)])
def test_every_status(success: tuple[int, ...]) -> None:
    refused = {400, 401, 404, 405, 413, 415, 422, 429}
    for status_code in range(100, 600):
        seen = Answer(status_code=status_code, headers={}, body=b"", seconds=0)
        expected = Verdict.DOUBT
        if status_code in refused:
            expected = Verdict.REFUSED
        if status_code in success:
            expected = Verdict.DONE
        assert verdict(seen, success) is expected


@pytest.mark.parametrize("body", [None, b"", b"<html>"])
def test_the_status_line_decides_and_no_body(body: bytes | None) -> None:
    assert verdict(Answer(status_code=201, headers={}, body=body, seconds=0), {201}) is Verdict.DONE


# --- waits ---


def test_backoff_doubles_up_to_the_longest_wait() -> None:
    retry = Retry(first_wait=1, longest_wait=8)
    assert [retry.backoff(attempt, 1.0) for attempt in range(1, 7)] == [1, 2, 4, 8, 8, 8]
    assert [retry.backoff(attempt, 0.0) for attempt in range(1, 3)] == [0.5, 1]
    assert retry.backoff(10_000, 1.0) == 8


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"X-RateLimit-Reset": "1800000030"}, 30),
        ({"x-ratelimit-reset": "1800000030"}, 30),
        ({"X-RateLimit-Reset": "30"}, 30),
        ({"X-RateLimit-Reset": "0"}, 0),
        ({"X-RateLimit-Reset": "1799999990"}, 0),
        ({"X-RateLimit-Reset": "1800000030", "Date": "Fri, 15 Jan 2027 08:00:20 GMT"}, 10),
        ({"X-RateLimit-Reset": "1800000030000"}, None),  # milliseconds: absurd
        ({"X-RateLimit-Reset": "1.5"}, 1.5),
        ({"X-RateLimit-Reset": "-5"}, 0),
        ({"X-RateLimit-Reset": "nan"}, None),
        ({"X-RateLimit-Reset": "inf"}, None),
        ({"X-RateLimit-Reset": "1e400"}, None),
        ({"X-RateLimit-Reset": ""}, None),
        ({"X-RateLimit-Reset": "tomorrow"}, None),
        ({"Retry-After": "5"}, 5),
        ({"Retry-After": "5", "X-RateLimit-Reset": "30"}, 5),
        ({"Retry-After": "Fri, 15 Jan 2027 08:00:20 GMT"}, 20),
        ({"Retry-After": "Fri, 15 Jan 2027 08:00:20 GMT", "Date": "Fri, 15 Jan 2027 08:00:19 GMT"}, 1),
        ({"Retry-After": "Fri, 99 Jan 2027", "X-RateLimit-Reset": "30"}, 30),
        ({"Retry-After": "5", "Date": "yesterday"}, 5),
        ({"Retry-After": "99999999"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx.Headers(headers), NOW) == seconds


@given(st.dictionaries(st.sampled_from(["Retry-After", "X-RateLimit-Reset", "Date"]), st.text()))
def test_retry_after_of_anything_is_a_wait_or_none(headers: dict[str, str]) -> None:
    seconds = retry_after(headers, NOW)
    assert seconds is None or 0 <= seconds <= 86_400


# --- errors of the service ---


def errors(body: Any) -> tuple[tuple[ErrorDetail, ...], str | None]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_errors(raw, lambda text: text)


@pytest.mark.parametrize(
    ("body", "details", "error_id"),
    [
        ({"errors": [{"field": "title", "message": "no"}]}, [("title", "no")], None),
        ({"errors": [{"field": None, "message": "no"}], "id": "e1"}, [(None, "no")], "e1"),
        ({"errors": [{"message": "no", "error_id": "e2"}]}, [(None, "no")], "e2"),
        (
            {"errors": [{"field": "", "message": "a"}, {"field": "null", "message": "b"}]},
            [(None, "a"), (None, "b")],
            None,
        ),
        ({"errors": ["no"]}, [(None, "no")], None),
        ({"errors": []}, [], None),
        ({"errors": None, "error": "no"}, [(None, "no")], None),
        ({"error": "no"}, [(None, "no")], None),
        ({"field": "to", "message": "no"}, [("to", "no")], None),
        ({"errors": [{"field": 5, "message": 6}]}, [(None, "6")], None),
        ({"errors": "no"}, [], None),
        ([], [], None),
        ("no", [(None, "no")], None),
        (b"", [], None),
        (b"404 page not found\n", [(None, "404 page not found")], None),
        (
            b"<html><h1>502</h1></html>",
            [(None, "(an HTML page: not from the API, but from something before it)")],
            None,
        ),
        (b"\xff\xfe\xfd", [(None, "\ufffd\ufffd\ufffd")], None),
        (b"[" * 100_000, [(None, "[" * 200)], None),
        (b'{"errors": [{"message": "a", "message": "b"}]}', [(None, "b")], None),
    ],
)
def test_errors_of_every_shape(body: Any, details: list[tuple[str | None, str]], error_id: str | None) -> None:
    found, found_id = errors(body)
    assert [(detail.field, detail.message) for detail in found] == details
    assert found_id == error_id


def test_help_comes_along() -> None:
    (detail,), _ = errors({"errors": [{"field": "to", "message": "no", "help": {"url": "https://example.com"}}]})
    assert detail.help == {"url": "https://example.com"}
    (detail,), _ = errors({"errors": [{"message": "no", "help": "see the docs"}]})
    assert detail.help == "see the docs"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["errors", "message", "field", "id", "help"]), inner)
    ),
)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_errors_of_anything_never_raise(body: bytes) -> None:
    found, error_id = read_errors(body, lambda text: text)
    assert all(isinstance(detail.message, str) for detail in found)
    assert error_id is None or isinstance(error_id, str)
