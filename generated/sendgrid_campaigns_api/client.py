# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.
"""HTTP clients for the functions in api"""

from types import TracebackType
from typing import Any, Self

import httpx
from attrs import define, field


@define
class Client:
    """An HTTP client without credentials. Use it as a context manager, or as an async one.

    timeout: seconds for each wait on the network; not for all of them together.
    raise_on_unexpected_status: whether an undocumented status raises errors.UnexpectedStatus, or gives None.
    httpx_args: further arguments of httpx.Client and httpx.AsyncClient.
    """

    base_url: str
    headers: dict[str, str] = field(factory=dict, kw_only=True, repr=False)
    timeout: float = field(default=30.0, kw_only=True)
    raise_on_unexpected_status: bool = field(default=False, kw_only=True)
    httpx_args: dict[str, Any] = field(factory=dict, kw_only=True, repr=False)
    _client: httpx.Client | None = field(default=None, init=False, repr=False)
    _async_client: httpx.AsyncClient | None = field(
        default=None, init=False, repr=False
    )

    def _settings(self) -> dict[str, Any]:
        return {
            "base_url": self.base_url,
            "headers": self.headers,
            "timeout": self.timeout,
            **self.httpx_args,
        }

    def get_httpx_client(self) -> httpx.Client:
        """Return the httpx client of sync calls, made by the first of them"""
        self._client = self._client or httpx.Client(**self._settings())
        return self._client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the httpx client of async calls, made by the first of them"""
        self._async_client = self._async_client or httpx.AsyncClient(**self._settings())
        return self._async_client

    def __enter__(self) -> Self:
        self.get_httpx_client().__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.get_httpx_client().__exit__(kind, error, traceback)

    async def __aenter__(self) -> Self:
        await self.get_async_httpx_client().__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.get_async_httpx_client().__aexit__(kind, error, traceback)


@define
class AuthenticatedClient(Client):
    """A client whose requests carry `Authorization: Bearer <token>`"""

    token: str = field(kw_only=True, repr=False)

    def _settings(self) -> dict[str, Any]:
        settings = super()._settings()
        return {
            **settings,
            "headers": {**settings["headers"], "Authorization": f"Bearer {self.token}"},
        }
