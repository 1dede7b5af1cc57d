# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.
"""Contains all the data models used in inputs/outputs"""

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
