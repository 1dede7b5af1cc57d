"""What the operations of campaigns and of single sends share: an authorized request, refusals, and the state."""

import json
from collections.abc import Mapping
from sqlite3 import Row
from typing import TYPE_CHECKING, Any, cast

import attrs

from sendgrid_campaigns.sandbox import rules
from sendgrid_campaigns.sandbox.state import State

if TYPE_CHECKING:
    from sendgrid_campaigns.sandbox.service import Knobs

Id = int | str
"""The id of a campaign, an integer, or of a single send, a UUID as text."""

UNAUTHORIZED: rules.Problem = (None, "authorization required")
FORBIDDEN: rules.Problem = (None, "access forbidden")
NOT_FOUND: rules.Problem = (None, "not found")


class Refused(Exception):
    """The service refuses a request."""

    def __init__(self, status_code: int, *problems: rules.Problem) -> None:
        self.status_code = status_code
        self.problems = problems


@attrs.frozen(kw_only=True)
class Visit:
    """An authorized request: its account, its time, its number in the ledger, and what it says."""

    account: str
    now: float
    number: int
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self, unparsed: rules.Problem = rules.UNPARSED) -> dict[str, Any]:
        """Return the body's fields, of any type. Raises Refused for a body that is no JSON object."""
        try:
            text = self.body.decode("utf-8")
            given: Any = json.loads(text, parse_float=_number_of_json, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise Refused(400, unparsed) from None
        if not isinstance(given, dict):
            raise Refused(400, unparsed)
        return cast(dict[str, Any], given)

    def campaign(self) -> dict[str, Any]:
        """Return the body's fields. Raises Refused when a campaign field has the wrong type."""
        given = self.json()
        if not rules.is_parsed(given):
            raise Refused(400, rules.UNPARSED)
        return given


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON, though Python parses it")


def _number_of_json(text: str) -> float:
    """Parse a JSON number; 110.0 is an integer, as in JSON Schema."""
    number = float(text)
    return int(number) if number.is_integer() else number


_VERSION = "account, status, fields, send_at, accepted_at"
_TABLES = {
    "campaigns": {"type": "integer", "draft": "Draft"},
    "single_sends": {"type": "text", "draft": "draft"},
}
"""For each table, the SQLite type of its ids, by which the history tells them apart, and the first status."""
_AS_IT_WAS = """(
    SELECT id, {version} FROM {table} WHERE id NOT IN (SELECT id FROM history WHERE until > :now)
    UNION ALL SELECT id, {version} FROM history
    WHERE typeof(id) = '{type}' AND number IN (SELECT min(number) FROM history WHERE until > :now GROUP BY id)
)"""


def table_of(id: Id) -> str:
    """Return the table that holds a campaign or single send."""
    return "single_sends" if isinstance(id, str) else "campaigns"


class Shared:
    """The service's resources, and changes and reads of campaigns and single sends."""

    _state: State
    _knobs: "Knobs"

    def change(self, id: Id, at: float, **columns: Any) -> None:
        """Change columns of a campaign or single send. Call inside State.transact, after `run_due`."""
        self._remember(id, at)
        names = ", ".join(f"{name} = ?" for name in columns)
        self._state.rows(f"UPDATE {table_of(id)} SET {names} WHERE id = ?", *columns.values(), id)  # noqa: S608

    def _remember(self, id: Id, until: float) -> None:
        """Store the current version for stale reads; nulls when there is none."""
        if self._knobs.staleness:
            row = self._state.row(f"SELECT {_VERSION} FROM {table_of(id)} WHERE id = ?", id)  # noqa: S608
            self._state.insert("history", until=until, id=id, **(dict(row) if row else {}))

    def _write_one(self, visit: Visit, id: Id) -> tuple[Row, dict[str, Any]]:
        """Return the current row and its fields."""
        row = self._state.row(f"SELECT * FROM {table_of(id)} WHERE account = ? AND id = ?", visit.account, id)  # noqa: S608
        if row is None:
            raise Refused(404, NOT_FOUND)
        return row, json.loads(row["fields"])

    def _read_one(self, visit: Visit, id: Id) -> Row:
        for row in self._read(visit, "AND id = :id", table_of(id), id=id):
            return row
        raise Refused(404, NOT_FOUND)

    def _read(self, visit: Visit, which: str, table: str = "campaigns", **values: Id) -> list[Row]:
        """Return the account's campaigns, or single sends, as reads show them."""
        parts = {**_TABLES[table], "table": table, "version": _VERSION}
        source = _AS_IT_WAS.format(**parts) if self._knobs.staleness else table
        left = "accepted_at IS NULL OR :now >= accepted_at + :late"
        return self._state.rows(
            f"SELECT id, fields, CASE WHEN {left} THEN status ELSE '{parts['draft']}' END AS status,"  # noqa: S608
            f" CASE WHEN {left} THEN send_at END AS send_at FROM {source} WHERE account = :account {which}",
            now=visit.now - self._knobs.staleness,
            late=self._knobs.leaves_draft_after,
            account=visit.account,
            **values,
        )

    def _delete(self, row: Row, now: float) -> None:
        """Delete a campaign or single send, and stop its mail as the knob says."""
        if self._knobs.delete_stops:
            self._state.rows("DELETE FROM outgoing WHERE campaign_id = ?", row["id"])
        elif row["status"] in ("Scheduled", "scheduled"):
            self._mail_later(row, row["due"], row["scheduled_by"])
        self._remember(row["id"], now)
        self._state.rows(f"DELETE FROM {table_of(row['id'])} WHERE id = ?", row["id"])  # noqa: S608

    def _is_past(self, send_at: float, now: float) -> bool:
        tolerance = self._knobs.past_tolerance
        return now - send_at > tolerance or (now == send_at and tolerance == 0)

    def _races(self, row: Row, now: float) -> bool:
        return row["accepted_at"] is not None and now < row["accepted_at"] + self._knobs.race

    def _mail_later(self, row: Row, due: float, request: int | None) -> None:
        """Mail a campaign or single send when due, whether or not it still exists."""
        campaign = {"campaign_id": row["id"], "account": row["account"], "fields": row["fields"]}
        self._state.insert("outgoing", **campaign, due=due, scheduled_by=request)

    def _credits(self, account: str) -> int:
        row = self._state.row("SELECT credits FROM accounts WHERE name = ?", account)
        return row["credits"] if row else 0

    def _recipients(self, account: str, campaign: rules.Campaign) -> int:
        rows = self._state.rows("SELECT kind, id, value FROM resources WHERE account = ?", account)
        sizes = {(row["kind"], row["id"]): row["value"] for row in rows}
        asked = {("list", str(id)) for id in campaign["list_ids"] or ()}
        asked |= {("segment", str(id)) for id in campaign["segment_ids"] or ()}
        if campaign.get("all"):  # of the account's contacts, the sandbox knows those in lists
            asked |= {(kind, id) for kind, id in sizes if kind == "list" and not id.isdigit()}
        return sum(sizes.get(one, 0) for one in asked)

    def _has(self, account: str, kind: str, id: Id) -> int | None:
        row = self._state.row(
            "SELECT value FROM resources WHERE account = ? AND kind = ? AND id = ?", account, kind, str(id)
        )
        return row["value"] if row else None
