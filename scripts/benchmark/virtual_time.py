"""An event loop whose time jumps to the next timer when there is nothing else to do."""

import asyncio
import selectors
from typing import Any

import httpx

from sendgrid_campaigns import Clock


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing: what would have been waited, the loop has passed."""

    def __init__(self, loop: "VirtualLoop") -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout:
            self._loop.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.now


class LoopClock(Clock):
    """The loop's time, which began at a unix time, and no chance."""

    def __init__(self, loop: VirtualLoop, began: float) -> None:
        self._loop = loop
        self._began = began

    def time(self) -> float:
        return self._began + self._loop.now

    def monotonic(self) -> float:
        return self._loop.now

    def random(self) -> float:
        return 0.5


class Slow(httpx.AsyncBaseTransport):
    """A transport with a way to the server that takes time: half of it there, half of it back."""

    def __init__(self, inner: httpx.AsyncBaseTransport, seconds: float) -> None:
        self._inner = inner
        self._seconds = seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._seconds / 2)
        response = await self._inner.handle_async_request(request)
        await asyncio.sleep(self._seconds / 2)
        return response
