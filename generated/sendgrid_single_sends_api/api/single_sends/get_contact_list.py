# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.contact_list import ContactList
from ...models.error_item import ErrorItem
from ...models.error_response import ErrorResponse
from ...types import UNSET, Response, Unset


def _get_kwargs(
    list_id: str,
    *,
    on_behalf_of: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(on_behalf_of, Unset):
        headers["on-behalf-of"] = on_behalf_of

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v3/marketing/lists/{list_id}".format(
            list_id=quote(str(list_id), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ContactList | ErrorResponse | list[ErrorItem] | None:
    if response.status_code == 200:
        response_200 = ContactList.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = ErrorResponse.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = ErrorResponse.from_dict(response.json())

        return response_403

    if response.status_code == 404:

        def _parse_response_404(data: object) -> ErrorResponse | list[ErrorItem]:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_error_response_or_errors_type_0 = (
                    ErrorResponse.from_dict(data)
                )

                return componentsschemas_error_response_or_errors_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, list):
                raise TypeError()
            componentsschemas_error_response_or_errors_type_1 = []
            _componentsschemas_error_response_or_errors_type_1 = data
            for (
                componentsschemas_error_response_or_errors_type_1_item_data
            ) in _componentsschemas_error_response_or_errors_type_1:
                componentsschemas_error_response_or_errors_type_1_item = (
                    ErrorItem.from_dict(
                        componentsschemas_error_response_or_errors_type_1_item_data
                    )
                )

                componentsschemas_error_response_or_errors_type_1.append(
                    componentsschemas_error_response_or_errors_type_1_item
                )

            return componentsschemas_error_response_or_errors_type_1

        response_404 = _parse_response_404(response.json())

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
) -> Response[ContactList | ErrorResponse | list[ErrorItem]]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    list_id: str,
    *,
    client: AuthenticatedClient | Client,
    on_behalf_of: str | Unset = UNSET,
) -> Response[ContactList | ErrorResponse | list[ErrorItem]]:
    """Read one contact list

     Its count lags: contacts are written some minutes after they were accepted.

    Args:
        list_id (str):
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ContactList | ErrorResponse | ErrorResponse | list[ErrorItem]]
    """

    kwargs = _get_kwargs(
        list_id=list_id,
        on_behalf_of=on_behalf_of,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    list_id: str,
    *,
    client: AuthenticatedClient | Client,
    on_behalf_of: str | Unset = UNSET,
) -> ContactList | ErrorResponse | list[ErrorItem] | None:
    """Read one contact list

     Its count lags: contacts are written some minutes after they were accepted.

    Args:
        list_id (str):
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ContactList | ErrorResponse | ErrorResponse | list[ErrorItem]
    """

    return sync_detailed(
        list_id=list_id,
        client=client,
        on_behalf_of=on_behalf_of,
    ).parsed


async def asyncio_detailed(
    list_id: str,
    *,
    client: AuthenticatedClient | Client,
    on_behalf_of: str | Unset = UNSET,
) -> Response[ContactList | ErrorResponse | list[ErrorItem]]:
    """Read one contact list

     Its count lags: contacts are written some minutes after they were accepted.

    Args:
        list_id (str):
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ContactList | ErrorResponse | ErrorResponse | list[ErrorItem]]
    """

    kwargs = _get_kwargs(
        list_id=list_id,
        on_behalf_of=on_behalf_of,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    list_id: str,
    *,
    client: AuthenticatedClient | Client,
    on_behalf_of: str | Unset = UNSET,
) -> ContactList | ErrorResponse | list[ErrorItem] | None:
    """Read one contact list

     Its count lags: contacts are written some minutes after they were accepted.

    Args:
        list_id (str):
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ContactList | ErrorResponse | ErrorResponse | list[ErrorItem]
    """

    return (
        await asyncio_detailed(
            list_id=list_id,
            client=client,
            on_behalf_of=on_behalf_of,
        )
    ).parsed
