"""The service itself: a request in, a reply out, the state changed in one transaction in between.

https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from sqlite3 import Row
from typing import Any, Literal, cast

import attrs
from attrs.validators import ge, in_, le, optional

from sendgrid_campaigns.sandbox import rules
from sendgrid_campaigns.sandbox.state import State

_LONGEST = 1e9
"""Seconds."""


@attrs.frozen(kw_only=True)
class Knobs:
    """What the service does where its documents are silent. Each default is a guess: see docs/sandbox.md."""

    unknown_on_behalf_of: Literal[401, 403, "parent"] = attrs.field(default=401, validator=in_((401, 403, "parent")))
    """What an account that the key's owner does not have is answered; "parent": the header is ignored."""
    lead: float = attrs.field(default=0.0, validator=[ge(0), le(_LONGEST)])
    """Seconds from the acceptance of a send until mail goes out: until then the campaign is Scheduled."""
    duration: float = attrs.field(default=60.0, validator=[ge(0), le(_LONGEST)])
    """Seconds that a mailing takes: until then the campaign is In Progress."""
    unschedule_draft: Literal[204, 403] = attrs.field(default=204, validator=in_((204, 403)))
    """What unscheduling a Draft is answered."""
    schedule_of_draft: Literal[200, 404] = attrs.field(default=200, validator=in_((200, 404)))
    """What reading the schedule of a campaign that has none is answered; 200: a `send_at` of null."""
    campaign_limit: int = attrs.field(default=250, validator=ge(0))
    """Campaigns that an account may have; documents say 250 and 2500."""
    rate_limit: int | None = attrs.field(default=None, validator=optional(ge(0)))
    """Requests in a window for one key; None: no limit, and no headers about it."""
    rate_window: int = attrs.field(default=60, validator=ge(1))
    """Seconds."""
    rate_reset: Literal["epoch", "delta"] = attrs.field(default="epoch", validator=in_(("epoch", "delta")))
    """Whether X-RateLimit-Reset is a unix time, or seconds left."""


@attrs.frozen(kw_only=True)
class Request:
    """One HTTP request, as either door has understood it."""

    method: str
    path: str
    """As it was sent, without the query: what is encoded in it matches no route."""
    query: Mapping[str, str] = attrs.field(factory=dict[str, str])
    headers: Mapping[str, str]
    """With names in lower case."""
    body: bytes = b""


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
    """A request that was let in: whose it is, when, its number in the ledger, and what it brings."""

    account: str
    now: float
    number: int
    query: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body's fields; each operation looks at the types of those it knows."""
        try:
            text = self.body.decode("utf-8")
            given: Any = json.loads(text, parse_float=_number_of_json, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise _Refused(400, rules.UNPARSED) from None
        if not isinstance(given, dict):
            raise _Refused(400, rules.UNPARSED)
        return cast(dict[str, Any], given)

    def campaign(self) -> dict[str, Any]:
        given = self.json()
        if not rules.is_parsed(given):
            raise _Refused(400, rules.UNPARSED)
        return given


_UNAUTHORIZED = (None, "authorization required")
_FORBIDDEN = (None, "access forbidden")
_NOT_FOUND = (None, "not found")

_LIVE_KEY = re.compile(r"SG\.[\w-]{22}\.[\w-]{43}")
_SCOPES = {"GET": "read", "POST": "create", "PATCH": "update", "DELETE": "delete"}

ALL_SCOPES = tuple(f"marketing_campaigns.{right}" for right in _SCOPES.values())

LARGEST_ID = 2**63 - 1


class Service:
    """Answers requests from a state."""

    def __init__(self, state: State, knobs: Knobs, now: Callable[[], float]) -> None:
        self._state = state
        self._knobs = knobs
        self._now = now

    def handle(self, request: Request) -> Reply:
        """The reply; what the request changed is kept before this returns."""
        return self._state.transact(lambda: self._handle(request))

    def _handle(self, request: Request) -> Reply:
        now = self._now()
        self.settle(now)
        number = self._state.insert(
            "requests",
            at=now,
            method=request.method,
            path=request.path,
            on_behalf_of=request.headers.get("on-behalf-of"),
            status_code=0,
        )
        headers = {"date": formatdate(now, usegmt=True)}
        status_code, body = self._answer(request, now, number, headers)
        self._state.rows("UPDATE requests SET status_code = ? WHERE number = ?", status_code, number)
        if isinstance(body, str):
            headers["content-type"] = "text/plain; charset=utf-8"
        elif body is not None:
            headers["content-type"] = "application/json"
            body = json.dumps(body)
        return Reply(status_code=status_code, headers=headers, body=(body or "").encode())

    def settle(self, now: float) -> None:
        """Let happen what is due: campaigns are mailed, mailings end. Belongs into State.transact."""
        state = self._state
        for due in state.rows("SELECT * FROM campaigns WHERE status = 'Scheduled' AND send_at <= ?", now):
            recipients = self._recipients(due["account"], json.loads(due["fields"]))
            state.insert(
                "mailings",
                campaign_id=due["id"],
                account=due["account"],
                at=due["send_at"],
                recipients=recipients,
                request=due["scheduled_by"],
            )
            state.rows("UPDATE accounts SET credits = credits - ? WHERE name = ?", recipients, due["account"])
            state.rows("UPDATE campaigns SET status = 'In Progress' WHERE id = ?", due["id"])
        state.rows(
            "UPDATE campaigns SET status = 'Sent' WHERE status = 'In Progress' AND send_at <= ?",
            now - self._knobs.duration,
        )

    # --- who may ask for what ---

    def _answer(self, request: Request, now: float, number: int, headers: dict[str, str]) -> tuple[int, Any]:
        found = next((match for path in _ROUTES if (match := path.fullmatch(request.path))), None)
        if found is None:
            return 404, "404 page not found\n"
        handlers = _ROUTES[found.re]
        try:
            if request.method not in handlers:
                headers["allow"] = ", ".join(handlers)
                raise _Refused(405, (None, "method not allowed"))
            account = self._let_in(request, now, headers)
            visit = _Visit(account=account, now=now, number=number, query=request.query, body=request.body)
            handler = handlers[request.method]
            return handler(self, visit, *map(_campaign_id, found.groups()))
        except _Refused as refused:
            errors = [{"field": field, "message": message} for field, message in refused.problems]
            return refused.status_code, {"errors": errors}

    def _let_in(self, request: Request, now: float, headers: dict[str, str]) -> str:
        """The account that the request acts for."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if _LIVE_KEY.fullmatch(value):
            raise _Refused(401, (None, "this is a sandbox, and that looks like a live key: it came to the wrong host"))
        key = self._state.row("SELECT * FROM keys WHERE value = ?", value)
        if scheme.lower() != "bearer" or key is None:
            raise _Refused(401, _UNAUTHORIZED)
        self._count(value, now, headers)
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
        given = visit.campaign()
        campaign = {name: given.get(name, value) for name, value in rules.FIELDS.items()}
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
        id = self._state.insert("campaigns", account=visit.account, status="Draft", fields=fields)
        return 201, _shown(id, campaign, "Draft")

    def list_page(self, visit: _Visit) -> tuple[int, Any]:
        limit = _number(visit.query.get("limit", "10"), "limit", least=1)
        offset = _number(visit.query.get("offset", "0"), "offset", least=0)
        rows = self._state.rows(
            "SELECT * FROM campaigns WHERE account = ? ORDER BY id DESC LIMIT ? OFFSET ?", visit.account, limit, offset
        )
        return 200, {"result": [_shown(row["id"], json.loads(row["fields"]), row["status"]) for row in rows]}

    def get(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, campaign = self._campaign(visit, id)
        return 200, _shown(id, campaign, row["status"])

    def update(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, campaign = self._campaign(visit, id)
        if row["status"] != "Draft":
            raise _Refused(403, (None, "You may only update a campaign when it is in draft mode."))
        given = {name: value for name, value in visit.campaign().items() if name in rules.FIELDS}
        changed = {**campaign, **given}
        problems = rules.of_content(changed, lambda kind, id: self._has(visit.account, kind, id))
        if changed["editor"] in rules.EDITORS and changed["editor"] != campaign["editor"]:
            problems.append(("editor", "You cannot switch editors once a campaign has been created."))
        if problems:
            raise _Refused(400, *problems)
        self._state.rows("UPDATE campaigns SET fields = ? WHERE id = ?", json.dumps(changed), id)
        return 200, _shown(id, changed, "Draft")

    def delete(self, visit: _Visit, id: int) -> tuple[int, Any]:
        self._campaign(visit, id)
        self._state.rows("DELETE FROM campaigns WHERE id = ?", id)
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
        if send_at <= visit.now:
            problems.append(rules.NOT_FUTURE)
        if problems:
            raise _Refused(400, *problems)
        return 201, self._set_schedule(visit, id, send_at)

    def reschedule(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, _ = self._campaign(visit, id)
        if row["status"] != "Scheduled":
            raise _Refused(403, ("send_at", "You cannot update the send_at value of non-scheduled campaign."))
        send_at = _send_at(visit)
        if send_at <= visit.now:
            raise _Refused(400, rules.NOT_FUTURE)
        return 200, self._set_schedule(visit, id, send_at)

    def get_schedule(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, _ = self._campaign(visit, id)
        if row["send_at"] is None and self._knobs.schedule_of_draft == 404:
            raise _Refused(404, _NOT_FOUND)
        return 200, {"send_at": None if row["send_at"] is None else int(row["send_at"])}

    def unschedule(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, _ = self._campaign(visit, id)
        status = row["status"]
        if status != "Scheduled" and (status != "Draft" or self._knobs.unschedule_draft == 403):
            raise _Refused(403, (None, f"This campaign is already {status}."))
        self._state.rows("UPDATE campaigns SET status = 'Draft', send_at = NULL, scheduled_by = NULL WHERE id = ?", id)
        return 204, None

    def send_now(self, visit: _Visit, id: int) -> tuple[int, Any]:
        row, campaign = self._campaign(visit, id)
        if row["status"] != "Draft":
            raise _Refused(403, (None, "You may only send a campaign when it is in draft mode."))
        if problems := self._to_send(visit.account, campaign):
            raise _Refused(400, *problems)
        scheduled = self._set_schedule(visit, id, visit.now + self._knobs.lead)
        return 201, {"id": id, "status": scheduled["status"]}

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

    # --- what they share ---

    def _campaign(self, visit: _Visit, id: int) -> tuple[Row, dict[str, Any]]:
        row = self._state.row("SELECT * FROM campaigns WHERE account = ? AND id = ?", visit.account, id)
        if row is None:
            raise _Refused(404, _NOT_FOUND)
        return row, json.loads(row["fields"])

    def _set_schedule(self, visit: _Visit, id: int, send_at: float) -> dict[str, Any]:
        self._state.rows(
            "UPDATE campaigns SET status = 'Scheduled', send_at = ?, scheduled_by = ? WHERE id = ?",
            *(send_at, visit.number, id),
        )
        return {"id": id, "send_at": int(send_at), "status": "Scheduled"}

    def _to_send(self, account: str, campaign: rules.Campaign) -> list[rules.Problem]:
        row = self._state.row("SELECT credits FROM accounts WHERE name = ?", account)
        return rules.to_send(campaign, self._recipients(account, campaign), row["credits"] if row else 0)

    def _recipients(self, account: str, campaign: rules.Campaign) -> int:
        lists = [self._has(account, "list", id) for id in set(campaign["list_ids"] or ())]
        segments = [self._has(account, "segment", id) for id in set(campaign["segment_ids"] or ())]
        return sum(size or 0 for size in lists + segments)

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
    raise ValueError(f"{text} is Python's JSON, and nobody else's")


def _number_of_json(text: str) -> float:
    """110.0 is an integer, as in JSON Schema."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _number(text: str, field: str, least: int) -> int:
    digits = re.fullmatch("0*([0-9]+)", text)
    # What the state cannot count to is as good as all there is: no page names a largest value.
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
    re.compile("/v3/campaigns"): {"POST": Service.create, "GET": Service.list_page},
    re.compile(_CAMPAIGN): {"GET": Service.get, "PATCH": Service.update, "DELETE": Service.delete},
    re.compile(f"{_CAMPAIGN}/schedules"): {
        "POST": Service.schedule,
        "PATCH": Service.reschedule,
        "GET": Service.get_schedule,
        "DELETE": Service.unschedule,
    },
    re.compile(f"{_CAMPAIGN}/schedules/now"): {"POST": Service.send_now},
    re.compile(f"{_CAMPAIGN}/schedules/test"): {"POST": Service.send_test},
}
