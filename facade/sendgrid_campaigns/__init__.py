"""Send SendGrid (legacy) campaigns, for yourself or on behalf of others, and never be wrong about a send.

from sendgrid_campaigns import CampaignsClient

with CampaignsClient() as campaigns:  # the key comes from SENDGRID_API_KEY
    receipt = campaigns.send(4900)
"""

from sendgrid_campaigns._sync.campaigns import CampaignsClient as CampaignsClient
from sendgrid_campaigns.campaigns import AsyncCampaignsClient as AsyncCampaignsClient
from sendgrid_campaigns.config import Clock as Clock
from sendgrid_campaigns.config import Retry as Retry
from sendgrid_campaigns.errors import APIConnectionError as APIConnectionError
from sendgrid_campaigns.errors import APIStatusError as APIStatusError
from sendgrid_campaigns.errors import AuthenticationError as AuthenticationError
from sendgrid_campaigns.errors import BadRequestError as BadRequestError
from sendgrid_campaigns.errors import ConfigurationError as ConfigurationError
from sendgrid_campaigns.errors import DeleteWouldStopMailError as DeleteWouldStopMailError
from sendgrid_campaigns.errors import InvalidResponseError as InvalidResponseError
from sendgrid_campaigns.errors import NotAppliedError as NotAppliedError
from sendgrid_campaigns.errors import NotFoundError as NotFoundError
from sendgrid_campaigns.errors import NotInDraftError as NotInDraftError
from sendgrid_campaigns.errors import NotScheduledError as NotScheduledError
from sendgrid_campaigns.errors import OutcomeUnknownError as OutcomeUnknownError
from sendgrid_campaigns.errors import PermissionDeniedError as PermissionDeniedError
from sendgrid_campaigns.errors import RateLimitError as RateLimitError
from sendgrid_campaigns.errors import SendGridError as SendGridError
from sendgrid_campaigns.errors import ServerError as ServerError
from sendgrid_campaigns.errors import WrongStateError as WrongStateError
from sendgrid_campaigns.models import Attempt as Attempt
from sendgrid_campaigns.models import Campaign as Campaign
from sendgrid_campaigns.models import CheckResult as CheckResult
from sendgrid_campaigns.models import ErrorDetail as ErrorDetail
from sendgrid_campaigns.models import Outcome as Outcome
from sendgrid_campaigns.models import Schedule as Schedule
from sendgrid_campaigns.models import SendReceipt as SendReceipt
from sendgrid_campaigns.version import __version__ as __version__
