"""No request starts while the service says that no room is left.

The service counts the requests of a window of time, and every answer says how many are left and when the window ends.
Those headers are a count that all processes with the same key share, so the client keeps no count of its own.
"""

import math

from sendgrid_campaigns.protocol.answers import limit, remaining, retry_after
from sendgrid_campaigns.protocol.flow import Answer, Ask

UNANSWERED = 5.0
"""Seconds for which a new window is taken to allow what the last one allowed, until an answer tells its count."""
NAP = 1.0
"""Seconds after which to look again while requests are in flight: their answers may tell of room."""


class RateLimit:
    """The last count that the service told; a client and its views share one. Safe to share between threads."""

    def __init__(self) -> None:
        self._limit = self._left = math.inf
        self._reset = math.inf
        self._in_flight = set[int]()

    def wait(self, now: float, requests: int = 1) -> float:
        """Return seconds until to ask again whether so many requests may start; 0 when they may start now.

        now: monotonic seconds.
        """
        if now >= self._reset:
            self._left, self._reset = self._limit, now + UNANSWERED
        if self._left - len(self._in_flight) >= min(requests, self._limit):
            return 0.0
        until_reset = self._reset - now
        return min(until_reset, NAP) if self._in_flight else until_reset

    def start(self, ask: Ask) -> None:
        """Count a request as in flight."""
        self._in_flight.add(id(ask))

    def end(self, ask: Ask) -> None:
        """Count a request as answered or given up."""
        self._in_flight.discard(id(ask))

    def learn(self, answer: Answer, now: float, unix_time: float) -> None:
        """Take over the count that an answer tells. now: monotonic seconds; unix_time: this machine's."""
        left, seconds = remaining(answer), retry_after(answer.headers, unix_time)
        if left is None or not seconds:
            return
        # An answer that was overtaken by a later one tells an older and larger count of the same window.
        same_window = abs(now + seconds - self._reset) <= 2.0
        self._left = min(self._left, left) if same_window else left
        self._reset = now + seconds
        self._limit = limit(answer) or self._limit
