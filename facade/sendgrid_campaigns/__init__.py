"""Send SendGrid (legacy) campaigns, for yourself or on behalf of others, and never be wrong about a send.

from sendgrid_campaigns import CampaignsClient

with CampaignsClient() as campaigns:  # the key comes from SENDGRID_API_KEY
    receipt = campaigns.send(4900)
"""

from sendgrid_campaigns.client import AsyncCampaignsClient, CampaignsClient
from sendgrid_campaigns.errors import (
    APIStatusError,
    Attempt,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ErrorDetail,
    NotFoundError,
    NotInDraftError,
    NotReadyError,
    NotScheduledError,
    NotSentError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    SendGridError,
    ServerError,
    StopNotAskedError,
    UnreadableResponseError,
)
from sendgrid_campaigns.models import KEEP, Campaign, CheckResult, Keep, Outcome, Schedule, SendReceipt
from sendgrid_campaigns.settings import Clock, Retry
from sendgrid_campaigns.version import __version__

__all__ = [
    "KEEP",
    "APIStatusError",
    "AsyncCampaignsClient",
    "Attempt",
    "AuthenticationError",
    "BadRequestError",
    "Campaign",
    "CampaignsClient",
    "CheckResult",
    "Clock",
    "ConfigurationError",
    "ErrorDetail",
    "Keep",
    "NotFoundError",
    "NotInDraftError",
    "NotReadyError",
    "NotScheduledError",
    "NotSentError",
    "Outcome",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "RateLimitError",
    "Retry",
    "Schedule",
    "SendGridError",
    "SendReceipt",
    "ServerError",
    "StopNotAskedError",
    "UnreadableResponseError",
    "__version__",
]
