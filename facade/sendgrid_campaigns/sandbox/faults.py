"""Planned faults between a client and the service: lost, late, doubled and made-up messages; and planned actions.

A fault has two independent parts: the effect of the request on the service, and the answer that the client sees.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from difflib import get_close_matches
from http import HTTPStatus
from operator import methodcaller
from typing import Any, Literal

import attrs

from sendgrid_campaigns.sandbox.service import OPERATIONS, Reply, Request, Service

Effect = Literal["none", "done", "late", "twice"]
Ending = Literal["refused", "reset", "closed", "silence"]
When = Literal["before", "after"]
FrontEnd = Literal["transport()", "serve()", "serve_faulty()"]

CONNECT = "connect"
"""The name for a new connection, in place of an operation: the fault comes before any byte is read."""

_LONGEST = 1e9
"""The largest delay, in seconds."""

__tracebackhide__: methodcaller = methodcaller("errisinstance", (AssertionError, ValueError, TypeError))
"""For pytest: the traceback of a failed check, or of a wrong use, ends in the test."""


def in_seconds(name: str, duration: float | timedelta) -> float:
    """Return a duration in seconds. Raises TypeError or ValueError for one that cannot be right."""
    seconds: Any = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise TypeError(f"{name} is a number of seconds, or a timedelta: {duration!r}")
    if not 0 <= seconds <= _LONGEST:
        raise ValueError(f"{name} is from 0 to 1e9 seconds: {duration!r}")
    return seconds


def _shown(value: object) -> str:
    return f"{value[:60]!r}..." if isinstance(value, bytes) and len(value) > 60 else repr(value)


@dataclass(frozen=True)
class Canned:
    """A made-up answer. The front end adds the Content-Length; an answer with a wrong length is a fault's `raw`.

    Raises TypeError or ValueError for a status code that is no integer from 200 to 599, a body that is not bytes, a
    header that gives the length, and a body after a status code that has none.
    """

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    def __post_init__(self) -> None:
        if not isinstance(self.status_code, int) or not isinstance(self.body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"status_code is an int and body is bytes: {self!r}")
        if not 200 <= self.status_code <= 599:
            raise ValueError(f"status_code is from 200 to 599: {self.status_code!r}")
        if {name.lower() for name in self.headers} & {"content-length", "transfer-encoding"}:
            raise ValueError("the sandbox adds the length of a Canned answer; for a wrong length, give raw= bytes")
        if self.body and self.status_code in _BODILESS:
            raise ValueError(f"an answer of {self.status_code} has no body; for one with a body, give raw= bytes")

    def __repr__(self) -> str:
        return f"Canned(status_code={self.status_code!r}, headers={self.headers!r}, body={_shown(self.body)})"


_BODILESS = (204, 304)


def _title(status_code: int) -> str:
    try:
        return f"{status_code} {HTTPStatus(status_code).phrase}"
    except ValueError:
        return f"{status_code} "


def _page(status_code: int) -> Canned:
    """Return an HTML page, as a proxy on the way answers."""
    page = f"<html><head><title>{_title(status_code)}</title></head><body></body></html>\n"
    return Canned(status_code, {"content-type": "text/html"}, b"" if status_code in _BODILESS else page.encode())


@dataclass(kw_only=True)
class Fault:
    """The effect of one request, and the answer that its client sees. `Sandbox.fault` explains the fields."""

    operation: str
    effect: Effect | None = None
    delay: float = 0.0
    answer: int | Canned | Literal["second"] | None = None
    ending: Ending | None = None
    cut: int | None = None
    drip: float = 0.0
    raw: bytes | None = None
    after: int | None = None

    def __post_init__(self) -> None:
        self._check_values()
        if self.operation == CONNECT and self.after is None:
            self.after = 0
        if self.ending is None and (self.cut is not None or self.raw is not None):
            self.ending = "closed"
        if self.effect is None:
            made_up = self._canned() is not None
            self.effect = "none" if made_up or self.after is not None or self.ending == "refused" else "done"
        if why := self._problem():
            raise ValueError(f"{self}: {why}")

    def _check_values(self) -> None:
        choices = {"effect": ("none", "done", "late", "twice"), "ending": ("refused", "reset", "closed", "silence")}
        for name, among in choices.items():
            if (value := getattr(self, name)) is not None:
                check_among(name, among, value)
        for name in ("cut", "after"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int) and value >= 0):
                raise ValueError(f"{name} is a number of bytes: {value!r}")
        if not isinstance(self.raw, bytes | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"raw is bytes: {self.raw!r}")

    def _problem(self) -> str | None:
        made_up, partial = self._canned() is not None, self.cut is not None or self.raw is not None
        lost = self.ending is not None and not partial
        if not made_up and self.answer not in (None, "second"):
            return "an answer is a status code, Canned, or 'second'"
        if (self.effect == "late") != (self.delay > 0):
            return "the effect late, and no other, has a delay"
        if self.answer == "second" and self.effect != "twice":
            return "only the effect twice has a second answer"
        if self.ending == "refused" and (self.effect != "none" or partial or self.after is not None):
            return "without a connection nothing is read, handled or answered"
        if lost and (self.answer is not None or self.drip > 0):
            return "a lost answer is not made up and does not drip; with cut= some of the answer arrives"
        if self.raw is not None and (self.answer is not None or self.cut is not None):
            return "raw bytes take the place of the whole answer: give neither answer= nor cut="
        if self.after is not None and (self.effect != "none" or not lost):
            return "a request that is not read whole has no effect and no answer: give an ending="
        if not (made_up or lost or self.raw is not None or self.effect in ("done", "twice")):
            return "the service answers only effects done and twice: give a made-up answer=, or an ending="
        return None

    def __str__(self) -> str:
        return self.at(1)

    def at(self, occurrence: int) -> str:
        """Return the call that plans this fault."""
        values = [(field, getattr(self, field.name)) for field in fields(Fault) if field.name != "operation"]
        words = "".join(f", {field.name}={_shown(value)}" for field, value in values if value != field.default)
        return f"fault({self.operation!r}, {occurrence}{words})"

    def reply(self, own: Reply | None) -> Reply | None:
        """Return the answer before any of its bytes are lost; `own` is the service's answer."""
        canned = self._canned()
        if canned is None:
            return own
        return Reply(status_code=canned.status_code, headers=canned.headers, body=canned.body)

    def _canned(self) -> Canned | None:
        if isinstance(self.answer, int):
            return _page(self.answer)
        return self.answer if isinstance(self.answer, Canned) else None

    def arriving(self, answer: bytes) -> bytes:
        """Return the bytes that reach the client, given the bytes of the whole answer."""
        if self.raw is not None:
            return self.raw
        return b"" if self.ending is not None and self.cut is None else answer[: self.cut]

    def alternative_to(self, front_end: FrontEnd) -> str | None:
        """Return the front end to use in place of one that cannot play this fault; None when `front_end` can."""
        if self.ending == "refused":
            return None if front_end == "transport()" else "transport(): a server has accepted the connection already"
        if (self.raw is not None or self.after is not None) and front_end != "serve_faulty()":
            return "serve_faulty()"
        if (self.cut is not None or self.drip > 0) and front_end == "serve()":
            return "serve_faulty() or transport()"
        return None


class CannotPlay(Exception):
    """A request met a fault that the request's front end cannot play."""

    def reply(self) -> Reply:
        return Reply(status_code=501, headers={"content-type": "text/plain"}, body=f"{self}\n".encode())


def on_the_wire(reply: Reply | None) -> tuple[bytes, bytes]:
    """Return the bytes of an answer, as head and body; two empty texts when there is no answer."""
    if reply is None:
        return b"", b""
    fields = "".join(f"{name}: {value}\r\n" for name, value in full_headers(reply).items())
    return f"HTTP/1.1 {_title(reply.status_code)}\r\n{fields}\r\n".encode("latin-1"), reply.body


def full_headers(reply: Reply) -> dict[str, str]:
    """Return an answer's headers, with the length of the body."""
    length = {} if reply.status_code in _BODILESS else {"content-length": str(len(reply.body))}
    return {**reply.headers, **length}


Act = Callable[[], object]


@attrs.frozen
class Plan:
    """The fault of one request, and the actions right before and after the service handles the request."""

    fault: Fault | None = None
    before: Sequence[Act] = ()
    after: Sequence[Act] = ()


_NOTHING = Plan()


@attrs.frozen
class Played:
    """A fault that a request has met."""

    at: float
    method: str
    path: str
    on_behalf_of: str | None
    effect: Effect | None
    ending: Ending | None
    status_code: int | None
    """Of the answer; None when there is none."""


class Network:
    """The network between the front ends and the service: carries requests and answers, and plays the plans."""

    def __init__(self, service: Service, now: Callable[[], float]) -> None:
        self._service = service
        self._now = now
        self._lock = threading.Lock()
        self._met = Counter[str | None]()
        self._faults: dict[tuple[str | None, int], Fault] = {}
        self._acts: dict[tuple[str | None, int, When], list[Act]] = {}
        self._outage: tuple[float, Fault] | None = None
        self._unplayed: list[str] = []
        self._thread = threading.local()
        self.played: deque[Played] = deque(maxlen=100)
        """The latest faults that requests have met."""

    # --- planning ---

    def fault(self, fault: Fault, occurrence: int, times: int) -> None:
        check_among("operation", (*OPERATIONS, CONNECT), fault.operation)
        with self._lock:
            first = self._met[fault.operation] + _counted("occurrence", occurrence)
            keys = [(fault.operation, first + i) for i in range(_counted("times", times))]
            if not self._faults.keys().isdisjoint(keys):
                raise ValueError(f"{fault.at(occurrence)}: that request has a planned fault already")
            self._faults.update(dict.fromkeys(keys, fault))

    def act(self, operation: str, occurrence: int, what: Act, when: When) -> None:
        check_among("operation", OPERATIONS, operation)
        check_among("when", ("before", "after"), when)
        with self._lock:
            key = operation, self._met[operation] + _counted("occurrence", occurrence), when
            self._acts.setdefault(key, []).append(what)

    def outage(self, seconds: float, fault: Fault) -> None:
        self._outage = (self._now() + seconds, fault)

    def forget(self) -> None:
        """Drop every plan, the outage, and what has been played."""
        with self._lock:
            self._faults.clear()
            self._acts.clear()
            self._unplayed.clear()
            self._outage = None
            self.played.clear()

    def unused(self) -> list[str]:
        """Return the plans that no request has met, as calls that would plan the same now."""
        with self._lock:
            faults = [fault.at(ordinal - self._met[name]) for (name, ordinal), fault in self._faults.items()]
            acts = [f"act({name!r}, {ordinal - self._met[name]}, when={when!r})" for name, ordinal, when in self._acts]
        return [*self._unplayed, *faults, *acts]

    def check_used(self) -> None:
        """Raise AssertionError when a plan is left that no request has met."""
        if unused := self.unused():
            more = f" and {len(unused) - 5} more" if len(unused) > 5 else ""
            raise AssertionError(
                f"the sandbox had plans that no request met: {'; '.join(unused[:5])}{more}. The code under test made"
                " fewer requests, or other requests (see sandbox.requests()): plan faults of those that it makes."
            )

    # --- carrying ---

    def plan(self, operation: str | None, front_end: FrontEnd) -> Plan:
        """Return the plan for an arrived request. Raises CannotPlay for a fault that the front end cannot play."""
        # Most requests have no plan; and requests of a planned action meet no plans.
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
        if plan.fault and (use := plan.fault.alternative_to(front_end)):
            problem = f"{plan.fault}, which {front_end} cannot play: use {use}"
            with self._lock:
                self._unplayed.append(problem)
            raise CannotPlay(problem)
        return plan

    def carry(self, plan: Plan, request: Request) -> Reply | None:
        """Carry a request to the service as planned, and return the answer; None when there is no answer."""
        if self._acting:
            request = attrs.evolve(request, origin="another client")
        if plan is _NOTHING:
            return self._service.handle(request)
        self.run(plan.before)
        effect = plan.fault.effect if plan.fault else "done"
        reply = self._service.handle(request) if effect in ("done", "twice") else None
        if plan.fault and effect == "late":
            self._service.keep(request, plan.fault.delay)
        elif plan.fault and effect == "twice":
            second = self._service.handle(attrs.evolve(request, origin="second copy"))
            reply = second if plan.fault.answer == "second" else reply
        self.run(plan.after)
        if plan.fault is None:
            return reply
        reply = plan.fault.reply(reply)
        self.played.append(
            Played(
                at=self._now(),
                method=request.method,
                path=request.path,
                on_behalf_of=request.headers.get("on-behalf-of"),
                effect=plan.fault.effect,
                ending=plan.fault.ending,
                status_code=reply.status_code if reply and plan.fault.arriving(b"whole") else None,
            )
        )
        return reply

    @property
    def _acting(self) -> bool:
        """Whether this thread runs a planned action now."""
        return getattr(self._thread, "acting", False)

    def run(self, acts: Sequence[Act]) -> None:
        """Run actions: their requests are another client's, and meet no plans."""
        self._thread.acting = True
        try:
            for act in acts:
                act()
        finally:
            self._thread.acting = False


def check_among(name: str, choices: Sequence[str], value: object, why: str = "") -> None:
    """Raise ValueError unless a value is one of the choices."""
    if value not in choices:
        near = get_close_matches(str(value), choices, n=1)
        meant = f". Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name} {value!r} is none of {', '.join(choices)}{why}{meant}")


def _counted(name: str, number: Any) -> int:
    if not isinstance(number, int) or number < 1:
        raise ValueError(f"{name} counts from 1: {number!r}")
    return number
