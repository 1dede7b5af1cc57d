"""A model of the service: campaigns, their statuses, and the time that moves them."""

import json
from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import Any, NamedTuple

from scenarios import BEFORE, CAMPAIGN_ID, Start
from sendgrid_campaigns.protocol.flow import Ask

OTHERS, EARLIER = 0, -1
"""The author of what other clients do, and of what was before; the writing requests of the call are counted from 1."""
START = 1_800_000_000.0
"""When the call begins: unix time by the client's clock."""
REFUSED = b'{"errors":[{"field":null,"message":"no"}]}'
NOT_FOUND = b'{"errors":[{"field":null,"message":"not found"}]}'


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the service does where its documents are silent, and how far it is from what is assumed. In seconds."""

    lead: float = 0.0  # from the acceptance of a send until mail goes out
    tolerance: float = 0.0  # by which a time may be past and is still taken. A7: at most 300; infinite: any is taken
    ahead: float = 0.0  # by which the service's clock is ahead of the client's
    dated: float | None = 0.0  # by which the clock that dates answers is ahead of the service's; None: no Date
    jump: float = 0.0  # by which the client's clock is set on, or back, a second after the call began
    unscheduled: str = "Draft"  # the status after unschedule
    unschedule_draft: int = 204  # the answer to unschedule of a Draft
    leaves_late: float = 0.0  # A3: for which reads still show the Draft that a campaign no more is
    oldest: float = 0.0  # A2: that a read is old at most
    limit: int = 0  # requests that a window of the rate limit allows; 0: no limit
    window: float = 10.0
    race: float = 0.0  # A1 off: after a send, in which another one is accepted, too
    runs_on: bool = False  # A8 off: what is deleted is mailed all the same
    reuses: bool = False  # A9 off: the id of a deleted campaign may be given to a new one
    # Of single sends alone:
    mails_again: bool = False  # SS1 off: PUT schedule of a triggered one is accepted, and mails again
    moves: bool = True  # SS2; off: a PUT of a scheduled one mails at both times
    hides_now: bool = False  # SS5: whether `send_at` reads back as null after `now`
    unschedule_triggered: int = 403  # SS6 off: 200
    updates_scheduled: bool = False  # SS10
    refuses: int = 400  # what a wrong status is answered

    def local_time(self, now: float) -> float:
        """Return what the client's clock shows."""
        return now + self.jump if now > START + 1.0 else now


class Shown(NamedTuple):
    """A campaign, as reads show it."""

    id: int
    status: str
    send_at: float | None
    fields: str  # a JSON object
    life: int  # which campaign of this id it is
    hidden: bool = False  # whether reads show no time


class Snapshot(NamedTuple):
    """What all campaigns were from some time on, the newest first."""

    since: float
    visible: float  # since when reads may show it
    campaigns: tuple[Shown, ...]

    def of(self, id: int) -> Shown | None:
        return next((shown for shown in self.campaigns if shown.id == id), None)


@dataclass
class Campaign:
    """A campaign in truth, and who made it so."""

    shown: Shown
    by: int = OTHERS  # the author of its status and time
    edited_by: int = OTHERS
    accepted: float = -inf  # when a send was
    until: float = inf  # when its mail has all gone out


class Request(NamedTuple):
    """A request that writes; or what another client does: `pause`, `cancel` and `anew` are no requests of the API."""

    name: str
    id: int
    body: str
    who: int


class World:
    """Every campaign. Whatever happens to one goes through `handle`, and time goes on through `advance`."""

    ambiguous: Mapping[str, tuple[int, ...]] = {
        "create_campaign": (),
        "send_test_campaign": (),
        "delete_campaign": (403, 404),
    }
    """The refusals about which the state judges; of other writes, 403."""
    never_again: frozenset[str] = frozenset()
    """The writes that are not repeated in doubt."""
    unchecked: frozenset[str] = frozenset()
    """The writes that the service takes in every status: before each try, the campaign is read."""
    another = b'{"id":4999,"status":"Sent","send_at":%d,"title":"another\'s"}' % START
    """Another campaign: caches and proxies mix answers up."""

    def __init__(self, rules: Rules, start: Start) -> None:
        self.rules = rules
        self.now = START - 3600
        self.campaigns: dict[int, Campaign] = {}
        self.mailings: list[tuple[int, int, int]] = []  # author, id, life
        self.events: list[tuple[float, int, Request]] = []  # late copies, and what others will do
        self.effects = self.created = self.tests = 0  # how many requests of the call had an effect; made; mailed a test
        self.deleted_by = OTHERS
        self.ran_on = False  # whether mail goes on of a campaign that was deleted
        self.newest = CAMPAIGN_ID  # id
        self.window = self.used = 0  # the window of the rate limit, and the requests that it has seen
        self.snapshots: list[Snapshot] = []
        if start.status:
            due = None if start.due is None else START + rules.ahead + start.due
            fields = stored("{}", json.dumps({**BEFORE, **start.fields}))
            self.campaigns[CAMPAIGN_ID] = Campaign(Shown(CAMPAIGN_ID, start.status, due, fields, 1), by=EARLIER)
            if start.status in ("In Progress", "Sent"):
                self.mailings.append((EARLIER, CAMPAIGN_ID, 1))
        self._note()

    # --- how the service writes ---

    @staticmethod
    def named(status: str) -> str:
        """Return the name of a status."""
        return status

    @staticmethod
    def id_of(id: int) -> str:
        """Return an id as JSON."""
        return str(id)

    @staticmethod
    def text_of(name: str, shown: Shown, status: str) -> bytes:
        """Return the body of the answer to a request by its operation's name; status: as it is spelt."""
        return _text_of(name, shown, status)

    def translated(self, ask: Ask) -> Ask:
        """Return a request in the terms of this model."""
        return ask

    # --- time ---

    def advance(self, seconds: float) -> None:
        """Let time pass, and happen what falls into it, in order."""
        end = self.now + seconds
        while self._next <= end:
            self.now = max(self.now, self._next)
            if not self._fall_due():
                self.handle(self.events.pop(0)[2])
                self._plan()
        self.now = end

    def later(self, at: float, request: Request) -> None:
        """Let something reach the service at a time to come."""
        insort(self.events, (at, len(self.events), request))
        self._plan()

    def time(self) -> float:
        return self.now + self.rules.ahead

    def _due(self, campaign: Campaign) -> float:
        shown = campaign.shown
        if shown.status == "Scheduled" and shown.send_at is not None:
            return shown.send_at - self.rules.ahead
        return campaign.until if shown.status == "In Progress" else inf

    def _plan(self) -> None:
        self._next = self.events[0][0] if self.events else inf
        for campaign in self.campaigns.values():
            self._next = min(self._next, self._due(campaign))

    def _fall_due(self) -> bool:
        for campaign in self.campaigns.values():
            if self._due(campaign) <= self.now:
                status = "Sent"
                if campaign.shown.status == "Scheduled":
                    self._mail(campaign)
                    campaign.until, status = self.now + 60.0, "In Progress"
                campaign.shown = campaign.shown._replace(status=status)
                self._note()
                return True
        return False

    def _mail(self, campaign: Campaign) -> None:
        self.mailings.append((campaign.by, campaign.shown.id, campaign.shown.life))

    # --- writes ---

    def handle(self, request: Request) -> tuple[int, bytes]:
        """Carry out a write, and return the code and the body of its answer."""
        while self._fall_due():
            pass
        code = self._answer(request)
        if code >= 300:
            return code, NOT_FOUND if code == 404 else REFUSED
        self.effects += request.who > OTHERS
        self._note()
        id = self.newest if request.name == "create_campaign" else request.id
        shown = self.campaigns[id].shown if code in (200, 201, 202) else None
        return code, b"" if shown is None else self.text_of(request.name, shown, self.named(shown.status))

    def _answer(self, request: Request) -> int:
        rules, (name, id, body, who) = self.rules, request
        if name == "create_campaign":
            self.created += who > OTHERS
            self.newest = id = self.newest + 1
            self.campaigns[id] = Campaign(Shown(id, "Draft", None, stored("{}", body), 1), edited_by=who)
            return 201
        if name == "anew" and rules.reuses and id not in self.campaigns:
            self.campaigns[id] = Campaign(Shown(id, "Draft", None, '{"title":"another"}', 2))
            return 201
        if id not in self.campaigns:
            return 404
        campaign = self.campaigns[id]
        shown, status = campaign.shown, campaign.shown.status
        match name:
            case "delete_campaign":
                self.ran_on = rules.runs_on and status in ("Scheduled", "In Progress")
                if self.ran_on and status == "Scheduled":
                    self._mail(campaign)
                self.deleted_by = who
                del self.campaigns[id]
                return 204
            case "send_test_campaign":
                self.tests += who > OTHERS
                return 201
            case "update_campaign" if status == "Draft":
                campaign.shown, campaign.edited_by = shown._replace(fields=stored(shown.fields, body)), who
                return 200
            case "send_campaign" if self.now < campaign.accepted + rules.race:
                self.mailings.append((who, id, shown.life))
                return 201
            case "send_campaign" if status == "Draft":
                self._set(campaign, "Scheduled", self.time() + rules.lead, who)
                campaign.accepted = self.now
                return 201
            case "schedule_campaign" | "reschedule_campaign":
                if status != ("Draft" if name == "schedule_campaign" else "Scheduled"):
                    return 403
                send_at = json.loads(body)["send_at"]
                if send_at <= self.time() - rules.tolerance:
                    return 400
                self._set(campaign, "Scheduled", send_at, who)
                return 201 if name == "schedule_campaign" else 200
            case "unschedule_campaign" if status == "Scheduled":
                self._set(campaign, rules.unscheduled, None, who)
                return 204
            case "unschedule_campaign" if status == "Draft":
                return rules.unschedule_draft
            case "pause" | "cancel" if status in ("Scheduled", "In Progress", "Paused"):
                stopped = "Paused" if name == "pause" else "Canceled"
                campaign.shown, campaign.accepted = shown._replace(status=stopped), -inf
                return 204
        return 403

    @staticmethod
    def _set(campaign: Campaign, status: str, send_at: float | None, who: int) -> None:
        campaign.shown = campaign.shown._replace(status=status, send_at=send_at, hidden=False)
        campaign.by, campaign.accepted = who, -inf

    def _note(self) -> None:
        campaigns = tuple(campaign.shown for campaign in reversed(self.campaigns.values()))
        visible = self.now
        if self.snapshots:
            before = self.snapshots[-1]
            drafts = [shown.id for shown in before.campaigns if shown.status == "Draft"]
            left = any(shown.id in drafts and shown.status != "Draft" for shown in campaigns)
            visible = max(visible + self.rules.leaves_late * left, before.visible)
        self._plan()
        self.snapshots.append(Snapshot(self.now, visible, campaigns))

    # --- reads ---

    def seen(self, age: float) -> Snapshot:
        """Return what a read shows that is so old."""
        then = self.now - age
        return next((each for each in reversed(self.snapshots) if each.visible <= then), self.snapshots[0])

    def visible(self) -> list[Snapshot]:
        """Return everything that a read may show now under A2, the newest first, each look of it once."""
        then = self.now - self.rules.oldest
        shown: list[Snapshot] = []
        for snapshot in reversed(self.snapshots):
            if snapshot.visible <= self.now:
                if all(snapshot.campaigns != other.campaigns for other in shown):
                    shown.append(snapshot)
                if snapshot.visible <= then:
                    break
        return shown

    def within_limit(self) -> bool:
        """Count one more request of the rate limit's window; return whether the window allows the request."""
        window = int(self.time() // self.rules.window)
        self.window, self.used = window, self.used + 1 if window == self.window else 1
        return self.used <= self.rules.limit


@lru_cache(maxsize=10_000)
def stored(fields: str, body: str) -> str:
    """Return fields after a write of a body, in the forms in which the service stores them."""
    changes: dict[str, Any] = json.loads(body)
    for name, value in changes.items():
        if isinstance(value, str):
            changes[name] = value.strip().replace("\r\n", "\n")
        elif isinstance(value, list):
            changes[name] = sorted(item.lower() if isinstance(item, str) else item for item in value)
    return json.dumps({**json.loads(fields), **changes}, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=50_000)
def _text_of(name: str, shown: Shown, status: str) -> bytes:
    id, _, send_at, fields, *_ = shown
    match name:
        case "get_campaign_schedule":
            return b'{"send_at":null}' if send_at is None else b'{"send_at":%d}' % send_at
        case "schedule_campaign" | "reschedule_campaign" | "send_campaign":
            return b'{"id":%d,"status":"%b","send_at":%d}' % (id, status.encode(), send_at or 0)
        case "send_test_campaign":
            return b'{"to":"reader@example.com"}'
    return f'{{"id":{id},"status":"{status}",{fields[1:]}'.encode()
