"""Clients of the SDK for a sandbox. Their waits advance the sandbox's clock and take no real time."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from sendgrid_campaigns import AsyncCampaignsClient, AsyncSingleSendsClient, CampaignsClient, SingleSendsClient
from sendgrid_campaigns.config import Clock, Retry

if TYPE_CHECKING:
    from sendgrid_campaigns.sandbox import Sandbox

HOST = "https://sandbox.invalid"
"""In texts and logs, so that nothing looks as if it had reached SendGrid."""


class SandboxClock(Clock):
    """The sandbox's clock, with a fixed number in place of random ones."""

    def __init__(self, now: Callable[[], float], advance: Callable[[float], None]) -> None:
        self._now = now
        self._advance = advance

    def time(self) -> float:
        return self._now()

    def monotonic(self) -> float:
        return self._now()

    def random(self) -> float:
        return 0.5

    def sleep(self, seconds: float) -> None:
        self._advance(seconds)

    async def sleep_async(self, seconds: float) -> None:
        import asyncio  # sync programs need none of it

        self._advance(seconds)
        await asyncio.sleep(0)  # other tasks run meanwhile


C = TypeVar("C", bound=CampaignsClient | AsyncCampaignsClient | SingleSendsClient | AsyncSingleSendsClient)


def client_of(sandbox: "Sandbox", kind: type[C], api_key: str, retry: Retry | None) -> C:
    """Return a client of this class for a sandbox."""
    http: Any = (httpx.AsyncClient if kind.__name__.startswith("Async") else httpx.Client)(
        transport=sandbox.transport()
    )
    client = kind(api_key, base_url=HOST, http_client=http, clock=sandbox.clock(), retry=retry or Retry())
    client._exchange._closes = True  # pyright: ignore[reportPrivateUsage] - as of a client that made the httpx client
    return client
