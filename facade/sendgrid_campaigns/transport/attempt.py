"""What one attempt saw: how far its request got, the body as it arrives, and which exceptions say something.

Free of I/O, so that every transport uses it: httpx sync and async, and aiohttp.
"""

import signal
import zlib
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from sendgrid_campaigns.auth import ApiKey
from sendgrid_campaigns.protocol.flow import Answer, NoAnswer

KEPT_HEADERS = frozenset({"date", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"})
"""The headers that the protocol reads. No others are kept: a server may quote the key in them."""


class Attempt:
    """One request in flight."""

    def __init__(
        self, monotonic: Callable[[], float], timeout: float, largest_body: int, *, counts_reads: bool
    ) -> None:
        self._monotonic = monotonic
        self._largest_body = largest_body
        self._began = monotonic()
        self._end = self._began + timeout
        self.status_code: int | None = None
        self._headers: Mapping[str, str] = {}
        self._decoder: Any = None
        self._raw_size = 0
        self._body = bytearray()
        self._whole = True
        self._head_came_first = False
        self.reports = False
        """Whether the transport reports what it does, as httpcore does by its `trace` extension."""
        self.writes = 0
        """How often the transport began to write the request."""
        self.reads: int | None = 0 if counts_reads else None
        """How often the connection was read since the request was written; None when nobody counts."""

    # --- the request ---

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore does.

        https://www.encode.io/httpcore/extensions/#trace
        """
        self.reports = True
        # A proxy is asked for a tunnel by a request of its own, before this one.
        if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self.writes += 1
            self.reads = None if self.reads is None else 0
        elif event.endswith("receive_response_headers.complete"):
            self._head_came_first = self.reads == 0

    async def trace_async(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of what httpcore does."""
        self.trace(event, info)

    def count_read(self) -> None:
        """Take note that bytes were read from the connection."""
        self.reads = (self.reads or 0) + 1

    def left(self, timeout: float | None) -> float:
        """Return the timeout of one wait, cut to what the attempt has left; 0 or less when nothing is left."""
        left = self._end - self._monotonic()
        return left if timeout is None else min(timeout, left)

    # --- the answer ---

    def begin_answer(self, status_code: int, headers: Mapping[str, str], *, decoded: bool = False) -> None:
        """Take the status line and the headers. A body in an unknown encoding is lost.

        decoded: whether the body will come without its content encoding.
        """
        self.status_code = status_code
        lower = {name.lower(): value for name, value in headers.items()}
        self._headers = {name: value for name, value in lower.items() if name in KEPT_HEADERS}
        encoding = "identity" if decoded else lower.get("content-encoding", "").strip().lower() or "identity"
        if encoding in ("gzip", "deflate"):
            self._decoder = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)  # 32: finds out which of the two it is
        elif encoding != "identity":
            self.lose_body()

    def add(self, chunk: bytes) -> bool:
        """Take the next part of the body; False when the body is lost: too large, undecodable, or too late."""
        self._raw_size += len(chunk)
        space = self._largest_body + 1 - len(self._body)
        behind_its_end = self._decoder is not None and self._decoder.eof
        try:
            self._body += self._decoder.decompress(chunk, space) if self._decoder else chunk[:space]
        except zlib.error:
            self.lose_body()
        if behind_its_end or max(self._raw_size, len(self._body)) > self._largest_body or self.left(None) <= 0:
            self.lose_body()
        return self._whole

    def lose_body(self) -> None:
        """Take note that the rest of the body did not arrive."""
        self._whole = False

    def answer(self, key: ApiKey, *, reported: bool) -> Answer | NoAnswer:
        """Return what the attempt proves, with the key taken out.

        reported: whether this client's transport has reported anything so far, this time or before.
        """
        if self._head_came_first:
            return self.no_answer("an answer was there before the request was written")
        if reported and self.writes == 0:
            return self.no_answer("an answer came from a cache, without a request")
        whole = self._whole and (self._decoder is None or self._decoder.eof)
        body = None
        if whole:
            text = bytes(self._body).decode("latin-1")
            redacted = key.redact(text)
            body = bytes(self._body) if redacted is text or redacted == text else redacted.encode("latin-1")
        assert self.status_code is not None
        return Answer(self.status_code, self._headers, body, self.seconds(), self.writes > 1)

    def no_answer(self, cause: str, *, not_sent: bool = False) -> NoAnswer:
        """Return that no status line arrived which answers this request."""
        return NoAnswer(cause, not_sent, self.seconds())

    def seconds(self) -> float:
        """Return how long the attempt has taken so far."""
        return self._monotonic() - self._began


current: ContextVar[Attempt] = ContextVar("attempt")
"""The attempt that this thread or task is in: connections that it uses keep to its time and count its reads."""


# --- exceptions ---


def text_of(error: Exception, key: ApiKey) -> str:
    """Return what an exception says, without the key."""
    name = type(error).__name__
    try:
        said = key.redact(" ".join(str(error)[:500].split()))
    except Exception:  # an exception of another library may fail to say what it is
        said = ""
    return f"{name}: {said}" if said else name


LIBRARIES = frozenset({"httpx", "httpcore", "h11", "anyio", "asyncio", "socket", "ssl", "aiohttp"})
"""Packages whose exceptions say something about a request; so do the built-in OSErrors, which the OS raises."""


def from_outside(error: BaseException) -> BaseException | None:
    """Return the exception that ends the call from outside; None when only HTTP libraries and the OS have spoken.

    Time limits of job frameworks are exceptions that a signal handler raises, or that another thread sets. HTTP
    libraries take those that are OSErrors for errors of the socket, and wrap them. R10
    """
    each: BaseException | None = error
    while each is not None:
        if not _says_something(type(each)) or _raised_by_a_signal(each):
            return each
        # httpcore breaks the chain, by `raise ... from None`, and keeps what it has wrapped as an argument.
        each = each.__cause__ or next((part for part in each.args if isinstance(part, BaseException)), None)
    return None


def _says_something(kind: type[BaseException]) -> bool:
    if kind.__module__ == "builtins":
        return issubclass(kind, OSError)
    return any(base.__module__.partition(".")[0] in LIBRARIES for base in kind.__mro__)


def _raised_by_a_signal(error: BaseException) -> bool:
    handlers = map(signal.getsignal, signal.valid_signals())
    codes: set[Any] = {getattr(handler, "__code__", None) for handler in handlers}
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code in codes:
            return True
        traceback = traceback.tb_next
    return False


def forget_frames(error: BaseException, outer: BaseException | None) -> None:
    """Drop the frames of HTTP libraries from an exception and from those it is chained to: the key is in them.

    outer: the exception that the caller was handling when the attempt began; its frames are the caller's.
    """
    chained = [error]
    while chained:
        each = chained.pop()
        each.__traceback__ = None
        chained += [more for more in (each.__cause__, each.__context__) if more is not None and more is not outer]
