"""What the operations of campaigns and of single sends have in common: arguments, and flows of more than one step."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args, get_origin, is_typeddict
from urllib.parse import unquote

from sendgrid_campaigns import errors
from sendgrid_campaigns.campaign_types import Campaign
from sendgrid_campaigns.config import check
from sendgrid_campaigns.errors import shown
from sendgrid_campaigns.models import Attempt, ErrorDetail, Result, WithStatus
from sendgrid_campaigns.protocol.call import Call
from sendgrid_campaigns.protocol.change import Change, change
from sendgrid_campaigns.protocol.flow import Flow, Operation, R, T
from sendgrid_campaigns.protocol.goals import Created, State, Updated, Write
from sendgrid_campaigns.protocol.proof import Tried
from sendgrid_campaigns.protocol.read_back import read_back
from sendgrid_campaigns.protocol.reading import PAGE_SIZE, page

LONGEST_NAME = 100
"""Characters of a campaign's title, and of a single send's name."""

# --- arguments ---


def checked_fields(kind: str, typed: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as they are sent. The service checks the values, but for those that JSON cannot hold.

    typed: a TypedDict of the fields.
    """
    known = typed.__annotations__
    check(bool(fields), f"no field of {kind} is given", f"The fields are {', '.join(known)}.")
    for name, value in fields.items():
        check(name in known, f"{kind} has no field {shown(name)}", f"The fields are {', '.join(known)}.")
        if is_typeddict(known[name]):
            check(isinstance(value, dict), f"{name} is {shown(value)}", "Give a dict.")
            checked_fields(name, known[name], value)
        choices = (*get_args(known[name]), None) if get_origin(known[name]) is Literal else (value,)
        check(value in choices, f"{name} is {shown(value)}", f"Give one of {choices[:-1]}.")
        try:
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError) as error:  # also half a surrogate pair, and an int of 5,000 digits
            check(False, f"{name} cannot be sent: {error}", "Give whole characters, an int, or a list of them.")
    return dict(fields)


def flat(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields without nesting, such as `email_config.subject`."""
    parts = {name: value if hasattr(value, "items") else {"": value} for name, value in body.items()}
    return {f"{name}.{each}".rstrip("."): item for name, part in parts.items() for each, item in part.items()}


def checked_time(send_at: Any, now: float) -> int:
    """Return unix seconds of an aware datetime in the future."""
    aware = isinstance(send_at, datetime) and send_at.utcoffset() is not None
    remedy = "Give an aware datetime, such as datetime.now(UTC) + timedelta(hours=1)."
    check(aware, f"send_at is {shown(send_at)}, which is no time with a zone", remedy)
    seconds = int(send_at.timestamp())
    good = seconds > now and utc(seconds) is not None
    check(good, f"send_at is {send_at.isoformat()}, which is past or after year 9999", "Give a time in the future.")
    return seconds


def with_key(field: str, text: str, key: object) -> tuple[str, str]:
    """Return a title or name with an idempotency key, and how it ends."""
    good = re.fullmatch(r"[A-Za-z0-9._:-]{1,40}", key if isinstance(key, str) else "") is not None
    check(good, f"key is {shown(key)}", "Give 1 to 40 letters, digits or any of ._:- to name the mailing.")
    ending = f"(once {key})"
    longest = LONGEST_NAME - len(ending) - 1
    problem = f"{field} has {len(text)} characters, and with this key it may have {longest}"
    check(0 < len(text) <= longest, problem, f"Shorten the {field} or the key, which becomes part of the {field}.")
    return f"{text} {ending}", ending


def utc(seconds: int | None) -> datetime | None:
    """Return the time for unix seconds; None for a number that is no time."""
    with suppress(TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(seconds, UTC) if seconds is not None and seconds is not True else None
    return None


# --- flows ---


def content(call: Change[R], result: Callable[[Any], T]) -> Flow[T]:
    """Create or update a campaign or a single send, and return the result that is made of it as it is then."""
    known_from, answer, state = yield from change(call)
    found: Any = answer if known_from == "answer" or state is None else state.model
    with suppress(errors.ConfigurationError, AttributeError, TypeError):
        call.resource.checked_id(getattr(found, "id", None))
        return result(found)
    raise call.unknown(None, "the service accepted the request, but its answer cannot be read")


def made(call: Call[Any], create: Write[Any], ending: str, body: Mapping[str, Any]) -> Flow[Any]:
    """Create the draft with an idempotency key, and return it as the list shows it."""
    yield from change(Change(call.session, create, body=body, wanted={"key": ending}).follow(call))
    call.changed["changed"] = "This call made a draft: call again, which finds the draft."
    _, state = yield from read_back(call, Created(ending))
    if state is not None and state.model is not None:
        return state.model
    raise call.error(errors.NotAppliedError, cause=f"a draft was made, and no list shows its {ending!r} yet")


def updated(call: Call[Any], update: Write[Any], model: Any, body: Mapping[str, Any]) -> Flow[None]:
    """Give a draft of an earlier run the fields given now."""
    body = {name: value for name, value in body.items() if name != "editor"}
    if State(model).is_("draft") and not Updated(fields := flat(body)).holds(model):
        yield from change(Change(call.session, update, model.id, body, wanted={"fields": fields}).follow(call))
        call.changed.setdefault("changed", "This call updated the draft of an earlier run, and sent nothing.")


SINGLE_SENDS_ONLY = "This key is for Single Sends: use SingleSendsClient. To move campaigns: sendgrid_campaigns.moving."


def of_which_product(error: errors.SendGridError, tried: Tried[Any], asked: Operation[Any]) -> errors.SendGridError:
    """Return a 403 that says so where the key, by its scopes, is for Single Sends alone."""
    attempt = Attempt(asked.method, asked.path, tried.proof.value, tried.answer.status_code, tried.answer.cause)
    kinds = {str(scope).partition(".")[0] for scope in getattr(tried.value, "scopes", None) or ()}
    hint = SINGLE_SENDS_ONLY if "marketing" in kinds and "marketing_campaigns" not in kinds else error.hint
    return errors.PermissionDeniedError(None, error.args[1], hint=hint, attempts=(*error.attempts, attempt))


# --- what a mailing lacks ---


@dataclass(frozen=True)
class CheckResult(Result):
    """What would stop a campaign from being sent, as far as its fields tell.

    Only the service knows whether there are credits, whether the sender is verified, and whether lists hold anybody.
    """

    campaign: Campaign
    problems: tuple[ErrorDetail, ...]
    """Every problem, by field; empty when no problem is known."""

    @property
    def ready(self) -> bool:
        """Whether no problem is known."""
        return not self.problems


def missing(it: WithStatus, content: Any, audience: object) -> Iterator[ErrorDetail]:
    """Name what the documents require of a campaign or a single send to be sent, and this one lacks.

    https://www.twilio.com/docs/sendgrid/api-reference/campaigns-api/send-a-campaign
    """
    designed = getattr(content, "design_id", None)
    group, none = "there is neither a suppression group nor a custom unsubscribe URL", "there is none"
    for name, is_there, message in (
        ("status", it.is_draft, f'it is "{it.status}", and only a Draft can be sent'),
        ("subject", content.subject or designed, none),
        ("sender_id", content.sender_id, none),
        ("list_ids", audience, "there is neither a list nor a segment"),
        ("plain_content", designed or content.html_content or content.plain_content, "there is no content"),
        ("suppression_group_id", content.suppression_group_id or content.custom_unsubscribe_url, group),
    ):
        if not is_there:
            yield ErrorDetail(field=name, message=message)


def missing_tags(campaign: Campaign) -> Iterator[ErrorDetail]:
    """Name the contents of a campaign that lack the tag which every campaign must have."""
    for name, text in (("html_content", campaign.html_content), ("plain_content", campaign.plain_content)):
        if text and "[unsubscribe]" not in text.lower():
            yield ErrorDetail(field=name, message="there is no [unsubscribe] tag in it")


# --- lists whose pages name the next one ---


def pages(call: Call[Any], body: Mapping[str, Any] | None = None, most: int = sys.maxsize) -> Flow[Sequence[Any]]:
    """Read pages of a list or of a search, up to `most` items."""
    found, token, seen = list[Any](), "", set[str]()
    while token not in seen and len(found) < most:
        seen.add(token)
        follows = {"page_token": token} if token else {}
        listed = yield from page(call, {"page_size": PAGE_SIZE, **follows}, PAGE_SIZE, body)
        found += listed.result or ()
        link = re.search("[?&]page_token=([^&#]+)", str(getattr(listed.field_metadata, "next_", "")))
        token = unquote(link[1]) if link else ""
    return found[:most]


# --- what to do when the outcome of a write is unknown ---

COMPARE = "outcome(error) reads and compares. Updating again does no harm while nobody else edits."
IS_FOUND = "outcome(error) tells: what is found was not deleted, and deleting it again does no harm."
READ_TIME = "outcome(error) reads status and time: the chosen time means that the write was applied."
