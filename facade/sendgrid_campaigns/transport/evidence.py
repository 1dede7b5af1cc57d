"""What one attempt saw: how far its request got, the body as it arrived, and which exceptions say something.

Free of I/O, so that every transport uses it: httpx sync and async, and aiohttp.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from traceback import walk_tb
from typing import Any

from sendgrid_campaigns.auth import ApiKey
from sendgrid_campaigns.protocol.flow import Answer, NoAnswer

LARGEST_ANSWER = 64 * 2**20
"""Bytes of an answer's body, compressed and not: a page may hold some tens of campaigns with two texts of 1 MB."""
KEPT_HEADERS = ("date", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
"""The headers that the protocol reads. No others are kept: a server may quote the key in them."""


class TooMuch(Exception):
    """The rest of a body is not read."""


class Evidence:
    """What one attempt has seen so far."""

    def __init__(self, monotonic: Callable[[], float], timeout: float) -> None:
        self._monotonic = monotonic
        self._began = monotonic()
        self._end = self._began + timeout
        self._raw = bytearray()
        self.status_code: int | None = None
        self.headers: Mapping[str, str] = {}
        """By names in any case."""
        self.whole: bool = False
        """Whether the body arrived to its end."""
        self.reports: bool = False
        """Whether the transport reports what it does, as httpcore does by its `trace` extension."""
        self.writes: int = 0
        """How often the transport began to write the request."""
        self.reads: int = -1
        """How often the connection was read since it was written to last; -1 when nobody counts."""

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore does.

        https://www.encode.io/httpcore/extensions/#trace
        """
        self.reports = True
        # A proxy is asked for a tunnel by a request of its own, before this one.
        if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self.writes += 1

    async def trace_async(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore does."""
        self.trace(event, info)

    def left(self) -> float:
        """Return seconds that the attempt has left; 0 or less when its time is up."""
        return self._end - self._monotonic()

    def add(self, chunk: bytes) -> None:
        """Take the next part of the body. Raises TooMuch when the body is too large or the time is up."""
        self._raw += chunk
        if len(self._raw) > LARGEST_ANSWER or self.left() <= 0:
            raise TooMuch

    def answer(self, key: ApiKey, *, reported: bool) -> Answer | NoAnswer:
        """Return the Answer, with the key taken out, or a NoAnswer when the answer is not one to this request.

        reported: whether the transport has reported anything so far, in this attempt or before.
        """
        if self.status_code is None or (reported and self.writes == 0):
            return self.no_answer("an answer came from a cache, without a request")
        body = key.redact(self._raw.decode("latin-1")).encode("latin-1") if self.whole else None
        kept = {name: self.headers[name] for name in KEPT_HEADERS if name in self.headers}
        return Answer(self.status_code, kept, body, self._monotonic() - self._began, self.writes > 1)

    def no_answer(self, cause: str, *, not_sent: bool = False) -> NoAnswer:
        """Return that no status line arrived which answers this request."""
        return NoAnswer(cause, not_sent, self._monotonic() - self._began)


current: ContextVar[Evidence] = ContextVar("evidence")
"""The attempt that this thread or task is in: connections that it uses keep to its time and count its reads."""


# --- exceptions ---


LIBRARIES = ("httpx", "httpcore", "h11", "anyio", "asyncio", "socket", "ssl", "zlib", "aiohttp", "sendgrid_campaigns")
"""Packages whose exceptions say something about a request; so do the built-in OSErrors, which the OS raises."""


def from_outside(each: BaseException | None) -> BaseException | None:
    """Return the exception that ends the call from outside; None when only HTTP libraries and the OS have spoken.

    Time limits of job frameworks are exceptions that a signal handler raises, or that another thread sets. HTTP
    libraries take those that are OSErrors for errors of the socket, and wrap them. R10
    """
    import signal  # only a failure needs it

    handlers = {getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()}
    while each is not None:
        known = any(base.__module__.partition(".")[0] in LIBRARIES for base in type(each).__mro__)
        from_the_os = type(each).__module__ == "builtins" and isinstance(each, OSError)
        in_a_handler = any(frame.f_code in handlers for frame, _ in walk_tb(each.__traceback__))
        if in_a_handler or not (known or from_the_os):
            return each
        # httpcore breaks the chain, by `raise ... from None`, and keeps the exception that it wraps as an argument.
        each = each.__cause__ or next((part for part in each.args if isinstance(part, BaseException)), None)
    return None


def forget_frames(error: BaseException, outer: BaseException | None) -> None:
    """Drop the frames of HTTP libraries from an exception and from those it is chained to: the key is in them.

    outer: the exception that the caller was handling when the attempt began; its frames are the caller's.
    """
    error.__traceback__ = None
    for more in (error.__cause__, error.__context__):
        if more is not None and more is not outer:
            forget_frames(more, outer)
