"""One deadline for all that an attempt of the blocking client waits for.

httpx has a timeout for each wait on a socket and none for all of them: a server that sends its answer byte by byte may
hold a call for as long as it likes. So every wait is given no more than what is left of the attempt. (For the other
client, asyncio has this built in.)

https://www.encode.io/httpcore/network-backends/
"""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any

import httpcore
import httpx


class Deadline:
    """The end of the attempt that each thread is in, and the streams that keep to it."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._threads = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Generator[None]:
        """Let the waits of this thread end in so many seconds, all together."""
        outer: float | None = getattr(self._threads, "end", None)  # of a call in whose event hook this one is made
        end = self._monotonic() + seconds
        self._threads.end = end if outer is None else min(end, outer)
        try:
            yield
        finally:
            self._threads.end = outer

    def left(self, timeout: float | None, too_late: type[httpcore.TimeoutException]) -> float | None:
        """The timeout of one wait, cut to what is left; raises `too_late` when nothing is."""
        end: float | None = getattr(self._threads, "end", None)
        if end is None:
            return timeout
        left = end - self._monotonic()
        if left <= 0:
            raise too_late("the attempt took longer than its timeout, in all")
        return left if timeout is None else min(timeout, left)

    def guard(self, http: httpx.Client) -> None:
        """Make the connections of a client keep to it."""
        # httpx passes no network backend on to httpcore; tests/facade/test_deadline.py notices when these names go.
        transports: list[Any] = [http._transport, *http._mounts.values()]  # pyright: ignore[reportPrivateUsage]
        for transport in transports:
            if transport is not None:
                transport._pool._network_backend = _Backend(transport._pool._network_backend, self)


_PART = 16 * 1024
"""Bytes written at once."""


class _Backend(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, timeout, local_address, socket_options), self._deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # The inner stream gives each part that the socket takes the whole timeout: so the parts are made here.
        for start in range(0, len(buffer), _PART):
            part = buffer[start : start + _PART]
            self._inner.write(part, self._deadline.left(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._deadline)

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
