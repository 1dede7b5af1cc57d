"""Send SendGrid (legacy) campaigns, for yourself or on behalf of others, and never be wrong about a send.

from sendgrid_campaigns import CampaignsClient

with CampaignsClient() as campaigns:  # the key comes from SENDGRID_API_KEY
    receipt = campaigns.send(4900)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sendgrid_campaigns.version import __version__

if TYPE_CHECKING:
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


_ROOMS = ("errors", "settings", "models", "client")
"""Where they stand; each needs those before it."""


def __getattr__(name: str) -> Any:
    """Load a name when it is asked for first: who wants the errors alone needs no httpx."""
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    for room in _ROOMS if name in __all__ else ():
        if hasattr(module := import_module(f"{__name__}.{room}"), name):
            globals()[name] = found = getattr(module, name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
