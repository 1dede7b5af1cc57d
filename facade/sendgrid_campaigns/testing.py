"""For the tests of code that makes its own clients: every client on a sandbox, and clocks that take no time.

from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.testing import catch_clients

with Sandbox() as sandbox, catch_clients(sandbox):
    CampaignsClient().send(4900)  # needs no key, and nothing leaves the process
"""

import os
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any
from unittest.mock import patch

import httpx

from sendgrid_campaigns._sync.exchange import Exchange
from sendgrid_campaigns.auth import KEY_VARIABLE, ApiKey
from sendgrid_campaigns.config import Clock
from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.client import HOST
from sendgrid_campaigns.sandbox.example import KEY
from sendgrid_campaigns.sandbox.transport import SandboxTransport
from sendgrid_campaigns.transport.exchange import AsyncExchange
from sendgrid_campaigns.transport.requests import Target

__all__ = ["InstantClock", "catch_clients", "instant_clock"]

# pyright: reportPrivateUsage=false


@contextmanager
def catch_clients(sandbox: Sandbox) -> Generator[Sandbox]:
    """Answer the requests of every client of this process from a sandbox, until the end of the `with` block.

    Every client: blocking, on asyncio and on aiohttp, in every thread, made before the block or in it, with an
    `http_client` and a `base_url` of its own or without. Only clients of another sandbox stay as they are. A client
    needs no key, and a key that the sandbox does not hold counts as the sandbox's own.

    Clients take the time from the sandbox, and their waits advance it; a client with a `clock` of its own keeps that.
    """
    blocking, on_asyncio, new_key = Exchange.attempt, AsyncExchange.attempt, ApiKey.__init__
    http = httpx.Client(transport=sandbox.transport())
    async_http = httpx.AsyncClient(transport=sandbox.transport())
    own_key = ApiKey(KEY)

    def caught(target: Target) -> Target:
        held = {f"Bearer {key}" for key in sandbox.api_keys()}
        key = target.key if target.key.authorize({})["Authorization"] in held else own_key
        return Target(key=key, base_url=HOST, connect_timeout=target.connect_timeout)

    def attempt(exchange: Exchange, *asked: Any) -> Any:
        if not _is_of_a_sandbox(exchange):
            exchange = Exchange(caught(exchange._target), exchange._clock, http, 1)
        return blocking(exchange, *asked)

    async def attempt_async(exchange: AsyncExchange, *asked: Any) -> Any:
        if not _is_of_a_sandbox(exchange):
            exchange = AsyncExchange(caught(exchange._target), exchange._clock, async_http, 1)
        return await on_asyncio(exchange, *asked)

    def take_key(key: ApiKey, value: object) -> None:
        try:
            new_key(key, KEY if value is None and KEY_VARIABLE not in os.environ else value)
        finally:
            del value  # a traceback that shows locals must not show the key

    with _clock_for_all(sandbox.clock()), ExitStack() as patches:
        patches.enter_context(patch.object(Exchange, "attempt", attempt))
        patches.enter_context(patch.object(AsyncExchange, "attempt", attempt_async))  # also that of aiohttp
        patches.enter_context(patch.object(ApiKey, "__init__", take_key))
        yield sandbox


def _is_of_a_sandbox(exchange: Any) -> bool:
    return isinstance(getattr(exchange._foreign, "_transport", None), SandboxTransport)


class InstantClock(Clock):
    """A clock whose sleeps take no time, but count: for clients whose answers are mocked.

    Each thread and each task is ahead of the machine's time by its own sleeps, as if they had slept side by side.
    """

    def __init__(self) -> None:
        self.sleeps: list[float] = []
        """The seconds of every sleep so far."""
        self._ahead = ContextVar("ahead", default=0.0)

    def time(self) -> float:
        return time.time() + self._ahead.get()

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead.get()

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self._ahead.set(self._ahead.get() + seconds)

    async def sleep_async(self, seconds: float) -> None:
        import asyncio

        self.sleep(seconds)
        await asyncio.sleep(0)  # other tasks run meanwhile


@contextmanager
def instant_clock() -> Generator[InstantClock]:
    """Give every client of this process an InstantClock, until the end of the `with` block.

    A client with a `clock` of its own keeps that.
    """
    clock = InstantClock()
    with _clock_for_all(clock):
        yield clock


@contextmanager
def _clock_for_all(clock: Clock) -> Generator[None]:
    """Make the class Clock behave as `clock` does: clients that are there already have an object of that class."""
    with ExitStack() as patches:
        for name in ("time", "monotonic", "random", "sleep", "sleep_async"):
            patches.enter_context(patch.object(Clock, name, getattr(clock, name)))
        yield
