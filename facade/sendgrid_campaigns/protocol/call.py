"""One call: its deadline, its requests, its waits and its errors."""

from collections.abc import Container
from dataclasses import dataclass, field
from logging import DEBUG, INFO, WARNING, Logger, getLogger
from typing import Any, Generic, Self

from sendgrid_campaigns import errors
from sendgrid_campaigns.config import Clock, Retry
from sendgrid_campaigns.models import Attempt
from sendgrid_campaigns.protocol.answers import retry_after, service_error
from sendgrid_campaigns.protocol.flow import Ask, Flow, Id, NoAnswer, Operation, R, Sleep
from sendgrid_campaigns.protocol.goals import Resource
from sendgrid_campaigns.protocol.proof import Proof, Tried, prove
from sendgrid_campaigns.protocol.rate_limit import RateLimit

logger: Logger = getLogger("sendgrid_campaigns")


@dataclass(eq=False, kw_only=True)
class Session:
    """What all calls of a client, or of one view of a client, have in common."""

    clock: Clock
    retry: Retry
    timeout: float
    """Seconds for one attempt, which the transport keeps."""
    rate_limits: dict[str | None, RateLimit] = field(default_factory=lambda: {None: RateLimit()})
    """The count of all accounts together, as None, and of each that the service was seen to count by itself."""
    host: str
    on_behalf_of: str | None = None
    """The header's value, for error texts; the transport adds the header itself."""


class Call(Generic[R]):
    """One call of one operation, with every request that it makes."""

    writes = False
    """Whether the call is to change something."""

    def __init__(self, session: Session, operation: Operation[R], done: str, resource: Resource, id: Id = None) -> None:
        self.session = session
        self.operation = operation
        self.done = done
        self.id = id
        self.resource = resource
        self.changed: dict[str, str] = {}
        """What the call has changed so far, for its errors."""
        self.in_doubt: bool = False
        """Whether a write may have been applied, by all that is known at this moment."""
        self.attempts: list[Attempt] = []
        self._began: float = session.clock.monotonic()
        self._slept: list[float] = []

    def follow(self, other: "Call[Any]") -> Self:
        """Become the next part of another call: with its deadline and attempts."""
        self.changed, self.attempts = other.changed, other.attempts
        self._began, self._slept = other._began, other._slept
        return self

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

    def wait_to_repeat(self, tried: Tried[Any], number: int) -> Flow[bool]:
        """Sleep after attempt `number`, from 1, until another may be made; False when none may."""
        clock, retry = self.session.clock, self.session.retry
        # Half a second before a second attempt, doubled for each further one; drawn between half and whole of that.
        wait = 0.5 * 2.0 ** min(number - 1, 32) * (0.5 + clock.random() / 2)
        if tried.answer.status_code == 429:
            # Every client that was told the same second would come back in that second: hence the back-off on top.
            wait += retry_after(tried.answer.headers, clock.time()) or 0.0
        elif tried.proof is Proof.REJECTED or "CERTIFICATE_VERIFY_FAILED" in tried.problem:  # as OpenSSL calls it
            return False
        if number >= retry.attempts or wait >= self.left():
            return False
        self.log("retry", "%s; once more in %.1f s", tried.problem, wait)
        yield from self.sleep(wait)
        return True

    # --- requests ---

    def exchange(self, ask: Ask, ambiguous: Container[int] = (), *, wait: bool = True) -> Flow[Tried[Any]]:
        """Make one request when the rate limit allows one, and record what its answer proves.

        A request that cannot wait so long before the deadline is made all the same, and gets the service's own answer.
        After the deadline none is made.
        """
        clock, limits, was_in_doubt = self.session.clock, self.session.rate_limits, self.in_doubt
        limit = limits.get(self.session.on_behalf_of, limits[None])
        while wait and (pause := limit.wait(clock.monotonic())) and pause < self.left():
            self.log("rate limit", "waiting %.1f s for the rate limit", pause)
            yield from self.sleep(pause)
        if self.left() <= 0:
            return prove(NoAnswer("the call's deadline passed before the request was made", True), ask.operation, None)
        ask.within = self.left() if wait else 5.0  # the write rests on a state just read, which must not grow old
        limit.begin(ask)
        try:
            self.in_doubt = was_in_doubt or (self.writes and ask.operation is self.operation)
            answer = yield ask
        finally:
            known = limit.in_flight.pop(id(ask))
        assert answer is not None
        if limit.learn(answer, clock.monotonic(), clock.time(), known):
            limits.setdefault(self.session.on_behalf_of, RateLimit())
        tried = prove(answer, ask.operation, self.id, ambiguous)
        self.in_doubt = was_in_doubt or (self.in_doubt and tried.proof not in (Proof.NOT_SENT, Proof.REJECTED))
        op, proof = ask.operation, tried.proof.value
        self.attempts.append(Attempt(op.method, op.path, proof, answer.status_code, answer.cause, answer.seconds))
        self.log("attempt", "%s in %.0f ms", self.attempts[-1], answer.seconds * 1000)
        return tried

    # --- log records and errors ---

    def facts(self) -> dict[str, Any]:
        """Return what every error and every log record of this call tells."""
        about = {"action": self.done, "resource": self.resource.name, "campaign_id": self.id}
        where = {"method": self.operation.method, "route": self.operation.path, "host": self.session.host}
        return {**about, **where, "on_behalf_of": self.session.on_behalf_of}

    def log(self, phase: str, text: str, *values: object) -> None:
        """Write a log record; its `extra` holds the facts of the call, the phase, and the last attempt so far."""
        level = DEBUG if phase == "attempt" else WARNING if phase == "unknown" else INFO
        if logger.isEnabledFor(level):
            last = vars(self.attempts[-1]) if self.attempts else {}
            extra = {**self.facts(), **last, "phase": phase, "attempt": len(self.attempts)}
            logger.log(level, f"%s %s: {text}", self.resource.name, self.id, *values, extra=extra)

    def error(self, kind: type[errors.SendGridError], **facts: Any) -> errors.SendGridError:
        """Return an error of this call, with the facts that every error has."""
        return kind(**{**self.facts(), **self.changed, "attempts": tuple(self.attempts), **facts})

    def failure(self, tried: Tried[Any], **facts: Any) -> errors.SendGridError:
        """Return the error of a request that failed, and that changed nothing."""
        code, headers = tried.answer.status_code, tried.answer.headers
        refused = tried.proof in (Proof.REJECTED, Proof.AMBIGUOUS)
        if not refused and self.writes:
            return self.error(errors.NotAppliedError, cause=tried.problem)
        if code is None:
            return self.error(errors.APIConnectionError, cause=tried.problem)
        if not refused and code < 500:
            return self.error(errors.InvalidResponseError, cause=tried.problem, status_code=code)
        found, error_id = service_error(tried.answer) or ((), None)
        waits = {"retry_after": retry_after(headers, self.session.clock.time())} if code == 429 else {}
        return self.error(errors.by_status(code), status_code=code, errors=found, error_id=error_id, **waits, **facts)
