"""Writes: S0 to S3 of protocol/__init__.py, and finding out later what became of a write."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sendgrid_campaigns.errors import NotAppliedError, NotFoundError, OutcomeUnknownError, SendGridError
from sendgrid_campaigns.models import KnownFrom, Outcome
from sendgrid_campaigns.protocol.answers import Unparsed, parse
from sendgrid_campaigns.protocol.call import Call, Session, cause
from sendgrid_campaigns.protocol.flow import Answer, Ask, Flow, NoAnswer
from sendgrid_campaigns.protocol.goals import Created, Goal, Resource, Seen, State, Write
from sendgrid_campaigns.protocol.proof import Proof, prove
from sendgrid_campaigns.protocol.read_back import read_back
from sendgrid_campaigns.protocol.reading import first_state, look, state

R = TypeVar("R")


class Change(Call, Generic[R]):
    """One call of one write: its request, its goal, and what its attempts proved."""

    def __init__(
        self,
        session: Session,
        write: Write[R],
        id: int | str | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        wanted: Mapping[str, Any] | None = None,
        after: Call | None = None,
    ) -> None:
        """wanted: the arguments of the write's goal; None when the outcome cannot be read back."""
        super().__init__(session, write.operation, write.done, resource=write.resource.name, id=id, after=after)
        self.write = write
        self.hint = write.hint
        self.wanted = wanted
        self.goal: Goal | None = None if write.goal is None or wanted is None else write.goal(**wanted)
        parameters = {} if id is None else {write.resource.id_name: id}
        self._ask = Ask(write.operation, parameters, body)
        self._last: Answer | NoAnswer = NoAnswer("the write was not tried")
        self._doubt: str | None = None
        self._tries = 0

    def attempt(self) -> Flow[Proof]:
        """Make the write's request once, and return what its answer proves."""
        if self.goal is None:
            yield from self.wait_for_room()
        elif self.goal.server_checks_state and not self.in_doubt:
            # What is repeated rests on the state just read, which must not grow old. Doubt needs time to be settled.
            yield from self.wait_for_room(keep=self.session.retry.settle)
        was_in_doubt, self.in_doubt = self.in_doubt, True
        proof, self._last = yield from self.exchange(
            self._ask, lambda answer: prove(answer, self.operation, self.id, self.write.ambiguous)
        )
        self._tries += 1
        self.in_doubt = was_in_doubt or proof not in (Proof.NOT_SENT, Proof.REJECTED)
        if proof is Proof.UNKNOWN and self._doubt is None:
            self._doubt = cause(self._last)
        return proof

    def may_repeat(self, proof: Proof) -> Flow[bool]:
        """Wait until another attempt may be made; False when none may. The last attempt had no effect."""
        refused_for_good = proof is Proof.REJECTED and isinstance(self._last, Answer) and self._last.status_code != 429
        wait = None if refused_for_good else self.backoff(self._last, self._tries)
        if wait is None:
            return False
        yield from self.sleep(wait)
        return True

    def answer(self) -> R | None:
        """Return the model of the answer that accepted the write; None when its body cannot be read."""
        assert isinstance(self._last, Answer)
        try:
            found: R = parse(self._last, self.operation.parse)
        except Unparsed:
            return None
        return found

    # --- errors ---

    def refused(self) -> SendGridError:
        """Return the error of a last attempt that had no effect."""
        last = self._last
        return self.refusal(last) if isinstance(last, Answer) else self.error(NotAppliedError, cause=last.cause)

    def wrong_state(self, state: State) -> SendGridError:
        """Return the error of a status that does not allow the write."""
        if state.gone:
            return self.error(NotFoundError)
        return self.error(self.write.wrong_state, status=state.status)

    def unknown(self, state: State | None, why: str | None = None) -> OutcomeUnknownError:
        """Return the error of a write whose outcome nobody can tell."""
        why = why or self._doubt or cause(self._last)
        if state is not None and state.gone:
            why += "; it has been deleted meanwhile"
        status = state.status if state is not None and state.status else None
        return self.error(OutcomeUnknownError, cause=why, status=status, wanted=self.wanted or {}, hint=self.hint)


@dataclass(frozen=True)
class Changed(Generic[R]):
    """A write that was applied."""

    known_from: KnownFrom
    answer: R | None
    """The model of the answer; None when read-back told, or when the answer's body could not be read."""
    state: State | None
    """The last state that was read."""


def change(call: Change[R], *, post_first: bool = False) -> Flow[Changed[R]]:
    """Make one change, and return how it is known to have been applied; or raise what became of it.

    post_first: do not read the state first: to the caller, "was done before" is as good as "done".
    """
    try:
        return (yield from _change(call, post_first))
    except BaseException as error:
        call.note(error)  # R10
        raise


def _change(call: Change[R], post_first: bool) -> Flow[Changed[R]]:
    goal, resource = call.goal, call.write.resource
    state: State | None = None
    if goal is not None and call.id is not None and not post_first:
        state = yield from first_state(call, resource, goal)  # S0
        if not goal.allows(state):
            raise call.wrong_state(state)
    if call.left() <= 0:
        raise call.error(NotAppliedError, cause="the call's deadline passed before the write was tried")
    doubt = False
    before: State | None = None
    for _ in range(call.session.retry.attempts):
        proof = yield from call.attempt()  # S1
        if proof is Proof.ACCEPTED:
            return Changed("answer", call.answer(), state)
        if proof in (Proof.NOT_SENT, Proof.REJECTED):
            if not (yield from call.may_repeat(proof)):
                raise call.unknown(state) if doubt else call.refused()  # R1
            if goal is not None and not goal.server_checks_state:
                # Meanwhile the campaign may have been sent, and deleting it may do harm.
                yield from call.wait_for_room(2)
                state = yield from look(call, resource, goal)
                if state is None or call.left() <= 0:
                    raise call.unknown(state) if doubt else call.refused()
                if not state.gone and not goal.allows(state):
                    raise call.unknown(state) if doubt else call.wrong_state(state)
            continue
        doubt = doubt or proof is Proof.UNKNOWN
        if goal is None:
            break
        seen, state = yield from read_back(call, resource, goal, before)  # S2
        if state is not None and seen in (Seen.APPLIED, Seen.TENTATIVE):
            return Changed("already" if post_first and not doubt else "read-back", None, state)
        if seen is Seen.EXPIRED:
            why = "the chosen time is past, and the service takes past times no more"
            raise call.error(NotAppliedError, cause=why, temporary=False)  # R2
        if not doubt and seen is Seen.UNCHANGED:
            raise call.refused()  # R3
        if not doubt and post_first and seen is Seen.DIVERGED and state is not None and not state.gone:
            raise call.wrong_state(state)
        if seen is not Seen.UNCHANGED or state is None or not goal.may_repeat(state):
            break  # R8
        if call.left() <= 0:
            break
        before = state  # S3
    raise call.unknown(state)


def wait_for_created(call: Change[Any], resource: Resource, key: str) -> Flow[Any]:
    """Poll the list until it shows a resource with an idempotency key. Of several, all clients take the same one."""
    _, found = yield from read_back(call, resource, Created(key))
    return found.model if found else None


# --- finding out later ---


def find_out(session: Session, write: Write[Any], id: int | None, wanted: Mapping[str, Any]) -> Flow[Outcome]:
    """Find out by reading what became of a write."""
    resource = write.resource
    if write.goal is None or (id is None and not wanted):
        return Outcome(id=id, action=write.done, applied=None, status=None, why=write.hint)
    goal = write.goal(**wanted)
    operation = resource.list if id is None else resource.get
    call = Call(session, operation, "listed" if id is None else "read", resource=resource.name, id=id)
    seen, last = None, None
    if id is not None:
        try:
            last = yield from state(call, resource, goal, schedule=True)
        except NotFoundError:
            last = State(gone=True)
        seen = goal.judge(last)
    if seen is not Seen.APPLIED:
        seen, again = yield from read_back(call, resource, goal)
        last = again or last
    model = last.model if last is not None and id is None else None
    status = model.status if model is not None else last.status if last is not None and last.status else None
    return Outcome(
        id=model.id if model is not None else id,
        action=write.done,
        applied=_APPLIED.get(seen),
        status=status,
        why=f"{_description(last)}{_MEANING[seen]}",
        attempts=call.attempts,
    )


def _description(state: State | None) -> str:
    if state is None:
        return "it could not be read"
    if state.gone:
        return "there is no such campaign in this account"
    due = f", due at {datetime.fromtimestamp(state.send_at, UTC).isoformat()}" if state.send_at is not None else ""
    return f'it is "{state.status}"{due}' if state.status else "it was looked for by its idempotency key"


_APPLIED: Mapping[Seen | None, bool] = {Seen.APPLIED: True, Seen.TENTATIVE: True, Seen.EXPIRED: False}

_MEANING: Mapping[Seen | None, str] = {
    Seen.APPLIED: ": as asked for",
    Seen.TENTATIVE: ": as asked for",
    Seen.EXPIRED: ", and the chosen time is past: the service takes past times no more",
    Seen.UNCHANGED: ", as before, as long as it was read: most likely the write had no effect, unless a late copy of"
    " its request arrives",
    Seen.DIVERGED: ": that does not tell",
    Seen.PENDING: ": that does not tell yet",
    None: ": that does not tell, or not for long enough",
}
