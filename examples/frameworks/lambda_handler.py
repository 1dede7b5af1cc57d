"""A function for AWS Lambda that sends the campaign of an event such as {"campaign_id": 4900}.

Lambda may deliver an event twice, and repeats an event whose function raised: `ensure_sent` takes both.
"""

from functools import cache
from typing import Any, Protocol

from sendgrid_campaigns import CampaignsClient, Retry, SendGridError

ATTEMPT = 10.0
"""Seconds for one attempt of a request."""


class Context(Protocol):
    """What this function uses of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int: ...


@cache
def campaigns() -> CampaignsClient:
    """Make one client for all events that this instance gets: its connections stay open between them."""
    return CampaignsClient(timeout=ATTEMPT)


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Return the receipt, or an error that a person must see to; raise every error after which Lambda is to repeat."""
    left = context.get_remaining_time_in_millis() / 1000
    patience = Retry(deadline=max(1.0, left - ATTEMPT - 1))  # the last attempt may begin right before the deadline
    try:
        return campaigns().with_options(retry=patience).ensure_sent(event["campaign_id"]).to_dict()
    except SendGridError as error:
        if error.temporary or error.may_have_been_applied:
            raise
        return error.to_dict()
