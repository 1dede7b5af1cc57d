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

    def __post_init__(self) -> None:
        for name, choices in _KNOB_CHOICES.items():
            self._check(name, getattr(self, name) in choices, f"one of {choices}")
        for name, (least, most) in _KNOB_RANGES.items():
            value = getattr(self, name)
            number = isinstance(value, int | float)
            in_range = (name == "rate_limit" and value is None) or (number and least <= value <= most)
            self._check(name, in_range, f"from {least} to {most}")
        for name in ("executes_limited", "delete_stops", "reuses_ids", "lowers_categories"):
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
}
_KNOB_RANGES = {
    **dict.fromkeys(("lead", "duration", "race", "staleness", "leaves_draft_after"), (0, _LONGEST)),
    **dict.fromkeys(("campaign_limit", "rate_limit", "past_tolerance"), (0, math.inf)),
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


class _Refused(Exception):
    def __init__(self, status_code: int, *problems: rules.Problem) -> None:
        self.status_code = status_code
        self.problems = problems


@attrs.frozen(kw_only=True)
class _Visit:
    """An authorized request: its account, its time, its number in the ledger, its query and body."""

    account: str
    now: float
    number: int
    query: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body's fields, of any type. Raises _Refused for a body that is no JSON object."""
        try:
            text = self.body.decode("utf-8")
            given: Any = json.loads(text, parse_float=_number_of_json, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise _Refused(400, rules.UNPARSED) from None
        if not isinstance(given, dict):
            raise _Refused(400, rules.UNPARSED)
        return cast(dict[str, Any], given)

    def campaign(self) -> dict[str, Any]:
        """Return the body's fields. Raises _Refused when a campaign field has the wrong type."""
        given = self.json()
        if not rules.is_parsed(given):
            raise _Refused(400, rules.UNPARSED)
        return given


@lru_cache(maxsize=8)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


_UNAUTHORIZED = (None, "authorization required")
_FORBIDDEN = (None, "access forbidden")
_NOT_FOUND = (None, "not found")

_LIVE_KEY = re.compile(r"SG\.[\w-]{22}\.[\w-]{43}")
_SCOPES = {"GET": "read", "POST": "create", "PATCH": "update", "DELETE": "delete"}

ALL_SCOPES = tuple(f"marketing_campaigns.{right}" for right in _SCOPES.values())

LARGEST_ID = 2**63 - 1

# The next due event of each kind, at the time :now and with mailings of the length :duration. Of events at the same
# moment the smaller kind comes first: mail goes out before a mailing ends, and before a late copy of that moment is
# handled. Python sorts the events: SQLite takes 30 times as long.
_MAIL, _MORE_MAIL, _END, _COPY = range(1, 5)
_NEXT = " UNION ALL ".join(
    f"SELECT * FROM (SELECT {due} AS at, {kind}, {number} FROM {table} WHERE {when} ORDER BY due, {number} LIMIT 1)"  # noqa: S608
    for kind, table, number, due, when in (
        (_MAIL, "campaigns", "id", "due", "status = 'Scheduled' AND due <= :now"),
        (_MORE_MAIL, "outgoing", "number", "due", "due <= :now"),
        (_END, "campaigns", "id", "due + :duration", "status = 'In Progress' AND due <= :now - :duration"),
        (_COPY, "late", "number", "due", "due <= :now"),
    )
)

_VERSION = "account, status, fields, send_at, accepted_at"
_AS_IT_WAS = f"""(
    SELECT id, {_VERSION} FROM campaigns WHERE id NOT IN (SELECT id FROM history WHERE until > :now)
    UNION ALL SELECT id, {_VERSION} FROM history
    WHERE number IN (SELECT min(number) FROM history WHERE until > :now GROUP BY id)
)"""  # noqa: S608


class Service:
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
            if kind == _MAIL:
                self._mail(state.rows("SELECT *, id AS campaign_id FROM campaigns WHERE id = ?", id)[0])
                self.change(id, at, status="In Progress")
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

    def change(self, id: int, at: float, **columns: Any) -> None:
        """Change columns of a campaign. Call inside State.transact, after `run_due`."""
        self._remember(id, at)
        names = ", ".join(f"{name} = ?" for name in columns)
        self._state.rows(f"UPDATE campaigns SET {names} WHERE id = ?", *columns.values(), id)  # noqa: S608

    def _remember(self, id: int, until: float) -> None:
        """Store the current version of a campaign for stale reads; nulls when there is no such campaign."""
        if self._knobs.staleness:
            row = self._state.row(f"SELECT {_VERSION} FROM campaigns WHERE id = ?", id)  # noqa: S608
            self._state.insert("history", until=until, id=id, **(dict(row) if row else {}))

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
                raise _Refused(405, (None, "method not allowed"))
            account = self._authorize(request, now, headers, counts=counts)
            visit = _Visit(account=account, now=now, number=number, query=request.query, body=request.body)
            handler = handlers[request.method]
            return handler(self, visit, *map(_campaign_id, found.groups()))
        except _Refused as refused:
            if refused.status_code == 429 and self._knobs.executes_limited:
                self._answer(request, now, number, {}, counts=False)  # the client gets the 429 all the same
            errors = [{"field": field, "message": message} for field, message in refused.problems]
            return refused.status_code, {"errors": errors}

    def _authorize(self, request: Request, now: float, headers: dict[str, str], *, counts: bool) -> str:
        """Return the account that the request acts for. Raises _Refused for a request that may not be made."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if _LIVE_KEY.fullmatch(value):
            raise _Refused(
                401, (None, "this is a sandbox, and that looks like a live key: the request came to the wrong host")
            )
        key = self._state.row("SELECT * FROM keys WHERE value = ?", value)
        if scheme.lower() != "bearer" or key is None:
            raise _Refused(401, _UNAUTHORIZED)
        if counts:
            by_account = self._knobs.rate_scope == "account"
            self._count(f"{value} {request.headers.get('on-behalf-of')}" if by_account else value, now, headers)
        if f"marketing_campaigns.{_SCOPES[request.method]}" not in json.loads(key["scopes"]):
            raise _Refused(403, _FORBIDDEN)
        account: str = key["account"]
        other = request.headers.get("on-behalf-of")
        if other is None:
            return account
        if account:
            raise _Refused(403, _FORBIDDEN)  # only a parent account has accounts of its own
        if other and self._state.row("SELECT 1 FROM accounts WHERE name = ?", other):
            return other
        if self._knobs.unknown_on_behalf_of == "parent":
            return account
        status_code = self._knobs.unknown_on_behalf_of
        raise _Refused(status_code, _UNAUTHORIZED if status_code == 401 else _FORBIDDEN)

    def _count(self, key: str, now: float, headers: dict[str, str]) -> None:
        limit, length = self._knobs.rate_limit, self._knobs.rate_window
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
            raise _Refused(429, (None, "too many requests"))

    # --- the eleven operations ---

    def create(self, visit: _Visit) -> tuple[int, Any]:
        campaign = {**rules.FIELDS, **self._given(visit)}
        problems = rules.of_content(campaign, lambda kind, id: self._has(visit.account, kind, id))
        rows = self._state.rows("SELECT count(*) AS all_of_them FROM campaigns WHERE account = ?", visit.account)
        limit = self._knobs.campaign_limit
        if rows[0]["all_of_them"] >= limit:
            problems.append(
                (None, f"You've reached your limit of {limit} campaigns. Please delete one or more and try again.")
            )
        if problems:
            raise _Refused(400, *problems)
        fields = json.dumps(campaign)
        id = self._state.insert("campaigns", id=self._freed_id(), account=visit.account, status="Draft", fields=fields)
        if self._knobs.staleness:
            self._state.insert("history", until=visit.now, id=id)
        return 201, _shown(id, campaign, "Draft")

    def list_(self, visit: _Visit) -> tuple[int, Any]:
        limit = _number(visit.query.get("limit", "10"), "limit", least=1)
        offset = _number(visit.query.get("offset", "0"), "offset", least=0)
        rows = self._read(visit, "ORDER BY id DESC LIMIT :limit OFFSET :offset", limit=limit, offset=offset)
        return 200, {"result": [_shown(row["id"], json.loads(row["fields"]), row["status"]) for row in rows]}

    def get(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row = self._read_one(visit, id)
        return 200, _shown(id, json.loads(row["fields"]), row["status"])

    def update(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, campaign = self._campaign(visit, id)
        if row["status"] != "Draft":
            raise _Refused(403, (None, "You may only update a campaign when it is in draft mode."))
        changed = {**campaign, **self._given(visit)}
        problems = rules.of_content(changed, lambda kind, id: self._has(visit.account, kind, id))
        if changed["editor"] in rules.EDITORS and changed["editor"] != campaign["editor"]:
            problems.append(("editor", "You cannot switch editors once a campaign has been created."))
        if problems:
            raise _Refused(400, *problems)
        self.change(id, visit.now, fields=json.dumps(changed))
        return 200, _shown(id, changed, "Draft")

    def delete(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, _ = self._campaign(visit, id)
        if self._knobs.delete_stops:
            self._state.rows("DELETE FROM outgoing WHERE campaign_id = ?", id)
        elif row["status"] == "Scheduled":
            self._mail_later(row, row["due"], row["scheduled_by"])
        self._remember(id, visit.now)
        self._state.rows("DELETE FROM campaigns WHERE id = ?", id)
        if self._knobs.reuses_ids:
            self._state.insert("freed", id=id)
        return 204, None

    def schedule(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, campaign = self._campaign(visit, id)
        if row["status"] != "Draft":
            raise _Refused(
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
            raise _Refused(400, *problems)
        return 201, self._set_schedule(visit, id, send_at)

    def reschedule(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, _ = self._campaign(visit, id)
        if row["status"] != "Scheduled":
            raise _Refused(403, ("send_at", "You cannot update the send_at value of non-scheduled campaign."))
        send_at = _send_at(visit)
        if self._is_past(send_at, visit.now):
            raise _Refused(400, rules.NOT_FUTURE)
        return 200, self._set_schedule(visit, id, send_at)

    def get_schedule(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row = self._read_one(visit, id)
        if row["send_at"] is None and self._knobs.schedule_of_draft == 404:
            raise _Refused(404, _NOT_FOUND)
        return 200, {"send_at": None if row["send_at"] is None else int(row["send_at"])}

    def unschedule(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, _ = self._campaign(visit, id)
        status = row["status"]
        if status != "Scheduled" and (status != "Draft" or self._knobs.unschedule_draft == 403):
            raise _Refused(403, (None, f"This campaign is already {status}."))
        if status == "Scheduled":
            status = self._knobs.unscheduled_status
        self._state.rows("DELETE FROM outgoing WHERE campaign_id = ?", id)
        self.change(id, visit.now, status=status, send_at=None, due=None, scheduled_by=None, accepted_at=None)
        return 204, None

    def send(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, campaign = self._campaign(visit, id)
        races = row["accepted_at"] is not None and visit.now < row["accepted_at"] + self._knobs.race
        if row["status"] != "Draft" and not races:
            raise _Refused(403, (None, "You may only send a campaign when it is in draft mode."))
        if problems := self._to_send(visit.account, campaign):
            raise _Refused(400, *problems)
        send_at = visit.now + self._knobs.lead
        if races:
            self._mail_later(row, send_at, visit.number)
        else:
            self._set_schedule(visit, id, send_at, accepted_at=visit.now)
        return 201, {"id": id, "status": "Scheduled"}

    def send_test(self, visit: _Visit, id: int) -> tuple[int, Any]:
        _, campaign = self._campaign(visit, id)
        given = visit.json()
        to: object = given.get("to")
        addresses = cast(list[object], to) if isinstance(to, list) else [to] if to else []
        if not all(isinstance(address, str) and address and rules.is_utf8(address) for address in addresses):
            raise _Refused(400, rules.UNPARSED)
        if problems := rules.to_test(campaign, addresses):
            raise _Refused(400, *problems)
        self._state.insert("tests", campaign_id=id, addresses=json.dumps(addresses), at=visit.now, request=visit.number)
        return 201, {"to": given["to"]}

    # --- shared by the operations ---

    def _given(self, visit: _Visit) -> dict[str, Any]:
        """Return the campaign fields of the body, as the service stores them."""
        given = {name: value for name, value in visit.campaign().items() if name in rules.FIELDS}
        if given.get("ip_pool") == "":
            given["ip_pool"] = None
        if self._knobs.lowers_categories and given.get("categories"):
            given["categories"] = [category.lower() for category in given["categories"]]
        return given

    def _campaign(self, visit: _Visit, id: int) -> tuple[Row, dict[str, Any]]:
        row = self._state.row("SELECT * FROM campaigns WHERE account = ? AND id = ?", visit.account, id)
        if row is None:
            raise _Refused(404, _NOT_FOUND)
        return row, json.loads(row["fields"])

    def _read_one(self, visit: _Visit, id: int) -> Row:
        for row in self._read(visit, "AND id = :id", id=id):
            return row
        raise _Refused(404, _NOT_FOUND)

    def _read(self, visit: _Visit, which: str, **values: int) -> list[Row]:
        """Return the account's campaigns as reads show them."""
        source = _AS_IT_WAS if self._knobs.staleness else "campaigns"
        left = "accepted_at IS NULL OR :now >= accepted_at + :late"
        return self._state.rows(
            f"SELECT id, fields, CASE WHEN {left} THEN status ELSE 'Draft' END AS status,"  # noqa: S608
            f" CASE WHEN {left} THEN send_at END AS send_at FROM {source} WHERE account = :account {which}",
            now=visit.now - self._knobs.staleness,
            late=self._knobs.leaves_draft_after,
            account=visit.account,
            **values,
        )

    def _freed_id(self) -> int | None:
        row = self._state.row("SELECT min(id) AS id FROM freed") if self._knobs.reuses_ids else None
        id: int | None = row["id"] if row else None
        self._state.rows("DELETE FROM freed WHERE id = ?", id)
        return id

    def _is_past(self, send_at: int, now: float) -> bool:
        tolerance = self._knobs.past_tolerance
        return now - send_at > tolerance or (now == send_at and tolerance == 0)

    def _set_schedule(self, visit: _Visit, id: int, send_at: float, accepted_at: float | None = None) -> dict[str, Any]:
        times = {"send_at": send_at, "due": max(send_at, visit.now), "accepted_at": accepted_at}
        self.change(id, visit.now, status="Scheduled", scheduled_by=visit.number, **times)
        return {"id": id, "send_at": int(send_at), "status": "Scheduled"}

    def _mail_later(self, row: Row, due: float, request: int | None) -> None:
        """Mail a campaign when due, whether or not the campaign still exists."""
        campaign = {"campaign_id": row["id"], "account": row["account"], "fields": row["fields"]}
        self._state.insert("outgoing", **campaign, due=due, scheduled_by=request)

    def _to_send(self, account: str, campaign: rules.Campaign) -> list[rules.Problem]:
        row = self._state.row("SELECT credits FROM accounts WHERE name = ?", account)
        return rules.to_send(campaign, self._recipients(account, campaign), row["credits"] if row else 0)

    def _recipients(self, account: str, campaign: rules.Campaign) -> int:
        rows = self._state.rows("SELECT kind, id, value FROM resources WHERE account = ?", account)
        sizes = {(row["kind"], row["id"]): row["value"] for row in rows}
        asked = {("list", str(id)) for id in campaign["list_ids"] or ()}
        asked |= {("segment", str(id)) for id in campaign["segment_ids"] or ()}
        return sum(sizes.get(one, 0) for one in asked)

    def _has(self, account: str, kind: str, id: Any) -> int | None:
        row = self._state.row(
            "SELECT value FROM resources WHERE account = ? AND kind = ? AND id = ?", account, kind, str(id)
        )
        return row["value"] if row else None


def _shown(id: int, campaign: rules.Campaign, status: str) -> dict[str, Any]:
    return {"id": id, **campaign, "status": status}


def _campaign_id(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,18}", text) or int(text) > LARGEST_ID:
        raise _Refused(404, _NOT_FOUND)
    return int(text)


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON, though Python parses it")


def _number_of_json(text: str) -> float:
    """Parse a JSON number; 110.0 is an integer, as in JSON Schema."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _number(text: str, field: str, least: int) -> int:
    digits = re.fullmatch("0*([0-9]+)", text)
    # No page documents a largest value; beyond SQLite's integers, any value means the same.
    number = -1 if digits is None else int(digits[1]) if len(digits[1]) <= 18 else LARGEST_ID
    if number < least:
        raise _Refused(400, (field, f"{field} must be at least {least}"))
    return number


def _send_at(visit: _Visit) -> int:
    send_at = visit.json().get("send_at")
    if not isinstance(send_at, int) or isinstance(send_at, bool) or not -LARGEST_ID - 1 <= send_at <= LARGEST_ID:
        raise _Refused(400, rules.UNPARSED)
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
}


def _route(path: str) -> re.Match[str] | None:
    return next((match for route in _ROUTES if (match := route.fullmatch(path))), None)


def operation(method: str, path: str) -> str | None:
    """Return the name of the operation that a request asks for; None when there is none."""
    found = _route(path)
    handler = _ROUTES[found.re].get(method) if found else None
    return handler.__name__.rstrip("_") if handler else None


OPERATIONS = tuple(handler.__name__.rstrip("_") for handlers in _ROUTES.values() for handler in handlers.values())
