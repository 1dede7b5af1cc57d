# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.
"""Contains all the data models used in inputs/outputs, each of them imported when it is asked for first"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .campaign import Campaign
    from .campaign_page import CampaignPage
    from .create_campaign_request import CreateCampaignRequest
    from .create_campaign_request_editor import CreateCampaignRequestEditor
    from .error_help import ErrorHelp
    from .error_item import ErrorItem
    from .error_response import ErrorResponse
    from .schedule import Schedule
    from .schedule_request import ScheduleRequest
    from .scheduled_time import ScheduledTime
    from .send_accepted import SendAccepted
    from .send_test_accepted import SendTestAccepted
    from .send_test_request import SendTestRequest
    from .update_campaign_request import UpdateCampaignRequest
    from .update_campaign_request_editor import UpdateCampaignRequestEditor

__all__ = (
    "Campaign",
    "CampaignPage",
    "CreateCampaignRequest",
    "CreateCampaignRequestEditor",
    "ErrorHelp",
    "ErrorItem",
    "ErrorResponse",
    "Schedule",
    "ScheduleRequest",
    "ScheduledTime",
    "SendAccepted",
    "SendTestAccepted",
    "SendTestRequest",
    "UpdateCampaignRequest",
    "UpdateCampaignRequestEditor",
)

_MODULES = {
    "Campaign": ".campaign",
    "CampaignPage": ".campaign_page",
    "CreateCampaignRequest": ".create_campaign_request",
    "CreateCampaignRequestEditor": ".create_campaign_request_editor",
    "ErrorHelp": ".error_help",
    "ErrorItem": ".error_item",
    "ErrorResponse": ".error_response",
    "Schedule": ".schedule",
    "ScheduleRequest": ".schedule_request",
    "ScheduledTime": ".scheduled_time",
    "SendAccepted": ".send_accepted",
    "SendTestAccepted": ".send_test_accepted",
    "SendTestRequest": ".send_test_request",
    "UpdateCampaignRequest": ".update_campaign_request",
    "UpdateCampaignRequestEditor": ".update_campaign_request_editor",
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
