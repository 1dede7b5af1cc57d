"""What all calls of a client and its views share: repeated reads, and the room that the rate limit leaves."""

import math
import threading
from collections import defaultdict
from typing import ClassVar, NamedTuple


class Budget:
    """How many reads may be repeats, or be made to find out: so many at once, and so many a second.

    It keeps a fault of the service from being made worse by finding out. R12.
    """

    size: ClassVar[float] = 200.0
    per_second: ClassVar[float] = 5.0

    def __init__(self) -> None:
        self._left = self.size
        self._at: float | None = None
        self._lock = threading.Lock()

    def take(self, now: float) -> bool:
        """Whether there is one left, which is taken. `now`: seconds, by a clock that never goes back."""
        with self._lock:
            passed = max(0.0, now - self._at) if self._at is not None else 0.0
            self._left, self._at = min(self.size, self._left + passed * self.per_second), now
            if self._left < 1:
                return False
            self._left -= 1
            return True


class Room(NamedTuple):
    """What an answer says about the rate limit."""

    limit: int
    """Requests in a window."""
    remaining: int
    """Of them, what is left."""
    seconds: float
    """Until the next window begins, at most: the service counts in whole seconds."""


class Place(NamedTuple):
    """What a request has taken of the room."""

    route: str
    most: int | None
    """What its answer leaves at most, if endpoints share a count: all but what was answered before it went."""


class _Window:
    """One count of the service's: what its answers said of it, and what went since."""

    limit: int | None = None
    left: int | None = None
    """Requests that may still go; None when nothing is known."""
    end: float = math.inf
    confirmed = False
    """Whether an answer has told the end."""
    in_flight = 0

    def pass_on(self, now: float, unanswered: float) -> None:
        """When its end is past, let the next one begin. Until an answer confirms that, it holds the limit once."""
        if now < self.end:
            return
        if self.confirmed:
            self.left, self.end, self.confirmed = self.limit, now + unanswered, False
        elif self.in_flight:
            self.end = now + unanswered  # answers are slow
        else:
            self.left, self.end = None, math.inf

    def proves_another_count(self, place: Place, room: Room, end: float) -> bool:
        """Whether what an answer says cannot be of this count: then endpoints are counted each by itself."""
        if place.most is None or not self.confirmed or end > self.end + Pace.tolerance:
            return False
        return room.limit != self.limit or room.remaining > place.most

    def learn(self, room: Room, end: float) -> None:
        begun = self.left is None or (self.confirmed and end > self.end + Pace.tolerance)
        # Of those in flight, the service may have counted none; and somebody else may use the same key.
        left = room.remaining - self.in_flight if begun else min(self.left or 0, room.remaining)
        self.end = end if begun or not self.confirmed else min(self.end, end)
        self.limit, self.left, self.confirmed = room.limit, max(left, 0), True


class Pace:
    """When a request may go so that it is not answered 429: by what the last answers said, and what went since.

    The documents name a limit "depending on the endpoint", and not whether endpoints share a count. They are taken to
    share one, until an answer leaves more than that can be, or names another limit: then each has its own.
    https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits
    """

    unanswered: ClassVar[float] = 5.0
    """Seconds that the answers of a new window are waited for, when as many requests as it holds went."""
    nap: ClassVar[float] = 30.0
    """Seconds after which to ask again at the latest, for answers may have told a better end meanwhile."""
    tolerance: ClassVar[float] = 2.0
    """Seconds by which the told ends of one window differ at most."""

    def __init__(self) -> None:
        self._windows: defaultdict[str, _Window] = defaultdict(_Window)
        self._shared = True
        self._lock = threading.RLock()  # a call that is dropped is counted out by the collector, in any thread

    def wait(self, route: str, now: float, patience: float, places: int = 1) -> Place | float:
        """Seconds to wait, and then to ask again; or the place of a request that goes now: `landed` must follow.

        It goes when there is room, and when the wait is longer than its patience: then the service may say its own.
        places: what there must be room for, of which it takes one.
        """
        with self._lock:
            window = self._window(route)
            window.pass_on(now, self.unanswered)
            most = None
            if window.left is not None:
                full = window.left < min(places, window.limit or places)
                if full and 0 < (wait := window.end - now) < patience:
                    return min(wait, self.nap)
                most = window.left + window.in_flight
                window.left = max(0, window.left - 1)
            window.in_flight += 1
            return Place(route, most)

    def landed(self, place: Place, now: float, room: Room | None, *, counted: bool = True) -> None:
        """A request is over. room: what its answer said; counted: whether the service may have counted it."""
        with self._lock:
            window = self._window(place.route)
            if room and self._shared and window.proves_another_count(place, room, now + room.seconds):
                self._shared = False
                window = self._window(place.route)
            window.in_flight = max(0, window.in_flight - 1)
            if not counted and window.left is not None:
                window.left += 1
            if room and room.seconds > 0:
                window.learn(room, now + room.seconds)

    def _window(self, route: str) -> _Window:
        return self._windows["" if self._shared else route]
