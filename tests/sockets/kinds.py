"""The kinds of client, as a table: sync, async, and each further transport."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from doubles import http_client_of
from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient
from sendgrid_campaigns.transport.aiohttp import AiohttpCampaignsClient


@dataclass(frozen=True)
class Kind:
    """One kind of client."""

    client: Any
    keep_no_connection: Callable[[Any], None]
    """Make each request of a client use a new connection."""

    @property
    def is_async(self) -> bool:
        return hasattr(self.client, "aclose")

    def use(self, work: Callable[[Any], Any], api_key: str = "SG.key", **settings: Any) -> Any:
        """Make a client, return what `work` returns of it (or what its coroutine returns), and close the client."""

        async def main() -> Any:
            async with self.client(api_key, **settings) as client:
                return await work(client)

        if self.is_async:
            return asyncio.run(main())
        with self.client(api_key, **settings) as client:
            return work(client)


def _keep_none(client: Any) -> None:
    http_client_of(client)._transport._pool._max_keepalive_connections = 0


class _ClosingSessions(dict[Any, Any]):
    def __setitem__(self, owner: Any, session: Any) -> None:
        session.connector._force_close = True
        super().__setitem__(owner, session)


def _keep_none_in_aiohttp(client: Any) -> None:
    client._exchange._sessions = _ClosingSessions()


KINDS = {
    "sync": Kind(CampaignsClient, _keep_none),
    "async": Kind(AsyncCampaignsClient, _keep_none),
    "aiohttp": Kind(AiohttpCampaignsClient, _keep_none_in_aiohttp),
}
