"""The Single Sends API in the model: the same world, but for what a PUT does, and for how bodies are written.

The model keeps the names of legacy operations and statuses: send_campaign is the PUT of `now`, schedule_campaign the
PUT of a time, unschedule_campaign the DELETE of the schedule; In Progress and Sent are triggered.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from model.service import Request, Rules, Shown, World
from scenarios import BEFORE, CAMPAIGN_ID, EDIT, EDITED, FAR, KEY, MADE, Start, Write
from sendgrid_campaigns import DeleteWouldStopMailError, NotInDraftError, NotScheduledError
from sendgrid_campaigns.models import SingleSendReceipt as Receipt
from sendgrid_campaigns.protocol.answers import unix_time
from sendgrid_campaigns.protocol.flow import Ask
from sendgrid_campaigns.single_send_types import SingleSend
from sendgrid_campaigns_api import operations as legacy

OUTSIDE = ("name", "categories")
"""The fields that are in no other one."""


def uuid(id: int) -> str:
    return f"00000000-0000-4000-8000-{id:012}"


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a campaign as those of a single send."""
    given = {"name" if name == "title" else name: value for name, value in fields.items()}
    to = {name: value for name, value in given.items() if name.endswith("_ids")}
    config = {name: value for name, value in given.items() if name not in (*OUTSIDE, *to)}
    rest = {name: given[name] for name in OUTSIDE if name in given}
    return rest | ({"send_to": to} if to else {}) | ({"email_config": config} if config else {})


def flat(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a single send as those of a campaign."""
    rest = {"title" if name == "name" else name: value for name, value in body.items()}
    return {**rest.pop("send_to", {}), **rest.pop("email_config", {}), **rest}


# --- the writes ---


@dataclass(frozen=True, eq=False, kw_only=True)
class SingleWrite(Write):
    """One write of single sends, with its arguments."""

    asks: str  # the operation that decides
    ambiguous: tuple[int, ...] = (403,)  # its refusals about which the state judges

    @property
    def method(self) -> str:
        return self.name.removeprefix("single ").replace(",", "").split()[0]

    @property
    def operations(self) -> tuple[str, ...]:
        return *self.earlier, f"{self.asks}_campaign"

    def call(self, client: Any, now: float, campaign_id: int = CAMPAIGN_ID) -> Any:
        given = dict(self.arguments)
        arguments = {name: given.pop(name) for name in ("key", "stop", "within") if name in given} | nested(given)
        if self.takes_id:
            arguments["single_send_id"] = uuid(campaign_id)
        if self.in_seconds is not None:
            arguments["send_at"] = datetime.fromtimestamp(int(now + self.in_seconds), UTC)
        return getattr(client, self.method)(**arguments)


_DRAFT: Mapping[str, Any] = {"allowed": ("Draft",), "wrong_state": NotInDraftError}
_OF_A_COPY = (400, 403, 404, 405, 422)
_SCHEDULE: Mapping[str, Any] = {
    "ambiguous": _OF_A_COPY,
    "done": "scheduled",
    "asks": "schedule",
    "result": Receipt,
    **_DRAFT,
}
_SENT: Mapping[str, Any] = {"done": "sent", "asks": "schedule", "result": Receipt, **_DRAFT}
_SCHEDULED = (Start("Scheduled", FAR), Start("Scheduled", 61.0), Start("Scheduled", 1.0), Start())
_SINGLE_WRITES = (
    SingleWrite(
        name="single send",
        done="sent now",
        asks="send",
        ambiguous=_OF_A_COPY,
        result=Receipt,
        starts=(Start(), Start("Scheduled", 200.0)),
        **_DRAFT,
    ),
    SingleWrite(name="single ensure_sent", starts=(Start(), Start("Scheduled", FAR), Start("Sent")), **_SENT),
    SingleWrite(name="single schedule", in_seconds=20.0, starts=(Start(), Start("Scheduled", 20.0)), **_SCHEDULE),
    SingleWrite(
        name="single schedule later", in_seconds=9000.0, starts=(Start(), Start("Scheduled", 9000.0)), **_SCHEDULE
    ),
    SingleWrite(
        name="single unschedule",
        done="unscheduled",
        asks="unschedule",
        ambiguous=(400, 403, 404),
        allowed=("Scheduled",),
        wrong_state=NotScheduledError,
        starts=_SCHEDULED,
    ),
    SingleWrite(
        name="single update",
        done="updated",
        asks="update",
        arguments=EDIT,
        starts=(Start(), Start(fields=EDITED), Start("Sent")),
        result=SingleSend,
        **_DRAFT,
    ),
    SingleWrite(
        name="single delete",
        done="deleted",
        asks="delete",
        ambiguous=(403, 404),
        starts=(Start(), Start("Scheduled", FAR)),
        allowed=("Draft",),
        wrong_state=DeleteWouldStopMailError,
    ),
    SingleWrite(
        name="single delete, stop",
        done="deleted",
        asks="delete",
        ambiguous=(403, 404),
        arguments={"stop": True},
        starts=(Start("Scheduled", FAR), Start(), Start("Scheduled", 1.0)),
    ),
    SingleWrite(
        name="single create",
        done="created",
        asks="create",
        ambiguous=(),
        arguments=BEFORE,
        takes_id=False,
        starts=(Start(""),),
        result=SingleSend,
        is_read_back=False,
    ),
    SingleWrite(
        name="single send_once",
        earlier=("create_campaign", "update_campaign"),
        arguments={"key": KEY, **BEFORE},
        takes_id=False,
        starts=(
            Start(""),
            Start(fields=MADE),
            Start(fields={**MADE, "subject": "An earlier run's"}),
            Start("Scheduled", 200.0, MADE),
        ),
        **_SENT,
    ),
)
SINGLE_WRITES: Mapping[str, SingleWrite] = {write.name: write for write in _SINGLE_WRITES}


# --- the service ---


class SingleSends(World):
    """Every single send."""

    never_again = frozenset(("send_campaign",))
    unchecked = frozenset(("send_campaign", "schedule_campaign"))
    another = json.dumps({"id": uuid(4999), "status": "draft", "send_at": None, "name": "another's"}).encode()

    @staticmethod
    def named(status: str) -> str:
        return "triggered" if status in ("In Progress", "Sent") else status.lower()

    @staticmethod
    def id_of(id: int) -> str:
        return f'"{uuid(id)}"'

    @staticmethod
    def text_of(name: str, shown: Shown, status: str) -> bytes:
        return _text_of(name, shown, status)

    def translated(self, ask: Ask) -> Ask:
        """Return a request in the terms of legacy campaigns."""
        id, body = int(str(ask.parameters.get("single_send_id", "0"))[-12:]), ask.body
        match ask.operation.name:
            case "list_single_sends" | "search_single_sends":
                return Ask(legacy.LIST_CAMPAIGNS, {"offset": 0, "limit": 100})
            case "schedule_single_send" if body == {"send_at": "now"}:
                operation, body = legacy.SEND_CAMPAIGN, None
            case "schedule_single_send":
                operation, body = legacy.SCHEDULE_CAMPAIGN, {"send_at": unix_time((body or {})["send_at"])}
            case _:
                operation = getattr(legacy, ask.operation.name.upper().replace("SINGLE_SEND", "CAMPAIGN"))
                body = None if body is None else flat(body)
        return replace(ask, operation=operation, parameters={"campaign_id": id}, body=body)

    def _answer(self, request: Request) -> int:
        rules, (name, id, body, who) = self.rules, request
        campaign = self.campaigns.get(id)
        status = campaign.shown.status if campaign else ""
        match name:
            case "pause" | "cancel":
                return 404
            case "mail" if campaign:  # SS2 off: at the time before
                self.mailings.append((who, id, campaign.shown.life))
                return 204
            case "send_campaign" | "schedule_campaign" | "reschedule_campaign" if campaign:
                if status in ("In Progress", "Sent") and not rules.mails_again:
                    return rules.refuses
                is_now = name == "send_campaign"
                send_at = self.time() + rules.lead if is_now else json.loads(body)["send_at"]
                if not is_now and send_at <= self.time() - rules.tolerance:
                    return 400
                if status == "Scheduled" and not rules.moves:
                    self.later(self._due(campaign), Request("mail", id, "", campaign.by))
                self._set(campaign, "Scheduled", send_at, who)
                campaign.shown = campaign.shown._replace(hidden=is_now and rules.hides_now)
                return 201
            case "unschedule_campaign" if status in ("Draft", "In Progress", "Sent"):
                code = rules.unschedule_draft if status == "Draft" else rules.unschedule_triggered
                return 200 if code == 204 else code
            case "update_campaign" if campaign and status == "Scheduled" and rules.updates_scheduled:
                campaign.shown = campaign.shown._replace(status="Draft")
                super()._answer(request)
                campaign.shown = campaign.shown._replace(status="Scheduled")
                return 202
        code = super()._answer(request)
        if name == "unschedule_campaign":
            return 200 if code == 204 else code
        return {403: rules.refuses, 200: 202}.get(code, code)


@lru_cache(maxsize=50_000)
def _text_of(name: str, shown: Shown, status: str) -> bytes:
    at = None if shown.send_at is None or shown.hidden else f"{datetime.fromtimestamp(int(shown.send_at), UTC):%FT%TZ}"
    match name:
        case "send_campaign" | "schedule_campaign":
            body: dict[str, Any] = {"send_at": at or "now", "status": status}
        case "unschedule_campaign":
            body = {"send_at": at, "status": status}
        case _:
            body = {"id": uuid(shown.id), "status": status, "send_at": at, **nested(json.loads(shown.fields))}
    return json.dumps(body, separators=(",", ":")).encode()


def world_of(write: Write, rules: Rules, start: Start) -> World:
    """Make the service that a write is for."""
    return (SingleSends if isinstance(write, SingleWrite) else World)(rules, start)
