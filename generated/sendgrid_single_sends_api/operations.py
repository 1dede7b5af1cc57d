# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
"""The operations of the fragment as data: one typed entry for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from . import models
    from .api.single_sends import (  # noqa: F401 - programs that pack others into one file find the endpoints by this
        create_single_send,
        delete_single_send,
        duplicate_single_send,
        get_contact_list,
        get_single_send,
        get_single_send_stats,
        list_contact_lists,
        list_field_definitions,
        list_legacy_lists,
        list_scopes,
        list_segments,
        list_senders,
        list_single_send_categories,
        list_single_send_stats,
        list_single_sends,
        schedule_single_send,
        search_single_sends,
        unschedule_single_send,
        update_single_send,
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
        endpoint = import_module(f"..api.single_sends.{self.name}", __name__)
        if self.body is not None:
            parameters["body"] = getattr(endpoint, self.body).from_dict(body)
        arguments: dict[str, Any] = endpoint._get_kwargs(**parameters)
        return arguments


LIST_SINGLE_SENDS: Operation[models.SingleSendPage] = Operation(
    name="list_single_sends",
    method="GET",
    path="/v3/marketing/singlesends",
    page="https://www.twilio.com/docs/sendgrid/api-reference/single-sends/get-all-single-sends",
    success={200: "SingleSendPage"},
    body=None,
    limits={"page_size": 1},
)

CREATE_SINGLE_SEND: Operation[models.SingleSend] = Operation(
    name="create_single_send",
    method="POST",
    path="/v3/marketing/singlesends",
    page="https://www.twilio.com/docs/sendgrid/api-reference/single-sends/create-single-send",
    success={201: "SingleSend"},
    body="CreateSingleSendRequest",
    limits={"name": 100, "categories": 10},
)

LIST_SINGLE_SEND_CATEGORIES: Operation[models.SingleSendCategories] = Operation(
    name="list_single_send_categories",
    method="GET",
    path="/v3/marketing/singlesends/categories",
    page="https://www.twilio.com/docs/sendgrid/api-reference/single-sends/get-all-categories",
    success={200: "SingleSendCategories"},
    body=None,
    limits={},
)

SEARCH_SINGLE_SENDS: Operation[models.SingleSendPage] = Operation(
    name="search_single_sends",
    method="POST",
    path="/v3/marketing/singlesends/search",
    page="https://www.twilio.com/docs/sendgrid/api-reference/single-sends/get-single-sends-search",
    success={200: "SingleSendPage"},
    body="SearchSingleSendsRequest",
    limits={"name": 100, "page_size": 1},
)

GET_SINGLE_SEND: Operation[models.SingleSend] = Operation(
    name="get_single_send",
    method="GET",
    path="/v3/marketing/singlesends/{single_send_id}",
    page="https://www.twilio.com/docs/sendgrid/api-reference/single-sends/get-single-send-by-id",
    success={200: "SingleSend"},
    body=None,
    limits={},
)

DUPLICATE_SINGLE_SEND: Operation[models.SingleSend] = Operation(
    name="duplicate_single_send",
    method="POST",
    path="/v3/marketing/singlesends/{single_send_id}",
    page="https://www.twilio.com/docs/sendgrid/api-reference/single-sends",
    success={201: "SingleSend"},
    body="DuplicateSingleSendRequest",
    limits={"name": 100},
)

DELETE_SINGLE_SEND: Operation[None] = Operation(
    name="delete_single_send",
    method="DELETE",
    path="/v3/marketing/singlesends/{single_send_id}",
    page="https://www.twilio.com/docs/sendgrid/api-reference/single-sends",
    success={204: None},
    body=None,
    limits={},
)

UPDATE_SINGLE_SEND: Operation[models.SingleSend] = Operation(
    name="update_single_send",
    method="PATCH",
    path="/v3/marketing/singlesends/{single_send_id}",
    page="https://www.twilio.com/docs/sendgrid/api-reference/single-sends/update-single-send",
    success={202: "SingleSend"},
    body="UpdateSingleSendRequest",
    limits={"name": 100, "categories": 10},
)

SCHEDULE_SINGLE_SEND: Operation[models.Schedule] = Operation(
    name="schedule_single_send",
    method="PUT",
    path="/v3/marketing/singlesends/{single_send_id}/schedule",
    page="https://www.twilio.com/docs/sendgrid/api-reference/single-sends/schedule-single-send",
    success={201: "Schedule"},
    body="ScheduleRequest",
    limits={},
)

UNSCHEDULE_SINGLE_SEND: Operation[models.CanceledSchedule] = Operation(
    name="unschedule_single_send",
    method="DELETE",
    path="/v3/marketing/singlesends/{single_send_id}/schedule",
    page="https://www.twilio.com/docs/sendgrid/api-reference/single-sends/delete-single-send-schedule",
    success={200: "CanceledSchedule"},
    body=None,
    limits={},
)

LIST_SINGLE_SEND_STATS: Operation[models.SingleSendStatsPage] = Operation(
    name="list_single_send_stats",
    method="GET",
    path="/v3/marketing/stats/singlesends",
    page="https://www.twilio.com/docs/sendgrid/api-reference/marketing-campaign-stats/get-all-single-sends-stats",
    success={200: "SingleSendStatsPage"},
    body=None,
    limits={"page_size": 1},
)

GET_SINGLE_SEND_STATS: Operation[models.SingleSendStatsPage] = Operation(
    name="get_single_send_stats",
    method="GET",
    path="/v3/marketing/stats/singlesends/{single_send_id}",
    page="https://www.twilio.com/docs/sendgrid/api-reference/marketing-campaign-stats/get-single-send-stats-by-id",
    success={200: "SingleSendStatsPage"},
    body=None,
    limits={"page_size": 1},
)

LIST_CONTACT_LISTS: Operation[models.ContactListPage] = Operation(
    name="list_contact_lists",
    method="GET",
    path="/v3/marketing/lists",
    page="https://www.twilio.com/docs/sendgrid/api-reference/lists/get-all-lists",
    success={200: "ContactListPage"},
    body=None,
    limits={"page_size": 1},
)

GET_CONTACT_LIST: Operation[models.ContactList] = Operation(
    name="get_contact_list",
    method="GET",
    path="/v3/marketing/lists/{list_id}",
    page="https://www.twilio.com/docs/sendgrid/api-reference/lists/get-a-list-by-id",
    success={200: "ContactList"},
    body=None,
    limits={},
)

LIST_LEGACY_LISTS: Operation[models.LegacyLists] = Operation(
    name="list_legacy_lists",
    method="GET",
    path="/v3/contactdb/lists",
    page="https://www.twilio.com/docs/sendgrid/api-reference/contacts-api-lists/retrieve-all-lists",
    success={200: "LegacyLists"},
    body=None,
    limits={},
)

LIST_SEGMENTS: Operation[models.Segments] = Operation(
    name="list_segments",
    method="GET",
    path="/v3/marketing/segments/2.0",
    page="https://www.twilio.com/docs/sendgrid/api-reference/segmenting-contacts-v2/get-list-of-segments",
    success={200: "Segments"},
    body=None,
    limits={},
)

LIST_FIELD_DEFINITIONS: Operation[models.FieldDefinitions] = Operation(
    name="list_field_definitions",
    method="GET",
    path="/v3/marketing/field_definitions",
    page="https://www.twilio.com/docs/sendgrid/api-reference/custom-fields/get-all-field-definitions",
    success={200: "FieldDefinitions"},
    body=None,
    limits={},
)

LIST_SENDERS: Operation[models.Senders] = Operation(
    name="list_senders",
    method="GET",
    path="/v3/marketing/senders",
    page="https://www.twilio.com/docs/sendgrid/api-reference/senders/get-list-of-senders",
    success={200: "Senders"},
    body=None,
    limits={},
    array="results",
)

LIST_SCOPES: Operation[models.KeyScopes] = Operation(
    name="list_scopes",
    method="GET",
    path="/v3/scopes",
    page="https://www.twilio.com/docs/sendgrid/api-reference/api-key-permissions/retrieve-a-list-of-scopes-for-which-this-user-has-access",
    success={200: "KeyScopes"},
    body=None,
    limits={},
)
