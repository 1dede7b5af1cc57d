"""Section `concurrency`: requests a second with many calls in flight, each contestant with its own default pool."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import product
from time import perf_counter

from benchmark.contestants import AsyncHttpx, Awaiting, Socket, awaiting
from benchmark.course import Course
from benchmark.figures import Table, in_rounds

AT_ONCE = (1, 32, 128, 512)
ROUNDS = 5
REQUESTS = 1_000
"""In a sample, but four for each in flight at least: the end, when fewer are, must not weigh much."""
ALONE = "the server alone, asked by 32 sockets"


def title(at_once: int) -> str:
    return f"get, plain http, {at_once} in flight"


async def flight(contestant: Awaiting, at_once: int, requests: int) -> Counter[str]:
    """So many requests, so many of them at once, and what went wrong with how many."""
    left, failed = iter(range(requests)), Counter[str]()

    async def worker() -> None:
        for _ in left:
            try:
                await contestant.get()
            except Exception as error:  # such as a pool's timeout: it is a part of how the contestant does
                failed[type(error).__name__] += 1

    await asyncio.gather(*(worker() for _ in range(at_once)))
    return failed


async def rate(kind: type[Awaiting], url: str, at_once: int, failed: Counter[str]) -> float:
    """Good answers a second. The client is a new one, so that nobody's idle connections are the server's to keep."""
    contestant = kind(url)
    try:
        await flight(contestant, at_once, max(50, at_once))  # not timed: it opens the connections
        requests = max(REQUESTS, 4 * at_once)
        began = perf_counter()
        wrong = await flight(contestant, at_once, requests)
        seconds = perf_counter() - began
    finally:
        await contestant.close()
    failed.update(wrong)
    return (requests - wrong.total()) / seconds


def concurrency_section(course: Course) -> Iterator[Table]:
    alone: dict[str, Callable[[], float]] = {
        "plain http": lambda: server_alone(course.plain),
        "TLS": lambda: server_alone(course.tls),
    }
    yield Table("concurrency", ALONE, "requests/s", in_rounds(ALONE, alone, course.rounds(3)))

    failed = {pair: Counter[str]() for pair in product(awaiting(), AT_ONCE)}

    def sampler(kind: type[Awaiting], at_once: int) -> Callable[[], float]:
        return lambda: asyncio.run(rate(kind, course.plain, at_once, failed[kind, at_once]))

    samplers = {f"{kind.name}, {at_once}": sampler(kind, at_once) for kind, at_once in failed}
    samples = in_rounds("many in flight", samplers, course.rounds(ROUNDS))
    for at_once in AT_ONCE:
        rows = {kind.name: samples[f"{kind.name}, {at_once}"] for kind in awaiting()}
        errors = {kind.name: dict(failed[kind, at_once]) for kind in awaiting() if failed[kind, at_once]}
        note = "; ".join(f"{name} failed: {found}" for name, found in errors.items())
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
