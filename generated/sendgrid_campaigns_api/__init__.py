# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.
"""A client library for accessing SendGrid Campaigns API (legacy Marketing Campaigns)"""

from .client import AuthenticatedClient, Client

__all__ = (
    "AuthenticatedClient",
    "Client",
)
