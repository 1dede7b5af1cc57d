"""What became of a write: the machine that all eight go through. It decides; it does no I/O and builds no request.

    S0  read     nothing has been tried yet: whatever fails here is a definite "not done"
    S1  try      one request; what never left and what was told to come later is tried again
    S2  find out read back until the state tells, or the settle window ends
    S3  again    when the state is as it was before, S1 once more; else the outcome is unknown

Each rule has a number, which stands beside the lines that keep it; docs/reliability.md gives the reasons.

    R1  Doubt stays: once an attempt may have arrived, no later answer makes the result a "no".
    R2  Only a fence makes it one: the time asked for is past, and it is still a Draft.
    R3  A 403 is judged by the state, never by its text; so is the 404 of a delete.
    R7  What nobody can undo wins at once: it is going out, or went. All else can be an old read of what was so before
        the call: it needs the whole window, and two reads at its end.
    R8  Once the state was seen to have moved, nothing is tried again.

R4 to R6 and R12 to R14 are about single requests: exchange.py keeps them. R9 and R10: operations.py. R11: errors.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain, repeat
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, cast

from sendgrid_campaigns.exchange import Steps, Tried, Verdict, Wait
from sendgrid_campaigns.settings import Clock, Retry

ABOUT_NOW = 300.0
"""Seconds. A schedule no further away than this may be what a send has made."""
NEAR = 60.0
"""Seconds. A schedule so near is not written again: meanwhile, the mail may start."""
FENCE = 600.0
"""Seconds after which the service refuses a time as past, whatever its clock and its tolerance are: an assumption."""


# --- what reads tell ---


class State(NamedTuple):
    """What a campaign is like, as far as it was read."""

    status: str = ""
    at: float = 0.0
    """When it was read: unix time, of the clock that is ahead, the answer's or this machine's. One may be wrong."""
    at_least: float = 0.0
    """The same, of the clock that is behind."""
    send_at: float | None = None
    """Unix time; None when there is none, or none was read."""
    campaign: Any = None
    """The whole of it, where an aim compares its fields; with a marker, what was found by it."""
    gone: bool = False

    def is_(self, *statuses: str) -> bool:
        """Whether it has one of these statuses. The service's spelling is not relied on; an unknown one is none."""
        return not self.gone and self.status.strip().casefold() in statuses


class Finding(Enum):
    """What a state says about a write."""

    DONE = "it is as was asked for, and nobody can undo it"
    LOOKS_DONE = "it is as was asked for, and may have been so before the call: an old read looks the same"
    BEFORE = "it is as it was before"
    NEVER = "it is as it was before, and the write can have no effect any more"
    MOVED = "it is neither, and will not tell any more"
    PASSING = "it is not as before, and may yet tell"


# --- what writes are to bring about ---


class Aim(Protocol):
    """What a write is to bring about, and what states say about that."""

    timed: ClassVar[tuple[str, ...]]
    """The statuses for which the schedule is read, too."""
    judged: ClassVar[tuple[int, ...]]
    """Refusals that may be answers to a second copy of what was carried out."""
    guarded: ClassVar[bool]
    """Whether the service itself refuses the write in a wrong status; if not, the state is read before each try."""

    def allows(self, state: State) -> bool:
        """Whether the write may be tried in this state."""
        ...

    def finding(self, state: State) -> Finding:
        """What a state that is read after the write says about it."""
        ...

    def may_repeat(self, state: State) -> bool:
        """Whether it does no harm to try again in a state that is as before."""
        ...

    def replaced(self, state: State) -> object:
        """What the write would replace; when that changes, somebody else has written. None where nothing is."""
        ...


class _Aim:
    timed: ClassVar[tuple[str, ...]] = ()
    judged: ClassVar[tuple[int, ...]] = (403,)
    guarded: ClassVar[bool] = True

    def allows(self, state: State) -> bool:
        return state.is_("draft")

    def may_repeat(self, state: State) -> bool:
        return True

    def replaced(self, state: State) -> object:
        return None


class Sent(_Aim):
    """To be mailed, now."""

    timed: ClassVar[tuple[str, ...]] = ("scheduled",)

    def finding(self, state: State) -> Finding:
        if state.is_("draft"):
            return Finding.BEFORE
        if state.is_("in progress", "sent"):
            return Finding.DONE
        if state.is_("scheduled"):
            if state.send_at is None:
                return Finding.PASSING
            # One that is far away is somebody else's, who may take it back; then ours, if it is late, still lands.
            return Finding.LOOKS_DONE if state.send_at - state.at_least <= ABOUT_NOW else Finding.MOVED
        return Finding.MOVED


class Scheduled(_Aim):
    """To go out at a time."""

    timed: ClassVar[tuple[str, ...]] = ("scheduled", "in progress", "sent")

    def __init__(self, send_at: int) -> None:
        self.send_at = send_at

    def finding(self, state: State) -> Finding:
        if state.is_("draft"):
            return Finding.NEVER if state.at_least > self.send_at + FENCE else Finding.BEFORE  # R2
        if state.is_(*self.timed) and state.send_at == self.send_at:
            return Finding.LOOKS_DONE  # also when it is going out: the time is a read of its own, and may be an old one
        return Finding.PASSING if state.is_("scheduled") and state.send_at is None else Finding.MOVED

    def may_repeat(self, state: State) -> bool:
        return self.send_at - state.at > NEAR


class Rescheduled(Scheduled):
    """To go out at another time than it was to."""

    def allows(self, state: State) -> bool:
        return state.is_("scheduled")

    def finding(self, state: State) -> Finding:
        if state.is_("draft"):
            return Finding.MOVED
        found = Scheduled.finding(self, state)
        return Finding.BEFORE if found is Finding.MOVED and state.is_("scheduled") else found

    def may_repeat(self, state: State) -> bool:
        return state.send_at is not None and min(self.send_at, state.send_at) - state.at > NEAR

    def replaced(self, state: State) -> object:
        return state.send_at


class Unscheduled(_Aim):
    """To be a Draft again."""

    def allows(self, state: State) -> bool:
        return state.is_("scheduled")

    def finding(self, state: State) -> Finding:
        if state.is_("draft"):
            return Finding.LOOKS_DONE
        return Finding.BEFORE if state.is_("scheduled") else Finding.MOVED


class Updated(_Aim):
    """To have these fields."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields

    def finding(self, state: State) -> Finding:
        if self.replaced(state) == tuple(map(_plain, self.fields.values())):
            return Finding.LOOKS_DONE
        return Finding.BEFORE if state.is_("draft") else Finding.MOVED

    def replaced(self, state: State) -> object:
        if state.campaign is None:
            return None
        return tuple(_plain(getattr(state.campaign, name)) for name in self.fields)


def _plain(value: object) -> object:
    """A field's value; the service gives one that is empty as null, or as it was given."""
    return (tuple(cast(Iterable[Any], value)) if isinstance(value, list | tuple) else value) or None


class Deleted(_Aim):
    """To be no more."""

    judged: ClassVar[tuple[int, ...]] = (403, 404)
    guarded: ClassVar[bool] = False

    def __init__(self, stop: bool) -> None:
        self.stop = stop

    def allows(self, state: State) -> bool:
        return self.stop or state.is_("draft", "sent", "canceled")

    def finding(self, state: State) -> Finding:
        if state.gone:
            return Finding.LOOKS_DONE
        return Finding.BEFORE if self.allows(state) else Finding.MOVED


class Created(_Aim):
    """To be there, found by the marker in its title."""

    judged: ClassVar[tuple[int, ...]] = ()

    def __init__(self, marker: str) -> None:
        self.marker = marker

    def finding(self, state: State) -> Finding:
        return Finding.BEFORE if state.campaign is None else Finding.DONE


AIMS: Mapping[str, type[Any]] = {
    "sent": Sent,
    "scheduled": Scheduled,
    "rescheduled": Rescheduled,
    "unscheduled": Unscheduled,
    "updated": Updated,
    "deleted": Deleted,
    "created": Created,
}
"""By the action that errors carry, so that one can be taken up again elsewhere."""


# --- the machine ---


class Write(Protocol):
    """One write, as the machine sees it."""

    @property
    def aim(self) -> Aim | None:
        """None for what cannot be read back."""
        ...

    @property
    def deadline(self) -> float:
        """When the call ends, by the monotonic clock: nothing begins after it."""
        ...

    def read(self) -> Steps[State | None]:
        """The state before anything is tried; it raises when there is none to be had. None when none is needed."""
        ...

    def attempt(self) -> Steps[Tried]:
        """One request."""
        ...

    def look(self) -> Steps[State | None]:
        """The state now, by one read; None when it could not be read."""
        ...


class Conclusion(NamedTuple):
    """What became of a write."""

    kind: Literal["done", "already", "not allowed", "refused", "not done", "unknown"]
    """Of `unknown` alone it may be that the write was or will be carried out, and of `done` that it was."""
    known_from: Literal["answer", "read-back", "already"] = "answer"
    state: State | None = None
    """The last that was read."""
    why: str = ""


def carry_out(write: Write, retry: Retry, clock: Clock, *, accept_done: bool = False) -> Steps[Conclusion]:
    """Try a write until it is clear what became of it, or cannot become clear.

    accept_done: what was done before the call is as good.
    """
    aim = write.aim
    found: Finding | None
    state = yield from write.read()  # S0
    if aim is not None and state is not None:
        if accept_done and (found := aim.finding(state)) is not Finding.BEFORE:
            if found in (Finding.LOOKS_DONE, Finding.PASSING):
                found, state = yield from find_out(write, aim, retry.settle, clock)
            if found in (Finding.DONE, Finding.LOOKS_DONE):
                return Conclusion("already", "already", state)
            if state is None or aim.allows(state):  # R8
                return Conclusion("not done", state=state, why="somebody has changed it while it was read")
        if not aim.allows(state):
            return Conclusion("not allowed", state=state)
    if clock.monotonic() >= write.deadline:
        return Conclusion("not done", why=f"{retry.deadline:g} s had passed before it was tried")

    doubt = False
    before: State | None = None  # as it was when it was read back first
    for number in range(1, retry.attempts + 1):
        tried = yield from write.attempt()  # S1
        verdict, judged = tried.verdict, aim is not None and tried.status_code in aim.judged  # R3
        if tried.status_code == 403 and not judged:
            verdict = Verdict.REFUSED  # no status forbids these, so it is not the answer to a second copy
        if verdict is Verdict.DONE:
            return Conclusion("done", "answer", state)
        if verdict is not Verdict.DOUBT and not judged:
            wait = tried.again_in
            if wait is None or number == retry.attempts or clock.monotonic() + wait >= write.deadline:
                return _no("refused" if verdict is Verdict.REFUSED else "not done", doubt, state)
            yield Wait(wait)
            if aim is not None and not aim.guarded:
                # While it waited, somebody may have sent what was harmless to delete.
                state = yield from write.look()
                if state is None:
                    return _no("not done", doubt, state, "its status cannot be read")
                if not state.gone and not aim.allows(state):
                    return _no("not allowed", doubt, state)
                if clock.monotonic() >= write.deadline:
                    return _no("not done", doubt, state, f"{retry.deadline:g} s had passed")
            continue

        doubt = doubt or not judged
        if aim is None:
            break
        found, state = yield from find_out(write, aim, retry.settle, clock, before)  # S2
        if found in (Finding.DONE, Finding.LOOKS_DONE):
            return Conclusion("done", "read-back", state)
        if found is Finding.NEVER:
            return Conclusion("not done", state=state, why="its time is past, and it is still a Draft")  # R2
        if found is Finding.BEFORE and not doubt:
            return Conclusion("refused", state=state)  # R3
        if found is not Finding.BEFORE or state is None or not aim.may_repeat(state):  # R8
            break
        if clock.monotonic() >= write.deadline:
            break
        before = state
    return Conclusion("unknown", state=state)  # S3


def _no(
    kind: Literal["not allowed", "refused", "not done"], doubt: bool, state: State | None, why: str = ""
) -> Conclusion:
    return Conclusion("unknown" if doubt else kind, state=state, why=why)  # R1


PAUSES: Sequence[float] = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between the reads of a settle window; the last stays."""


def find_out(
    write: Write, aim: Aim, settle: float, clock: Clock, before: State | None = None
) -> Steps[tuple[Finding | None, State | None]]:
    """Read back until the state tells what became of a write, or the settle window or the call ends. S2.

    before: as the same call has read it back earlier.
    What was found is None when it could not be told. With it, the last state that was read.
    """
    end = clock.monotonic() + settle
    pauses: Iterator[float] = chain(PAUSES, repeat(PAUSES[-1]))
    last: State | None = None
    calm: list[Finding] = []  # what the last reads said, as long as they say the same
    moved = False
    while (now := clock.monotonic()) < write.deadline:
        state = yield from write.look()
        found = None if state is None else aim.finding(state)
        last = state or last
        if state is not None and found is Finding.BEFORE:
            before = before or state
            if aim.replaced(state) != aim.replaced(before):
                return Finding.MOVED, last  # R8: a newer value is somebody else's, and is not written over
        if found in (Finding.DONE, Finding.MOVED):
            return found, last  # R7
        moved = moved or found in (Finding.LOOKS_DONE, Finding.PASSING)
        # R8: once it has moved, a read that looks as before is an old one, or somebody has taken it back.
        tells = found in (Finding.LOOKS_DONE, Finding.NEVER) or (found is Finding.BEFORE and not moved)
        calm = [*(calm if found in calm else ()), found] if found is not None and tells else []
        if len(calm) > 1 and (now >= end or found is Finding.NEVER):
            return found, last  # R7
        if now >= end:
            return None, last
        now = clock.monotonic()
        yield Wait(max(0.0, min(next(pauses), end - now, write.deadline - now)))
    return None, last
