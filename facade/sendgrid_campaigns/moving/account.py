"""What a move reads and writes of an account, as flows: lists, segments, fields of contacts, and the draft.

https://www.twilio.com/docs/sendgrid/api-reference/contacts-api-lists/retrieve-all-lists
https://www.twilio.com/docs/sendgrid/api-reference/lists/get-all-lists
https://www.twilio.com/docs/sendgrid/api-reference/segmenting-contacts-v2/get-list-of-segments
https://www.twilio.com/docs/sendgrid/api-reference/custom-fields/get-all-field-definitions
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sendgrid_campaigns import operations
from sendgrid_campaigns.campaigns import CAMPAIGN
from sendgrid_campaigns.errors import NotInDraftError
from sendgrid_campaigns.protocol import reading
from sendgrid_campaigns.protocol.call import Call, Session
from sendgrid_campaigns.protocol.flow import Flow
from sendgrid_campaigns.single_send_types import SingleSend
from sendgrid_campaigns.single_sends import CREATE, RESOURCE
from sendgrid_single_sends_api import operations as api

SENT = (
    "An earlier move made it, and it was sent or scheduled since then: there is nothing left to move. A move knows it"
    " by the end of its name; to make another draft, rename it first."
)
MAKE = replace(CREATE, hint="Call again: if the draft was made, the call finds the draft by the end of its name.")


@dataclass(frozen=True)
class Named:
    """A list or a segment, of either product."""

    id: int | str
    name: str | None
    count: int | None
    """How many it holds."""

    def __str__(self) -> str:
        return f"{self.name!r} ({self.id})"


def _named(model: Any, count: Any) -> Named:
    name = model.name if isinstance(model.name, str) else None
    return Named(model.id, name, count if isinstance(count, int) else None)


def legacy_lists(session: Session, campaign_id: int) -> Flow[list[Named]]:
    """Read the lists of legacy campaigns."""
    call = Call[Any](session, api.LIST_LEGACY_LISTS, "moved", CAMPAIGN, campaign_id)
    found = (yield from reading.read(call, api.LIST_LEGACY_LISTS, {})).value
    return [_named(each, each.recipient_count) for each in (found and found.lists) or ()]


def contact_lists(session: Session, campaign_id: int) -> Flow[list[Named]]:
    """Read the lists of contacts, every page."""
    call = Call[Any](session, api.LIST_CONTACT_LISTS, "moved", CAMPAIGN, campaign_id)
    found = {each.id: each for each in (yield from operations.pages(call))}  # one may move to another page meanwhile
    return [_named(each, each.contact_count) for each in found.values()]


def segments(session: Session, campaign_id: int) -> Flow[list[Named]]:
    """Read the segments of contacts."""
    call = Call[Any](session, api.LIST_SEGMENTS, "moved", CAMPAIGN, campaign_id)
    found = (yield from reading.read(call, api.LIST_SEGMENTS, {})).value
    return [_named(each, each.contacts_count) for each in (found and found.results) or ()]


def field_names(session: Session, campaign_id: int) -> Flow[set[str]]:
    """Read the names of the fields of contacts, reserved and custom."""
    call = Call[Any](session, api.LIST_FIELD_DEFINITIONS, "moved", CAMPAIGN, campaign_id)
    found: Any = (yield from reading.read(call, api.LIST_FIELD_DEFINITIONS, {})).value
    return {each.name for each in [*found.reserved_fields, *(found.custom_fields or ())] if isinstance(each.name, str)}


def draft(session: Session, ending: str, body: Mapping[str, Any]) -> Flow[tuple[SingleSend, bool]]:
    """Find the draft whose name has this ending, or make the draft; return it as it is read, and whether it was there.

    Raises NotInDraftError for one that was sent or scheduled.
    """
    call = Call[Any](session, api.SEARCH_SINGLE_SENDS, "moved", RESOURCE)
    found = reading.first_with_key(RESOURCE, ending, (yield from operations.pages(call, {"name": ending})))
    if found is None:  # the search may lag
        call.operation = api.LIST_SINGLE_SENDS
        found = reading.first_with_key(RESOURCE, ending, (yield from operations.pages(call)))
    model = found or (yield from operations.made(call, MAKE, ending, body))
    read = Call[Any](session, api.GET_SINGLE_SEND, "moved", RESOURCE, RESOURCE.checked_id(model.id)).follow(call)
    state = yield from reading.state(read)
    if not state.is_("draft"):
        raise read.error(NotInDraftError, status=state.status or None, hint=SENT)
    return SingleSend.of(state.model), found is not None
