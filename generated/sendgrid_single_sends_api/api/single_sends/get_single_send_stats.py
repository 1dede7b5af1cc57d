# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.error_response import ErrorResponse
from ...models.single_send_stats_page import SingleSendStatsPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    single_send_id: str,
    *,
    start_date: datetime.date | Unset = UNSET,
    end_date: datetime.date | Unset = UNSET,
    page_size: int | Unset = 25,
    page_token: str | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(on_behalf_of, Unset):
        headers["on-behalf-of"] = on_behalf_of

    params: dict[str, Any] = {}

    json_start_date: str | Unset = UNSET
    if not isinstance(start_date, Unset):
        json_start_date = start_date.isoformat()
    params["start_date"] = json_start_date

    json_end_date: str | Unset = UNSET
    if not isinstance(end_date, Unset):
        json_end_date = end_date.isoformat()
    params["end_date"] = json_end_date

    params["page_size"] = page_size

    params["page_token"] = page_token

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v3/marketing/stats/singlesends/{single_send_id}".format(
            single_send_id=quote(str(single_send_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ErrorResponse | SingleSendStatsPage | None:
    if response.status_code == 200:
        response_200 = SingleSendStatsPage.from_dict(response.json())

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
) -> Response[ErrorResponse | SingleSendStatsPage]:
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
    start_date: datetime.date | Unset = UNSET,
    end_date: datetime.date | Unset = UNSET,
    page_size: int | Unset = 25,
    page_token: str | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> Response[ErrorResponse | SingleSendStatsPage]:
    """Count what became of the mail of one single send

     Empty or a 404 until the mail has been processed. Without dates, the documented defaults are those
    of the year 2021: give a start_date.

    Args:
        single_send_id (str):
        start_date (datetime.date | Unset):
        end_date (datetime.date | Unset):
        page_size (int | Unset):  Default: 25.
        page_token (str | Unset):
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | SingleSendStatsPage]
    """

    kwargs = _get_kwargs(
        single_send_id=single_send_id,
        start_date=start_date,
        end_date=end_date,
        page_size=page_size,
        page_token=page_token,
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
    start_date: datetime.date | Unset = UNSET,
    end_date: datetime.date | Unset = UNSET,
    page_size: int | Unset = 25,
    page_token: str | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> ErrorResponse | SingleSendStatsPage | None:
    """Count what became of the mail of one single send

     Empty or a 404 until the mail has been processed. Without dates, the documented defaults are those
    of the year 2021: give a start_date.

    Args:
        single_send_id (str):
        start_date (datetime.date | Unset):
        end_date (datetime.date | Unset):
        page_size (int | Unset):  Default: 25.
        page_token (str | Unset):
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | SingleSendStatsPage
    """

    return sync_detailed(
        single_send_id=single_send_id,
        client=client,
        start_date=start_date,
        end_date=end_date,
        page_size=page_size,
        page_token=page_token,
        on_behalf_of=on_behalf_of,
    ).parsed


async def asyncio_detailed(
    single_send_id: str,
    *,
    client: AuthenticatedClient | Client,
    start_date: datetime.date | Unset = UNSET,
    end_date: datetime.date | Unset = UNSET,
    page_size: int | Unset = 25,
    page_token: str | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> Response[ErrorResponse | SingleSendStatsPage]:
    """Count what became of the mail of one single send

     Empty or a 404 until the mail has been processed. Without dates, the documented defaults are those
    of the year 2021: give a start_date.

    Args:
        single_send_id (str):
        start_date (datetime.date | Unset):
        end_date (datetime.date | Unset):
        page_size (int | Unset):  Default: 25.
        page_token (str | Unset):
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ErrorResponse | SingleSendStatsPage]
    """

    kwargs = _get_kwargs(
        single_send_id=single_send_id,
        start_date=start_date,
        end_date=end_date,
        page_size=page_size,
        page_token=page_token,
        on_behalf_of=on_behalf_of,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    single_send_id: str,
    *,
    client: AuthenticatedClient | Client,
    start_date: datetime.date | Unset = UNSET,
    end_date: datetime.date | Unset = UNSET,
    page_size: int | Unset = 25,
    page_token: str | Unset = UNSET,
    on_behalf_of: str | Unset = UNSET,
) -> ErrorResponse | SingleSendStatsPage | None:
    """Count what became of the mail of one single send

     Empty or a 404 until the mail has been processed. Without dates, the documented defaults are those
    of the year 2021: give a start_date.

    Args:
        single_send_id (str):
        start_date (datetime.date | Unset):
        end_date (datetime.date | Unset):
        page_size (int | Unset):  Default: 25.
        page_token (str | Unset):
        on_behalf_of (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ErrorResponse | SingleSendStatsPage
    """

    return (
        await asyncio_detailed(
            single_send_id=single_send_id,
            client=client,
            start_date=start_date,
            end_date=end_date,
            page_size=page_size,
            page_token=page_token,
            on_behalf_of=on_behalf_of,
        )
    ).parsed
