# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error_response import ErrorResponse
from ...models.sender import Sender
from ...models.senders import Senders
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    on_behalf_of: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(on_behalf_of, Unset):
        headers["on-behalf-of"] = on_behalf_of

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v3/marketing/senders",
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorResponse | list[Sender] | Senders | None:
    if response.status_code == 200:

        def _parse_response_200(data: object) -> list[Sender] | Senders:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_senders_or_array_type_0 = Senders.from_dict(data)

                return componentsschemas_senders_or_array_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, list):
                raise TypeError()
            componentsschemas_senders_or_array_type_1 = []
            _componentsschemas_senders_or_array_type_1 = data
            for (
                componentsschemas_senders_or_array_type_1_item_data
            ) in _componentsschemas_senders_or_array_type_1:
                componentsschemas_senders_or_array_type_1_item = Sender.from_dict(
                    componentsschemas_senders_or_array_type_1_item_data
                )

                componentsschemas_senders_or_array_type_1.append(
                    componentsschemas_senders_or_array_type_1_item
                )

            return componentsschemas_senders_or_array_type_1

        response_200 = _parse_response_200(response.json())

        return response_200

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
) -> Response[ErrorResponse | list[Sender] | Senders]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    on_behalf_of: str | Unset = UNSET,
) -> Response[ErrorResponse | list[Sender] | Senders]:
    """List senders

     All of them, as the page of the service says in an object; seen was an array alone.

    Args:
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | list[Sender] | Senders]
    """

    kwargs = _get_kwargs(
        on_behalf_of=on_behalf_of,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    on_behalf_of: str | Unset = UNSET,
) -> ErrorResponse | list[Sender] | Senders | None:
    """List senders

     All of them, as the page of the service says in an object; seen was an array alone.

    Args:
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | list[Sender] | Senders
    """

    return sync_detailed(
        client=client,
        on_behalf_of=on_behalf_of,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    on_behalf_of: str | Unset = UNSET,
) -> Response[ErrorResponse | list[Sender] | Senders]:
    """List senders

     All of them, as the page of the service says in an object; seen was an array alone.

    Args:
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | list[Sender] | Senders]
    """

    kwargs = _get_kwargs(
        on_behalf_of=on_behalf_of,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    on_behalf_of: str | Unset = UNSET,
) -> ErrorResponse | list[Sender] | Senders | None:
    """List senders

     All of them, as the page of the service says in an object; seen was an array alone.

    Args:
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | list[Sender] | Senders
    """

    return (
        await asyncio_detailed(
            client=client,
            on_behalf_of=on_behalf_of,
        )
    ).parsed
