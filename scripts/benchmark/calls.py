"""Sections `sync`, `async` and `concurrency`: the time of one call after the other, and the rate of many at once."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from time import perf_counter
from typing import Any

from benchmark.contestants import ASYNC, SYNC, Calls, checked
from benchmark.course import FAR, PLAIN, TLS, Course
from benchmark.figures import Table, in_rounds

ROUNDS, CALLS, WARM_UP = 150, 20, 5
"""A sample is the mean of CALLS calls."""
FAR_ROUNDS, FAR_CALLS = 15, 2

IN_FLIGHT, RATE_ROUNDS = (1, 32, 128, 512), 5
LEAD, SECONDS = 0.5, 2.0
"""A rate is timed, not counted: some clients take minutes for the calls of a second. The lead opens connections."""


def sync_sample(name: str, operation: str, call: Callable[[], Any], calls: int) -> float:
    checked(name, operation, call())  # not timed: a connection may have been idle for too long
    began = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - began) / calls


async def async_sample(name: str, operation: str, call: Callable[[], Any], calls: int) -> float:
    checked(name, operation, await call())
    began = perf_counter()
    for _ in range(calls):
        await call()
    return (perf_counter() - began) / calls


def tables(course: Course, style: str, where: str, opened: Mapping[str, Calls], sample: Any) -> Iterator[Table]:
    rounds, calls, warm_up = (FAR_ROUNDS, FAR_CALLS, 1) if where == FAR else (ROUNDS, CALLS, WARM_UP)
    for operation in ("get", "send"):
        samplers = {
            name: partial(sample, name, operation, client[operation], calls)
            for name, client in opened.items()
            if operation in client
        }
        samples = in_rounds(samplers, course.rounds(rounds), course.rounds(warm_up))
        yield Table(f"{operation}, {style}, {where}", "ms" if where == FAR else "µs", samples, "httpx")


def sync_section(course: Course) -> Iterator[Table]:
    for where in [where for where in (PLAIN, TLS, FAR) if where in course.urls]:
        with ExitStack() as stack:
            url = course.urls[where]
            opened = {name: calls(stack.enter_context(client(url)), url) for name, (client, calls) in SYNC.items()}
            yield from tables(course, "sync", where, opened, sync_sample)


async def entered(stack: AsyncExitStack, name: str, url: str) -> Calls:
    client, calls = ASYNC[name]
    return calls(await stack.enter_async_context(client(url)), url)


def async_section(course: Course) -> Iterator[Table]:
    for where in [where for where in (PLAIN, TLS) if where in course.urls]:
        with asyncio.Runner() as runner:
            stack = AsyncExitStack()
            opened = {name: runner.run(entered(stack, name, course.urls[where])) for name in ASYNC}
            yield from tables(course, "async", where, opened, lambda *given: runner.run(async_sample(*given)))
            runner.run(stack.aclose())


async def rate(name: str, url: str, in_flight: int, seconds: float, trouble: Counter[str]) -> float:
    """Return good answers a second. Adds to `trouble` every error, and callers that got no answer at all."""
    answers, errors = Counter[int](), Counter[str]()
    async with AsyncExitStack() as stack:
        calls = await entered(stack, name, url)

        async def caller(number: int) -> None:
            while True:
                try:
                    await calls["get"]()
                    answers[number] += 1
                except Exception as error:  # such as the pool's timeout, which belongs to the result
                    errors[type(error).__name__] += 1
                # Otherwise a caller takes back its own connection before the callers that wait for one.
                await asyncio.sleep(0)

        callers = [asyncio.create_task(caller(number)) for number in range(in_flight)]
        await asyncio.sleep(LEAD)
        answers.clear()
        errors.clear()
        began = perf_counter()
        await asyncio.sleep(seconds)
        found = answers.total() / (perf_counter() - began)
        trouble += errors + Counter({"callers without an answer": in_flight - len(answers)})
        for each in callers:
            each.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
    return found


def rates(course: Course, names: Mapping[str, str], in_flight: int, title: str) -> Table:
    """Measure clients by name, each at its URL. Every sample has a lead of its own: no round is needed to warm up."""
    troubles = {name: Counter[str]() for name in names}
    seconds = SECONDS / 4 if course.quick else SECONDS

    def sample(name: str) -> float:
        return asyncio.run(rate(name, names[name], in_flight, seconds, troubles[name]))

    samples = in_rounds({name: partial(sample, name) for name in names}, course.rounds(RATE_ROUNDS), warm_up=0)
    notes = [f"{name}: {dict(trouble)}" for name, trouble in troubles.items() if trouble]
    return Table(title, "requests/s", samples, "httpx" if "httpx" in names else None, notes)


def concurrency_section(course: Course) -> Iterator[Table]:
    for in_flight in IN_FLIGHT:
        title = f"get, plain http, {in_flight} in flight"
        yield rates(course, dict.fromkeys(ASYNC, course.urls[PLAIN]), in_flight, title)
