"""What each write is to bring about, and what a state that is read after the write says about that.

A goal answers four questions: may the write be tried in this state, what does a later state say, does another try do no
harm, and which value would the write replace.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import reduce
from typing import Any, Generic, cast

from sendgrid_campaigns import errors
from sendgrid_campaigns.protocol.flow import Id, Operation, R

ABOUT_NOW = 300.0
"""Seconds. A schedule no further away than this may be what a send has made."""
NEAR = 60.0
"""Seconds. A schedule so near is not written again: the mail may start meanwhile."""
CUTOFF = 600.0
"""Seconds after a chosen time; from then on the service refuses the time as past, whatever its tolerance: A7."""


@dataclass(eq=False, repr=False)
class Resource:
    """A kind of thing that writes change, and the operations that read it."""

    name: str
    id_name: str
    """The path parameter."""
    checked_id: Callable[[Any], Id]
    """Return an id that may become part of a path, or raise ConfigurationError."""
    get: Operation[Any]
    send_at: Operation[Any] | None
    """None where the time is a part of what `get` reads."""
    list: Operation[Any]
    first_page: Mapping[str, Any]
    """The query parameters of the list's first page."""
    keyed: str
    """The field of a model that ends with its idempotency key."""


@dataclass(eq=False)
class State:
    """A resource, as far as it was read."""

    model: Any = field(default=None, repr=False)
    """The resource; None when there is none."""
    send_at: int | None = None
    """Unix time; None when there is none, or none was read."""
    service_time: float = 0.0
    """When the service answered: unix time by its Date, or by this machine's clock when there was no Date."""
    local_time: float = 0.0
    """The same, by this machine's clock."""

    @property
    def status(self) -> str:
        """The status, as the service spells it; empty when there is none."""
        return str(getattr(self.model, "status", None) or "")

    def is_(self, *statuses: str) -> bool:
        """Return whether the resource has one of these statuses, compared without case."""
        return self.status.strip().casefold() in statuses


class Seen(Enum):
    """What a state says about a write."""

    APPLIED = "as the write was to make it, and nobody can undo that"
    TENTATIVE = "as the write was to make it"
    """A stale read of an earlier state looks the same."""
    UNCHANGED = "as before the write; most likely it had no effect, unless a late copy of its request arrives"
    EXPIRED = "as before the write, which can have no effect any more, for the chosen time is past"
    DIVERGED = "neither as before nor as the write was to make it; reading on will not tell more"
    PENDING = "not as before; a later read may tell"


class Goal:
    """What a write is to bring about. By default: only a Draft can be written, and trying again does no harm."""

    allowed: tuple[str, ...] = ("draft",)
    """The statuses in which the write may be tried; none named: in all."""
    wrong_state: type[errors.WrongStateError] = errors.NotInDraftError
    """The error for the others."""
    needs_schedule: tuple[str, ...] = ()
    """The statuses for which the schedule is read, too."""
    server_checks_state: bool = True
    """Whether the service refuses the write in a wrong status. If not, the state is read before each try."""

    def allows(self, state: State) -> bool:
        """Return whether the write may be tried in this state."""
        return not self.allowed or state.is_(*self.allowed)

    def judge(self, state: State) -> Seen:
        """Return what a state that is read after the write says. By default: as before, or something else."""
        return Seen.UNCHANGED if self.allows(state) else Seen.DIVERGED

    def may_repeat(self, state: State) -> bool:
        """Return whether another try does no harm in a state that is as before."""
        return True

    def replaces(self, state: State) -> object:
        """Return the value that the write would replace. When the value changes, another client has written."""
        return None


class Sent(Goal):
    """The campaign is mailed, now."""

    needs_schedule: tuple[str, ...] = ("scheduled",)

    def judge(self, state: State) -> Seen:
        """Return APPLIED for mail on its way, TENTATIVE for a schedule about now."""
        if state.is_("in progress", "sent", "triggered"):
            return Seen.APPLIED
        if not state.is_("scheduled"):
            return super().judge(state)
        if state.send_at is None:
            return Seen.PENDING
        # A schedule far away is another client's, who may take it back; then a late copy of this write still works.
        return Seen.TENTATIVE if state.send_at - state.service_time <= ABOUT_NOW else Seen.DIVERGED


class Scheduled(Goal):
    """The campaign goes out at a chosen time."""

    needs_schedule: tuple[str, ...] = ("scheduled", "in progress", "sent", "triggered")

    def __init__(self, send_at: int) -> None:
        self.send_at = send_at

    def judge(self, state: State) -> Seen:
        """Return TENTATIVE for the chosen time, also of mail on its way: the time is a read of its own."""
        if state.is_("draft"):
            past = min(state.service_time, state.local_time) > self.send_at + CUTOFF
            return Seen.EXPIRED if past else Seen.UNCHANGED  # R2
        if state.is_(*self.needs_schedule) and state.send_at == self.send_at:
            return Seen.TENTATIVE
        return Seen.PENDING if state.is_("scheduled") and state.send_at is None else Seen.DIVERGED

    def may_repeat(self, state: State) -> bool:
        """Return whether the chosen time is far enough away."""
        return self.send_at - max(state.service_time, state.local_time) > NEAR


class Rescheduled(Scheduled):
    """The campaign goes out at another time than before."""

    allowed: tuple[str, ...] = ("scheduled",)
    wrong_state: type[errors.WrongStateError] = errors.NotScheduledError

    def judge(self, state: State) -> Seen:
        """Return UNCHANGED for another time."""
        if state.is_("scheduled") and state.send_at not in (None, self.send_at):
            return Seen.UNCHANGED
        return Seen.DIVERGED if state.is_("draft") else super().judge(state)

    def may_repeat(self, state: State) -> bool:
        """Return whether both times are far enough away."""
        return state.send_at is not None and super().may_repeat(state) and Scheduled(state.send_at).may_repeat(state)

    def replaces(self, state: State) -> object:
        """Return the time before."""
        return state.send_at


class Unscheduled(Goal):
    """The campaign is a Draft again."""

    allowed: tuple[str, ...] = ("scheduled",)
    wrong_state: type[errors.WrongStateError] = errors.NotScheduledError

    def judge(self, state: State) -> Seen:
        """Return TENTATIVE for a Draft."""
        return Seen.TENTATIVE if state.is_("draft") else super().judge(state)


class Updated(Goal):
    """The campaign has these fields."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields

    def judge(self, state: State) -> Seen:
        """Return TENTATIVE for equal fields."""
        return Seen.TENTATIVE if self.holds(state.model) else super().judge(state)

    def holds(self, model: Any) -> bool:
        """Return whether a resource has these fields."""
        return model is not None and self.replaces(State(model)) == tuple(map(stored, self.fields.values()))

    def replaces(self, state: State) -> object:
        """Return the fields before."""
        # Such as email_config.subject. Generated models call a field `all` all_.
        paths = [name.replace(".all", ".all_").split(".") for name in self.fields]
        return tuple(stored(reduce(lambda part, name: getattr(part, name, None), path, state.model)) for path in paths)


def stored(value: object) -> object:
    """Return a value in one of the forms that mean the same to the service.

    The service lower-cases categories, may reorder ids, trim texts and change line ends, and shows an empty value as
    null, "" or [].
    """
    if isinstance(value, str):
        return "\n".join(value.strip().splitlines()) or None
    if isinstance(value, list | tuple):
        items = cast(Iterable[Any], value)
        return frozenset(item.strip().casefold() if isinstance(item, str) else item for item in items) or None
    return value or None


class Deleted(Goal):
    """The campaign is no more."""

    wrong_state: type[errors.WrongStateError] = errors.DeleteWouldStopMailError
    server_checks_state = False

    def __init__(self, stop: bool) -> None:
        """stop: whether deleting may stop mail, and so is allowed in every status."""
        self.allowed: tuple[str, ...] = () if stop else ("draft", "sent", "canceled")

    def judge(self, state: State) -> Seen:
        """Return TENTATIVE for a campaign that is gone."""
        return Seen.TENTATIVE if state.model is None else super().judge(state)


class Created(Goal):
    """The campaign exists; its title ends with its idempotency key."""

    def __init__(self, key: str) -> None:
        self.key = key

    def judge(self, state: State) -> Seen:
        """Return APPLIED for a campaign that was found."""
        return Seen.UNCHANGED if state.model is None else Seen.APPLIED


@dataclass(eq=False, repr=False)
class Write(Generic[R]):
    """One kind of write: its operation, and how its outcome becomes certain."""

    operation: Operation[R]
    resource: Resource
    done: str
    """What the write does to the resource, as a participle."""
    hint: str
    """What a caller does when the outcome is unknown."""
    goal: Callable[..., Goal] | None = None
    """Make the goal of the write's arguments. None for a write that cannot be read back."""
    ambiguous: tuple[int, ...] = (403,)
    """Refusals that may answer a second copy of a request that was carried out: the state decides. R3"""
