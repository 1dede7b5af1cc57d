"""What all calls of a client and its views share: repeated reads, and the room that the rate limit leaves."""

import threading
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

    limit: int | None
    """Requests in a window; None when it does not say."""
    remaining: int
    """Of them, what is left."""
    seconds: float
    """Until the next window begins, at most: the service counts in whole seconds."""


class Pace:
    """When a request may go so that it is not answered 429: by what the last answers said, and what went since.

    The service is taken to have one limit for a key, and windows that begin anew at once.
    https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits
    """

    unanswered: ClassVar[float] = 5.0
    """Seconds that a new window is waited for to be confirmed by an answer, when as many requests as it holds went."""

    def __init__(self) -> None:
        self._limit: int | None = None
        self._left: int | None = None
        """Requests that may still go in this window; None when nothing is known."""
        self._end: float | None = None
        self._confirmed = False
        """Whether an answer has told the end of this window."""
        self._in_flight = 0
        """Requests that went when nothing was known, and are not answered yet."""
        self._lock = threading.Lock()

    def wait(self, now: float, patience: float) -> float:
        """Seconds to wait, and then to ask again; 0: the request goes now, and `landed` must follow.

        It goes when there is room, and when the wait is longer than its patience: then the service may say its own.
        """
        with self._lock:
            if self._end is not None and now >= self._end:
                self._limit = self._limit if self._confirmed else None
                self._left, self._end, self._confirmed = self._limit, now + self.unanswered, False
            if self._left == 0 and self._end is not None and 0 < (wait := self._end - now) < patience:
                return wait
            if self._left is None:
                self._in_flight += 1
            else:
                self._left = max(0, self._left - 1)
            return 0.0

    def landed(self, now: float, room: Room | None) -> None:
        """A request is over; `room`: what its answer said, if it said anything."""
        with self._lock:
            if self._left is None:
                self._in_flight = max(0, self._in_flight - 1)
            if room is None or room.seconds <= 0:
                return
            # Of those in flight, the service may have counted none; and somebody else may use the same key.
            left = room.remaining - self._in_flight if self._left is None else min(self._left, room.remaining)
            end = now + room.seconds
            self._end = min(self._end, end) if self._end is not None and self._confirmed else end
            self._limit, self._left, self._in_flight, self._confirmed = room.limit, max(left, 0), 0, True
