"""Reads: repeated until an answer is the service's own, pages of a list, and the state of a resource."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from sendgrid_campaigns.config import check_count
from sendgrid_campaigns.errors import (
    APIConnectionError,
    InvalidResponseError,
    NotAppliedError,
    SendGridError,
    ServerError,
)
from sendgrid_campaigns.protocol.answers import Unparsed, http_date, parse, service_error
from sendgrid_campaigns.protocol.call import Call
from sendgrid_campaigns.protocol.flow import Answer, Ask, Flow, NoAnswer, Operation
from sendgrid_campaigns.protocol.goals import Created, Goal, Resource, State
from sendgrid_campaigns.protocol.proof import NOT_PASSED_ON, Proof

T = TypeVar("T")


def read(
    call: Call,
    operation: Operation[Any],
    model: Callable[[Answer], T],
    parameters: Mapping[str, Any],
    requests: int = 1,
) -> Flow[T]:
    """Make a read until an answer is the service's own, and return what `model` makes of that answer.

    requests: how many requests the rate limit must have room for before the read starts.
    """
    number = 0
    while True:
        number += 1
        yield from call.wait_for_room(requests)
        found, answer = yield from _read_once(call, operation, model, parameters)
        if found is not None:
            return found[0]
        wait = None if _is_final(answer) else call.backoff(answer, number)
        if wait is None:
            raise _read_error(call, answer, model)
        yield from call.sleep(wait)


def _read_once(
    call: Call, operation: Operation[Any], model: Callable[[Answer], T], parameters: Mapping[str, Any]
) -> Flow[tuple[tuple[T] | None, Answer | NoAnswer]]:
    """Make one request. The result is a tuple of one value, or None when the answer proves nothing."""
    found: list[T] = []

    def judge(answer: Answer | NoAnswer) -> Proof:
        if isinstance(answer, NoAnswer):
            return Proof.NOT_SENT if answer.not_sent else Proof.UNKNOWN
        if answer.status_code in operation.success:
            with suppress(Unparsed):
                found.append(model(answer))
        if found:
            return Proof.ACCEPTED
        return Proof.REJECTED if _is_refusal(answer) else Proof.UNKNOWN

    _, answer = yield from call.exchange(Ask(operation, parameters), judge)
    return ((found[0],) if found else None), answer


def _is_refusal(answer: Answer | NoAnswer) -> bool:
    """Return whether an answer is the service's own no."""
    if isinstance(answer, NoAnswer) or not 400 <= answer.status_code < 500 or answer.status_code in (408, 425):
        return False
    return answer.status_code in NOT_PASSED_ON or service_error(answer) is not None


def _is_final(answer: Answer | NoAnswer) -> bool:
    return _is_refusal(answer) and isinstance(answer, Answer) and answer.status_code != 429


def _read_error(call: Call, answer: Answer | NoAnswer, model: Callable[[Answer], object]) -> SendGridError:
    if isinstance(answer, NoAnswer):
        return call.error(APIConnectionError, cause=answer.cause)
    if _is_refusal(answer) or answer.status_code >= 500:
        return call.refusal(answer)
    cause = "the status is not documented for this call"
    if answer.status_code < 300:
        try:
            model(answer)
        except Unparsed as problem:
            cause = f"the answer is not what the service documents ({problem})"
    elif answer.status_code >= 400:
        cause = "the answer is not the service's own"
    return call.error(InvalidResponseError, cause=cause, status_code=answer.status_code)


# --- states ---


def state(call: Call, resource: Resource, goal: Goal, *, schedule: bool = False) -> Flow[State]:
    """Read the state, by reads that are repeated; raises what a read raises.

    schedule: read the time, too, in the statuses that the goal needs the time for.
    """
    # The service does not check the status for every write: then there must be room for the write right after the read.
    requests = 1 if goal.server_checks_state else 2
    found = yield from read(call, resource.get, _state_of(call, resource), {resource.id_name: call.id}, requests)
    if schedule and found.is_(*goal.needs_schedule):
        with suppress(SendGridError):
            found = yield from read(call, resource.send_at, _with_time(resource, found), {resource.id_name: call.id})
    return found


def first_state(call: Call, resource: Resource, goal: Goal) -> Flow[State]:
    """Read the state before a write is tried: whatever fails here, the write changed nothing."""
    try:
        return (yield from state(call, resource, goal))
    except (APIConnectionError, InvalidResponseError, ServerError) as error:
        why = f"the service answered {error.status_code}" if isinstance(error, ServerError) else error.cause
        raise call.error(NotAppliedError, cause=f"its status could not be read first: {why}") from None


def look(call: Call, resource: Resource, goal: Goal) -> Flow[State | None]:
    """Make one read of each part of the state; None when a read failed. The caller polls, so nothing is repeated."""
    if call.left() <= 0:
        return None
    if isinstance(goal, Created):
        newest, _ = yield from _look_once(call, resource.list, _page_of(resource, PAGE_SIZE), _page(0, PAGE_SIZE))
        return State(model=_first_with_key(resource, goal.key, newest[0])) if newest else None
    parameters = {resource.id_name: call.id}
    found, answer = yield from _look_once(call, resource.get, _state_of(call, resource), parameters)
    if found is None:
        gone = isinstance(answer, Answer) and answer.status_code == 404 and service_error(answer) is not None
        return State(gone=True, **_times(call, answer)) if gone and isinstance(answer, Answer) else None
    if not found[0].is_(*goal.needs_schedule):
        return found[0]
    timed, _ = yield from _look_once(call, resource.send_at, _with_time(resource, found[0]), parameters)
    return timed[0] if timed else found[0]


def _look_once(
    call: Call, operation: Operation[Any], model: Callable[[Answer], T], parameters: Mapping[str, Any]
) -> Flow[tuple[tuple[T] | None, Answer | NoAnswer]]:
    yield from call.wait_for_room()
    return (yield from _read_once(call, operation, model, parameters))


def _state_of(call: Call, resource: Resource) -> Callable[[Answer], State]:
    def model(answer: Answer) -> State:
        found = parse(answer, resource.get.parse)
        if type(found.id) is not type(call.id) or found.id != call.id:  # R14
            raise Unparsed(f"it is about {resource.name} {found.id!r}")
        if not isinstance(found.status, str):
            raise Unparsed("it holds no status")
        return State(found.status, model=found, **_times(call, answer))

    return model


def _with_time(resource: Resource, known: State) -> Callable[[Answer], State]:
    def model(answer: Answer) -> State:
        send_at = parse(answer, resource.send_at.parse).send_at
        is_time = isinstance(send_at, int) and not isinstance(send_at, bool)
        return State(
            known.status, send_at if is_time else None, known.model, False, known.service_time, known.local_time
        )

    return model


def _times(call: Call, answer: Answer) -> dict[str, Any]:
    now = call.session.clock.time()
    return {"service_time": http_date(answer.headers.get("date")) or now, "local_time": now}


# --- lists ---

PAGE_SIZE = 100
"""Resources that are asked for at once to find one; the service may give fewer."""
MOST_FRUITLESS = 100
"""Pages in a row without a new resource: more than ever come and go between two of them."""


def page(call: Call, resource: Resource, offset: int, limit: int) -> Flow[list[Any]]:
    """Read one page of a list."""
    return (yield from read(call, resource.list, _page_of(resource, limit), _page(offset, limit)))


def _page(offset: int, limit: int) -> dict[str, int]:
    return {"limit": limit, "offset": offset}


def _page_of(resource: Resource, limit: int) -> Callable[[Answer], list[Any]]:
    def model(answer: Answer) -> list[Any]:
        items = list(parse(answer, lambda value: resource.items(resource.list.parse(value))))
        if len(items) > limit:
            raise Unparsed(f"it holds {len(items)} items, and {limit} were asked for")
        return items

    return model


def find(call: Call, resource: Resource, key: str) -> Flow[Any]:
    """Find the resource with an idempotency key among all of the account's; None when there is none."""
    pages, found = Pages[Any](PAGE_SIZE), list[Any]()
    while not pages.done:
        found += pages.take((yield from page(call, resource, pages.offset, PAGE_SIZE)))
    return _first_with_key(resource, key, found)


def _first_with_key(resource: Resource, key: str, found: Sequence[Any]) -> Any:
    """Of several with the key, take one that is no Draft, or else the one that was made first."""
    keyed = [model for model in found if str(resource.key_of(model) or "").endswith(key)]
    return min(keyed, key=lambda model: (str(model.status).casefold() == "draft", model.id), default=None)


class HasId(Protocol):
    """A resource in a list."""

    @property
    def id(self) -> Any:
        """Return the id."""
        ...


M = TypeVar("M", bound=HasId)


class Pages(Generic[M]):
    """Find every resource of a list by offsets, while resources come and go.

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

    def take(self, page: Sequence[M]) -> list[M]:
        """Return the resources of a page that are new, and set the offset of the next page."""
        new = {item.id: item for item in page if item.id not in self._seen}
        moved = self.offset > 0 and all(item.id in new for item in page)
        self._fruitless = 0 if new and not moved else self._fruitless + 1
        if self._fruitless > MOST_FRUITLESS:
            cause = f"{MOST_FRUITLESS} pages in a row held nothing new: the service ignores the offset"
            raise InvalidResponseError(action="listed", cause=cause, status_code=200)
        if moved:
            self.offset = max(0, self.offset - self._page_size + 1)
            return []
        self._seen.update(new)
        self.done = not new and len(page) <= 1
        self.offset += max(len(page) - 1, 0)
        return [*new.values()]
