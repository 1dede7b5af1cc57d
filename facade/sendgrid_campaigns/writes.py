"""How a change is carried out, the same for every operation, and how it is found out later what became of one.

outcome.py decides; here its questions become requests, and its conclusions results and errors.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import attrs

from sendgrid_campaigns import arguments, models, reads
from sendgrid_campaigns.endpoints import CREATE, GET, LIST, SEND, UPDATE, Endpoint
from sendgrid_campaigns.errors import (
    NotFoundError,
    NotInDraftError,
    NotReadyError,
    NotScheduledError,
    NotSentError,
    OutcomeUnknownError,
    SendGridError,
    ServerError,
    StopNotAskedError,
    UnreadableResponseError,
    shown,
)
from sendgrid_campaigns.exchange import Call, Steps, Tried, Turn, Unparsed, Watch
from sendgrid_campaigns.models import Campaign, Outcome, Schedule, SendReceipt
from sendgrid_campaigns.outcome import (
    AIMS,
    Aim,
    Conclusion,
    Created,
    Finding,
    State,
    Updated,
    carry_out,
    find_out,
)
from sendgrid_campaigns.settings import Settings


class _Write(NamedTuple):
    """One write, for outcome.carry_out: how it is tried and how its campaign is read."""

    call: Call
    aim: Aim | None
    complete: bool = False
    """Refuse what is known to lack something."""
    timed: bool = False
    """Read the schedule, too, before anything is tried."""

    @property
    def deadline(self) -> float:
        return self.call.deadline

    def attempt(self) -> Steps[Tried]:
        if self.aim is None:
            return self.call.attempt(until=self.deadline)
        # It does not wait where the state that was read would grow old; and doubt needs time to be settled.
        until = self.deadline - self.call.settings.retry.settle if self.aim.guarded else 0.0
        return self.call.attempt(self.aim.judged, until=until)

    def read(self) -> Steps[State | None]:
        """The state while nothing has been tried: whatever fails here, the campaign was not touched."""
        call = self.call
        if self.aim is None or call.campaign_id is None:
            return None
        try:
            state = yield from reads.state(call, self.aim, whole=self.complete, timed=self.timed)
        except (ServerError, UnreadableResponseError, NotSentError) as error:
            raise call.error(NotSentError, cause=f"its status could not be read before: {error.happened()}") from error
        problems = tuple(models.missing(state.campaign)) if self.complete and state.is_("draft") else ()
        if problems:
            raise call.error(NotReadyError, problems=problems)
        return state

    def look(self) -> Steps[State | None]:
        """The state now; None when it could not be read."""
        return (yield from reads.look(self.call, self.aim)) if self.aim else None


def change(call: Call, *, complete: bool = False, accept_done: bool = False, **wanted: Any) -> Steps[Conclusion]:
    """Carry out a call's write, or raise what became of it.

    wanted: what is asked for, as the aim of its action takes it; errors carry it, too.
    """
    aim = _aim(call.action, wanted)
    settings = call.settings
    if call.campaign_id is not None:
        yield from _take_turn(call, call.campaign_id)
    yield Watch(call.interrupted)
    call.places = 1 if aim is None or aim.guarded else 2
    write = _Write(call, aim, complete, timed=accept_done)
    concluded = yield from carry_out(write, settings.retry, settings.clock, accept_done=accept_done)
    status = concluded.state.status if concluded.state and not concluded.state.gone else None
    match concluded.kind:
        case "done" | "already":
            return concluded
        case "not allowed":
            kind = NOT_ALLOWED.get(call.action, NotInDraftError)
            # These two answer a read of ours, and are no answer of the service's to the write.
            code = {} if kind is StopNotAskedError else {"status_code": GET.success[0]}
            raise call.error(kind, status=status, **code)
        case "refused":
            raise call.refusal(call.answered)
        case "not done":
            raise call.error(NotSentError, cause=concluded.why or call.cause(call.last))
        case "unknown":
            gone = "; it has been deleted meanwhile" if concluded.state and concluded.state.gone else ""
            cause = f"{call.doubt or call.cause(call.last)}{gone}"
            raise call.error(OutcomeUnknownError, cause=cause, status=status, wanted=wanted)


NOT_ALLOWED: Mapping[str, type[SendGridError]] = {
    "rescheduled": NotScheduledError,
    "unscheduled": NotScheduledError,
    "deleted": StopNotAskedError,
}


def _take_turn(call: Call, key: int | str) -> Steps[None]:
    """R9: one write in flight for each campaign."""
    if key in call.turns:
        return
    patience = max(0.0, call.deadline - call.settings.clock.monotonic())
    if not (yield Turn(key, patience)):
        cause = f"another call of this client was at it, and had not ended after {patience:g} s"
        raise call.error(NotSentError, cause=cause)
    call.turns.add(key)


def _aim(action: str, wanted: Mapping[str, Any]) -> Aim | None:
    """None for what cannot be found by reading: a test, and a campaign without a marker."""
    return AIMS[action](**wanted) if action in AIMS and (wanted or action != "created") else None


def create(settings: Settings, given: Mapping[str, Any]) -> Steps[Campaign]:
    call = _creation(settings, given)
    concluded = yield from change(call)
    return _changed(call, concluded)


def _creation(settings: Settings, given: Mapping[str, Any], after: Call | None = None) -> Call:
    body = {name: value for name, value in given.items() if value is not None}
    return Call(settings, CREATE, "created", after=after, body=body)


def update(
    settings: Settings, campaign_id: int, given: Mapping[str, Any], after: Call | None = None
) -> Steps[Campaign]:
    call = Call(settings, UPDATE, "updated", after=after, campaign_id=campaign_id, body=given)
    concluded = yield from change(call, fields=given)
    return _changed(call, concluded, fields=given)


def _changed(call: Call, concluded: Conclusion, **wanted: Any) -> Campaign:
    """The campaign as it is after the call."""
    if concluded.known_from == "read-back" and concluded.state:
        campaign: Campaign | Unparsed = concluded.state.campaign
        assert isinstance(campaign, Campaign)
        return campaign
    campaign = call.parsed(call.answered, lambda found: models.campaign(found, call.campaign_id))
    if isinstance(campaign, Unparsed):
        cause = f"it was accepted, but the answer cannot be read: {campaign.problem}"
        raise call.error(OutcomeUnknownError, cause=cause, wanted=wanted)
    return campaign


def schedule(settings: Settings, endpoint: Endpoint, action: str, campaign_id: int, seconds: int) -> Steps[Schedule]:
    call = Call(settings, endpoint, action, campaign_id=campaign_id, body={"send_at": seconds})
    concluded = yield from change(call, send_at=seconds)
    known = concluded.known_from, call.attempts
    if concluded.known_from == "read-back" and concluded.state:
        return Schedule(campaign_id, models.time(seconds), concluded.state.status, *known)
    said = call.parsed(
        call.answered, lambda found: Schedule(campaign_id, models.time(found.send_at), found.status, *known)
    )
    return Schedule(campaign_id, models.time(seconds), None, *known) if isinstance(said, Unparsed) else said


def send(
    settings: Settings,
    campaign_id: int,
    *,
    complete: bool = False,
    accept_done: bool = False,
    after: Call | None = None,
) -> Steps[SendReceipt]:
    call = Call(settings, SEND, "sent", after=after, campaign_id=campaign_id)
    concluded = yield from change(call, complete=complete, accept_done=accept_done)
    if concluded.known_from != "answer" and concluded.state:
        status: Any = concluded.state.status
    else:
        accepted = call.parsed(call.answered, lambda found: found.status)
        status = accepted if isinstance(accepted, str) else None
    return SendReceipt(campaign_id, status, concluded.known_from, call.attempts)


def send_once(settings: Settings, marker: str, given: Mapping[str, Any]) -> Steps[SendReceipt]:
    call = Call(settings, LIST, "sent", limit=reads.PAGE_SIZE, offset=0)
    yield from _take_turn(call, marker)
    campaign = yield from reads.find(call, marker)
    if campaign is None:
        yield from change(_creation(settings, given, call), marker=marker)
        # Another process may have made one at the same time: all of them take the one that was made first.
        made = _Write(call, Created(marker))
        _, state = yield from find_out(made, Created(marker), settings.retry.settle, settings.clock)
        campaign = state.campaign if state else None
        if campaign is None:
            cause = f"a campaign was made for it, and the list shows none yet with {marker!r} in its title"
            raise call.error(NotSentError, cause=cause)
    fields = {name: value for name, value in given.items() if name != "editor"}
    if campaign.is_draft and Updated(fields).finding(State(campaign=campaign)) is not Finding.LOOKS_DONE:
        yield from update(settings, campaign.id, fields, call)
    return (yield from send(settings, campaign.id, accept_done=True, after=call))


# --- finding out later ---


def outcome(settings: Settings, action: str, campaign_id: int | None, wanted: Mapping[str, Any]) -> Steps[Outcome]:
    aim = _aim(action, wanted)
    if aim is None:
        unread = OutcomeUnknownError(action=action, cause="").advice
        return Outcome(id=campaign_id, action=action, applied=None, status=None, why=unread)
    if campaign_id is None:
        call, state = Call(settings, LIST, "listed", limit=reads.PAGE_SIZE, offset=0), None
    else:
        call = Call(settings, GET, "read", campaign_id=campaign_id)
        try:
            state = yield from reads.state(call, aim, whole=isinstance(aim, Updated), timed=True)
        except NotFoundError:
            state = State(gone=True)
    found = aim.finding(state) if state else None
    if found is not Finding.DONE:
        found, state = yield from find_out(_Write(call, aim), aim, settings.retry.settle, settings.clock)
    found_by_marker = state.campaign if state and campaign_id is None else None
    return Outcome(
        id=found_by_marker.id if found_by_marker else campaign_id,
        action=action,
        applied=APPLIED.get(found),
        status=found_by_marker.status if found_by_marker else state.status if state and not state.gone else None,
        why=f"{_seen(state)}{SAYS[found]}",
        attempts=call.attempts,
    )


def _seen(state: State | None) -> str:
    if state is None:
        return "it could not be read"
    if state.gone:
        return "there is no such campaign in this account"
    due = f", due at {models.time(state.send_at).isoformat()}" if state.send_at is not None else ""
    return f'it is "{state.status}"{due}' if state.status else "it was looked for by its title"


APPLIED: Mapping[Finding | None, bool] = {Finding.DONE: True, Finding.LOOKS_DONE: True, Finding.NEVER: False}

SAYS: Mapping[Finding | None, str] = {
    Finding.DONE: ": as was asked for",
    Finding.LOOKS_DONE: ": as was asked for",
    Finding.NEVER: ", and the time asked for is past: the service takes it no more",
    Finding.BEFORE: ", as before, as long as it was read: most likely nothing came of it, unless a late request lands",
    Finding.MOVED: ": that does not tell",
    Finding.PASSING: ": that does not tell yet",
    None: ": that does not tell, or not for long enough",
}


def settings_for(error: object, settings: Settings) -> Settings:
    """The settings for the account that an error is about: R13, and no view acts for another's."""
    known = isinstance(error, OutcomeUnknownError)
    arguments.require(known, f"resolve() was given {shown(error)}", "Give it an OutcomeUnknownError.")
    whose: str | None = error.on_behalf_of if isinstance(error, OutcomeUnknownError) else None
    arguments.require(
        settings.on_behalf_of in (None, whose),
        f"the error is about a campaign of {whose or 'the parent account'!r}, and this is a view for another account",
        "Resolve it with the client itself, or with that account's view.",
    )
    return attrs.evolve(settings, on_behalf_of=whose)
