"""Reads: which answers are the service's own, which are repeated, and every campaign of a list that changes."""

from dataclasses import dataclass
from http.client import responses  # newer Pythons call 422 otherwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sendgrid_campaigns as sg
from doubles import DRAFT, FakeClock, Server, Style, cases, no
from writes import reply

READS: dict[str, tuple[int, ...]] = {"get": (4900,), "list": (), "get_schedule": (4900,), "check": (4900,)}


@cases(
    "answer kind requests why",
    ("404", "NotFoundError", 1, "404 Not Found, no"),
    ("422", "APIStatusError", 1, f"422 {responses[422]}, no"),
    ("429", "RateLimitError", 4, "429 Too Many Requests, no"),
    *[(answer, "InvalidResponseError", 4, "") for answer in ("html418", "201", "204")],
    ("html200", "InvalidResponseError", 4, "an HTML page"),
    *[(answer, "ServerError", 4, answer) for answer in ("504", "520", "599")],
    ("lost", "APIConnectionError", 4, "no answer from api.sendgrid.com (ReadTimeout"),
    ("refused", "APIConnectionError", 4, "no answer from api.sendgrid.com (ConnectError"),
)
@pytest.mark.parametrize("name", READS)
def test_what_errors_say(
    style: Style,
    campaigns: Any,
    server: Server,
    clock: FakeClock,
    name: str,
    answer: str,
    kind: str,
    requests: int,
    why: str,
) -> None:
    """tests/conformance has every answer."""
    server.get(reply(answer))
    error = style.error(getattr(sg, kind), getattr(campaigns, name), *READS[name])
    what = "the campaign was not listed" if name == "list" else "campaign 4900 was not read"
    assert error.summary.startswith(f"{what}: ")
    assert why in error.summary
    assert len(error.attempts) == len(server.methods) == requests
    assert clock.waits == [0.375, 0.75, 1.5][: requests - 1]
    assert error.temporary is (requests > 1)
    if kind == "InvalidResponseError":
        assert "api.sendgrid.com" in error.summary
        assert "base_url" in error.advice


@cases(
    "name body",
    *[("get", {**DRAFT, "id": other}) for other in (4901, "4900", True, None, 4900.0)],  # R14
    *[("get", body) for body in ([], None, "4900", {}, {"status": "Draft"}, {"errors": [{"message": "no"}]})],
    *[("list", body) for body in ({}, [], {"result": None}, {"result": [{"status": "Draft"}]}, {"result": [5]})],
    *[("get_schedule", body) for body in ({}, [], None)],
)
def test_an_answer_that_is_not_as_documented(
    style: Style, campaigns: Any, server: Server, name: str, body: Any
) -> None:
    server.get(httpx.Response(200, json=body))
    error = style.error(sg.InvalidResponseError, getattr(campaigns, name), *READS[name])
    assert (error.status_code, len(server.requests), "\n" in error.summary) == (200, 4, False)


def test_a_page_of_more_than_was_asked_for(style: Style, campaigns: Any, server: Server) -> None:
    server.get(httpx.Response(200, json={"result": [DRAFT] * 11}))
    assert "no list of at most 10 items" in style.error(sg.InvalidResponseError, campaigns.list).summary
    for result in ({}, ""):
        server.get(httpx.Response(200, json={"result": result}))
        assert "no list of at most 10 items" in style.error(sg.InvalidResponseError, campaigns.list).summary


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
    found: list[sg.Campaign] = []
    style.take(style.client(handler).iterate(**named), found, count)
    return [campaign.id for campaign in found]


EDITS = st.lists(st.builds(Edit, st.integers(0, 9), st.lists(st.integers(0, 40), max_size=9)), max_size=12)


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


def test_which_pages_are_read(style: Style) -> None:
    for size, offsets in ((0, [0]), (1, [0, 0]), (2, [0, 1]), (4, [0, 3]), (5, [0, 3, 4]), (9, [0, 3, 6, 8])):
        assert taken(style, shelf := Shelf(size), page_size=4) == shelf.ids
        assert shelf.pages == [(4, offset) for offset in offsets]
    for count, pages in ((0, 0), (1, 1), (3, 1), (4, 2), (5, 2), (6, 3)):  # none before it is needed
        assert taken(style, shelf := Shelf(20), count=count, page_size=3) == shelf.ids[:count]
        assert len(shelf.pages) == pages
    shelf = Shelf(12, [Edit(0, []), Edit(0, []), Edit(0, [0] * 9)])  # back, until it sees what it knows
    assert taken(style, shelf, page_size=4) == list(range(12, 0, -1))
    assert [offset for _, offset in shelf.pages] == [0, 3, 6, 9, 6, 3, 0, 2]


def test_lists_that_go_wrong(style: Style, server: Server) -> None:
    shelf, found = Shelf(6), list[sg.Campaign]()
    failing = style.client(lambda request: no(429) if shelf.pages else shelf(request), retry=sg.Retry(attempts=1))
    with pytest.raises(sg.RateLimitError, match="was not listed"):
        style.take(failing.iterate(page_size=3), found)
    assert [campaign.id for campaign in found] == [6, 5, 4]  # what came before stays
    for total in (2, 100):
        server.get(httpx.Response(200, json={"result": [{**DRAFT, "id": total - i} for i in range(min(total, 20))]}))
        server.requests.clear()
        with pytest.raises(sg.InvalidResponseError, match="ignores the offset"):
            taken(style, server)
        assert len(server.requests) < 200
    twice = [{"id": 2}, {"id": 2}, {"id": 1}, {"id": 1}]
    server.get(httpx.Response(200, json={"result": twice}), httpx.Response(200, json={"result": [{"id": 1}]}))
    assert taken(style, server) == [2, 1]
