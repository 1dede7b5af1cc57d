# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error_response import ErrorResponse
from ...models.search_single_sends_request import SearchSingleSendsRequest
from ...models.single_send_page import SingleSendPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: SearchSingleSendsRequest | Unset = UNSET,
    page_size: int | Unset = UNSET,
    page_token: str | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(on_behalf_of, Unset):
        headers["on-behalf-of"] = on_behalf_of

    params: dict[str, Any] = {}

    params["page_size"] = page_size

    params["page_token"] = page_token

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v3/marketing/singlesends/search",
        "params": params,
    }

    if not isinstance(body, Unset):
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorResponse | SingleSendPage | None:
    if response.status_code == 200:
        response_200 = SingleSendPage.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ErrorResponse.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorResponse.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = ErrorResponse.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = ErrorResponse.from_dict(response.json())

        return response_404

    if response.status_code == 429:
        response_429 = ErrorResponse.from_dict(response.json())

        return response_429

    if 500 <= response.status_code <= 599:
        response_5xx = ErrorResponse.from_dict(response.json())

        return response_5xx

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ErrorResponse | SingleSendPage]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: SearchSingleSendsRequest | Unset = UNSET,
    page_size: int | Unset = UNSET,
    page_token: str | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> Response[ErrorResponse | SingleSendPage]:
    """Find single sends by name, status and category

     A read, though it is a POST. Every condition that is given has to hold.

    Args:
        page_size (int | Unset):
        page_token (str | Unset):
        on_behalf_of (str | Unset):
        body (SearchSingleSendsRequest | Unset): What to look for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | SingleSendPage]
    """

    kwargs = _get_kwargs(
        body=body,
        page_size=page_size,
        page_token=page_token,
        on_behalf_of=on_behalf_of,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: SearchSingleSendsRequest | Unset = UNSET,
    page_size: int | Unset = UNSET,
    page_token: str | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> ErrorResponse | SingleSendPage | None:
    """Find single sends by name, status and category

     A read, though it is a POST. Every condition that is given has to hold.

    Args:
        page_size (int | Unset):
        page_token (str | Unset):
        on_behalf_of (str | Unset):
        body (SearchSingleSendsRequest | Unset): What to look for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | SingleSendPage
    """

    return sync_detailed(
        client=client,
        body=body,
        page_size=page_size,
        page_token=page_token,
        on_behalf_of=on_behalf_of,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: SearchSingleSendsRequest | Unset = UNSET,
    page_size: int | Unset = UNSET,
    page_token: str | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> Response[ErrorResponse | SingleSendPage]:
    """Find single sends by name, status and category

     A read, though it is a POST. Every condition that is given has to hold.

    Args:
        page_size (int | Unset):
        page_token (str | Unset):
        on_behalf_of (str | Unset):
        body (SearchSingleSendsRequest | Unset): What to look for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | SingleSendPage]
    """

    kwargs = _get_kwargs(
        body=body,
        page_size=page_size,
        page_token=page_token,
        on_behalf_of=on_behalf_of,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: SearchSingleSendsRequest | Unset = UNSET,
    page_size: int | Unset = UNSET,
    page_token: str | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> ErrorResponse | SingleSendPage | None:
    """Find single sends by name, status and category

     A read, though it is a POST. Every condition that is given has to hold.

    Args:
        page_size (int | Unset):
        page_token (str | Unset):
        on_behalf_of (str | Unset):
        body (SearchSingleSendsRequest | Unset): What to look for.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | SingleSendPage
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            page_size=page_size,
            page_token=page_token,
            on_behalf_of=on_behalf_of,
        )
    ).parsed
