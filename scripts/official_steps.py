"""The calls that SendGrid's own clients make, each with the answer that the fragment documents.

Paths and bodies are as in SendGrid's own examples: the campaigns of sendgrid-python, the single send of sendgrid-ruby,
and the samples for Python and Node on the reference pages. Those samples search and duplicate without a body.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import attrs
from jsonschema import Draft202012Validator, ValidationError

from sendgrid_campaigns.sandbox import Sandbox
from sendgrid_campaigns.sandbox.example import READY, READY_SINGLE_SEND, SINGLE_SENDS
from sendgrid_campaigns.sandbox.single_sends import RESERVED_FIELDS
from spec_diff.reader import read, resolved

NOW, AT = 1_800_000_000, "2027-01-15T08:00:00Z"
"""The time of the sandbox, whose clock stands still: in unix seconds, and as single sends have it."""
URL = "http://sandbox"
"""The address of the sandbox in links."""
NOT_FOUND = {"errors": [{"field": None, "message": "not found"}]}


@attrs.frozen
class Step:
    """One call of a client, and the answer to expect."""

    name: str
    method: str
    path: str
    status_code: int
    answer: Any = None
    body: Any = attrs.field(default=None, kw_only=True)
    query: Any = attrs.field(default=None, kw_only=True)

    def call(self) -> dict[str, Any]:
        """Return the call as JSON data: without a body or a query where there is none."""
        found = {"name": self.name, "method": self.method, "path": self.path.split("/")}
        return found | {name: value for name in ("body", "query") if (value := getattr(self, name)) is not None}


def fragment(name: str) -> dict[str, Any]:
    return read((Path(__file__).resolve().parent.parent / "openapi" / f"{name}.yaml").read_text("utf-8"))


def operation_of(step: Step, described: dict[str, Any]) -> dict[str, Any]:
    """Return the operation of a step. Raises LookupError or ValidationError for an undocumented answer."""
    paths, path = described["paths"], f"/v3/{step.path}"
    like = (each for each in paths if re.fullmatch(re.sub("{.*?}", "[^/]+", each), path))
    operation: dict[str, Any] = paths[path if path in paths else next(like, path)][step.method.lower()]
    answer = resolved(described, operation["responses"][str(step.status_code)])
    schema = answer["content"]["application/json"]["schema"] if "content" in answer else {"type": "null"}
    Draft202012Validator({**schema, "components": described["components"]}).validate(step.answer)
    return operation


# --- campaigns ---

SENT = 4900
NEW = {**READY, "title": "April Newsletter"}
CHANGE = {"subject": "What spring brings", "categories": ["summer line"], "ip_pool": None}
DRAFT = {"custom_unsubscribe_url": None, "editor": "code", **NEW, "status": "Draft"}


def campaigns(described: dict[str, Any]) -> list[Step]:
    """Return the steps of a client that calls the Campaigns API."""
    id = Sandbox().create_campaign()  # the first new id of every sandbox
    one, schedule, now = f"campaigns/{id}", f"campaigns/{id}/schedules", f"campaigns/{SENT}/schedules/now"
    sooner, later = {"send_at": NOW + 3600}, {"send_at": NOW + 7200}
    test, first = {"to": "me@example.com"}, {"id": id, **DRAFT, **CHANGE}
    send = described["paths"]["/v3/campaigns/{campaign_id}/schedules/now"]["post"]["responses"]
    not_a_draft = send["403"]["content"]["application/json"]["examples"]["not_a_draft"]["value"]
    return [
        Step("create", "POST", "campaigns", 201, {"id": id, **DRAFT}, body=NEW),
        Step("update", "PATCH", one, 200, first, body=CHANGE),
        Step("schedule", "POST", schedule, 201, {"id": id, **sooner, "status": "Scheduled"}, body=sooner),
        Step("reschedule", "PATCH", schedule, 200, {"id": id, **later, "status": "Scheduled"}, body=later),
        Step("its schedule", "GET", schedule, 200, later),
        Step("unschedule", "DELETE", schedule, 204),
        Step("test", "POST", f"{schedule}/test", 201, test, body=test),
        Step("list", "GET", "campaigns", 200, {"result": [first]}, query={"limit": 1, "offset": 0}),
        Step("send now", "POST", now, 201, {"id": SENT, "status": "Scheduled"}),
        Step("send again", "POST", now, 403, not_a_draft),
        Step("delete", "DELETE", one, 204),
        Step("get", "GET", one, 404, NOT_FOUND),
    ]


# --- single sends ---

SINGLE_SEND = next(iter(SINGLE_SENDS))
LATER = "3752-01-28T23:21:52"
NEWSLETTER, CUSTOMERS = ("Newsletter", 1200), ("Customers", 350)
LISTS = [
    {"id": id, "name": name, "contact_count": contacts}
    for id, (name, contacts) in zip(READY_SINGLE_SEND["list_ids"], (NEWSLETTER, CUSTOMERS), strict=True)
]
LEGACY_LISTS = [
    {"id": id, "name": name, "recipient_count": recipients}
    for id, (name, recipients) in ((110, NEWSLETTER), (124, CUSTOMERS))
]
SEGMENT = {
    "id": READY_SINGLE_SEND["segment_ids"][0],
    "name": "Bought in spring",
    "contacts_count": 80,
    "parent_list_ids": None,
}
ADDRESS = {"email": "sender-124451@example.com", "name": "Example News"}
RESERVED = [{"id": f"_rf{number}", "name": name, "field_type": "Text"} for number, name in enumerate(RESERVED_FIELDS)]
SENDER = {
    "id": 124451,
    "nickname": "Example News",
    "from": ADDRESS,
    "reply_to": ADDRESS,
    "verified": True,
    "locked": True,
}
RIGHTS = ("read", "create", "update", "delete")
SCOPES = [f"{api}.{right}" for api in ("marketing_campaigns", "marketing") for right in RIGHTS]
NEW_SEND: dict[str, Any] = {
    "name": "April Newsletter",
    "status": "draft",
    **dict.fromkeys(("created_at", "updated_at"), AT),
    **dict.fromkeys(("categories", "send_at", "warnings")),
    "send_to": {"list_ids": [], "segment_ids": [], "all": False},
    "email_config": {
        **dict.fromkeys(("subject", "html_content", "plain_content", "custom_unsubscribe_url", "ip_pool")),
        **dict.fromkeys(("sender_id", "suppression_group_id")),
        "generate_plain_content": True,
        "editor": "code",
    },
}
FIELDS: dict[str, Any] = {
    "name": "May Newsletter",
    "categories": ["unique opens"],
    "send_to": {"all": True},
    "email_config": {"design_id": "any", "editor": "design", "suppression_group_id": 42, "sender_id": 124451},
}


def _summary(shown: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "name", "status", "categories", "send_at", "created_at", "updated_at")
    return {**{name: shown[name] for name in names}, "abtest": None, "is_abtest": False}


def single_sends(described: dict[str, Any]) -> list[Step]:
    """Return the steps of a client that calls the Single Sends API."""

    def page(path: str, items: list[Any], key: str = "result", **query: Any) -> dict[str, Any]:
        link = f"{URL}/v3/{path}?{urlencode({**query, 'page_token': 0})}"
        return {key: items, "_metadata": {"self": link, "count": len(items)}}

    sandbox = Sandbox()
    id, copy = sandbox.create_single_send(), sandbox.create_single_send()  # the first new ids of every sandbox
    every, stats, lists = "marketing/singlesends", "marketing/stats/singlesends", "marketing/lists"
    one, search, now = f"{every}/{id}", f"{every}/search", f"{every}/{SINGLE_SEND}/schedule"

    new = {**NEW_SEND, "id": id}
    updated = new | FIELDS | {part: new[part] | FIELDS[part] for part in ("send_to", "email_config")}
    copied = {**updated, "id": copy, "name": "Copy of May Newsletter"}
    example = {**new, "id": SINGLE_SEND, "name": READY_SINGLE_SEND["name"], "categories": ["spring line"]}
    found = [_summary(each) for each in (copied, updated, example)]

    counts = dict.fromkeys(described["components"]["schemas"]["Counts"]["properties"], 0)
    whole = {"aggregation": "total", **dict.fromkeys(("ab_variation", "ab_phase"), "all")}
    counted = [{"id": SINGLE_SEND, **whole, "stats": {**counts, "requests": 1630, "delivered": 1630}}]
    today = {"aggregated_by": "total", "end_date": AT[:10], "page_size": 25, "start_date": AT[:10], "timezone": "UTC"}
    absent = described["paths"]["/v3/marketing/lists/{list_id}"]["get"]["responses"]["404"]["content"]
    return [
        Step("create", "POST", every, 201, new, body={"name": new["name"]}),
        Step("update", "PATCH", one, 202, updated, body=FIELDS),
        Step("get", "GET", one, 200, updated),
        Step("duplicate", "POST", one, 201, copied),
        Step("list", "GET", every, 200, page(every, found, page_size=100)),
        Step("categories", "GET", f"{every}/categories", 200, {"categories": ["spring line", "unique opens"]}),
        Step("search", "POST", search, 200, page(search, found, page_size=100)),
        Step(
            *("search for", "POST", search, 200, page(search, found[:2], page_size=100)),
            body={"status": ["draft", "scheduled"], "categories": ["unique opens"]},
        ),
        Step(
            *("schedule", "PUT", f"{one}/schedule", 201, {"send_at": f"{LATER}Z", "status": "scheduled"}),
            body={"send_at": f"{LATER}.575Z"},
        ),
        Step("unschedule", "DELETE", f"{one}/schedule", 200, {"send_at": f"{LATER}Z", "status": "draft"}),
        Step("send now", "PUT", now, 201, {"send_at": AT, "status": "scheduled"}, body={"send_at": "now"}),
        Step("stats", "GET", stats, 200, page(stats, counted, "results", page_size=25), query={"page_size": 25}),
        Step(
            *("its stats", "GET", f"{stats}/{SINGLE_SEND}", 200),
            page(f"{stats}/{SINGLE_SEND}", counted, "results", **today),
            query=today,
        ),
        Step("lists", "GET", lists, 200, page(lists, LISTS, page_size=100), query={"page_size": 100}),
        Step("a list", "GET", f"{lists}/{LISTS[0]['id']}", 200, LISTS[0]),
        Step("no list", "GET", f"{lists}/{id}", 404, absent["application/json"]["example"]),
        Step("segments", "GET", "marketing/segments/2.0", 200, {"results": [SEGMENT]}),
        Step("field definitions", "GET", "marketing/field_definitions", 200, {"reserved_fields": RESERVED}),
        Step("senders", "GET", "marketing/senders", 200, [SENDER]),
        Step("legacy lists", "GET", "contactdb/lists", 200, {"lists": LEGACY_LISTS}),
        Step("scopes", "GET", "scopes", 200, {"scopes": SCOPES}),
        Step("delete", "DELETE", one, 204),
        Step("get again", "GET", one, 404, NOT_FOUND),
    ]


# --- both ---

APIS: dict[str, tuple[Callable[[dict[str, Any]], list[Step]], int | str, str]] = {
    "campaigns": (campaigns, SENT, f"/v3/campaigns/{SENT}/schedules/now"),
    "single_sends": (single_sends, SINGLE_SEND, f"/v3/marketing/singlesends/{SINGLE_SEND}/schedule"),
}
"""For each fragment the steps, the id of what they mail, once, and the path of the request for that."""


def documented_steps(api: str) -> list[Step]:
    """Return the steps of an API. Exits when the fragment has no such answer, or an operation without a step."""
    described = fragment(api)
    steps, found = APIS[api][0](described), list[dict[str, Any]]()
    for step in steps:
        try:
            found.append(operation_of(step, described))
        except (LookupError, ValidationError) as error:
            sys.exit(f"{step.name}: openapi/{api}.yaml documents no such answer; mend one of them: {error!r}")
    operations = [each for item in described["paths"].values() for name, each in item.items() if name != "parameters"]
    if missing := [each["operationId"] for each in operations if each not in found]:
        sys.exit(f"openapi/{api}.yaml has operations without a step; add steps: {', '.join(missing)}")
    return steps
