"""The service itself: a request in, a reply out, the state changed in one transaction in between.

https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api
"""

import json
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from sqlite3 import Row
from typing import Any, Literal

import attrs

from sendgrid_campaigns.sandbox import rules
from sendgrid_campaigns.sandbox.state import State


@attrs.frozen(kw_only=True)
class Knobs:
    """What the service does where its documents are silent. Each default is a guess: see docs/sandbox.md."""

    unknown_on_behalf_of: Literal[401, 403, "parent"] = 401
    """What an account that the key's owner does not have is answered; "parent": the header is ignored."""
    lead: float = 0.0
    """Seconds from the acceptance of a send until mail goes out: until then the campaign is Scheduled."""
    duration: float = 60.0
    """Seconds that a mailing takes: until then the campaign is In Progress."""


@attrs.frozen(kw_only=True)
class Request:
    """One HTTP request, as either door has understood it."""

    method: str
    path: str
    headers: Mapping[str, str]
    """With names in lower case."""


@attrs.frozen(kw_only=True)
class Reply:
    """One HTTP answer."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen
class _Refused(Exception):
    status_code: int
    problems: list[rules.Problem]


@attrs.frozen(kw_only=True)
class _Visit:
    """A request that was let in: whose it is, when, and its number in the ledger."""

    account: str
    now: float
    number: int


_UNAUTHORIZED: list[rules.Problem] = [(None, "authorization required")]
_FORBIDDEN: list[rules.Problem] = [(None, "access forbidden")]
_NOT_FOUND: list[rules.Problem] = [(None, "not found")]

_LIVE_KEY = re.compile(r"SG\.[\w-]{22}\.[\w-]{43}")
_SCOPES = {"GET": "read", "POST": "create", "PATCH": "update", "DELETE": "delete"}

ALL_SCOPES = tuple(f"marketing_campaigns.{right}" for right in _SCOPES.values())


class Service:
    """Answers requests from a state."""

    def __init__(self, state: State, knobs: Knobs, now: Callable[[], float]) -> None:
        self._state = state
        self._knobs = knobs
        self._now = now

    def handle(self, request: Request) -> Reply:
        """The reply; what the request changed is kept before this returns."""
        with self._state.transaction():
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
            status_code, body = self._answer(request, now, number)
            self._state.rows("UPDATE requests SET status_code = ? WHERE number = ?", status_code, number)
        plain = isinstance(body, str)
        return Reply(
            status_code=status_code,
            headers={
                "content-type": "text/plain; charset=utf-8" if plain else "application/json",
                "date": formatdate(now, usegmt=True),
            },
            body=body.encode() if isinstance(body, str) else json.dumps(body).encode(),
        )

    def settle(self, now: float) -> None:
        """Let happen what is due: campaigns are mailed, mailings end. Belongs into a transaction."""
        state = self._state
        for due in state.rows("SELECT * FROM campaigns WHERE status = 'Scheduled' AND send_at <= ?", now):
            state.insert(
                "mailings",
                campaign_id=due["id"],
                account=due["account"],
                at=due["send_at"],
                recipients=self._recipients(due["account"], json.loads(due["fields"])),
                request=due["scheduled_by"],
            )
            state.rows("UPDATE campaigns SET status = 'In Progress' WHERE id = ?", due["id"])
        state.rows(
            "UPDATE campaigns SET status = 'Sent' WHERE status = 'In Progress' AND send_at <= ?",
            now - self._knobs.duration,
        )

    def _answer(self, request: Request, now: float, number: int) -> tuple[int, Any]:
        known = [
            (method, handler, found) for method, path, handler in _ROUTES if (found := path.fullmatch(request.path))
        ]
        if not known:
            return 404, "404 page not found\n"
        try:
            for method, handler, found in known:
                if method == request.method:
                    visit = _Visit(account=self._let_in(request), now=now, number=number)
                    return handler(self, visit, **found.groupdict())
            raise _Refused(405, [(None, "method not allowed")])
        except _Refused as refused:
            errors = [{"field": field, "message": message} for field, message in refused.problems]
            return refused.status_code, {"errors": errors}

    def _let_in(self, request: Request) -> str:
        """The account that the request acts for."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if _LIVE_KEY.fullmatch(value):
            raise _Refused(
                401, [(None, "this is a sandbox, and that looks like a live key: it was given to the wrong host")]
            )
        key = self._state.row("SELECT * FROM keys WHERE value = ?", value)
        if scheme.lower() != "bearer" or key is None:
            raise _Refused(401, _UNAUTHORIZED)
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

    def get(self, visit: _Visit, id: str) -> tuple[int, Any]:
        row, campaign = self._campaign(visit, id)
        return 200, {"id": row["id"], **campaign, "status": row["status"]}

    def send_now(self, visit: _Visit, id: str) -> tuple[int, Any]:
        row, campaign = self._campaign(visit, id)
        if row["status"] != "Draft":
            raise _Refused(403, [(None, "You may only send a campaign when it is in draft mode.")])
        recipients = self._recipients(visit.account, campaign)
        account = self._state.row("SELECT credits FROM accounts WHERE name = ?", visit.account)
        problems = rules.to_send(campaign, recipients, account["credits"] if account else 0)
        if problems:
            raise _Refused(400, problems)
        self._state.rows("UPDATE accounts SET credits = credits - ? WHERE name = ?", recipients, visit.account)
        self._state.rows(
            "UPDATE campaigns SET status = 'Scheduled', send_at = ?, scheduled_by = ? WHERE id = ?",
            *(visit.now + self._knobs.lead, visit.number, row["id"]),
        )
        return 201, {"id": row["id"], "status": "Scheduled"}

    def _campaign(self, visit: _Visit, id: str) -> tuple[Row, dict[str, Any]]:
        row = self._state.row("SELECT * FROM campaigns WHERE account = ? AND id = ?", visit.account, id)
        if row is None:
            raise _Refused(404, _NOT_FOUND)
        return row, json.loads(row["fields"])

    def _recipients(self, account: str, campaign: Mapping[str, Any]) -> int:
        total = 0
        for kind, ids in (("list", campaign["list_ids"]), ("segment", campaign["segment_ids"])):
            for id in ids or ():
                resource = self._state.row(
                    "SELECT value FROM resources WHERE account = ? AND kind = ? AND id = ?", account, kind, str(id)
                )
                total += resource["value"] if resource else 0
        return total


_ROUTES: list[tuple[str, re.Pattern[str], Callable[..., tuple[int, Any]]]] = [
    ("GET", re.compile(r"/v3/campaigns/(?P<id>\d{1,18})"), Service.get),
    ("POST", re.compile(r"/v3/campaigns/(?P<id>\d{1,18})/schedules/now"), Service.send_now),
]
