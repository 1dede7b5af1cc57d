"""One call: its deadline, its requests, its waits and its errors."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar, Unpack

from sendgrid_campaigns.config import Clock, Retry
from sendgrid_campaigns.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    Facts,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    SendGridError,
    ServerError,
)
from sendgrid_campaigns.models import Attempt
from sendgrid_campaigns.protocol.answers import retry_after, service_error
from sendgrid_campaigns.protocol.flow import Answer, Ask, Flow, NoAnswer, Operation, Sleep
from sendgrid_campaigns.protocol.proof import Proof
from sendgrid_campaigns.protocol.rate_limit import RateLimit

E = TypeVar("E", bound=SendGridError)

logger: logging.Logger = logging.getLogger("sendgrid_campaigns")

FIRST_WAIT = 0.5
"""Seconds before a second attempt; doubled for each further one, and drawn between half and whole of that."""
LONGEST_BACKOFF = 60.0
"""Seconds."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """What all calls of a client, or of one view of a client, have in common."""

    clock: Clock
    retry: Retry
    rate_limit: RateLimit
    host: str
    on_behalf_of: str | None = None
    """The header's value, for error texts; the transport adds the header itself."""


class Call:
    """One call of one operation, with every request that it makes."""

    def __init__(
        self,
        session: Session,
        operation: Operation[object],
        action: str,
        *,
        resource: str = "campaign",
        id: int | str | None = None,
        after: "Call | None" = None,
    ) -> None:
        """Begin a call, or with `after` the next part of a call: it has the same deadline and attempts."""
        self.session = session
        self.operation = operation
        self.action = action
        self.resource = resource
        self.id = id
        self.changed: Facts = after.changed if after else {}
        """What the call has changed so far, for its errors."""
        self.hint: str = OutcomeUnknownError.hint
        """What a caller does when the outcome is unknown."""
        self.in_doubt = False
        """Whether a write may have been applied, by all that is known at this moment."""
        self._began: float = after._began if after else session.clock.monotonic()
        self._slept: list[float] = after._slept if after else []
        self._attempts: list[Attempt] = after._attempts if after else []

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every request of the call so far."""
        return tuple(self._attempts)

    # --- time ---

    def elapsed(self) -> float:
        """Return seconds since the call began. A clock that stands still, as in a test, is helped by the sleeps."""
        return max(self.session.clock.monotonic() - self._began, sum(self._slept))

    def left(self) -> float:
        """Return seconds until the deadline; nothing begins when none is left."""
        return self.session.retry.deadline - self.elapsed()

    def sleep(self, seconds: float) -> Flow[None]:
        """Sleep for `seconds`."""
        self._slept.append(seconds)
        yield Sleep(seconds)

    def backoff(self, answer: Answer | NoAnswer, number: int) -> float | None:
        """Return seconds to wait after attempt `number`; None when another attempt is not allowed any more."""
        clock, retry = self.session.clock, self.session.retry
        doubled = min(LONGEST_BACKOFF, FIRST_WAIT * 2.0 ** min(number - 1, 32))
        wait = doubled * (0.5 + clock.random() / 2)
        if isinstance(answer, Answer) and answer.status_code == 429:
            # Every client that was told the same second would come back in that second: hence the back-off on top.
            wait += retry_after(answer.headers, clock.time()) or 0.0
        return wait if number < retry.attempts and wait < self.left() else None

    # --- requests ---

    def wait_for_room(self, requests: int = 1, *, keep: float = 0.0) -> Flow[None]:
        """Sleep while the rate limit has no room for so many requests; not beyond the deadline less `keep` seconds.

        A request that cannot wait so long is made all the same, and gets the service's own answer.
        """
        clock, limit = self.session.clock, self.session.rate_limit
        while (wait := limit.wait(clock.monotonic(), requests)) and wait < self.left() - keep:
            yield from self.sleep(wait)

    def exchange(self, ask: Ask, judge: Callable[[Answer | NoAnswer], Proof]) -> Flow[tuple[Proof, Answer | NoAnswer]]:
        """Make one request, and record what its answer proves."""
        clock, limit = self.session.clock, self.session.rate_limit
        limit.start(ask)
        try:
            answer = yield ask
        finally:
            limit.end(ask)
        assert answer is not None
        if isinstance(answer, Answer):
            limit.learn(answer, clock.monotonic(), clock.time())
        proof = judge(answer)
        attempt = Attempt(
            method=ask.operation.method,
            route=ask.operation.path,
            proof=proof.value,
            status_code=answer.status_code if isinstance(answer, Answer) else None,
            cause=answer.cause if isinstance(answer, NoAnswer) else None,
            seconds=answer.seconds,
        )
        self._attempts.append(attempt)
        logger.debug("%s: %s in %.0f ms", self._about(), attempt, attempt.seconds * 1000)
        return proof, answer

    # --- errors ---

    def error(self, kind: type[E], **facts: Unpack[Facts]) -> E:
        """Return an error of this call, with the facts that every error has."""
        known: Facts = {
            "action": self.action,
            "resource": self.resource,
            "campaign_id": self.id,
            "method": self.operation.method,
            "route": self.operation.path,
            "host": self.session.host,
            "on_behalf_of": self.session.on_behalf_of,
            "attempts": self.attempts,
        }
        known.update(self.changed)
        known.update(facts)
        return kind(**known)

    def refusal(self, answer: Answer) -> APIStatusError:
        """Return the error of an answer that is a plain no."""
        said, code = service_error(answer), answer.status_code
        facts: Facts = {"status_code": code}
        if said is not None:
            facts |= {"errors": said.errors, "error_id": said.error_id}
        if code == 429:
            facts["retry_after"] = retry_after(answer.headers, self.session.clock.time())
        return self.error(ServerError if code >= 500 else REFUSALS.get(code, APIStatusError), **facts)

    def note(self, interruption: BaseException) -> None:
        """Tell what an exception from outside ends: a note on the exception, and a warning, for notes get lost.

        R10
        """
        if self.in_doubt and not isinstance(interruption, SendGridError):
            cause = f"the call was ended by {type(interruption).__name__}"
            doubt = self.error(OutcomeUnknownError, cause=cause, hint=self.hint)
            interruption.add_note(f"sendgrid-campaigns: {doubt.summary}. {doubt.advice}")
            logger.warning("%s: %s", self._about(), doubt.summary)

    def _about(self) -> str:
        behalf = f" on behalf of {self.session.on_behalf_of}" if self.session.on_behalf_of else ""
        return f"{self.resource} {self.id or ''}{behalf}"


REFUSALS: Mapping[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
}


def cause(answer: Answer | NoAnswer) -> str:
    """Return what came back, in words."""
    return f"the service answered {answer.status_code}" if isinstance(answer, Answer) else answer.cause
