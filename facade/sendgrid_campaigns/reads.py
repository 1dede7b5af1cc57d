"""What calls read: campaigns, what states they are in, and all of them, page by page."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from sendgrid_campaigns import arguments, models
from sendgrid_campaigns.endpoints import GET, GET_SCHEDULE, LIST
from sendgrid_campaigns.errors import SendGridError, UnreadableResponseError
from sendgrid_campaigns.exchange import Call, Steps
from sendgrid_campaigns.models import Campaign
from sendgrid_campaigns.outcome import Aim, Created, State, Updated


def campaign(call: Call) -> Steps[Campaign]:
    return (yield from call.read(lambda answer: models.campaign(answer, call.campaign_id), GET))


def page(answer: Any) -> tuple[Campaign, ...]:
    return tuple(models.campaign(item) for item in answer.result)


# --- states, for outcome.py ---


def state(call: Call, aim: Aim, *, whole: bool = False, timed: bool = False) -> Steps[State]:
    """The state, by reads that are repeated on any doubt; raises what a read raises.

    whole: with all of the campaign's fields. timed: with its time, where the aim goes by it.
    """
    now = call.settings.clock.time()
    found = (yield from call.read(_state_of(call, whole), GET))(now, now)
    if timed and found.is_(*aim.timed):
        with suppress(SendGridError):
            send_at = yield from call.read(lambda answer: answer.send_at, GET_SCHEDULE)
            return found._replace(send_at=models.seconds(send_at))
    return found


def look(call: Call, aim: Aim) -> Steps[State | None]:
    """The state, by one read of each part of it; None when a read told nothing."""
    if isinstance(aim, Created):
        newest = yield from call.look(page, LIST, limit=PAGE_SIZE, offset=0)
        return State(campaign=_first_marked(aim.marker, newest.value or ())) if newest else None
    found = yield from call.look(_state_of(call, isinstance(aim, Updated)), GET)
    if found is None or found.value is None:
        return None if found is None else State(gone=True, at=found.at, at_least=found.at_least)
    seen = found.value(found.at, found.at_least)
    if not seen.is_(*aim.timed):
        return seen
    schedule = yield from call.look(lambda answer: answer.send_at, GET_SCHEDULE)
    return seen._replace(send_at=models.seconds(schedule.value)) if schedule else seen


def _state_of(call: Call, whole: bool) -> Callable[[Any], Callable[[float, float], State]]:
    """The state for an answer, and then for its times. A call must not stumble over a field that it does not need."""

    def model(answer: Any) -> Callable[[float, float], State]:
        status = call.redact(models.status(answer, call.campaign_id))
        fields = models.campaign(answer, call.campaign_id) if whole else None
        return lambda at, at_least: State(status, at, at_least, campaign=fields)

    return model


# --- all campaigns ---

PAGE_SIZE = 100
"""Campaigns that are asked for at once to find one; the service may give fewer."""


def find(call: Call, marker: str) -> Steps[Campaign | None]:
    """The campaign with a marker, among all of the account's."""
    pages, campaigns = Pages(PAGE_SIZE), list[Campaign]()
    while not pages.done:
        found = yield from call.read(page, LIST, limit=PAGE_SIZE, offset=pages.offset)
        campaigns += pages.take(found)
    return _first_marked(marker, campaigns)


def _first_marked(marker: str, campaigns: Iterable[Campaign]) -> Campaign | None:
    """Of several with the marker the one that is no Draft, or else the one that was made first."""
    marked = [campaign for campaign in campaigns if (campaign.title or "").endswith(marker)]
    return min(marked, key=lambda campaign: (campaign.is_draft, campaign.id), default=None)


MOST_FRUITLESS = 100
"""Pages in a row without a campaign that is new: more than ever come and go between two of them."""


class Pages:
    """How every campaign is found by offsets, while campaigns come and go.

    The list is newest first: what is created comes in at its head and pushes the rest on, what is deleted pulls the
    rest back. So each page is asked for from the last campaign that was seen. If none of a page was seen, the list has
    moved by more than a page, and what lies before is read first. The end is a page with nothing behind that campaign.
    """

    def __init__(self, page_size: int) -> None:
        # A page of one would hold the campaign seen before, and never another.
        arguments.require_least("page_size", page_size, 2)
        self.offset: int = 0
        self.done: bool = False
        self._page_size = page_size
        self._fruitless = 0
        self._seen: set[int] = set()

    def take(self, page: Sequence[Campaign]) -> list[Campaign]:
        """What of a page is new. Sets the offset of the next page."""
        new = {campaign.id: campaign for campaign in page if campaign.id not in self._seen}
        moved = self.offset > 0 and all(campaign.id in new for campaign in page)
        self._fruitless = 0 if new and not moved else self._fruitless + 1
        if self._fruitless > MOST_FRUITLESS:
            cause = f"{MOST_FRUITLESS} pages in a row held nothing new: it does not go by the offset"
            raise UnreadableResponseError(action="listed", cause=cause)
        if moved:
            self.offset = max(0, self.offset - self._page_size + 1)
            return []
        self._seen.update(new)
        self.done = not new and len(page) <= 1
        self.offset += max(len(page) - 1, 0)
        return [*new.values()]
