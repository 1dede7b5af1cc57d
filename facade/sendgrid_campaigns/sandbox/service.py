"""The emulated service: handles one request in one transaction of the state, and returns the reply.

https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from operator import methodcaller
from sqlite3 import Row
from typing import Any, Literal, cast

import attrs

from sendgrid_campaigns.sandbox import rules
from sendgrid_campaigns.sandbox.shared import FORBIDDEN, NOT_FOUND, UNAUTHORIZED, Refused, Visit, table_of
from sendgrid_campaigns.sandbox.single_sends import ROUTES, SingleSends
from sendgrid_campaigns.sandbox.state import State

__tracebackhide__: methodcaller = methodcaller("errisinstance", (ValueError, TypeError))
"""For pytest: the traceback of a wrong use ends in the test."""

_LONGEST = 1e9
"""The largest duration of a knob, in seconds."""


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """Behaviour of the service where its documents are silent. Each default is a guess: see docs/sandbox-behaviour.md.

    Raises ValueError or TypeError for a value that is out of range. Numbers of seconds are at most 1e9.
    """

    unknown_on_behalf_of: Literal[401, 403, "parent"] = 401
    """The answer to an on-behalf-of that names no account of the key's owner; "parent": the header is ignored."""
    lead: float = 0.0
    """Seconds from the acceptance of a send until mail goes out. Until then the campaign is Scheduled."""
    duration: float = 60.0
    """Seconds that a mailing takes. Until the end the campaign is In Progress."""
    unschedule_draft: Literal[204, 403] = 204
    """The answer to unscheduling a Draft."""
    schedule_of_draft: Literal[200, 404] = 200
    """The answer to reading the schedule of a campaign without one; 200: with a `send_at` of null."""
    campaign_limit: int = 250
    """The number of campaigns that an account may have; documents say 250 and 2500."""
    rate_limit: int | None = None
    """Requests in a window for one key; None: no limit, and no rate limit headers."""
    rate_window: int = 60
    """The length of a window, in seconds."""
    rate_reset: Literal["epoch", "delta"] = "epoch"
    """The form of X-RateLimit-Reset: a unix time, or the seconds left."""
    rate_scope: Literal["key", "account"] = "key"
    """Whose requests count together: all of one key, or those of one account that the key acts for."""
    executes_limited: bool = False
    """Whether the service carries out a request that it answers with 429."""
    race: float = 0.0
    """Seconds from the acceptance of a send during which the service accepts another send, and mails again."""
    staleness: float = 0.0
    """Seconds by which reads lag: a read shows an earlier state, while a write acts on the current one."""
    leaves_draft_after: float = 0.0
    """Seconds from the acceptance of a send during which reads still show a Draft. Another send is refused."""
    unscheduled_status: str = "Draft"
    """The status of a Scheduled campaign after unscheduling."""
    past_tolerance: float = 0.0
    """Seconds by which a `send_at` may be past, and may be infinite; the mail then goes out at once."""
    delete_stops: bool = True
    """Whether deleting a Scheduled campaign stops its mail."""
    reuses_ids: bool = False
    """Whether a new campaign gets the id of a deleted one."""
    lowers_categories: bool = False
    """Whether the service stores categories in lower case."""

    # Of single sends alone. The knobs above hold for single sends, too, where they have what the text names.
    single_sends_on_behalf_of: Literal["account", 403, "parent"] = "account"
    """Whom a request with an on-behalf-of acts for where the header is not documented; "parent": it is ignored."""
    single_sends_rate_limit: int | None = None
    """Requests to /v3/marketing/ in a window for one key, counted by themselves; None: `rate_limit` counts them."""
    schedules_triggered: bool = False
    """Whether a triggered single send can be scheduled, and mails again."""
    schedule_moves: bool = True
    """Whether another schedule takes the place of the first; False: both mail, and reads show the other."""
    now_reads_back: Literal["accepted", None] = "accepted"
    """The `send_at` after scheduling for `now`: the time of acceptance; None: null, and the first answer says `now`."""
    unschedule_triggered: Literal[200, 403] = 403
    """The answer to unscheduling a triggered single send; the mail has gone out in any case."""
    updates_scheduled: bool = False
    """Whether a scheduled single send can be updated; the mail is the updated one."""
    audience_checked_at: Literal["create", "schedule"] = "create"
    """When unknown ids of lists and segments are refused: in a create and an update, or first in a schedule."""
    needs_unsubscribe_tag: bool = True
    """Whether a single send's content needs the tag `{{{unsubscribe}}}` to be scheduled."""
    stats_before_sent: Literal[200, 404] = 200
    """The answer to reading the stats of a single send until its mailing is over; 200: without any."""
    senders_as: Literal["array", "object"] = "array"
    """The form of the list of senders: an array alone, as seen, or `results` in an object, as documented."""

    def __post_init__(self) -> None:
        for name, choices in _KNOB_CHOICES.items():
            self._check(name, getattr(self, name) in choices, f"one of {choices}")
        for name, (least, most) in _KNOB_RANGES.items():
            value = getattr(self, name)
            number = isinstance(value, int | float)
            in_range = (name.endswith("rate_limit") and value is None) or (number and least <= value <= most)
            self._check(name, in_range, f"from {least} to {most}")
        for name in _FLAGS:
            self._check(name, isinstance(getattr(self, name), bool), "True or False")
        status: Any = self.unscheduled_status
        self._check("unscheduled_status", isinstance(status, str) and status != "", "a text")

    def _check(self, name: str, right: bool, wanted: str) -> None:
        if not right:
            raise ValueError(f"{name} is {wanted}: {getattr(self, name)!r}")


_KNOB_CHOICES: Mapping[str, tuple[object, ...]] = {
    "unknown_on_behalf_of": (401, 403, "parent"),
    "unschedule_draft": (204, 403),
    "schedule_of_draft": (200, 404),
    "rate_reset": ("epoch", "delta"),
    "rate_scope": ("key", "account"),
    "single_sends_on_behalf_of": ("account", 403, "parent"),
    "now_reads_back": ("accepted", None),
    "unschedule_triggered": (200, 403),
    "audience_checked_at": ("create", "schedule"),
    "stats_before_sent": (200, 404),
    "senders_as": ("array", "object"),
}
_FLAGS = (
    *("executes_limited", "delete_stops", "reuses_ids", "lowers_categories"),
    *("schedules_triggered", "schedule_moves", "updates_scheduled", "needs_unsubscribe_tag"),
)
_KNOB_RANGES = {
    **dict.fromkeys(("lead", "duration", "race", "staleness", "leaves_draft_after"), (0, _LONGEST)),
    **dict.fromkeys(("campaign_limit", "rate_limit", "single_sends_rate_limit", "past_tolerance"), (0, math.inf)),
    "rate_window": (1, math.inf),
}


Origin = Literal["client", "late copy", "second copy", "another client"]


@attrs.frozen(kw_only=True)
class Request:
    """One HTTP request, parsed by a front end."""

    method: str
    path: str
    """The path as sent, without the query. No route matches percent-encoded characters."""
    query: Mapping[str, str] = attrs.field(factory=dict[str, str])
    headers: Mapping[str, str]
    """The headers, with names in lower case."""
    body: bytes = b""
    origin: Origin = "client"
    """The sender: see RequestRecord."""

    def packed(self) -> str:
        """Return the request as text, for the state."""
        return json.dumps({**attrs.asdict(self), "body": self.body.decode("latin-1")})

    @classmethod
    def unpacked(cls, text: str) -> "Request":
        given = json.loads(text)
        return cls(**{**given, "body": given["body"].encode("latin-1")})


@attrs.frozen(kw_only=True)
class Reply:
    """One HTTP answer."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes


@lru_cache(maxsize=8)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


_LIVE_KEY = re.compile(r"SG\.[\w-]{22}\.[\w-]{43}")
_SCOPES = {"GET": "read", "POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}

ALL_SCOPES = tuple(
    f"{api}.{right}" for api in ("marketing_campaigns", "marketing") for right in ("read", "create", "update", "delete")
)

LARGEST_ID = 2**63 - 1

# The next due event of each kind, at the time :now and with mailings of the length :duration. Of events at the same
# moment the smaller kind comes first: mail goes out before a mailing ends, and before a late copy of that moment is
# handled. Python sorts the events: SQLite takes 30 times as long.
_MAIL, _SINGLE_SEND, _MORE_MAIL, _END, _COPY = range(1, 6)
_NEXT = " UNION ALL ".join(
    f"SELECT * FROM (SELECT {due} AS at, {kind}, {number} FROM {table} WHERE {when} ORDER BY due, {number} LIMIT 1)"  # noqa: S608
    for kind, table, number, due, when in (
        (_MAIL, "campaigns", "id", "due", "status = 'Scheduled' AND due <= :now"),
        (_SINGLE_SEND, "single_sends", "id", "due", "status = 'scheduled' AND due <= :now"),
        (_MORE_MAIL, "outgoing", "number", "due", "due <= :now"),
        (_END, "campaigns", "id", "due + :duration", "status = 'In Progress' AND due <= :now - :duration"),
        (_COPY, "late", "number", "due", "due <= :now"),
    )
)


class Service(SingleSends):
    """The emulated service on a state."""

    def __init__(self, state: State, knobs: Knobs, now: Callable[[], float]) -> None:
        self._state = state
        self._knobs = knobs
        self._now = now

    @property
    def knobs(self) -> Knobs:
        return self._knobs

    @knobs.setter
    def knobs(self, knobs: Knobs) -> None:
        self._knobs = knobs
        if not knobs.staleness:  # nothing is remembered from now on
            self._state.rows("DELETE FROM history")

    def is_due(self) -> bool:
        """Return whether `run_due` has events to run."""
        return bool(self._state.rows(_NEXT, now=self._now(), duration=self._knobs.duration))

    def handle(self, request: Request) -> Reply:
        """Handle a request now, commit the change, and return the reply."""
        return self._state.transact(lambda: self._handle(request))

    def keep(self, request: Request, delay: float) -> None:
        """Handle a copy of a request `delay` seconds later."""
        late = attrs.evolve(request, origin="late copy").packed()
        # A live key is never stored; the service would refuse its request anyway.
        if not _LIVE_KEY.search(request.headers.get("authorization", "")):
            self._state.transact(lambda: self._state.insert("late", due=self._now() + delay, request=late))

    def _handle(self, request: Request) -> Reply:
        now = self._now()
        self.run_due(now)
        return self._respond(request, now)

    def _respond(self, request: Request, now: float) -> Reply:
        number = self._state.insert(
            "requests",
            at=now,
            method=request.method,
            path=request.path,
            on_behalf_of=request.headers.get("on-behalf-of"),
            headers=json.dumps({name: value for name, value in request.headers.items() if name != "authorization"}),
            body=request.body.decode("utf-8", "replace"),
            status_code=0,
            origin=request.origin,
        )
        headers = {"date": _date(int(now))}
        status_code, body = self._answer(request, now, number, headers)
        if isinstance(body, str):
            headers["content-type"] = "text/plain; charset=utf-8"
        elif body is not None:
            headers["content-type"] = "application/json"
            body = json.dumps(body)
        error = body if status_code >= 400 else ""
        self._state.rows("UPDATE requests SET status_code = ?, error = ? WHERE number = ?", status_code, error, number)
        return Reply(status_code=status_code, headers=headers, body=(body or "").encode())

    def run_due(self, now: float) -> None:
        """Run the due events in order: mail goes out, mailings end, late copies arrive. Call inside State.transact."""
        state = self._state
        while events := state.rows(_NEXT, now=now, duration=self._knobs.duration):
            at, kind, id = min(map(tuple, events))
            if kind in (_MAIL, _SINGLE_SEND):
                self._mail(state.rows(f"SELECT *, id AS campaign_id FROM {table_of(id)} WHERE id = ?", id)[0])  # noqa: S608
                self.change(id, at, status="In Progress" if kind == _MAIL else "triggered")
            elif kind == _END:
                self.change(id, at, status="Sent")
            elif kind == _MORE_MAIL:
                self._mail(state.rows("SELECT * FROM outgoing WHERE number = ?", id)[0])
                state.rows("DELETE FROM outgoing WHERE number = ?", id)
            else:
                (copy,) = state.rows("SELECT request FROM late WHERE number = ?", id)
                state.rows("DELETE FROM late WHERE number = ?", id)
                self._respond(Request.unpacked(copy["request"]), at)
        if self._knobs.staleness:
            state.rows("DELETE FROM history WHERE until <= ?", now - self._knobs.staleness)

    def _mail(self, due: Row) -> None:
        recipients = self._recipients(due["account"], json.loads(due["fields"]))
        self._state.insert(
            "mailings",
            campaign_id=due["campaign_id"],
            account=due["account"],
            at=due["due"],
            fields=due["fields"],
            recipients=recipients,
            request=due["scheduled_by"],
        )
        self._state.rows("UPDATE accounts SET credits = credits - ? WHERE name = ?", recipients, due["account"])

    # --- authorization ---

    def _answer(
        self, request: Request, now: float, number: int, headers: dict[str, str], *, counts: bool = True
    ) -> tuple[int, Any]:
        found = _route(request.path)
        if found is None:
            return 404, "404 page not found\n"
        handlers = _ROUTES[found.re]
        try:
            if request.method not in handlers:
                headers["allow"] = ", ".join(handlers)
                if found.re in ROUTES:
                    return 405, ""
                raise Refused(405, (None, "method not allowed"))
            account = self._authorize(request, now, headers, counts=counts)
            visit = Visit(
                account=account, now=now, number=number, path=request.path, query=request.query,
                headers=request.headers, body=request.body,
            )  # fmt: skip
            ids = found.groups() if found.re in ROUTES else map(_campaign_id, found.groups())
            return handlers[request.method](self, visit, *ids)
        except Refused as refused:
            if refused.status_code == 429 and self._knobs.executes_limited:
                self._answer(request, now, number, {}, counts=False)  # the client gets the 429 all the same
            errors = [{"field": field, "message": message} for field, message in refused.problems]
            return refused.status_code, {"errors": errors}

    def _authorize(self, request: Request, now: float, headers: dict[str, str], *, counts: bool) -> str:
        """Return the account that the request acts for. Raises Refused for a request that may not be made."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if _LIVE_KEY.fullmatch(value):
            raise Refused(
                401, (None, "this is a sandbox, and that looks like a live key: the request came to the wrong host")
            )
        key = self._state.row("SELECT * FROM keys WHERE value = ?", value)
        if scheme.lower() != "bearer" or key is None:
            raise Refused(401, UNAUTHORIZED)
        if counts:
            by_account = self._knobs.rate_scope == "account"
            counted = f"{value} {request.headers.get('on-behalf-of')}" if by_account else value
            own_limit = self._knobs.single_sends_rate_limit
            if own_limit is not None and request.path.startswith("/v3/marketing/"):
                self._count(f"{counted} marketing", own_limit, now, headers)
            else:
                self._count(counted, self._knobs.rate_limit, now, headers)
        api = request.path.split("/")[2]
        scope = f"{'marketing' if api == 'marketing' else 'marketing_campaigns'}.{_SCOPES[request.method]}"
        if api != "scopes" and scope not in json.loads(key["scopes"]):
            raise Refused(403, FORBIDDEN)
        account: str = key["account"]
        other = request.headers.get("on-behalf-of")
        if other is None:
            return account
        documented = api != "marketing" or request.path == "/v3/marketing/senders"
        acts_for = "account" if documented else self._knobs.single_sends_on_behalf_of
        if acts_for == "parent":
            return account
        if account or acts_for == 403:
            raise Refused(403, FORBIDDEN)  # only a parent account has accounts of its own
        if other and self._state.row("SELECT 1 FROM accounts WHERE name = ?", other):
            return other
        if self._knobs.unknown_on_behalf_of == "parent":
            return account
        status_code = self._knobs.unknown_on_behalf_of
        raise Refused(status_code, UNAUTHORIZED if status_code == 401 else FORBIDDEN)

    def _count(self, key: str, limit: int | None, now: float, headers: dict[str, str]) -> None:
        length = self._knobs.rate_window
        if limit is None:
            return
        window = math.floor(now / length)
        row = self._state.row("SELECT used FROM windows WHERE key = ? AND window = ?", key, window)
        used = (row["used"] if row else 0) + 1
        self._state.rows("REPLACE INTO windows (key, window, used) VALUES (?, ?, ?)", key, window, min(used, limit))
        end = (window + 1) * length
        headers["x-ratelimit-limit"] = str(limit)
        headers["x-ratelimit-remaining"] = str(max(limit - used, 0))
        headers["x-ratelimit-reset"] = str(end if self._knobs.rate_reset == "epoch" else math.ceil(end - now))
        if used > limit:
            raise Refused(429, (None, "too many requests"))

    # --- the eleven operations ---

    def create(self, visit: Visit) -> tuple[int, Any]:
        campaign = {**rules.FIELDS, **self._given(visit)}
        problems = rules.of_content(campaign, lambda kind, id: self._has(visit.account, kind, id))
        rows = self._state.rows("SELECT count(*) AS all_of_them FROM campaigns WHERE account = ?", visit.account)
        limit = self._knobs.campaign_limit
        if rows[0]["all_of_them"] >= limit:
            problems.append(
                (None, f"You've reached your limit of {limit} campaigns. Please delete one or more and try again.")
            )
        if problems:
            raise Refused(400, *problems)
        fields = json.dumps(campaign)
        id = self._state.insert("campaigns", id=self._freed_id(), account=visit.account, status="Draft", fields=fields)
        if self._knobs.staleness:
            self._state.insert("history", until=visit.now, id=id)
        return 201, _shown(id, campaign, "Draft")

    def list_(self, visit: Visit) -> tuple[int, Any]:
        limit = _number(visit.query.get("limit", "10"), "limit", least=1)
        offset = _number(visit.query.get("offset", "0"), "offset", least=0)
        rows = self._read(visit, "ORDER BY id DESC LIMIT :limit OFFSET :offset", limit=limit, offset=offset)
        return 200, {"result": [_shown(row["id"], json.loads(row["fields"]), row["status"]) for row in rows]}

    def get(self, visit: Visit, id: int) -> tuple[int, Any]:
        row = self._read_one(visit, id)
        return 200, _shown(id, json.loads(row["fields"]), row["status"])

    def update(self, visit: Visit, id: int) -> tuple[int, Any]:
        row, campaign = self._write_one(visit, id)
        if row["status"] != "Draft":
            raise Refused(403, (None, "You may only update a campaign when it is in draft mode."))
        changed = {**campaign, **self._given(visit)}
        problems = rules.of_content(changed, lambda kind, id: self._has(visit.account, kind, id))
        if changed["editor"] in rules.EDITORS and changed["editor"] != campaign["editor"]:
            problems.append(("editor", "You cannot switch editors once a campaign has been created."))
        if problems:
            raise Refused(400, *problems)
        self.change(id, visit.now, fields=json.dumps(changed))
        return 200, _shown(id, changed, "Draft")

    def delete(self, visit: Visit, id: int) -> tuple[int, Any]:
        row, _ = self._write_one(visit, id)
        self._delete(row, visit.now)
        if self._knobs.reuses_ids:
            self._state.insert("freed", id=id)
        return 204, None

    def schedule(self, visit: Visit, id: int) -> tuple[int, Any]:
        row, campaign = self._write_one(visit, id)
        if row["status"] != "Draft":
            raise Refused(
                403,
                (
                    None,
                    "You cannot POST to a campaign that has already sent or scheduled."
                    " However you can update a scheduled campaign with a PATCH.",
                ),
            )
        send_at = _send_at(visit)
        problems = self._to_send(visit.account, campaign)
        if self._is_past(send_at, visit.now):
            problems.append(rules.NOT_FUTURE)
        if problems:
            raise Refused(400, *problems)
        return 201, self._set_schedule(visit, id, send_at)

    def reschedule(self, visit: Visit, id: int) -> tuple[int, Any]:
        row, _ = self._write_one(visit, id)
        if row["status"] != "Scheduled":
            raise Refused(403, ("send_at", "You cannot update the send_at value of non-scheduled campaign."))
        send_at = _send_at(visit)
        if self._is_past(send_at, visit.now):
            raise Refused(400, rules.NOT_FUTURE)
        return 200, self._set_schedule(visit, id, send_at)

    def get_schedule(self, visit: Visit, id: int) -> tuple[int, Any]:
        row = self._read_one(visit, id)
        if row["send_at"] is None and self._knobs.schedule_of_draft == 404:
            raise Refused(404, NOT_FOUND)
        return 200, {"send_at": None if row["send_at"] is None else int(row["send_at"])}

    def unschedule(self, visit: Visit, id: int) -> tuple[int, Any]:
        row, _ = self._write_one(visit, id)
        status = row["status"]
        if status != "Scheduled" and (status != "Draft" or self._knobs.unschedule_draft == 403):
            raise Refused(403, (None, f"This campaign is already {status}."))
        if status == "Scheduled":
            status = self._knobs.unscheduled_status
        self._state.rows("DELETE FROM outgoing WHERE campaign_id = ?", id)
        self.change(id, visit.now, status=status, send_at=None, due=None, scheduled_by=None, accepted_at=None)
        return 204, None

    def send(self, visit: Visit, id: int) -> tuple[int, Any]:
        row, campaign = self._write_one(visit, id)
        races = self._races(row, visit.now)
        if row["status"] != "Draft" and not races:
            raise Refused(403, (None, "You may only send a campaign when it is in draft mode."))
        if problems := self._to_send(visit.account, campaign):
            raise Refused(400, *problems)
        send_at = visit.now + self._knobs.lead
        if races:
            self._mail_later(row, send_at, visit.number)
        else:
            self._set_schedule(visit, id, send_at, accepted_at=visit.now)
        return 201, {"id": id, "status": "Scheduled"}

    def send_test(self, visit: Visit, id: int) -> tuple[int, Any]:
        _, campaign = self._write_one(visit, id)
        given = visit.json()
        to: object = given.get("to")
        addresses = cast(list[object], to) if isinstance(to, list) else [to] if to else []
        if not all(isinstance(address, str) and address and rules.is_utf8(address) for address in addresses):
            raise Refused(400, rules.UNPARSED)
        if problems := rules.to_test(campaign, addresses):
            raise Refused(400, *problems)
        self._state.insert("tests", campaign_id=id, addresses=json.dumps(addresses), at=visit.now, request=visit.number)
        return 201, {"to": given["to"]}

    # --- shared by the operations ---

    def _given(self, visit: Visit) -> dict[str, Any]:
        """Return the campaign fields of the body, as the service stores them."""
        given = {name: value for name, value in visit.campaign().items() if name in rules.FIELDS}
        if given.get("ip_pool") == "":
            given["ip_pool"] = None
        if self._knobs.lowers_categories and given.get("categories"):
            given["categories"] = [category.lower() for category in given["categories"]]
        return given

    def _freed_id(self) -> int | None:
        row = self._state.row("SELECT min(id) AS id FROM freed") if self._knobs.reuses_ids else None
        id: int | None = row["id"] if row else None
        self._state.rows("DELETE FROM freed WHERE id = ?", id)
        return id

    def _set_schedule(self, visit: Visit, id: int, send_at: float, accepted_at: float | None = None) -> dict[str, Any]:
        times = {"send_at": send_at, "due": max(send_at, visit.now), "accepted_at": accepted_at}
        self.change(id, visit.now, status="Scheduled", scheduled_by=visit.number, **times)
        return {"id": id, "send_at": int(send_at), "status": "Scheduled"}

    def _to_send(self, account: str, campaign: rules.Campaign) -> list[rules.Problem]:
        return rules.to_send(campaign, self._recipients(account, campaign), self._credits(account))


def _shown(id: int, campaign: rules.Campaign, status: str) -> dict[str, Any]:
    return {"id": id, **campaign, "status": status}


def _campaign_id(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,18}", text) or int(text) > LARGEST_ID:
        raise Refused(404, NOT_FOUND)
    return int(text)


def _number(text: str, field: str, least: int) -> int:
    digits = re.fullmatch("0*([0-9]+)", text)
    # No page documents a largest value; beyond SQLite's integers, any value means the same.
    number = -1 if digits is None else int(digits[1]) if len(digits[1]) <= 18 else LARGEST_ID
    if number < least:
        raise Refused(400, (field, f"{field} must be at least {least}"))
    return number


def _send_at(visit: Visit) -> int:
    send_at = visit.json().get("send_at")
    if not isinstance(send_at, int) or isinstance(send_at, bool) or not -LARGEST_ID - 1 <= send_at <= LARGEST_ID:
        raise Refused(400, rules.UNPARSED)
    return send_at


_CAMPAIGN = "/v3/campaigns/([^/]+)"
_ROUTES: dict[re.Pattern[str], dict[str, Callable[..., tuple[int, Any]]]] = {
    re.compile("/v3/campaigns"): {"POST": Service.create, "GET": Service.list_},
    re.compile(_CAMPAIGN): {"GET": Service.get, "PATCH": Service.update, "DELETE": Service.delete},
    re.compile(f"{_CAMPAIGN}/schedules"): {
        "POST": Service.schedule,
        "PATCH": Service.reschedule,
        "GET": Service.get_schedule,
        "DELETE": Service.unschedule,
    },
    re.compile(f"{_CAMPAIGN}/schedules/now"): {"POST": Service.send},
    re.compile(f"{_CAMPAIGN}/schedules/test"): {"POST": Service.send_test},
    **ROUTES,
}


def _route(path: str) -> re.Match[str] | None:
    return next((match for route in _ROUTES if (match := route.fullmatch(path))), None)


def operation(method: str, path: str) -> str | None:
    """Return the name of the operation that a request asks for; None when there is none."""
    found = _route(path)
    handler = _ROUTES[found.re].get(method) if found else None
    return handler.__name__.rstrip("_") if handler else None


OPERATIONS = tuple(handler.__name__.rstrip("_") for handlers in _ROUTES.values() for handler in handlers.values())
