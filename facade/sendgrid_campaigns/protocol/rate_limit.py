"""No request starts while the service says that no request is left.

The service counts the requests of a window of time, and every answer says how many are left and when the window ends.
Those headers are a count that all processes with the same key share, so the client keeps no count of its own. Whether
the service counts each account by itself is written nowhere: an account gets a count of its own once an answer
shows that.
"""

import math

from sendgrid_campaigns.protocol.answers import number, retry_after
from sendgrid_campaigns.protocol.flow import Answer, Ask, NoAnswer


class RateLimit:
    """The last count that the service told. Safe to share between threads."""

    def __init__(self) -> None:
        self._limit = self._left = self._reset = math.inf
        self.in_flight: dict[int, tuple[float, float]] = {}
        """The Asks that are neither answered nor given up, by id(), each with the count when it began."""

    def wait(self, now: float) -> float:
        """Return seconds until to ask again whether a request may start; 0 when one may start now.

        now: monotonic seconds.
        """
        if now >= self._reset:  # the new window allows what the last one allowed, until an answer tells its count
            self._left, self._reset = self._limit, math.inf
        if self._left > len(self.in_flight):
            return 0.0
        # The answers to the requests in flight may tell of a new window.
        return min(self._reset - now, 1.0) if self.in_flight else self._reset - now

    def begin(self, ask: Ask) -> None:
        """Add a request to those in flight."""
        self.in_flight[id(ask)] = self._left, self._reset

    def learn(self, answer: Answer | NoAnswer, now: float, unix_time: float, known: tuple[float, float]) -> bool:
        """Take over the count that an answer tells; return whether the answer shows that there are two counts.

        now: monotonic seconds; unix_time: this machine's. known: the count when the answer's request began.
        """
        left = 0.0 if answer.status_code == 429 else number(answer.headers.get("x-ratelimit-remaining"))
        seconds = retry_after(answer.headers, unix_time)
        if left is None or not seconds:
            return False
        # An answer that was overtaken by a later one tells an older and larger count of the same window.
        self._left = min(self._left, left) if abs(now + seconds - self._reset) <= 2.0 else left
        self._reset = now + seconds
        self._limit = number(answer.headers.get("x-ratelimit-limit")) or self._limit
        # One count only falls until its window ends, which may be some seconds earlier than the last answer told.
        return left > known[0] and now + 5.0 < known[1]
