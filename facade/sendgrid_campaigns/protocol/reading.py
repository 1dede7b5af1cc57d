"""Reads: repeated until an answer is the service's own; the state of a resource; pages of a list."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic

from sendgrid_campaigns import errors
from sendgrid_campaigns.config import check_count
from sendgrid_campaigns.protocol.answers import http_date, json_value, unix_time
from sendgrid_campaigns.protocol.call import Call
from sendgrid_campaigns.protocol.flow import Ask, Flow, Map, Operation, R
from sendgrid_campaigns.protocol.goals import Created, Goal, Resource, State
from sendgrid_campaigns.protocol.proof import Proof, Tried


def read(call: Call[Any], operation: Operation[R], parameters: Mapping[str, Any], body: Map = None) -> Flow[Tried[R]]:
    """Make a read until an answer is the service's own. Raises the error of the last answer."""
    number = 1
    while True:
        tried: Tried[R] = yield from call.exchange(Ask(operation, parameters, body))
        if tried.proof is Proof.ACCEPTED and tried.value is not None:
            return tried
        if not (yield from call.wait_to_repeat(tried, number)):
            raise call.failure(tried)
        number += 1


# --- states ---


def state(call: Call[Any]) -> Flow[State]:
    """Read the state, without its time, by reads that are repeated; raises what a read raises."""
    return _state(call, (yield from read(call, call.resource.get, {call.resource.id_name: call.id})))


def look(call: Call[Any], goal: Goal) -> Flow[State | None]:
    """Make one read of each part of the state; None when a read failed. The caller polls, so nothing is repeated."""
    resource = call.resource
    if isinstance(goal, Created):
        newest = yield from call.exchange(Ask(resource.list, resource.first_page))
        return newest.value and State(first_with_key(resource, goal.key, newest.value.result or ()))
    parameters = {resource.id_name: call.id}
    tried = yield from call.exchange(Ask(resource.get, parameters))
    gone = tried.proof is Proof.REJECTED and tried.answer.status_code == 404
    if tried.proof is not Proof.ACCEPTED and not gone:
        return None
    seen = _state(call, tried)
    if resource.send_at is None or not seen.is_(*goal.needs_schedule):
        return seen
    timed = yield from call.exchange(Ask(resource.send_at, parameters))
    return _state(call, tried, timed.value)


def _state(call: Call[Any], tried: Tried[Any], timed: object = None) -> State:
    now = call.session.clock.time()
    service_time = http_date(tried.answer.headers.get("date")) or now
    return State(tried.value, unix_time(getattr(timed or tried.value, "send_at", None)), service_time, now)


# --- lists ---

PAGE_SIZE = 100
"""Resources that are asked for at once to find one; the service may give fewer."""
MOST_FRUITLESS = 100
"""Pages in a row without a new resource: more than ever come and go between two of them."""


def page(call: Call[Any], parameters: Mapping[str, Any], most: int, body: Map = None) -> Flow[Any]:
    """Read one page of a list: a model with a `result` of at most `most` items, or of None where there are none."""
    tried = yield from read(call, call.operation, parameters, body)
    if type(raw := json_value(tried.answer.body)["result"]) not in (list, type(None)) or len(raw or ()) > most:
        raise call.error(errors.InvalidResponseError, cause=f"the answer holds no list of at most {most} items")
    return tried.value


def first_with_key(resource: Resource, key: str, found: Sequence[Any]) -> Any:
    """Return, of several with the key, one that is no Draft; or else the one that every run returns."""
    keyed = [model for model in found if str(getattr(model, resource.keyed)).endswith(key)]
    return min(keyed, key=lambda model: (str(model.status).casefold() == "draft", model.id), default=None)


class Pages(Generic[R]):
    """Every resource of a list, found by offsets, while resources come and go.

    The list is newest first: a new resource comes in at its head and pushes the rest on, a deletion pulls the rest
    back. So each page is asked for from the last resource that was seen. When none of a page was seen before, the list
    has moved by more than a page, and the page before is read first. The end is a page with nothing behind the last
    resource that was seen.
    """

    def __init__(self, page_size: int) -> None:
        # A page of one would hold the resource that was seen before, and never another.
        check_count("page_size", page_size, 2)
        self.offset: int = 0
        self.done: bool = False
        self._page_size = page_size
        self._fruitless = 0
        self._seen = set[Any]()

    def take(self, page: Sequence[R]) -> list[R]:
        """Return the resources of a page that are new, and set the offset of the next page."""
        by_id: dict[Any, R] = {getattr(item, "id", None): item for item in page}
        new = {id: item for id, item in by_id.items() if id not in self._seen}
        moved = self.offset > 0 and len(new) == len(by_id)
        self._fruitless = 0 if new and not moved else self._fruitless + 1
        if self._fruitless > MOST_FRUITLESS:
            raise errors.InvalidResponseError(action="listed", cause="the service ignores the offset of a page")
        if moved:
            self.offset = max(0, self.offset - self._page_size + 1)
            return []
        self._seen.update(new)
        self.done = not new and len(page) <= 1
        self.offset += max(len(page) - 1, 0)
        return [*new.values()]
