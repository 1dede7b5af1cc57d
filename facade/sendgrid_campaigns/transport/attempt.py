"""What one attempt saw: how far its request got, the body as it arrived, and which exceptions say something.

Free of I/O, so that every transport uses it: httpx sync and async, and aiohttp.
"""

import signal
import zlib
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from math import inf
from typing import Any

from sendgrid_campaigns.auth import ApiKey
from sendgrid_campaigns.protocol.flow import Answer, NoAnswer

LARGEST_ANSWER = 64 * 2**20
"""Bytes of an answer's body, compressed and not: a page may hold some tens of campaigns with two texts of 1 MB."""
KEPT_HEADERS = ("date", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
"""The headers that the protocol reads. No others are kept: a server may quote the key in them."""


class Attempt:
    """One request in flight."""

    def __init__(self, monotonic: Callable[[], float], timeout: float, *, counts_reads: bool) -> None:
        self._monotonic = monotonic
        self._began = monotonic()
        self._end = self._began + timeout
        self.status_code: int | None = None
        self._headers: Mapping[str, str] = {}
        self._raw = bytearray()
        self._answered_early = False
        self.reports = False
        """Whether the transport reports what it does, as httpcore does by its `trace` extension."""
        self.writes = 0
        """How often the transport began to write the request."""
        self.reads: float = 0 if counts_reads else inf
        """How often the connection was read since then."""

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore does.

        https://www.encode.io/httpcore/extensions/#trace
        """
        self.reports = True
        # A proxy is asked for a tunnel by a request of its own, before this one.
        if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self.writes += 1
            self.reads = self.reads if self.reads == inf else 0
        elif event.endswith("receive_response_headers.complete"):
            self._answered_early = self.reads == 0

    async def trace_async(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore does."""
        self.trace(event, info)

    def left(self) -> float:
        """Return seconds that the attempt has left; 0 or less when its time is up."""
        return self._end - self._monotonic()

    def begin_answer(self, status_code: int, headers: Mapping[str, str]) -> None:
        """Take the status line and the headers."""
        self.status_code = status_code
        self._headers = {name.lower(): value for name, value in headers.items()}

    def add(self, chunk: bytes) -> bool:
        """Take the next part of the body; False when the body is too large or the time is up."""
        self._raw += chunk
        return len(self._raw) <= LARGEST_ANSWER and self.left() > 0

    def answer(self, key: ApiKey, *, whole: bool, reported: bool) -> Answer | NoAnswer:
        """Return the Answer, with the key taken out, or a NoAnswer when the answer is not one to this request.

        whole: whether the body arrived to its end. reported: whether the transport has reported anything so far, in
        this attempt or before.
        """
        if self._answered_early:
            return self.no_answer("an answer was there before the request was written")
        if reported and self.writes == 0:
            return self.no_answer("an answer came from a cache, without a request")
        body = self._body(self._headers.get("content-encoding", "").strip().lower()) if whole else None
        if body is not None:
            text = body.decode("latin-1")
            body = body if (redacted := key.redact(text)) == text else redacted.encode("latin-1")
        kept = {name: self._headers[name] for name in KEPT_HEADERS if name in self._headers}
        assert self.status_code is not None
        return Answer(self.status_code, kept, body, self._monotonic() - self._began, self.writes > 1)

    def _body(self, encoding: str) -> bytes | None:
        raw = bytes(self._raw)
        if encoding == "gzip":
            decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
            try:
                raw = decoder.decompress(raw, LARGEST_ANSWER + 1)
            except zlib.error:
                return None
            if not decoder.eof or decoder.unused_data:
                return None
        return raw if encoding in ("gzip", "identity", "") and len(raw) <= LARGEST_ANSWER else None

    def no_answer(self, cause: str, *, not_sent: bool = False) -> NoAnswer:
        """Return that no status line arrived which answers this request."""
        return NoAnswer(cause, not_sent, self._monotonic() - self._began)


current: ContextVar[Attempt] = ContextVar("attempt")
"""The attempt that this thread or task is in: connections that it uses keep to its time and count its reads."""


# --- exceptions ---


def text_of(error: Exception, key: ApiKey) -> str:
    """Return what an exception says, without the key."""
    name = type(error).__name__
    try:
        said = key.redact(" ".join(str(error)[:500].split()))
    except Exception:  # an exception of another library may fail to say what it is
        return name
    return f"{name}: {said}" if said else name


LIBRARIES = frozenset({"httpx", "httpcore", "h11", "anyio", "asyncio", "socket", "ssl", "aiohttp"})
"""Packages whose exceptions say something about a request; so do the built-in OSErrors, which the OS raises."""


def from_outside(error: BaseException) -> BaseException | None:
    """Return the exception that ends the call from outside; None when only HTTP libraries and the OS have spoken.

    Time limits of job frameworks are exceptions that a signal handler raises, or that another thread sets. HTTP
    libraries take those that are OSErrors for errors of the socket, and wrap them. R10
    """
    handlers = {getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()}
    each: BaseException | None = error
    while each is not None:
        known = any(base.__module__.partition(".")[0] in LIBRARIES for base in type(each).__mro__)
        from_the_os = type(each).__module__ == "builtins" and isinstance(each, OSError)
        traceback = each.__traceback__
        while traceback is not None and traceback.tb_frame.f_code not in handlers:
            traceback = traceback.tb_next
        if traceback is not None or not (known or from_the_os):
            return each
        each = each.__cause__
    return None


def forget_frames(error: BaseException, outer: BaseException | None) -> None:
    """Drop the frames of HTTP libraries from an exception and from those it is chained to: the key is in them.

    outer: the exception that the caller was handling when the attempt began; its frames are the caller's.
    """
    chained = [error]
    while chained:
        each = chained.pop()
        each.__traceback__ = None
        chained += [more for more in (each.__cause__, each.__context__) if more is not None and more is not outer]
