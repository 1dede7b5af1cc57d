"""Every write of the package: how to call it, and on which campaigns. One catalogue for all levels of tests.

The model (tests/model), the tests in process and the tests on sockets take their writes from here. The campaign that a
call finds is made of BEFORE and of the start's fields, and has the start's status and time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import NoneType
from typing import Any

from sendgrid_campaigns import (
    Campaign,
    DeleteWouldStopMailError,
    NotInDraftError,
    NotScheduledError,
    Schedule,
    SendReceipt,
    WrongStateError,
)

CAMPAIGN_ID = 4900  # that every write is tried on; the sandbox holds it, too
KEY = "march"  # the idempotency key of send_once
FAR = 100_000.0  # seconds to a time that another client has chosen: no read-back takes that time for now

BEFORE: Mapping[str, Any] = {
    "title": "March Newsletter",
    "subject": "New Products for Spring!",
    "sender_id": 124451,
    "list_ids": [110, 124],
    "categories": ["spring line"],
    "suppression_group_id": 42,
    "plain_content": "Check out our spring line!\n\n[unsubscribe]",
}
"""The fields of a campaign before a call: ready to be sent, by the resources that every sandbox has."""
MADE: Mapping[str, Any] = {**BEFORE, "title": f"March Newsletter (once {KEY})"}
"""The fields of the campaign that send_once makes."""
EDIT: Mapping[str, Any] = {
    "title": "April Newsletter ",
    "categories": ["Spring Line", "News"],
    "list_ids": [124, 110],
    "plain_content": "April!\r\n[unsubscribe]\r\n",
}
"""What update changes, in other forms than the service stores."""
EDITED: Mapping[str, Any] = {
    "title": "April Newsletter",
    "categories": ["news", "spring line"],
    "list_ids": [110, 124],
    "plain_content": "April!\n[unsubscribe]",
}
"""What update changes, as the service stores and shows it."""


@dataclass(frozen=True, eq=False)
class Start:
    """A campaign before a call."""

    status: str = "Draft"  # empty: there is no campaign
    due: float | None = None  # seconds from the beginning of the call to the time of a schedule
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])  # that differ from BEFORE


@dataclass(frozen=True, eq=False, kw_only=True)
class Write:
    """One write, with its arguments."""

    name: str  # begins with the method of a client
    done: str  # the `action` of the write's errors
    earlier: tuple[str, ...] = ()  # the operationIds of the requests that write before the one that decides
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])  # but for campaign_id and send_at
    takes_id: bool = True
    in_seconds: float | None = None  # from the beginning of the call to `send_at`; None for a write without a time
    starts: tuple[Start, ...] = (Start(),)  # nothing stands against the write on the first one
    allowed: tuple[str, ...] | None = None  # statuses in which the write may be tried; None: it is tried in any
    wrong_state: type[WrongStateError] | None = None  # the error for another status
    result: type[Any] = NoneType  # what the method returns
    is_read_back: bool = True  # whether the call reads back what became of a request in doubt

    @property
    def method(self) -> str:
        return self.name.replace(",", "").split()[0]

    @property
    def operations(self) -> tuple[str, ...]:
        """The operationIds of the requests that write; the last one decides."""
        return *self.earlier, f"{'send' if self.done == 'sent' else self.method}_campaign"

    def call(self, client: Any, now: float, campaign_id: int = CAMPAIGN_ID) -> Any:
        """Call the write on a client, sync or async, and return what its method returns. now: unix time."""
        arguments = dict(self.arguments)
        if self.takes_id:
            arguments["campaign_id"] = campaign_id
        if self.in_seconds is not None:
            arguments["send_at"] = datetime.fromtimestamp(int(now + self.in_seconds), UTC)
        return getattr(client, self.method)(**arguments)


_SCHEDULED = (Start("Scheduled", FAR), Start("Scheduled", 61.0), Start("Scheduled", 1.0), Start())
_OTHERS = (Start("Scheduled", 200.0), Start("Sent"), Start("Paused"))
_SENT: Mapping[str, Any] = {"done": "sent", "wrong_state": NotInDraftError, "result": SendReceipt}
_TIMED: Mapping[str, Any] = {"done": "scheduled", "result": Schedule}
_DRAFT: Mapping[str, Any] = {"allowed": ("Draft",), "wrong_state": NotInDraftError}
_TAKEN_BACK: Mapping[str, Any] = {"allowed": ("Scheduled",), "wrong_state": NotScheduledError, "starts": _SCHEDULED}

_WRITES = (
    Write(name="send", starts=(Start(), *_OTHERS), **{**_DRAFT, **_SENT}),
    Write(name="ensure_sent", starts=(Start(), *_OTHERS, Start("Scheduled", FAR)), **_SENT),
    Write(
        name="schedule",
        in_seconds=20.0,
        starts=(Start(), Start("Scheduled", 20.0), Start("Sent")),
        **_TIMED,
        **_DRAFT,
    ),
    Write(
        name="schedule later",
        in_seconds=9000.0,
        starts=(Start(), Start("Scheduled", 9000.0)),
        **_TIMED,
        **_DRAFT,
    ),
    Write(name="reschedule", done="rescheduled", in_seconds=9000.0, result=Schedule, **_TAKEN_BACK),
    Write(name="unschedule", done="unscheduled", **_TAKEN_BACK),
    Write(
        name="update",
        done="updated",
        arguments=EDIT,
        starts=(Start(), Start(fields=EDITED), Start("Sent")),
        result=Campaign,
        **_DRAFT,
    ),
    Write(
        name="delete",
        starts=(Start(), Start("Sent"), Start("Scheduled", FAR)),
        allowed=("Draft", "Sent", "Canceled"),
        wrong_state=DeleteWouldStopMailError,
        done="deleted",
    ),
    Write(
        name="delete, stop",
        arguments={"stop": True},
        starts=(Start("Scheduled", FAR), Start(), Start("Scheduled", 1.0)),
        done="deleted",
    ),
    Write(
        name="create",
        done="created",
        arguments=BEFORE,
        takes_id=False,
        starts=(Start(""),),
        result=Campaign,
        is_read_back=False,
    ),
    Write(
        name="send_once",
        earlier=("create_campaign", "update_campaign"),
        arguments={"key": KEY, **BEFORE},
        takes_id=False,
        starts=(
            Start(""),
            Start(fields=MADE),
            Start(fields={**MADE, "subject": "An earlier run's"}),
            Start("Scheduled", 200.0, MADE),
            Start("Scheduled", FAR, MADE),
        ),
        **_SENT,
    ),
    Write(
        name="send_test",
        done="sent as a test",
        arguments={"to": "reader@example.com"},
        is_read_back=False,
    ),
)
WRITES: Mapping[str, Write] = {write.name: write for write in _WRITES}
