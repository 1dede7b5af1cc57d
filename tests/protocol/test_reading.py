"""Reads: which answers are the service's own, which are repeated, and every campaign of a list that changes."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles import DRAFT, FakeClock, Server, Style, no
from sendgrid_campaigns import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    Campaign,
    InvalidResponseError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    Retry,
    ServerError,
)
from writes import AT, is_with

READS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "get": ((4900,), DRAFT),
    "list": ((), {"result": [DRAFT]}),
    "get_schedule": ((4900,), {"send_at": AT}),
    "check": ((4900,), DRAFT),
}
every_read = pytest.mark.parametrize("name", READS)


@every_read
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (405, APIStatusError),
        (422, APIStatusError),
    ],
)
def test_the_services_own_no_is_final(style: Style, campaigns: Any, server: Server, name: str, code: int, kind: Any) -> None:
    server.get(no(code, "because", "title"))
    error = style.error(kind, getattr(campaigns, name), *READS[name][0])
    assert (error.status_code, error.errors[0].field, server.methods) == (code, "title", ["GET"])
    assert "not listed" in error.summary if name == "list" else "campaign 4900 was not read" in error.summary


BODIES = {
    "HTML": b"<html>403 Forbidden</html>",
    "text": b"404 page not found\n",
    "nothing": b"",
    "another JSON": b'{"message": "no Route matched with those values"}',
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 406, 418])
def test_a_no_of_something_in_front_is_repeated_and_names_the_host(
    style: Style, campaigns: Any, server: Server, code: int, body: str
) -> None:
    server.get(httpx.Response(code, content=BODIES[body]))
    error = style.error(InvalidResponseError, campaigns.get, 4900)
    assert (error.status_code, len(server.requests), error.temporary) == (code, 4, True)
    assert error.cause.startswith(f"the service answered {code}")
    assert "(from api.sendgrid.com)" in error.summary
    assert "base_url" in error.advice
    server.get(httpx.Response(code, content=BODIES[body]), httpx.Response(200, json=DRAFT))
    assert style.do(campaigns.get, 4900).is_draft


@pytest.mark.parametrize(
    ("answer", "kind", "cause"),
    [
        *[(httpx.Response(code), ServerError, f": {code} ") for code in (500, 502, 503, 504, 520, 599)],
        (no(500, "broken"), ServerError, "broken"),
        *[(no(code), InvalidResponseError, f"answered {code}") for code in (402, 406, 408, 409, 425)],
        (httpx.Response(302, headers={"Location": "/"}), InvalidResponseError, "answered 302"),
        (httpx.Response(201, json=DRAFT), InvalidResponseError, "answered 201"),
        (httpx.Response(204), InvalidResponseError, "answered 204"),
        (httpx.Response(200, text="<html>"), InvalidResponseError, "an HTML page"),
        (httpx.ReadTimeout("slow"), APIConnectionError, "no answer from api.sendgrid.com (ReadTimeout: slow)"),
        (httpx.RemoteProtocolError("cut"), APIConnectionError, "RemoteProtocolError: cut"),
        (httpx.ConnectError("refused"), APIConnectionError, "ConnectError: refused"),
        (no(429), RateLimitError, "429"),
    ],
    ids=str,
)
@every_read
def test_what_is_repeated(
    style: Style, campaigns: Any, server: Server, clock: FakeClock, name: str, answer: Any, kind: Any, cause: str
) -> None:
    arguments, good = READS[name]
    server.get(answer)
    error = style.error(kind, getattr(campaigns, name), *arguments)
    assert cause in error.summary or name != "get"
    assert (server.methods, clock.waits, error.temporary) == (["GET"] * 4, [0.375, 0.75, 1.5], True)
    assert len(error.attempts) == 4
    server.get(answer, httpx.Response(200, json=good))
    style.do(getattr(campaigns, name), *arguments)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        *[("get", {**DRAFT, "id": other}) for other in (4901, "4900", True, None, 4900.0)],  # R14
        *[("get", body) for body in ([], None, "4900", {}, {"status": "Draft"}, {"errors": [{"message": "no"}]})],
        *[("list", body) for body in ({}, [], {"result": None}, {"result": [{"status": "Draft"}]})],
        ("list", {"result": [5]}),
        *[("get_schedule", body) for body in ({}, [], None)],
    ],
    ids=str,
)
def test_an_answer_that_is_not_as_documented(style: Style, campaigns: Any, server: Server, name: str, body: Any) -> None:
    server.get(httpx.Response(200, json=body))
    error = style.error(InvalidResponseError, getattr(campaigns, name), *READS[name][0])
    assert (error.status_code, len(server.requests)) == (200, 4)
    assert error.cause
    assert "\n" not in error.summary


def test_a_page_of_more_than_was_asked_for(style: Style, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json={"result": [DRAFT] * 11}))
    error = style.error(InvalidResponseError, campaigns.list)
    assert "holds 11 items, and 10 were asked for" in error.summary


def test_extra_fields_come_along(style: Style, campaigns: Any, server: Server) -> None:
    server.get(is_with("Draft", new={"a": [1]}))
    assert style.do(campaigns.get, 4900).extra == {"new": {"a": [1]}}


# --- iterate ---


@dataclass
class Edit:
    """What happens to the list before one page of it is read."""

    created: int
    """So many come in at its head."""
    deleted: list[int]
    """At these places, counted modulo what there is."""


class Shelf:
    """A list of campaigns, newest first, that changes before each of its pages is read."""

    def __init__(self, size: int, edits: list[Edit] | None = None, cap: int = 1_000) -> None:
        self.ids = list(range(size, 0, -1))
        self.first = set(self.ids)
        self.deleted: set[int] = set()
        self.pages: list[tuple[int, int]] = []
        """Limit and offset of each request."""
        self._edits = list(edits or [])
        self.next = size + 1
        self._cap = cap

    def __call__(self, request: Any) -> httpx.Response:
        if self.pages and self._edits:  # before the first page, nothing has begun
            edit = self._edits.pop(0)
            for place in edit.deleted:
                if self.ids:
                    self.deleted.add(self.ids.pop(place % len(self.ids)))
            for _ in range(edit.created):
                self.ids.insert(0, self.next)
                self.next += 1
        limit, offset = int(request.url.params["limit"]), int(request.url.params["offset"])
        self.pages.append((limit, offset))
        assert len(self.pages) < 500, "it does not end"
        page = self.ids[offset : offset + min(limit, self._cap)]
        return httpx.Response(200, json={"result": [{"id": id} for id in page]})


def taken(style: Style, handler: Any, count: int | None = None, **named: Any) -> list[int]:
    """Return the ids that `iterate` gives: all, or the first so many."""
    found: list[Campaign] = []
    style.take(style.client(handler).iterate(**named), found, count)
    return [campaign.id for campaign in found]


EDITS = st.lists(
    st.builds(Edit, created=st.integers(0, 9), deleted=st.lists(st.integers(0, 40), max_size=9)), max_size=12
)


def test_what_stays_comes_once_whatever_is_created_and_deleted(style: Style) -> None:
    @given(size=st.integers(0, 25), edits=EDITS, cap=st.integers(2, 9), page_size=st.integers(2, 7))
    def check(size: int, edits: list[Edit], cap: int, page_size: int) -> None:
        shelf = Shelf(size, edits, cap)
        found = taken(style, shelf, page_size=page_size)
        assert len(found) == len(set(found)), "twice"
        assert shelf.first - shelf.deleted <= set(found), "left out"
        assert set(found) <= set(range(1, shelf.next)), "never there"
        assert {limit for limit, _ in shelf.pages} == {page_size}

    check()


def test_a_list_that_stays_comes_in_its_order(style: Style) -> None:
    @given(size=st.integers(0, 25), cap=st.integers(2, 9), page_size=st.integers(2, 7))
    def check(size: int, cap: int, page_size: int) -> None:
        shelf = Shelf(size, cap=cap)
        assert taken(style, shelf, page_size=page_size) == shelf.ids
        assert len(shelf.pages) <= size // (min(cap, page_size) - 1) + 2

    check()


@pytest.mark.parametrize(
    ("size", "pages"),
    [(0, [0]), (1, [0, 0]), (2, [0, 1]), (4, [0, 3]), (5, [0, 3, 4]), (9, [0, 3, 6, 8])],
)
def test_how_many_pages_are_read(style: Style, size: int, pages: list[int]) -> None:
    shelf = Shelf(size)
    assert taken(style, shelf, page_size=4) == list(range(size, 0, -1))
    assert shelf.pages == [(4, offset) for offset in pages]


FIXED: dict[str, tuple[int, list[Edit], list[int]]] = {
    "created at the head": (6, [Edit(2, [])], [6, 5, 4, 3, 2, 1]),
    "more created than a page holds": (6, [Edit(9, [])], [6, 5, 4, 3, 2, 1]),
    "the last one seen is deleted": (6, [Edit(0, [2])], [6, 5, 4, 3, 2, 1]),
    "all that was seen is deleted": (6, [Edit(0, [0, 0, 0])], [6, 5, 4, 3, 2, 1]),
    "all is deleted": (6, [Edit(0, [0] * 6)], [6, 5, 4]),
    "all is deleted, and others are there": (4, [Edit(2, [0] * 4)], [4, 3, 2, 6, 5]),
    "one to come is deleted": (6, [Edit(0, [4])], [6, 5, 4, 3, 1]),
}


@pytest.mark.parametrize("name", FIXED)
def test_one_edit_after_the_first_page(style: Style, name: str) -> None:
    size, edits, expected = FIXED[name]
    shelf = Shelf(size, edits)
    found = taken(style, shelf, page_size=3)
    assert [id for id in found if id in shelf.first or id in expected] == expected
    assert len(found) == len(set(found))


def test_it_goes_back_by_pages_until_it_sees_what_it_knows(style: Style) -> None:
    nothing = Edit(0, [])
    shelf = Shelf(12, [nothing, nothing, Edit(0, [0] * 9)])
    assert taken(style, shelf, page_size=4) == list(range(12, 0, -1))
    assert [offset for _, offset in shelf.pages] == [0, 3, 6, 9, 6, 3, 0, 2]


@pytest.mark.parametrize(("count", "pages"), [(0, 0), (1, 1), (3, 1), (4, 2), (5, 2), (6, 3)])
def test_no_page_is_read_before_it_is_needed(style: Style, count: int, pages: int) -> None:
    shelf = Shelf(20)
    assert taken(style, shelf, count=count, page_size=3) == list(range(20, 20 - count, -1))
    assert len(shelf.pages) == pages


def test_what_came_before_an_error_stays(style: Style) -> None:
    shelf = Shelf(6)
    found: list[Campaign] = []
    failing = style.client(lambda request: no(429) if shelf.pages else shelf(request), retry=Retry(attempts=1))
    with pytest.raises(RateLimitError, match="was not listed"):
        style.take(failing.iterate(page_size=3), found)
    assert [campaign.id for campaign in found] == [6, 5, 4]


@pytest.mark.parametrize("total", [2, 100])
def test_a_server_that_ignores_the_offset(style: Style, server: Server, total: int) -> None:
    page = [{**DRAFT, "id": total - i} for i in range(min(total, 20))]
    server.get(httpx.Response(200, json={"result": page}))
    with pytest.raises(InvalidResponseError, match="ignores the offset"):
        taken(style, server)
    assert len(server.requests) < 200


def test_what_a_page_holds_twice_comes_once(style: Style, server: Server) -> None:
    two, one = {**DRAFT, "id": 2}, {**DRAFT, "id": 1}
    server.get(httpx.Response(200, json={"result": [two, two, one, one]}), httpx.Response(200, json={"result": [one]}))
    assert taken(style, server) == [2, 1]
