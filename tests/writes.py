"""Every write with its arguments, for tests that hold for all of them."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from doubles import ACCEPTED, DRAFT, NOW, Server, Style, no
from sendgrid_campaigns import Campaign, Schedule, SendReceipt

AT = NOW + 3600
SOON = datetime.fromtimestamp(AT, UTC)
CAMPAIGN = "/v3/campaigns/{campaign_id}"
ACCEPTED_TIME = {"id": 4900, "send_at": AT, "status": "Scheduled"}


def is_with(status: str | None, **fields: Any) -> httpx.Response:
    """Return the answer to a read of a campaign with this status."""
    return httpx.Response(200, json={**DRAFT, "status": status, **fields})


@dataclass(frozen=True, kw_only=True)
class Write:
    """What tests need to know of a write."""

    name: str
    arguments: tuple[Any, ...] = (4900,)
    named: dict[str, Any] = field(default_factory=dict)
    method: str
    route: str
    body: dict[str, Any] | None = None
    """On the wire."""
    needs: str | None = None
    """The status that the campaign must have."""
    reads: bool = True
    """Whether the status is read first, and the outcome is read back."""
    success: tuple[int, ...]
    answer: dict[str, Any] | None = None
    """Of success, where it has a body."""
    result: Any = None
    applied: httpx.Response | None = None
    """What a read shows once the write was applied."""
    done: str
    hint: str
    """The beginning of what to do when the outcome is unknown."""

    @property
    def before(self) -> list[str]:
        """The methods of the requests before the write's own."""
        return ["GET"] if self.reads else []

    def prepare(self, server: Server, *lines: Any) -> None:
        """Give the campaign the status that the write needs, and answer the write with these lines."""
        server.get(is_with(self.needs or "Draft"))
        server.schedule(AT + 60)  # not the time that is asked for
        server.answer(self.method, *lines)

    def good(self, status_code: int | None = None) -> httpx.Response:
        """Return the service's answer of success."""
        content = b"" if self.answer is None else json.dumps(self.answer).encode()
        return httpx.Response(status_code or self.success[0], content=content)

    def do(self, style: Style, campaigns: Any) -> Any:
        return style.do(getattr(campaigns, self.name), *self.arguments, **self.named)

    def error(self, style: Style, campaigns: Any, kind: type[BaseException]) -> Any:
        return style.error(kind, getattr(campaigns, self.name), *self.arguments, **self.named)


CREATE = Write(
    name="create",
    arguments=("March Newsletter",),
    named={"subject": "Spring"},
    method="POST",
    route="/v3/campaigns",
    body={"title": "March Newsletter", "subject": "Spring"},
    reads=False,
    success=(201,),
    answer=DRAFT,
    result=Campaign(id=4900, title="March Newsletter", status="Draft"),
    done="created",
    hint="List the newest campaigns",
)
UPDATE = Write(
    name="update",
    named={"subject": "Spring"},
    method="PATCH",
    route=CAMPAIGN,
    body={"subject": "Spring"},
    needs="Draft",
    success=(200,),
    answer={**DRAFT, "subject": "Spring"},
    result=Campaign(id=4900, title="March Newsletter", status="Draft", subject="Spring"),
    applied=is_with("Draft", subject="Spring"),
    done="updated",
    hint="outcome(error) reads the campaign and compares",
)
DELETE = Write(
    name="delete",
    method="DELETE",
    route=CAMPAIGN,
    success=(204,),
    applied=no(404),
    done="deleted",
    hint="outcome(error) tells: a campaign that is found was not deleted",
)
SCHEDULE = Write(
    name="schedule",
    arguments=(4900, SOON),
    method="POST",
    route=f"{CAMPAIGN}/schedules",
    body={"send_at": AT},
    needs="Draft",
    success=(201, 200),
    answer=ACCEPTED_TIME,
    result=Schedule(4900, SOON, "Scheduled"),
    applied=is_with("Scheduled"),
    done="scheduled",
    hint="outcome(error) reads status and time: the chosen time",
)
RESCHEDULE = Write(
    name="reschedule",
    arguments=(4900, SOON),
    method="PATCH",
    route=f"{CAMPAIGN}/schedules",
    body={"send_at": AT},
    needs="Scheduled",
    success=(200,),
    answer=ACCEPTED_TIME,
    result=Schedule(4900, SOON, "Scheduled"),
    applied=is_with("Scheduled"),
    done="rescheduled",
    hint="outcome(error) reads status and time: the chosen time",
)
UNSCHEDULE = Write(
    name="unschedule",
    method="DELETE",
    route=f"{CAMPAIGN}/schedules",
    needs="Scheduled",
    success=(204,),
    applied=is_with("Draft"),
    done="unscheduled",
    hint="outcome(error) reads the status: a Draft was unscheduled",
)
SEND = Write(
    name="send",
    method="POST",
    route=f"{CAMPAIGN}/schedules/now",
    needs="Draft",
    success=(201,),
    answer=ACCEPTED,
    result=SendReceipt(4900, "Scheduled"),
    applied=is_with("In Progress"),
    done="sent",
    hint="Do not send it again on this error",
)
SEND_TEST = Write(
    name="send_test",
    arguments=(4900, "a@example.com"),
    method="POST",
    route=f"{CAMPAIGN}/schedules/test",
    body={"to": "a@example.com"},
    reads=False,
    success=(201, 204),
    answer={"to": "a@example.com"},
    done="sent as a test",
    hint="A test cannot be read back",
)
WRITES = [CREATE, UPDATE, DELETE, SCHEDULE, RESCHEDULE, UNSCHEDULE, SEND, SEND_TEST]

every_write = pytest.mark.parametrize("write", WRITES, ids=lambda write: write.name)
every_read_back = pytest.mark.parametrize("write", [each for each in WRITES if each.reads], ids=lambda each: each.name)


def of(*writes: Write) -> Any:
    """Parametrize a test with these writes."""
    return pytest.mark.parametrize("write", writes, ids=lambda write: write.name)
