"""No request starts while the service says that no request is left.

The service counts the requests of a window of time, and every answer says how many are left and when the window ends.
Those headers are a count that all processes with the same key share, so the client keeps no count of its own.
"""

import math

from sendgrid_campaigns.protocol.answers import number, retry_after
from sendgrid_campaigns.protocol.flow import Answer, NoAnswer

NAP = 1.0
"""Seconds after which to look again while requests are in flight: their answers may tell of a new window."""


class RateLimit:
    """The last count that the service told; a client and its views share one. Safe to share between threads."""

    def __init__(self) -> None:
        self._limit = self._left = self._reset = math.inf
        self.in_flight: set[int] = set()
        """The Asks that are neither answered nor given up, by id()."""

    def wait(self, now: float) -> float:
        """Return seconds until to ask again whether a request may start; 0 when one may start now.

        now: monotonic seconds.
        """
        if now >= self._reset:  # the new window allows what the last one allowed, until an answer tells its count
            self._left, self._reset = self._limit, math.inf
        if self._left > len(self.in_flight):
            return 0.0
        return min(self._reset - now, NAP) if self.in_flight else self._reset - now

    def learn(self, answer: Answer | NoAnswer, now: float, unix_time: float) -> None:
        """Take over the count that an answer tells. now: monotonic seconds; unix_time: this machine's."""
        left = 0.0 if answer.status_code == 429 else number(answer.headers.get("x-ratelimit-remaining"))
        seconds = retry_after(answer.headers, unix_time)
        if left is None or not seconds:
            return
        # An answer that was overtaken by a later one tells an older and larger count of the same window.
        self._left = min(self._left, left) if abs(now + seconds - self._reset) <= 2.0 else left
        self._reset = now + seconds
        self._limit = number(answer.headers.get("x-ratelimit-limit")) or self._limit
