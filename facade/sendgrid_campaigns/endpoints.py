"""The eleven endpoints: what the generated module of each cannot say. No URL stands here.

A generated module is two functions to the facade: `_get_kwargs` builds the request, `_parse_response` reads the answer.
"""

import json
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from sendgrid_campaigns.settings import Settings
from sendgrid_campaigns.version import __version__

if TYPE_CHECKING:  # programs that pack others into one file find by this what there is to pack
    from sendgrid_campaigns_api.api.campaigns import (  # noqa: F401
        create_campaign,  # pyright: ignore[reportUnusedImport]
        delete_campaign,  # pyright: ignore[reportUnusedImport]
        get_campaign,  # pyright: ignore[reportUnusedImport]
        get_campaign_schedule,  # pyright: ignore[reportUnusedImport]
        list_campaigns,  # pyright: ignore[reportUnusedImport]
        reschedule_campaign,  # pyright: ignore[reportUnusedImport]
        schedule_campaign,  # pyright: ignore[reportUnusedImport]
        send_campaign,  # pyright: ignore[reportUnusedImport]
        send_test_campaign,  # pyright: ignore[reportUnusedImport]
        unschedule_campaign,  # pyright: ignore[reportUnusedImport]
        update_campaign,  # pyright: ignore[reportUnusedImport]
    )

HEADERS = {
    "Accept": "application/json",  # without it, the service may answer 406
    "Accept-Encoding": "gzip",
    "User-Agent": f"sendgrid-campaigns/{__version__} httpx/{httpx.__version__}",
}

_imported = cache(import_module)


class Endpoint(NamedTuple):
    """One endpoint of the service."""

    operation: str
    """Its operationId in the fragment, and so the name of the generated module."""
    body: str | None = None
    """The generated model of the request's body."""
    success: tuple[int, ...] = ()
    """The documented status codes that say success by themselves."""
    success_with_body: tuple[int, ...] = ()
    """Those that others answer, too, such as a captive portal: success only with a body that is about the campaign."""
    largest_body: int = 8 * 2**20
    """Bytes of an answer that are read at most, compressed and not: a campaign holds two texts of 1 MB at most."""

    @property
    def module(self) -> ModuleType:
        """The generated module, imported by the first call that needs it: all of them take as long as half of httpx."""
        return _imported(f"sendgrid_campaigns_api.api.campaigns.{self.operation}")

    def request(self, settings: Settings, **arguments: Any) -> httpx.Request:
        """The request, complete.

        It is made here and not by the HTTP client, whose defaults, cookies and headers may be those of other calls.
        """
        module = self.module
        if settings.on_behalf_of is not None:
            arguments["on_behalf_of"] = settings.on_behalf_of
        if self.body is not None:
            arguments["body"] = getattr(module, self.body).from_dict(arguments["body"])
        built: dict[str, Any] = module._get_kwargs(**arguments)
        route = built["url"].replace(f"/{arguments.get('campaign_id')}", "/{campaign_id}")
        built["url"] = settings.base_url + built["url"]
        # Waiting for a connection ends before the attempt does, so that it is known for what it is.
        patience, whole = settings.timeout * 0.9, settings.timeout
        connect = min(settings.connect_timeout, patience)
        timeout = {"connect": connect, "read": whole, "write": whole, "pool": patience}
        extensions = {"timeout": timeout, "route": route, "largest_body": self.largest_body}
        headers = {**HEADERS, **built.pop("headers")}
        return httpx.Request(**built, headers=settings.key.authorize(headers), extensions=extensions)

    def parse(self, status_code: int, body: bytes | None) -> Any:
        """What the generated layer makes of an answer of success. It raises what comes for a body that is wrong."""
        answered = _Answered(status_code, body or b"")
        return self.module._parse_response(client=answered, response=answered)


class _Answered:
    """All that a generated parser asks its client and its response; an httpx.Response takes longer than the parsing."""

    raise_on_unexpected_status = False

    def __init__(self, status_code: int, body: bytes) -> None:
        self.status_code = status_code
        self._body = body

    def json(self) -> Any:
        return json.loads(self._body)


CREATE = Endpoint("create_campaign", body="CreateCampaignRequest", success=(201,))
LIST = Endpoint("list_campaigns", success=(200,), largest_body=64 * 2**20)
GET = Endpoint("get_campaign", success=(200,))
UPDATE = Endpoint("update_campaign", body="UpdateCampaignRequest", success_with_body=(200,))
DELETE = Endpoint("delete_campaign", success=(204,))
SCHEDULE = Endpoint("schedule_campaign", body="ScheduleRequest", success=(201,), success_with_body=(200,))
RESCHEDULE = Endpoint("reschedule_campaign", body="ScheduleRequest", success_with_body=(200,))
GET_SCHEDULE = Endpoint("get_campaign_schedule", success=(200,))
UNSCHEDULE = Endpoint("unschedule_campaign", success=(204,))
SEND = Endpoint("send_campaign", success=(201,))
SEND_TEST = Endpoint("send_test_campaign", body="SendTestRequest", success=(201, 204))
