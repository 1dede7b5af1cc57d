"""Send SendGrid (legacy) campaigns, for yourself or on behalf of others, and never be wrong about a send.

from sendgrid_campaigns import CampaignsClient

with CampaignsClient() as campaigns:  # the key comes from SENDGRID_API_KEY
    receipt = campaigns.send(4900)
"""

from sendgrid_campaigns._sync.campaigns import CampaignsClient
from sendgrid_campaigns.campaigns import AsyncCampaignsClient
from sendgrid_campaigns.config import Clock, Retry
from sendgrid_campaigns.errors import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    DeleteWouldStopMailError,
    InvalidResponseError,
    NotAppliedError,
    NotFoundError,
    NotInDraftError,
    NotScheduledError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    SendGridError,
    ServerError,
    WrongStateError,
)
from sendgrid_campaigns.models import Attempt, Campaign, CheckResult, ErrorDetail, Outcome, Schedule, SendReceipt
from sendgrid_campaigns.version import __version__

__all__ = [
    "APIConnectionError", "APIStatusError", "AsyncCampaignsClient", "Attempt", "AuthenticationError", "BadRequestError",
    "Campaign", "CampaignsClient", "CheckResult", "Clock", "ConfigurationError", "DeleteWouldStopMailError",
    "ErrorDetail", "InvalidResponseError", "NotAppliedError", "NotFoundError", "NotInDraftError", "NotScheduledError",
    "Outcome", "OutcomeUnknownError", "PermissionDeniedError", "RateLimitError", "Retry", "Schedule", "SendGridError",
    "SendReceipt", "ServerError", "WrongStateError", "__version__",
]  # fmt: skip
