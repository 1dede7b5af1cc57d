"""Writes: S0 to S3 of protocol/__init__.py, and finding out later what became of a write."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from sendgrid_campaigns import errors
from sendgrid_campaigns.models import KnownFrom, Outcome
from sendgrid_campaigns.protocol.call import Call, Session
from sendgrid_campaigns.protocol.flow import Ask, Flow, Id, Map, R
from sendgrid_campaigns.protocol.goals import Goal, Scheduled, Seen, State, Write
from sendgrid_campaigns.protocol.proof import Proof, Tried
from sendgrid_campaigns.protocol.read_back import read_back
from sendgrid_campaigns.protocol.reading import state


class Change(Call[R]):
    """One call of one write: its request, its goal, and what its attempts proved."""

    writes = True

    def __init__(self, session: Session, write: Write[R], id: Id = None, body: Map = None, wanted: Map = None) -> None:
        """wanted: the arguments of the write's goal; None when the outcome cannot be read back."""
        super().__init__(session, write.operation, write.done, write.resource, id)
        self.write = write
        self.wanted = wanted
        self.goal: Goal | None = None if write.goal is None or wanted is None else write.goal(**wanted)
        self.ask: Ask = Ask(write.operation, {} if id is None else {write.resource.id_name: id}, body)

    def allowed_state(self, goal: Goal, *, post_first: bool = False) -> Flow[State]:
        """Read the state before the write is tried. Raises the error of a status that does not allow the write.

        post_first: a status that mail is scheduled or has begun in raises nothing.
        """
        found = yield from state(self)
        if not goal.allows(found) and not (post_first and found.is_(*goal.needs_schedule)):
            raise self.error(goal.wrong_state, status=found.status or None)
        return found

    def unknown(self, state: State | None, cause: str) -> errors.SendGridError:
        """Return the error of a write whose outcome nobody can tell."""
        cause = f"{cause}; it was deleted meanwhile" if state is not None and state.model is None else cause
        facts = {"status": state.status or None if state else None, "wanted": self.wanted or {}}
        error = self.error(errors.OutcomeUnknownError, cause=cause, hint=self.write.hint, **facts)
        self.log("unknown", "%s", error.summary)
        return error

    def note(self, interruption: BaseException) -> None:
        """Put doubt into a note on an exception from outside, and into the log, for notes get lost: R10."""
        if self.in_doubt and not isinstance(interruption, errors.SendGridError):
            doubt = self.unknown(None, f"{type(interruption).__name__} ended the call")
            interruption.add_note(f"sendgrid-campaigns: {doubt.summary}. {doubt.advice}")


Changed: TypeAlias = tuple[KnownFrom, R | None, State | None]
"""A write that was applied: how that is known; the model of the answer, None when read-back told or when its body could
not be read; and the last state that was read."""


def change(call: Change[R], *, post_first: bool = False) -> Flow[Changed[R]]:
    """Make one change, and return how it is known to have been applied; or raise what became of it.

    post_first: do not read the state first: to the caller, "was done before" is as good as "done".
    """
    try:
        return (yield from _change(call, post_first))
    except BaseException as error:
        call.note(error)
        raise


def _change(call: Change[R], post_first: bool) -> Flow[Changed[R]]:
    goal = call.goal
    state: State | None = None
    if goal is not None and call.id is not None and not post_first:
        state = yield from call.allowed_state(goal)  # S0
    # A write whose status the service does not check rests on the state just read, which must not grow old.
    doubt, before, wait = "", None, goal is None or goal.server_checks_state
    for number in range(1, call.session.retry.attempts + 1):
        tried: Tried[R] = yield from call.exchange(call.ask, call.write.ambiguous, wait=wait)  # S1
        if tried.proof is Proof.ACCEPTED:
            return "answer", tried.value, state
        if tried.proof in (Proof.NOT_SENT, Proof.REJECTED):
            if not (yield from call.wait_to_repeat(tried, number)):
                raise call.unknown(state, doubt) if doubt else call.failure(tried)  # R1
            if goal is not None and not goal.server_checks_state:
                # Meanwhile the campaign may have been scheduled, and deleting it would stop its mail.
                if doubt:
                    break
                state = yield from call.allowed_state(goal, post_first=post_first)
                if not goal.allows(state):
                    return "already", None, state
                # Mail that begins soon may begin before every read shows its schedule.
                if isinstance(goal, Scheduled) and not goal.may_repeat(state):
                    raise call.failure(tried)
            continue
        doubt = doubt or (tried.problem if tried.proof is Proof.UNKNOWN else "")
        if goal is None:
            break
        seen, state = yield from read_back(call, goal, before)  # S2
        # From here on, a copy of the request may have been carried out, and another client has taken its effect back.
        left = {"changed": "No effect of this call is left.", **call.changed}
        if seen in (Seen.APPLIED, Seen.TENTATIVE):
            return ("already" if post_first and not doubt else "read-back"), None, state
        if seen is Seen.EXPIRED:
            raise call.error(errors.NotAppliedError, cause="the chosen time is past", temporary=False, **left)  # R2
        if not doubt and seen is Seen.UNCHANGED:
            raise call.failure(tried, **left)  # R3
        if not doubt and post_first and seen is Seen.DIVERGED and state is not None and state.model:
            raise call.error(goal.wrong_state, status=state.status or None, **{"changed": "", **call.changed})
        if seen is not Seen.UNCHANGED or state is None or not goal.may_repeat(state):
            break  # R8
        before = state  # S3
    raise call.unknown(state, doubt or "the refusal may answer a copy of the request")


def find_out(session: Session, write: Write[Any], id: Id, wanted: Mapping[str, Any]) -> Flow[Outcome]:
    """Find out by reading what became of a write."""
    if write.goal is None or (id is None and not wanted):
        return Outcome(write.done, id, None, None, write.hint)
    goal, resource = write.goal(**wanted), write.resource
    call = Call(session, resource.list if id is None else resource.get, "read", resource, id)
    seen, last = None, State()
    if id is not None:
        with suppress(errors.NotFoundError):
            last = yield from state(call)
        seen = goal.judge(last)
    if seen is not Seen.APPLIED:
        seen, again = yield from read_back(call, goal)
        last = again or last
    applied = {Seen.APPLIED: True, Seen.TENTATIVE: True, Seen.EXPIRED: False}.get(seen) if seen else None
    why = seen.value if seen else "the reads do not tell, or not for long enough"
    return Outcome(write.done, getattr(last.model, "id", id), applied, last.status or None, why, tuple(call.attempts))
