"""Section `concurrency`: requests a second with many calls in flight, each contestant with its own default pool."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import product
from time import perf_counter

import attrs

from benchmark.contestants import AsyncHttpx, Awaiting, Socket, awaiting
from benchmark.course import Course
from benchmark.figures import Table, in_rounds

AT_ONCE = (1, 32, 128, 512)
ROUNDS = 5
LEAD, SECONDS = 0.5, 2.0
"""Of a sample: until connections are open and all are at it, and those that are measured. By the clock and not by the
number of requests: some clients need minutes for what others do in one second."""
ALONE = "the server alone, asked by 32 sockets"


def title(at_once: int) -> str:
    return f"get, plain http, {at_once} in flight"


@attrs.define
class Trouble:
    """What happened besides good answers, in all samples of a contestant."""

    errors: Counter[str] = attrs.field(factory=Counter[str])
    starved: int = 0
    """The most callers of a sample that got no answer in all of it."""

    def __str__(self) -> str:
        parts = [f"{number:,} {name}" for name, number in self.errors.items()]
        return ", ".join([*parts, *([f"{self.starved} callers without any answer"] if self.starved else [])])


async def rate(contestant: Awaiting, at_once: int, lead: float, seconds: float, trouble: Trouble) -> float:
    """Good answers a second, with so many callers that each ask again as soon as they are answered."""
    answers, errors = Counter[int](), Counter[str]()

    async def caller(number: int) -> None:
        while True:
            try:
                await contestant.get()
                answers[number] += 1
            except Exception as error:  # such as a pool's timeout: it is a part of how the contestant does
                errors[type(error).__name__] += 1
            # Without it, one that has just given back a connection takes it again before any that waits for one.
            await asyncio.sleep(0)

    callers = [asyncio.create_task(caller(number)) for number in range(at_once)]
    await asyncio.sleep(lead)
    answers.clear()
    errors.clear()
    began = perf_counter()
    await asyncio.sleep(seconds)
    found = answers.total() / (perf_counter() - began)
    trouble.errors += errors
    trouble.starved = max(trouble.starved, at_once - len(answers))
    for each in callers:
        each.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    return found


async def sample(kind: type[Awaiting], course: Course, at_once: int, trouble: Trouble) -> float:
    """The client is a new one each time, so that nobody's idle connections are the server's to keep."""
    contestant = kind(course.plain)
    try:
        return await rate(contestant, at_once, LEAD, SECONDS / 4 if course.quick else SECONDS, trouble)
    finally:
        await contestant.close()


def concurrency_section(course: Course) -> Iterator[Table]:
    alone: dict[str, Callable[[], float]] = {
        "plain http": lambda: server_alone(course.plain),
        "TLS": lambda: server_alone(course.tls),
    }
    yield Table("concurrency", ALONE, "requests/s", in_rounds(ALONE, alone, course.rounds(3)))

    troubles = {pair: Trouble() for pair in product(awaiting(), AT_ONCE)}

    def sampler(kind: type[Awaiting], at_once: int) -> Callable[[], float]:
        return lambda: asyncio.run(sample(kind, course, at_once, troubles[kind, at_once]))

    samplers = {f"{kind.name}, {at_once}": sampler(kind, at_once) for kind, at_once in troubles}
    # Each sample has a lead of its own: no round is thrown away.
    samples = in_rounds("many in flight", samplers, course.rounds(ROUNDS), warm_up=0)
    for at_once in AT_ONCE:
        rows = {kind.name: samples[f"{kind.name}, {at_once}"] for kind in awaiting()}
        said = {kind.name: str(troubles[kind, at_once]) for kind in awaiting()}
        note = "; ".join(f"{name}: {trouble}" for name, trouble in said.items() if trouble)
        yield Table("concurrency", title(at_once), "requests/s", rows, AsyncHttpx.name, note)


def server_alone(url: str, connections: int = 32, requests: int = 20_000) -> float:
    """Requests a second that the server answers when no client is in the way: it must not be what is measured."""
    with ExitStack() as stack:
        sockets = [Socket(url) for _ in range(connections)]
        for each in sockets:
            stack.callback(each.close)
            each.get()
        began = perf_counter()
        for _ in range(requests // connections):
            for each in sockets:
                each.ask()
            for each in sockets:
                each.read()
        return requests // connections * connections / (perf_counter() - began)
