"""Send SendGrid (legacy) campaigns, for yourself or on behalf of others, and never be wrong about a send.

from sendgrid_campaigns import CampaignsClient

with CampaignsClient() as campaigns:  # the key comes from SENDGRID_API_KEY
    receipt = campaigns.send(4900)

The same for Single Sends, the API that has come after campaigns: SingleSendsClient.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sendgrid_campaigns._sync.campaigns import CampaignsClient
from sendgrid_campaigns.campaign_types import Campaign
from sendgrid_campaigns.campaigns import AsyncCampaignsClient
from sendgrid_campaigns.config import Clock, Retry

from sendgrid_campaigns.errors import (  # isort: skip
    APIConnectionError, APIStatusError, AuthenticationError, BadRequestError, ConfigurationError,
    DeleteWouldStopMailError, InvalidResponseError, NotAppliedError, NotFoundError, NotInDraftError, NotScheduledError,
    OutcomeUnknownError, PermissionDeniedError, RateLimitError, SendGridError, ServerError, WrongStateError,
)  # fmt: skip
from sendgrid_campaigns.models import Attempt, ErrorDetail, Outcome, Schedule, SendReceipt
from sendgrid_campaigns.operations import CheckResult
from sendgrid_campaigns.version import __version__

# Programs that send campaigns import none of this.
_LATER = {"SingleSendsClient": "_sync.single_sends", "AsyncSingleSendsClient": "single_sends"}

if TYPE_CHECKING:
    from sendgrid_campaigns._sync.single_sends import SingleSendsClient
    from sendgrid_campaigns.single_sends import AsyncSingleSendsClient
else:

    def __getattr__(name: str) -> Any:
        if name in _LATER:
            return getattr(import_module(f"sendgrid_campaigns.{_LATER[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "APIConnectionError", "APIStatusError", "AsyncCampaignsClient", "AsyncSingleSendsClient", "Attempt",
    "AuthenticationError", "BadRequestError", "Campaign", "CampaignsClient", "CheckResult", "Clock",
    "ConfigurationError", "DeleteWouldStopMailError", "ErrorDetail", "InvalidResponseError", "NotAppliedError",
    "NotFoundError", "NotInDraftError", "NotScheduledError", "Outcome", "OutcomeUnknownError", "PermissionDeniedError",
    "RateLimitError", "Retry", "Schedule", "SendGridError", "SendReceipt", "ServerError",
    "SingleSendsClient", "WrongStateError", "__version__",
]  # fmt: skip
