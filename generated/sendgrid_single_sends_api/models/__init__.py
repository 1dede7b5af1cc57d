# Generated from openapi/single_sends.yaml: do not edit; change the fragment and run `make generate`.
"""Contains all the data models used in inputs/outputs, each of them imported when it is asked for first"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .canceled_schedule import CanceledSchedule
    from .contact_list import ContactList
    from .contact_list_page import ContactListPage
    from .counts import Counts
    from .create_single_send_request import CreateSingleSendRequest
    from .duplicate_single_send_request import DuplicateSingleSendRequest
    from .email_config import EmailConfig
    from .email_config_request import EmailConfigRequest
    from .email_config_request_editor import EmailConfigRequestEditor
    from .error_help import ErrorHelp
    from .error_item import ErrorItem
    from .error_response import ErrorResponse
    from .field_definition import FieldDefinition
    from .field_definitions import FieldDefinitions
    from .key_scopes import KeyScopes
    from .legacy_list import LegacyList
    from .legacy_lists import LegacyLists
    from .page_links import PageLinks
    from .schedule import Schedule
    from .schedule_request import ScheduleRequest
    from .search_single_sends_request import SearchSingleSendsRequest
    from .segment import Segment
    from .segments import Segments
    from .send_to import SendTo
    from .send_to_request import SendToRequest
    from .sender import Sender
    from .sender_address import SenderAddress
    from .senders import Senders
    from .single_send import SingleSend
    from .single_send_categories import SingleSendCategories
    from .single_send_page import SingleSendPage
    from .single_send_stats import SingleSendStats
    from .single_send_stats_page import SingleSendStatsPage
    from .single_send_summary import SingleSendSummary
    from .single_send_warning import SingleSendWarning
    from .update_single_send_request import UpdateSingleSendRequest

__all__ = (
    "CanceledSchedule",
    "ContactList",
    "ContactListPage",
    "Counts",
    "CreateSingleSendRequest",
    "DuplicateSingleSendRequest",
    "EmailConfig",
    "EmailConfigRequest",
    "EmailConfigRequestEditor",
    "ErrorHelp",
    "ErrorItem",
    "ErrorResponse",
    "FieldDefinition",
    "FieldDefinitions",
    "KeyScopes",
    "LegacyList",
    "LegacyLists",
    "PageLinks",
    "Schedule",
    "ScheduleRequest",
    "SearchSingleSendsRequest",
    "Segment",
    "Segments",
    "SendTo",
    "SendToRequest",
    "Sender",
    "SenderAddress",
    "Senders",
    "SingleSend",
    "SingleSendCategories",
    "SingleSendPage",
    "SingleSendStats",
    "SingleSendStatsPage",
    "SingleSendSummary",
    "SingleSendWarning",
    "UpdateSingleSendRequest",
)

_MODULES = {
    "CanceledSchedule": ".canceled_schedule",
    "ContactList": ".contact_list",
    "ContactListPage": ".contact_list_page",
    "Counts": ".counts",
    "CreateSingleSendRequest": ".create_single_send_request",
    "DuplicateSingleSendRequest": ".duplicate_single_send_request",
    "EmailConfig": ".email_config",
    "EmailConfigRequest": ".email_config_request",
    "EmailConfigRequestEditor": ".email_config_request_editor",
    "ErrorHelp": ".error_help",
    "ErrorItem": ".error_item",
    "ErrorResponse": ".error_response",
    "FieldDefinition": ".field_definition",
    "FieldDefinitions": ".field_definitions",
    "KeyScopes": ".key_scopes",
    "LegacyList": ".legacy_list",
    "LegacyLists": ".legacy_lists",
    "PageLinks": ".page_links",
    "Schedule": ".schedule",
    "ScheduleRequest": ".schedule_request",
    "SearchSingleSendsRequest": ".search_single_sends_request",
    "Segment": ".segment",
    "Segments": ".segments",
    "SendTo": ".send_to",
    "SendToRequest": ".send_to_request",
    "Sender": ".sender",
    "SenderAddress": ".sender_address",
    "Senders": ".senders",
    "SingleSend": ".single_send",
    "SingleSendCategories": ".single_send_categories",
    "SingleSendPage": ".single_send_page",
    "SingleSendStats": ".single_send_stats",
    "SingleSendStatsPage": ".single_send_stats_page",
    "SingleSendSummary": ".single_send_summary",
    "SingleSendWarning": ".single_send_warning",
    "UpdateSingleSendRequest": ".update_single_send_request",
}


def __getattr__(name: str) -> Any:
    if f".{name}" in _MODULES.values():
        return import_module(f".{name}", __name__)
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = model = getattr(import_module(_MODULES[name], __name__), name)
    return model


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
