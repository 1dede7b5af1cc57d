# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.duplicate_single_send_request import DuplicateSingleSendRequest
from ...models.error_response import ErrorResponse
from ...models.single_send import SingleSend
from ...types import UNSET, Response, Unset


def _get_kwargs(
    single_send_id: str,
    *,
    body: DuplicateSingleSendRequest | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(on_behalf_of, Unset):
        headers["on-behalf-of"] = on_behalf_of

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v3/marketing/singlesends/{single_send_id}".format(
            single_send_id=quote(str(single_send_id), safe=""),
        ),
    }

    if not isinstance(body, Unset):
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorResponse | SingleSend | None:
    if response.status_code == 201:
        response_201 = SingleSend.from_dict(response.json())

        return response_201

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
) -> Response[ErrorResponse | SingleSend]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    single_send_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: DuplicateSingleSendRequest | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> Response[ErrorResponse | SingleSend]:
    """Make a draft of a single send

     A copy with another id. Without a name, the copy's is the first one's with `Copy of ` before it, cut
    to 100 characters.

    Args:
        single_send_id (str):
        on_behalf_of (str | Unset):
        body (DuplicateSingleSendRequest | Unset): How to call a copy.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | SingleSend]
    """

    kwargs = _get_kwargs(
        single_send_id=single_send_id,
        body=body,
        on_behalf_of=on_behalf_of,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    single_send_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: DuplicateSingleSendRequest | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> ErrorResponse | SingleSend | None:
    """Make a draft of a single send

     A copy with another id. Without a name, the copy's is the first one's with `Copy of ` before it, cut
    to 100 characters.

    Args:
        single_send_id (str):
        on_behalf_of (str | Unset):
        body (DuplicateSingleSendRequest | Unset): How to call a copy.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | SingleSend
    """

    return sync_detailed(
        single_send_id=single_send_id,
        client=client,
        body=body,
        on_behalf_of=on_behalf_of,
    ).parsed


async def asyncio_detailed(
    single_send_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: DuplicateSingleSendRequest | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> Response[ErrorResponse | SingleSend]:
    """Make a draft of a single send

     A copy with another id. Without a name, the copy's is the first one's with `Copy of ` before it, cut
    to 100 characters.

    Args:
        single_send_id (str):
        on_behalf_of (str | Unset):
        body (DuplicateSingleSendRequest | Unset): How to call a copy.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | SingleSend]
    """

    kwargs = _get_kwargs(
        single_send_id=single_send_id,
        body=body,
        on_behalf_of=on_behalf_of,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    single_send_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: DuplicateSingleSendRequest | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> ErrorResponse | SingleSend | None:
    """Make a draft of a single send

     A copy with another id. Without a name, the copy's is the first one's with `Copy of ` before it, cut
    to 100 characters.

    Args:
        single_send_id (str):
        on_behalf_of (str | Unset):
        body (DuplicateSingleSendRequest | Unset): How to call a copy.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | SingleSend
    """

    return (
        await asyncio_detailed(
            single_send_id=single_send_id,
            client=client,
            body=body,
            on_behalf_of=on_behalf_of,
        )
    ).parsed
