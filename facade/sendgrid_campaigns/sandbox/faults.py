"""What goes wrong between a client and the service, as planned: lost, late, doubled and made-up; and others who act.

A fault has two sides, each said for itself: what becomes of the request, and what its client gets to see.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Literal

import attrs
from attrs.validators import and_, ge, in_, instance_of, le, optional

from sendgrid_campaigns.sandbox.service import OPERATIONS, Reply, Request, Service

Effect = Literal["none", "done", "late", "twice"]
Ending = Literal["refused", "reset", "closed", "silence"]
When = Literal["before", "after"]
Door = Literal["transport()", "serve()", "serve_faulty()"]

CONNECT = "connect"
"""In place of an operation: a new connection, before anything of it is read."""

_LONGEST = 1e9
"""Seconds."""


def _shown(value: object) -> str:
    return f"{value[:60]!r}..." if isinstance(value, bytes) and len(value) > 60 else repr(value)


@attrs.frozen
class Canned:
    """An answer that is made up. Its length is put in by itself: whole answers that are wrong in that are `raw`."""

    status_code: int = attrs.field(validator=[instance_of(int), ge(200), le(599)])
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    body: bytes = attrs.field(default=b"", validator=instance_of(bytes), repr=_shown)

    def __attrs_post_init__(self) -> None:
        if {name.lower() for name in self.headers} & {"content-length", "transfer-encoding"}:
            raise ValueError("a Canned answer gets its length by itself; for a wrong one, give all bytes, as raw=")
        if self.body and self.status_code in _BODILESS:
            raise ValueError(f"an answer of {self.status_code} has no body; for one that has, give all bytes, as raw=")


_BODILESS = (204, 304)


def _title(status_code: int) -> str:
    try:
        return f"{status_code} {HTTPStatus(status_code).phrase}"
    except ValueError:
        return f"{status_code} "


def _page(status_code: int) -> Canned:
    """What something on the way answers: a page for people."""
    page = f"<html><head><title>{_title(status_code)}</title></head><body></body></html>\n"
    return Canned(status_code, {"content-type": "text/html"}, b"" if status_code in _BODILESS else page.encode())


_COUNT = optional(and_(instance_of(int), ge(0)))


@attrs.define(kw_only=True)
class Fault:
    """What becomes of one request, and what its client gets to see: `Sandbox.fault` says what the words mean."""

    operation: str
    effect: Effect | None = attrs.field(default=None, validator=optional(in_(("none", "done", "late", "twice"))))
    delay: float = attrs.field(default=0.0, validator=[ge(0), le(_LONGEST)])
    answer: int | Canned | Literal["second"] | None = None
    ending: Ending | None = attrs.field(
        default=None, validator=optional(in_(("refused", "reset", "closed", "silence")))
    )
    cut: int | None = attrs.field(default=None, validator=_COUNT)
    drip: float = attrs.field(default=0.0, validator=[ge(0), le(_LONGEST)])
    raw: bytes | None = attrs.field(default=None, validator=optional(instance_of(bytes)))
    after: int | None = attrs.field(default=None, validator=_COUNT)

    def __attrs_post_init__(self) -> None:
        if self.operation == CONNECT and self.after is None:
            self.after = 0
        if self.ending is None and (self.cut is not None or self.raw is not None):
            self.ending = "closed"
        if self.effect is None:
            made_up = self._canned() is not None
            self.effect = "none" if made_up or self.after is not None or self.ending == "refused" else "done"
        if why := self._problem():
            raise ValueError(f"{self}: {why}")

    def _problem(self) -> str | None:
        made_up, partial = self._canned() is not None, self.cut is not None or self.raw is not None
        lost = self.ending is not None and not partial
        if not made_up and self.answer not in (None, "second"):
            return "an answer is a status code, Canned, or 'second'"
        if (self.effect == "late") != (self.delay > 0):
            return "a late effect has a delay, and no other has"
        if self.answer == "second" and self.effect != "twice":
            return "only of what is done twice there is a second answer"
        if self.ending == "refused" and (self.effect != "none" or partial or self.after is not None):
            return "without a connection there is no effect, and nothing is read or answered"
        if lost and (self.answer is not None or self.drip > 0):
            return "an answer that is lost is not made up and does not drip; cut= lets some of it arrive"
        if self.raw is not None and (self.answer is not None or self.cut is not None):
            return "raw bytes take the place of an answer, and of its part, too"
        if self.after is not None and (self.effect != "none" or not lost):
            return "of a request that is not read whole there is no effect and no answer: give an ending="
        if not (made_up or lost or self.raw is not None or self.effect in ("done", "twice")):
            return "nobody answers that: give an answer= that is made up, or an ending="
        return None

    def __str__(self) -> str:
        return self.at(1)

    def at(self, occurrence: int) -> str:
        """The call that plans this."""
        values = [(field, getattr(self, field.name)) for field in attrs.fields(Fault) if field.name != "operation"]
        words = "".join(f", {field.name}={_shown(value)}" for field, value in values if value != field.default)
        return f"fault({self.operation!r}, {occurrence}{words})"

    def reply(self, own: Reply | None) -> Reply | None:
        """What is answered, when all of it arrives."""
        canned = self._canned()
        if canned is None:
            return own
        return Reply(status_code=canned.status_code, headers=canned.headers, body=canned.body)

    def _canned(self) -> Canned | None:
        if isinstance(self.answer, int):
            return _page(self.answer)
        return self.answer if isinstance(self.answer, Canned) else None

    def arriving(self, answer: bytes) -> bytes:
        """Of the bytes of an answer, or in their place, those that reach the client."""
        if self.raw is not None:
            return self.raw
        return b"" if self.ending is not None and self.cut is None else answer[: self.cut]

    def problem_at(self, door: Door) -> str | None:
        """What to use in place of a door that cannot play this, if it cannot."""
        if self.ending == "refused":
            return None if door == "transport()" else "transport(): this connection is there already"
        if (self.raw is not None or self.after is not None) and door != "serve_faulty()":
            return "serve_faulty()"
        if (self.ending is not None or self.drip > 0) and door == "serve()":
            return "serve_faulty() or transport()"
        return None


class CannotPlay(Exception):
    """A fault was met at a door that cannot play it."""

    def reply(self) -> Reply:
        return Reply(status_code=501, headers={"content-type": "text/plain"}, body=f"{self}\n".encode())


def on_the_wire(reply: Reply | None) -> tuple[bytes, bytes]:
    """The bytes of an answer, its head and its body; of none, none."""
    if reply is None:
        return b"", b""
    fields = "".join(f"{name}: {value}\r\n" for name, value in full_headers(reply).items())
    return f"HTTP/1.1 {_title(reply.status_code)}\r\n{fields}\r\n".encode("latin-1"), reply.body


def full_headers(reply: Reply) -> dict[str, str]:
    """An answer's headers, with the length of its body."""
    length = {} if reply.status_code in _BODILESS else {"content-length": str(len(reply.body))}
    return {**reply.headers, **length}


Act = Callable[[], object]


@attrs.frozen
class Plan:
    """What is planned for one request."""

    fault: Fault | None = None
    before: Sequence[Act] = ()
    after: Sequence[Act] = ()


_NOTHING = Plan()


class Network:
    """What lies between the doors and the service. Without plans it carries every request there and back."""

    def __init__(self, service: Service, now: Callable[[], float]) -> None:
        self._service = service
        self._now = now
        self._lock = threading.Lock()
        self._met = Counter[str | None]()
        self._faults: dict[tuple[str | None, int], Fault] = {}
        self._acts: dict[tuple[str | None, int, When], list[Act]] = {}
        self._outage: tuple[float, Fault] | None = None
        self._unplayed: list[str] = []
        self._here = threading.local()

    # --- planning ---

    def fault(self, fault: Fault, occurrence: int, times: int) -> None:
        _check_among((*OPERATIONS, CONNECT), fault.operation)
        with self._lock:
            first = self._met[fault.operation] + _counted("occurrence", occurrence)
            keys = [(fault.operation, first + i) for i in range(_counted("times", times))]
            if not self._faults.keys().isdisjoint(keys):
                raise ValueError(f"{fault.at(occurrence)}: a fault is planned there already")
            self._faults.update(dict.fromkeys(keys, fault))

    def act(self, operation: str, occurrence: int, what: Act, when: When) -> None:
        _check_among(OPERATIONS, operation)
        if when not in ("before", "after"):
            raise ValueError(f"when is 'before' or 'after': {when!r}")
        with self._lock:
            key = operation, self._met[operation] + _counted("occurrence", occurrence), when
            self._acts.setdefault(key, []).append(what)

    def outage(self, seconds: float, fault: Fault) -> None:
        if not 0 <= seconds <= _LONGEST:
            raise ValueError(f"an outage lasts a number of seconds up to 1e9: {seconds!r}")
        self._outage = (self._now() + seconds, fault)

    def unused(self) -> list[str]:
        """The plans that no request has met, as they would be made now."""
        with self._lock:
            faults = [fault.at(ordinal - self._met[name]) for (name, ordinal), fault in self._faults.items()]
            acts = [f"act({name!r}, {ordinal - self._met[name]}, when={when!r})" for name, ordinal, when in self._acts]
        return [*self._unplayed, *faults, *acts]

    def check_used(self) -> None:
        """Raise AssertionError when a plan was not used."""
        if unused := self.unused():
            more = f" and {len(unused) - 5} more" if len(unused) > 5 else ""
            raise AssertionError(
                f"the sandbox had plans that no request met: {'; '.join(unused[:5])}{more}. The code under test made"
                " fewer requests than they are for, or others (see sandbox.requests()): plan what it is to meet."
            )

    # --- carrying ---

    def plan(self, operation: str | None, door: Door) -> Plan:
        """What is planned for the request that has come. Raises CannotPlay for what the door cannot do."""
        # Mostly nothing is; and what somebody else asks for goes through.
        if not (self._faults or self._acts or self._outage) or self._acting:
            return _NOTHING
        with self._lock:
            self._met[operation] += 1
            key = operation, self._met[operation]
            plan = Plan(
                self._faults.pop(key, None), self._acts.pop((*key, "before"), ()), self._acts.pop((*key, "after"), ())
            )
        if plan.fault is None and operation != CONNECT and self._outage and self._now() < self._outage[0]:
            plan = attrs.evolve(plan, fault=self._outage[1])
        if plan.fault and (use := plan.fault.problem_at(door)):
            problem = f"{plan.fault}, which {door} cannot play: use {use}"
            with self._lock:
                self._unplayed.append(problem)
            raise CannotPlay(problem)
        return plan

    def carry(self, plan: Plan, request: Request) -> Reply | None:
        """Let a request have its effect, and return what is answered; None when nothing is."""
        if self._acting:
            request = attrs.evolve(request, origin="somebody else")
        if plan is _NOTHING:
            return self._service.handle(request)
        self._let(plan.before)
        effect = plan.fault.effect if plan.fault else "done"
        reply = self._service.handle(request) if effect in ("done", "twice") else None
        if plan.fault and effect == "late":
            self._service.keep(request, plan.fault.delay)
        elif plan.fault and effect == "twice":
            second = self._service.handle(attrs.evolve(request, origin="second copy"))
            reply = second if plan.fault.answer == "second" else reply
        self._let(plan.after)
        return plan.fault.reply(reply) if plan.fault else reply

    @property
    def _acting(self) -> bool:
        """Whether this thread plays somebody else at the moment."""
        return getattr(self._here, "acting", False)

    def _let(self, acts: Sequence[Act]) -> None:
        self._here.acting = True
        try:
            for act in acts:
                act()
        finally:
            self._here.acting = False


def _check_among(operations: Sequence[str], operation: str) -> None:
    if operation not in operations:
        raise ValueError(f"{operation!r} is none of {', '.join(operations)}")


def _counted(name: str, number: int) -> int:
    if number < 1:
        raise ValueError(f"{name} is counted from 1: {number!r}")
    return number
