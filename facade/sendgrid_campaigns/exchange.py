"""One request until it is answered, refused or in doubt: attempts, waits, verdicts. Free of I/O.

What takes time here is a generator of steps, as httpx.Auth.auth_flow is: it yields an httpx.Request or a Wait, and is
sent what came of it. A driver does the I/O; client.py has two.
"""

import json
import logging
import math
from collections.abc import Callable, Container, Generator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, cast

import httpx

from sendgrid_campaigns.endpoints import Endpoint
from sendgrid_campaigns.errors import (
    APIStatusError,
    Attempt,
    AuthenticationError,
    BadRequestError,
    ErrorDetail,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    SendGridError,
    ServerError,
    UnreadableResponseError,
)
from sendgrid_campaigns.pace import Place, Room
from sendgrid_campaigns.settings import Settings

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("sendgrid_campaigns")

# --- what a driver is asked for, and what it answers ---


class Wait(NamedTuple):
    """Ask for nothing, for so many seconds."""

    seconds: float


class Turn(NamedTuple):
    """Ask to be the only call of this client that writes to this, until the call ends. R9.

    The answer is whether it could be had in so many seconds.
    """

    key: int | str
    seconds: float


class Answer(NamedTuple):
    """A status line arrived."""

    status_code: int
    headers: Mapping[str, str]
    """With names in lower case."""
    body: bytes | None
    """The decoded body; None when it was cut off, could not be decoded or is too large."""
    seconds: float

    def __repr__(self) -> str:
        return f"Answer({self.status_code})"  # a server may quote the key


class NoAnswer(NamedTuple):
    """No status line arrived."""

    error: Exception
    started: bool | None
    """Whether the transport began to write the request; None when it did not report what it does."""
    seconds: float

    def __repr__(self) -> str:
        return f"NoAnswer(started={self.started})"


class Watch(NamedTuple):
    """Ask to be told of the exception that ends the call, if one does, wherever it comes from."""

    told: Callable[[BaseException], None]


Step: TypeAlias = httpx.Request | Wait | Turn | Watch
Seen: TypeAlias = Answer | NoAnswer | bool | None
Steps: TypeAlias = Generator[Step, Seen, T]


# --- the verdict of one attempt ---


class Verdict(Enum):
    """What one attempt proves."""

    DONE = "done"
    REFUSED = "refused"
    NEVER_LEFT = "never left"
    DOUBT = "doubt"


REFUSALS = frozenset({400, 401, 404, 405, 413, 415, 422, 429})
"""Statuses that say that the service did not act. 403 is none: it may be the answer to a copy that came second."""

PASSING = frozenset({408, 425})
"""Of the 4xx, those that say nothing about the request itself: a read is repeated after them."""

NO_REQUEST = (httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)
"""What httpx raises before it has even a connection."""

NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, TimeoutError)
"""What it raises while it connects, and other transports later, too: believed only of one that reports what it does."""


def verdict(seen: Answer | NoAnswer, success: Container[int]) -> Verdict:
    """What an attempt proves. Only a documented code is success, and the status line alone decides: no body can."""
    if isinstance(seen, NoAnswer):
        unsent = seen.started is False if isinstance(seen.error, NO_CONNECTION) else not seen.started
        known = isinstance(seen.error, NO_CONNECTION + NO_REQUEST)
        return Verdict.NEVER_LEFT if known and unsent else Verdict.DOUBT
    if seen.status_code in success:
        return Verdict.DONE
    return Verdict.REFUSED if seen.status_code in REFUSALS else Verdict.DOUBT


class Unparsed(NamedTuple):
    """A body that is not what the service documents."""

    problem: str


# --- one call ---


class Tried(NamedTuple):
    """One attempt of a write, and what it proves."""

    verdict: Verdict
    status_code: int | None = None
    again_in: float | None = None
    """Seconds after which it may be tried again, as nothing of it was carried out; None: not at all."""


class Found(NamedTuple, Generic[T]):
    """What one read found."""

    value: T | None
    """None: the service answered 404."""
    at: float
    """When, in unix time: by the clock that is ahead, the answer's or this machine's."""
    at_least: float
    """The same, by the clock that is behind."""


class Call:
    """One call of one operation: what it is about, how long it may take, and every attempt that it made."""

    def __init__(
        self, settings: Settings, endpoint: Endpoint, action: str, *, after: "Call | None" = None, **arguments: Any
    ) -> None:
        """after: the part of the same call that came before: it has the same deadline, turns and attempts."""
        self.action = action
        self.campaign_id: int | None = arguments.get("campaign_id")
        self.endpoint = endpoint
        self.settings = settings
        self.redact: Callable[[str], str] = settings.key.redact
        self._request = endpoint.request(settings, **arguments)
        self._tries = 0
        self.deadline: float = after.deadline if after else settings.clock.monotonic() + settings.retry.deadline
        self._attempts: list[Attempt] = after._attempts if after else []
        self.turns: set[int | str] = after.turns if after else set()
        """What this call alone writes to, until it ends."""
        self._place: Place
        self.places = 1
        """Requests that the rate limit must have room for before one goes: more, when another must follow at once."""
        self.last: Answer | NoAnswer | None = None
        """What came of the last attempt of the write."""
        self.doubt: str | None = None
        """What put it in doubt, first."""
        self.in_doubt: bool = False
        """Whether a write may have been carried out, by all that is known at this moment."""

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every request of the call so far."""
        return tuple(self._attempts)

    def read(self, model: Callable[[Any], T], endpoint: Endpoint | None = None, **arguments: Any) -> Steps[T]:
        """The answer to the call's request, or to another read of its campaign. Repeated on any doubt.

        It goes through the generated parser, and then through `model`, which raises for what it cannot take.
        """
        retry, clock = self.settings.retry, self.settings.clock
        request, endpoint = self._reading(endpoint, arguments)
        number = 1
        while True:
            yield from self._pace(request, self.deadline)
            proven, seen = yield from self._exchange(request, endpoint, number)
            wait = self._wait_after(seen, proven, number, also=Verdict.DOUBT)
            # No attempt is cut short by the deadline, but none begins after it.
            if wait is None or number == retry.attempts or clock.monotonic() + wait >= self.deadline:
                break
            if not self.settings.budget.take(clock.monotonic()):  # R12
                break
            yield Wait(wait)
            number += 1
        if isinstance(seen, NoAnswer):
            cause = self.cause(seen)
            raise self.error(NotSentError, cause=cause) if proven is Verdict.NEVER_LEFT else self._unreadable(cause)
        if proven is not Verdict.DONE:
            if seen.status_code >= 400 and seen.status_code not in PASSING:
                raise self.refusal(seen)
            cut = seen.status_code in endpoint.success
            problem = "the answer was cut off or is too large" if cut else "this status is not documented for it"
            raise self._unreadable(problem, seen.status_code)
        result = self.parsed(seen, model, endpoint)
        if isinstance(result, Unparsed):
            raise self._unreadable(f"the answer is not what the service documents ({result.problem})", seen.status_code)
        return result

    def look(self, model: Callable[[Any], T], endpoint: Endpoint, **arguments: Any) -> "Steps[Found[T] | None]":
        """One read to find out what became of a write; None when it told nothing. Not repeated: who looks, looks on."""
        clock = self.settings.clock
        if clock.monotonic() >= self.deadline or not self.settings.budget.take(clock.monotonic()):  # R12
            return None
        request, endpoint = self._reading(endpoint, arguments)
        yield from self._pace(request, self.deadline)
        proven, seen = yield from self._exchange(request, endpoint)
        if not isinstance(seen, Answer):
            return None
        dated, now = http_date(seen.headers.get("date")), clock.time()
        at, at_least = max(dated or now, now), min(dated or now, now)
        if seen.status_code == 404:
            return Found(None, at, at_least)
        value = self.parsed(seen, model, endpoint) if proven is Verdict.DONE else Unparsed("")
        return None if isinstance(value, Unparsed) else Found(value, at, at_least)

    def attempt(self, judged: Container[int] = (), *, until: float) -> Steps[Tried]:
        """One attempt of the write that the call is for.

        judged: refusals that may answer a second copy of it. R3. until: when it waits no longer for the rate limit.
        """
        # What is repeated goes by the state just read: that must not grow old.
        yield from self._pace(self._request, 0.0 if self.in_doubt else until)
        was_in_doubt, self.in_doubt = self.in_doubt, True
        proven, seen = yield from self._exchange(self._request, self.endpoint, self._tries + 1, judged)
        self._tries += 1
        self.last = seen
        self.in_doubt = was_in_doubt or proven in (Verdict.DONE, Verdict.DOUBT)
        if proven is Verdict.DOUBT and self.doubt is None:
            self.doubt = self.cause(seen)
        status_code = seen.status_code if isinstance(seen, Answer) else None
        return Tried(proven, status_code, self._wait_after(seen, proven, self._tries))

    def interrupted(self, error: BaseException) -> None:
        """R10: what ends a call from outside is not touched, and gets what the call cannot know as a note."""
        if self.in_doubt and not isinstance(error, SendGridError):
            doubt = self.error(OutcomeUnknownError, cause=f"interrupted by {type(error).__name__}")
            error.add_note(f"sendgrid-campaigns: {doubt.happened()} {doubt.advice}")

    @property
    def answered(self) -> Answer:
        """The answer to the last attempt of the write, where there is one."""
        assert isinstance(self.last, Answer)
        return self.last

    def parsed(self, answer: Answer, model: Callable[[Any], T], endpoint: Endpoint | None = None) -> "T | Unparsed":
        """What the generated parser, and then `model`, make of an answer's body."""
        try:
            return model((endpoint or self.endpoint).parse(answer.status_code, answer.body))
        except Exception as error:  # The generated parser raises what comes: KeyError, TypeError, RecursionError …
            detail = self.redact(str(error.args[0]) if error.args else "")
            return Unparsed(f"{type(error).__name__}: {detail[:200]}")

    def _reading(self, endpoint: Endpoint | None, arguments: dict[str, Any]) -> tuple[httpx.Request, Endpoint]:
        if endpoint is None or (endpoint is self.endpoint and not arguments):
            return self._request, self.endpoint
        if self.campaign_id is not None:
            arguments = {"campaign_id": self.campaign_id, **arguments}
        return endpoint.request(self.settings, **arguments), endpoint  # R13: by the same settings

    def _pace(self, request: httpx.Request, until: float) -> Steps[None]:
        """Wait until the rate limit has room for a request, and take it. `_exchange` must follow.

        until: by the monotonic clock; what cannot wait so long goes, and gets the service's own answer.
        """
        retry, clock = self.settings.retry, self.settings.clock
        before = -math.inf
        while True:
            now = clock.monotonic()
            # A clock that stands still, as in a test, would have it wait for ever.
            patience = min(retry.longest_wait, until - now) if retry.pace and now > before else 0.0
            counted_as = f"{request.method} {request.extensions['route']}"
            place = self.settings.pace.wait(counted_as, now, patience, self.places)
            if isinstance(place, Place):
                self._place = place
                return
            before = now
            yield Wait(place)

    def _exchange(
        self, request: httpx.Request, endpoint: Endpoint, number: int = 1, judged: Container[int] | None = None
    ) -> Steps[tuple[Verdict, Answer | NoAnswer]]:
        """One request, and what its answer proves. judged: of a write, see `attempt`; of a read, None."""
        clock, pace, place = self.settings.clock, self.settings.pace, self._place
        try:
            seen = yield request
        except GeneratorExit:  # the call was interrupted, and is dropped
            pace.landed(place, 0.0, None)
            raise
        assert isinstance(seen, Answer | NoAnswer)
        proven = verdict(seen, endpoint.success)
        room = said_room(seen, clock.time()) if isinstance(seen, Answer) else None
        pace.landed(place, clock.monotonic(), room, counted=proven is not Verdict.NEVER_LEFT)
        if isinstance(seen, Answer):
            if judged is None:
                if proven is Verdict.DONE and seen.body is None:
                    proven = Verdict.DOUBT  # A read is its body.
            elif proven is Verdict.DONE or seen.status_code in endpoint.success_with_body:
                proven = self._success_of(seen, proven)
            elif seen.status_code in judged:
                proven = Verdict.DOUBT
        attempt = Attempt(
            method=request.method,
            route=request.extensions["route"],
            verdict=proven.value,
            status_code=seen.status_code if isinstance(seen, Answer) else None,
            cause=None if isinstance(seen, Answer) else self.cause(seen),
            seconds=seen.seconds,
        )
        self._attempts.append(attempt)
        logger.debug(
            "%s %s: %s in %.0f ms, attempt %d",
            *(attempt.method, attempt.route, attempt.status_code or attempt.cause, attempt.seconds * 1000, number),
        )
        return proven, seen

    def _success_of(self, answer: Answer, proven: Verdict) -> Verdict:
        """What an answer with a code of success proves to a write, by its body.

        A body that cannot be read takes nothing away from a status line that decides (R5). But an answer about another
        campaign decides nothing (R14), and a code that others answer, too, needs a body about this one (R4).
        """
        about = self.parsed(answer, lambda found: found.id)
        if proven is Verdict.DONE:
            other = self.campaign_id is not None and type(about) is int and about != self.campaign_id
            return Verdict.DOUBT if other else proven
        return Verdict.DONE if about == self.campaign_id else Verdict.DOUBT

    def _wait_after(
        self, seen: Answer | NoAnswer, proven: Verdict, number: int, also: Verdict = Verdict.NEVER_LEFT
    ) -> float | None:
        """Seconds after which to try again, when that is good for anything."""
        retry, clock = self.settings.retry, self.settings.clock
        if proven is Verdict.DONE:
            return None
        wait = retry.backoff(number, clock.random())
        if isinstance(seen, Answer) and seen.status_code == 429:
            asked = retry_after(seen.headers, clock.time()) or 0.0
            # Everybody who was told the same second would come back in it: hence some of our own wait on top.
            return asked + wait if asked <= retry.longest_wait else None
        return wait if proven in (Verdict.NEVER_LEFT, also) and not _is_plain_no(seen) else None

    def error(self, kind: Callable[..., SendGridError], **facts: Any) -> SendGridError:
        """An error of this call, with everything that all of them carry, and the key out of what others have said."""
        facts = {name: self.redact(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}
        return kind(
            action=self.action,
            method=self._request.method,
            route=self._request.extensions["route"],
            campaign_id=self.campaign_id,
            on_behalf_of=self.settings.on_behalf_of,
            attempts=self.attempts,
            **facts,
        )

    def refusal(self, answer: Answer) -> SendGridError:
        """The typed error for an answer that is a plain no."""
        errors, error_id = read_errors(answer.body, self.redact)
        facts: dict[str, Any] = {"status_code": answer.status_code, "errors": errors, "error_id": error_id}
        if answer.status_code == 429:
            facts["retry_after"] = retry_after(answer.headers, self.settings.clock.time())
        kind = ServerError if answer.status_code >= 500 else REFUSAL_CLASSES.get(answer.status_code, APIStatusError)
        return self.error(kind, **facts)

    def _unreadable(self, cause: str, status_code: int | None = None) -> SendGridError:
        return self.error(UnreadableResponseError, cause=cause, status_code=status_code)

    def cause(self, seen: Answer | NoAnswer | None) -> str:
        """What came back, in words for an error's text."""
        if not isinstance(seen, NoAnswer):
            return f"the service answered {seen.status_code}" if seen else "it was not tried"
        name = type(seen.error).__name__
        with suppress(Exception):  # an exception of somebody's transport may fail to say what it is
            detail = self.redact(str(seen.error)).strip()
            return f"{name}: {detail}" if detail else name
        return name


REFUSAL_CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
}


def _is_plain_no(seen: Answer | NoAnswer) -> bool:
    """Whether a read got an answer that asking again will not change: a 4xx, but for the passing ones."""
    return isinstance(seen, Answer) and 400 <= seen.status_code < 500 and seen.status_code not in PASSING


# --- what answers say ---


def read_errors(body: bytes | None, redact: Callable[[str], str]) -> tuple[tuple[ErrorDetail, ...], str | None]:
    """What an error's body says, whatever its shape, and the service's id for the error. Never raises."""
    text = redact((body or b"").decode("utf-8", "replace")).strip()
    try:
        # JSON can spell a character in several ways, and the key in as many: once more, in the one way of Python's.
        said = json.loads(redact(json.dumps(json.loads(text), ensure_ascii=False)))
    except (ValueError, RecursionError):
        if text.startswith("<"):
            text = "(an HTML page: not from the API, but from something before it)"
        return ((ErrorDetail(message=" ".join(text.split())[:200]),) if text else ()), None
    whole = _object(said)
    errors: list[Any] = whole["errors"] if isinstance(whole.get("errors"), list) else [whole]
    items = [_object(item) for item in errors]
    ids = (whole.get("id"), *(item.get("error_id") for item in items))
    details = tuple(detail for item in items if (detail := _detail(item)))
    return details, next((identity for identity in ids if isinstance(identity, str)), None)


def _object(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {"message": value}


def _detail(item: dict[str, Any]) -> ErrorDetail | None:
    message = item.get("message") or item.get("error")
    if not message:
        return None
    field, note = item.get("field"), item.get("help")
    return ErrorDetail(
        message=str(message)[:500],
        field=field if isinstance(field, str) and field not in ("", "null") else None,
        help=cast(Any, note) if isinstance(note, str | dict) else None,
    )


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until the service takes requests again, as an answer's headers say; None when they do not, or absurdly.

    `X-RateLimit-Reset` is a unix time on most pages of the service and a number of seconds on one; `now` is the unix
    time, for which the answer's own Date is the better source. `Retry-After` is honoured should it ever be sent.
    https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits
    """
    now = http_date(headers.get("date")) or now
    asked = headers.get("retry-after")
    seconds = _number(asked)
    if seconds is None and (at := http_date(asked)) is not None:
        seconds = at - now
    if seconds is None and (reset := _number(headers.get("x-ratelimit-reset"))) is not None:
        seconds = reset - now if reset > 1e9 else reset
    return max(seconds, 0.0) if seconds is not None and -86_400 <= seconds <= 86_400 else None


def said_room(answer: Answer, now: float) -> Room | None:
    """What an answer's headers say about the rate limit; None when they do not, or absurdly. `now`: see retry_after."""
    if "x-ratelimit-remaining" not in answer.headers:
        return None
    limit = _number(answer.headers.get("x-ratelimit-limit"))
    remaining = _number(answer.headers.get("x-ratelimit-remaining"))
    if limit is None or remaining is None or limit < 1 or remaining < 0:
        return None
    seconds = retry_after(answer.headers, now)
    return Room(int(limit), 0 if answer.status_code == 429 else int(remaining), seconds) if seconds else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@lru_cache(maxsize=8)  # one for each second, and a second holds many answers
def http_date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
