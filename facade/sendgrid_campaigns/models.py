"""Results of calls: frozen dataclasses of plain values, None where the service has no value."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any, Literal, cast


def to_json(value: Any) -> Any:
    """Return a value in JSON's types: a dataclass as an object, a tuple as an array, a time in ISO 8601."""
    if is_dataclass(value):
        return {each.name: to_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}  # pyright: ignore
    return [to_json(item) for item in cast(list[Any], value)] if isinstance(value, list | tuple) else value


class Result:
    """What calls return."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result in JSON's types: times in ISO 8601, tuples as arrays."""
        return cast(dict[str, Any], to_json(self))


@dataclass(frozen=True)
class Attempt(Result):
    """One request of a call."""

    method: str
    route: str
    """The path as a template, such as `/v3/campaigns/{campaign_id}`."""
    proof: str
    """What the answer proved: `accepted`, `rejected`, `not sent`, `ambiguous` or `unknown`."""
    status_code: int | None = None
    """None when no status line arrived."""
    cause: str | None = None
    """Why no whole answer arrived, as the HTTP library put it."""
    seconds: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return f"{self.method} {self.route}: {self.status_code or self.cause}, {self.proof}"


@dataclass(frozen=True, kw_only=True)
class ErrorDetail(Result):
    """One problem that the service names."""

    message: str
    field: str | None = None
    """The campaign field with the problem, as the service names the field; None when the service names none."""
    help: str | None = None
    """Further reading, as the service gives it: a text, or JSON."""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class WithStatus(Result):
    """What can be a Draft."""

    status: str | None

    @property
    def is_draft(self) -> bool:
        """Whether it can be sent. A status that this version does not know is no Draft."""
        return str(self.status or "").strip().casefold() == "draft"


KnownFrom = Literal["answer", "read-back", "already"]
"""How a result is known: from the answer to the write; from reading back, when no answer settled the write; or
`already`, when the campaign had been sent before and this call sent nothing."""


@dataclass(frozen=True)
class SendReceipt(Result):
    """The service accepted the mailing: the campaign will go, or has gone, to its whole audience."""

    id: int
    status: str | None
    """`Scheduled`, as a rule: accepted, not yet mailed. None when the answer's body could not be read."""
    known_from: KnownFrom = "answer"
    attempts: tuple[Attempt, ...] = field(default=(), compare=False, repr=False)
    """Every request of the call, in order."""


@dataclass(frozen=True)
class SingleSendReceipt(Result):
    """The service accepted the single send: it will go, or has gone, to its whole audience."""

    id: str
    status: str | None
    """`scheduled`, as a rule. None when the answer's body could not be read."""
    send_at: datetime | None = None
    """The time that it is scheduled for, in UTC; None for now."""
    known_from: KnownFrom = "answer"
    attempts: tuple[Attempt, ...] = field(default=(), compare=False, repr=False)
    """Every request of the call, in order."""


@dataclass(frozen=True)
class Schedule(Result):
    """The service accepted the time: the campaign will go out then."""

    id: int
    send_at: datetime
    """In UTC. The time of the request, when the answer's body could not be read."""
    status: str | None
    """`Scheduled`, as a rule. None when the answer's body could not be read."""
    known_from: KnownFrom = "answer"
    attempts: tuple[Attempt, ...] = field(default=(), compare=False, repr=False)
    """Every request of the call, in order."""


@dataclass(frozen=True)
class Outcome(Result):
    """What became of a write, as far as reading tells."""

    action: str
    """What the write was to do to the campaign, as a participle: `sent`, `scheduled`, ..."""
    id: int | str | None
    applied: bool | None
    """True: the campaign is as the write was to make it. False: the write had no effect, and can have none any more.
    None: reading does not tell."""
    status: str | None
    """The last status that was read; None when there is no such campaign, or no read succeeded."""
    why: str
    """What was read, in words."""
    attempts: tuple[Attempt, ...] = field(default=(), compare=False, repr=False)
    """Every request of the call, in order."""
