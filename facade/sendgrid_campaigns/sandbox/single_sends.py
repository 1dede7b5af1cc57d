"""The operations of the Single Sends API, the rules for the fields of single sends, and the errors of what breaks them.

The methods have the names of the operations in openapi/single_sends.yaml. No page gives the texts of errors: they are
this sandbox's own.

https://www.twilio.com/docs/sendgrid/api-reference/single-sends
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from sqlite3 import Row
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID, uuid5

from sendgrid_campaigns.sandbox import rules
from sendgrid_campaigns.sandbox.rules import Problem
from sendgrid_campaigns.sandbox.shared import NOT_FOUND, Refused, Shared, Visit

STATUSES = ("draft", "scheduled", "triggered")

_TOP: Mapping[str, Any] = {"name": None, "categories": None, "send_at": None}
_SEND_TO: Mapping[str, Any] = {"list_ids": (), "segment_ids": (), "all": False}
_EMAIL_CONFIG: Mapping[str, Any] = {
    "subject": None,
    "html_content": None,
    "plain_content": None,
    "generate_plain_content": True,
    "design_id": None,
    "editor": "code",
    "suppression_group_id": None,
    "custom_unsubscribe_url": None,
    "sender_id": None,
    "ip_pool": None,
}
FIELDS: Mapping[str, Any] = {**_TOP, **_SEND_TO, **_EMAIL_CONFIG}
"""The fields of a single send that clients set, with their default values. The state holds them without nesting."""

_TEXTS = ("categories", "list_ids", "segment_ids", "status")
_NUMBERS = ("sender_id", "suppression_group_id")
_FLAGS = ("all", "generate_plain_content")
_NULLABLE = ("send_at", "suppression_group_id", "custom_unsubscribe_url", "sender_id", "ip_pool")

RESERVED_FIELDS = (
    *("first_name", "last_name", "email", "alternate_emails", "address_line_1", "address_line_2", "city"),
    *("state_province_region", "postal_code", "country", "phone_number", "external_id"),
)
"""The fields that every contact has; the service has a few more."""
_TEXT = {"field_type": "Text"}

UNSUBSCRIBE = "{{{unsubscribe}}}"
UNPARSED: Problem = (None, "json could not be unmarshalled")
NO_TIME: Problem = ("send_at", "send_at must be 'now' or a time such as 2027-01-15T08:00:00Z")
NOT_FUTURE: Problem = ("send_at", "send_at must be in the future")

_GLOBAL_GROUP = -1
"""A suppression group that is seen in use, beside an empty custom_unsubscribe_url."""
_NAMESPACE = UUID("6d0c9a3e-3b1c-4f0e-9d4a-6a1f5a6f2c11")
"""The namespace of the ids of new single sends."""

Answer = tuple[int, Any]


# --- fields ---


def is_parsed(fields: Mapping[str, Any]) -> bool:
    """Return whether known fields have the documented types, or are None."""
    return all(_is_typed(name, value) for name, value in fields.items())


def _is_typed(name: str, value: Any) -> bool:
    if value is None:
        return True
    if name in _TEXTS:
        items = cast(Sequence[object], value)
        return isinstance(value, list | tuple) and all(rules.is_of(str, item) for item in items)
    if name in _FLAGS:
        return isinstance(value, bool)
    return rules.is_of(int if name in _NUMBERS else str, value)


def _typed(given: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return the fields with these names. Raises Refused for one of the wrong type."""
    found = {name: given[name] for name in names if name in given}
    if not is_parsed(found) or any(value is None and name not in _NULLABLE for name, value in found.items()):
        raise Refused(400, UNPARSED)
    return found


def _optional(visit: Visit) -> dict[str, Any]:
    """Return the body's fields; none of a request without a body, as SendGrid's own examples make it."""
    return visit.json(UNPARSED) if visit.body else {}


def _parsed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a body sets, without nesting. What is null or blank sets nothing, as in an update."""
    found = _typed(body, _TOP)
    for group, names in (("send_to", _SEND_TO), ("email_config", _EMAIL_CONFIG)):
        inner: object = body.get(group, {})
        if not isinstance(inner, dict):
            raise Refused(400, UNPARSED)
        found |= _typed(cast(dict[str, Any], inner), names)
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def complete(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as the service stores them: a time in UTC, ids in lower case, and the generated plain text."""
    stored = {**FIELDS, **fields}
    send_at = time_of(stored["send_at"])
    stored["send_at"] = text_of(send_at) if send_at is not None else stored["send_at"]
    for name in ("list_ids", "segment_ids"):
        stored[name] = [id.lower() for id in stored[name] or ()]
    if stored["generate_plain_content"] and stored["html_content"]:
        stored["plain_content"] = plain_of(stored["html_content"])
    return stored


_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def time_of(text: str | None) -> int | None:
    """Parse a time of ISO 8601 with an offset from UTC; None when the text is none."""
    if text is None or not _TIME.fullmatch(text):
        return None
    try:
        return int(datetime.fromisoformat(text.upper()).astimezone(UTC).replace(microsecond=0).timestamp())
    except (ValueError, OverflowError):
        return None


def text_of(seconds: float) -> str:
    """Return a time as the service writes times."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")


class _Text(HTMLParser):
    """The text of HTML: a line for each block, without scripts and styles."""

    blocks = frozenset(
        (
            *("address", "article", "br", "div", "footer", "header", "hr", "li", "ol", "p", "section", "table", "tr"),
            *("ul", "h1", "h2", "h3", "h4", "h5", "h6"),
        )
    )
    unseen = frozenset(("script", "style", "title"))

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.hidden += tag in self.unseen
        if tag in self.blocks:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = max(0, self.hidden - (tag in self.unseen))
        if tag in self.blocks:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(" ".join(data.split("\n")))


def plain_of(html: str) -> str:
    """Return the text of HTML."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.parts).split("\n"))
    return "\n".join(line for line in lines if line)


# --- problems ---


def _has_name(name: str | None) -> list[Problem]:
    if not name:
        return [("name", "name is required")]
    return [("name", "name must have at most 100 characters")] if len(name) > 100 else []


def _of_fields(fields: Mapping[str, Any], has: Callable[[str, Any], int | None]) -> list[Problem]:
    """Return the problems for which create and update refuse fields, but for those of the audience."""
    found = _has_name(fields["name"])
    categories = fields["categories"] or ()
    if len(categories) > 10:
        found.append(("categories", "there must be at most 10 categories"))
    if len({*categories}) < len(categories):
        found.append(("categories", "categories must be unique"))
    for name, most in (("list_ids", 50), ("segment_ids", 10)):
        if len(fields[name] or ()) > most:
            found.append((f"send_to.{name}", f"there must be at most {most} {name}"))
    if fields["send_at"] is not None and time_of(fields["send_at"]) is None:
        found.append(("send_at", "send_at must be a time such as 2027-01-15T08:00:00Z; 'now' only schedules"))
    if fields["editor"] not in rules.EDITORS:
        found.append(("email_config.editor", "editor must be 'code' or 'design'"))
    sender = fields["sender_id"]
    if sender is not None and not has("sender", sender):
        verified = "is not verified" if has("sender", sender) == 0 else "does not exist"
        found.append(("email_config.sender_id", f"sender_id {verified}"))
    for name, kind in (("suppression_group_id", "suppression_group"), ("ip_pool", "ip_pool")):
        if fields[name] not in (None, _GLOBAL_GROUP) and has(kind, fields[name]) is None:
            found.append((f"email_config.{name}", f"{name} does not exist"))
    return found


def _of_audience(fields: Mapping[str, Any], has: Callable[[str, Any], int | None]) -> list[Problem]:
    return [
        (f"send_to.{kind}_ids", f"{kind}_ids do not all exist")
        for kind in ("list", "segment")
        if any("-" not in id or has(kind, id) is None for id in fields[f"{kind}_ids"] or ())
    ]


def _to_schedule(fields: Mapping[str, Any], *, needs_tag: bool, lacks_credits: bool) -> list[Problem]:
    """Return the problems for which the service refuses to schedule a single send."""
    found: list[Problem] = []
    designed, content = fields["design_id"], fields["html_content"] or fields["plain_content"]
    if not fields["subject"] and not designed:
        found.append(("email_config.subject", "subject is required to schedule"))
    if not fields["sender_id"]:
        found.append(("email_config.sender_id", "sender_id is required to schedule"))
    if not content and not designed:
        found.append(("email_config.html_content", "html_content or plain_content is required to schedule"))
    if not (fields["list_ids"] or fields["segment_ids"] or fields["all"]):
        found.append(("send_to", "list_ids, segment_ids or all is required to schedule"))
    if (fields["suppression_group_id"] is None) == (not fields["custom_unsubscribe_url"]):
        both = "one of suppression_group_id and custom_unsubscribe_url is required to schedule, and not both"
        found.append(("email_config.suppression_group_id", both))
    if needs_tag and content and UNSUBSCRIBE not in content:
        found.append(("email_config.html_content", f"the tag {UNSUBSCRIBE} is required to schedule"))
    if lacks_credits:
        found.append((None, "not enough credits to schedule"))
    return found


# --- answers ---


def _summary(row: Row) -> dict[str, Any]:
    fields = json.loads(row["fields"])
    drafted = fields["send_at"] if row["status"] == "draft" else None
    return {
        "id": row["id"],
        "name": fields["name"],
        "abtest": None,
        "status": row["status"],
        "categories": fields["categories"],
        "is_abtest": False,
        "updated_at": fields["updated_at"],
        "created_at": fields["created_at"],
        "send_at": drafted if row["send_at"] is None else text_of(row["send_at"]),
    }


def _shown(row: Row) -> dict[str, Any]:
    fields, summary = json.loads(row["fields"]), _summary(row)
    config = {name: fields[name] for name in _EMAIL_CONFIG if name != "design_id" or fields[name]}
    nested = {"send_to": {name: fields[name] for name in _SEND_TO}, "email_config": config, "warnings": None}
    return {name: value for name, value in summary.items() if "abtest" not in name} | nested


def _page(
    visit: Visit, items: Sequence[Any], usual: int, most: int | None = None
) -> tuple[list[Any], dict[str, object]]:
    """Return one page of some items, and the links to others.

    most: the largest page; None: what is invalid is ignored, since no page of the service documents a refusal.
    """
    asked, token = visit.query.get("page_size", str(usual)), visit.query.get("page_token", "0")
    size = int(asked) if re.fullmatch("0*[1-9][0-9]{0,8}", asked) else 0
    first = int(token) if re.fullmatch("[0-9]{1,9}", token) else None
    if most is not None and not 1 <= size <= most:
        raise Refused(400, ("page_size", f"page_size must be from 1 to {most}"))
    if most is not None and first is None:
        raise Refused(400, ("page_token", "page_token must come from the link to a page"))
    size, first = size or usual, first or 0

    def link(begins: int) -> str:
        query = {**visit.query, "page_size": size, "page_token": begins}
        host = visit.headers.get("host", "api.sendgrid.com")
        scheme = "http" if re.match(r"(127\.|localhost\b)", host) else "https"
        return f"{scheme}://{host}{visit.path}?{urlencode(query)}"

    links: dict[str, object] = {"self": link(first), "count": len(items)}
    if first > 0:
        links["prev"] = link(max(0, first - size))
    if first + size < len(items):
        links["next"] = link(first + size)
    return list(items[first : first + size]), links


def _id(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()):
        raise Refused(404, NOT_FOUND)
    return text.lower()


def _day(visit: Visit, name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(visit.query[name]) if name in visit.query else otherwise
    except ValueError:
        raise Refused(400, (name, f"{name} must be a day such as 2027-01-15")) from None


_NO_COUNTS = dict.fromkeys(
    (
        *("requests", "delivered", "opens", "unique_opens", "clicks", "unique_clicks", "bounces", "bounce_drops"),
        *("invalid_emails", "spam_reports", "spam_report_drops", "unsubscribes"),
    ),
    0,
)


def _counted(id: str, recipients: int) -> dict[str, Any]:
    stats = {**_NO_COUNTS, "requests": recipients, "delivered": recipients}
    return {"id": id, "aggregation": "total", "ab_variation": "all", "ab_phase": "all", "stats": stats}


class SingleSends(Shared):
    """The operations of the Single Sends API."""

    # --- changes ---

    def create_single_send(self, visit: Visit) -> Answer:
        fields = self._complete(visit, {}, _parsed(visit.json(UNPARSED)))
        return 201, self._new(visit, fields)

    def update_single_send(self, visit: Visit, text: str) -> Answer:
        row, fields = self._write_one(visit, id := _id(text))
        if row["status"] != "draft" and not (row["status"] == "scheduled" and self._knobs.updates_scheduled):
            raise Refused(400, (None, f"a {row['status']} single send cannot be updated"))
        changed = self._complete(visit, fields, _parsed(visit.json(UNPARSED)))
        self.change(id, visit.now, fields=json.dumps({**changed, "updated_at": text_of(visit.now)}))
        return 202, self._current(visit, id)

    def delete_single_send(self, visit: Visit, text: str) -> Answer:
        row, _ = self._write_one(visit, _id(text))
        self._delete(row, visit.now)
        return 204, None

    def duplicate_single_send(self, visit: Visit, text: str) -> Answer:
        _, fields = self._write_one(visit, _id(text))
        given = _typed(_optional(visit), ["name"])
        name = given.get("name", f"Copy of {fields['name']}"[:100])
        if problems := _has_name(name):
            raise Refused(400, *problems)
        return 201, self._new(visit, {**fields, "name": name, "send_at": None})

    def schedule_single_send(self, visit: Visit, text: str) -> Answer:
        row, fields = self._write_one(visit, id := _id(text))
        status, races = row["status"], self._races(row, visit.now)
        allowed = status in ("draft", "scheduled") or (status == "triggered" and self._knobs.schedules_triggered)
        if not allowed and not races:
            raise Refused(400, (None, f"a {status} single send cannot be scheduled"))
        given = visit.json(UNPARSED).get("send_at")
        if not rules.is_of(str, given):
            raise Refused(400, UNPARSED)
        asked = visit.now if given == "now" else time_of(given)
        if asked is None:
            raise Refused(400, NO_TIME)
        self._check_to_schedule(visit, fields, None if given == "now" else asked)
        due = visit.now + self._knobs.lead if given == "now" else max(asked, visit.now)
        said = given if given == "now" and self._knobs.now_reads_back is None else text_of(asked)
        if races:
            self._mail_later(row, due, visit.number)
            return 201, {"send_at": said, "status": "scheduled"}
        if status == "scheduled" and not self._knobs.schedule_moves:
            self._mail_later(row, row["due"], row["scheduled_by"])
        self.change(
            id,
            visit.now,
            status="scheduled",
            send_at=None if said == "now" else asked,
            due=due,
            scheduled_by=visit.number,
            accepted_at=visit.now if status == "draft" else row["accepted_at"],
            fields=json.dumps({**fields, "updated_at": text_of(visit.now)}),
        )
        return 201, {"send_at": said, "status": "scheduled"}

    def unschedule_single_send(self, visit: Visit, text: str) -> Answer:
        row, fields = self._write_one(visit, id := _id(text))
        status = row["status"]
        codes = {"scheduled": 200, "triggered": self._knobs.unschedule_triggered, "draft": self._knobs.unschedule_draft}
        if codes.get(status, 403) == 403:
            raise Refused(403, (None, f"a {status} single send is not scheduled"))
        if status == "scheduled":
            status = self._knobs.unscheduled_status.lower()
            self._state.rows("DELETE FROM outgoing WHERE campaign_id = ?", id)
            packed = json.dumps({**fields, "send_at": None, "updated_at": text_of(visit.now)})
            nothing = dict.fromkeys(("send_at", "due", "scheduled_by", "accepted_at"))
            self.change(id, visit.now, status=status, fields=packed, **nothing)
        return 200, {"send_at": None if row["send_at"] is None else text_of(row["send_at"]), "status": status}

    # --- reads ---

    def get_single_send(self, visit: Visit, text: str) -> Answer:
        return 200, _shown(self._read_one(visit, _id(text)))

    def list_single_sends(self, visit: Visit) -> Answer:
        return 200, self._listed(visit, self._all(visit))

    def search_single_sends(self, visit: Visit) -> Answer:
        given = _typed(_optional(visit), ["name", "status", "categories"])
        name, status, categories = (given.get(each) for each in ("name", "status", "categories"))
        if name is not None and (problems := _has_name(name)):
            raise Refused(400, *problems)

        def fits(row: Row) -> bool:
            fields = json.loads(row["fields"])
            return (
                (name is None or name.lower() in fields["name"].lower())
                and (not status or row["status"] in status)
                and (not categories or not {*categories}.isdisjoint(fields["categories"] or ()))
            )

        return 200, self._listed(visit, [row for row in self._all(visit) if fits(row)], 10**9)

    def list_single_send_categories(self, visit: Visit) -> Answer:
        each = (category for row in self._all(visit) for category in json.loads(row["fields"])["categories"] or ())
        return 200, {"categories": sorted(list(dict.fromkeys(each))[:1000])}

    def list_single_send_stats(self, visit: Visit) -> Answer:
        asked = visit.query.get("singlesend_ids")
        ids = None if asked is None else [id.strip().lower() for id in asked.split(",") if id.strip()]
        if ids is not None and len(ids) > 25:
            raise Refused(400, ("singlesend_ids", "there must be at most 25 singlesend_ids"))
        counts = self._counts(visit, date.min, date.max)
        found = [id for row in self._all(visit) if (id := row["id"]) in counts and (ids is None or id in ids)]
        page, links = _page(visit, found, 25, 50)
        return 200, {"results": [_counted(id, counts[id]) for id in page], "_metadata": links}

    def get_single_send_stats(self, visit: Visit, text: str) -> Answer:
        self._read_one(visit, id := _id(text))
        since, until = _day(visit, "start_date", date.min), _day(visit, "end_date", date.max)
        counts = self._counts(visit, since, until)
        if id not in counts and self._knobs.stats_before_sent == 404:
            raise Refused(404, NOT_FOUND)
        page, links = _page(visit, [_counted(id, counts[id])] if id in counts else [], 25, 50)
        return 200, {"results": page, "_metadata": links}

    # --- what single sends refer to ---

    def list_contact_lists(self, visit: Visit) -> Answer:
        lists = [_contact_list(row) for row in self._resources(visit, "list") if "-" in row["id"]]
        page, links = _page(visit, lists, 100, 1000)
        return 200, {"result": page, "_metadata": links}

    def get_contact_list(self, visit: Visit, text: str) -> Answer:
        for row in self._resources(visit, "list"):
            if row["id"] == text.lower() and "-" in row["id"]:
                return 200, _contact_list(row)
        return 404, [{"message": "not found", "error_id": "404", "field": "id", "parameter": "id"}]

    def list_legacy_lists(self, visit: Visit) -> Answer:
        lists = [row for row in self._resources(visit, "list") if row["id"].isdigit()]
        return 200, {
            "lists": [{"id": int(row["id"]), "name": row["name"], "recipient_count": row["value"]} for row in lists]
        }

    def list_segments(self, visit: Visit) -> Answer:
        segments = [row for row in self._resources(visit, "segment") if "-" in row["id"]]
        return 200, {
            "results": [
                {"id": row["id"], "name": row["name"], "contacts_count": row["value"], "parent_list_ids": None}
                for row in segments
            ]
        }

    def list_field_definitions(self, visit: Visit) -> Answer:
        reserved = [{"id": f"_rf{number}", "name": name, **_TEXT} for number, name in enumerate(RESERVED_FIELDS)]
        custom = [{"id": row["id"], "name": row["name"], **_TEXT} for row in self._resources(visit, "custom_field")]
        return 200, {"reserved_fields": reserved, **({"custom_fields": custom} if custom else {})}

    def list_senders(self, visit: Visit) -> Answer:
        uses = " UNION ".join(
            f"SELECT json_extract(fields, '$.sender_id') AS id FROM {table} WHERE account = :account AND status IN"  # noqa: S608
            " ('Draft', 'Scheduled', 'In Progress', 'draft', 'scheduled')"
            for table in ("campaigns", "single_sends")
        )
        locked = {str(row["id"]) for row in self._state.rows(uses, account=visit.account)}
        senders = [
            {
                "id": int(row["id"]),
                "nickname": row["name"],
                "from": (address := {"email": f"sender-{row['id']}@example.com", "name": row["name"]}),
                "reply_to": address,
                "verified": bool(row["value"]),
                "locked": row["id"] in locked,
            }
            for row in self._resources(visit, "sender")
            if row["id"].isdigit()
        ]
        return 200, senders if self._knobs.senders_as == "array" else {"results": senders}

    def list_scopes(self, visit: Visit) -> Answer:
        key = visit.headers["authorization"].partition(" ")[2]
        row = self._state.row("SELECT scopes FROM keys WHERE value = ?", key)
        return 200, {"scopes": json.loads(row["scopes"]) if row else []}

    # --- shared by the operations ---

    def insert_single_send(self, account: str, fields: Mapping[str, Any], now: float, **columns: Any) -> str:
        """Insert a single send, by default a draft, and return its id. Call inside State.transact."""
        last = self._state.row("SELECT seq FROM sqlite_sequence WHERE name = 'single_sends'")
        number = (last["seq"] if last else 0) + 1
        id: str = columns.pop("id", str(uuid5(_NAMESPACE, str(number))))
        times = dict.fromkeys(("created_at", "updated_at"), text_of(now))
        packed = json.dumps({**fields, **times, "number": number})
        row = {"status": "draft", **columns, "id": id, "account": account, "fields": packed}
        self._state.insert("single_sends", **row)
        return id

    def _new(self, visit: Visit, fields: Mapping[str, Any]) -> dict[str, Any]:
        id = self.insert_single_send(visit.account, fields, visit.now)
        if self._knobs.staleness:
            self._state.insert("history", until=visit.now, id=id)
        return self._current(visit, id)

    def _complete(self, visit: Visit, before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields after a create or an update. Raises Refused for those that the service refuses."""
        fields = complete({**before, **given})
        if self._knobs.lowers_categories and fields["categories"]:
            fields["categories"] = [category.lower() for category in fields["categories"]]
        problems = _of_fields(fields, lambda kind, id: self._has(visit.account, kind, id))
        if self._knobs.audience_checked_at == "create":
            problems += _of_audience(fields, lambda kind, id: self._has(visit.account, kind, id))
        if problems:
            raise Refused(400, *problems)
        return fields

    def _check_to_schedule(self, visit: Visit, fields: Mapping[str, Any], send_at: float | None) -> None:
        lacks_credits = self._recipients(visit.account, fields) > self._credits(visit.account)
        needs_tag = self._knobs.needs_unsubscribe_tag
        problems = _to_schedule(fields, needs_tag=needs_tag, lacks_credits=lacks_credits)
        problems += _of_audience(fields, lambda kind, id: self._has(visit.account, kind, id))
        if send_at is not None and self._is_past(send_at, visit.now):
            problems.append(NOT_FUTURE)
        if problems:
            raise Refused(400, *problems)

    def _current(self, visit: Visit, id: str) -> dict[str, Any]:
        """Return the answer to a change: the state as it is now, though reads may lag."""
        (row,) = self._state.rows("SELECT * FROM single_sends WHERE account = ? AND id = ?", visit.account, id)
        return _shown(row)

    def _all(self, visit: Visit) -> list[Row]:
        """Return the account's single sends as reads show them, the newest first."""
        return self._read(visit, "ORDER BY json_extract(fields, '$.number') DESC", "single_sends")

    def _listed(self, visit: Visit, rows: Sequence[Row], most: int | None = None) -> dict[str, Any]:
        page, links = _page(visit, rows, 100, most)
        return {"result": [_summary(row) for row in page] or None, "_metadata": links}

    def _counts(self, visit: Visit, since: date, until: date) -> dict[str, int]:
        """Return the recipients of the mailings that are over, by the id of the single send."""
        rows = self._state.rows(
            "SELECT campaign_id, at, recipients FROM mailings"
            " WHERE account = ? AND typeof(campaign_id) = 'text' AND at + ? <= ?",
            visit.account,
            self._knobs.duration,
            visit.now - self._knobs.staleness,
        )
        counts: dict[str, int] = {}
        for row in rows:
            if since <= datetime.fromtimestamp(row["at"], UTC).date() <= until:
                counts[row["campaign_id"]] = counts.get(row["campaign_id"], 0) + row["recipients"]
        return counts

    def _resources(self, visit: Visit, kind: str) -> list[Row]:
        return self._state.rows(
            "SELECT * FROM resources WHERE account = ? AND kind = ? ORDER BY rowid", visit.account, kind
        )


def _contact_list(row: Row) -> dict[str, Any]:
    return {"id": row["id"], "name": row["name"], "contact_count": row["value"]}


_SINGLE_SENDS = "/v3/marketing/singlesends"
ROUTES: dict[re.Pattern[str], dict[str, Callable[..., Answer]]] = {
    re.compile(_SINGLE_SENDS): {"POST": SingleSends.create_single_send, "GET": SingleSends.list_single_sends},
    re.compile(f"{_SINGLE_SENDS}/categories"): {"GET": SingleSends.list_single_send_categories},
    re.compile(f"{_SINGLE_SENDS}/search"): {"POST": SingleSends.search_single_sends},
    re.compile(f"{_SINGLE_SENDS}/([^/]+)"): {
        "GET": SingleSends.get_single_send,
        "PATCH": SingleSends.update_single_send,
        "DELETE": SingleSends.delete_single_send,
        "POST": SingleSends.duplicate_single_send,
    },
    re.compile(f"{_SINGLE_SENDS}/([^/]+)/schedule"): {
        "PUT": SingleSends.schedule_single_send,
        "DELETE": SingleSends.unschedule_single_send,
    },
    re.compile("/v3/marketing/stats/singlesends"): {"GET": SingleSends.list_single_send_stats},
    re.compile("/v3/marketing/stats/singlesends/([^/]+)"): {"GET": SingleSends.get_single_send_stats},
    re.compile("/v3/marketing/lists"): {"GET": SingleSends.list_contact_lists},
    re.compile("/v3/marketing/lists/([^/]+)"): {"GET": SingleSends.get_contact_list},
    re.compile("/v3/marketing/segments/2[.]0"): {"GET": SingleSends.list_segments},
    re.compile("/v3/marketing/field_definitions"): {"GET": SingleSends.list_field_definitions},
    re.compile("/v3/marketing/senders"): {"GET": SingleSends.list_senders},
    re.compile("/v3/contactdb/lists"): {"GET": SingleSends.list_legacy_lists},
    re.compile("/v3/scopes"): {"GET": SingleSends.list_scopes},
}
