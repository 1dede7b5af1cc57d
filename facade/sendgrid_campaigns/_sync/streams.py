# Generated from transport/streams.py by scripts/unasync.py: do not edit; change the source and run `make generate`.
"""Connections that keep the total time of an attempt, and count its reads.

httpx has a timeout for each wait on a socket and none for all of them together: a server that sends its answer byte by
byte may hold a call for as long as it likes. So every wait is given no more than what is left of the attempt.

https://www.encode.io/httpcore/network-backends/
"""

from threading import Lock
from typing import Any

import httpcore
import httpx

from sendgrid_campaigns.transport.evidence import current

_PART = 16 * 1024
"""Bytes written at once: the sync stream gives each part that the socket takes the whole timeout."""


def guard(http: httpx.Client, tls: bool) -> None:
    """Make the connections of a client keep time and tell what goes on; tls: whether requests go over TLS."""
    # httpx passes no network backend on to httpcore; a test notices when these private names go.
    transports: list[Any] = [http._transport, *http._mounts.values()]  # pyright: ignore[reportPrivateUsage]
    for pool in filter(None, [getattr(transport, "_pool", None) for transport in transports]):
        pool._network_backend = Timed(pool._network_backend, tls)
        # A signal handler that raises in the `__enter__` of httpcore's own lock would leave the lock locked.
        pool._optional_thread_lock = Lock()


def _left(timeout: float | None, too_late: type[httpcore.TimeoutException]) -> float:
    current.get().reports = True
    left = current.get().left()
    if left <= 0:
        raise too_late("the attempt took longer than its timeout, in all")
    return left if timeout is None else min(timeout, left)


class Timed:
    """A network backend of httpcore, or a connection of one, that keeps time and tells the attempt what goes on."""

    def __init__(self, inner: Any, tunnel: bool) -> None:
        """tunnel: whether only TLS is still to be set up on this, so that no request is written to it."""
        self._inner, self._tunnel = inner, tunnel

    def connect_tcp(self, **options: Any) -> "Timed":
        """Connect within what is left of the attempt."""
        options["timeout"] = _left(options["timeout"], httpcore.ConnectTimeout)
        return Timed(self._inner.connect_tcp(**options), self._tunnel)

    def start_tls(self, ssl_context: Any, server_hostname: Any = None, timeout: Any = None) -> "Timed":
        """Begin TLS within what is left of the attempt."""
        timeout = _left(timeout, httpcore.ConnectTimeout)
        return Timed(self._inner.start_tls(ssl_context, server_hostname, timeout), tunnel=False)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read within what is left of the attempt."""
        data: bytes = self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))
        current.get().reads += 1
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write within what is left of the attempt."""
        evidence = current.get()
        evidence.reads, evidence.writes = 0, evidence.writes or int(not self._tunnel)
        for start in range(0, len(buffer), _PART):
            self._inner.write(buffer[start : start + _PART], _left(timeout, httpcore.WriteTimeout))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
