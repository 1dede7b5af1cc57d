# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.
"""Contains all the data models used in inputs/outputs"""

from .campaign import Campaign
from .error_help import ErrorHelp
from .error_item import ErrorItem
from .error_response import ErrorResponse
from .send_accepted import SendAccepted

__all__ = (
    "Campaign",
    "ErrorHelp",
    "ErrorItem",
    "ErrorResponse",
    "SendAccepted",
)
