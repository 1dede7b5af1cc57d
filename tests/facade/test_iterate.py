"""`iterate`: every campaign that exists all the while exactly once, while others come and go between the pages."""

import json
from itertools import islice
from typing import Any

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles import DRAFT, Colour, Server
from sendgrid_campaigns import (
    AsyncCampaignsClient,
    Campaign,
    ConfigurationError,
    RateLimitError,
    Retry,
    UnreadableResponseError,
)
from sendgrid_campaigns.reads import Pages


@attrs.define
class Change:
    """What happens to the list before one page of it is read."""

    created: int
    """So many come in at its head."""
    deleted: list[int]
    """At these places, counted modulo what there is."""


class Shelf:
    """A list of campaigns, newest first, that changes before each of its pages is read."""

    def __init__(self, size: int, changes: list[Change] | None = None, cap: int = 1_000) -> None:
        self.ids = list(range(size, 0, -1))
        self.first = set(self.ids)
        self.deleted: set[int] = set()
        self.pages: list[tuple[int, int]] = []
        """Limit and offset of each request."""
        self._changes = list(changes or [])
        self._next = size + 1
        self._cap = cap

    @property
    def stayed(self) -> set[int]:
        """What exists all the while."""
        return self.first - self.deleted

    def change(self, change: Change) -> None:
        for place in change.deleted:
            if self.ids:
                self.deleted.add(self.ids.pop(place % len(self.ids)))
        for _ in range(change.created):
            self.ids.insert(0, self._next)
            self._next += 1

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.pages and self._changes:  # before the first page, nothing has begun
            self.change(self._changes.pop(0))
        limit, offset = int(request.url.params["limit"]), int(request.url.params["offset"])
        self.pages.append((limit, offset))
        assert len(self.pages) < 500, "it does not end"
        page = self.ids[offset : offset + min(limit, self._cap)]
        return httpx.Response(200, content=json.dumps({"result": [{"id": id} for id in page]}))


def taken(colour: Colour, campaigns: Any, count: int | None = None, **named: Any) -> list[int]:
    """The ids that `iterate` gives: all, or the first so many."""
    iterator = campaigns.iterate(**named)

    async def read() -> list[int]:
        found: list[int] = []
        if count == 0:
            return found
        async for campaign in iterator:
            found.append(campaign.id)
            if len(found) == count:
                break
        await iterator.aclose()
        return found

    if colour.client_class is AsyncCampaignsClient:
        return colour.do(read)
    return [campaign.id for campaign in islice(iterator, count)]


CHANGES = st.lists(
    st.builds(Change, created=st.integers(0, 9), deleted=st.lists(st.integers(0, 40), max_size=9)), max_size=12
)


@given(size=st.integers(0, 25), changes=CHANGES, cap=st.integers(2, 9), page_size=st.integers(2, 7))
def check_iterate(colour: Colour, size: int, changes: list[Change], cap: int, page_size: int) -> None:
    shelf = Shelf(size, changes, cap)
    found = taken(colour, colour.client(shelf), page_size=page_size)
    assert len(found) == len(set(found)), "twice"
    assert shelf.stayed <= set(found), "left out"
    assert set(found) <= set(range(1, shelf._next)), "never there"
    assert {limit for limit, _ in shelf.pages} == {page_size}


def test_what_stays_is_given_once_whatever_comes_and_goes(colour: Colour) -> None:
    check_iterate(colour)


@given(size=st.integers(0, 25), cap=st.integers(2, 9), page_size=st.integers(2, 7))
def check_still(colour: Colour, size: int, cap: int, page_size: int) -> None:
    shelf = Shelf(size, cap=cap)
    assert taken(colour, colour.client(shelf), page_size=page_size) == shelf.ids
    assert len(shelf.pages) <= size // (min(cap, page_size) - 1) + 2


def test_a_list_that_stays_is_given_in_its_order(colour: Colour) -> None:
    check_still(colour)


@pytest.mark.parametrize(
    ("size", "pages"),
    [
        (0, [0]),
        (1, [0, 0]),  # one new campaign does not say that there is no other
        (2, [0, 1]),
        (4, [0, 3]),
        (5, [0, 3, 4]),
        (9, [0, 3, 6, 8]),
    ],
)
def test_how_many_pages_it_takes(colour: Colour, size: int, pages: list[int]) -> None:
    shelf = Shelf(size)
    assert taken(colour, colour.client(shelf), page_size=4) == list(range(size, 0, -1))
    assert shelf.pages == [(4, offset) for offset in pages]


def test_twenty_a_page_without_a_word(colour: Colour) -> None:
    shelf = Shelf(20)
    assert taken(colour, colour.client(shelf)) == shelf.ids
    assert shelf.pages == [(20, 0), (20, 19)]


FIXED: dict[str, tuple[int, list[Change], list[int]]] = {
    "created at the head": (6, [Change(2, [])], [6, 5, 4, 3, 2, 1]),
    "more created than a page holds": (6, [Change(9, [])], [6, 5, 4, 3, 2, 1]),
    "the last one seen is deleted": (6, [Change(0, [2])], [6, 5, 4, 3, 2, 1]),
    "all that was seen is deleted": (6, [Change(0, [0, 0, 0])], [6, 5, 4, 3, 2, 1]),
    "all is deleted": (6, [Change(0, [0] * 6)], [6, 5, 4]),
    "all is deleted, and others are there": (4, [Change(2, [0] * 4)], [4, 3, 2, 6, 5]),
    "one to come is deleted": (6, [Change(0, [4])], [6, 5, 4, 3, 1]),
}


@pytest.mark.parametrize("name", FIXED)
def test_one_change_after_the_first_page(colour: Colour, name: str) -> None:
    size, changes, expected = FIXED[name]
    shelf = Shelf(size, changes)
    found = taken(colour, colour.client(shelf), page_size=3)
    assert [id for id in found if id in shelf.first or id in expected] == expected
    assert len(found) == len(set(found))


def test_it_goes_back_by_pages_until_it_sees_what_it_knows(colour: Colour) -> None:
    nothing = Change(0, [])
    shelf = Shelf(12, [nothing, nothing, Change(0, [0] * 9)])
    assert taken(colour, colour.client(shelf), page_size=4) == list(range(12, 0, -1))
    assert [offset for _, offset in shelf.pages] == [0, 3, 6, 9, 6, 3, 0, 2]


# --- as you go ---


def test_nothing_is_read_before_the_first_is_asked_for(colour: Colour) -> None:
    shelf = Shelf(5)
    assert taken(colour, colour.client(shelf), count=0) == []
    assert shelf.pages == []


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (3, 1), (4, 2), (5, 2), (6, 3)])
def test_no_page_is_read_before_it_is_needed(colour: Colour, count: int, pages: int) -> None:
    shelf = Shelf(20)
    assert taken(colour, colour.client(shelf), count=count, page_size=3) == list(range(20, 20 - count, -1))
    assert len(shelf.pages) == pages


@pytest.mark.parametrize("page_size", [1, 0, -1, True, "20", 2.0, None])
def test_a_page_size_that_cannot_be_is_refused(colour: Colour, page_size: Any) -> None:
    shelf = Shelf(5)
    with pytest.raises(ConfigurationError, match="page_size is"):
        taken(colour, colour.client(shelf), page_size=page_size)
    assert shelf.pages == []


def test_what_was_given_before_an_error_stays_given(colour: Colour) -> None:
    shelf = Shelf(6)

    def failing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429) if shelf.pages else shelf(request)

    found: list[int] = []
    iterator = colour.client(failing, retry=Retry(attempts=1)).iterate(page_size=3)

    async def read() -> None:
        async for campaign in iterator:
            found.append(campaign.id)

    def read_blocking() -> None:
        for campaign in iterator:
            found.append(campaign.id)

    reads = read if colour.client_class is AsyncCampaignsClient else read_blocking
    with pytest.raises(RateLimitError, match="was not listed"):
        colour.do(reads)
    assert found == [6, 5, 4]


def test_each_page_carries_the_header_of_its_view(colour: Colour) -> None:
    shelf, seen = Shelf(6), []

    def noting(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("on-behalf-of"))
        return shelf(request)

    taken(colour, colour.client(noting).on_behalf_of("acme"), page_size=3)
    assert seen == ["acme"] * len(shelf.pages)


@pytest.mark.parametrize("total", [2, 100])
def test_a_server_that_does_not_go_by_the_offset(colour: Colour, campaigns: Any, server: Server, total: int) -> None:
    page = [{**DRAFT, "id": total - i} for i in range(min(total, 20))]
    server.get(httpx.Response(200, json={"result": page}))
    found: list[Any] = []

    async def all_async() -> None:
        async for campaign in campaigns.iterate():
            found.append(campaign)

    def every() -> Any:
        return all_async() if colour.http_class is httpx.AsyncClient else found.extend(campaigns.iterate())

    assert "does not go by the offset" in str(colour.error(UnreadableResponseError, every))
    assert len(server.requests) < 200


def test_what_a_page_holds_twice_is_given_once() -> None:
    pages = Pages(20)
    one, two = Campaign(id=2), Campaign(id=1)
    assert pages.take([one, one, two, two]) == [one, two]
