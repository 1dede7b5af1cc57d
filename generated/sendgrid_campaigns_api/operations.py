# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.
"""The operations of the fragment as data: one typed entry for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from . import models
    from .api.campaigns import (  # noqa: F401 - programs that pack others into one file find the endpoints by this
        create_campaign,
        delete_campaign,
        get_campaign,
        get_campaign_schedule,
        list_campaigns,
        reschedule_campaign,
        schedule_campaign,
        send_campaign,
        send_test_campaign,
        unschedule_campaign,
        update_campaign,
    )

R = TypeVar("R")


@dataclass(eq=False, repr=False)
class Operation(Generic[R]):
    """What the fragment says about one operation."""

    name: str
    """Its operationId, and so the name of its endpoint module."""
    method: str
    path: str
    """A template, such as `/v3/campaigns/{campaign_id}`."""
    page: str
    """The address of the page that the facts come from."""
    success: Mapping[int, str | None]
    """The documented status codes of success; for each, the name of the model of its body, None for no body."""
    body: str | None
    """The name of the model of the request's body."""
    limits: Mapping[str, int]
    """The largest length of each field of the request's body, and the smallest value of each query parameter."""
    array: str | None = None
    """The field of the model of success that takes an answer that is an array alone; None: no answer is."""

    def parse(self, body: Any) -> R:
        """Parse the JSON value of an answer of success. Raises what the generated models raise, such as KeyError."""
        name = next(filter(None, self.success.values()), None)
        if name is None:
            raise ValueError("no answer of success has a body")
        value = {self.array: body} if self.array and isinstance(body, list) else body
        answer: R = getattr(import_module("..models", __name__), name).from_dict(value)
        return answer

    def request(
        self, body: Mapping[str, Any] | None, **parameters: Any
    ) -> dict[str, Any]:
        """Arguments of `httpx.Request`: method, url (a path), headers, and params or json where there are some."""
        endpoint = import_module(f"..api.campaigns.{self.name}", __name__)
        if self.body is not None:
            parameters["body"] = getattr(endpoint, self.body).from_dict(body)
        arguments: dict[str, Any] = endpoint._get_kwargs(**parameters)
        return arguments


LIST_CAMPAIGNS: Operation[models.CampaignPage] = Operation(
    name="list_campaigns",
    method="GET",
    path="/v3/campaigns",
    page="https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-all-campaigns",
    success={200: "CampaignPage"},
    body=None,
    limits={"limit": 1, "offset": 0},
)

CREATE_CAMPAIGN: Operation[models.Campaign] = Operation(
    name="create_campaign",
    method="POST",
    path="/v3/campaigns",
    page="https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/create-a-campaign",
    success={201: "Campaign"},
    body="CreateCampaignRequest",
    limits={"title": 100, "segment_ids": 10, "categories": 10},
)

GET_CAMPAIGN: Operation[models.Campaign] = Operation(
    name="get_campaign",
    method="GET",
    path="/v3/campaigns/{campaign_id}",
    page="https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/retrieve-a-single-campaign",
    success={200: "Campaign"},
    body=None,
    limits={},
)

DELETE_CAMPAIGN: Operation[None] = Operation(
    name="delete_campaign",
    method="DELETE",
    path="/v3/campaigns/{campaign_id}",
    page="https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/delete-a-campaign",
    success={204: None},
    body=None,
    limits={},
)

UPDATE_CAMPAIGN: Operation[models.Campaign] = Operation(
    name="update_campaign",
    method="PATCH",
    path="/v3/campaigns/{campaign_id}",
    page="https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-campaign",
    success={200: "Campaign"},
    body="UpdateCampaignRequest",
    limits={"title": 100, "segment_ids": 10, "categories": 10},
)

GET_CAMPAIGN_SCHEDULE: Operation[models.ScheduledTime] = Operation(
    name="get_campaign_schedule",
    method="GET",
    path="/v3/campaigns/{campaign_id}/schedules",
    page="https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/view-scheduled-time-of-a-campaign",
    success={200: "ScheduledTime"},
    body=None,
    limits={},
)

SCHEDULE_CAMPAIGN: Operation[models.Schedule] = Operation(
    name="schedule_campaign",
    method="POST",
    path="/v3/campaigns/{campaign_id}/schedules",
    page="https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/schedule-a-campaign",
    success={201: "Schedule", 200: "Schedule"},
    body="ScheduleRequest",
    limits={},
)

UNSCHEDULE_CAMPAIGN: Operation[None] = Operation(
    name="unschedule_campaign",
    method="DELETE",
    path="/v3/campaigns/{campaign_id}/schedules",
    page="https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/unschedule-a-scheduled-campaign",
    success={204: None},
    body=None,
    limits={},
)

RESCHEDULE_CAMPAIGN: Operation[models.Schedule] = Operation(
    name="reschedule_campaign",
    method="PATCH",
    path="/v3/campaigns/{campaign_id}/schedules",
    page="https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/update-a-scheduled-campaign",
    success={200: "Schedule"},
    body="ScheduleRequest",
    limits={},
)

SEND_CAMPAIGN: Operation[models.SendAccepted] = Operation(
    name="send_campaign",
    method="POST",
    path="/v3/campaigns/{campaign_id}/schedules/now",
    page="https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign",
    success={201: "SendAccepted"},
    body=None,
    limits={},
)

SEND_TEST_CAMPAIGN: Operation[models.SendTestAccepted] = Operation(
    name="send_test_campaign",
    method="POST",
    path="/v3/campaigns/{campaign_id}/schedules/test",
    page="https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-test-campaign",
    success={201: "SendTestAccepted", 204: None},
    body="SendTestRequest",
    limits={"to": 10},
)
